"""What explains a claim that the figures do not bear out: each explanation is measured before it is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ...evaluation.report import Figure, Report
from ...inference.answers import sigmoid, softmax
from ...inference.classifier import texts_of
from ...inference.rows import RowEncoder
from ...models.limits import positions
from .claim import SURE, Claim
from .figures import FAILS, HOLDS, NOISE, PossibleFigure, judged, meanings
from .rows import Bench, ScoredSplit, UnmeasurableError
from .wording import Named

CUTS = (16, 32, 64, 128, 256, 512)  # tokens that people cut texts at
FIGURES_TRIED = ("accuracy", "f1", "precision", "recall", "balanced_accuracy", "mcc", "roc_auc")
LARGEST_TRAIN = 50_000  # rows of a training split that are scored to see whether a claim is of it


class Reason(NamedTuple):
    """Something about a claim, its data or the model: its kind, as claims.json names it, and a sentence."""

    kind: str
    says: str


class Case(NamedTuple):
    """A claim, what it can mean, the rows it was measured on, and what was measured."""

    claim: Claim
    possible: list[PossibleFigure]
    bench: Bench
    split: str
    scored: ScoredSplit
    verdict: str

    def same(self, report: Report) -> tuple[PossibleFigure, Figure] | None:
        """Return the figure of another report that is the claim, if one is."""
        known = ((each, figure) for each in self.possible if (figure := each.of(report)) is not None)
        return next(((each, figure) for each, figure in known if self.claim.fits(figure["value"])), None)

    def much_nearer(self, report: Report) -> bool:
        """Say whether a report bears out a claim that the rows as they are do not: at least within its interval."""
        figures = [figure for each in self.possible if (figure := each.of(report)) is not None]
        return self.verdict == FAILS and any(judged(self.claim, figure) in {HOLDS, NOISE} for figure in figures)


def explanations(case: Case) -> list[Reason]:
    """Return what explains a claim that does not hold as it stands: the first kind that does, by falling certainty."""
    for explain in (
        _percent,
        _rounding,
        _other_labels_order,
        _other_average,
        _other_activation,
        _other_split,
        _truncated,
        _other_metric,
        _other_n,
    ):
        if found := next(explain(case), None):
            return [found]
    return []


def _percent(case: Case) -> Iterator[Reason]:
    claim = case.claim
    for each in case.possible:
        if (figure := each.of(case.scored.report())) is None or not figure["value"]:
            continue
        if abs(claim.value * 100 - figure["value"]) <= claim.tolerance * 100:
            said = f"{claim.written} is a hundredth of what was measured: a share, written as if it were a percentage."
            yield Reason("percent_for_share", said)
        if abs(claim.value / 100 - figure["value"]) <= claim.tolerance / 100:
            said = f"{claim.written} is a hundred times what was measured, and {each.name} is no share to give in %."
            yield Reason("hundredths_of_no_share", said)


def _rounding(case: Case) -> Iterator[Reason]:
    claim = case.claim
    for each in case.possible:
        figure = each.of(case.scored.report())
        if figure is not None and abs(claim.value - figure["value"]) < 2 * claim.half:
            way = "up" if claim.value > figure["value"] else "down"
            yield Reason(
                "rounding", f"{claim.written} is rounded {way} where {figure['value']:.4f} asks for the other."
            )


def _other_average(case: Case) -> Iterator[Reason]:
    named = case.claim.named
    if named is None or named.average is None:
        return
    for average in ("macro", "micro", "weighted", "samples", "binary"):
        for each in meanings(Named(named.base, average), case.scored.labels):
            figure = each.of(case.scored.report())
            if average != named.average and figure is not None and case.claim.surely(figure["value"]):
                yield Reason(
                    "other_average",
                    f"The card says {named.average}, but the value is the {average} average "
                    f"({each.name} {figure['value']:.4f}).",
                )


def _other_metric(case: Case) -> Iterator[Reason]:
    """Look for the value among other metrics of the same rows; three digits at least, which chance does not give."""
    if case.claim.named is None or case.claim.half > SURE / 10:
        return
    for base in FIGURES_TRIED:
        for each in meanings(Named(base, None), case.scored.labels) if base != case.claim.named.base else []:
            figure = each.of(case.scored.report())
            if figure is not None and case.claim.fits(figure["value"]):
                yield Reason(
                    "other_metric",
                    f"The card says {case.claim.metric}, but the value is {each.name} ({figure['value']:.4f}).",
                )


def _other_activation(case: Case) -> Iterator[Reason]:
    """Try softmax where several labels take a sigmoid each; the other way round the best label stays the same."""
    scored = case.scored
    if not scored.labels.multi_label:
        report = scored.report_with(sigmoid(scored.logits))
        if case.same(report) and not case.same(scored.report()):
            yield Reason("wrong_activation", "The value comes from sigmoid scores; one label a text takes a softmax.")
        return
    tried: list[tuple[str, NDArray[np.float32]]] = [("softmax scores cut at 0.5", softmax(scored.logits))]
    best = np.eye(scored.logits.shape[1], dtype=np.float32)[scored.logits.argmax(axis=1)]
    tried.append(("the best label alone", best))
    for said, scores in tried:
        report = scored.report_with(scores)
        if case.same(report) or (case.much_nearer(report)):
            yield Reason(
                "wrong_activation", f"The value comes from {said}; several labels a text take a sigmoid each."
            )


def _other_labels_order(case: Case) -> Iterator[Reason]:
    """Look for an order of the model's labels by which the claim holds: the one that most texts agree with."""
    scored = case.scored
    names = scored.labels.names
    gold = scored.labels.gold(scored.rows)
    truth = gold if scored.labels.multi_label else np.eye(len(names), dtype=np.int64)[gold]
    chosen = scored.logits > 0 if scored.labels.multi_label else np.eye(len(names))[scored.logits.argmax(axis=1)]
    order = linear_sum_assignment(-(truth.T @ chosen))[1]  # [L]: the model's label that each of the data's is
    if (order == np.arange(len(names))).all():
        return
    if case.much_nearer(scored.report_of(scored.logits[:, order])):
        given = [(names[theirs], ours) for ours, theirs in zip(scored.data_names, order, strict=True)]
        moved = [f"what it calls {theirs} is {ours}" for theirs, ours in given if theirs != ours]
        yield Reason(
            "permuted_labels",
            "The model's labels stand in another order than their names; the claim agrees once "
            f"{', '.join(moved[:6])}{' ...' if len(moved) > 6 else ''}.",
        )


