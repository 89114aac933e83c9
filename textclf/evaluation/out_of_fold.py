"""Label errors where validation is small: looked for among the training rows too, out of fold, by a plain model.

What a fine-tuned model says of rows that it was trained on says nothing about their labels, and to train it anew for
each fold takes as long as to train it. A linear model on TF-IDF takes seconds: each text is scored by one that was
fitted without it, and without its equals. It is another model than the run's and says so wherever its suspects stand.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..arguments import ModelArguments
from ..data.model_text import clean_texts, text_key
from ..inference.answers import Text, activate
from ..inference.classifier import texts_of
from ..labels import LabelSpace
from ..models.baselines import TrainingRows, tfidf_svm
from ..models.text_features import as_string
from ..run_folder import RunFolder
from .calibration import fit_scales
from .label_errors import Suspect, find_suspects
from .report import Report, report_on

SMALL = 500  # validation texts: of fewer, at 4 % of wrong labels, not 20 could be found
FOLDS = 5
MOST_TEXTS = 20_000  # that are scored out of fold: validation, and training rows at random
FILE = "suspected_labels.csv"  # in the run folder; it holds texts and stays at home
METHOD = (
    "confident learning (Northcutt et al. 2021) on scores of a linear SVM on TF-IDF, not of this model: each text is "
    "scored by one of {folds} that were fitted without it"
)


def suspects_out_of_fold(
    run: RunFolder, train: Dataset, validation: Dataset, clean: Callable[[str], str], seed: int
) -> dict[str, Any] | None:
    """Look for label errors in train and validation, write them to FILE, the surest first; return what was found.

    Args:
        run: the run folder.
        train: training rows, none of them made from others; repeated ones count once.
        validation: validation rows.
        clean: the model's cleaning of a text.
        seed: of the folds.

    Returns:
        None where validation is large enough, or all rows together are too few for folds.
    """
    rows = _distinct(train, validation, clean, seed) if len(validation) < SMALL else []
    if len(rows) < 2 * FOLDS:
        return None
    labels = LabelSpace.from_features(train.features)
    texts, gold = [text for _, _, text in rows], np.concatenate([gold for _, gold, _ in rows])
    report = _scored_out_of_fold(texts, gold, labels, seed)
    suspects = find_suspects(report)
    run.write(FILE, lambda path: _write(path, suspects, rows, labels))
    return {
        "count": len({suspect.row for suspect in suspects}),
        "of": len(rows),
        "splits": ["train", "validation"],
        "method": METHOD.format(folds=FOLDS),
        "f1_macro": report.metrics["f1_macro"]["value"],
        "file": FILE,
    }


Row = tuple[str, NDArray[np.int64], Text]  # its split, its gold labels [1] or [1, L], the text as the model reads it


def _distinct(train: Dataset, validation: Dataset, clean: Callable[[str], str], seed: int) -> list[Row]:
    """Return the rows of both splits, those of one text and one label once."""
    labels = LabelSpace.from_features(train.features)
    found: dict[tuple[int, bytes], Row] = {}
    room = MOST_TEXTS - len(validation)
    if len(train) > room:
        train = train.select(np.sort(np.random.default_rng(seed).permutation(len(train))[:room]))
    for split, rows in (("validation", validation), ("train", train)):
        gold = labels.gold(rows)
        for place, text in enumerate(clean_texts(texts_of(rows), clean)):
            own = gold[place : place + 1]
            found.setdefault((text_key(as_string(text)), own.tobytes()), (split, own, text))
    return list(found.values())


def _scored_out_of_fold(texts: list[Text], gold: NDArray[np.int64], labels: LabelSpace, seed: int) -> Report:
    """Return the report of scores of which none comes from a model that has seen its text."""
    folds, logits = _folds(texts, gold, seed), np.zeros((len(texts), len(labels)), dtype=np.float32)
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        rows = TrainingRows([texts[i] for i in outside], gold[outside], labels, seed, ModelArguments())
        fitted = tfidf_svm(rows)
        model = fitted.fit(fitted.settings[len(fitted.settings) // 2])
        logits[inside] = model.logits(fitted.features([texts[i] for i in inside]))
    scales = fit_scales(logits, gold, labels)
    return report_on(activate(scales.apply(logits), labels), gold, labels, draws=0)


def _folds(texts: list[Text], gold: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the fold of each text [N]: equal texts share one, and every label is spread over all."""
    _, first, group = np.unique([text_key(as_string(t)) for t in texts], return_index=True, return_inverse=True)
    label = gold[first] if gold.ndim == 1 else gold[first].argmax(axis=1)
    folds = np.empty(len(first), dtype=np.int64)
    folds[np.lexsort((np.random.default_rng(seed).random(len(first)), label))] = np.arange(len(first)) % FOLDS
    return np.asarray(folds[group])


def _write(path: Path, suspects: list[Suspect], rows: list[Row], labels: LabelSpace) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # with its mark, by which spreadsheets know UTF-8
        table = csv.writer(file)
        table.writerow(["split", "text", "text_pair", "label", "suggested", "margin"])
        for suspect in suspects:
            split, _, text = rows[suspect.row]
            first, second = (text, "") if isinstance(text, str) else (text[0], text[1] or "")
            given, suggested = labels.names[suspect.given], labels.names[suspect.suggested]
            if labels.multi_label:
                given, suggested = (given, f"without {given}") if suspect.carried else ("", suggested)
            table.writerow([split, first, second, given, suggested, f"{suspect.margin:.4f}"])
