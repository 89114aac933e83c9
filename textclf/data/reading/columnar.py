"""Files that know their columns' types: Parquet, Arrow (Feather) and ORC, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...errors import UserError
from .nested_rows import SAMPLE, answers_within
from .tables import ROWS_PER_BATCH, Reading

DECLARED = b"huggingface"  # the key under which `datasets` writes features into a schema


def read_parquet(path: Path, kept_whole: bool) -> Reading:
    """Read a Parquet file."""
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path.name} is not a Parquet file that can be read: {error}.") from None
    batches = file.iter_batches(batch_size=ROWS_PER_BATCH)
    return _plain(path, file.schema_arrow, batches, ("Parquet", kept_whole))


def read_arrow(path: Path, kept_whole: bool) -> Reading:
    """Read an Arrow file, in either of its two forms (Feather is one of them)."""
    source = pa.memory_map(str(path))
    try:
        file = pa.ipc.open_file(source)
        found = (file.get_batch(i) for i in range(file.num_record_batches))
        return _plain(path, file.schema, found, ("Arrow", kept_whole))
    except pa.ArrowInvalid:
        source.seek(0)
    try:
        stream = pa.ipc.open_stream(source)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path.name} is not an Arrow file that can be read: {error}.") from None
    return _plain(path, stream.schema, iter(stream), ("Arrow", kept_whole))


def read_orc(path: Path, kept_whole: bool) -> Reading:
    """Read an ORC file, stripe by stripe."""
    from pyarrow import orc  # few people bring one

    try:
        file = orc.ORCFile(path)
    except pa.ArrowException as error:
        raise UserError(f"{path.name} is not an ORC file that can be read: {error}.") from None
    return _plain(path, file.schema, map(file.read_stripe, range(file.nstripes)), ("ORC", kept_whole))


def _plain(path: Path, found: pa.Schema, source: Iterable[pa.RecordBatch], kind: tuple[str, bool]) -> Reading:
    """Return columns of plain types: categories and string views decoded, texts in bytes as texts.

    Columns of objects are taken apart (`record.text`) where text or label lie in them, as they are in JSON.
    """
    called, kept_whole = kind
    batches = _whole(path, called, source)
    head = [pa.Table.from_batches([each]) for each in islice(batches, 1)] or [found.empty_table()]
    objects = any(pa.types.is_struct(each.type) for each in found)
    flat = objects and answers_within(head[0].slice(0, SAMPLE).to_pylist(), kept_whole)
    notes = [f"{path.name} holds objects in objects; their cells are named like a.b."] if flat else []
    seen = _flattened(head[0]) if flat else head[0]
    fields = [pa.field(each.name, _decoded(each.type, seen[each.name])) for each in seen.schema]
    schema = pa.schema(fields, metadata=_declared(found) if flat else found.metadata)

    def plain() -> Iterator[pa.RecordBatch]:
        for table in chain(head, (pa.Table.from_batches([each]) for each in batches)):
            cells = _flattened(table) if flat else table
            columns = [_cast(cells[each.name].combine_chunks(), each.type) for each in schema]
            yield from pa.Table.from_arrays(columns, schema=schema).to_batches()

    return Reading(schema, plain(), notes=notes, unit="row")


def _whole(path: Path, called: str, source: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from source
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path.name} is a damaged {called} file: {error}.") from error


def _flattened(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(each.type) for each in table.schema):
        table = table.flatten()
    return table


def _declared(schema: pa.Schema) -> dict[bytes, bytes] | None:
    """Return the metadata of a schema that was taken apart: names that `datasets` declared follow their columns."""
    if not schema.metadata or DECLARED not in schema.metadata:
        return None
    import datasets

    features = datasets.Features.from_arrow_schema(schema)
    return dict(features.flatten(max_depth=100).arrow_schema.metadata)


def _decoded(kind: pa.DataType, cells: pa.ChunkedArray) -> pa.DataType:
    """Return the plain type of a column, of which these are the first cells."""
    if pa.types.is_dictionary(kind):
        return _decoded(kind.value_type, cells.cast(kind.value_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _decoded(kind.value_type, pc.list_flatten(cells))
        return kind if inner == kind.value_type else pa.large_list(inner)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    of_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    return pa.large_string() if of_bytes and _are_texts(cells) else kind


def _are_texts(cells: pa.ChunkedArray) -> bool:
    """Say whether bytes are texts, as Impala and Spark write them, and no pictures."""
    try:
        texts = cells.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.match_substring(texts, "\0")).as_py()


def _cast(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return cells of one column in its plain type; what is no UTF-8 in bytes that are texts becomes U+FFFD."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    try:
        return cells.cast(kind)
    except pa.ArrowInvalid:
        if not pa.types.is_large_string(kind):
            raise
        texts = [None if cell is None else cell.decode("utf-8", "replace") for cell in cells.to_pylist()]
        return pa.array(texts, kind)
