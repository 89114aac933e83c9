"""A new head for several labels begins at their frequencies; one that goes on is left as it is."""

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from tests.training_runs import rows, train
from textclf.models.heads import last_linear
from textclf.models.prior import begin_at_prior
from textclf.training import fit as fit_module

GOLD = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]])


def fresh(tiny_model, family):
    names = ["가", "나", "다"]
    return AutoModelForSequenceClassification.from_pretrained(tiny_model(family), num_labels=len(names))


def test_the_bias_is_the_log_odds_of_each_label(tiny_model):
    for family in ("bert", "roberta"):
        model = fresh(tiny_model, family)
        begin_at_prior(model, GOLD)
        # one of four: odds 1 to 3; none: half a text of four; all: four against half a text
        assert torch.allclose(last_linear(model).bias.exp(), torch.tensor([1 / 3, 0.125, 8.0]))


def test_a_head_that_has_learned_is_left_alone(tiny_model):
    model = fresh(tiny_model, "bert")
    with torch.no_grad():
        last_linear(model).bias[1] = 0.25
    begin_at_prior(model, GOLD)
    assert last_linear(model).bias.tolist() == [0.0, 0.25, 0.0]


def test_only_trainings_with_several_labels_and_no_weights_begin_there(tiny_model, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(fit_module, "begin_at_prior", lambda model, gold: begun.append(gold.shape))
    folder, several = tiny_model("bert"), (rows(16, multi_label=True), rows(8, multi_label=True))
    train(folder, tmp_path / "several", *several, num_train_epochs=1)
    assert begun == [(16, len(several[0].features["labels"].feature.names))]
    train(folder, tmp_path / "weighed", *several, num_train_epochs=1, class_weights=["balanced"])
    train(folder, tmp_path / "one", rows(16), rows(8), num_train_epochs=1)
    assert len(begun) == 1
