"""The script for jobs on the Hub: what `uv` reads of it, and what it refuses."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from textclf.house import EXTRAS

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "recipes" / "jobs" / "train.py"
# As inline script metadata is specified: https://packaging.python.org/en/latest/specifications/inline-script-metadata/
HEADER = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


def test_its_header_names_this_package_and_an_extra_that_it_has():
    (found,) = HEADER.finditer(SCRIPT.read_text(encoding="utf-8"))
    content = "".join(line[2:] if line.startswith("# ") else line[1:] for line in found["content"].splitlines(True))
    header = tomllib.loads(content)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, extra = re.match(r"(\w+)\[(\w+)\] @ git\+https://", header["dependencies"][0]).groups()
    assert (found["type"], name, header["requires-python"]) == ("script", project["name"], project["requires-python"])
    assert extra in project["optional-dependencies"]
    assert extra in EXTRAS.values()


def test_a_job_whose_model_would_be_lost_is_refused_before_anything_is_loaded():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--dataset", "me/reviews"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("error: A job's folder is gone when it ends; say where the model goes: --push NS/NAME.\n")
