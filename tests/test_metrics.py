"""The metric module against scikit-learn, on generated and on edge cases."""

import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from textclf.metrics.text_classification.text_classification import Rows, TextClassification

MODULE = Path(__file__).parent.parent / "metrics" / "text_classification"


def figures(gold, scores, predicted=None, weights=None):
    gold, scores = np.asarray(gold), np.asarray(scores, dtype=np.float64)
    if predicted is None:
        predicted = (scores >= 0.5).astype(int) if gold.ndim == 2 else scores.argmax(axis=1)
    weights = np.ones(len(gold)) if weights is None else np.asarray(weights, dtype=np.float64)
    return {
        name: value[0] for name, value in Rows(gold, predicted, scores, scores.shape[1]).figures(weights[None]).items()
    }


def expected_single(gold, scores, weights):
    """Every single-label figure by scikit-learn."""
    size = scores.shape[1]
    predicted = scores.argmax(axis=1)
    carried = [k for k in range(size) if weights[gold == k].any()]
    axis = {"labels": carried, "zero_division": 0, "sample_weight": weights}
    result = {"accuracy": sk.accuracy_score(gold, predicted, sample_weight=weights)}
    result["balanced_accuracy"] = sk.balanced_accuracy_score(gold, predicted, sample_weight=weights)
    squared = ((scores - np.eye(size)[gold]) ** 2).sum(axis=1) / (2 if size == 2 else 1)
    result["brier"] = np.average(squared, weights=weights)
    for average in ("macro", "micro", "weighted"):
        if average == "micro":
            axis["labels"] = range(size)
        p, r, f, _ = sk.precision_recall_fscore_support(gold, predicted, average=average, **axis)
        axis["labels"] = carried
        result |= {f"precision_{average}": p, f"recall_{average}": r, f"f1_{average}": f}
    result["mcc"] = sk.matthews_corrcoef(gold, predicted, sample_weight=weights)
    result["log_loss"] = sk.log_loss(gold, scores.astype(np.float32), labels=range(size), sample_weight=weights)
    present = [k for k in range(size) if 0 < weights[gold == k].sum() < weights.sum()]
    ranked = [k for k in present if size > 2 or k == 1]
    if ranked:
        areas = [sk.roc_auc_score(gold == k, scores[:, k], sample_weight=weights) for k in ranked]
        result["roc_auc"] = np.mean(areas)
    found = [k for k in range(size) if weights[gold == k].sum() and (size > 2 or k == 1)]
    if found:
        precisions = [sk.average_precision_score(gold == k, scores[:, k], sample_weight=weights) for k in found]
        result["average_precision"] = np.mean(precisions)
    return result


