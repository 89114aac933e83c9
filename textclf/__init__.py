"""From labelled text to a Hub model that people can trust.

The names below are the whole public surface. They are imported on first use, so that `import textclf` loads no torch.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Classifier": "textclf.inference.classifier",
    "LabelSpace": "textclf.labels",
    "RunFolder": "textclf.run_folder",
    "UserError": "textclf.errors",
    "build": "textclf.models.encoder",
    "fit": "textclf.training.fit",
    "load": "textclf.inference.engines",
    "load_splits": "textclf.data.loading",
    "measure": "textclf.evaluation.report",
    "push": "textclf.hub.push",
    "read_recipe": "textclf.recipe",
    "render_card": "textclf.hub.card",
    "train": "textclf.commands.frames",
}
__all__ = sorted(_HOME)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # Any: each public name has its own type
    """Import a public name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'textclf' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
