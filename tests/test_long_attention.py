"""Attention in pieces: what plain attention computes, text by text, whatever the pieces are."""

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

from tests.training_runs import built, rows, without_dropout
from textclf.models import attention, long_attention
from textclf.models.attention import Layout, on_processor
from textclf.models.long_attention import Setting, attend_in_pieces
from textclf.models.padding_free import PaddingFree

LENGTHS = [5, 1, 17, 9]  # of texts, in tokens
HEADS, WIDTH, SCALE = 3, 8, 0.3


def parts(dtype=torch.float32):
    torch.manual_seed(0)
    return [torch.randn(sum(LENGTHS), HEADS, WIDTH).to(dtype).requires_grad_() for _ in range(3)]


def drawn_masks(setting, heads, lengths):
    """The masks [H, t, t] of a call in which each text is one piece: a byte a weight, of one SFC64 stream."""
    numbers = np.random.Generator(np.random.SFC64(setting.seed))
    masks = []
    for t in lengths:
        words = numbers.integers(0, 2**64, size=-(-heads * t * t // 8), dtype=np.uint64)
        drawn = words.view(np.uint8)[: heads * t * t].reshape(heads, t, t)
        bounds = np.floor(setting.dropout * 256 + numbers.random((heads, t, 1), dtype=np.float32))
        masks.append(torch.from_numpy((drawn >= bounds).astype(np.float32)))
    return masks


def plain(query, key, value, masks, dropout):
    """Attention by the book, text by text, in float64, with given masks."""
    found, start = [], 0
    for t, mask in zip(LENGTHS, masks, strict=True):
        q, k, v = (part[start : start + t].double().transpose(0, 1) for part in (query, key, value))
        weights = (q @ k.transpose(1, 2) * SCALE).softmax(-1) * mask / (1 - dropout)
        found.append((weights @ v).transpose(0, 1))
        start += t
    return torch.cat(found)


@pytest.mark.parametrize("dropout", [0.0, 0.1, 0.6])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
def test_results_and_gradients_are_those_of_plain_attention_with_the_same_mask(dropout, dtype, close):
    setting = Setting(LENGTHS, SCALE, dropout, seed=7)
    tensors, ahead = parts(dtype), torch.randn(sum(LENGTHS), HEADS, WIDTH)
    expected = plain(*tensors, drawn_masks(setting, HEADS, LENGTHS), dropout)
    wanted = torch.autograd.grad(expected, tensors, ahead.double())
    found = attend_in_pieces(*tensors, setting)
    assert found.dtype == dtype
    assert torch.allclose(found.double(), expected, atol=close)
    for ours, theirs in zip(torch.autograd.grad(found, tensors, ahead.to(dtype)), wanted, strict=True):
        assert ours.dtype == dtype
        assert torch.allclose(ours.double(), theirs.double(), atol=close, rtol=close)


@pytest.mark.parametrize("cells", [1, 9, 60, 200])
def test_the_pieces_do_not_matter(cells, monkeypatch):
    setting = Setting(LENGTHS, SCALE, 0.0, seed=1)
    tensors = parts()
    whole = attend_in_pieces(*tensors, setting)
    wanted = torch.autograd.grad(whole.square().sum(), tensors)
    monkeypatch.setattr(long_attention, "CELLS", cells)
    found = attend_in_pieces(*tensors, setting)
    assert torch.allclose(found, whole, atol=1e-6)
    for ours, theirs in zip(torch.autograd.grad(found.square().sum(), tensors), wanted, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_scores_of_any_size_stay_finite():
    query, key, value = parts()
    found = attend_in_pieces(query * 1e4, key, value, Setting(LENGTHS, SCALE, 0.0, seed=1))
    slopes = torch.autograd.grad(found.sum(), (query, key, value))
    assert all(torch.isfinite(each).all() for each in (found, *slopes))


def test_the_share_that_is_dropped_is_the_one_asked_for():
    lengths, heads = [200, 256], 4
    same, ones = torch.zeros(456, heads, 2), torch.ones(456, heads, 2)  # equal scores: each weight is 1 / length
    found = attend_in_pieces(same, same, ones, Setting(lengths, 1.0, 0.1, seed=5))[:, :, 0].double()
    kept = [part * 0.9 * n for part, n in zip(found.split(lengths), lengths, strict=True)]  # weights kept of each row
    total = sum(n * n * heads for n in lengths)
    assert abs(sum(k.sum().item() for k in kept) / total - 0.9) < 5 * np.sqrt(0.09 / total)
    for k, n in zip(kept, lengths, strict=True):
        assert torch.allclose(k, k.round(), atol=1e-3), "whole weights are dropped"
        assert k.var().item() == pytest.approx(n * 0.09, rel=0.2), "independently of each other"


def test_numbers_come_from_pytorchs_generator_and_are_drawn_anew_each_time(monkeypatch):
    monkeypatch.setattr(attention, "LONG", 1)
    layout = Layout.of((torch.arange(17) < torch.tensor(LENGTHS)[:, None]).long())
    tensors = parts()

    def attended():
        return on_processor(layout, *tensors, SCALE, 0.5)

    torch.manual_seed(3)
    first, second = attended(), attended()
    torch.manual_seed(3)
    assert torch.equal(attended(), first)
    assert torch.equal(attended(), second)
    assert not torch.equal(first, second)


def test_activation_checkpointing_draws_the_same_masks_again(monkeypatch):
    monkeypatch.setattr(attention, "LONG", 1)
    layout = Layout.of((torch.arange(17) < torch.tensor(LENGTHS)[:, None]).long())
    tensors = parts()
    torch.manual_seed(3)
    wanted = torch.autograd.grad(on_processor(layout, *tensors, SCALE, 0.5).square().sum(), tensors)
    torch.manual_seed(3)
    again = checkpoint(lambda *given: on_processor(layout, *given, SCALE, 0.5), *tensors, use_reentrant=False)
    for ours, theirs in zip(torch.autograd.grad(again.square().sum(), tensors), wanted, strict=True):
        assert torch.equal(ours, theirs)


def test_autocast_leaves_the_inside_in_float32():
    tensors = parts(torch.bfloat16)
    setting = Setting(LENGTHS, SCALE, 0.0, seed=1)
    with torch.autocast("cpu", torch.bfloat16):
        found = attend_in_pieces(*tensors, setting)
    assert torch.equal(found, attend_in_pieces(*tensors, setting))


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "distilbert"])
def test_models_train_alike_with_long_texts(family, tiny_model, monkeypatch):
    """Each way of attending, texts of different lengths in one batch: the stock model's gradients."""
    model, tokenizer = built(tiny_model(family), rows(4))
    model = without_dropout(model).train()
    texts = ["짧은 글.", "The film opens slowly. " * 6, "정말 길고 지루한 영화였지만 마지막은 좋았어요. " * 3]
    inputs = tokenizer(texts, padding=True, return_tensors="pt")

    def computed():
        model.zero_grad()
        logits = model(**inputs).logits
        logits.logsumexp(1).sum().backward()
        return [logits.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]

    def in_pieces(layout, query, key, value, scale, dropout):
        return attend_in_pieces(query, key, value, Setting(layout.lengths, scale, 0.0, 1))

    expected = computed()
    monkeypatch.setattr(attention, "LONG", 1)
    for way in (in_pieces, on_processor):
        hooks = PaddingFree(model, way)
        hooks.install()
        for ours, theirs in zip(computed(), expected, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5, rtol=1e-4)
        hooks.remove()
