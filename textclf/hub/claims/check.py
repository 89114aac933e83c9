"""Checks claims one by one: finds the rows, measures, judges, and names what explains a difference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...data.reading.split_names import split_name
from ...evaluation.report import Figure
from ...models.limits import has_limit, positions
from .claim import Claim, possible
from .diagnosis import Case, Reason, explanations, token_counts
from .figures import FAILS, HOLDS, NOISE, UNCHECKED, PossibleFigure, best_meaning, meanings
from .rows import Bench, ScoredSplit, UnmeasurableError

TASKS = {"text-classification", "sentiment-analysis", "zero-shot-classification", "natural-language-inference"}
ORDER = {HOLDS: 0, NOISE: 1, UNCHECKED: 2, FAILS: 3}


@dataclass(frozen=True)
class Checked:
    """A claim with what came of it.

    Attributes:
        claim: what the card says.
        verdict: holds, within noise, does not hold, cannot be checked.
        why: the reason, where it cannot be checked or something had to be assumed.
        figure: what was measured, {value, low, high}, and what that figure is called.
        split: the split that it was measured on.
        n: labelled texts of it.
        findings: what was found out about the claim, its rows or its metric.
    """

    claim: Claim
    verdict: str
    why: list[str] = field(default_factory=list)
    figure: Figure | None = None
    measured_as: str | None = None
    split: str | None = None
    n: int | None = None
    findings: list[Reason] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return what claims.json holds."""
        measured = None
        if self.figure is not None:
            measured = {"figure": self.measured_as, **self.figure, "split": self.split, "n": self.n}
        return {
            "claimed": self.claim.to_dict(),
            "measured": measured,
            "verdict": self.verdict,
            "why": self.why,
            "findings": [finding._asdict() for finding in self.findings],
        }


def check_claim(claim: Claim, bench: Bench) -> Checked:
    """Measure one claim; whatever stands in the way becomes its reason."""
    if claim.task and claim.task not in TASKS:
        return _unchecked(claim, "other_task", f"The card says that it is of the task {claim.task}.")
    if claim.foreign:
        return _unchecked(claim, "metric_not_of_task", f"A classifier's answers have no {claim.metric}.")
    if claim.named is None:
        return _unchecked(claim, "metric_unknown", f"What {claim.metric} means for a classifier is not known here.")
    if not possible(claim):
        checked = replace(_on_named_split(claim, bench), verdict=FAILS)
        said = f"{claim.written} is no value that {claim.metric} can have."
        return replace(checked, findings=[Reason("impossible_value", said), *checked.findings])
    return _on_named_split(claim, bench)


def _unchecked(claim: Claim, kind: str, why: str) -> Checked:
    return Checked(claim, UNCHECKED, [why], findings=[Reason(kind, why)])


def _on_named_split(claim: Claim, bench: Bench) -> Checked:
    """Measure on the split that the card names; of none, on test and validation, and take the better."""
    try:
        splits = bench.splits(claim.data)
    except UnmeasurableError as reason:
        return _unchecked(claim, reason.kind, reason.sentence)
    wanted = claim.data.split
    if wanted is None:
        found = [name for name in ("test", "validation") if name in splits and len(splits[name])]
        tried = [_on_split(claim, bench, name) for name in found or list(splits)[:1]]
        best = min(tried, key=lambda each: ORDER[each.verdict])
        return replace(best, why=[*best.why, f"The card names no split; measured on {best.split}."])
    originals = bench.original_names(claim.data)
    held = _held(wanted, list(splits), originals)
    if held is None and wanted in originals and split_name(wanted) not in splits:  # the loader counts it as missing
        said = f"No row of the {wanted} split has a label (-1, or nothing), as where labels are kept secret."
        checked = _unchecked(claim, "unlabelled_split", said)
        return replace(checked, findings=[*checked.findings, *_elsewhere(claim, bench, list(splits))])
    if held is None:
        has = ", ".join(originals or splits)
        checked = _unchecked(claim, "split_missing", f"The data has no split {wanted!r}; it has {has}.")
        return replace(checked, findings=[*checked.findings, *_elsewhere(claim, bench, list(splits))])
    return _on_split(claim, bench, held)


def _held(wanted: str, splits: list[str], originals: list[str]) -> str | None:
    """Return which of our splits is the one that a card names; None where there is none, or another one is read."""
    known = split_name(wanted)
    if len(splits) == 1 and (wanted in originals or not originals) and (known in {None, "train"} or originals):
        return splits[0]
    if wanted in originals and next((o for o in originals if split_name(o) == known), None) != wanted:
        return None  # validation_mismatched beside validation_matched: the loader reads the first
    return known if known in splits else None


def _elsewhere(claim: Claim, bench: Bench, splits: list[str]) -> list[Reason]:
    """Say of which split that exists a claim about one that does not is."""
    for name in splits:
        checked = _on_split(claim, bench, name, explain=False)
        if checked.verdict == HOLDS and checked.figure is not None:
            said = f"The value is that of the {name} split ({checked.figure['value']:.4f}, n = {checked.n:,})."
            return [Reason(f"{name}_sold_as_{claim.data.split}", said)]
    return []


