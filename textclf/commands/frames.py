"""`textclf.train(data, ...)`: what `train.py` does, from Python, with rows that are in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.reading.files import store_folder
from ..errors import UserError
from ..recipe import read_recipe
from ..run_folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset

    Rows: TypeAlias = "pd.DataFrame | Dataset | pa.Table"
SPLITS = ("train", "validation", "test")


def train(
    data: Rows | Mapping[str, Rows] | str | Path, recipe: str | Path | None = None, **options: Any
) -> RunFolder:  # Any: whatever a key of a recipe takes
    """Train a classifier on rows, measure it, and return its run folder: `train.py` in one call.

    Args:
        data: a pandas data frame, a `datasets.Dataset` or a `pyarrow.Table`; a mapping of them by split (`train`,
            and `validation` and `test` where there are any); or whatever `--dataset` takes: a file, a folder, a name.
        recipe: a YAML recipe whose keys the options override.
        **options: the keys of a recipe, which are the flags of `train.py`: `model="klue/roberta-base"`,
            `label_columns=["topic"]`, `num_train_epochs=3`, `output_dir="runs/mine"`.

    Returns:
        The run folder: `.path` for `pipeline()` and `Classifier.load`, `.read_json("evaluation.json")` for figures.

    Raises:
        UserError: data, recipe or options that cannot be used, with what to give instead.
    """
    from .train import train as follow

    words = [*([str(recipe)] if recipe else []), *_data_words(data)]
    for name, value in options.items():
        words += _words(name, value)
    read = read_recipe(words)
    follow(read)
    return RunFolder(Path(str(read.fit.output_dir)))


def _data_words(data: Any) -> list[str]:  # Any: as `train` takes it
    if isinstance(data, str | Path):
        return [f"--dataset={data}"]
    if not isinstance(data, Mapping):
        return [f"--dataset={_stored(data, 'rows')}"]
    unknown = [name for name in data if name not in SPLITS]
    if unknown or "train" not in data:
        raise UserError(f"Rows by split are a mapping with train, validation and test; found {', '.join(data)}.")
    return [f"--{name}_file={_stored(rows, name)}" for name, rows in data.items()]


def _stored(rows: Any, name: str) -> Path:  # Any: as `train` takes it
    """Write rows once, under the hash of what they are, where converted files are kept too; return the file."""
    table = _table(rows)
    found = hashlib.sha256(str(table.schema).encode())
    for batch in table.to_batches():
        found.update(batch.serialize())
    path = store_folder() / "frames" / found.hexdigest()[:16] / f"{name}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        pq.write_table(table, unfinished)
        unfinished.replace(path)
    return path


def _table(rows: Any) -> pa.Table:  # Any: as `train` takes it
    if isinstance(rows, pa.Table):
        return rows.combine_chunks()
    if hasattr(rows, "features") and hasattr(rows, "with_format"):  # datasets.Dataset: as indexed, with label names
        table = rows.with_format("arrow")[:]
        return table.replace_schema_metadata(rows.features.arrow_schema.metadata).combine_chunks()
    if hasattr(rows, "columns") and hasattr(rows, "iloc"):
        table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
        return pa.table({name: _values(table.column(name)) for name in table.column_names})
    raise UserError(
        f"Rows are a pandas data frame, a datasets.Dataset or a pyarrow.Table; found {type(rows).__name__}."
    )


def _values(column: pa.ChunkedArray) -> pa.Array:
    """Return a column's values themselves: a categorical's are numbers that stand for them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.combine_chunks()


def _words(name: str, value: Any) -> list[str]:  # Any: whatever a key of a recipe takes
    """Return an option as the words of a command line."""
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{name}={str(value).lower()}"]
    if isinstance(value, Mapping):
        return [f"--{name}={json.dumps(dict(value))}"]
    if isinstance(value, list | tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}={value}"]
