"""An encoder followed through its fine-tuning: states of some validation texts by epoch, their maps and isotropy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from peft import PeftModel
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..exploration.isotropy import measure_isotropy
from ..run_folder import STATE_MAPS, RunFolder
from .collation import FOR_THE_LOSS
from .interruption import CHECKPOINTS
from .trainer import BatchTrainer

STATES = f"{CHECKPOINTS}/states"  # float16 [n, D] of each epoch, until the maps are made
MOST_MAPS = 6
BATCH = 32


class StatesFollowed(TrainerCallback):
    """Keeps the first token's last hidden state of some validation texts, before training and after each epoch.

    A resumed run goes on with what lies in its folder up to its checkpoint. Nothing random is drawn from the
    training's own generators: the weights come out as without it.
    """

    def __init__(self, trainer: BatchTrainer, run: Path, count: int) -> None:
        """Follow `count` validation texts, or all where there are fewer; drawn by the run's seed."""
        self.trainer, self.run = trainer, run
        of = len(trainer.eval_dataset)
        drawn = np.random.default_rng(trainer.args.seed).permutation(of)[:count]
        self.rows: NDArray[np.int64] = np.sort(drawn)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Forget what a killed run saw behind the checkpoint that is resumed, and other numbers of texts.

        Look at the untrained encoder.
        """
        if not state.is_world_process_zero:
            return
        for seen in _seen(self.run):
            others = len(np.load(seen.path)) != len(self.rows)
            if seen.step > state.global_step or state.global_step == 0 or others:
                seen.path.unlink()
        if state.global_step == 0:
            self._keep(0, 0.0)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Look at the encoder; an epoch that was broken off is looked at when it is done."""
        whole = state.global_step % self.trainer.batches.steps_per_epoch == 0 or state.global_step >= state.max_steps
        if state.is_world_process_zero and whole:
            self._keep(state.global_step, float(state.epoch or 0.0))

    def _keep(self, step: int, epoch: float) -> None:
        states = self._states().astype(np.float16)
        RunFolder(self.run).write(f"{STATES}/{step}-{epoch:g}.npy", lambda path: _save(path, states))

    @torch.no_grad()
    def _states(self) -> NDArray[np.float32]:
        """Return the states float32 [n, D] of the followed texts, in the order of their rows."""
        model, texts = self.trainer.model, self.trainer.eval_dataset
        plain = model.get_base_model() if isinstance(model, PeftModel) else model
        last: list[Tensor] = []
        hook = plain.base_model.register_forward_hook(lambda _, __, found: last.append(found[0]))
        places = texts.in_split_order(np.arange(len(texts)))[self.rows]  # where the loader, by length, has them
        order, states, training = np.argsort(places, kind="stable"), [], model.training
        model.eval()
        try:
            for start in range(0, len(order), BATCH):
                batch = self.trainer.data_collator(
                    [texts[int(place)] for place in places[order[start : start + BATCH]]]
                )
                inputs = {key: part.to(model.device) for key, part in batch.items() if key not in FOR_THE_LOSS}
                model(**inputs)
                first = inputs["attention_mask"].argmax(dim=1)  # behind the padding, where that is on the left
                hidden = last.pop()
                states.append(hidden[torch.arange(len(hidden)), first].float().cpu().numpy())
        finally:
            hook.remove()
            model.train(training)
        found = np.empty((len(order), states[0].shape[1]), dtype=np.float32)
        found[order] = np.concatenate(states)
        return found


class _Seen(NamedTuple):
    """States that were kept of an epoch."""

    step: int
    epoch: float
    path: Path


def _seen(run: Path) -> list[_Seen]:
    """Return what is kept of a run, first epoch first."""
    found = [(path.stem.split("-", 1), path) for path in (run / STATES).glob("*.npy")]
    return sorted(_Seen(int(step), float(epoch), path) for (step, epoch), path in found)


def _save(path: Path, states: NDArray[np.float16]) -> None:
    with path.open("wb") as file:  # np.save would add .npy to a temporary name
        np.save(file, states)


def write_state_maps(followed: StatesFollowed) -> None:
    """Write maps and isotropy of what was kept to `checkpoints/state_maps.json`, and let the states go."""
    seen = _seen(followed.run)
    if not seen:
        return
    clouds = [_unit(np.load(each.path).astype(np.float64)) for each in seen]
    at = np.unique(np.linspace(0, len(seen) - 1, MOST_MAPS).round().astype(int)).tolist()
    places, shares = one_projection([clouds[k] for k in at])
    seed = int(followed.trainer.args.seed)
    record = {
        "rows": followed.rows.tolist(),
        "of": len(followed.trainer.eval_dataset),
        "epochs": [
            {"epoch": each.epoch, **measure_isotropy(cloud.astype(np.float32), seed)._asdict()}
            for each, cloud in zip(seen, clouds, strict=True)
        ],
        "maps": [
            {"epoch": seen[k].epoch, "variance": share, "x": of[:, 0].tolist(), "y": of[:, 1].tolist()}
            for k, of, share in zip(at, places, shares, strict=True)
        ],
    }
    RunFolder(followed.run).write_json(STATE_MAPS, record)
    shutil.rmtree(followed.run / STATES)


def _unit(states: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-12)
    return np.asarray(states / length)


def one_projection(clouds: list[NDArray[np.float64]]) -> tuple[list[NDArray[np.float64]], list[float]]:
    """Lay clouds [n, D] out on two axes common to all, on one scale within [-1, 1].

    Each cloud is moved to its own middle, so that the axes show how texts lie to each other and not how far training
    has carried them all. Returns places [n, 2] of each, and what share of its variance the axes hold.
    """
    centred = [cloud - cloud.mean(axis=0) for cloud in clouds]
    together = sum(cloud.T @ cloud / np.square(cloud).sum().clip(1e-12) for cloud in centred)  # each weighs the same
    axes = np.linalg.eigh(together)[1][:, -2:][:, ::-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])  # eigenvectors have no sign
    places = [cloud @ axes for cloud in centred]
    every = np.concatenate(places)
    low, high = every.min(axis=0), every.max(axis=0)
    scale = max(float((high - low).max()) / 2, 1e-12)
    shares = [
        float(np.square(place).sum() / np.square(cloud).sum().clip(1e-12))
        for place, cloud in zip(places, centred, strict=True)
    ]
    return [np.round((place - (low + high) / 2) / scale, 3) for place in places], [round(share, 4) for share in shares]
