"""What is said of many small evaluations: each differs from a plain one in one thing, and the sentences were read."""

from types import SimpleNamespace

import numpy as np
from datasets import DatasetDict

from tests.approved import check_approved
from tests.test_odd_inputs import split
from textclf.arguments import MeasureArguments
from textclf.evaluation.abstention import Outcome, Promise
from textclf.evaluation.drift import drift_line
from textclf.evaluation.kept_promises import promise_lines, trust_lines
from textclf.evaluation.page import summary
from textclf.evaluation.promises import _told, allowed
from textclf.evaluation.report import report_on
from textclf.evaluation.thresholds import best_cut, choose, parse_aim, places
from textclf.evaluation.wording import words_of
from textclf.labels import LabelSpace

SAY = words_of("en")
FIGURE = {"value": 0.8, "low": 0.7, "high": 0.9}
ROW = {"precision": FIGURE, "recall": FIGURE, "f1": FIGURE, "support": 40}
COMPARED = {"name": "tfidf_svm", "metric": "f1_macro", "difference": 0.1, "low": 0.05, "high": 0.15, "p_value": 0.01}
SHARE = {"value": 0.03, "low": 0.01, "high": 0.06, "count": 3, "of": 1100}
KEPT = {"held": True, "answered": SHARE, "wrong": SHARE, "aurc": 0.1, "aurc_of_baselines": {}}
ABSTAIN = {"risk": 0.05, "confidence": 0.9, "n": 900, "stored": True, "test": KEPT}
SETS = {
    "coverage": 0.9, "n": 900, "test": {"coverage": {"value": 0.91, "low": 0.88, "high": 0.93}, "mean_size": 1.25,
                                        "worst_label": None, "by_label": {}},
}  # fmt: skip
PLAIN = {
    "labels": ["a", "b", "c"], "n": 120, "test_scored": 1, "confusion_matrix": [[30, 5, 5], [5, 30, 5], [5, 5, 30]],
    "per_label": {name: ROW for name in "abc"}, "metrics": {"ece": {"value": 0.03, "if_calibrated": 0.02}},
    "against_baseline": COMPARED, "task": "single_label_classification",
}  # fmt: skip
SEVERAL = {"confusion_matrix": None, "task": "multi_label_classification"}
NEVER = ROW | {"precision": FIGURE | {"no_interval": "no text was given this label"}}


def abstain(**test):
    return ABSTAIN | {"test": ABSTAIN["test"] | test}


def covering(low, high):
    test = SETS["test"] | {"coverage": {"value": 0.8, "low": low, "high": high}}
    return {"promises": {"label_sets": SETS | {"test": test}}}


