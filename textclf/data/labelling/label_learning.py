"""Learning how labels are written from train, or from what a run recorded: the form, the names, what values mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ...arguments import DataArguments
from ...errors import UserError
from ...labels import LabelSpace
from ..reading.raw_split import RawSplit, is_string
from .joined_labels import joined_note
from .label_cells import LabelCells, read_cells
from .label_forms import LabelForm, find_form, marked_places
from .label_meaning import Meaning, Recorded, merge, name_values
from .label_names import NO_CONSENSUS, NOTHING, Writing, sort_names, writing, written_as
from .label_reader import LabelReader

# More labels than this, and more than half as many as rows, is an id or a sentence taken for a label.
MANY_LABELS = 50
BLANK_TOO = 0.9  # share of the rows of a label `nan` in which another column holds it too


class Learnt(NamedTuple):
    """The reader, each split's cells in its form, and lines for the screen."""

    reader: LabelReader
    cells: dict[str, LabelCells]
    notes: list[str]


def learn_labels(
    raw: dict[str, RawSplit], columns: Sequence[str], args: DataArguments, recorded: Recorded | None = None
) -> Learnt:
    """Build the reader from train (or from what a run `recorded`); splits without any label leave `raw`, in place.

    Raises:
        UserError: labels of a form, or names, that are not certain; fractions; numbers beside words.
    """
    train = raw["train"]
    form, notes = _form(train, columns, args, recorded)
    cells = {split: read_cells(each, form) for split, each in raw.items()}
    how: Writing = "words"
    if cells["train"].declared is None:
        how = writing(cells["train"].counts())
        if how == "words" and recorded and recorded["written"] != "words":
            how = recorded["written"]
    notes += _leave_out_unlabelled(raw, cells, how)
    found = _found(cells["train"], how)
    if _left_blank(cells["train"], train):
        found.pop(NOTHING, None)
    named = name_values(found, form, cells["train"], train, args.class_names, recorded)
    _check_number(found, form, cells["train"], ", ".join(columns))
    named = _with_others(named, cells, how)
    if cells["train"].declared is None and form.kind == "one":
        notes += joined_note(found, args.label_separator)
    elif form.separator:
        notes += joined_note(found, form.separator)
    named = merge(named, found, args.merge_labels)
    reader = LabelReader(form, LabelSpace(tuple(named.names), form.kind != "one"), how, named.meaning)
    return Learnt(reader, cells, [*notes, *named.notes])


def _form(
    train: RawSplit, columns: Sequence[str], args: DataArguments, recorded: Recorded | None
) -> tuple[LabelForm, list[str]]:
    separator, notes = args.label_separator, []
    if recorded and separator is None and len(columns) == 1 and is_string(train.table.schema.field(columns[0]).type):
        # A run whose cells were one name each took them so, whatever joins words inside a name of later rows.
        separator = "none" if recorded["form"] == "one" else recorded["separator"]
        if recorded["separator"]:
            notes.append(f"Several labels in a cell are separated by {separator!r}, as in the model's own data.")
    form = find_form(train, columns, separator)
    if form.kind != "several":
        return form, notes
    if form.separator and separator is None:
        notes.append(
            f"Cells of {columns[0]!r} hold several labels, separated by {form.separator!r}; --label_separator none "
            "takes each cell for one name."
        )
    cells = read_cells(train, form)
    single = recorded["form"] == "one" if recorded else _one_each(cells)
    if single and not form.separator:
        return replace(form, kind="one", boxed=True), [*notes, f"Each list in {columns[0]!r} holds one label."]
    known = recorded["places"] if recorded else 0
    places = 0 if cells.declared is not None else marked_places(cells.labels, cells.values, known, columns[0])
    if places:
        form = replace(form, kind="marks", places=places)
        notes.append(f"Lists in {columns[0]!r} mark {places} labels by their places.")
    if form.written in {"bare", "tags", "bits"}:
        example = next(cell for cell in train.table[columns[0]].to_pylist() if cell and cell.strip())
        notes.append(
            f"Cells of {columns[0]!r} such as {example} are read as lists of labels; --label_separator none takes "
            "each for one name."
        )
    return form, notes


