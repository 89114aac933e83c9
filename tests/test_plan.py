"""A run only goes on as what it was; what does not decide its weights may change."""

import json
import shutil

import numpy as np
import pytest

from tests.training_runs import accuracy, arguments, built, rows, train
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.training.encoding import TokenLists, tokenise
from textclf.training.fit import fit
from textclf.training.plan import PLAN


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory):
    return train(tiny_model("bert"), tmp_path_factory.mktemp("begun") / "run", rows(24), rows(8)).path


def go_on(tiny_model, run, train_rows=None, validation_rows=None, model_options=None, **options):
    split = train_rows or rows(24)
    model, tokenizer = built(tiny_model("bert"), split, **(model_options or {}))
    args = arguments(run, resume_from_checkpoint=str(run), **options)
    return fit(model, tokenizer, split, validation_rows or rows(8), args, max_length=64, metrics=accuracy)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"learning_rate": 1e-3}, r"--learning_rate 5e-05 \(now 0.001\)"),
        ({"num_train_epochs": 5}, r"--num_train_epochs 2 \(now 5\)"),
        ({"adam_beta2": 0.5}, r"--adam_beta2 0.999 \(now 0.5\)"),
        ({"model_options": {"lora": "lora"}}, "begun with other model parameters"),
        ({"loss": "focal", "seed": 7}, r"--loss auto \(now focal\), --seed 42 \(now 7\)"),
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


def test_a_run_without_a_plan_goes_on_unchecked(finished, tiny_model, tmp_path):
    run = tmp_path / "old"
    shutil.copytree(finished, run)
    (run / PLAN).unlink()
    assert go_on(tiny_model, run, learning_rate=1e-3).path == run


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
