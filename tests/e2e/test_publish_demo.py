"""`make publish-demo` goes the whole road."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.hub, pytest.mark.slow]


def test_the_demonstration_goes_from_text_to_a_space_that_answers():
    command = [sys.executable, "-m", "tests.publish_demo", "--num_train_epochs", "1"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=7200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Checked: loaded by its id in a fresh process" in done.stdout
    assert "the Hub holds" in done.stdout
    assert done.stdout.rstrip().endswith("the model on the Hub is the model that was measured.")
