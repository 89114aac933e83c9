"""Suspected label errors, confused pairs and the surest mistakes."""

import json

import numpy as np
import pytest
from datasets import Dataset, DatasetDict
from scipy.special import softmax

from textclf.evaluation.label_errors import find_suspects
from textclf.evaluation.mistakes import confused_pairs, findings, surest_mistakes
from textclf.evaluation.report import report_on
from textclf.labels import LabelSpace


def report(scores, gold, multi_label=False, thresholds=None):
    scores = np.asarray(scores, dtype=np.float32)
    labels = LabelSpace(("정치", "경제", "sport")[: scores.shape[1]], multi_label)
    return report_on(scores, np.asarray(gold), labels, thresholds, 2)


def test_confident_joint_by_hand():
    """Rows 0-2 carry the first label, whose scores there are .4, 1, .1: threshold .5; the second's is .7.

    Row 2 scores .9 for the second: suspect. Row 5 scores .6 for the first: suspect. Row 0 scores only .6 for the
    second: none, although the second is its likeliest.
    """
    first = np.array([0.4, 1.0, 0.1, 0.1, 0.2, 0.6])
    scores = np.stack([first, 1 - first], axis=1)
    found = find_suspects(report(scores, [0, 0, 0, 1, 1, 1]))
    assert [(s.row, s.given, s.suggested) for s in found] == [(2, 0, 1), (5, 1, 0)]
    assert [s.margin for s in found] == pytest.approx([-0.8, -0.2], abs=1e-6)


def test_a_label_that_the_model_would_give_too_is_no_suspect():
    """Thresholds are .75 and .4: row 0 scores .45 for the second, above its threshold, but .55 for its own.

    A fifth row that carries the first and scores .45 for it is one: the likelier label is the second.
    """
    first = np.array([0.55, 0.95, 0.6, 0.6])
    scores = np.stack([first, 1 - first], axis=1)
    assert find_suspects(report(scores, [0, 0, 1, 1])) == []
    fifth = np.vstack([scores, [[0.45, 0.55]]])
    assert [s.row for s in find_suspects(report(fifth, [0, 0, 1, 1, 0]))] == [4]


def test_planted_label_errors_are_found_and_few_others():
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=1500)
    logits = rng.normal(size=(1500, 3))
    logits[np.arange(1500), true] += 5.0
    gold = true.copy()
    planted = rng.choice(1500, size=75, replace=False)
    gold[planted] = (gold[planted] + rng.integers(1, 3, size=75)) % 3
    found = find_suspects(report(softmax(logits, axis=1), gold))
    rows = {s.row for s in found}
    assert len(rows & set(planted)) / 75 > 0.85
    assert len(rows & set(planted)) / len(rows) > 0.7
    right = [s.suggested == true[s.row] for s in found if s.row in set(planted)]
    assert np.mean(right) > 0.95
    assert len({s.row for s in found[:40]} & set(planted)) >= 38, "the surest come first"


def test_several_labels_each_label_is_a_question():
    rng = np.random.default_rng(1)
    gold = (rng.random((400, 2)) < 0.3).astype(np.int64)
    scores = np.where(gold == 1, 0.9, 0.1)
    spoiled = gold.copy()
    spoiled[7, 1], spoiled[9, 0] = 1 - gold[7, 1], 1 - gold[9, 0]
    found = find_suspects(report(scores, spoiled, multi_label=True))
    assert {(s.row, s.given, s.carried) for s in found} == {(7, 1, bool(spoiled[7, 1])), (9, 0, bool(spoiled[9, 0]))}


def test_a_label_without_a_text_is_never_suggested():
    scores = [[0.1, 0.2, 0.7], [0.6, 0.1, 0.3], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1]]
    assert all(s.suggested != 2 for s in find_suspects(report(scores, [0, 0, 1, 1])))


def test_confused_pairs_are_the_cells_off_the_diagonal():
    gold, predicted = [0] * 10 + [1] * 5 + [2] * 5, [0] * 6 + [1] * 4 + [1] * 4 + [0] + [2] * 5
    pairs = confused_pairs(report(np.eye(3)[predicted], gold))
    assert pairs == [
        {"gold": "정치", "predicted": "경제", "count": 4, "share": 0.4},
        {"gold": "경제", "predicted": "정치", "count": 1, "share": 0.2},
    ]


def test_confused_pairs_of_several_labels_are_one_missing_the_other_there_for_nothing():
    gold = [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]
    scores = [[0.2, 0.9, 0.1], [0.1, 0.7, 0.1], [0.9, 0.9, 0.8], [0.1, 0.1, 0.3]]
    whole = report(scores, gold, multi_label=True)
    assert confused_pairs(whole) == [{"gold": "정치", "predicted": "경제", "count": 2, "share": 2 / 3}]


def test_surest_mistakes_come_first():
    whole = report([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]], [1, 0, 0, 0])
    assert [(m.row, m.gold, m.predicted) for m in surest_mistakes(whole, 2)] == [(0, 1, 0), (2, 0, 1)]


def test_surest_mistakes_of_several_labels_are_farthest_from_their_cuts():
    """Cut .2: a score of .6 that should not be is half way to 1; a score of .05 that should is three quarters to 0."""
    whole = report([[0.6, 0.9], [0.05, 0.1]], [[0, 1], [1, 0]], multi_label=True, thresholds=np.array([0.2, 0.5]))
    mistakes = surest_mistakes(whole, 10)
    assert [(m.row, m.gold, m.predicted) for m in mistakes] == [(1, 0, None), (0, None, 0)]
    assert [m.confidence for m in mistakes] == pytest.approx([0.75, 0.5], abs=1e-6)


def test_what_goes_into_evaluation_json_holds_no_text():
    rng = np.random.default_rng(2)
    texts = [f"비밀 문장 {i}" * (1 + i % 7) for i in range(60)]
    splits = DatasetDict({name: Dataset.from_dict({"text": texts}) for name in ("validation", "test")})
    reports = [report(softmax(rng.normal(size=(60, 3)), axis=1), rng.integers(3, size=60)) for _ in range(2)]
    found = findings(*reports, splits)
    assert set(found) == {"slices", "confused_pairs", "suspected_label_errors"}
    written = json.dumps(found, ensure_ascii=False, allow_nan=False)
    assert "비밀" not in written
    suspected = found["suspected_label_errors"]
    assert suspected["count"] == len({s.row for s in find_suspects(reports[0])})
    assert (suspected["of"], suspected["split"]) == (60, "validation")
    assert found["confused_pairs"] == confused_pairs(reports[0]) != confused_pairs(reports[1])
    assert "Northcutt" in suspected["method"]


def test_nothing_wrong_is_nothing_found():
    whole = report(np.eye(3)[[0, 1, 2, 0]], [0, 1, 2, 0])
    assert confused_pairs(whole) == []
    assert surest_mistakes(whole, 5) == []
    assert find_suspects(whole) == []
