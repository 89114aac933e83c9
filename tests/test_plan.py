"""A run only goes on as what it was; what does not decide its weights may change."""

import json
import shutil
from dataclasses import fields

import numpy as np
import pytest
import torch

from tests.training_runs import accuracy, arguments, built, rows, train
from textclf.data.cleaning import normalizer
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models.checkpoint import prepare_tokenizer
from textclf.training.encoding import TokenLists, tokenise
from textclf.training.fit import fit
from textclf.training.fit_arguments import FitArguments
from textclf.training.resume import FREE, PLAN


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory):
    return train(tiny_model("bert"), tmp_path_factory.mktemp("begun") / "run", rows(24), rows(8)).path


def go_on(tiny_model, run, train_rows=None, validation_rows=None, model_options=None, family="bert", **options):
    split = train_rows or rows(24)
    model, tokenizer = built(tiny_model(family), split, **(model_options or {}))
    max_length = options.pop("max_length", 64)
    args = arguments(run, resume_from_checkpoint=str(run), **options)
    return fit(model, tokenizer, split, validation_rows or rows(8), args, max_length=max_length, metrics=accuracy)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"learning_rate": 1e-3}, r"--learning_rate 5e-05 \(now 0.001\)"),
        ({"num_train_epochs": 5}, r"--num_train_epochs 2 \(now 5\)"),
        ({"adam_beta2": 0.5}, r"--adam_beta2 0.999 \(now 0.5\)"),
        ({"model_options": {"lora": "lora"}}, "begun with .*other initial weights"),
        ({"model_options": {"dropout": 0.3}}, r"the model's hidden_dropout_prob 0.1 \(now 0.3\)"),
        ({"family": "electra"}, r"the model's model_type bert \(now electra\)"),
        ({"max_length": 32}, r"--max_length 64 \(now 32\)"),
        ({"max_grad_norm": 0.5}, r"--max_grad_norm 1.0 \(now 0.5\)"),
        ({"full_determinism": True}, r"--full_determinism False \(now True\)"),
        ({"loss": "focal", "seed": 7}, r"--seed 42 \(now 7\), --loss auto \(now focal\)"),
        ({"per_device_train_batch_size": 4}, r"texts in a step 8 \(now 4\)"),
        ({"train_rows": rows(25)}, "begun with other training rows"),
        ({"train_rows": rows(24, seed=1)}, "begun with other training rows"),
        ({"validation_rows": rows(9)}, "begun with other validation rows"),
    ],
)
def test_another_run_is_refused_with_every_difference(changed, said, finished, tiny_model):
    with pytest.raises(UserError, match=said) as error:
        go_on(tiny_model, finished, **changed)
    assert f"--resume_from_checkpoint {finished}" in str(error.value)


def test_the_same_run_goes_on_with_other_threads_and_a_step_cut_otherwise(finished, tiny_model):
    found = go_on(tiny_model, finished, threads=2, per_device_train_batch_size=4, gradient_accumulation_steps=2)
    assert found.path == finished


def test_a_run_without_a_plan_is_refused(finished, tiny_model, tmp_path):
    """It went on unchecked: nothing says what it was begun with."""
    run = tmp_path / "old"
    shutil.copytree(finished, run)
    (run / PLAN).unlink()
    with pytest.raises(UserError, match=r"plan.json is missing, .*: begin anew with another --output_dir"):
        go_on(tiny_model, run)


def test_another_base_model_of_the_same_shape_is_refused(finished, tiny_model):
    """With the embeddings of occurring tokens alone, its others would have been mixed into the first one's."""
    split = rows(24)
    model, tokenizer = built(tiny_model("bert"), split)
    with torch.no_grad():
        model.get_input_embeddings().weight[-1, 0] += 1e-3  # one number of a token that may not even occur
    args = arguments(finished, resume_from_checkpoint=str(finished))
    with pytest.raises(UserError, match=r"was begun with other initial weights\."):
        fit(model, tokenizer, split, rows(8), args, max_length=64, metrics=accuracy)


def test_another_cleaning_is_refused_though_it_leaves_every_text_as_it_was(finished, tiny_model):
    """It went on: the tokenizer in the folder did not clean, the recipe beside it said that it does."""
    split = rows(24)
    model, tokenizer = built(tiny_model("bert"), split)
    prepare_tokenizer(tokenizer, normalizer(["strip_urls"]))  # there are no addresses in these texts
    args = arguments(finished, resume_from_checkpoint=str(finished))
    with pytest.raises(UserError, match=r"was begun with another tokenizer or cleaning\."):
        fit(model, tokenizer, split, rows(8), args, max_length=64, metrics=accuracy)


def test_of_very_many_differences_the_first_are_told(finished, tiny_model):
    """An adapter that was not there before has thirty settings of its own."""
    with pytest.raises(UserError, match=r"begun with --seed 42 \(now 7\), .* and \d\d more differences\.") as error:
        go_on(tiny_model, finished, seed=7, model_options={"lora": "lora"})
    assert len(str(error.value)) < 700 + 2 * len(str(finished))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lora_alpha": 64}, r"the model's adapter lora_alpha 16 \(now 64\)"),
        ({"lora": "rslora"}, r"the model's adapter use_rslora False \(now True\)"),
        ({"lora_dropout": 0.5}, r"the model's adapter lora_dropout 0.1 \(now 0.5\)"),
    ],
)
def test_an_adapter_goes_on_as_it_was(changed, said, tiny_model, tmp_path):
    split, run = rows(24), tmp_path / "run"
    model, tokenizer = built(tiny_model("bert"), split, lora="lora")
    fit(model, tokenizer, split, rows(8), arguments(run), max_length=64, metrics=accuracy)
    with pytest.raises(UserError, match=said):
        go_on(tiny_model, run, model_options={"lora": "lora", **changed})
    assert go_on(tiny_model, run, model_options={"lora": "lora"}).path == run


def test_a_setting_decides_unless_it_is_listed_as_free(finished):
    """The list was the other way round: a forgotten setting passed."""
    names = {field.name for field in fields(FitArguments) if field.init}
    assert names >= FREE
    plan = json.loads((finished / PLAN).read_text())
    assert {name[2:] for name in plan if name.startswith("--")} == (names - FREE) | {"max_length"}
    assert not FREE & {"learning_rate", "seed", "loss", "optim", "num_train_epochs", "eval_steps", "warmup_steps"}


def test_the_plan_is_readable(finished):
    plan = json.loads((finished / PLAN).read_text())
    assert plan["--lr_scheduler_type"] == "linear"
    assert plan["labels"] == ["ko", "en"]
    assert plan["texts in a step"] == 8


def test_a_digest_follows_from_ids_and_labels_however_they_lie(tiny_model):
    split = rows(24)
    _, tokenizer = built(tiny_model("bert"), split)
    encoded = tokenise(split, tokenizer, 64)
    assert tokenise(split.select(range(24)), tokenizer, 64).digest() == encoded.digest()
    assert tokenise(split.select([1, 0, *range(2, 24)]), tokenizer, 64).digest() != encoded.digest()
    assert tokenise(split, tokenizer, 8).digest() != encoded.digest()
    flipped = split.map(lambda row: {"labels": 1 - row["labels"]})
    assert tokenise(flipped, tokenizer, 64).digest() != encoded.digest()
    assert LabelSpace.from_features(flipped.features).names == ("ko", "en")
    pieces = [encoded.input_ids[i] for i in range(24)]
    gathered = TokenLists([(piece, np.array([0, len(piece)])) for piece in pieces])
    encoded.input_ids = gathered
    assert encoded.digest() == tokenise(split, tokenizer, 64).digest()
