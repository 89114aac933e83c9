"""The one exception for mistakes that a user can mend, and the way every command ends on it."""

import difflib
import errno
import sys
from collections.abc import Callable, Iterable


class UserError(ValueError):
    """What was expected, what was found, what to type next: one sentence or two, shown without a traceback."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def run_command(main: Callable[[list[str]], int | None], argv: list[str] | None = None) -> None:
    """Run a command's `main(argv)` and leave the process: 0, its own code, 2 for a user's mistake, 130 for Ctrl-C.

    Only `UserError` and a full disk are dressed as one sentence; any other exception is a bug and keeps its traceback.
    """
    try:
        code = main(sys.argv[1:] if argv is None else argv) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt as stop:
        print(f"\n{stop}" if str(stop) else "\nstopped.", file=sys.stderr)
        code = 130
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        print(f"error: the disk is full{where}. Free some space, or choose another --output_dir.", file=sys.stderr)
        code = 2
    sys.stdout.flush()
    sys.exit(code)
