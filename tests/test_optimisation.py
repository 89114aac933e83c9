"""Exactness: one optimiser step is the same however it is done; who learns when, and how fast."""

import copy
import json
import re

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AlbertConfig, AlbertForSequenceClassification, Trainer

from tests.tiny_models import FAMILIES
from tests.training_runs import accuracy, arguments, built, rows, train, without_dropout
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.training.assembly import assemble
from textclf.training.encoding import tokenise
from textclf.training.fit import fit
from textclf.training.optimisation import HeadFirst, layered_optimizer
from textclf.training.selection import choose_metric

CASES = [
    (multi_label, loss, weights)
    for multi_label, loss, weights in [
        (False, "cross_entropy", []),
        (False, "cross_entropy", ["balanced"]),
        (False, "focal", ["0.5", "2"]),
        (False, "logit_adjusted", []),
        (True, "bce", []),
        (True, "bce", ["balanced"]),
        (True, "focal", []),
        (True, "asymmetric", []),
    ]
]


def after_training(model, tokenizer, split, folder, **options):
    """Weights after training, the losses and gradient norms on the way; dropout 0, fp32."""
    model = without_dropout(copy.deepcopy(model))
    args = arguments(folder, precision="fp32", logging_steps=1, num_train_epochs=1, learning_rate=1e-3, **options)
    labels = LabelSpace.from_features(split.features)
    encoded = tokenise(split, tokenizer, 64)
    selection = choose_metric(None, labels, labels.gold(split), accuracy)
    trainer = assemble(model, tokenizer, (encoded, encoded), args, folder, selection).trainer
    trainer.train()
    logged = [(log["loss"], log["grad_norm"]) for log in trainer.state.log_history if "grad_norm" in log]
    with torch.no_grad():
        final = model.eval()(**tokenizer(list(split["text"][:8]), padding=True, return_tensors="pt")).logits
    return np.array(logged), final.numpy()


@pytest.mark.parametrize(("multi_label", "loss", "weights"), CASES)
def test_batch_times_accumulation_gives_one_result(multi_label, loss, weights, tiny_model, tmp_path):
    """Trainer alone gives a loss and gradient 2 and 4 times too large here (transformers issue 47688)."""
    split = rows(88, multi_label)  # 3 steps of 29 or 30: no way of doing them divides evenly
    model, tokenizer = built(tiny_model("bert"), split)
    options = {"loss": loss, "class_weights": weights}
    ways = [(32, 1), (16, 2), (8, 4)]
    found = [
        after_training(
            model,
            tokenizer,
            split,
            tmp_path / f"{batch}",
            per_device_train_batch_size=batch,
            gradient_accumulation_steps=accumulation,
            **options,
        )
        for batch, accumulation in ways
    ]
    assert len(found[0][0]) == 3
    for logged, final in found[1:]:
        assert np.abs(logged - found[0][0]).max() < 1e-5 * max(1.0, np.abs(found[0][0]).max())
        assert np.abs(final - found[0][1]).max() < 1e-5


def test_the_loss_of_a_step_is_the_mean_over_its_rows(tiny_model, tmp_path):
    """Against PyTorch's own cross-entropy over all rows at once."""
    split = rows(30)
    model, tokenizer = built(tiny_model("bert"), split)
    logged, _ = after_training(
        model, tokenizer, split, tmp_path, per_device_train_batch_size=8, gradient_accumulation_steps=4
    )
    model.eval()
    inputs = tokenizer(list(split["text"]), padding=True, truncation=True, max_length=64, return_tensors="pt")
    loss = nn.functional.cross_entropy(model(**inputs).logits, torch.tensor(split["labels"]))
    loss.backward()
    norm = torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm()
    assert logged[0] == pytest.approx([loss.item(), norm.item()], rel=1e-5)


def test_lower_layers_learn_more_slowly(tiny_model):
    split = rows(4)
    model, _ = built(tiny_model("bert"), split)
    args = arguments(None, learning_rate=1.0, layer_decay=0.5, weight_decay=0.1)
    rate = {}
    for group in layered_optimizer(model, args).param_groups:
        rate |= {id(parameter): (group["lr"], group["weight_decay"]) for parameter in group["params"]}
    found = {name: rate[id(parameter)] for name, parameter in model.named_parameters()}
    assert found["classifier.weight"] == (1.0, 0.1)
    assert found["bert.pooler.dense.weight"] == (1.0, 0.1)
    assert found["bert.encoder.layer.1.output.dense.weight"] == (0.5, 0.1)
    assert found["bert.encoder.layer.0.output.dense.weight"] == (0.25, 0.1)
    assert found["bert.embeddings.word_embeddings.weight"] == (0.125, 0.1)
    assert found["bert.encoder.layer.0.output.dense.bias"] == (0.25, 0.0)
    assert found["bert.encoder.layer.0.output.LayerNorm.weight"] == (0.25, 0.0)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "deberta-v2", "modernbert", "mpnet", "electra"])
