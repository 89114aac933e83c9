"""Kill a training with SIGKILL at random moments, go on each time, and compare with the run that was never killed.

    python -m tests.kill_points [POINTS]      20 by default, one after the other; about four seconds each

Every point starts a run of its own in a forked process, kills it at a moment drawn from the whole of its time (also
while a checkpoint is written), lets it go on, and asks for the very same weights.
"""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from tests.tiny_models import make_tiny
from tests.training_runs import accuracy, arguments, built, rows
from textclf.training import assembly
from textclf.training.fit import fit
from textclf.training.interruption import GracefulStop, newest_checkpoint

OPTIONS = {"num_train_epochs": 4, "learning_rate": 1e-3, "precision": "fp32", "disable_tqdm": True}


class Slowly(TrainerCallback):
    """Gives a step the time of a real one, so that moments fall into steps as well as into writing."""

    def on_step_end(self, args, state, control, **kwargs):
        time.sleep(0.02)


def start(model, run, resume):
    """Train in a forked process and return its id; a checkpoint is due every 0.1 s."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        assembly.GracefulStop = lambda steps, **_: GracefulStop(steps, save_seconds=0.1)
        original = assembly._learning_callbacks
        assembly._learning_callbacks = lambda *args: [*original(*args), Slowly()]
        options = {**OPTIONS, **({"resume_from_checkpoint": str(run)} if resume else {})}
        split = rows(120)
        fit(*built(model, split), split, rows(16), arguments(run, **options), max_length=64, metrics=accuracy)
        code = 0
    finally:
        os._exit(code)


def finished(process):
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(points, seed=0):
    """Return how many points were tried; raises at the first that ends with other weights."""
    torch.set_num_threads(1)
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        model, whole = make_tiny("bert", Path(folder) / "tiny"), Path(folder) / "whole"
        began = time.monotonic()
        assert finished(start(model, whole, resume=False)) == 0
        lasts = time.monotonic() - began
        expected = load_file(whole / "model.safetensors")
        for point in range(points):
            run = Path(folder) / f"run-{point}"
            process = start(model, run, resume=False)
            time.sleep(generator.uniform(0.1, 1.0) * lasts)
            os.kill(process, signal.SIGKILL)
            finished(process)
            taken = newest_checkpoint(run) if run.exists() else None
            if (run / "checkpoints").exists():
                assert finished(start(model, run, resume=True)) == 0
            else:  # killed before it began
                assert finished(start(model, run, resume=False)) == 0
            found = load_file(run / "model.safetensors")
            assert all(torch.equal(found[name], expected[name]) for name in expected), f"point {point}: other weights"
            print(f"point {point}: went on from {taken.name if taken else 'the start'}, same weights", flush=True)
    return points


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