EVALUATIONS = [
    {},
    {"n": 199}, {"n": 200}, {"n": 1}, {"test_scored": 2}, {"test_scored": 0},
    {"against_baseline": None},
    {"against_baseline": COMPARED | {"p_value": 0.2}},
    {"against_baseline": COMPARED | {"low": None, "high": None}},
    {"against_baseline": COMPARED | {"difference": -0.1, "low": -0.2, "high": -0.05}},
    {"against_baseline": COMPARED | {"metric": "log_loss"}},
    {"metrics": {}}, {"metrics": {"ece": {"value": 0.2, "if_calibrated": None}}},
    {"metrics": {"ece": {"value": 0.2, "if_calibrated": 0.02}}},
    {"confusion_matrix": [[40, 0, 0], [40, 0, 0], [40, 0, 0]]},
    {"confusion_matrix": [[0, 40, 0], [0, 38, 2], [0, 40, 0]]},
    {"confusion_matrix": [[40, 0, 0], [20, 20, 0], [20, 20, 0]]},
    {"confusion_matrix": [[40, 0, 0], [20, 20, 0], [0, 0, 0]]},
    {"labels": ["a"], "confusion_matrix": [[9]]},
    {**SEVERAL}, {**SEVERAL, "per_label": {"a": NEVER, "b": ROW, "c": NEVER}},
    {**SEVERAL, "per_label": dict.fromkeys("abc", NEVER)},
    {**SEVERAL, "per_label": {"a": NEVER | {"support": 0}, "b": NEVER, "c": NEVER}},
    {**SEVERAL, "per_label": {"a": ROW | {"support": 9}, "b": ROW | {"support": 10, "precision": None}, "c": ROW}},
    {"promises": {"abstain": ABSTAIN | {"stored": False}}},
    {"promises": {"abstain": ABSTAIN, "label_sets": SETS}},
    {"promises": {"abstain": abstain(answered=SHARE | {"count": 0})}},
    {"promises": {"abstain": abstain(held=False)}},
    {"promises": {"abstain": abstain(held=False, wrong=SHARE | {"low": 0.05})}},
    {"promises": {"abstain": abstain(held=False, wrong=SHARE | {"low": 0.06, "value": 0.0625})}},
    {"promises": {"abstain": abstain(held=False, broken=["a", "b"], promised=list("abc"))}},
    covering(0.7, 0.9), covering(0.7, 0.89), covering(None, None),
    {"split_drift": {"different": {"train/test": ["texts"]}}},
    {"clusters": {"inject": "token", "k": 8, "compared": COMPARED, "epochs": None}},
    {"clusters": {"inject": "token", "k": 8, "compared": COMPARED | {"p_value": 0.3}, "epochs": None}},
    {"clusters": {"inject": "token", "k": 8}},
]  # fmt: skip
AUDITS = [
    {},
    {"findings": {"exact_leaks": {"count": 0}}},
    {"findings": {"exact_leaks": {"count": 4}}, "removed_from_train": {"exact_leaks": 4}},
    {"findings": {"exact_leaks": {"count": 4}, "near_leaks": {"count": 1}}, "removed_from_train": {"exact_leaks": 4}},
    {"findings": {"near_leaks": {"count": 2}, "validation_in_test": {"count": None}}},
    {"findings": {"validation_in_test": {"count": 3}}},
    {"findings": {"exact_leaks": {"count": 4}, "validation_in_test": {"count": 3}}, "removed_from_train": {"x": 4}},
    {"findings": {"made_for_other_languages": {"count": 5}}},
    {"findings": {"made_for_other_languages": {"says": "ko"}}},
    {"findings": {"made_for_other_languages": {"count": 0}}},
]


def test_a_summary_says_what_was_looked_at():
    lines = []
    for change, audit in [*((each, {}) for each in EVALUATIONS), *(({}, each) for each in AUDITS)]:
        evaluation = PLAIN | change
        said = [f"    {line.came_to}: {line.says}" for line in summary.summary(evaluation, audit, SAY)]
        known = f"loses {summary.loses(evaluation)} worthless {summary.worthless(evaluation)}"
        lines += [f"{change or ''} {audit or ''} {known} foreign {summary.cannot_read(audit)}", *said]
    check_approved("summaries.txt", "\n".join(lines))


WHY = {"a": "Reason a.", "b": "Reason b.", "c": "Reason c.", "d": "Reason d."}
NEEDED = {name: {"n": 900, "rows_needed": rows} for name, rows in (("a", 2400), ("b", 1200), ("c", None), ("d", 5000))}


