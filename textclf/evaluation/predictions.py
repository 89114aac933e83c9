"""The predictions of a split as a Parquet file, in split order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset
from numpy.typing import NDArray

from ..errors import UserError
from ..inference.answers import Text
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .report import Report

ROWS_AT_ONCE = 50_000  # of one row group: what is held in memory while writing


class KeptPredictions(NamedTuple):
    """What a run folder holds of one split, in split order."""

    texts: list[Text]
    gold: NDArray[np.int64]  # [N], or 0/1 [N, L]
    scores: NDArray[np.float32]  # [N, L] in [0, 1]
    thresholds: NDArray[np.float64] | None  # [L]; None with one label a text


def read_predictions(run: RunFolder, name: str, labels: LabelSpace) -> KeptPredictions:
    """Read `predictions/NAME.parquet` and the run's own cuts; `labels` is the run's label space."""
    rows = pq.read_table(run.path / "predictions" / f"{name}.parquet").to_pydict()
    texts: list[Text] = [
        (text, pair) if pair else text for text, pair in zip(rows["text"], rows["text_pair"], strict=True)
    ]
    ids = labels.label2id
    gold = labels.encode([[ids[name] for name in row] if labels.multi_label else ids[row] for row in rows["labels"]])
    cuts = run.read_json("config.json").get("thresholds")
    thresholds = np.array([cuts[name] for name in labels.names]) if cuts and labels.multi_label else None
    return KeptPredictions(texts, gold, np.array(rows["scores"], dtype=np.float32), thresholds)


def check_place(folder: str | None) -> None:
    """Refuse, before any time is spent, a place where figures cannot go or would replace a run's own.

    Raises:
        UserError: it is a file, or the folder of a model.
    """
    if folder and Path(folder).is_file():
        raise UserError(f"--output {folder} is a file; it takes a folder for evaluation.json and the predictions.")
    if folder and (Path(folder) / "config.json").exists():
        raise UserError(
            f"--output {folder} is the folder of a model, whose own evaluation.json would be replaced. Name another."
        )


def write_predictions(run: RunFolder, name: str, split: Dataset, report: Report) -> None:
    """Write `predictions/NAME.parquet`: text, text_pair, labels, predicted, scores (float32, in label order)."""
    names = pa.list_(pa.string()) if report.labels.multi_label else pa.string()
    types = {"text": pa.string(), "text_pair": pa.string(), "labels": names, "predicted": names}
    schema = pa.schema([*types.items(), ("scores", pa.list_(pa.float32()))])

    def write(path: Path) -> None:
        with pq.ParquetWriter(path, schema) as writer:
            for start in range(0, len(split), ROWS_AT_ONCE):
                writer.write_table(_rows(split, report, slice(start, start + ROWS_AT_ONCE), schema))

    run.write(f"predictions/{name}.parquet", write)


def _rows(split: Dataset, report: Report, part: slice, schema: pa.Schema) -> pa.Table:
    """Return some rows of a split as they are written."""
    cells, scores = split[part], report.scores[part]
    columns: dict[str, Any] = {  # Any: pyarrow has no types of its own
        "text": cells["text"],
        "text_pair": cells.get("text_pair") or [None] * len(scores),
        "labels": report.labels.named(report.gold[part]),
        "predicted": report.labels.named(report.predicted[part]),
        "scores": pa.FixedSizeListArray.from_arrays(scores.ravel(), scores.shape[1]).cast(pa.list_(pa.float32())),
    }
    return pa.table(columns, schema=schema)