@st.composite
def scored_rows(draw, multi_label):
    n, size = draw(st.integers(2, 40)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(0, 4, n).astype(float)
    weights[0] = 1.0
    if multi_label:
        return (rng.random((n, size)) < 0.4).astype(int), np.round(rng.random((n, size)), 1), weights
    raw = np.round(rng.dirichlet(np.ones(size), n), 1) + 0.01  # coarse: ties are common
    return rng.integers(0, size, n), raw / raw.sum(axis=1, keepdims=True), weights


@given(scored_rows(multi_label=False))
@settings(max_examples=60, deadline=None)
def test_single_label_figures_are_those_of_scikit_learn_for_any_row_weights(case):
    gold, scores, weights = case
    found = figures(gold, scores, weights=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in expected_single(gold, scores, weights).items():
            assert found[name] == pytest.approx(value, abs=1e-6), name


@given(scored_rows(multi_label=True))
@settings(max_examples=60, deadline=None)
def test_multi_label_figures_are_those_of_scikit_learn(case):
    gold, scores, _ = case
    predicted = (scores >= 0.5).astype(int)
    found = figures(gold, scores)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        carried = [k for k in range(gold.shape[1]) if gold[:, k].any()]
        for average in ("macro", "micro", "weighted", "samples"):
            names = [f"{name}_{average}" for name in ("precision", "recall", "f1", *["f05"] * (average == "macro"))]
            if average in ("macro", "weighted") and not carried:
                assert np.isnan([found[name] for name in names]).all(), "an average over no label"
                continue
            over = {"average": average, "zero_division": 0}
            over |= {"labels": carried} if average in ("macro", "weighted") else {}
            p, r, f, _ = sk.precision_recall_fscore_support(gold, predicted, **over)
            assert [found[name] for name in names[:3]] == pytest.approx([p, r, f])
        for average in ("macro", "micro") if carried else ("micro",):
            over = {"labels": carried} if average == "macro" else {}
            half = sk.fbeta_score(gold, predicted, beta=0.5, average=average, zero_division=0, **over)
            assert found[f"f05_{average}"] == pytest.approx(half)
        assert found["subset_accuracy"] == pytest.approx(sk.accuracy_score(gold, predicted))
        assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(gold, predicted))
        assert found["lrap"] == pytest.approx(sk.label_ranking_average_precision_score(gold, scores))
        present = [k for k in range(gold.shape[1]) if gold[:, k].any()]
        if present:
            single = [sk.average_precision_score(gold[:, k], scores[:, k]) for k in present]
            assert found["average_precision_macro"] == pytest.approx(np.mean(single))
            pooled = sk.average_precision_score(gold.ravel(), scores.ravel())
            assert found["average_precision_micro"] == pytest.approx(pooled)
        both = [k for k in present if not gold[:, k].all()]
        if both:
            single = [sk.roc_auc_score(gold[:, k], scores[:, k]) for k in both]
            assert found["roc_auc_macro"] == pytest.approx(np.mean(single))
            assert found["roc_auc_micro"] == pytest.approx(sk.roc_auc_score(gold.ravel(), scores.ravel()))
        each = [sk.log_loss(gold[:, k], scores[:, k].astype(np.float32), labels=[0, 1]) for k in range(gold.shape[1])]
        assert found["log_loss"] == pytest.approx(np.mean(each))
        assert found["brier"] == pytest.approx(((scores - gold) ** 2).mean())


def test_row_weights_count_as_repeated_rows():
    gold, scores = (
        np.array([0, 1, 2, 1]),
        np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2]]),
    )
    weighted = figures(gold, scores, weights=[2, 1, 0, 3])
    rows = [0, 0, 1, 3, 3, 3]
    repeated = Rows(gold[rows], scores[rows].argmax(axis=1), scores[rows], 3).figures(np.ones((1, 6)))
    for name in ("accuracy", "mcc", "ece", "brier", "log_loss", "balanced_accuracy", "f1_micro"):
        assert weighted[name] == pytest.approx(repeated[name][0]), name


def test_macro_averages_are_over_labels_that_occur_and_micro_counts_what_is_given_for_nothing():
    """A perfect model had a macro F1 of .67 where one of three labels had no text, and its interval left it out."""
    single = figures(np.array([0, 1, 0]), np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.7, 0.3, 0]]))
    assert single["f1_macro"] == single["precision_macro"] == single["recall_macro"] == single["f1_weighted"] == 1.0
    gold = np.array([[1, 0, 0], [0, 1, 0]])
    scores = np.array([[0.9, 0.1, 0.8], [0.1, 0.9, 0.9]])
    found = figures(gold, scores)
    assert found["f1_micro"] == pytest.approx(2 * 2 / (4 + 2))
    assert found["f1_macro"] == 1.0


