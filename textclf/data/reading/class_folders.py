"""Layouts in which names of folders and files say the labels: a folder a class (aclImdb), a file a class (rt.pos)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from ...errors import UserError
from .encodings import decode_all
from .files import DATA, read_rows
from .other_kinds import NO_DATA, in_shell
from .raw_split import RawSplit, Segment, composed
from .split_names import split_name, without_split
from .tables import LINE_COLUMN, ReadOptions

ABOUT_DOCUMENTS = re.compile(r"(?i)(^|[-_ .])(meta|metadata|meta-?information|info|annotations?)$")
UNLABELLED = {"unsup", "unlabeled", "unlabelled", "nolabel", "unknown_label"}
ABOUT = re.compile(
    r"(readme|licen[cs]e|copying|changes|changelog|citation|notes?|cmds|summary|about|sources?)\b.*", re.I
)
# Names of files that say a class though a table in them has columns of few values (True.csv, Fake.csv).
CLASS_WORDS = {
    "true", "fake", "real", "pos", "neg", "positive", "negative", "neutral", "ham", "spam", "toxic", "hate", "nohate",
    "normal", "clean", "abusive", "offensive", "sarcastic", "ironic", "subjective", "objective", "subj", "obj", "good",
    "bad", "human", "machine", "ai", "yes", "no", "긍정", "부정", "중립",
}  # fmt: skip
NEGATIONS = {"non", "not", "no", "un", "anti", "without"}
NOTHING_SAID = {"data", "dataset", "texts", "text", "all"}  # about a class
PART = re.compile(r"(?:part|fold|chunk|batch|cv|shard|block|section|vol(?:ume)?)[\W_]*\d+", re.IGNORECASE)
LEAST_DOCUMENTS = 2  # a folder of a class, on average


def about_the_data(path: Path) -> bool:
    """Say whether a file's name says that it describes data and holds none."""
    return ABOUT.fullmatch(path.name.replace("_", " ")) is not None or "readme" in path.name.lower()


def class_folders(files: Sequence[Path], folder: Path) -> dict[str, list[Path]] | None:
    """Return the documents of each innermost folder, if a folder is a class; None where it is not."""
    if any(path.suffix.lower() in DATA and path.suffix.lower() != ".json" for path in files):
        return None
    documents = defaultdict(list)
    for path in files:
        if path.suffix.lower() not in NO_DATA | {".json"} and not about_the_data(path) and path.parent != folder:
            documents[_above_parts(path.parent, folder)].append(path)
    if len(documents) == 1 and all(PART.fullmatch(path.parent.name) for path in files):
        raise UserError(
            f"The folders in {folder} are parts ({', '.join(sorted({p.parent.name for p in files})[:3])}, "
            "...) and say no classes. Expected a folder a class; or a table beside the texts, labels.csv with the "
            "columns file and label, and then --dataset once more."
        )
    _refuse_two_questions(documents, files, folder)
    inner = {parent for parent in documents if not any(parent in other.parents for other in documents)}
    names = {parent.name.lower() for parent in inner}
    if len(names) < 2 or all(split_name(name) for name in names):
        return None
    found = [path for parent in inner for path in documents[parent]]
    if len(found) < LEAST_DOCUMENTS * len(inner) or len({path.stem for path in found}) < len(found) / len(inner):
        return None
    if sum(split_name(path.stem) is not None for path in found) > len(found) / 2:
        return None
    return {parent.relative_to(folder).as_posix(): documents[parent] for parent in sorted(inner)}


def _refuse_two_questions(classes: Collection[Path], files: Sequence[Path], folder: Path) -> None:
    """Stop where folders above those of numbered parts could be the classes as well: `negative/deceptive/fold1`."""
    above = {path.parent for path in classes if path.parent != folder and not split_name(path.parent.name)}
    if len(above) > 1 and any(PART.fullmatch(path.parent.name) for path in files):
        names = sorted(path.name for path in above)
        raise UserError(
            f"{folder} holds folders that could be classes on two levels: {', '.join(names[:5])}, and "
            f"{', '.join(sorted({path.name for path in classes})[:5])} in them. Give one of the upper ones "
            f"(--dataset {in_shell(min(above))}), or a folder a class."
        )


def _above_parts(place: Path, folder: Path) -> Path:
    """Return the folder that is no mere part of another one (`part3`, `fold1`)."""
    while PART.fullmatch(place.name) and place != folder:
        place = place.parent
    return place


def read_documents(
    classes: Mapping[str, Sequence[Path]], folder: Path, options: ReadOptions, notes: list[str]
) -> dict[str, RawSplit]:
    """Read a text a file, labelled by its folder; folders above it may name the split.

    Raises:
        UserError: one name means two splits, or the texts are in no known encoding.
    """
    everything = [path for paths in classes.values() for path in paths]
    encoding, said = (options.encoding, None) if options.encoding else decode_all(everything)
    notes += [said] if said else []
    by_split: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for where, paths in classes.items():
        above, name = Path(where).parent.as_posix(), Path(where).name
        if name.lower() in UNLABELLED:
            notes.append(f"{where} ({len(paths):,} texts) has no labels by its name and is left out.")
            continue
        if ABOUT_DOCUMENTS.search(name):
            notes.append(f"{where} ({len(paths):,} files) tells of other texts by its name and is left out.")
            continue
        by_split[split_name(above) or "train"] += [(path, composed(name)) for path in paths]
    names = {split: sorted({name for _, name in found}) for split, found in by_split.items()}
    shown = ", ".join(names["train"][:10] if "train" in names else next(iter(names.values()))[:10])
    notes.append(f"Each folder is a class, each file in it a text: {shown}{' ...' if len(names) > 10 else ''}.")
    splits = {}
    for split, found in by_split.items():
        texts = [read_text(path, str(encoding)) for path, _ in found]
        table = pa.table({"text": pa.array(texts, pa.string()), "label": [name for _, name in found]})
        segments = tuple(Segment(path.relative_to(folder).as_posix(), 1, "text") for path, _ in found)
        splits[split] = RawSplit(table, {}, segments)
    return splits


