"""The parts put together: what the Trainer is told, and how many steps there are."""

import numpy as np
import pytest

from tests.tiny_models import FAMILIES
from tests.training_runs import accuracy, arguments, built, rows
from textclf.labels import LabelSpace
from textclf.training.assembly import ALL_LEARN, assemble, step_batches
from textclf.training.encoding import tokenise
from textclf.training.selection import choose_metric


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_that_learns_has_a_gradient(family, tiny_model):
    """So that several processes need not search for those without one in each step."""
    assert family in ALL_LEARN
    split = rows(8)
    for options in ({}, {"head": "linear"}, {"head": "mlp"}, {"lora": "lora"}):
        model, tokenizer = built(tiny_model(family), split, **options)
        inputs = tokenizer(list(split["text"]), padding=True, truncation=True, max_length=64, return_tensors="pt")
        model.train()(**inputs).logits.logsumexp(1).sum().backward()
        assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None], options


@pytest.mark.parametrize(("options", "searched"), [({}, False), ({"freeze_encoder_epochs": 1}, True)])
def test_parameters_without_gradient_are_searched_for_where_there_are_some(options, searched, tiny_model, tmp_path):
    split = rows(8)
    model, tokenizer = built(tiny_model("bert"), split)
    labels = LabelSpace.from_features(split.features)
    selection = choose_metric(None, labels, labels.gold(split), accuracy)
    encoded = tokenise(split, tokenizer, 64)
    trainer = assemble(
        model, tokenizer, (encoded, encoded), arguments(tmp_path, **options), tmp_path, selection
    ).trainer
    assert trainer.args.ddp_find_unused_parameters is searched


def test_epochs_have_equally_many_steps_however_far_max_steps_goes():
    """One epoch of these lengths needs fewer steps than some later ones."""
    lengths = np.random.default_rng(2).integers(3, 128, 60)
    alone = step_batches(lengths, arguments("x", tokens_per_batch=256, num_train_epochs=1))
    far = step_batches(lengths, arguments("x", tokens_per_batch=256, num_train_epochs=1, max_steps=2000))
    counts = [len(far.steps(epoch)) for epoch in range(2000 // far.steps_per_epoch + 1)]
    assert set(counts) == {far.steps_per_epoch}
    assert far.steps_per_epoch > alone.steps_per_epoch