def test_what_became_of_promises_is_said_as_was_looked_at():
    lines = []
    for found in (
        None,
        {},
        {"abstain": ABSTAIN},
        {"abstain": {**ABSTAIN, "stored": False, "why_not": "No cut."}},
        {"abstain": {**ABSTAIN, "stored": False, "why_not": WHY, "guarantee": NEEDED}},
        {"abstain": {**ABSTAIN, "stored": False, "why_not": {"c": "Reason c."}, "guarantee": NEEDED}},
        {"abstain": abstain(answered=SHARE | {"count": 0})},
        {"abstain": abstain(held=False)},
        {"abstain": {**abstain(held=False, promised=list("abcd"), broken=["a"]), "without_promise": list("efg")}},
        {"abstain": {**abstain(promised=list("abc"), broken=[]), "without_promise": []}},
        {"label_sets": SETS},
        {"abstain": ABSTAIN, "label_sets": SETS},
    ):
        lines += [f"{found}", *(f"    {line}" for line in promise_lines(found, "test"))]
    for drift in (None, {}, {"different": {}}, {"different": {"train/test": ["texts", "labels"]}}):
        lines += [f"{drift}: {drift_line(drift)} {trust_lines({'split_drift': drift, 'promises': None})}"]
    for rare, rows in (
        ([], "validation"),
        (["a"], "validation"),
        (["a"], "validation (9) and out-of-fold training rows (90)"),
    ):
        cuts = {"pooled_labels": rare, "chosen_on": rows, "cuts": {"a": 0.5, "b": 0.4}}
        lines += [f"{cuts}: {trust_lines({'split_drift': None, 'promises': None, 'thresholds': cuts})}"]
    one, several = LabelSpace(("a", "b"), False), LabelSpace(("a", "b"), True)
    there, none, never = Outcome(0.9, 90, 60, 1, None), Outcome(None, 90, 20, 3, 1200), Outcome(None, 90, 0, 0, None)
    for outcomes, labels in (({"": there}, one), ({"": none}, one), ({"": never}, one),
                             ({"a": there, "b": none}, several), ({"a": there, "b": there}, several)):  # fmt: skip
        lines.append(str(_told(outcomes, labels, Promise(0.05, 0.95))))
    for rows in (0, 8, 9, 58, 59, 93, 1000):
        splits = DatasetDict({"guarantee": split(["t"] * rows, [0] * rows)})
        for options in (
            {"abstain_risk": 0.05},
            {"set_coverage": 0.9},
            {"abstain_risk": 0.2, "set_coverage": 0.75},
            {},
        ):
            lines += [
                f"{rows} rows, {options}",
                *(f"    {line}" for line in allowed(MeasureArguments(**options), splits)),
            ]
    assert allowed(MeasureArguments(abstain_risk=0.05), DatasetDict({})) == []
    check_approved("promises_said.txt", "\n".join(lines))


def test_cuts_are_where_was_looked_at():
    """By every aim, over scores with ties, labels that are rare, and none at all."""
    rng, lines = np.random.default_rng(2), []
    scores = np.round(rng.random((60, 4)), 2)
    gold = (rng.random((60, 4)) < scores * [1, 0.7, 0.1, 0]).astype(np.int64)
    for aim in ("f1", "f0.5", "f2", "precision>=0.5", "precision>=0.9", "recall>=0.5", "recall>=1", "own", "auto"):
        found = choose(scores, gold, aim, np.array([0.0, 1.0, -1.0, 2.0]))
        lines.append(f"{aim}: {found.aim} {found.n} {np.round(found.cuts, 6).tolist()} pooled {found.pooled_labels} "
                     f"missed {found.missed_labels}")  # fmt: skip
    small = np.array([0.9, 0.8, 0.8, 0.6, 0.2, 0.2])
    for marks in ([1, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]):
        for aim in ("f1", "f2", "precision>=0.3", "precision>=0.9", "recall>=0.2", "recall>=0.9"):
            lines.append(f"{marks} {aim}: {best_cut(small, np.array(marks), parse_aim(aim))}")
    lines.append(f"places {[each.tolist() for each in places(small)]}")
    lines.append(f"noise {[each.tolist() for each in places(np.array([0.5, 0.5 - 1e-7, 0.4]))]}")
    check_approved("cuts.txt", "\n".join(lines))


def test_a_report_of_one_text_and_of_labels_that_nobody_has():
    labels = LabelSpace(("a", "b", "c"), False)
    one = report_on(np.array([[0.5, 0.3, 0.2]], dtype=np.float32), np.array([0]), labels, None, 0)
    assert (one.n, one.metrics["accuracy"]["value"]) == (1, 1.0)
    assert [row["support"] for row in one.per_label.values()] == [1, 0, 0]
    assert one.per_label["b"]["recall"] is None
    assert SimpleNamespace(**one.metrics["accuracy"]).low > 0
