"""Export to ONNX: the fp32 graph of a classifier, by Transformers' own exporter, as one file."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx_ir
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.exporters import OnnxConfig, OnnxExporter
from transformers.utils import logging as transformers_logging

from ..errors import UserError
from ..models.families import FAMILIES

OPSET = 20  # the first with Gelu as one operator; ONNX Runtime reads it since 1.17, natively and in the browser
ONE_FILE = 2_000_000_000  # bytes of weights from which protobuf needs them beside the graph
# Two rows of unequal length: what is 1, or equal, in an example could be taken for fixed.
_EXAMPLE = ["one two three four five six seven", "one two three"]
_LOUD = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


def export(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> onnx_ir.Model:
    """Return the model's graph, from token ids int64 [B, T] to `logits` float32 [B, L], any B and T.

    Raises:
        UserError: the family is not among those whose export is tested.
    """
    if model.config.model_type not in FAMILIES:
        raise UserError(
            f"Export to ONNX is known for the families {', '.join(FAMILIES)}; this model is of the family "
            f"{model.config.model_type}. It runs with --engine torch."
        )
    was = model.config._attn_implementation
    model.set_attn_implementation("eager")  # plain products and a softmax: half the nodes of the fused attention
    try:
        with torch.no_grad(), _quiet():
            example = dict(tokenizer(_EXAMPLE, padding=True, return_tensors="pt"))
            both = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}
            config = OnnxConfig(dynamic=True, dynamic_shapes=dict.fromkeys(example, both), opset_version=OPSET)
            return OnnxExporter().export(model.eval().cpu(), example, config).program
    finally:
        model.set_attn_implementation(was)


def write_onnx(graph: onnx_ir.Model, path: Path) -> None:
    """Write a graph as one file; above 2 GB its weights stand beside it in `NAME.onnx_data`, where browsers look."""
    size = sum(
        value.const_value.nbytes for value in graph.graph.initializers.values() if value.const_value is not None
    )
    onnx_ir.save(graph, path, external_data=f"{path.name}_data" if size > ONE_FILE else None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress and its remarks about versions (pinned here) off the screen; errors are raised."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    said = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(said)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
