"""The one exception for mistakes that a user can mend, and the way every command ends on it."""

import difflib
import errno
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .house import SHIPPED_RECIPES, as_typed, how_to_install


class UserError(ValueError):
    """What was expected, what was found, what to type next: one sentence or two, shown without a traceback."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def missing_recipe(path: Path) -> str:
    """Return the sentence for a recipe that is not there."""
    return f"The recipe {path} does not exist. `ls {SHIPPED_RECIPES}` shows those that come with it."


# How long a process waits for process 0 to end on the same mistake, and for the launcher to end all others then.
PATIENCE_SECONDS = 15.0

# What the machine refuses, and its user can mend; every other error of the system is a bug and keeps its traceback.
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}


READER_LEFT = 141  # what a shell says of a command that SIGPIPE ended: 128 + 13


def run_command(main: Callable[[list[str]], int | None], argv: list[str] | None = None) -> None:
    """Run a command's `main(argv)` and leave the process: 0, its own code, 2 for a user's mistake, 130 for Ctrl-C.

    141 where who reads what it prints has left.

    Only `UserError`, a full disk, files that may not be used and missing packages are dressed as one sentence; any
    other exception is a bug and keeps its traceback. Of several processes (RANK, as every launcher sets it) one
    speaks.
    """
    try:
        code = main(sys.argv[1:] if argv is None else argv) or 0
        sys.stdout.flush()
    except UserError as error:
        _say(str(error))
        code = 2
    except KeyboardInterrupt as stop:
        if process_index() == 0:
            print(f"\n{stop}" if str(stop) else "\nstopped.", file=sys.stderr)
        code = 130
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            sys.exit(READER_LEFT)
        sentence = _machine_says(error)
        if sentence is None:
            raise
        _say(sentence)
        code = 2
    sys.exit(code)


def _nobody_reads() -> bool:
    """Say whether who read our output (`| head`) has enough of it; what is left of it then goes nowhere."""
    try:
        print(flush=True)  # the write that failed is forgotten: another one tells
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _say(sentence: str) -> None:
    """Show a mistake once, however many processes meet it.

    The launchers over torch.distributed.elastic (`accelerate launch`, `torchrun`) put a page of their own behind
    whatever a process printed, so there the sentence goes where that page ends: into the report of the failure.
    """
    if process_index() > 0:  # process 0 has most likely met the same one: the launcher then ends this process
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))  # not one more failure to report
        time.sleep(PATIENCE_SECONDS)
    report = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if not report:
        print(f"error: {as_typed(sentence)}", file=sys.stderr)
        return
    shown = {"py_callstack": f"none: no bug\n\nerror: {sentence}\n", "timestamp": str(int(time.time()))}
    Path(report).write_text(json.dumps({"message": {"message": sentence, "extraInfo": shown}}), encoding="utf-8")


def process_index() -> int:
    """Return which of the launched processes this is: 0 where it is the only one."""
    return int(os.environ.get("RANK", "0"))


def _machine_says(error: Exception) -> str | None:
    """Return one sentence about a full disk, a file that may not be used, a package that is not here; else None."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("textclf"):
        return (
            f"The package {error.name.split('.')[0]} is not installed here. "
            f"`{how_to_install(error.name.split('.')[0])}` brings it."
        )
    number = error.errno if isinstance(error, OSError) else _rust_number(error)
    name = getattr(error, "filename", None)  # of an OSError, where it concerns a file
    if number in _FULL:
        where = f" while writing {name}" if name else ""
        return (
            f"The disk is full{where}. Free some space and go on with --resume_from_checkpoint, "
            "or choose another --output_dir."
        )
    if number in _REFUSED and name:
        return f"{name} cannot be used: {os.strerror(number)}. Check its permissions, or choose another place."
    return None


def _rust_number(error: Exception) -> int | None:
    """Return the system's number that the Rust libraries (safetensors, tokenizers) only write into their messages."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None
