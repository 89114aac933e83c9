"""What a finished training leaves where the model itself lies in shards, as under FSDP and DeepSpeed."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from tests.training_runs import accuracy, arguments, built, rows
from textclf.labels import LabelSpace
from textclf.training.assembly import assemble
from textclf.training.encoding import tokenise
from textclf.training.outcome import Aside, copy_of_sharded, write_run
from textclf.training.selection import choose_metric


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("modernbert", {}),
        ("bert", {"head": "linear"}),
        ("distilbert", {"head": "linear"}),
        ("bert", {"lora": "lora"}),
        ("deberta-v2", {"lora": "dora"}),
    ],
)
def test_a_sharded_model_is_written_from_its_best_checkpoint(family, options, tiny_model, tmp_path):
    """Adapters were looked up as a model of their own kind, and a head in training form as a stock one."""
    split = rows(24)
    model, tokenizer = built(tiny_model(family), split, **options)
    args = arguments(tmp_path, learning_rate=1e-2, precision="fp32")
    encoded = tokenise(split, tokenizer, 64)
    selection = choose_metric(None, LabelSpace.from_features(split.features), np.array(split["labels"]), accuracy)
    trainer = assemble(model, tokenizer, (encoded, encoded), args, tmp_path, selection).trainer
    assert copy_of_sharded(trainer) is None
    trainer.is_fsdp_enabled = True  # two GPUs at least would be needed for the real thing
    whole = copy_of_sharded(trainer)
    trainer.is_fsdp_enabled = False
    trainer.train()
    inputs = tokenizer(list(split["text"][:6]), padding=True, return_tensors="pt")
    with torch.no_grad():
        trained = model.eval()(**inputs).logits.numpy()
        for parameter in model.parameters():
            parameter.fill_(float("nan"))  # what this process holds of a shard is of no use
    trainer.is_fsdp_enabled = True
    write_run(trainer, tokenizer, tmp_path, {}, 64, Aside(whole))
    saved = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        np.testing.assert_allclose(saved(**inputs).logits.numpy(), trained, atol=1e-4)
    assert (tmp_path / "adapter").is_dir() is ("lora" in options)