def test_auc_of_two_classes_ranks_by_score_of_the_second():
    gold = np.array([0, 0, 1, 1])
    second = np.array([0.1, 0.4, 0.35, 0.8])
    found = figures(gold, np.stack([1 - second, second], axis=1))
    assert found["roc_auc"] == 0.75  # 3 of the 4 pairs are in order
    assert found["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_calibration_error_by_hand():
    # Bins of 1/15: .95 and .94 share one (both right: gap .055 on average), .60 is alone and wrong (gap .60).
    scores = np.array([[0.95, 0.05], [0.94, 0.06], [0.60, 0.40]])
    assert figures(np.array([0, 0, 1]), scores)["ece"] == pytest.approx((0.05 + 0.06 + 0.60) / 3)


def test_calibration_is_looked_at_in_fifteen_bins():
    """Between .72, right, and .74, wrong, ends the 11th of 15 bins; in one bin their gaps would cancel out."""
    scores = np.array([[0.72, 0.28], [0.74, 0.26]])
    assert figures(np.array([0, 1]), scores)["ece"] == pytest.approx((0.28 + 0.74) / 2)


def test_calibration_error_of_several_labels_is_the_mean_of_the_labels_own():
    """Pooled over cells, a label that is too sure hid another that is too shy."""
    gold = np.array([[1, 0], [0, 1]])
    scores = np.array([[0.7, 0.3], [0.7, 0.3]])  # gaps in one bin each: .7 - .5 and .3 - .5
    assert figures(gold, scores)["ece"] == pytest.approx(0.2)
    mixed = np.array([[0.95, 0.05], [0.95, 0.05]])  # the first label's share is .5, the second's .5
    assert figures(gold, mixed)["ece"] == pytest.approx(0.45)
    own, expected = Rows(gold, gold, scores, 2).calibration_error()
    assert own == pytest.approx([0.2, 0.2])
    # Two scores of .7: the mean gap of two calibrated answers is normal with variance 2 * .21, halved by n = 2.
    assert expected == pytest.approx([np.sqrt(2 * 0.42 / np.pi) / 2] * 2)


def test_a_perfectly_calibrated_model_is_said_to_show_the_error_that_it_shows():
    """On 50 texts its estimate was .13 on average, and the interval never held the truth, which is 0."""
    rng = np.random.default_rng(0)
    shown, said = [], []
    for _ in range(300):
        scores = rng.dirichlet(np.ones(3) * 0.7, 50)
        gold = np.array([rng.choice(3, p=row) for row in scores])
        error, expected = Rows(gold, scores.argmax(axis=1), scores, 3).calibration_error()
        shown.append(error[0])
        said.append(expected[0])
    assert np.mean(said) == pytest.approx(np.mean(shown), rel=0.1)
    assert np.mean(shown) > 0.08


def test_brier_of_two_classes_is_one_squared_error():
    assert figures(np.array([1, 0]), np.array([[0.2, 0.8], [0.4, 0.6]]))["brier"] == pytest.approx((0.04 + 0.36) / 2)


def test_one_text_and_one_class_leave_ranking_figures_undefined():
    found = figures(np.array([0]), np.array([[0.9, 0.1]]))
    assert found["accuracy"] == 1.0
    assert np.isnan(found["roc_auc"])
    assert found["mcc"] == 0.0


def test_nothing_predicted_gives_zeros_not_errors():
    found = figures(np.array([[1, 0], [0, 1]]), np.full((2, 2), 0.1))
    assert found["f1_micro"] == found["precision_macro"] == found["recall_samples"] == 0.0


def test_areas_of_few_steps_are_close_and_those_of_enough_steps_are_exact():
    rng = np.random.default_rng(0)
    gold = (rng.random((4000, 2)) < 0.4).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=gold.shape) + 1.5 * gold)))
    predicted, weights = (scores >= 0.5).astype(int), rng.integers(0, 3, (5, 4000)).astype(float)
    exact, enough, few = (
        Rows(gold, predicted, scores, 2, most_steps).figures(weights) for most_steps in (None, 8001, 500)
    )
    for name in ("roc_auc_micro", "roc_auc_macro", "average_precision_micro", "average_precision_macro"):
        assert enough[name] == pytest.approx(exact[name], abs=1e-12), name
        assert few[name] == pytest.approx(exact[name], abs=2e-3), name