def read_text(path: Path, encoding: str) -> str:
    """Return a whole file as one text; bytes that are none in this encoding become U+FFFD."""
    return path.read_text(encoding=encoding, errors="replace")


def class_files(files: Sequence[Path], folder: Path, options: ReadOptions) -> dict[Path, str] | None:
    """Return the label of each file, if a file is a class; None where the files are something else.

    They hold a text a line, or are tables of equal columns of which none holds labels.
    """
    if len(files) < 2:
        return None
    places = [path.relative_to(folder) for path in files]
    names = _folders_of_numbered(places) or _different_parts([place.as_posix() for place in places])
    if names is None:
        return None
    columns = set()
    for path in files:
        rows = read_rows(path, options)
        columns.add(tuple(name for name in rows.table.column_names if name != LINE_COLUMN))
        if len(rows.table) < 2 or not _only_text(rows.table, CLASS_WORDS.issuperset(map(str.lower, names))):
            return None
    return dict(zip(files, names, strict=True)) if len(columns) == 1 else None


def _folders_of_numbered(places: Sequence[Path]) -> list[str] | None:
    """Return the folder of each file, if the files are only numbered themselves: `good/1.csv`, `bad/1.csv`."""
    folders = [composed(place.parent.name) for place in places]
    numbered = all(re.fullmatch(r"[\d_\-\s]+", place.stem) for place in places)
    sensible = len(set(folders)) > 1 and all(folders) and not any(map(split_name, folders))
    return folders if numbered and sensible and not any(map(PART.fullmatch, folders)) else None


def _different_parts(names: Sequence[str]) -> list[str] | None:
    """Return what is left of files' names without splits and without what all share: `pos` of `rt-polarity.pos`."""
    words = [re.split(r"[._/\-\s]+", name) for name in names]
    shared = set(words[0]).intersection(*words[1:])
    kinds = {suffix[1:] for suffix in DATA} | {"txt"}
    left = [
        [word for word in each if word not in shared and word.lower() not in kinds and not split_name(word)]
        for each in words
    ]
    if [] in left and all(not each or NEGATIONS.issuperset(map(str.lower, each)) for each in left):
        left = [[word for word in each if word.lower() not in kinds | NOTHING_SAID] for each in words]  # x, non_x
    left = _classes_of_sources(left)
    found = _hive_values([composed("_".join(each)) for each in left])
    counts = Counter(found)
    sensible = all(found) and len(counts) > 1 and not any(re.fullmatch(r"[\d_]*", name) for name in found)
    return found if sensible and len({*counts.values()}) == 1 else None


def _classes_of_sources(names: list[list[str]]) -> list[list[str]]:
    """Return the words that say a class where each source has each of them: `politics_fake`, `gossip_real`."""
    classes = [[word for word in each if word.lower() in CLASS_WORDS] for each in names]
    sources = [tuple(word for word in each if word.lower() not in CLASS_WORDS) for each in names]
    told = {tuple(each) for each in classes}
    crossed = len(told) > 1 and len(set(sources)) > 1 and len(names) == len(told) * len(set(sources))
    return classes if crossed and all(len(each) == 1 for each in classes) else names


def _hive_values(names: Sequence[str]) -> list[str]:
    """Return the values of `label=good`, as Spark and Hive call the folders of a table's parts."""
    keys = {name.partition("=")[0] for name in names if "=" in name}
    whole = len(keys) == 1 and all("=" in name for name in names)
    return [unquote(name.partition("=")[2]) for name in names] if whole else list(names)


def _only_text(table: pa.Table, by_name: bool) -> bool:
    """Say whether no column of a table looks like labels; with `by_name`, few values are no sign of them."""
    names = [name for name in table.column_names if name != LINE_COLUMN]
    for name in names:
        column = table[name]
        if pa.types.is_nested(column.type) or without_split(name) in {"label", "labels", "class", "category"}:
            return False
        if not by_name and 1 < len(column.unique()) <= len(column) / 3 and len(names) > 1:
            return False
    return True


def with_labels(split: RawSplit, labels: Sequence[str]) -> RawSplit:
    """Return a split with the column `label`, one for each of its files."""
    cells = [label for segment, label in zip(split.segments, labels, strict=True) for _ in range(segment.rows)]
    if "label" in split.table.column_names:
        raise UserError(
            "These files are one a class, yet they have a column 'label'. Say which: --label_columns label."
        )
    return RawSplit(
        split.table.append_column("label", pa.array(cells, pa.string())),
        split.features,
        split.segments,
        split.mixed,
        split.unreadable,
        split.notes,
    )
