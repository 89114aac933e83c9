"""After training each split goes through the model once at most, and what is known of it is what the folder gives."""

import hashlib
import logging
import shutil

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from safetensors.numpy import load_file, save_file

from tests.tiny_models import SENTENCES
from tests.training_runs import arguments, built, rows, train
from textclf.arguments import MeasureArguments
from textclf.evaluation import known_scores
from textclf.evaluation.decisions import TRAINING, settle
from textclf.evaluation.known_scores import KnownScores
from textclf.evaluation.report import quick_metrics
from textclf.inference.classifier import Classifier, texts_of
from textclf.run_folder import VALIDATION_LOGITS, RunFolder
from textclf.training.fit import fit

NAMES = ("정치", "경제")
FEATURES = Features({"text": Value("string"), "labels": ClassLabel(names=list(NAMES))})
TEXTS = [f"{i} {text}" for i, text in enumerate(SENTENCES * 3)]
VALIDATION = Dataset.from_dict({"text": TEXTS, "labels": [0, 1] * (len(TEXTS) // 2)}, features=FEATURES)


@pytest.fixture
def run(tiny_model, tmp_path):
    shutil.copytree(tiny_model("bert", labels=NAMES), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.write_text(TRAINING, '{"training": {"steps": 3}}')
    return folder


@pytest.fixture
def scored(monkeypatch):
    """How many texts each call of the classifier took."""
    calls, original = [], Classifier._all_logits

    def counted(self, texts, windows):
        calls.append(len(texts))
        return original(self, texts, windows)

    monkeypatch.setattr(Classifier, "_all_logits", counted)
    return calls


def keep(run, logits, training=None):
    made_by = hashlib.sha256((run.path / TRAINING).read_bytes()).hexdigest()
    save_file({"logits": logits}, run.path / VALIDATION_LOGITS, metadata={"training": training or made_by})


def test_settling_scores_validation_once_and_says_what_the_saved_folder_gives(run, scored):
    settled = settle(run, VALIDATION, MeasureArguments())
    assert scored == [len(TEXTS)]
    classifier = Classifier.load(run.path)
    np.testing.assert_allclose(settled.scores, classifier.scores(TEXTS), atol=1e-5)
    scored.clear()
    known = KnownScores.of(classifier, VALIDATION, settled.scores)
    assert known.scores(texts_of(VALIDATION)) is settled.scores
    assert scored == [32], "a sample is enough"


def test_logits_that_training_kept_are_taken_once_a_sample_confirms_them(run, scored):
    plain = settle(run, VALIDATION, MeasureArguments())
    logits = Classifier.load(run.path).logits(TEXTS) * np.float32(plain.record["calibration"]["temperature"])
    keep(run, logits)
    scored.clear()
    again = settle(run, VALIDATION, MeasureArguments())
    assert scored == [32]
    np.testing.assert_allclose(again.scores, plain.scores, atol=1e-5)
    temperatures = [each.record["calibration"]["temperature"] for each in (plain, again)]
    assert temperatures[0] == pytest.approx(temperatures[1], rel=1e-3)


@pytest.mark.parametrize("case", ["other weights", "another training", "fewer rows", "no numbers"])
def test_logits_that_are_not_this_models_are_not_believed(case, run, scored, caplog):
    logits = Classifier.load(run.path).logits(TEXTS)
    plain = settle(run, VALIDATION, MeasureArguments())
    changed = {"other weights": logits + np.linspace(0, 1, 2, dtype=np.float32), "fewer rows": logits[:-1]}
    changed["no numbers"] = logits * np.float32(np.nan)
    keep(run, changed.get(case, logits), "0" * 64 if case == "another training" else None)
    scored.clear()
    with caplog.at_level(logging.WARNING):
        again = settle(run, VALIDATION, MeasureArguments())
    assert scored[-1] == len(TEXTS)
    np.testing.assert_array_equal(again.scores, plain.scores)
    assert ("it scores the whole split anew" in caplog.text) == (case in {"other weights", "no numbers"})


def test_a_reloaded_folder_that_differs_is_scored_anew(run, scored, monkeypatch):
    classifier = Classifier.load(run.path)
    wrong = classifier.scores(TEXTS)[:, ::-1].copy()
    known = KnownScores.of(classifier, VALIDATION, wrong)
    np.testing.assert_allclose(known.scores(TEXTS), wrong[:, ::-1], atol=1e-6)
    monkeypatch.setattr(known_scores, "NOISE", 2.0)
    assert KnownScores.of(classifier, VALIDATION, wrong).scores(TEXTS) is wrong


@pytest.mark.parametrize(
    "options", [{}, {"lora": "lora"}, {"head": "linear"}], ids=["plain", "adapter", "linear head"]
)
def test_training_keeps_the_logits_of_the_checkpoint_it_leaves(options, tiny_model, tmp_path):
    """In the split's own order, though validation goes through the model longest text first."""
    validation = rows(30, seed=5)
    folder = tiny_model("roberta")
    run = trained(folder, tmp_path / "run", validation, options)
    kept = load_file(run / VALIDATION_LOGITS)["logits"]
    classifier = Classifier.load(run)
    np.testing.assert_allclose(kept, classifier.logits(texts_of(validation)), atol=2e-5)
    assert kept.std() > 1e-3


def trained(folder, output_dir, validation, model_options):
    model, tokenizer = built(folder, validation, **model_options)
    args = arguments(output_dir, num_train_epochs=2, learning_rate=1e-3, precision="fp32")
    return fit(model, tokenizer, rows(24), validation, args, max_length=64, metrics=quick_metrics).path


def test_logits_are_told_from_what_else_a_model_gives(tiny_model, tmp_path):
    validation = rows(10, seed=5)
    model, tokenizer = built(tiny_model("bert"), validation)
    model.config.output_hidden_states = True
    args = arguments(tmp_path / "run", num_train_epochs=1, learning_rate=1e-3, precision="fp32")
    run = fit(model, tokenizer, rows(12), validation, args, max_length=64, metrics=quick_metrics).path
    kept = load_file(run / VALIDATION_LOGITS)["logits"]
    np.testing.assert_allclose(kept, Classifier.load(run).logits(texts_of(validation)), atol=2e-5)


def test_logits_of_a_training_in_half_precision_are_not_kept(tiny_model, tmp_path):
    run = train(tiny_model("bert"), tmp_path / "run", rows(16), rows(8), precision="bf16", num_train_epochs=1)
    assert not (run.path / VALIDATION_LOGITS).exists()
