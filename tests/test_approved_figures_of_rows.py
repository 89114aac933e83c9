"""Every number that is computed of scored rows, of a few small cases: metrics, intervals, comparisons, promises.

Each kind of figure is tested against a closed form, scikit-learn or SciPy in a file of its own; here all of them stand
in their places, so that no constant, weight, tie or empty label changes unnoticed.
"""

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from scipy.special import expit, softmax

from tests.approved import check_approved, in_lines
from textclf.arguments import MeasureArguments
from textclf.evaluation.calibration import fit_scales
from textclf.evaluation.comparison import against_best
from textclf.evaluation.curves import precision_recall, reliability, roc, threshold_curve
from textclf.evaluation.drift import drift_between_splits, drift_line, unlike
from textclf.evaluation.gate import judge
from textclf.evaluation.kept_promises import failures_over_resplits, kept_promises, promise_lines, promises_on
from textclf.evaluation.label_errors import find_suspects
from textclf.evaluation.mistakes import findings, surest_mistakes
from textclf.evaluation.page.cuts import cut_counts
from textclf.evaluation.page.rows import prediction_rows
from textclf.evaluation.promises import allowed, fit_promises, options_of
from textclf.evaluation.report import report_on
from textclf.evaluation.text_profile import Measured, score_profile, text_profile
from textclf.evaluation.thresholds import bake, choose
from textclf.inference.promises import Promises
from textclf.labels import LabelSpace
from textclf.metrics.text_classification.text_classification import Rows

WORDS = ["the", "film", "was", "good", "bad", "정말", "좋은", "영화", "나쁜", "서비스"]
WORDS += ["best", "worst", "service", "ever", "최고"]


def drawn(names, n, seed, several=False, strength=1.6, ties=False):
    """Return labels, gold and scores; of several labels the last is carried by few."""
    rng, size = np.random.default_rng(seed), len(names)
    if several:
        gold = (rng.random((n, size)) < np.r_[np.full(size - 1, 0.4), 0.03]).astype(np.int64)
        scores = expit(rng.normal(size=gold.shape) + strength * (2 * gold - 1))
    else:
        gold = rng.integers(size, size=n)
        scores = softmax(rng.normal(size=(n, size)) + strength * np.eye(size)[gold], axis=1)
    return LabelSpace(tuple(names), several), gold, (np.round(scores, 1) if ties else scores).astype(np.float32)


def split_of(labels, gold, sources=False):
    """Return rows with texts of all lengths, in Korean, in English and mixed."""
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(WORDS, 1 + row % 9)) for row in range(len(gold))]
    feature = ClassLabel(names=list(labels.names))
    columns = {"text": texts, "labels": [np.flatnonzero(g).tolist() for g in gold] if labels.multi_label else gold}
    features = {"text": Value("string"), "labels": List(feature) if labels.multi_label else feature}
    if sources:
        features["source"] = Value("string")
        columns["source"] = [("news", "mail", None)[row % 3] for row in range(len(gold))]
    return Dataset.from_dict(columns, features=Features(features))


def counted(texts):
    """Stand in for a tokenizer: a token a character, Hangul unknown."""
    return [Measured(len(text), sum("가" <= c <= "힣" for c in text) / max(1, len(text))) for text in texts]


CASES = {
    "three": (drawn("abc", 90, 0), None),
    "binary_with_ties": (drawn(("no", "yes"), 70, 1, ties=True), None),
    "few_of_six": (drawn("abcdef", 24, 2, strength=3.0), None),
    "several": (drawn("abcd", 120, 3, several=True), np.array([0.4, 0.5, 0.6, 0.3])),
    "several_with_ties": (drawn("abc", 60, 4, several=True, strength=0.5, ties=True), None),
}


@pytest.mark.parametrize("case", CASES)
def test_reports_hold_what_was_looked_at(case):
    (labels, gold, scores), cuts = CASES[case]
    report = report_on(scores, gold, labels, cuts, 200)
    weights = np.random.default_rng(5).integers(0, 3, (2, len(gold))).astype(float)
    rows = Rows(gold, report.predicted, scores, len(labels))
    split = split_of(labels, gold, sources=True)
    bins = reliability(report, scores)
    found = report.to_dict() | {
        "weighted": rows.figures(weights),
        "coarse": Rows(gold, report.predicted, scores, len(labels), 7).figures(weights),
        "draws": {name: [values.mean(), values.std()] for name, values in report.draws.items()},
        "findings": findings(report, report, DatasetDict(test=split)),
        "surest": [list(each) for each in surest_mistakes(report, 12)],
        "suspects": [list(each) for each in find_suspects(report)[:6]],
        "reliability": {"at": bins.confidence, "right": bins.right, "n": bins.size, "error": bins.error},
        "profile": score_profile(scores, labels, cuts) | text_profile(split["text"][:], counted),
        "rows": prediction_rows(report, split)["rows"][:6],
    }
    if labels.multi_label:
        found["cuts"] = [{**each, "right": each["right"][::7]} for each in cut_counts(report)["labels"]]
    check_approved(f"report_{case}.txt", in_lines(found))


