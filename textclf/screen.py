"""What a command says while it works: lines to stderr, from process 0 only; results go to stdout elsewhere."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterable

from .house import as_typed


class Screen:
    """Shows lines of talk, and the package's own log, unless quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Set up the log of this package; the libraries' own chatter is kept to errors."""
        self.quiet = quiet
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Typed("%(message)s"))
        package = logging.getLogger("textclf")
        package.handlers = [handler]
        package.propagate = False
        package.setLevel(logging.ERROR if quiet else logging.INFO)
        _hush_libraries()
        if quiet:
            warnings.filterwarnings("ignore")  # process 0 shows them

    def show(self, lines: Iterable[str]) -> None:
        """Print lines to stderr."""
        if not self.quiet:
            for line in lines:
                print(as_typed(line), file=sys.stderr, flush=True)


class _Typed(logging.Formatter):
    """Gives advice in the commands of this copy."""

    def format(self, record: logging.LogRecord) -> str:
        return as_typed(super().format(record))


def _hush_libraries() -> None:
    """Keep libraries to errors: what matters of theirs (a new head, a cut text) is said by us in one line."""
    import datasets
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    # Pinning memory without an accelerator does nothing and warns of it.
    warnings.filterwarnings("ignore", message=".*pin_memory.*")
    # peft sets it rightly by itself for gpt2's layers, and warns of it.
    warnings.filterwarnings("ignore", message=".*fan_in_fan_out.*")
    # peft 0.21 asks every model by a name that transformers 5 has replaced.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
