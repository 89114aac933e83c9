"""No labels yet: a sample of the texts is put out to be labelled by hand, because figures come from nothing else."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ..data.unlabelled import read_unlabelled
from ..errors import UserError
from ..recipe import Recipe
from ..run_folder import RunFolder
from ..screen import Screen
from ..training.chat_protocol import read_meanings

FILE = "to_label.csv"
LABEL = "label"  # the column to fill in
FEWEST_OF_A_LABEL = 10


def put_out_sample(recipe: Recipe, screen: Screen) -> bool:
    """Write `to_label.csv` where a recipe has texts and a chat teacher but no labels; say whether it is so.

    The sample is drawn at random by `--split_seed`, whatever the teacher thinks: what is measured on it holds for all.

    Raises:
        UserError: the file is there already, or no labels are named.
    """
    data, fit = recipe.data, recipe.fit
    if data.dataset or data.train_file or data.unlabelled is None or fit.teacher_url is None or fit.process_index:
        return False
    names = list(read_meanings(fit.teacher_labels))
    if len(names) < 2:
        raise UserError("Name two labels or more: --teacher_labels sport 'law=courts, bills'.")
    go_on = f"the same command with --dataset {FILE}"
    if Path(FILE).exists():
        raise UserError(f"{FILE} is there already. Fill in its column {LABEL!r}, then type {go_on}.")
    found = read_unlabelled(data, data.text_columns)
    rows = np.sort(np.random.default_rng(data.split_seed).permutation(len(found.rows))[: data.hand_labels])
    texts = found.rows.select(rows).to_list()
    RunFolder(Path()).write(FILE, lambda path: _write(path, texts))
    screen.show(
        [
            found.line,
            f"{FILE}: {len(rows):,} of them, drawn at random, to be labelled by hand: {', '.join(names)}.",
            f"All figures will come from these alone. Fill in the column {LABEL!r} ({FEWEST_OF_A_LABEL} texts of each "
            f"label at least), then type {go_on}.",
        ]
    )
    return True


def _write(path: Path, rows: list[dict[str, Any]]) -> None:  # Any: a text, or null
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark tells Excel that it is UTF-8
        writer = csv.DictWriter(file, [*rows[0], LABEL])
        writer.writeheader()
        writer.writerows(row | {LABEL: ""} for row in rows)