def test_curves_of_many_scores_keep_their_ways():
    rng = np.random.default_rng(6)
    truth = rng.integers(2, size=1500)
    scores = expit(rng.normal(size=1500) + truth)
    found = {
        name: [[len(column), *column[:3], *column[100:103], column[-1]] for column in curve]
        for name, curve in (
            ("roc", roc(truth, scores)[:2]),
            ("precision_recall", precision_recall(truth, scores)[:2]),
            ("threshold", threshold_curve(truth, scores)),
        )
    }
    check_approved("curves.txt", in_lines(found))


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_comparisons_and_gates_come_to_what_was_looked_at(several):
    labels, gold, scores = drawn("abcd", 150, 7, several)
    other = np.where(np.arange(150)[:, None] % 9 == 0, 1 - scores if several else scores[:, ::-1], scores)
    near = (0.98 * scores + 0.02 / len(labels)).astype(np.float32)
    reports = [report_on(each.astype(np.float32), gold, labels, None, 200) for each in (scores, other, near)]
    report, worse, engine = reports
    metrics = ("f1_macro", "log_loss", "average_precision_micro" if several else "roc_auc", "brier")
    found = {m: against_best(report, {"tfidf_svm": worse, "prior": engine}, "tfidf_svm", m) for m in metrics}
    found |= {f"the_other_way_{m}": against_best(worse, {"x": report}, "x", m) for m in metrics}
    for name, one in (("near", engine), ("far", worse), ("same", report)):
        for metric in metrics[:2]:
            found[f"gate_{name}_{metric}"] = judge(one, report, metric)._asdict()
    few = [report_on(each[:40].astype(np.float32), gold[:40], labels, None, 200) for each in (near, scores)]
    found["gate_few"] = judge(*few, "f1_macro")._asdict()
    check_approved(f"compared_{'several' if several else 'one'}.txt", in_lines(found))


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_what_is_chosen_on_validation_is_what_was_looked_at(several):
    labels, gold, scores = drawn("abcd", 120, 8, several)
    logits = np.log(scores / (1 - scores)) if several else np.log(scores) * 2.5
    scales = fit_scales(logits, gold, labels)
    found = {"calibration": scales.record(logits, gold, labels), "pooled": scales.pooled}
    if several:
        for aim in ("f1", "f0.5", "f2", "precision>=0.8", "recall>=0.8", "precision>=0.99", "own"):
            chosen = choose(scores, gold, aim, np.array([0.1, -0.2, 0.0, 1.0]))
            found[aim] = chosen.record(labels) | {"bake": bake(chosen)}
    check_approved(f"chosen_{'several' if several else 'one'}.txt", in_lines(rounded(found)))


def rounded(found):
    """Return what a search ends at with as many digits as it is exact to."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    return float(f"{found:.3g}") if isinstance(found, float) else found


@pytest.mark.parametrize("by_label", [False, True], ids=["together", "by_label"])
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_promises_come_to_what_was_looked_at(several, by_label, monkeypatch):
    monkeypatch.setitem(failures_over_resplits.__kwdefaults__, "draws", 25)
    parts = [drawn("abcd", n, seed, several, 2.5) for n, seed in ((150, 9), (160, 10), (130, 11))]
    validation, guarantee, test = (report_on(scores, gold, labels, None, 0) for labels, gold, scores in parts)
    found = {}
    for risk, coverage in ((0.1, 0.9), (0.02, 0.99)):
        asked = MeasureArguments(
            abstain_risk=risk, abstain_confidence=0.9, set_coverage=coverage, set_by_label=by_label
        )
        fitted = fit_promises(asked, validation, guarantee)
        kept = kept_promises(fitted, validation, test, {"prior": validation})
        if "curve" in kept["abstain"]["test"]:
            kept["abstain"]["test"]["curve"] = {k: v[:9] for k, v in kept["abstain"]["test"]["curve"].items()}
        later = promises_on(Promises.of(fitted.config, test.labels), validation)
        found[str(risk)] = {
            "config": fitted.config,
            "kept": kept,
            "lines": promise_lines(kept, "test"),
            "later": promise_lines(later, "mine"),
            "allowed": allowed(asked, DatasetDict(guarantee=split_of(guarantee.labels, guarantee.gold))),
            "options": vars(options_of(fitted.config)) == vars(asked),
        }
    check_approved(f"promises_{'several' if several else 'one'}_{'by_label' if by_label else 'together'}.txt",
                   in_lines(found))  # fmt: skip


def test_drift_comes_to_what_was_looked_at():
    labels, gold, scores = drawn("abc", 120, 12)
    other, other_scores = np.minimum(gold, 1), scores[::-1] ** 2
    splits = {"train": split_of(labels, gold), "validation": split_of(labels, gold[:60])}
    splits["test"] = splits["train"].select(range(90)).map(lambda row: {"text": row["text"].replace("film", "곡")})
    splits["test"] = splits["test"].select([row for row in range(90) if row % 9 > 3])
    reports = {
        name: report_on(scores[: len(rows)], gold[: len(rows)], labels, None, 0) for name, rows in splits.items()
    }
    reports["test"] = report_on(other_scores[:50].astype(np.float32), other[:50], labels, None, 0)
    found = drift_between_splits(splits, reports)
    ours, theirs = score_profile(scores, labels, None), score_profile(other_scores, labels, None)
    check_approved("drift.txt", in_lines(found | {"line": drift_line(found), "unlike": unlike(ours, theirs)}))
