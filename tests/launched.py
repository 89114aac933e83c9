"""A training that `accelerate launch` or `torchrun` starts in several processes; see test_processes.py.

    accelerate launch --config_file accelerate_config.yaml --num_processes 2 tests/launched.py TINY_MODEL OUT BATCH

Trains once for each case with dropout 0 in fp32, is interrupted once and goes on, and leaves OUT/<case>.json.
"""

import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from transformers import TrainerCallback

from tests.training_runs import accuracy, arguments, built, rows, without_dropout
from textclf.training import assembly
from textclf.training.fit import fit

CASES = {
    "one label": (False, {"loss": "cross_entropy", "class_weights": ["balanced"]}),
    "several labels": (True, {"loss": "bce"}),
    "tokens": (False, {"tokens_per_batch": 900}),
    "head first": (False, {"freeze_encoder_epochs": 1.0}),
    "one row too few": (False, {"max_steps": 1}),
}


def train(folder, output, multi_label, options, count=88):
    split = rows(count, multi_label)
    model, tokenizer = built(folder, split)
    args = arguments(output, precision="fp32", logging_steps=1, learning_rate=1e-3, **options)
    run = fit(without_dropout(model), tokenizer, split, rows(21, multi_label), args, max_length=64, metrics=accuracy)
    with torch.no_grad():
        inputs = tokenizer(list(split["text"][:8]), padding=True, return_tensors="pt").to(args.device)
        logits = model.eval()(**inputs).logits
    lines = [json.loads(line) for line in (run.path / "training_log.jsonl").read_text().splitlines()]
    steps = [[line["loss"], line["grad_norm"]] for line in lines if "grad_norm" in line]
    scores = [[line[key] for key in ("eval_loss", "eval_f1_macro")] for line in lines if "eval_loss" in line]
    return {"steps": steps, "validation": scores, "logits": logits.tolist(), "training": run.training}


class StopAtThree(TrainerCallback):
    """A signal to the last process alone."""

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 3 and args.process_index == args.world_size - 1:
            signal.raise_signal(signal.SIGTERM)


def interrupted(folder, output, options):
    original = assembly._learning_callbacks
    assembly._learning_callbacks = lambda *args: [*original(*args), StopAtThree()]
    try:
        train(folder, output, False, options)
        return {"stopped": None}
    except KeyboardInterrupt as stop:
        message = str(stop)
    finally:
        assembly._learning_callbacks = original
    found = train(folder, output, False, {**options, "resume_from_checkpoint": str(output)})
    return {**found, "stopped": message}


def main(folder, out, batch):
    sizes = {"per_device_train_batch_size": int(batch), "gradient_accumulation_steps": 2}
    found = {}
    for name, (multi_label, options) in CASES.items():
        count = 3 if name == "one row too few" else 88
        found[name] = train(folder, Path(out) / name, multi_label, {**sizes, **options}, count)
    found["interrupted"] = interrupted(folder, Path(out) / "interrupted", sizes)
    if int(found["one label"]["training"]["processes"]) == 1 or torch.distributed.get_rank() == 0:
        Path(out, "found.json").write_text(json.dumps(found))
    assert np.isfinite(found["one label"]["logits"]).all()


if __name__ == "__main__":
    main(*sys.argv[1:])
