"""Trainings whose disk is full from the start or becomes so on the way; see test_outages.py.

    unshare --map-root-user --mount python tests/full_disk.py FOLDER     mounts disks, hence a namespace of its own

FOLDER holds `rows.csv` and the model `tiny`; leaves FOLDER/found.json: of each case, how train.py ended.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.trained_runs import COMMON
from textclf.commands import train
from textclf.errors import run_command

CASES = {  # what the disk holds in kB, the file at whose appearance it is filled up, and what is left of it then
    "from the start": (300, None, 0),
    "after the first checkpoint": (20_000, "complete", 0),
    "once trained": (20_000, "recipe.yaml", 0),
    "in the calibrated checkpoint": (20_000, "audit.json", 100),
    "in the calibrated tokenizer": (20_000, "audit.json", 170),
    "before the figures": (20_000, "evaluation.json", 0),
    "in the page": (20_000, "training_curves.png", 40),
}
GONE_ON_WITH = ("after the first checkpoint", "in the calibrated checkpoint")
# The file that appears, and how much may still be written then.
watched = {"name": None, "kept": 0, "disk": Path()}


def fill_up(event, arguments):
    """Fill the disk when the watched file appears: opened under its name, or renamed to it."""
    if watched["name"] is None or event not in {"open", "os.rename"}:
        return
    path = arguments[1] if event == "os.rename" else arguments[0]
    if Path(str(path)).name == watched["name"] and str(path).startswith(str(watched["disk"])):
        watched["name"] = None
        if event == "open":
            Path(str(path)).write_bytes(b"")  # a file of no bytes is what was about to be made
        fill(watched["disk"], watched["kept"])


def fill(disk, kept):
    with open(disk / "filler", "wb", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(b"\0" * 4096)
        filler.truncate(max(0, filler.tell() - 1024 * kept))


def attempt(name, folder, kilobytes, at, kept):
    """Train into a disk of that size; return the exit code, what was said, and what was left behind."""
    disk = folder / name.replace(" ", "_")
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(disk)], check=True)
    watched.update(name=at, kept=kept, disk=disk)
    argv = [*COMMON, "--num_train_epochs=3", "--dataset=rows.csv", "--model=tiny"]
    code, said = follow([*argv, f"--output_dir={disk / 'run'}"])
    files = {str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file()}
    found = {"code": code, "said": said, "left": sorted(files - {"filler"})}
    if name in GONE_ON_WITH:
        (disk / "filler").unlink()
        found["then"] = follow([*argv, f"--resume_from_checkpoint={disk / 'run'}"])[0]
    return found


def follow(argv):
    """Run the command; return its exit code (None: it ended in a traceback) and what it said."""
    shown, code = io.StringIO(), None
    with contextlib.redirect_stderr(shown), contextlib.redirect_stdout(io.StringIO()):
        try:
            run_command(train.main, argv)
        except SystemExit as stop:
            code = stop.code
        except Exception:
            traceback.print_exc(file=shown)
    return code, shown.getvalue()


def main(folder):
    os.chdir(folder)
    sys.addaudithook(fill_up)
    found = {name: attempt(name, Path(folder), *case) for name, case in CASES.items()}
    Path("found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
