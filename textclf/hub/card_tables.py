"""The tables and sentences of a model card: figures of `evaluation.json`, rounded, with their intervals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..evaluation.comparison import outcome
from ..evaluation.data_words import said_of_data
from ..evaluation.names import METRIC_NAMES, Words, aim_name, baseline_name, metric_name, split_word

Figures = Mapping[str, Any]  # Any: parsed JSON; ARCHITECTURE.md says what is in it
# With one label these equal the accuracy, or say what the macro average says.
_ONLY_SEVERAL = {"f1_micro", "precision_micro", "recall_micro", "f1_samples"}
# Directions of writing, as they were used to hide what a name says (https://trojansource.codes).
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MANY_LABELS = 30  # beyond, a card shows those with most texts and folds the others
LARGEST_MATRIX = 12  # labels; wider tables do not fit on a page
_MOST_CONFUSIONS = 10
_FEW_TEXTS = 10  # of a label in test: below this one text moves recall by a tenth and more


def number(value: float | None) -> str:
    """Return four decimals, a count as it is, or a dash for a figure that is undefined."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{round(value, 4) + 0.0:.4f}"  # + 0.0: no minus before a zero


def with_interval(figure: Figures | None) -> str:
    """Return `0.8000 [0.7500, 0.8500]`."""
    if not figure:
        return "–"
    return number(figure["value"]) + interval_of(figure)


def interval_of(figure: Figures) -> str:
    """Return ` [0.7500, 0.8500]` with spaces at which no line breaks, or nothing where there is no interval."""
    if figure.get("low") is None or figure.get("high") is None:
        return ""
    return f"\u00a0[{number(figure['low'])},\u00a0{number(figure['high'])}]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, the first column to the left, the others to the right; names come escaped."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def escaped(name: str) -> str:
    """Return a name so that Markdown shows it as it is, in a table cell or a line: `<5 years`, `a|b`, `*`, `# x`.

    Characters that cannot be seen, or turn the direction of what follows, are shown as U+FFFD.
    """
    shown = "".join("\ufffd" if _is_hidden(character) else character for character in _one_line(name))
    shown = re.sub(r"([\\`*\[\]<|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;))", r"\\\1", shown)
    return re.sub(r"^(\d{1,9})(?=[.)](?:\s|$))|^(?=(?:[-+]|#{1,6}|=+|-+)(?:\s|$)|>)", r"\1\\", shown)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _TURNING


def code(name: str) -> str:
    """Return a name as code, in more backticks than stand in it."""
    fence = "`" * (1 + max(map(len, re.findall("`+", name)), default=0))
    space = " " if "`" in name else ""
    return f"{fence}{space}{_one_line(name)}{space}{fence}"


def _one_line(name: str) -> str:
    return " ".join(name.split())


def results(evaluation: Figures, say: Words) -> str:
    """Return the model's figures with intervals, each baseline's on the same rows beside them."""
    baselines = evaluation.get("baselines") or {}
    names = _shown(evaluation["metrics"], evaluation)
    head = [say["metric"], say["this_model"], *(baseline_name(name, say) for name in baselines)]
    rows = [
        [
            metric_name(name, say),
            with_interval(evaluation["metrics"][name]),
            *(number((b["metrics"].get(name) or {}).get("value")) for b in baselines.values()),
        ]
        for name in names
    ]
    return table(head, rows)


def long_text_table(evaluation: Figures, say: Words) -> str:
    """Return the figures that were measured with windows, the same ones as without."""
    metrics = evaluation["long_text"]["metrics"]
    rows = [[metric_name(name, say), with_interval(metrics[name])] for name in _shown(metrics, evaluation)]
    return table([say["metric"], say["this_model"]], rows)


def _shown(metrics: Figures, evaluation: Figures) -> list[str]:
    several = evaluation["task"] == "multi_label_classification"
    return [name for name in METRIC_NAMES if name in metrics and (several or name not in _ONLY_SEVERAL)]


def against(evaluation: Figures, say: Words) -> str:
    """Return whether the model beats the best baseline, in plain words."""
    found = evaluation.get("against_baseline")
    if not found:
        return ""
    p_value = ("≤ " if found["p_at_most"] else "= ") + number(found["p_value"])
    said = say[outcome(found)].format(
        name=baseline_name(found["name"], say),
        metric=metric_name(found["metric"], say),
        difference=number(found["difference"]),
        interval=f"{interval_of(found)} ({say['p_value'].format(p=p_value)})",
    )
    better = found.get("better_on_test")
    if not better:
        return said
    names = {"best": baseline_name(found["name"], say), "name": baseline_name(better["name"], say)}
    figures = {"value": number(better["value"]), "best_value": number(better["best_value"])}
    return f"{said} {say['better_on_test'].format(**names, **figures)}"


