"""The card's section on what the model promises: when it does not answer, label sets, and where that holds."""

from __future__ import annotations

from collections.abc import Sequence

from ..evaluation.names import Words, differences
from ..evaluation.promises import percent
from .card_tables import Figures, code, with_interval


def promises(evaluation: Figures, say: Words) -> str:
    """Return the section's sentences and snippets in Markdown; empty where nothing was asked for."""
    found = evaluation.get("promises") or {}
    parts = []
    if "abstain" in found:
        parts += _abstention(found["abstain"], say)
    if "label_sets" in found:
        parts += _label_sets(found["label_sets"], evaluation, say)
    if not parts:
        return ""
    differ = differences(evaluation.get("split_drift"), say)
    unlike = [say["promise_unlike"].format(parts=differ)] if differ else []
    return "\n\n".join([*parts, say["promise_holds_for"], *unlike])


def _abstention(abstain: Figures, say: Words) -> list[str]:
    test = abstain["test"]
    promised = test.get("promised")  # with several labels
    if not abstain["stored"]:
        return [say["abstain_none"].format(n=abstain["n"], risk=percent(abstain["risk"]))]
    lines = [
        say["abstain" if promised is None else "abstain_several"].format(
            risk=percent(abstain["risk"]),
            confidence=percent(abstain["confidence"]),
            n=abstain["n"],
            labels=_names(promised or []),
        ),
        say["abstain_test"].format(
            answered=_share(test["answered"]), wrong=_share(test["wrong"]), aurc=f"{test['aurc']:.4f}"
        ),
    ]
    if test["answered"]["count"] and not test["held"]:
        broken = _names(test.get("broken") or [])
        lines.append(say["promise_broken_for"].format(labels=broken) if broken else say["promise_broken"])
    lines += _beside(test, abstain.get("resplits"), say)
    if abstain.get("without_promise"):
        lines.append(say["abstain_without"].format(labels=_names(abstain["without_promise"])))
    return [*lines, _snippet(_ANSWER if promised is None else _ANSWERS)]


def _names(labels: Sequence[str]) -> str:
    return ", ".join(map(code, labels))


def _beside(test: Figures, resplits: Figures | None, say: Words) -> list[str]:
    """Return the baselines' area beside the model's, and how often the promise would have failed."""
    areas = {name: area for name, area in test["aurc_of_baselines"].items() if area is not None}
    lines = []
    if areas:
        named = ", ".join(f"{say.get(f'baseline_{name}', name)} {area:.4f}" for name, area in areas.items())
        lines.append(say["abstain_baselines"].format(baselines=named))
    if resplits:
        lines.append(say["abstain_resplits"].format(**resplits))
    return lines


def _label_sets(sets: Figures, evaluation: Figures, say: Words) -> list[str]:
    test, several = sets["test"], evaluation["task"] == "multi_label_classification"
    kept = "sets_several" if several else "sets"
    lines = [
        say[kept].format(coverage=percent(sets["coverage"]), n=sets["n"]),
        say["sets_test"].format(
            coverage=with_interval(test["coverage"]), size=f"{test['mean_size']:.2f}", labels=len(evaluation["labels"])
        ),
    ]
    worst = test["worst_label"]
    if worst is not None:
        lines.append(say["sets_worst"].format(label=code(worst), coverage=_share(test["by_label"][worst])))
    cut = 'cuts[row["label"]]' if "cuts" in sets else "cuts"
    key = "cuts" if "cuts" in sets else "cut"
    return [*lines, _snippet(_SET.format(cut=cut, key=key))]


_ANSWER = """best = max(scores, key=lambda row: row["score"])
sure = best["score"] >= classify.model.config.abstain["score_below"]
answer = best["label"] if sure else "not sure\""""
_ANSWERS = """cuts = classify.model.config.abstain["score_below"]
given = [row for row in scores if row["score"] >= classify.model.config.thresholds[row["label"]]]
sure = [row["label"] for row in given if row["score"] >= cuts.get(row["label"], 0)]"""
_SET = """cuts = classify.model.config.label_sets["{key}"]
label_set = [row["label"] for row in scores if row["score"] >= {cut}]"""


def _snippet(code: str) -> str:
    return f"```python\n{code}\n```"


def _share(found: Figures) -> str:
    """Return `12 of 240, 0.0500 [0.0261, 0.0857]`."""
    return f"{found['count']:,}\u00a0/\u00a0{found['of']:,}\u00a0=\u00a0{with_interval(found)}" if found["of"] else "–"
