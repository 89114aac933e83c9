"""Adapters: the merged checkpoint, the adapter on its base and the trained model agree, for every family."""

import json

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer, set_seed

from tests.tiny_models import FAMILIES, make_tiny
from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models import checkpoint, encoder
from textclf.models.encoder import build
from textclf.models.heads import fold
from textclf.models.lora import check_lora

LABELS = LabelSpace(("부정", "중립", "긍정"), multi_label=False)
TEXTS = ["정말 최악이에요.", "This is good, really good!", "Prices rose again.", "빵과 우유 값이 또 올랐다"]


def adapted(folder, **settings):
    set_seed(1)
    return build(ModelArguments(model=str(folder), lora_dropout=0.0, **settings), LABELS)


def train(model, inputs, steps=3):
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(**inputs).logits, torch.tensor([0, 2, 1, 0])).backward()
        optimizer.step()
    model.eval()


def logits(model, inputs):
    with torch.no_grad():
        return model.eval()(**inputs).logits.numpy()


@pytest.mark.parametrize("kind", ["lora", "rslora", "dora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_merged_checkpoint_and_adapter_give_the_trained_scores(family, kind, tiny_model, tmp_path):
    folder = tiny_model(family)
    model, tokenizer = adapted(folder, lora=kind)
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    start = logits(model, inputs)
    train(model, inputs)
    trained = logits(model, inputs)
    assert np.abs(trained - start).max() > 0.05
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)

    merged = AutoModelForSequenceClassification.from_pretrained(tmp_path / "run")
    np.testing.assert_allclose(logits(merged, inputs), trained, atol=2e-5)
    set_seed(99)  # whatever the adapter does not hold would now be drawn differently
    base = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    alone = PeftModel.from_pretrained(base, tmp_path / "run" / "adapter")
    np.testing.assert_allclose(logits(alone, inputs), trained, atol=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_adapter_takes_over_a_calibrated_head(family, tiny_model, tmp_path):
    """Calibration writes the checkpoint again; the adapter was lost there, and would have kept the old scores."""
    model, tokenizer = adapted(tiny_model(family), lora="lora")
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    train(model, inputs)
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    calibrated = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    fold(calibrated, np.array([0.5, 0.4, 0.3]), np.array([1.0, 0.0, -1.0]))
    checkpoint.save(calibrated, tokenizer, tmp_path, max_length=64)
    base = AutoModelForSequenceClassification.from_pretrained(tiny_model(family), num_labels=3)
    alone = PeftModel.from_pretrained(base, tmp_path / "adapter")
    np.testing.assert_allclose(logits(alone, inputs), logits(calibrated, inputs), atol=2e-5)


def test_an_adapter_of_other_weights_does_not_stay(tiny_model, tmp_path):
    model, tokenizer = adapted(tiny_model("bert"), lora="lora")
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    other, _ = build(ModelArguments(model=str(tiny_model("bert"))), LABELS)
    with torch.no_grad():
        other.bert.embeddings.word_embeddings.weight.add_(1.0)
    checkpoint.save(other, tokenizer, tmp_path, max_length=64)
    assert not (tmp_path / "adapter").exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_linear_layer_of_the_encoder_is_adapted_and_nothing_else(family, tiny_model):
    model, _ = adapted(tiny_model(family), lora="lora")
    names = {name.removeprefix("base_model.model.") for name, _ in model.named_modules() if name.endswith("lora_A")}
    inner = f"{model.get_base_model().base_model_prefix}."
    linear = {
        name.removesuffix(".base_layer")
        for name, module in model.get_base_model().named_modules()
        if isinstance(module, torch.nn.Linear)
        and name.startswith(inner)
        and "lora_" not in name
        and ".pooler" not in name
    }
    assert {name.removesuffix(".lora_A") for name in names} == linear
    learns = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert all("lora_" in name or "modules_to_save" in name for name in learns)


def test_the_pooler_of_bert_is_trained_only_where_the_checkpoint_lacks_it(tiny_model, tmp_path):
    with_pooler, _ = adapted(tiny_model("bert"), lora="lora")
    assert not any("pooler" in name for name, p in with_pooler.named_parameters() if p.requires_grad)
    AutoModelForMaskedLM.from_pretrained(tiny_model("bert")).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model("bert")).save_pretrained(tmp_path)
    without, _ = adapted(tmp_path, lora="lora")
    assert any("pooler" in name for name, p in without.named_parameters() if p.requires_grad)
    fresh, _ = adapted(tiny_model("bert"), lora="lora", head="mlp")
    assert any("pooler" in name for name, p in fresh.named_parameters() if p.requires_grad)


def test_the_adapter_names_its_base_and_no_path_of_this_machine(tiny_model, tmp_path):
    model, tokenizer = adapted(tiny_model("roberta"), lora="lora")
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)
    config = json.loads((tmp_path / "run" / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    for file in (tmp_path / "run").rglob("*.*"):
        if file.suffix in {".json", ".md"}:
            assert str(tiny_model("roberta").parent) not in file.read_text(encoding="utf-8"), file
    readme = (tmp_path / "run" / "adapter" / "README.md").read_text(encoding="utf-8")
    assert "More Information Needed" not in readme
    assert "중립" in readme


def test_the_adapter_is_small(tiny_model, tmp_path):
    model, tokenizer = adapted(tiny_model("bert"), lora="lora", lora_r=1)
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    sizes = [(tmp_path / name).stat().st_size for name in ("adapter/adapter_model.safetensors", "model.safetensors")]
    assert sizes[0] < sizes[1] / 5


def test_own_targets_are_taken(tiny_model):
    model, _ = adapted(tiny_model("modernbert"), lora="lora", lora_targets=["Wqkv"])
    names = {name.split(".")[-2] for name, _ in model.named_modules() if name.endswith("lora_A")}
    assert names == {"Wqkv"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lora": "lora", "lora_targets": ["querry"]}, "Did you mean 'query'"),
        ({"lora": "lora", "lora_targets": ["classifier"]}, "no linear layer of this model's encoder"),
        ({"lora_targets": ["query"]}, "--lora_targets does nothing without an adapter"),
        ({"lora_r": 4}, "--lora_r does nothing"),
        ({"lora": "lora", "head": "linear"}, "--head mlp or auto"),
        ({"lora": "qlora"}, "--lora qlora needs .*use --lora lora"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, said, tiny_model):
    with pytest.raises(UserError, match=said):
        build(ModelArguments(model=str(tiny_model("bert")), **settings), LABELS)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_encoder_in_four_bits_is_merged_to_the_trained_scores(family, tmp_path, monkeypatch):
    """On the processor, which bitsandbytes can do as well; only the look for a GPU is passed over."""
    pytest.importorskip("bitsandbytes")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check_lora(ModelArguments(lora="qlora"))
    monkeypatch.undo()
    monkeypatch.setattr(encoder, "check_lora", lambda args: None)
    folder = make_tiny(family, tmp_path / "tiny", size=128)  # four-bit blocks hold 64 weights
    model, tokenizer = adapted(folder, lora="qlora", dropout=0.0)
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    start = model(**inputs).logits.detach().numpy()
    train(model, inputs)
    model.train()  # evaluating would repack the weights for the processor, in a form that cannot go back
    trained = model(**inputs).logits.detach().numpy()
    assert np.abs(trained - start).max() > 0.05
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)
    merged = AutoModelForSequenceClassification.from_pretrained(tmp_path / "run")
    assert {parameter.dtype for parameter in merged.parameters()} == {torch.float32}
    assert "quantization_config" not in json.loads((tmp_path / "run" / "config.json").read_text())
    rounding = 0.02 * np.abs(trained).max()  # training multiplied in bfloat16
    np.testing.assert_allclose(logits(merged, inputs), trained, atol=rounding)