def per_label(evaluation: Figures, say: Words) -> str:
    """Return precision, recall, F1 and the number of texts of each label, with its threshold where it has one.

    Of more than `MANY_LABELS` labels those with most texts come first, and the others are folded.
    """
    rows = evaluation["per_label"].items()
    cuts = any(row.get("threshold") is not None for _, row in rows)
    head = [say["label"], say["precision"], say["recall"], "F1", say["support"], *([say["threshold"]] if cuts else [])]
    many = len(rows) > MANY_LABELS
    written = [
        [
            escaped(name),
            *(with_interval(row.get(metric)) for metric in ("precision", "recall", "f1")),
            str(row["support"]),
            *([number(row.get("threshold"))] if cuts else []),
        ]
        for name, row in (sorted(rows, key=lambda item: -item[1]["support"]) if many else rows)
    ]
    if not many:
        return table(head, written)
    folded = f"<details><summary>{say['more_labels'].format(n=len(written) - MANY_LABELS)}</summary>"
    return "\n\n".join([table(head, written[:MANY_LABELS]), folded, table(head, written[MANY_LABELS:]), "</details>"])


def confusion(evaluation: Figures, say: Words) -> str:
    """Return the confusion matrix, of a large one the most frequent confusions, nothing with several labels."""
    matrix, labels = evaluation.get("confusion_matrix"), list(map(escaped, evaluation["labels"]))
    if not matrix:
        return ""
    if len(labels) <= LARGEST_MATRIX:
        rows = [[gold, *map(str, counts)] for gold, counts in zip(labels, matrix, strict=True)]
        return f"{say['confusion_axes']}\n\n{table([' ', *labels], rows)}"
    pairs = [
        (count, labels[i], labels[j])
        for i, counts in enumerate(matrix)
        for j, count in enumerate(counts)
        if i != j and count
    ]
    pairs.sort(key=lambda pair: -pair[0])
    lines = [
        "- " + say["confused_as"].format(gold=gold, predicted=predicted, count=count)
        for count, gold, predicted in pairs[:_MOST_CONFUSIONS]
    ]
    return "\n".join([say["confusion_large"], "", *lines])


def calibration(evaluation: Figures, say: Words) -> str:
    """Return how the scores were calibrated and what that did."""
    found = evaluation.get("calibration")
    if not found:
        return say["not_calibrated"]
    said = say["calibrated"].format(
        method=say.get(f"method_{found['method']}", found["method"]),
        fitted_on=split_word(found["fitted_on"], say),
        n=found["n"],
        before=number(found.get("ece_before")),
        after=number(found.get("ece_after")),
    )
    test = found.get("test")
    if not test:
        return said
    figures = {key: number(test[f"ece_{key}"]) for key in ("before", "after", "if_calibrated")}
    return f"{said} {say['calibrated_on_test'].format(n=test['n'], **figures)}"


def intervals(evaluation: Figures, say: Words) -> str:
    """Return by which methods the intervals were made, and which figures have none for what reason."""
    missing: dict[str, list[str]] = {}
    for name in _shown(evaluation["metrics"], evaluation):
        if why := evaluation["metrics"][name].get("no_interval"):
            missing.setdefault(said_of_data(why, say), []).append(metric_name(name, say))
    lines = [say["intervals"], *(say["no_interval"].format(names=", ".join(n), why=w) for w, n in missing.items())]
    return " ".join([*lines, *(said_of_data(note, say) for note in evaluation.get("notes", []))])


def aim(evaluation: Figures, say: Words) -> str:
    """Return what share the cuts aimed at and how many labels are there on test, or nothing."""
    thresholds = evaluation.get("thresholds") or {}
    reached = thresholds.get("on_test")
    if not reached:
        return ""
    below = ", ".join(map(escaped, reached["below_aim"])) or "–"
    there = reached["measured"] - len(reached["below_aim"])
    return say["aim_on_test"].format(
        aim=aim_name(thresholds["aim"], say), n=there, of=reached["measured"], below=below
    )


def rare_labels(evaluation: Figures) -> list[str]:
    """Return the labels that too few test texts carry for their figures to mean much."""
    return [escaped(name) for name, row in evaluation["per_label"].items() if row["support"] < _FEW_TEXTS]
