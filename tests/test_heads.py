"""Heads: calibration folded in, a linear model written in, a fresh dense layer; whatever is saved loads plainly."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2ForSequenceClassification,
    set_seed,
)

from tests.tiny_models import FAMILIES
from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models import checkpoint
from textclf.models.encoder import build
from textclf.models.heads import fold, last_linear, redraw, restore_activation
from textclf.models.linear_head import read_linear, write_linear
from textclf.models.open_head import close_head, is_open, open_head

NAMES = ("부정", "중립", "긍정")
TEXTS = ["정말 최악이에요.", "This is good, really good!", "Prices rose again.", "빵과 우유 값이 또 올랐다"]


def load(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()


def batch(folder, model):
    """Return inputs for a model whose LayerNorm gains are spread as after training."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name.lower() and name.endswith("weight") and not name.startswith("head"):
                parameter.copy_(torch.linspace(0.5, 3.0, len(parameter)))
    return AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")


def logits(model, inputs):
    with torch.no_grad():
        return model(**inputs).logits.numpy()


def pooled(model, inputs):
    """Return what a linear head reads, computed without the head."""
    encoder = getattr(model, model.base_model_prefix)
    inputs = {key: value for key, value in inputs.items()}
    with torch.no_grad():
        states = encoder(**inputs).last_hidden_state
    if getattr(model.config, "classifier_pooling", "cls") == "mean":
        mask = inputs["attention_mask"][..., None]
        return ((states * mask).sum(1) / mask.sum(1)).numpy()
    return states[:, 0].numpy()


@pytest.mark.parametrize("family", FAMILIES)
def test_folding_scales_and_shifts_every_logit_and_survives_a_round_trip(family, tiny_model, tmp_path):
    folder = tiny_model(family, labels=NAMES)
    model = load(folder)
    inputs = batch(folder, model)
    before = logits(model, inputs)
    scale, shift = np.array([0.5, 2.0, 1.25]), np.array([-1.0, 0.25, 3.0])
    fold(model, scale, shift)
    np.testing.assert_allclose(logits(model, inputs), scale * before + shift, rtol=1e-5, atol=1e-5)
    fold(model, 1 / 1.7)
    model.save_pretrained(tmp_path)
    np.testing.assert_allclose(logits(load(tmp_path), inputs), (scale * before + shift) / 1.7, rtol=1e-5, atol=1e-5)


def test_a_head_without_bias_takes_a_temperature_and_refuses_a_shift(tmp_path):
    """Its stock class reads no bias: a shift was folded in, saved, and gone after the next load."""
    size = {"vocab_size": 50, "n_positions": 16, "n_embd": 32, "n_layer": 1, "n_head": 2}
    model = GPT2ForSequenceClassification(GPT2Config(**size, num_labels=3, pad_token_id=0)).eval()
    inputs = {"input_ids": torch.tensor([[5, 6, 7], [8, 9, 0]])}
    before = logits(model, inputs)
    fold(model, 2.0)
    with pytest.raises(UserError, match="has no bias"):
        fold(model, 1.0, np.array([0.0, 0.5, 0.0]))
    model.save_pretrained(tmp_path)
    np.testing.assert_allclose(logits(load(tmp_path), inputs), 2 * before, rtol=1e-5, atol=1e-6)
    assert "score.bias" not in load_file(tmp_path / "model.safetensors")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_last_linear_layer_makes_the_logits(family, tiny_model):
    folder = tiny_model(family, labels=NAMES)
    model = load(folder)
    inputs = batch(folder, model)
    seen = {}
    last_linear(model).register_forward_hook(lambda module, args, output: seen.update(logits=output))
    np.testing.assert_array_equal(logits(model, inputs), seen["logits"].numpy())


def test_a_model_without_a_head_has_no_last_linear_layer(tiny_model):
    with pytest.raises(UserError, match="does not end in a linear layer"):
        last_linear(AutoModel.from_pretrained(tiny_model("roberta")))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_linear_model_is_written_into_the_stock_head(family, tiny_model, tmp_path):
    folder = tiny_model(family, labels=NAMES)
    model = load(folder)
    inputs = batch(folder, model)
    state = pooled(model, inputs)
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(3, state.shape[1])), rng.normal(size=3)
    expected = state @ weight.T + bias
    write_linear(model, weight, bias)
    model.save_pretrained(tmp_path)
    assert np.abs(expected).max() > 3
    np.testing.assert_allclose(logits(load(tmp_path), inputs), expected, atol=2e-4)


