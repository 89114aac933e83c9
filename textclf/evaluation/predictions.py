"""The predictions of a split as a Parquet file, in split order."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from ..run_folder import RunFolder
from .report import Report


def write_predictions(run: RunFolder, name: str, split: Dataset, report: Report) -> None:
    """Write `predictions/NAME.parquet`: text, text_pair, labels, predicted, scores (float32, in label order)."""
    labels = report.labels
    names = pa.list_(pa.string()) if labels.multi_label else pa.string()
    count = len(split)
    pairs = list(split["text_pair"]) if "text_pair" in split.column_names else [None] * count
    columns: dict[str, Any] = {  # Any: pyarrow has no types of its own
        "text": pa.array(list(split["text"]), pa.string()),
        "text_pair": pa.array(pairs, pa.string()),
        "labels": pa.array(labels.named(report.gold), names),
        "predicted": pa.array(labels.named(report.predicted), names),
        "scores": pa.FixedSizeListArray.from_arrays(report.scores.ravel(), len(labels)).cast(pa.list_(pa.float32())),
    }
    run.write(f"predictions/{name}.parquet", lambda path: pq.write_table(pa.table(columns), path))