def _one_each(cells: LabelCells) -> bool:
    """Say whether each list holds one label, so that a row has one; lists of declared names are meant."""
    sizes = cells.labels.sizes()
    return cells.declared is None and bool((sizes[~cells.missing] == 1).all())


def _found(train: LabelCells, how: Writing) -> dict[str, int]:
    """Count the rows of each value of train, as it is written."""
    found: dict[str, int] = {}
    for value, rows in train.counts().items():
        written = written_as(value, how)
        if written:
            found[written] = found.get(written, 0) + rows
    if train.declared is None and _undecided(found):
        del found[NO_CONSENSUS]
    return found


def _left_blank(cells: LabelCells, train: RawSplit) -> bool:
    """Say whether a label `nan` is none: where it stands, another column of words holds `nan` too."""
    if cells.declared is not None or NOTHING not in cells.values or cells.labels.multi_label:
        return False
    rows = train.table.filter(pa.array(cells.labels.ids == cells.values.index(NOTHING)))
    others = [each for each in rows.columns if is_string(each.type)]
    alike = [pc.mean(pc.equal(each, NOTHING)).as_py() or 0.0 for each in others]
    return sum(share >= BLANK_TOO for share in alike) > 1  # its own column is one


def _undecided(found: Mapping[str, int]) -> bool:
    """Say whether `-` means that there is no label: beside two others at least, none of them `+`, and the rarest."""
    rows = found.get(NO_CONSENSUS)
    others = [count for name, count in found.items() if name != NO_CONSENSUS]
    return rows is not None and "+" not in found and len(others) > 1 and rows <= min(others)


def _with_others(named: Meaning, cells: Mapping[str, LabelCells], how: Writing) -> Meaning:
    """Add what only other splits have, behind the names of train, where names are not closed.

    A split without declared names beside a train with such holds their numbers.
    """
    names, meaning, notes = list(named.names), dict(named.meaning), list(named.notes)
    declared = cells["train"].declared
    for split, each in cells.items():
        values = [written for value in each.counts() if (written := written_as(value, how)) and written not in meaning]
        if declared is not None and each.declared is None and values:
            ids = {str(i): meaning[name] for i, name in enumerate(declared) if name in meaning}
            if set(values) <= ids.keys():
                meaning |= {value: ids[value] for value in values}
                notes.append(f"The numbers in {split} count the names that train declares.")
                continue
        if not named.closed:
            new = [
                value
                for value in values
                if (value != "-1" or how != "numbers") and value not in {NO_CONSENSUS, NOTHING}
            ]
            ordered = names == sort_names(names)
            names += [value for value in sort_names(new) if value not in names]
            names = sort_names(names) if ordered else names
            meaning |= {value: value for value in new}
    return Meaning(names, meaning, named.closed, notes)


def _says_nothing(cells: LabelCells, train: LabelCells) -> bool:
    """Say whether a split's label cells are all empty, or all the -1 that train never uses."""
    used = set(cells.counts())
    nothing = not used or (used <= {"-1", "-1.0"} and not used & set(train.counts()))
    return bool(cells.missing.all()) or (nothing and not any(rows.any() for rows in cells.faults.values()))


def _leave_out_unlabelled(raw: dict[str, RawSplit], cells: dict[str, LabelCells], how: Writing) -> list[str]:
    """Leave out, in place, a validation or test split in which no row has a label (published with -1, or empty)."""
    notes = []
    for split in [split for split in raw if split != "train"]:
        if _says_nothing(cells[split], cells["train"]):
            del raw[split], cells[split]
            notes.append(f"The {split} split has no labels and counts as missing.")
    return notes


def _check_number(found: Mapping[str, int], form: LabelForm, train: LabelCells, column: str) -> None:
    rows = len(train.labels)
    if form.kind == "one" and train.declared is None and len(found) > max(MANY_LABELS, rows / 2):
        raise UserError(
            f"The label column {column!r} holds {len(found)} different values in {rows} rows; these are no classes. "
            "Choose another with --label_columns."
        )
