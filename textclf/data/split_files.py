"""Writing final splits: memory-mapped Arrow files, named after the hash of their content."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..labels import LabelSpace
from .labelling.columns import Columns
from .labelling.rows import SplitRows, is_blank
from .reading.files import store_folder

ROWS_PER_BATCH = 10_000


def write_split(rows: SplitRows, columns: Columns, space: LabelSpace, split: str) -> datasets.Dataset:
    """Write one split's rows to the store and map them: columns `text`, `text_pair` (of two), `source`, `labels`.

    There is a column `source` only where `--source_column` names one; it holds strings, "" for a missing value.

    The file's name and the data set's fingerprint are the hash of the content, so that everything `datasets` caches
    from it (token ids, say) is found again for equal rows, and never for changed ones.
    """
    features = _features(columns, space)
    digest = _Digest(features)
    folder = store_folder() / "splits"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{os.getpid()}-{split}.arrow"
    try:
        schema = features.arrow_schema
        with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_stream(sink, schema) as out:
            for arrays in _batches(rows, columns):
                batch = pa.RecordBatch.from_arrays(
                    [array.cast(each.type) for array, each in zip(arrays, schema, strict=True)], schema=schema
                )
                digest.update(batch)
                out.write_batch(batch)
        final = folder / digest.hexdigest() / "rows.arrow"
        final.parent.mkdir(exist_ok=True)
        if not final.exists():
            unfinished.replace(final)
    finally:
        unfinished.unlink(missing_ok=True)
    return _map(final, features, split, digest.hexdigest())


def fingerprint(splits: datasets.DatasetDict) -> str:
    """Return one hash over all splits' content."""
    parts = "".join(f"{name}\0{split._fingerprint}\n" for name, split in splits.items())
    return hashlib.sha256(parts.encode()).hexdigest()


def _map(path: Path, features: datasets.Features, split: str, content: str) -> datasets.Dataset:
    table = datasets.table.MemoryMappedTable.from_file(str(path))
    info = datasets.DatasetInfo(features=features)
    return datasets.Dataset(table, info=info, split=datasets.NamedSplit(split), fingerprint=content)


def _features(columns: Columns, space: LabelSpace) -> datasets.Features:
    label = datasets.ClassLabel(names=list(space.names))
    names = [*("text", "text_pair")[: len(columns.text)], *(["source"] if columns.source else [])]
    text = {name: datasets.Value("string") for name in names}
    return datasets.Features({**text, "labels": datasets.List(label) if space.multi_label else label})


def _batches(rows: SplitRows, columns: Columns) -> Iterator[list[pa.Array]]:
    """Yield the rows' columns, some thousand at a time, in their order."""
    keep = np.zeros(rows.raw.table.num_rows, dtype=bool)
    keep[rows.index] = True
    labels = rows.labels.to_arrow()
    first = done = 0
    taken, fields = [*columns.text, *filter(None, [columns.source])], len(columns.text)
    for batch in rows.raw.table.select(taken).to_batches(max_chunksize=ROWS_PER_BATCH):
        kept = batch.filter(pa.array(keep[first : first + batch.num_rows]))
        first += batch.num_rows
        if kept.num_rows:
            cells = [column.cast(pa.string()) for column in kept.columns[:fields]]
            texts = _fill_first(*cells[:2]) if fields == 2 else cells[:1]
            sources = [_named(column, rows.raw.features.get(columns.source or "")) for column in kept.columns[fields:]]
            yield [*texts, *sources, labels.slice(done, kept.num_rows)]
            done += kept.num_rows


def _named(sources: pa.Array, feature: object) -> pa.Array:
    """Return sources as words, empty where there is none; those of a `ClassLabel` by their names."""
    if isinstance(feature, datasets.ClassLabel):
        ids = pc.if_else(pc.less(sources, 0), None, sources)
        sources = pa.array(feature.names, pa.string()).take(ids)
    return pc.fill_null(sources.cast(pa.string()), "")


def _fill_first(text: pa.Array, text_pair: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Make a blank second field null, and let the second field take the place of a blank first one."""
    no_first, no_second = is_blank(text), is_blank(text_pair)
    nothing = pa.nulls(len(text), pa.string())
    return pc.if_else(no_first, text_pair, text), pc.if_else(pc.or_(no_first, no_second), nothing, text_pair)


class _Digest:
    """A hash over rows that does not depend on how they are cut into batches."""

    def __init__(self, features: datasets.Features) -> None:
        self._values = [(hashlib.sha256(), hashlib.sha256()) for _ in features]
        self._names = json.dumps(features.to_dict(), sort_keys=True)

    def update(self, batch: pa.RecordBatch) -> None:
        for column, (lengths, values) in zip(batch.columns, self._values, strict=True):
            if pa.types.is_string(column.type):
                size = pc.fill_null(pc.binary_length(column), -1)
                lengths.update(size.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
                values.update(_joined(column))
                continue
            if pa.types.is_list(column.type):
                lengths.update(pc.list_value_length(column).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
                column = column.flatten()
            values.update(column.to_numpy(zero_copy_only=False).astype("<i8").tobytes())

    def hexdigest(self) -> str:
        parts = [each.hexdigest() for pair in self._values for each in pair]
        return hashlib.sha256(" ".join([self._names, *parts]).encode()).hexdigest()


def _joined(column: pa.Array) -> bytes:
    """Return all texts of a column, one behind the other, as bytes."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(column)], pa.int32()), pc.fill_null(column, ""))
    return bytes(pc.binary_join(whole, "")[0].as_buffer())
