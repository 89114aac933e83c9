"""What a run is worth in a few lines, the worst first: each passes, warns or fails, and says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..comparison import outcome
from ..control import clusters_said
from ..names import Words, baseline_name, differences, metric_name

FEW_TEXTS = 200  # of test: below this the interval of an accuracy is wider than ten points
FEW_OF_A_LABEL = 10
COLLAPSED = 0.8  # share of the decisions that one label gets, where gold has less than half of that
NAMED = 5  # labels that a line lists
ORDER = {"fail": 0, "caution": 1, "pass": 2}


class Line(NamedTuple):
    """One line of the summary."""

    came_to: str  # pass, caution or fail
    says: str


def summary(evaluation: Mapping[str, Any], audit: Mapping[str, Any], say: Words) -> list[Line]:
    """Return the lines, failures first; `evaluation` and `audit` are what the run's files hold, `say` the words."""
    broken = collapsed(evaluation)
    lines = (
        [Line("fail", say["sum_collapsed"].format(label=broken, share=_share_of(evaluation, broken)))]
        if broken
        else []
    )
    if broken == "":
        lines = [Line("fail", say["sum_gives_nothing"])]
    lines += _beside_baseline(evaluation, say)
    lines += _beside_control(evaluation, say)
    if broken is None:
        lines += _calibration(evaluation, say) if not loses(evaluation) else []
        lines += _never_given(evaluation, say)
        lines += _promises(evaluation, say)
    lines += _data(evaluation, audit, say)
    return sorted(lines, key=lambda line: ORDER[line.came_to])


def loses(evaluation: Mapping[str, Any]) -> bool:
    """Return whether a baseline is better: then nothing that the model's scores say of texts is worth reading."""
    found = evaluation.get("against_baseline")
    return outcome(found) == "loses" if found else False


def cannot_read(audit: Mapping[str, Any]) -> bool:
    """Return whether the encoder was made for other languages than the texts'."""
    foreign = (audit.get("findings") or {}).get("made_for_other_languages") or {}
    return bool(foreign.get("count") or foreign.get("says"))


def worthless(evaluation: Mapping[str, Any]) -> bool:
    """Return whether what the model is sure of says nothing about the texts: it has collapsed, or a baseline wins."""
    return collapsed(evaluation) is not None or loses(evaluation)


def _share_of(evaluation: Mapping[str, Any], label: str) -> str:
    given = np.asarray(evaluation["confusion_matrix"]).sum(axis=0)
    return f"{100 * given[evaluation['labels'].index(label)] / given.sum():.0f}"


def collapsed(evaluation: Mapping[str, Any]) -> str | None:
    """Return the label that every text gets, "" where no text gets any label, None for a model that decides."""
    if len(evaluation["labels"]) < 2:
        return None
    if evaluation["confusion_matrix"] is not None:
        given = np.asarray(evaluation["confusion_matrix"]).sum(axis=0)
        most = int(given.argmax())
        gold = np.asarray(evaluation["confusion_matrix"]).sum(axis=1)
        alone = given[most] >= COLLAPSED * given.sum() and 2 * gold[most] <= given[most]
        alone = alone or (given[most] == given.sum() and gold[most] < gold.sum())
        return str(evaluation["labels"][most]) if alone else None
    return "" if len(labels_never_given(evaluation)) == len(evaluation["labels"]) else None


def labels_never_given(evaluation: Mapping[str, Any]) -> list[str]:
    """Return the labels that test texts carry and that no text was given."""
    if evaluation["confusion_matrix"] is not None:
        matrix = np.asarray(evaluation["confusion_matrix"])
        missing = (matrix.sum(axis=0) == 0) & (matrix.sum(axis=1) > 0)
        return [name for name, never in zip(evaluation["labels"], missing, strict=True) if never]
    rows = evaluation["per_label"].items()
    return [name for name, row in rows if row["support"] and (row["precision"] or {}).get("no_interval")]


def _beside_baseline(evaluation: Mapping[str, Any], say: Words) -> list[Line]:
    found = evaluation.get("against_baseline")
    if not found:
        return [Line("caution", say["sum_no_baseline"])]
    kind = outcome(found)
    words = {"name": baseline_name(found["name"], say), "metric": metric_name(found["metric"], say)}
    by = f"{found['difference']:+.3f}"
    if found["low"] is not None:
        by += f" [{found['low']:+.3f}, {found['high']:+.3f}]"
    came_to = {"wins": "pass", "unclear": "caution", "loses": "fail"}[kind]
    return [Line(came_to, say[f"sum_{kind}"].format(by=by, **words))]


