"""Runs the static page's module in Node: `scored({"name": {"folder": ..., "texts": [...]}}, place)`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "javascript"


def scored(jobs, place):
    """Return score.mjs's answers to jobs; skips the test where there is no Node, or nothing installed for it."""
    if shutil.which("node") is None or not (HERE / "node_modules").is_dir():
        pytest.skip("The JavaScript tests need Node.js and `npm ci` in tests/javascript (`make test` does it).")
    (place / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    command = ["node", "score.mjs", str(place / "jobs.json"), str(place / "answers.json")]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((place / "answers.json").read_text("utf-8"))
