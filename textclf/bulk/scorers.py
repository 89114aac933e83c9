"""The model of a labelling process: on the GPU that its launcher gave it, by the engine that was asked for."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any


def load_scorer(model: str, engine: str, revision: str | None, trust_code: bool) -> Any:  # Any: of any engine
    """Load a classifier for an engine.

    Raises:
        UserError: it cannot be loaded.
    """
    _take_gpu()
    from ..inference.engines import load

    return load(model, engine, revision=revision, trust_code=trust_code)


def _take_gpu() -> None:
    """Make the GPU that LOCAL_RANK says this process's own: of several processes each has another one."""
    rank = os.environ.get("LOCAL_RANK")
    if rank is None or find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(int(rank) % torch.cuda.device_count())
