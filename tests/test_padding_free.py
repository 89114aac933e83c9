"""Real tokens only, and quick dropout: exactly what the stock model computes."""

import copy
import json
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from tests.training_runs import built, rows, train, without_dropout
from textclf.errors import UserError
from textclf.models.attention import Layout, nested, on_processor, side_by_side
from textclf.models.dropout import FastDropout, fast_dropout, kept
from textclf.models.padding_free import HOOKED, NAME, PaddingFree, padding_free

FAMILIES = ["bert", "roberta", "xlm-roberta", "electra", "distilbert"]
CPU = torch.device("cpu")
TEXTS = ["정말 최고예요.", "The film opens slowly, but its last hour is a quiet triumph.", "This is bad, really bad."]


def computed(model, inputs):
    """Logits and every parameter's gradient."""
    model.zero_grad()
    logits = model(**inputs).logits
    logits.logsumexp(1).sum().backward()
    return [logits.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]


@contextmanager
def hooked(model, attention):
    hooks = PaddingFree(model, attention)
    hooks.install()
    yield
    hooks.remove()


@pytest.mark.parametrize("attention", [on_processor, side_by_side, nested])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_and_gradients_are_those_of_the_padded_model(family, attention, tiny_model):
    model, tokenizer = built(tiny_model(family), rows(4))
    model = without_dropout(model).train()
    for texts in (TEXTS, TEXTS[:1]):  # with padding, and without any
        inputs = tokenizer(texts, padding=True, return_tensors="pt")
        expected = computed(copy.deepcopy(model), inputs)
        with hooked(model, attention):
            found = computed(model, inputs)
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("side", ["left", "right"])
def test_real_tokens_are_packed_and_spread_again_wherever_the_padding_is(side):
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]])
    mask = mask.flip(1) if side == "left" else mask
    layout = Layout.of(mask)
    values = torch.arange(24.0).view(3, 4, 2)
    assert layout.lengths == [3, 1, 4]
    assert layout.offsets.tolist() == [0, 3, 4, 8]
    assert torch.equal(layout.pack(values), values[mask.bool()])
    assert torch.equal(layout.spread(layout.pack(values)), values * mask[:, :, None])
    whole = Layout.of(torch.ones(2, 3, dtype=torch.int64))
    assert whole.tokens is None
    assert whole.offsets.tolist() == [0, 3, 6]


@pytest.mark.parametrize("attention", [on_processor, side_by_side, nested])
def test_the_asked_share_of_attention_weights_is_dropped_and_the_rest_made_up_for(attention):
    torch.manual_seed(0)
    lengths, heads = torch.tensor([40, 64, 64]), 8
    layout = Layout.of((torch.arange(64) < lengths[:, None]).long())
    rows = int(lengths.sum())
    same, ones = torch.zeros(rows, heads, 8), torch.ones(rows, heads, 8)  # equal scores: each weight is 1 / length
    attended = attention(layout, same, same, ones, 1.0, 0.25)[:, :, 0]
    assert attended.mean().item() == pytest.approx(1, abs=0.01)
    spread = (0.25 / 0.75 / lengths.double()).sqrt()  # of the mean of `length` draws that are 1/.75 or 0
    for part, expected in zip(attended.split(lengths.tolist()), spread, strict=True):
        assert part.double().std().item() == pytest.approx(expected.item(), rel=0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-4), (torch.bfloat16, 3e-2)])
def test_a_gpus_kernels_compute_what_the_processor_does(dtype, close):
    torch.manual_seed(0)
    layout = Layout.of((torch.arange(96) < torch.tensor([[5], [96], [33]])).long())
    parts = [torch.randn(134, 4, 32) for _ in range(3)]
    expected = side_by_side(layout, *parts, 0.2, 0.0)
    there = Layout.of((torch.arange(96, device="cuda") < torch.tensor([[5], [96], [33]], device="cuda")).long())
    found = nested(there, *(part.to("cuda", dtype) for part in parts), 0.2, 0.0)
    assert torch.allclose(found.float().cpu(), expected, atol=close, rtol=close)


def test_only_real_tokens_go_through_the_layers(tiny_model):
    model, tokenizer = built(tiny_model("bert"), rows(4))
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    seen = []
    handle = model.bert.encoder.layer[0].register_forward_pre_hook(lambda module, args: seen.append(args[0].shape))
    with padding_free(model, "auto", CPU), torch.no_grad():
        model.eval()(**inputs)
    handle.remove()
    assert seen == [(1, int(inputs["attention_mask"].sum()), 32)]


def test_a_model_is_itself_again_afterwards(tiny_model):
    model, tokenizer = built(tiny_model("bert"), rows(4))
    before = model.config._attn_implementation
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = model.eval()(**inputs).logits
        with pytest.raises(ZeroDivisionError), padding_free(model, "on", CPU), fast_dropout(model, True):
            assert isinstance(model.dropout, FastDropout)
            raise ZeroDivisionError
        assert torch.equal(model(**inputs).logits, expected)
    assert model.config._attn_implementation == before
    assert type(model.dropout) is nn.Dropout
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_it_is_on_where_it_pays_and_off_where_it_is_not_wanted(tiny_model):
    model, _ = built(tiny_model("bert"), rows(4))
    gpu = torch.device("cuda")
    for wanted, device, expected in [
        ("auto", CPU, True),
        ("auto", gpu, False),
        ("on", gpu, True),
        ("off", CPU, False),
    ]:
        with padding_free(model, wanted, device) as on:
            assert on is expected


@pytest.mark.parametrize("family", ["deberta-v2", "mpnet", "modernbert"])
def test_families_without_hooks_are_left_alone_or_refused(family, tiny_model):
    assert family not in HOOKED
    model, _ = built(tiny_model(family), rows(4))
    with padding_free(model, "auto", CPU) as on:
        assert not on
    with pytest.raises(UserError, match="have no hooks for it"), padding_free(model, "on", CPU):
        pass


def test_a_trained_checkpoint_does_not_know_how_it_was_trained(tiny_model, tmp_path):
    run = train(tiny_model("bert"), tmp_path / "run", rows(24), rows(8), padding_free="on")
    assert NAME not in (run.path / "config.json").read_text()
    assert "attn" not in "".join(json.loads((run.path / "config.json").read_text()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropped_shares_and_means_are_what_they_should_be(dtype, p):
    torch.manual_seed(0)
    mask = kept(torch.Size([300, 1001]), p, dtype)
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    count = mask.numel()
    assert abs((mask == 0).sum().item() / count - p) < 5 * np.sqrt(p * (1 - p) / count)
    columns = (mask == 0).float().mean(0)  # no element of the sixteen-bit quarters is favoured
    assert (columns - p).abs().max() < 6 * np.sqrt(p * (1 - p) / 300)


def test_dropout_follows_pytorchs_generator_and_its_gradient_the_mask():
    layer, values = FastDropout(0.3), torch.ones(50, 40, requires_grad=True)
    torch.manual_seed(3)
    first = layer(values)
    torch.manual_seed(3)
    assert torch.equal(layer(values), first)
    assert not torch.equal(layer(values), first)
    first.sum().backward()
    assert torch.equal(values.grad, first.detach())
    assert first.detach().unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert torch.equal(layer.eval()(values), values)
