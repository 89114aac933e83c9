"""An encoder that computes real tokens only: texts end to end through its layers, apart in attention alone.

Exact: what a text gets does not depend on the padding. It works through the library's attention hooks; the embeddings'
output is packed, the encoder's unpacked, so that poolers and heads see what they look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

from ..errors import UserError
from .attention import Attention, Layout, first_alone, nested, on_processor

NAME = "real_tokens"


class _Parts(NamedTuple):
    """Names of an encoder's parts."""

    embeddings: str  # the last module before the layers
    around: str  # the module around the layers
    layers: str
    attended: str  # of a layer, the last module of attention


_BERT = _Parts("embeddings", "encoder", "encoder.layer", "attention.output")
# Other families either take no attention hook (deberta-v2, mpnet, xlnet) or work with positions inside their layers
# (modernbert, eurobert).
HOOKED = {
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "camembert": _BERT,
    "electra": _BERT,
    "distilbert": _Parts("embeddings", "transformer", "transformer.layer", "sa_layer_norm"),
}


class _Call(NamedTuple):
    """The batch that a thread is computing, and how its texts attend."""

    layout: Layout
    attention: Attention
    first_only: frozenset[nn.Module]  # modules behind which only each text's first token counts


_NOW: ContextVar[_Call] = ContextVar("_NOW")


def _attend(
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
    now = _NOW.get()
    attention = first_alone if module in now.first_only else now.attention
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    q, k, v = (part[0].transpose(0, 1) for part in (query, key, value))  # [R, H, d]
    return attention(now.layout, q, k, v, scale, dropout)[None], None


class PaddingFree:
    """The hooks on one model, from `install` to `remove`."""

    def __init__(self, model: PreTrainedModel, attention: Attention) -> None:
        """Note the parts of `model`, and how its texts attend; changes nothing yet."""
        self.model, self.attention = model, attention
        self.encoder = getattr(model, model.base_model_prefix)  # named by the family, not an object of ours
        self.parts = HOOKED[model.config.model_type]
        # Stock heads read the first token only, so that the last layer need not compute the others.
        self.stock = type(model).__module__.startswith("transformers.") and not model.config.output_hidden_states
        last = self.encoder.get_submodule(self.parts.layers)[-1]
        self.last_attended = last.get_submodule(self.parts.attended)
        self.first_only = frozenset(last.modules() if self.stock else ())
        self._handles: list[Any] = []  # torch's RemovableHandle
        self._before = ""

    def install(self) -> None:
        """Take over attention and padding."""
        AttentionInterface.register(NAME, _attend)
        AttentionMaskInterface.register(NAME, lambda *args, **kwargs: None)
        self._before = self.model.config._attn_implementation
        self.model.set_attn_implementation(NAME)
        part = self.encoder.get_submodule
        self._handles = [
            self.encoder.register_forward_pre_hook(self._look, with_kwargs=True),
            part(self.parts.embeddings).register_forward_hook(self._pack),
            part(self.parts.around).register_forward_hook(self._unpack),
        ]
        if self.stock:
            self._handles.append(self.last_attended.register_forward_hook(self._keep_first))

    def remove(self) -> None:
        """Leave the model as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self.model.set_attn_implementation(self._before)

    def _look(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Read a batch's mask before the encoder does; without one all tokens are real."""
        given = {**dict(zip(("input_ids", "attention_mask"), args, strict=False)), **kwargs}
        mask = given.get("attention_mask")
        _NOW.set(
            _Call(
                Layout.of(torch.ones_like(given["input_ids"]) if mask is None else mask),
                self.attention,
                self.first_only,
            )
        )

    def _pack(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return _NOW.get().layout.pack(output)[None]

    def _keep_first(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return _NOW.get().layout.first(output[0])[None]

    def _unpack(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        layout, states = _NOW.get().layout, output.last_hidden_state[0]
        output.last_hidden_state = layout.spread(layout.place_first(states) if self.stock else states)
        return output


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
    hooks = PaddingFree(model, nested if device.type == "cuda" else on_processor)
    hooks.install()
    try:
        yield True
    finally:
        hooks.remove()
