"""Which columns are read and which are written: texts out of a table, answers beside its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import UserError, did_you_mean
from ..inference.answers import Prediction, Text
from ..inference.identity import model_json
from ..inference.promises import NO_PROMISES, Promises
from ..labels import LabelSpace
from .sources import Source, columns_of

# Under which names a single column of text is found where neither the model nor the user names it.
# fmt: off
TEXT_NAMES = (
    "text", "sentence", "document", "content", "comment", "review", "tweet", "title", "텍스트", "문장", "제목",
)
# fmt: on


class Answers(NamedTuple):
    """The new columns: their names, and how each block's are made."""

    labels: LabelSpace
    kind: str  # format of the output
    scores: str  # "all" or "best"
    prefix: str
    promises: Promises = NO_PROMISES

    def fields(self) -> list[pa.Field]:
        """Return the new columns' fields, in order."""
        predicted = pa.list_(pa.string()) if self.labels.multi_label else pa.string()
        return [pa.field(f"{self.prefix}predicted", predicted), *self._score_fields(), *self._promise_fields()]

    def _promise_fields(self) -> list[pa.Field]:
        """Return the fields that only models with promises have: where they are not sure, and sets of labels."""
        fields = []
        if self.promises.answer_from is not None and self.labels.multi_label:
            fields.append(pa.field(f"{self.prefix}unsure", pa.list_(pa.string())))
        elif self.promises.answer_from is not None:
            fields.append(pa.field(f"{self.prefix}abstained", pa.bool_()))
        if self.promises.set_from is not None:
            fields.append(pa.field(f"{self.prefix}label_set", pa.list_(pa.string())))
        return fields

    def _promise_arrays(self, predictions: Sequence[Prediction | None]) -> list[pa.Array]:
        several = self.labels.multi_label
        made: list[list[Any]] = []  # Any: a truth value, or names
        if self.promises.answer_from is not None:
            made.append([p and (p.unsure if several else bool(p.unsure)) for p in predictions])
        if self.promises.set_from is not None:
            made.append([p and p.label_set for p in predictions])
        return [pa.array(values, field.type) for values, field in zip(made, self._promise_fields(), strict=True)]

    def _score_fields(self) -> list[pa.Field]:
        if self.scores == "best":
            return [pa.field(f"{self.prefix}score", self._number())]
        if self.kind == "parquet":
            metadata = {"labels": "\n".join(self.labels.names)}
            return [pa.field(f"{self.prefix}scores", pa.list_(pa.float32()), metadata=metadata)]
        if self.kind == "jsonl":
            each = [pa.field(name, pa.float64()) for name in self.labels.names]
            return [pa.field(f"{self.prefix}scores", pa.struct(each))]
        return [pa.field(f"{self.prefix}score_{name}", pa.float64()) for name in self.labels.names]

    def _number(self) -> pa.DataType:
        return pa.float32() if self.kind == "parquet" else pa.float64()

    def arrays(self, predictions: Sequence[Prediction | None], scores: NDArray[np.float32]) -> list[pa.Array]:
        """Return the new columns of a block; a row without a prediction has nulls.

        Args:
            predictions: one a row, None for a row that was kept without a label.
            scores: float32 [N, L]; rows without a prediction hold anything.
        """
        single = not self.labels.multi_label
        names = [None if p is None else p.labels[0] if single else p.labels for p in predictions]
        missing = np.array([p is None for p in predictions], dtype=bool)
        fields = self._score_fields()
        values = scores if self.kind == "parquet" else _shortest(scores)
        if self.scores == "best":
            columns = [pa.array(values.max(axis=1), fields[0].type, mask=missing)]
        elif self.kind in ("parquet", "jsonl"):
            rows: list[Any] = [None if gone else row for gone, row in zip(missing, values.tolist(), strict=True)]
            if self.kind == "jsonl":
                rows = [None if row is None else dict(zip(self.labels.names, row, strict=True)) for row in rows]
            columns = [pa.array(rows, fields[0].type)]
        else:
            columns = [pa.array(values[:, i], pa.float64(), mask=missing) for i in range(len(self.labels))]
        return [pa.array(names, self.fields()[0].type), *columns, *self._promise_arrays(predictions)]


