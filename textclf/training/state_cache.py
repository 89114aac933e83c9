"""States of texts on disk, each kept by its text, so that folds, seeds and learning curves read a text once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.baselines.cache import digest_array
from ..inference.answers import Text
from ..run_folder import RunFolder

FOLDER = Path(".cache/features")  # of the working folder; its names say all that their content depends on
NAME = 32  # bytes of a text's name, half of its SHA-256 in hexadecimal


class StateCache:
    """The states that one encoder gave: pieces of two files, the names of texts and their states.

    A state is that of the batch in which its text was read first; another batch would change its last digits.
    """

    def __init__(self, encoder: str) -> None:
        """Take a digest of all that a state depends on beside its text."""
        self.folder = RunFolder(FOLDER / encoder[:NAME])

    def states(self, texts: Sequence[Text], read: Callable[[list[Text]], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the states of texts, float32 [N, d]; those that are not kept are computed by `read`, and kept."""
        names = np.array([sha256(json.dumps(text).encode()).hexdigest()[:NAME] for text in texts], dtype=f"S{NAME}")
        distinct, first, place = np.unique(names, return_index=True, return_inverse=True)
        pieces = sorted(self.folder.path.glob("*.names.npy"))
        kept = [np.load(piece) for piece in pieces]
        missing = first[~np.isin(distinct, np.concatenate([names[:0], *kept]))]
        found: list[NDArray[np.float32]] = []
        if len(missing) or not kept:
            missing = np.sort(missing)  # in the order of the texts
            found.append(read([texts[i] for i in missing]))
            self._keep(names[missing], found[0])
            kept.append(names[missing])
        found = [np.load(_states_of(piece), mmap_mode="r") for piece in pieces] + found
        result = np.empty((len(distinct), found[-1].shape[1]), dtype=np.float32)
        for of_piece, states in zip(kept, found, strict=True):
            _, here, there = np.intersect1d(distinct, of_piece, assume_unique=True, return_indices=True)
            result[here] = states[there]
        return result[place]

    def _keep(self, names: NDArray[Any], states: NDArray[np.float32]) -> None:
        """Write a piece, its names last: with them it counts."""
        piece = self.folder.path / f"{digest_array(names)[:NAME]}.names.npy"
        self.folder.write(_states_of(piece).name, lambda path: _save(path, states))
        self.folder.write(piece.name, lambda path: _save(path, names))


def _states_of(piece: Path) -> Path:
    return piece.with_name(piece.name.removesuffix(".names.npy") + ".states.npy")


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:  # np.save would add .npy to a temporary name
        np.save(file, array)