def _on_split(claim: Claim, bench: Bench, split: str, *, explain: bool = True) -> Checked:
    try:
        scored = bench.scored(claim.data, split)
    except UnmeasurableError as reason:
        checked = replace(_unchecked(claim, reason.kind, reason.sentence), split=split)
        others = [name for name in ("validation", "test") if name != split and name in bench.splits(claim.data)]
        more = _elsewhere(claim, bench, others) if explain and reason.kind == "unlabelled_split" else []
        return replace(checked, findings=[*checked.findings, *more])
    assert claim.named is not None  # check_claim has seen to it
    can_mean = meanings(claim.named, scored.labels)
    kind = "several labels" if scored.labels.multi_label else f"one of {len(scored.labels)} labels"
    if not can_mean:
        average = f" ({claim.named.average})" if claim.named.average else ""
        why = f"Rows whose texts have {kind} give no {claim.named.base.replace('_', ' ')}{average}."
        return replace(_unchecked(claim, "metric_not_of_data", why), split=split)
    found = best_meaning(claim, scored.report(), can_mean)
    if found is None:
        why = f"These rows do not define {can_mean[0].name}: it takes texts of more than one label."
        return replace(_unchecked(claim, "metric_not_of_data", why), split=split)
    return _judged(Case(claim, can_mean, bench, split, scored, found[2]), found[0], found[1], explain)


def _judged(case: Case, meaning: PossibleFigure, figure: Figure, explain: bool) -> Checked:
    """Say what came of a claim that could be measured."""
    claim, verdict = case.claim, case.verdict
    why = []
    if case.scored.note:
        why.append(case.scored.note)
    if len(case.possible) > 1 and verdict in {HOLDS, NOISE}:
        why.append(f"The card does not say how {claim.metric} is meant; it agrees as {meaning.name}.")
    if verdict == UNCHECKED:
        why.append(f"It has no interval here ({figure['no_interval']}), so a difference says little.")
    findings = explanations(case) if explain and verdict != HOLDS else []
    n = len(case.scored.rows)
    if verdict in {HOLDS, NOISE} and claim.data.n not in (None, n):
        findings.append(Reason("other_n", f"The card says n = {claim.data.n:,}; {n:,} labelled texts were measured."))
    if explain:
        findings += [*_activation_config(case), *_leak(case, meaning)]
    return Checked(claim, verdict, why, figure, meaning.name, case.split, n, findings)


def _activation_config(case: Case) -> list[Reason]:
    """Say that pipeline() takes another activation than the data ask for."""
    own, asked = case.bench.classifier.labels.multi_label, case.scored.labels.multi_label
    if own == asked:
        return []
    takes, should = ("sigmoid", "softmax") if own else ("softmax", "sigmoid")
    stands = "multi_label_classification" if asked else "single_label_classification"
    said = f"Plain pipeline() takes a {takes} of this model, its data ask for {should}: config.json needs "
    return [Reason("wrong_activation", f'{said}"problem_type": "{stands}". Measured with {should}.')]


def _leak(case: Case, meaning: PossibleFigure) -> list[Reason]:
    """Say how many rows stand in the training split, and what the figure is without them."""
    leaked = case.bench.leaked(case.claim.data, case.split)
    count, n = int(leaked.sum()), len(leaked)
    if not count or case.bench.took_leaks_out(case.claim.data):
        return []
    said = f"{count:,} of {n:,} {case.split} texts stand in the data's training split too"
    if count == n:
        return [Reason("test_in_train", f"{said}: nothing is left to measure.")]
    rest = meaning.of(case.scored.report_of(case.scored.logits, ~leaked))
    without = f"; without them {meaning.name} is {rest['value']:.4f} (n = {n - count:,})" if rest else ""
    return [Reason("test_in_train", f"{said}{without}.")]


def model_findings(bench: Bench, measured: list[ScoredSplit]) -> list[Reason]:
    """Return what is wrong with the model whatever it is measured on: names of labels, an unknown length."""
    findings = []
    names = bench.classifier.labels.names
    if all(name == f"LABEL_{i}" for i, name in enumerate(names)):
        said = f"The model's labels have no names ({names[0]}, ...): id2label of config.json should give them."
        findings.append(Reason("generic_labels", said))
    tokenizer, limit = bench.classifier.tokenizer, positions(bench.classifier.model.config)
    if has_limit(tokenizer) or not limit:
        return findings
    longer = sum(int(np.sum(token_counts(bench, scored, limit) > limit)) for scored in measured)
    if longer:
        said = f"The tokenizer has no model_max_length, the model {limit} positions: pipeline() fails on {longer:,} "
        findings.append(Reason("no_max_length", f"{said}of the texts measured, even with truncation=True."))
    return findings
