"""What a command shows at its end."""

import re
from pathlib import Path

from textclf.evaluation.names import baseline_name
from textclf.evaluation.table import show_report, show_results

METRICS = ("accuracy", "f1_macro", "f1_micro", "roc_auc", "log_loss", "ece")
NAMES = ("majority", "prior", "tfidf_svm", "bag_of_words", "frozen_encoder", "word2vec_skipgram")


SEVERAL = ("f1_macro", "f1_micro", "subset_accuracy", "average_precision_micro", "log_loss", "ece")


def evaluation(baselines, metrics=METRICS):
    figures = {name: {"value": 0.5 + i / 100, "low": 0.4, "high": 0.6} for i, name in enumerate(metrics)}
    return {
        "split": "test",
        "n": 80,
        "metrics": figures,
        "confusion_matrix": [[1, 0], [0, 1]] if metrics is METRICS else None,
        "baselines": {name: {"metrics": figures} for name in baselines},
    }


def test_a_few_baselines_stand_beside_the_model(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    show_results(evaluation(NAMES[:1], METRICS[:2]), Path("run"))
    shown = capsys.readouterr().out
    assert "│ accuracy   │ 0.5000 [0.4000, 0.6000] │              0.5000 │" in shown
    assert "f1_micro" not in shown
    assert "…" not in shown


def test_many_baselines_have_a_line_each(monkeypatch, capsys):
    """Eight columns beside the model left no room for a metric's name or a whole number."""
    monkeypatch.setenv("COLUMNS", "80")
    show_results(evaluation(NAMES), Path("run"))
    shown = capsys.readouterr().out
    assert re.search(r"│ accuracy +│ 0.5000 \[0.4000, 0.6000\] │", shown)
    assert len(re.findall(r"│ [^│]+ +│ +0.5000 │ +0.5100 │ +0.5300 │", shown)) == len(NAMES)
    assert all(word in shown for name in NAMES for word in baseline_name(name).split())
    assert "…" not in shown


def test_long_metric_names_stay_whole(monkeypatch, capsys):
    """With three baselines beside the model, average precision (micro) was cut."""
    monkeypatch.setenv("COLUMNS", "80")
    show_results(evaluation(NAMES[:3], SEVERAL), Path("run"))
    shown = capsys.readouterr().out
    assert re.search(r"│ average precision \(micro\) +│ 0.5300 \[0.4000, 0.6000\] │", shown)
    assert "…" not in shown
    assert all(word in shown for name in NAMES[:3] for word in baseline_name(name).split())


def test_the_title_of_a_narrow_table_stays_on_one_line(monkeypatch, capsys):
    """It was broken in the middle: `validation, n = 5, 95 % bootstrap`, `intervals`."""
    monkeypatch.setenv("COLUMNS", "80")
    found = evaluation([]) | {"split": "validation", "n": 12345, "per_label": {}}
    show_report(found)
    assert "validation, n = 12,345, 95 % intervals" in capsys.readouterr().out


def test_no_raw_name_is_shown(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    show_results(evaluation(NAMES[:3], SEVERAL), Path("run"))
    shown = capsys.readouterr().out
    assert "F1 (macro)" in shown
    assert "TF-IDF" in shown
    assert "lower is better" in shown
    assert not re.search(r"[a-z]+_[a-z]+", shown.split("The run folder")[0])
