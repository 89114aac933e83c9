"""Which of many unlabelled texts to label next: those that the model is least sure of, and that are not alike.

Uncertainty is "breaking ties" (Luo et al. 2005, "Active Learning to Recognize Multiple Types of Plankton"): one less
the lead of the best label over the next. With several labels it is how near the nearest cut is. Among the texts with
most of it, each one taken is the one whose uncertainty times its distance to those taken already is largest (farthest
first, as the core-sets of Sener & Savarese 2018, arXiv 1708.00489), over character n-grams: no engine's states are
needed. Nothing is drawn at random.
"""

from __future__ import annotations

import csv
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from ..data.model_text import text_key, whole_texts
from ..errors import UserError
from ..inference.answers import Text
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .bulk_arguments import BulkArguments
from .columns import choose_text_columns, texts_of_table, trained_columns
from .scorers import load_scorer
from .sources import columns_of, find_sources

POOL = 20  # texts looked at for each one wanted: the least sure ones
LABEL = "label"  # the column that is left empty, to be filled in
ADDED = (LABEL, "predicted", "uncertainty")


class Picked(NamedTuple):
    """What was chosen, and out of how many."""

    rows: int
    different: int
    chosen: list[int]
    columns: list[str]


def pick(model: str, inputs: Sequence[str], options: BulkArguments) -> Picked:
    """Write the `--to_label` texts that are worth most to `--output`, a CSV file with a column for their labels.

    Raises:
        UserError: the rows or the model cannot be read, or the output cannot be written so.
    """
    output, wanted = Path(options.output or ""), options.to_label or 0
    if output.suffix.lower() != ".csv" or output.exists():
        found = "which is there already" if output.exists() else f"found {output}"
        raise UserError(
            f"--to_label writes a CSV file to fill in, at a place that is free: --output next.csv; {found}."
        )
    sources = find_sources(inputs, options.split, options.dataset_config, options.dataset_revision)
    names = choose_text_columns(sources[0], options.text_columns, trained_columns(model, options.revision))
    if taken := [name for name in columns_of(sources[0]) if name in ADDED]:
        raise UserError(f"The input has a column {taken[0]} already; rename it, as --to_label adds one of that name.")
    scorer = load_scorer(model, options.engine, options.revision, options.trust_remote_code)
    table = pa.concat_tables(
        [part for source in sources for part in source.read(0, source.rows, options.block_rows)],
        promote_options="permissive",
    )
    places, texts = _different(texts_of_table(table, names))
    if len(texts) < wanted:
        raise UserError(f"--to_label asks for {wanted:,} texts; there are {len(texts):,} that differ. Ask for fewer.")
    scores = scorer.scores(texts)
    unsure = uncertainty(scores, scorer.labels, scorer.thresholds)
    chosen = farthest_first(unsure, texts, wanted)
    decided = scorer.labels.named(scorer.labels.decide(scores[chosen], scorer.thresholds))
    rows = table.select(columns_of(sources[0])).take([places[each] for each in chosen]).to_pylist()
    RunFolder(output.parent).write(output.name, lambda path: _write(path, rows, decided, unsure[chosen]))
    return Picked(len(table), len(texts), chosen, names)


def lines_of(found: Picked, model: str, options: BulkArguments) -> list[str]:
    """Say what was chosen, and how the loop goes on: label, add, train again."""
    named = shlex.join(found.columns)
    return [
        f"{len(found.chosen):,} of {found.different:,} different texts ({found.rows:,} rows) are in {options.output}.",
        f"Fill in its column {LABEL!r}, put the file into a folder with what is labelled already, and train on all:",
        f"  python train.py --dataset FOLDER --text_columns {named} --label_columns {LABEL}",
        "Measure on a test set that was not chosen so: texts that a model is unsure of are no sample of all texts.",
    ]


def uncertainty(
    scores: NDArray[np.floating[Any]], labels: LabelSpace, thresholds: NDArray[np.floating[Any]] | None
) -> NDArray[np.float64]:
    """Return how unsure scores [N, L] are, float64 [N] in [0, 1]: 1 where two labels tie, or a score is at its cut."""
    values = np.asarray(scores, dtype=np.float64)
    if labels.multi_label:
        cuts = np.full(len(labels), 0.5) if thresholds is None else np.asarray(thresholds, dtype=np.float64)
        span = np.where(values >= cuts, 1 - cuts, cuts)  # how far a score can be from its cut, on its side
        return np.asarray(1 - (np.abs(values - cuts) / np.maximum(span, 1e-9)).min(axis=1)).clip(0, 1)
    best = np.sort(values, axis=1)
    return np.asarray(1 - (best[:, -1] - best[:, -2]))


def farthest_first(unsure: NDArray[np.float64], texts: Sequence[Text], wanted: int) -> list[int]:
    """Return the places of `wanted` texts: the least sure first, then each time the one worth most beside them."""
    pool = np.argsort(-unsure, kind="stable")[: max(POOL * wanted, wanted)]
    counted = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**18)
    vectors = counted.transform([_one(texts[place]) for place in pool]).tocsr()
    nearest = np.ones(len(pool))  # distance to the nearest one taken: 0 (the same n-grams) to 1 (none in common)
    worth = unsure[pool].copy()
    taken: list[int] = []
    for _ in range(wanted):
        at = int(np.argmax(worth))
        taken.append(at)
        alike = np.asarray((vectors @ vectors[at].T).todense()).ravel()
        nearest = np.minimum(nearest, 1 - np.clip(alike, 0, 1))
        worth = (unsure[pool] + 1e-9) * nearest
        worth[taken] = -1.0
    return [int(pool[at]) for at in taken]


def _different(texts: Sequence[Text | None]) -> tuple[list[int], list[Text]]:
    """Return the texts that are there and differ to the model, each with its first place."""
    found: dict[int, tuple[int, Text]] = {}
    for place, text in enumerate(texts):
        if text is not None:
            found.setdefault(text_key(_one(text)), (place, text))
    return [place for place, _ in found.values()], [text for _, text in found.values()]


def _one(text: Text) -> str:
    """Return a text, or both fields of a pair, as one."""
    fields = (text, None) if isinstance(text, str) else text
    return whole_texts({"text": [fields[0]], "text_pair": [fields[1]]})[0]


def _write(path: Path, rows: Sequence[dict[str, Any]], decided: Sequence[Any], unsure: NDArray[np.float64]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow([*rows[0], *ADDED])
        for row, predicted, value in zip(rows, decided, unsure, strict=True):
            named = ";".join(predicted) if isinstance(predicted, list) else predicted
            out.writerow([*row.values(), "", named, f"{value:.4f}"])
