"""Which engine scores: torch, ONNX Runtime in fp32 or int8, or the quickest that passed its gate.

Loads torch only where torch is what scores: a machine may have none.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from .onnx_folder import FILES, GATE, Engine, Exported, checked_engine, open_exported, read_gate

if TYPE_CHECKING:
    from .classifier import Classifier
    from .onnx_classifier import OnnxClassifier

logger = logging.getLogger(__name__)

GPU = Path("/dev/nvidiactl")  # what CUDA opens first

# How far the logits of the probe sentences may lie from those of the machine that exported: sums in another order in
# fp32; in int8 an activation next to a rounding boundary may fall on the other side of it (measured: see benchmarks/).
PROBE_TOLERANCE = {"onnx": 1e-3, "onnx-int8": 0.1}


def load(
    source: str | Path, engine: str = "auto", *, revision: str | None = None, trust_code: bool = False
) -> Classifier | OnnxClassifier:
    """Load a classifier from a run folder or Hub id for an engine.

    "auto" takes the quickest engine that passed its gate: onnx-int8, onnx, torch; on a GPU torch. An engine whose gate
    could not tell (too few validation texts) runs only when it is named.

    Raises:
        UserError: an unknown engine, one that was not exported, files that do not belong together, no torch.
    """
    named = checked_engine(engine)
    chosen = _quickest(source, revision) if named == "auto" else named
    if chosen == "torch":
        return _on_torch(source, revision, trust_code)
    return _on_onnx(open_exported(source, chosen, revision))


def _quickest(source: str | Path, revision: str | None) -> Engine:
    """Return the engine that "auto" stands for."""
    if GPU.exists() and find_spec("torch") is not None:
        import torch  # takes seconds: not where there is no GPU

        if torch.cuda.is_available():
            return "torch"
    try:
        gate = read_gate(source, revision)
    except UserError:
        if find_spec("torch") is None:
            raise
        return "torch"  # not exported
    for name in FILES:  # the quickest first
        if gate["engines"].get(name, {}).get("outcome") == "passed":
            return name
    return "torch"


def _on_torch(source: str | Path, revision: str | None, trust_code: bool) -> Classifier:
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UserError(
            f"The engine torch needs torch and transformers, which are not installed here. `pip install -r "
            f"requirements.txt` brings them; or name an exported engine: --engine {' or '.join(FILES)}."
        )
    from .classifier import Classifier

    return Classifier.load(source, revision=revision, trust_code=trust_code)


def _on_onnx(exported: Exported) -> OnnxClassifier:
    from .onnx_classifier import OnnxClassifier

    classifier = OnnxClassifier(exported)
    if exported.figures["outcome"] != "passed":
        logger.warning(
            "The engine %s of %s is unproven: %s", exported.engine, exported.source, exported.figures["reason"]
        )
    if (difference := probe_difference(classifier, exported)) > PROBE_TOLERANCE[exported.engine]:
        logger.warning(
            "This machine gives other scores with %s than the one that exported %s: up to %.3g in a logit of the "
            "probe sentences in %s. Take --engine torch, or export on this machine: python export.py %s",
            *(exported.engine, exported.source, difference, GATE, exported.source),
        )
    return classifier


def probe_difference(classifier: OnnxClassifier, exported: Exported) -> float:
    """Return the largest difference of a logit from the gate's, over its probe sentences."""
    expected = np.array(exported.figures["probe_logits"], dtype=np.float32)
    return float(np.abs(classifier.logits(exported.gate["probes"]) - expected).max())