def _other_split(case: Case) -> Iterator[Reason]:
    """Measure the other splits; a claim that names none was measured on all of them already."""
    splits = case.bench.splits(case.claim.data)
    for other in (name for name in ("validation", "test", "train") if name in splits and name != case.split):
        if (other == "train" and len(splits[other]) > LARGEST_TRAIN) or len(splits[other]) == 0:
            continue
        try:
            report = case.bench.scored(case.claim.data, other).report()
        except UnmeasurableError:
            continue
        if (found := case.same(report)) and case.claim.surely(found[1]["value"]):
            kind = f"{other}_sold_as_{case.split}"
            yield Reason(
                kind,
                f"The card says {case.split}, but the value is that of the {other} split "
                f"({found[1]['value']:.4f}, n = {report.n:,}).",
            )


def _truncated(case: Case) -> Iterator[Reason]:
    """Cut texts at the lengths that people use, and at all that the model has positions for."""
    classifier, scored = case.bench.classifier, case.scored
    unlimited = max(positions(classifier.model.config) or 0, classifier.max_length)
    lengths = token_counts(case.bench, scored, unlimited)
    for cut in sorted({*CUTS, unlimited} - {classifier.max_length}, reverse=True):
        changed = np.flatnonzero(np.minimum(lengths, classifier.max_length) != np.minimum(lengths, cut))
        if cut > unlimited or not len(changed):
            continue
        logits = scored.logits.copy()
        logits[changed] = case.bench.cut_at(cut, changed.tolist(), scored.rows)
        report = scored.report_of(logits)
        if case.same(report) or case.much_nearer(report):
            yield Reason(
                "truncation",
                f"The value is that of texts cut at {cut} tokens; the model reads {classifier.max_length}, which "
                f"changes {len(changed):,} of {len(scored.rows):,} texts.",
            )


def token_counts(bench: Bench, scored: ScoredSplit, most: int) -> NDArray[np.int64]:
    """Return how many tokens each text has, special tokens included, int64 [N]; more than `most` count as that + 1."""
    encoder = RowEncoder(bench.classifier.tokenizer, most + 1)
    counted = [rows.lengths for rows in encoder.chunks(texts_of(scored.rows), False)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *map(np.asarray, counted)]).astype(np.int64)


def _other_n(case: Case) -> Iterator[Reason]:
    """Compare the number of texts, told or implied: k of n texts cannot make every share (Brown & Heathers 2017)."""
    n, claim = len(case.scored.rows), case.claim
    if claim.data.n is not None and claim.data.n != n:
        yield Reason(
            "other_n", f"The card says n = {claim.data.n:,}; the {case.split} split has {n:,} labelled texts."
        )
    elif claim.named is not None and claim.named.base == "accuracy" and not case.scored.labels.multi_label:
        nearest = round(claim.value * n) / n
        if abs(nearest - claim.value) > claim.half * (1 + 1e-6) + 1e-9:
            yield Reason("other_n", f"No number of {n:,} texts makes an accuracy of {claim.written}: it is of others.")
