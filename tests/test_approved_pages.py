"""Whole pages of evaluation.html as they are written, of a few runs: every word, figure and point of a chart."""

import json
import re

import pytest

from tests.approved import check_approved, in_lines
from tests.test_page import FULL, page_data, page_of
from tests.test_whole_pages import ENGINE, PROMISES
from textclf.evaluation.attribution import Attribution, Word
from textclf.evaluation.page.shading import _cut, _shaded
from textclf.evaluation.table import show_gate, show_report, show_results

EPOCHS = [
    {"epoch": 0.0, "dimensions": 8, "mean_cosine": 0.9, "iso_score": None, "dimensions_90": 2, "map": [[0, 0]] * 3},
    {"epoch": 1.0, "dimensions": 8, "mean_cosine": 0.25, "iso_score": 0.125, "dimensions_90": 5, "map": [[1, 2]] * 3},
]
COMPARED = {"metric": "f1_macro", "difference": 0.0213, "low": 0.004, "high": 0.0391, "p_value": 0.012}
CLUSTERS = {
    "inject": "token",
    "k": 8,
    "compared": COMPARED,
    "epochs": {"metric": "f1_macro", "value": 0.8, "control": 3.0, "reached": 2.0},
}
DIFFER = {"different": {"train/test": ["texts", "labels"]}}
AUDIT = {
    "findings": {"exact_leaks": {"count": 4}, "near_leaks": {"count": 2}, "validation_in_test": {"count": 3}},
    "removed_from_train": {"exact": 4},
}
LOG = [
    {"step": 1, "loss": 0.91234, "learning_rate": 1e-5, "epoch": 0.5},
    {"step": 2, "eval_loss": 0.7, "eval_f1_macro": 0.5, "eval_accuracy": 0.6, "epoch": 1.0},
]


def written(folder, names, several=False, n=24, **more):
    """Return a run's page: its body, and its data as lines; a state map and a training log lie beside it."""
    (folder / "checkpoints").mkdir(parents=True)
    more = {"task": "multi_label_classification" if several else "single_label_classification", **more}
    (folder / "training_log.jsonl").write_text("\n".join(map(json.dumps, LOG)), encoding="utf-8")
    maps = {"of": n, "rows": [0, 3, 5], "epochs": EPOCHS}
    (folder / "checkpoints" / "state_maps.json").write_text(json.dumps(maps), encoding="utf-8")
    (folder / "audit.json").write_text(json.dumps(AUDIT), encoding="utf-8")
    html = page_of(folder, names, several, n, **more)
    body = re.sub(r"<script>.*?</script>|<script type.*?</script>", "", html[html.index("<body>") :], flags=re.DOTALL)
    body = re.sub(r"\d{4}-\d\d-\d\d", "DATE", re.sub(r"\n\s*\n", "\n", body)).replace(str(folder), "FOLDER")
    data = page_data(html)
    assert data.pop("say") and data.pop("run") == str(folder)
    return f"{body}\n{in_lines(data)}"


BASELINES = {
    name: {"chosen": {}, "metrics": {"accuracy": {"value": value, "low": 0.4, "high": 0.6},
                                     "f1_macro": {"value": value}}}
    for name, value in (("tfidf_svm", 0.512345), ("prior", 0.3333))
}  # fmt: skip
RUNS = {
    "korean": (["부정", "긍정", "중립"], False, 24, FULL | {"data": {"name": "리뷰", "languages": ["ko"]},
               "baselines": BASELINES, "promises": PROMISES, "clusters": CLUSTERS, "split_drift": DIFFER}),
    "several": (["grain", "wheat", "<b>corn</b>"], True, 24, {
        "thresholds": {"aim": "precision>=0.9", "n": 60, "baked": True, "pooled_labels": ["grain"], "aim_missed": []},
        "engines": {"onnx-int8": ENGINE, "onnx": ENGINE | {"outcome": "passed"}}, "baselines": BASELINES,
        "selection": {"metric": "f1_micro", "epoch": 1.0}, "clusters": {"inject": "token", "k": 8}}),
    "many": ([f"label {i}" for i in range(12)], False, 40, {
        "against_baseline": FULL["against_baseline"] | COMPARED | {"difference": -0.4, "low": -0.5, "high": -0.3},
        "clusters": CLUSTERS | {"compared": COMPARED | {"low": None, "high": None}, "epochs": None}}),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_pages_are_those_that_were_looked_at(name, tmp_path):
    names, several, n, more = RUNS[name]
    check_approved(f"page_{name}.txt", written(tmp_path / "run", names, several, n, **more))


def test_shades_cut_a_text_into_pieces_by_hand():
    """A word is shaded from 3 % of the strongest word's score; runs of spaces are one."""
    text = "참 좋은  영화, good but"
    marks = [(0, 1, 0.5), (2, 4, 2.0), (6, 9, 0.05), (10, 14, -1.0), (15, 18, 0.06)]
    words = [Word(text[start:end], start, end, 0, score, True) for start, end, score in marks]
    words.append(Word("unread", 0, 6, 1, 1.0, False))
    found = _shaded(Attribution((text, "unread", ""), tuple(words), "a", 0.5, 1.0, 0.0, 0.0, 16))
    first = [["참", 0.25], [" ", 0], ["좋은", 1.0], [" ", 0], ["영화, ", 0], ["good", -0.5], [" ", 0], ["but", 0.03]]
    joined = [[piece, share] for piece, share in found[0]]
    assert "".join(piece for piece, _ in joined) == "참 좋은 영화, good but"
    assert [pair for pair in joined if pair[1]] == [pair for pair in first if pair[1]]
    assert found[1:] == [[["unread", 0]]]
    assert _cut([["abc", 0.5], ["defg", 0], ["h", 1]], 7) == [["abc", 0.5], ["defg", 0], [" …", 1]]
    assert _cut([["abc", 0.5], ["de  fg", 0]], 6) == [["abc", 0.5], ["de …", 0]]


def test_the_screen_says_what_was_looked_at(tmp_path, monkeypatch, capsys):
    figure = {"value": 0.87654, "low": 0.8, "high": 0.95}
    none = {"value": 0.5, "low": None, "high": None, "no_interval": "too few resamples have it"}
    metrics = {
        "accuracy": figure,
        "f1_macro": figure,
        "f1_micro": figure,
        "log_loss": none,
        "ece": none,
        "mcc": figure,
    }
    row = {"precision": figure, "recall": None, "f1": figure, "support": 12}
    found = {"split": "test", "n": 1234, "confusion_matrix": [[1]], "metrics": metrics, "per_label": {"긍정": row},
             "notes": ["A note."], "baselines": BASELINES, "against_baseline": {"verdict": "It wins."}}  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for columns in ("110", "60"):
        monkeypatch.setenv("COLUMNS", columns)
        show_results(found, "runs/x")
    show_report({name: found[name] for name in ("split", "n", "confusion_matrix", "metrics", "per_label")})
    passed = {"outcome": "passed", "bytes": 24_564_946, "reason": "As torch."}
    show_gate({"engines": {"onnx-int8": passed, "onnx": {"outcome": "failed", "reason": "Far."}}}, "runs/x")
    check_approved("screen.txt", "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()))
