"""Sources: a dataset script's name, files, a folder or a Hub id become raw splits; nothing is said about columns."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

from ...arguments import DEFAULT_DATASET, DataArguments
from ...errors import UserError, did_you_mean
from ..provenance import FileRecord, Origin, hash_file, record_files
from .files import READERS, missing_file
from .folder_source import read_folder, split_name
from .hub_source import load_from_hub
from .raw_split import RawSplit, composed, from_dataset, from_files


class Source(NamedTuple):
    """The raw splits (train at least; validation and test where the source has them) and where they come from."""

    splits: dict[str, RawSplit]
    origin: Origin
    notes: list[str]


def read_source(args: DataArguments) -> Source:
    """Find out what `--dataset` (or `--train_file` ...) means, and read it.

    Raises:
        UserError: it means nothing, cannot be read, or has no training rows.
    """
    if args.train_file:
        _refuse_unused(args, "--train_file")
        return _from_named_files(args)
    if args.validation_file or args.test_file:
        raise UserError("--validation_file and --test_file go with --train_file; found --dataset or nothing.")
    name = args.dataset or DEFAULT_DATASET
    path = _as_spelt(Path(name).expanduser())
    skip = args.on_bad_row == "skip"
    if _script_name(name):
        _refuse_unused(args, "a dataset script", "dataset_config", "data_dir")
        return _from_script(name, args)
    if path.is_dir():
        _refuse_unused(args, "a folder", "dataset_config")
        splits, files = read_folder(path, args.dataset_config, skip)
        return _named(splits, Origin(composed(path.resolve().name), args.dataset_config, files=files))
    if path.is_file() or path.suffix.lower() in READERS:
        _refuse_unused(args, "a file")
        record = FileRecord(path.name, hash_file(path)) if path.is_file() else None
        splits = {"train": from_files([path], [path.name], skip)}
        return _named(splits, Origin(composed(path.stem), files=(record,) if record else ()))
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise UserError(missing_file(path))
    _refuse_unused(args, f"a Hub data set ({name})", "dataset_config", "dataset_revision")
    return _from_hub(name, args)


def _refuse_unused(args: DataArguments, kind: str, *used: str) -> None:
    """Stop at an option that says nothing about this kind of source, rather than ignore it."""
    for option in ("dataset_config", "dataset_revision", "data_dir"):
        if option not in used and getattr(args, option) is not None:
            near = did_you_mean(args.dataset or "", _script_names())
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


def _from_named_files(args: DataArguments) -> Source:
    given = {"train": args.train_file, "validation": args.validation_file, "test": args.test_file}
    paths = {split: _as_spelt(Path(name).expanduser()) for split, name in given.items() if name}
    for path in paths.values():
        if not path.is_file():
            raise UserError(missing_file(path))
    skip = args.on_bad_row == "skip"
    splits = {split: from_files([path], [path.name], skip) for split, path in paths.items()}
    files = tuple(FileRecord(path.name, hash_file(path)) for path in paths.values())
    return Source(
        splits, Origin(composed(args.name), files=files), [note for raw in splits.values() for note in raw.notes]
    )


def _script_name(name: str) -> str | None:
    """Return the dataset script of that name, if there is one ('hate-speech' is understood as 'hate_speech')."""
    return next((known for known in _script_names() if known == name.replace("-", "_")), None)


def _script_names() -> list[str]:
    if importlib.util.find_spec("dataset_scripts") is None:  # the package was taken elsewhere without them
        return []
    import dataset_scripts

    return dataset_scripts.names()


def _from_script(name: str, args: DataArguments) -> Source:
    import dataset_scripts

    builder = dataset_scripts.prepare(name, config=args.dataset_config, data_dir=args.data_dir)
    metadata = dataset_scripts.card_metadata(name, args.dataset_config)
    paths: list[Path] = []
    if builder.config.data_dir:
        by_split = builder.raw_files(Path(builder.config.data_dir), builder.config.name)
        paths = sorted({path for of_split in by_split.values() for path in of_split})
    origin = Origin(
        name=name.replace("-", "_"),
        config=builder.config.name,
        files=record_files(paths, Path(builder.config.data_dir or ".")),
        licence=metadata.licence,
        languages=metadata.languages,
        source=metadata.source,
        known_faults=builder.known_faults(),
        text_fields=metadata.text_fields,
    )
    return _named({split: from_dataset(rows, split) for split, rows in builder.as_dataset().items()}, origin)


def _from_hub(name: str, args: DataArguments) -> Source:
    loaded = load_from_hub(name, args.dataset_config, args.dataset_revision, _script_names())
    splits = {split: from_dataset(rows, split) for split, rows in loaded.splits.items()}
    page = f"https://huggingface.co/datasets/{name}"
    origin = Origin(name, args.dataset_config, loaded.revision, (), loaded.licence, loaded.languages, page)
    source = _named(splits, origin)
    if loaded.revision is None:
        source.notes.append(f"The Hub cannot be reached; {name} comes from the local cache, its commit unknown.")
    return source


def _named(splits: dict[str, RawSplit], origin: Origin) -> Source:
    """Give the splits our three names; a data set of one split of any name is training rows."""
    named: dict[str, RawSplit] = {}
    notes = [note for raw in splits.values() for note in raw.notes]
    left_out = []
    for name, raw in splits.items():
        known = split_name(name)
        if known is None or known in named:
            left_out.append(name)
        else:
            named[known] = raw
    if len(splits) == 1 and "train" not in named:
        (only,) = splits
        return Source({"train": splits[only]}, origin, [*notes, f"The only split, {only}, is taken as training rows."])
    if "train" not in named:
        raise UserError(f"{origin.name} has no training split; expected 'train', found {', '.join(splits) or 'none'}.")
    if left_out:
        notes.append(f"Splits left out: {', '.join(left_out)}.")
    return Source(named, origin, notes)