def test_ranking_of_many_texts_and_labels_stays_small():
    """Areas held every cell of every draw, and LRAP labels x labels a row: 100,000 texts x 44 labels took 6.7 GB."""
    rng = np.random.default_rng(0)
    gold = np.zeros((500, 400), dtype=int)
    gold[np.arange(500), rng.integers(400, size=500)] = 1
    scores = rng.random(gold.shape)
    weights = np.ones((50, 500))
    tracemalloc.start()
    Rows(gold, gold, scores, 400).figures(weights)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


def test_evaluate_loads_the_module_by_path_in_both_configurations(tmp_path):
    import evaluate

    single = evaluate.load(str(MODULE), cache_dir=str(tmp_path), keep_in_memory=True)
    result = single.compute(predictions=[0, 1, 1], references=[0, 1, 0], scores=[[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    assert result["accuracy"] == pytest.approx(2 / 3)
    assert result["roc_auc"] == 1.0
    several = evaluate.load(str(MODULE), "multilabel", cache_dir=str(tmp_path), keep_in_memory=True)
    result = several.compute(predictions=[[1, 0], [1, 1]], references=[[1, 0], [0, 1]])
    assert result["f1_micro"] == pytest.approx(2 * 2 / (3 + 2))
    assert "ece" not in result


SURE = [[0.9, 0.1], [0.2, 0.8]]


@pytest.mark.parametrize(
    ("config", "given", "complaint"),
    [
        ("default", {"predictions": [], "references": []}, "No rows"),
        ("default", {"predictions": [0.2, 0.8], "references": [0, 1]}, "whole numbers; scores go into `scores`"),
        ("default", {"predictions": [0, 2], "references": [0, 1], "scores": SURE}, "from 0 to 1; found 2"),
        ("default", {"predictions": [0, -1], "references": [0, 1]}, "from 0 on; found -1 in predictions"),
        ("default", {"predictions": [0, 1], "references": [0, 5], "num_labels": 3}, "from 0 to 2; found 5"),
        ("default", {"predictions": [0, 1], "references": [0, 1], "scores": [[9.0, -1], [-2, 3]]}, "softmax or sigm"),
        ("default", {"predictions": [0, 1], "references": [0, 1], "scores": [[np.nan, 1], [0, 1]]}, "from 0 to 1"),
        ("default", {"predictions": [0, 1], "references": [0, 1], "scores": SURE[:1]}, r"shape is \(1, 2\)"),
        ("default", {"predictions": [0, 1], "references": [0, 1], "scores": [0.2, 0.9]}, r"shape is \(2,\)"),
        ("default", {"predictions": [0, 1], "references": [0, 1], "scores": SURE, "num_labels": 5}, "num_labels is 5"),
        ("multilabel", {"predictions": [[0, 2], [1, 2]], "references": [[0, 2], [1, 2]]}, "0/1 rows.*found 2"),
        ("multilabel", {"predictions": [[0], [1, 2]], "references": [[0], [1]]}, "rows of several lengths"),
        ("multilabel", {"predictions": [[1, 0]], "references": [[1, 0]], "scores": [[0.1, 0.2, 0.3]]}, "axis has 3"),
        ("multilabel", {"predictions": [[1, 0]], "references": [[1, 0]], "num_labels": 3}, "axis has 3"),
    ],
)
def test_what_figures_cannot_be_computed_of_is_refused(config, given, complaint, tmp_path):
    """Logits gave a calibration error of 5, ids in place of 0/1 rows a precision of 1.5, an id too high an F1."""
    metric = TextClassification(config_name=config, keep_in_memory=True, cache_dir=str(tmp_path))
    with pytest.raises(ValueError, match=complaint):
        metric.compute(**given)


def test_an_unknown_configuration_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Unknown configuration 'multi'; known: default, multilabel"):
        TextClassification(config_name="multi", keep_in_memory=True, cache_dir=str(tmp_path))