def _beside_control(evaluation: Mapping[str, Any], say: Words) -> list[Line]:
    compared = (evaluation.get("clusters") or {}).get("compared")
    helped = compared is not None and outcome(compared) == "wins"
    said = clusters_said(evaluation, say)
    return [Line("pass" if helped else "caution", " ".join(said))] if said else []


def _calibration(evaluation: Mapping[str, Any], say: Words) -> list[Line]:
    error = evaluation["metrics"].get("ece")
    if not error:
        return []
    least = error.get("if_calibrated") or 0.0
    fine = error["value"] <= max(0.05, 2 * least)
    figures = {"value": f"{error['value']:.3f}", "least": f"{least:.3f}"}
    return [
        Line("pass" if fine else "caution", say["sum_calibrated" if fine else "sum_uncalibrated"].format(**figures))
    ]


def _never_given(evaluation: Mapping[str, Any], say: Words) -> list[Line]:
    never = labels_never_given(evaluation)
    return [Line("caution", say["sum_never"].format(n=len(never), labels=named(never, say)))] if never else []


def named(names: Sequence[str], say: Words) -> str:
    """Return the first names of a list, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    return say["and_more"].format(names=shown, n=len(names) - NAMED) if len(names) > NAMED else shown


def _promises(evaluation: Mapping[str, Any], say: Words) -> list[Line]:
    """Return what became on test of what the model promises."""
    promises, lines = evaluation.get("promises") or {}, []
    abstain, sets = promises.get("abstain"), promises.get("label_sets")
    if abstain and not abstain["stored"]:
        lines.append(Line("caution", say["sum_abstain_none"].format(risk=f"{100 * abstain['risk']:g}")))
    elif abstain and abstain["test"]["answered"]["count"]:
        wrong, held = abstain["test"]["wrong"], abstain["test"]["held"]
        came_to = "pass" if held else "fail" if wrong["low"] > abstain["risk"] else "caution"
        figures = {
            "wrong": f"{wrong['count']:,}",
            "answered": f"{wrong['of']:,}",
            "share": f"{100 * wrong['value']:.1f}",
        }
        broken = abstain["test"].get("broken") or []  # of several labels each has a promise of its own
        said = say["sum_abstain_held" if held else "sum_abstain_broken_for" if broken else "sum_abstain_broken"]
        figures["labels"] = named(broken, say)
        lines.append(Line(came_to, said.format(risk=f"{100 * abstain['risk']:g}", **figures)))
    if sets:
        reached = sets["test"]["coverage"]
        below = reached["high"] is not None and reached["high"] < sets["coverage"]
        figures = {"coverage": f"{100 * sets['coverage']:g}", "reached": f"{100 * reached['value']:.1f}"}
        lines.append(Line("caution" if below else "pass", say["sum_sets"].format(**figures)))
    return lines


def _data(evaluation: Mapping[str, Any], audit: Mapping[str, Any], say: Words) -> list[Line]:
    """Return what the data lets one trust: how many texts, leaks, scorings, a language that the model knows."""
    n, times = evaluation["n"], evaluation.get("test_scored", 1)
    lines = [
        Line(
            "pass" if n >= FEW_TEXTS else "caution",
            say["sum_texts" if n >= FEW_TEXTS else "sum_few"].format(n=f"{n:,}"),
        )
    ]
    rare = [name for name, row in evaluation["per_label"].items() if row["support"] < FEW_OF_A_LABEL]
    if rare:
        lines.append(Line("caution", say["sum_rare"].format(n=len(rare), labels=named(rare, say))))
    once = times == 1
    lines.append(Line("pass" if once else "caution", say["sum_once" if once else "sum_times"].format(times=times)))
    found = {name: entry.get("count") or 0 for name, entry in (audit.get("findings") or {}).items()}
    if found:
        leaks = found.get("exact_leaks", 0) + found.get("near_leaks", 0)
        left = sum((audit.get("removed_from_train") or {}).values())
        if leaks > left or found.get("validation_in_test"):
            counts = {"n": leaks - left if leaks > left else 0, "both": found.get("validation_in_test", 0)}
            lines.append(Line("caution", say["sum_leaks"].format(**counts)))
        else:
            lines.append(Line("pass", say["sum_leaks_out" if left else "sum_no_leaks"].format(n=left)))
    if differ := differences(evaluation.get("split_drift"), say):
        lines.append(Line("caution", say["sum_drift"].format(parts=differ)))
    if cannot_read(audit):
        lines.append(Line("fail", say["sum_foreign"]))
    return lines
