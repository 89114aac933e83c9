"""What a run promised and what became of it on test, in sentences for evaluation.html."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..names import Words, baseline_name
from .summary import named


def promise_sentences(evaluation: Mapping[str, Any], say: Words) -> list[str]:
    """Return a sentence each, in the page's language; none where nothing was asked for."""
    found = evaluation.get("promises")
    if not found:
        return []
    sentences = [say["promises_about"].format(n=f"{found['n']:,}")]
    if abstain := found.get("abstain"):
        sentences += _abstention(abstain, say)
    if sets := found.get("label_sets"):
        sentences += _label_sets(sets, evaluation, say)
    return sentences


def _abstention(abstain: Mapping[str, Any], say: Words) -> list[str]:
    percents = {"risk": _percent(abstain["risk"]), "confidence": _percent(abstain["confidence"])}
    if not abstain["stored"]:
        return [say["abstain_none"].format(n=f"{abstain['n']:,}", **percents)]
    test = abstain["test"]
    promised = test.get("promised")
    counts = {key: f"{n:,}" for key, n in zip(("answered", "of"), _counted(test["answered"]), strict=True)}
    told = say["abstain" if promised is None else "abstain_several"].format(
        labels=named(promised or [], say), wrong=f"{test['wrong']['count']:,}", **counts, **percents
    )
    sentences = [f"{told} {_verdict(test, say)}"]
    if without := abstain.get("without_promise"):
        sentences.append(say["without_promise"].format(n=f"{len(without):,}"))
    if resplits := abstain.get("resplits"):
        sentences.append(say["resplits"].format(**{key: f"{n:,}" for key, n in resplits.items()}))
    areas = {name: area for name, area in test["aurc_of_baselines"].items() if area is not None}
    if test["aurc"] is not None and areas:
        beside = ", ".join(f"{baseline_name(name, say)} {area:.3f}" for name, area in areas.items())
        sentences.append(say["aurc"].format(value=f"{test['aurc']:.3f}", baselines=beside))
    return sentences


def _verdict(test: Mapping[str, Any], say: Words) -> str:
    if test["held"]:
        return say["promise_held"]
    return (
        say["promise_broken_for"].format(labels=named(test["broken"], say))
        if test.get("broken")
        else say["promise_broken"]
    )


def _label_sets(sets: Mapping[str, Any], evaluation: Mapping[str, Any], say: Words) -> list[str]:
    test, several = sets["test"], evaluation["task"] == "multi_label_classification"
    told = say["sets_several" if several else "sets"].format(
        coverage=_percent(sets["coverage"]),
        reached=f"{100 * test['coverage']['value']:.1f}",
        size=f"{test['mean_size']:.2f}",
    )
    worst = test["worst_label"]
    if worst is None:
        return [told]
    count, of = _counted(test["by_label"][worst])
    return [f"{told} {say['sets_worst'].format(label=worst, count=f'{count:,}', of=f'{of:,}')}"]


def _counted(share: Mapping[str, Any]) -> tuple[int, int]:
    return share["count"], share["of"]


def _percent(share: float) -> str:
    return f"{100 * share:g}"
