"""An encoder that computes real tokens only: texts end to end through its layers, side by side in attention alone.

Exact: what a text gets does not depend on the padding. It works through the library's attention hooks; the embeddings'
output is packed, the encoder's unpacked, so that poolers and heads see what they always see.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

from ..errors import UserError
from .dropout import drop

NAME = "real_tokens"
# Family -> its last module before the layers, and the module around the layers. Others either take no attention hook
# (deberta-v2, mpnet, xlnet) or work with positions inside their layers (modernbert, eurobert).
HOOKED = {
    "bert": ("embeddings", "encoder"),
    "roberta": ("embeddings", "encoder"),
    "xlm-roberta": ("embeddings", "encoder"),
    "camembert": ("embeddings", "encoder"),
    "electra": ("embeddings", "encoder"),
    "distilbert": ("embeddings", "transformer"),
}


class Layout(NamedTuple):
    """Where the real tokens of a batch lie."""

    shape: tuple[int, int]  # B, T
    tokens: Tensor | None  # int64 [R], their places in the flattened batch; None: all are real
    bias: Tensor | None  # [B, 1, 1, T], 0 for real tokens and the lowest number for padding


class PaddingFree:
    """The hooks on one model, from `install` to `remove`."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Note the parts of `model`; changes nothing yet."""
        self.model = model
        encoder = getattr(model, model.base_model_prefix)  # named by the family, not an object of ours
        first, last = HOOKED[model.config.model_type]
        self.encoder, self.embeddings, self.layers = encoder, getattr(encoder, first), getattr(encoder, last)
        self.layout = Layout((0, 0), None, None)
        self._handles: list[Any] = []  # torch's RemovableHandle
        self._before = ""

    def install(self) -> None:
        """Take over attention and padding."""
        AttentionInterface.register(NAME, self._attend)
        AttentionMaskInterface.register(NAME, lambda *args, **kwargs: None)
        self._before = self.model.config._attn_implementation
        self.model.set_attn_implementation(NAME)
        self._handles = [
            self.encoder.register_forward_pre_hook(self._look, with_kwargs=True),
            self.embeddings.register_forward_hook(lambda module, inputs, output: self._pack(output)),
            self.layers.register_forward_hook(self._unpack),
        ]

    def remove(self) -> None:
        """Leave the model as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self.model.set_attn_implementation(self._before)

    def _look(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Read a batch's mask before the encoder does."""
        mask: Tensor = kwargs["attention_mask"] if "attention_mask" in kwargs else args[1]
        real = mask.bool()
        if bool(real.all()):
            self.layout = Layout((mask.shape[0], mask.shape[1]), None, None)
            return
        bias = torch.zeros(mask.shape, dtype=torch.float32, device=mask.device).masked_fill_(~real, -1e4)
        self.layout = Layout((mask.shape[0], mask.shape[1]), real.view(-1).nonzero().squeeze(1), bias[:, None, None])

    def _pack(self, hidden: Tensor) -> Tensor:
        """[B, T, d] to [1, R, d]."""
        flat = hidden.reshape(1, -1, hidden.shape[-1])
        return flat if self.layout.tokens is None else flat.index_select(1, self.layout.tokens)

    def _spread(self, packed: Tensor) -> Tensor:
        """[R, ...] to [B, T, ...], zero where there is padding."""
        shape, tokens, _ = self.layout
        if tokens is None:
            return packed.reshape(*shape, *packed.shape[1:])
        whole = packed.new_zeros(shape[0] * shape[1], *packed.shape[1:])
        return whole.index_copy(0, tokens, packed).view(*shape, *packed.shape[1:])

    def _unpack(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        output.last_hidden_state = self._spread(output.last_hidden_state[0])
        return output

    def _attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        scaling: float | None = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> tuple[Tensor, None]:
        """Attend inside each text: query, key, value [1, H, R, d]; returns [1, R, H, d]."""
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        q, k, v = (self._spread(part[0].transpose(0, 1)).transpose(1, 2) for part in (query, key, value))
        with torch.autocast(query.device.type, enabled=False):
            scores = (q * scale) @ k.transpose(2, 3)  # [B, H, T, T]
            if self.layout.bias is not None:
                scores = scores + self.layout.bias.to(scores.dtype)
            weights = scores.softmax(dim=-1)
            if dropout > 0:
                weights = drop(weights, dropout)
            attended = (weights @ v).transpose(1, 2)  # [B, T, H, d]
        flat = attended.reshape(-1, *attended.shape[2:])
        tokens = self.layout.tokens
        return (flat if tokens is None else flat.index_select(0, tokens)).unsqueeze(0), None


@contextmanager
def padding_free(model: PreTrainedModel, wanted: str, use_cpu: bool) -> Iterator[bool]:
    """Let a model compute real tokens only inside the context, as `--padding_free` asks; gives whether it does.

    `auto` takes them on a processor, where they are measured to pay (benchmarks/train_speed.py), for the families that
    have the hooks and were loaded with the library's own attention.

    Raises:
        UserError: `on` for a family without hooks.
    """
    family = model.config.model_type
    if wanted == "on" and family not in HOOKED:
        raise UserError(
            f"--padding_free on: {family} models have no hooks for it; found for {', '.join(sorted(HOOKED))}. "
            "Type --padding_free auto."
        )
    fits = family in HOOKED and not getattr(model.config, "is_decoder", False) and not model.config.output_attentions
    if wanted == "off" or not fits or (wanted == "auto" and not use_cpu):
        yield False
        return
    hooks = PaddingFree(model)
    hooks.install()
    try:
        yield True
    finally:
        hooks.remove()