def test_every_parameter_is_in_one_group_and_weight_decay_is_the_trainers(family, tiny_model):
    split = rows(4)
    model, _ = built(tiny_model(family), split)
    args = arguments(None, learning_rate=1.0, layer_decay=0.5, weight_decay=0.1)
    groups = layered_optimizer(model, args).param_groups
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    theirs = Trainer.get_decay_parameter_names(None, model)
    assert decayed == {id(p) for name, p in model.named_parameters() if name in theirs}
    assert len({group["lr"] for group in groups}) == 4, "the head, two layers, the embeddings"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_learning_rate_falls_from_layer_to_layer_in_every_family(family, tiny_model):
    """modernbert's final norm, behind the top layer, had the rate of the embeddings."""
    model, _ = built(tiny_model(family), rows(4))
    args = arguments(None, learning_rate=1.0, layer_decay=0.5)
    rate = {id(p): group["lr"] for group in layered_optimizer(model, args).param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        layer = re.search(r"\.layers?\.([01])\.", name)
        expected = {"0": 0.25, "1": 0.5}[layer[1]] if layer else 0.125
        if re.match(r"classifier|pre_classifier|head\.|pooler|bert\.pooler", name):
            expected = 1.0
        elif name.endswith("final_norm.weight"):
            expected = 0.5
        assert rate[id(parameter)] == expected, name


def test_an_albert_has_its_pooler_in_the_head():
    size = {"vocab_size": 50, "embedding_size": 16, "hidden_size": 32, "num_hidden_layers": 1}
    model = AlbertForSequenceClassification(AlbertConfig(**size, num_attention_heads=2, intermediate_size=64))
    waiting = {id(p) for p in HeadFirst(model, 1.0).waiting}
    free = {name for name, p in model.named_parameters() if id(p) not in waiting}
    assert free == {"albert.pooler.weight", "albert.pooler.bias", "classifier.weight", "classifier.bias"}


def test_the_head_learns_first(tiny_model, tmp_path):
    split = rows(32)
    model, tokenizer = built(tiny_model("bert"), split)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    changed = {}

    def metrics(gold, scores):
        now = {name.startswith("bert.encoder") for name, p in model.named_parameters() if not p.equal(before[name])}
        changed[len(changed)] = now
        return accuracy(gold, scores)

    args = arguments(tmp_path / "run", freeze_encoder_epochs=1, num_train_epochs=2, learning_rate=1e-3)
    fit(model, tokenizer, split, split, args, max_length=64, metrics=metrics)
    assert changed == {0: set(), 1: {False}, 2: {False, True}}


@pytest.mark.parametrize("lora", ["none", "lora"])
def test_a_pooler_is_head_and_learns_with_it(lora, tiny_model, tmp_path):
    """BERT's pooler has the encoder's prefix: it got the embeddings' rate, and stayed frozen though freshly drawn."""
    split = rows(32)
    model, _ = built(tiny_model("bert"), split, head="mlp", lora=lora)
    args = arguments(tmp_path / "run", learning_rate=1.0, layer_decay=0.5)
    rate = {id(p): group["lr"] for group in layered_optimizer(model, args).param_groups for p in group["params"]}
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert {rate[id(p)] for name, p in learning.items() if "pooler" in name} == {1.0}
    assert {rate[id(p)] for name, p in learning.items() if ".layer.0." in name} == {0.25}
    waiting = {id(p) for p in HeadFirst(model, 1.0).waiting}
    assert {name for name, p in learning.items() if id(p) not in waiting} == {
        name for name in learning if "pooler" in name or "classifier" in name
    }


def test_a_plateau_of_a_metric_that_should_rise_lowers_the_rate(tiny_model, tmp_path):
    """PyTorch's default watches for less: a rising score would have halved the rate."""
    for name, values, halved in (("rising", [0.1, 0.2, 0.3, 0.4, 0.5], False), ("flat", [0.1] * 5, True)):
        series = iter([0.0, *values])
        run = train(
            tiny_model("bert"),
            tmp_path / name,
            rows(16),
            rows(8),
            metrics=lambda gold, scores, series=series: {"f1_macro": next(series)},
            lr_scheduler_type="reduce_lr_on_plateau",
            num_train_epochs=5,
            logging_steps=1,
            learning_rate=1e-4,
        )
        lines = [json.loads(line) for line in (run.path / "training_log.jsonl").read_text().splitlines()]
        rates = [line["learning_rate"] for line in lines if "learning_rate" in line]
        assert (rates[-1] < 1e-4) is halved


def test_a_plateau_schedule_has_no_warm_up_to_ignore(tiny_model, tmp_path):
    with pytest.raises(UserError, match="has no warm-up"):
        train(
            tiny_model("bert"),
            tmp_path / "run",
            rows(8),
            rows(8),
            lr_scheduler_type="reduce_lr_on_plateau",
            warmup_steps=5,
        )
