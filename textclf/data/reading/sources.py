"""Sources: a dataset script's name, files, a folder or a Hub id become raw splits; nothing is said about columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...arguments import DEFAULT_DATASET, DataArguments
from ...errors import UserError, did_you_mean
from ..provenance import FileRecord, Origin, hash_file
from .archives import unpacked
from .files import DATA, TEXTS, missing_file, read_rows
from .folder_source import read_folder
from .joining import by_split_column, from_files
from .raw_split import RawSplit, composed
from .saved_folders import FolderRows
from .script_source import read_script, script_name, script_names
from .split_names import split_name
from .tables import ReadOptions
from .word_lists import join_words


class RawSource(NamedTuple):
    """The raw splits (train at least; validation and test where the source has them) and where they come from."""

    splits: dict[str, RawSplit]
    origin: Origin
    notes: list[str]
    class_names: Sequence[str] = ()
    """Names that lie beside the rows for integer labels, as `--class_names` takes them."""


def read_source(args: DataArguments) -> RawSource:
    """Find out what `--dataset` (or `--train_file` ...) means, and read it.

    Raises:
        UserError: it means nothing, cannot be read, or has no training rows.
    """
    source = _read(args)
    return source._replace(splits=join_words(source.splits))


def _read(args: DataArguments) -> RawSource:
    if args.train_file:
        _refuse_unused(args, "--train_file")
        return _from_named_files(args)
    if args.validation_file or args.test_file:
        raise UserError("--validation_file and --test_file go with --train_file; found --dataset or nothing.")
    name = args.dataset or DEFAULT_DATASET
    path = _as_spelt(Path(name).expanduser())
    if script_name(name):
        _refuse_unused(args, "a dataset script", "dataset_config", "data_dir")
        return _named(*read_script(name, args))
    if path.is_dir():
        _refuse_unused(args, "a folder", "dataset_config")
        return _of_folder(read_folder(path, args.dataset_config, *_how(args)), composed(path.resolve().name), args)
    if path.is_file():
        _refuse_unused(args, "a file")
        return _from_file(path, args)
    if _looks_like_a_file(name, path):
        raise UserError(missing_file(path))
    _refuse_unused(args, f"a Hub data set ({name})", "dataset_config", "dataset_revision")
    return _from_hub(name, args)


def is_local(args: DataArguments) -> bool:
    """Say whether the data are files of this machine, or should be: they can be looked at without any library."""
    name = args.train_file or args.dataset or DEFAULT_DATASET
    path = _as_spelt(Path(name).expanduser())
    if args.train_file or path.is_dir() or path.is_file():
        return args.train_file is not None or script_name(name) is None
    return script_name(name) is None and _looks_like_a_file(name, path)


def means_something_here(name: str) -> bool:
    """Say whether a name is read from this machine: a dataset script, a file, a folder, or what must mean one."""
    path = _as_spelt(Path(name).expanduser())
    return script_name(name) is not None or path.exists() or _looks_like_a_file(name, path)


def _looks_like_a_file(name: str, path: Path) -> bool:
    """Say whether a name that nothing here has must have meant a file, and no data set on the Hub."""
    ends = {*DATA, *TEXTS, ".gz", ".zip", ".zst", ".xz", ".bz2"} - {""}
    return path.suffix.lower() in ends or path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1


def _how(args: DataArguments) -> tuple[bool, ReadOptions]:
    """Return whether bad rows are skipped, and what is said about the files."""
    names = tuple(composed(name) for name in args.column_names)
    return args.on_bad_row == "skip", ReadOptions(args.encoding, args.no_header, names, args.quotes)


def _from_file(path: Path, args: DataArguments) -> RawSource:
    record = (FileRecord(path.name, hash_file(path)),)
    with unpacked(path) as inner:
        if inner.is_dir():
            rows = read_folder(inner, None, *_how(args))
            return _of_folder(rows._replace(files=record), composed(path.name.split(".")[0]), args)
        raw = from_files([inner], [inner.name], *_how(args))
        nameless = read_rows(inner, _how(args)[1]).nameless
    if nameless and raw.columns == ["text"] and not args.label_columns:
        raise UserError(
            f"{inner.name} holds texts without labels. Expected a table of texts and labels, or a folder that has "
            "its labels in another file (train_text.txt beside train_labels.txt, pos.txt beside neg.txt): --dataset "
            f"{path.parent}."
        )
    return _named(by_split_column(raw), Origin(composed(path.stem.split(".")[0]), files=record))


def _of_folder(rows: FolderRows, name: str, args: DataArguments) -> RawSource:
    source = _named(rows.splits, Origin(name, args.dataset_config, files=rows.files))
    return source._replace(notes=[*rows.notes, *source.notes], class_names=rows.class_names)


def _refuse_unused(args: DataArguments, kind: str, *used: str) -> None:
    """Stop at an option that says nothing about this kind of source, rather than ignore it."""
    for option in ("dataset_config", "dataset_revision", "data_dir"):
        if option not in used and getattr(args, option) is not None:
            near = did_you_mean(args.dataset or "", script_names())
            raise UserError(
                f"--{option} does not go with {kind}; found {getattr(args, option)!r}. Leave it out.{near}"
            )


def _as_spelt(path: Path) -> Path:
    """Return a path as its folders spell it: Korean names off a Mac are decomposed, those that people type are not."""
    if path.exists() or path.parent == path:
        return path
    folder = _as_spelt(path.parent)
    beside = folder.iterdir() if folder.is_dir() else ()
    return next((other for other in beside if composed(other.name) == composed(path.name)), path)


def _from_named_files(args: DataArguments) -> RawSource:
    given = {"train": args.train_file, "validation": args.validation_file, "test": args.test_file}
    paths = {split: _as_spelt(Path(name).expanduser()) for split, name in given.items() if name}
    for path in paths.values():
        if not path.is_file():
            raise UserError(missing_file(path))
    splits = {}
    for split, path in paths.items():
        with unpacked(path) as inner:
            if inner.is_dir():
                raise UserError(f"{path.name} holds several files; give it as --dataset, or one of them unpacked.")
            splits[split] = from_files([inner], [inner.name], *_how(args))
    files = tuple(FileRecord(path.name, hash_file(path)) for path in paths.values())
    return RawSource(
        splits, Origin(composed(args.name), files=files), [note for raw in splits.values() for note in raw.notes]
    )


def _from_hub(name: str, args: DataArguments) -> RawSource:
    from .hub_source import load_from_hub, raw_splits  # with `datasets`, which takes a second and a half

    loaded = load_from_hub(name, args.dataset_config, args.dataset_revision, script_names())
    page = f"https://huggingface.co/datasets/{name}"
    origin = Origin(name, args.dataset_config, loaded.revision, (), loaded.licence, loaded.languages, page)
    source = _named(raw_splits(loaded, name, args.dataset_config), origin)
    if loaded.revision is None:
        source.notes.append(f"The Hub cannot be reached; {name} comes from the local cache, its commit unknown.")
    return source


def _named(splits: dict[str, RawSplit], origin: Origin) -> RawSource:
    """Give the splits our three names; a data set of one split of any name is training rows."""
    named: dict[str, RawSplit] = {}
    notes = list(dict.fromkeys(note for raw in splits.values() for note in raw.notes))
    left_out = []
    for name, raw in splits.items():
        known = split_name(name)
        if known is None or known in named:
            left_out.append(name)
        else:
            named[known] = raw
    if len(splits) == 1 and "train" not in named:
        (only,) = splits
        notes = [*notes, f"The only split, {only}, is taken as training rows."]
        return RawSource({"train": splits[only]}, origin, notes)
    if "train" not in named:
        raise UserError(f"{origin.name} has no training split; expected 'train', found {', '.join(splits) or 'none'}.")
    if left_out:
        notes.append(f"Splits left out: {', '.join(left_out)}.")
    return RawSource(named, origin, notes)
