"""The run folder: what the commands hand to each other, one plain checkpoint with everything known about it."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UserError, did_you_mean

# File -> the command that makes it, for a folder that lacks it.
MADE_BY = {
    "config.json": "python train.py --output_dir {run}",
    "model.safetensors": "python train.py --output_dir {run}",
    "tokenizer.json": "python train.py --output_dir {run}",
    "recipe.yaml": "python train.py --output_dir {run}",
    "audit.json": "python train.py --output_dir {run}",
    "text_hashes.npz": "python train.py --output_dir {run}",
    "training_log.jsonl": "python train.py --output_dir {run}",
    "evaluation.json": "python train.py --output_dir {run}",
    "predictions/validation.parquet": "python train.py --output_dir {run}",
    "predictions/test.parquet": "python train.py --output_dir {run}",
    "README.md": "python train.py --output_dir {run}",
}

# The best step's logits of the validation texts, in split order, where training computed them in float32.
VALIDATION_LOGITS = "checkpoints/validation_logits.safetensors"
VALIDATION_LEARNED = "validation_learned"  # in a training's facts: how many of these texts were learned afterwards
STATE_MAPS = "checkpoints/state_maps.json"  # of training/states.py, for the page


RUNS = "runs"  # where runs lie if nobody says otherwise


def refuse_missing_folder(model: str) -> None:
    """Stop, before anything is loaded, at a model that can only be a folder and is not there.

    Raises:
        UserError: the name is no Hub id by its form, or one of a run, and nothing on this machine has it.
    """
    folder = Path(model).expanduser()
    is_folder = model.startswith((".", "/", "~", f"{RUNS}/")) or model.count("/") > 1
    if is_folder and not folder.exists():
        raise UserError(
            f"The folder {model} does not exist; expected a run folder or a Hub id (`ls {RUNS}/` shows runs)."
            + _nearest_beside(folder)
        )


def refuse_missing_runs(folders: Sequence[Path]) -> None:
    """Stop, before anything is loaded, at folders of runs or studies that are not there.

    Raises:
        UserError: one does not exist; names the nearest beside it.
    """
    for folder in folders:
        if not folder.is_dir():
            near = _nearest_beside(folder)
            raise UserError(f"There is no run and no study in {folder}: the folder does not exist.{near}")


def _nearest_beside(folder: Path) -> str:
    return did_you_mean(folder.name, [each.name for each in folder.parent.iterdir()] if folder.parent.is_dir() else [])


@dataclass(frozen=True)
class RunFolder:
    """A folder with a plain Transformers checkpoint at its root and the project's files beside it."""

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Open a finished run.

        Raises:
            UserError: the folder does not exist, or a file is missing (with the command that makes it).
        """
        run = cls(Path(path))
        if not run.path.is_dir():
            raise UserError(
                f"The run folder {path} does not exist. "
                f"`python train.py --output_dir {shlex.quote(str(path))}` makes it."
            )
        missing = [name for name in MADE_BY if not (run.path / name).exists()]
        if missing:
            command = MADE_BY[missing[0]].format(run=shlex.quote(str(path)))
            raise UserError(
                f"The run folder {path} is not complete: {', '.join(missing)} missing. `{command}` makes it."
            )
        return run

    @staticmethod
    def free(name: str) -> Path:
        """Return `runs/NAME`, or `runs/NAME-2` and so on where that is taken."""
        path, number = Path(RUNS) / name, 1
        while path.exists():
            number += 1
            path = Path(RUNS) / f"{name}-{number}"
        return path

    def read_json(self, name: str) -> dict[str, Any]:
        """Read one of the run's JSON files."""
        content: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        return content

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file whole or not at all."""
        text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        self.write_text(name, text)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file whole or not at all."""
        self.write(name, lambda path: path.write_text(text, encoding="utf-8"))

    def write(self, name: str, writer: Callable[[Path], object]) -> None:
        """Let `writer` fill a temporary file (or folder) and rename it to `name`; a failure leaves nothing behind."""
        final = self.path / name
        final.parent.mkdir(parents=True, exist_ok=True)
        # No process id: containers that share a folder are all number 1.
        unfinished = final.with_name(f".unfinished-{secrets.token_hex(4)}-{final.name}")
        try:
            writer(unfinished)
            if final.is_dir():
                shutil.rmtree(final)
            unfinished.replace(final)
        finally:
            if unfinished.is_dir():
                shutil.rmtree(unfinished)
            else:
                unfinished.unlink(missing_ok=True)


CLUSTERED = "textclf_clustered"  # `model_type` of a checkpoint that reads clusters at its input: models/clustered.py


def is_clustered(folder: str | Path) -> bool:
    """Say whether a folder holds a checkpoint with injected clusters."""
    path = Path(folder) / "config.json"
    return path.is_file() and json.loads(path.read_text(encoding="utf-8")).get("model_type") == CLUSTERED


def refuse_clustered(folder: str | Path, what: str) -> None:
    """Refuse what a checkpoint with injected clusters cannot do.

    Raises:
        UserError: the folder holds one.
    """
    if is_clustered(folder):
        raise UserError(clusters_refused(what))


def clusters_refused(what: str) -> str:
    """Return the sentence for what takes no model with injected clusters."""
    return (
        f"{what} takes no model with clusters at its input (--cluster_inject token, embedding), which needs a second "
        "model for each text. Train with --cluster_inject target, or use pipeline(model=..., trust_remote_code=True)."
    )