def test_more_labels_than_pairs_of_rows_still_pass_through(tiny_model, tmp_path):
    names = [f"label {i}" for i in range(20)]  # 2 x 20 rows do not fit into 32
    for family in ("electra", "distilbert"):
        folder = tiny_model(family, labels=names)
        model = load(folder)
        inputs = batch(folder, model)
        weight = np.random.default_rng(2).normal(size=(20, 32))
        write_linear(model, weight, np.zeros(20))
        np.testing.assert_allclose(logits(model, inputs), pooled(model, inputs) @ weight.T, atol=1e-3)
    with pytest.raises(UserError, match="at most 15 labels"):
        write_linear(load(tiny_model("modernbert", labels=names)), weight, np.zeros(20))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_linear_head_trains_and_is_saved_as_a_stock_head(family, tiny_model, tmp_path):
    folder = tiny_model(family, labels=NAMES)
    model = load(folder)
    inputs = batch(folder, model)
    open_head(model)
    optimizer = torch.optim.Adam([p for n, p in model.named_parameters() if "class" in n], lr=0.05)
    gold = torch.tensor([0, 2, 1, 0])
    first = None
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(**inputs).logits, gold)
        first = first or loss.item()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2 * first
    trained = logits(model, inputs)
    assert is_open(model)
    close_head(model)
    assert not is_open(model)
    model.save_pretrained(tmp_path)
    np.testing.assert_allclose(logits(load(tmp_path), inputs), trained, atol=2e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_with_a_linear_head_goes_on_with_one(family, tiny_model, tmp_path):
    """With --head auto it went on in its stock form, whose dense layer is 10,000 times too small to learn."""
    labels = LabelSpace(NAMES, multi_label=False)
    set_seed(4)
    model, tokenizer = build(ModelArguments(model=str(tiny_model(family)), head="linear"), labels)
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)
    model = load(tmp_path / "run")
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    fold(model, np.array([0.5, 2.0, 1.25]), np.array([-1.0, 0.25, 3.0]))  # calibrated
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)
    saved = logits(load(tmp_path / "run"), inputs)

    again, _ = build(ModelArguments(model=str(tmp_path / "run")), labels)
    assert is_open(again)
    np.testing.assert_allclose(logits(again.eval(), inputs), saved, atol=1e-3)
    turned, _ = build(ModelArguments(model=str(tmp_path / "run")), LabelSpace(NAMES[::-1], multi_label=False))
    np.testing.assert_allclose(logits(turned.eval(), inputs), saved[:, ::-1], atol=1e-3)
    other, _ = build(ModelArguments(model=str(tmp_path / "run")), LabelSpace(("a", "b"), multi_label=False))
    assert is_open(other)
    assert logits(other.eval(), inputs).shape == (4, 2)
    stock, _ = build(ModelArguments(model=str(tmp_path / "run"), head="mlp"), labels)
    assert not is_open(stock)
    with pytest.raises(UserError, match="has a linear head, which --lora does not train; add --head mlp"):
        build(ModelArguments(model=str(tmp_path / "run"), lora="lora"), labels)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stock_head_is_not_taken_for_a_linear_one(family, tiny_model):
    model = load(tiny_model(family, labels=NAMES))
    assert read_linear(model) is None
    weight, bias = np.random.default_rng(5).normal(size=(3, 32)), np.array([0.5, -1.0, 2.0])
    write_linear(model, weight, bias)
    found = read_linear(model)
    np.testing.assert_allclose(found.weight, weight, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.bias, bias, rtol=1e-5)
    redraw(model)
    restore_activation(model.config)
    assert read_linear(model) is None


def test_a_linear_head_is_found_again_where_labels_are_many(tiny_model):
    names = [f"label {i}" for i in range(20)]
    weight = np.random.default_rng(6).normal(size=(20, 32))
    for family in ("electra", "distilbert"):
        model = load(tiny_model(family, labels=names))
        write_linear(model, weight, np.arange(20.0))
        found = read_linear(model)
        np.testing.assert_allclose(found.weight, weight, rtol=1e-5)
        np.testing.assert_allclose(found.bias, np.arange(20.0), atol=1e-3)


def test_dropout_stays_in_front_of_an_open_head(tiny_model):
    for family in FAMILIES:
        model = load(tiny_model(family, labels=NAMES))
        inputs = batch(tiny_model(family, labels=NAMES), model)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.5
        open_head(model)
        encoder = getattr(model, model.base_model_prefix)
        model.train()
        encoder.eval()  # what varies now is the head's own dropout
        torch.manual_seed(0)
        assert np.abs(logits(model, inputs) - logits(model, inputs)).max() > 1e-3, family


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fresh_head_differs_and_loads_plainly(family, tiny_model, tmp_path):
    folder = tiny_model(family, labels=NAMES)
    model = load(folder)
    inputs = batch(folder, model)
    before = logits(model, inputs)
    torch.manual_seed(3)
    redraw(model)
    after = logits(model, inputs)
    assert np.abs(after - before).max() > 1e-2
    assert np.ptp(after, axis=0).max() > 1e-4
    model.save_pretrained(tmp_path)
    np.testing.assert_array_equal(logits(load(tmp_path), inputs), after)


def test_a_fresh_head_has_its_own_activation_again(tiny_model):
    for family in ("deberta-v2", "modernbert"):
        model = load(tiny_model(family, labels=NAMES))
        stock = model.config.to_dict()
        write_linear(model, np.zeros((3, 32)), np.zeros(3))
        assert model.config.to_dict() != stock
        restore_activation(model.config)
        model.config.classifier_bias = stock.get("classifier_bias")
        assert {k: v for k, v in model.config.to_dict().items() if "act" in k} == {
            k: v for k, v in stock.items() if "act" in k
        }
