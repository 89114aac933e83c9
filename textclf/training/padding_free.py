"""An encoder that computes real tokens only: texts end to end through its layers, side by side in attention alone.

Exact: what a text gets does not depend on the padding. It works through the library's attention hooks; the embeddings'
output is packed, the encoder's unpacked, so that poolers and heads see what they always see.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

from ..errors import UserError
from .attention import Attention, Layout, nested, side_by_side

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


class PaddingFree:
    """The hooks on one model, from `install` to `remove`."""

    def __init__(self, model: PreTrainedModel, attention: Attention) -> None:
        """Note the parts of `model`, and how its texts attend; changes nothing yet."""
        self.model, self.attention = model, attention
        encoder = getattr(model, model.base_model_prefix)  # named by the family, not an object of ours
        first, last = HOOKED[model.config.model_type]
        self.encoder, self.embeddings, self.layers = encoder, getattr(encoder, first), getattr(encoder, last)
        self.layout: Layout  # of the batch that is being computed
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
            self.embeddings.register_forward_hook(lambda module, inputs, output: self.layout.pack(output)[None]),
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
        self.layout = Layout.of(kwargs["attention_mask"] if "attention_mask" in kwargs else args[1])

    def _unpack(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        output.last_hidden_state = self.layout.spread(output.last_hidden_state[0])
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
        q, k, v = (part[0].transpose(0, 1) for part in (query, key, value))  # [R, H, d]
        return self.attention(self.layout, q, k, v, scale, dropout)[None], None


@contextmanager
def padding_free(model: PreTrainedModel, wanted: str, device: torch.device) -> Iterator[bool]:
    """Let a model compute real tokens only inside the context, as `--padding_free` asks; gives whether it does.

    `auto` takes them on a processor, where they are measured to pay (benchmarks/train_speed.py), for the families that
    have the hooks. On GPUs, where that is not measured yet, they are taken when asked for.

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
    if wanted == "off" or not fits or (wanted == "auto" and device.type != "cpu"):
        yield False
        return
    hooks = PaddingFree(model, nested if device.type == "cuda" else side_by_side)
    hooks.install()
    try:
        yield True
    finally:
        hooks.remove()