def _shortest(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return scores as the shortest decimals that are the same float32: .1, not .10000000149."""
    return scores.astype(str).astype(np.float64)


def trained_columns(model: str, revision: str | None) -> list[str]:
    """Return the columns of text that a model's files say it was trained on: a pair, or the one; [] where none do.

    Several columns that were joined to one text are none of these: what joined them is not known here.
    """
    if pair := model_json(model, "config.json", revision).get("text_columns"):
        return list(pair)
    data = model_json(model, "evaluation.json", revision).get("data")  # of ours, or a stranger's file of that name
    read = data.get("text_columns") if isinstance(data, dict) else None
    return read if isinstance(read, list) and len(read) == 1 else []


def choose_text_columns(source: Source, named: Sequence[str], trained_on: Sequence[str]) -> list[str]:
    """Return the text columns: those named, those that the model was trained on, or the only one there can be.

    Raises:
        UserError: one is not there or holds no text, or there are several candidates.
    """
    columns = columns_of(source)
    wanted = list(named) or [name for name in trained_on if name in columns]
    if not named and len(wanted) < len(trained_on) == 2:
        raise UserError(
            f"The model was trained on the columns {trained_on[0]} and {trained_on[1]}; {source.name} has "
            f"{', '.join(columns)}. Name the two that stand for them, in this order: --text_columns A B."
        )
    wanted = wanted or _only_text_column(source, columns)
    for name in wanted:
        if name not in columns:
            raise UserError(
                f"{source.name} has no column {name!r}; found: {', '.join(columns)}.{did_you_mean(name, columns)}"
            )
        found = source.schema.field(name).type
        if not _is_text(found):
            raise UserError(f"The column {name} of {source.name} holds {found}; expected text.")
    return wanted


def _only_text_column(source: Source, columns: Sequence[str]) -> list[str]:
    texts = [name for name in columns if _is_text(source.schema.field(name).type)]
    known = [name for name in texts if name.lower() in TEXT_NAMES]
    if len(known) == 1 or len(texts) == 1:
        return known if len(known) == 1 else texts
    raise UserError(
        f"Which column of {source.name} holds the text? Found: {', '.join(columns)}. Name it with --text_columns."
    )


def _is_text(found: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        return _is_text(found.value_type)
    return pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)


def texts_of_table(table: pa.Table, names: Sequence[str]) -> list[Text | None]:
    """Return a block's texts; None where there is no text, or nothing but spaces."""
    first, *second = (pc.cast(table[name], pa.large_string()).to_pylist() for name in names)
    pairs = second[0] if second else [None] * len(first)
    return [
        None if not (text or "").strip() and not (pair or "").strip() else (text or "", pair) if pair else text
        for text, pair in zip(first, pairs, strict=True)
    ]


def output_schema(sources: Sequence[Source], answers: Answers) -> pa.Schema:
    """Return the schema of the output: the input's columns as they are, then the new ones.

    Raises:
        UserError: a new column would overwrite one of the input, or a column changes its type between files.
    """
    fields: dict[str, pa.Field] = {}
    for source in sources:
        for name in columns_of(source):
            field = pa.field(name, _written_type(source.schema.field(name).type))
            if name in source.nested:
                field = field.with_metadata({"json": "1"})
            if name in fields and fields[name].type != field.type:
                try:
                    unified = pa.unify_schemas(
                        [pa.schema([fields[name]]), pa.schema([field])], promote_options="permissive"
                    )
                except (pa.ArrowInvalid, pa.ArrowTypeError):
                    raise UserError(
                        f"The column {name} of {source.name} holds {field.type}, that of the files before "
                        f"{fields[name].type}. Make them alike."
                    ) from None
                field = unified.field(0)
            fields[name] = field
    new = answers.fields()
    taken = [field.name for field in new if field.name in fields]
    if taken:
        raise UserError(
            f"The input has a column {taken[0]} already, which would be overwritten. --prefix model_ calls the new "
            f"ones model_{taken[0]} and so on."
        )
    return pa.schema([*fields.values(), *new])


def _written_type(found: pa.DataType) -> pa.DataType:
    """Return the type that a column is written with: categories and views as what they stand for."""
    if pa.types.is_dictionary(found):
        return _written_type(found.value_type)
    return pa.large_string() if pa.types.is_string_view(found) else found


def with_answers(table: pa.Table, schema: pa.Schema, new: Sequence[pa.Array]) -> pa.Table:
    """Put new columns beside a block's own, in the types of the schema."""
    own = len(schema) - len(new)
    columns = [pc.cast(table[field.name], field.type) for field in list(schema)[:own]]
    return pa.Table.from_arrays([*columns, *new], schema=schema)
