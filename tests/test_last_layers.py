"""How much an encoder's last layers count: in the weights, so that stock classes read it."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForSequenceClassification

from tests.test_linear_fit import fitted, rows
from tests.tiny_models import KOREAN
from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models.averaging import set_pooling
from textclf.models.encoder import build
from textclf.models.encoder_layers import LAYERS
from textclf.models.last_layers import Scaled, kept_of_last, scale_last

LABELS = LabelSpace(("부정", "긍정"), multi_label=False)


def of_layers(count):
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2, "vocab_size": 20}
    return BertForSequenceClassification(BertConfig(num_hidden_layers=count, **sizes)).eval()


@pytest.mark.parametrize(("layers", "last"), [(1, 1), (2, 1), (3, 1), (6, 3), (12, 6), (24, 12)])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_the_last_half_of_an_encoders_own_layers_is_scaled(layers, last, pooling):
    model = of_layers(layers)
    set_pooling(model, pooling)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert scale_last(model, 0.25) == Scaled(last, 0.25)
    changed = {name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])}
    parts = ("attention.output.dense.weight", "output.dense.weight")  # the biases are 0 as drawn
    assert changed == {f"bert.encoder.layer.{i}.{part}" for i in range(layers - last, layers) for part in parts}
    for name in changed:
        torch.testing.assert_close(model.state_dict()[name], before[name] / 4)


@pytest.mark.parametrize("family", LAYERS)
def test_a_layer_adds_so_much_of_what_it_added(family, tiny_model):
    """Against the family's own forward, in which what each last layer adds is scaled on its way."""
    torch.manual_seed(1)
    model, tokenizer = build(ModelArguments(model=str(tiny_model(family))), LABELS)
    for parameter in model.parameters():  # so that the biases count, too
        torch.nn.init.normal_(parameter, std=0.3)
    batch = tokenizer(KOREAN[:3], return_tensors="pt", padding=True)
    adding = ("out_lin", "ffn.lin2") if family == "distilbert" else ("attention.output.dense", "output.dense")
    last = [m for n, m in model.named_modules() if ".layer.1." in n and n.endswith(adding)]
    assert len(last) == 2
    with torch.no_grad():
        plain = model.eval()(**batch).logits
        hooks = [part.register_forward_hook(lambda module, inputs, output: output * 0.3) for part in last]
        expected = model(**batch).logits
        for hook in hooks:
            hook.remove()
        scale_last(model, 0.3)
        found = model(**batch).logits
        assert scale_last(model, 1.0) is None
        again = model(**batch).logits
    assert (expected - plain).abs().max() > 1e-3
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(again, plain, atol=1e-5, rtol=1e-4)


def test_half_is_usual_is_not_taken_twice_and_is_given_back_to_the_last_bit(tmp_path):
    model = of_layers(6)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert scale_last(model, None) == Scaled(3, 0.5)
    half = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert any(not torch.equal(half[name], before[name]) for name in half)
    model.save_pretrained(tmp_path)
    model = BertForSequenceClassification.from_pretrained(tmp_path)
    assert kept_of_last(model) == 0.5
    assert scale_last(model, None) == Scaled(3, 0.5)
    assert all(torch.equal(weight, half[name]) for name, weight in model.state_dict().items())
    scale_last(model, 1.0)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_a_family_whose_layers_are_not_known_stays_as_it_is_unless_it_is_asked_for(tiny_model):
    model, tokenizer = build(ModelArguments(model=str(tiny_model("modernbert"))), LABELS)
    batch = tokenizer(KOREAN[:2], return_tensors="pt", padding=True)
    with torch.no_grad():
        before = model.eval()(**batch).logits
        assert scale_last(model, None) is None
        assert scale_last(model, 1.0) is None
        assert torch.equal(model(**batch).logits, before)
    with pytest.raises(UserError, match=r"--residual_scale is for bert, .*; this model is of the family modernbert\."):
        scale_last(model, 0.5)


def test_a_run_of_features_says_and_saves_what_was_scaled(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = {}
    for scale in ("1", "0.5"):
        run, *_ = fitted(tmp_path / scale, tiny_model("bert"), pooling="mean", words=["--residual_scale", scale])
        found[scale] = run.training.get("residual_scale")
    assert found == {"1": None, "0.5": {"layers": 1, "by": 0.5}}
    tokens = AutoTokenizer.from_pretrained(tmp_path / "1")(list(rows(6, 4)["text"]), return_tensors="pt", padding=True)
    own, half = (AutoModel.from_pretrained(tmp_path / scale).eval() for scale in ("1", "0.5"))
    with torch.no_grad():
        whole = own(**tokens, output_hidden_states=True).hidden_states
        halved = half(**tokens, output_hidden_states=True).hidden_states
    for index in (0, 1):  # the embeddings and the first of two layers
        assert torch.equal(whole[index], halved[index])
    assert np.abs((whole[2] - halved[2]).numpy()).max() > 1e-3
