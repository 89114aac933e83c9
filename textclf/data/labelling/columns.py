"""Which columns hold text, labels, groups and sources: as given, or found where only one reading is possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from ...arguments import DataArguments
from ...errors import UserError, did_you_mean
from ..reading.raw_split import RawSplit, composed, is_string

# Names under which text is published, one field or two; lower case, letters and digits only.
# fmt: off
TEXT_NAMES = (
    "text", "sentence", "sentences", "comment", "comments", "commenttext", "content", "contents", "document",
    "documents", "doc", "review", "reviews", "reviewtext", "reviewbody", "tweet", "tweets", "tweettext",
    "originaltweet", "title", "titles", "newstitle", "headline", "headlines", "body", "cleanbody", "message",
    "utterance", "question", "description", "abstract", "article", "passage", "query", "post", "premise",
    "hypothesis", "텍스트", "문장", "제목", "본문", "내용", "댓글", "리뷰", "기사",
)
TITLES = ("title", "headline", "subject", "제목")
BODIES = (
    "body", "cleanbody", "content", "contents", "text", "description", "abstract", "article", "message",
    "본문", "내용",
)
PAIR_NAMES = (
    ("text", "textpair"), ("text1", "text2"), ("sentence1", "sentence2"), ("question1", "question2"),
    ("premise", "hypothesis"), ("question", "sentence"), ("question", "passage"),
    *((title, body) for title in TITLES for body in BODIES),
)
# Names under which labels are published: the first tier wins over the second.
LABEL_NAMES = (
    ("labels", "label"),
    ("category", "categories", "class", "classes", "topic", "topics", "topicidx", "sentiment", "target", "tag", "tags",
     "intent", "emotion", "emotions", "gold", "goldlabel", "y", "genre", "rating", "stars", "polarity", "라벨",
     "레이블", "분류", "주제", "범주", "카테고리", "태그", "감정"),
)
# fmt: on
# The loader's own names, which the dataset scripts give too: nothing was to be found, nothing is to be said.
OWN_TEXT, OWN_LABELS = (("text",), ("text", "text_pair")), ("labels",)
# What a look at the first rows of train takes for labels: few distinct values, each several times.
ROWS_LOOKED_AT = 10_000
MOST_LABELS = 100


@dataclass(frozen=True)
class Columns:
    """The columns of a data set that are used, and how they were found."""

    text: tuple[str, ...]
    labels: tuple[str, ...]
    group: str | None
    notes: tuple[str, ...]
    source: str | None = None


def choose_columns(train: RawSplit, args: DataArguments) -> Columns:
    """Take the columns that the arguments name, and find the rest by name, type and number of distinct values.

    Raises:
        UserError: a named column does not exist (with the nearest name), is no text, or more than one reading
            is possible.
    """
    text = tuple(composed(name) for name in args.text_columns)
    labels = tuple(composed(name) for name in args.label_columns)
    group = composed(args.group_column) if args.group_column else None
    source = composed(args.source_column) if args.source_column else None
    for name in (*text, *labels, *filter(None, (group, source))):
        if name not in train.columns:
            raise UserError(
                f"There is no column {name!r}; found: {', '.join(train.columns)}.{did_you_mean(name, train.columns)}"
            )
    notes = []
    if source and pa.types.is_nested(train.table.schema.field(source).type):
        raise UserError(f"--source_column {source} holds lists or structures; it takes one value a row.")
    taken = {*text, *labels, group, source}
    if not labels:
        labels = _find_labels(train, [name for name in train.columns if name not in taken])
        notes.append(f"Labels are read from {_listed(labels)}.")
        taken |= set(labels)
    if not text:
        text = _find_text(train, [name for name in train.columns if name not in taken])
        notes.append(f"Text is read from {_listed(text)}.")
    twice = set(text) & set(labels) | {source} & {*text, *labels}
    if twice or len(set(text)) < len(text) or len(set(labels)) < len(labels):
        used = [*text, *labels, *filter(None, [source])]
        raise UserError(f"Every column can be used once; found {_listed(used)}.")
    nothing_to_find = labels == OWN_LABELS and text in OWN_TEXT
    return Columns(text, labels, group, () if nothing_to_find else tuple(notes), source)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _find_text(train: RawSplit, names: Sequence[str]) -> tuple[str, ...]:
    strings = [name for name in names if is_string(train.table.schema.field(name).type) and name not in train.mixed]
    by_plain = {_plain(name): name for name in strings}
    pairs = [(by_plain[a], by_plain[b]) for a, b in PAIR_NAMES if a in by_plain and b in by_plain]
    if "text" in by_plain and not pairs:
        return (by_plain["text"],)
    known = [by_plain[name] for name in TEXT_NAMES if name in by_plain]
    if len(pairs) == 1 and set(known) <= set(pairs[0]):
        return pairs[0]
    if len(pairs) == 1 and _plain(pairs[0][0]) == "text":  # text, text_pair: our own names
        return pairs[0]
    candidates = known or [name for name in strings if _reads_like_text(train, name)]
    if len(candidates) == 1:
        return (candidates[0],)
    spoilt = [name for name in names if name in train.mixed and _plain(name) in TEXT_NAMES]
    if spoilt and not candidates:
        raise UserError(f"The text column {spoilt[0]!r} must hold text; found {train.mixed[spoilt[0]]}.")
    raise UserError(_ambiguous("text", candidates, names))


def _reads_like_text(train: RawSplit, name: str) -> bool:
    """Say whether most cells differ from each other and hold several words."""
    cells = train.table[name].slice(0, ROWS_LOOKED_AT).drop_null()
    if len(cells) == 0:
        return False
    words = pc.count_substring_regex(pc.utf8_trim_whitespace(cells), r"\s+")
    return bool(len(cells.unique()) > len(cells) / 2 and pc.mean(words).as_py() >= 1)


def _find_labels(train: RawSplit, names: Sequence[str]) -> tuple[str, ...]:
    for tier in LABEL_NAMES:
        named = [name for name in names if _plain(name) in tier]
        if len(named) == 1:
            return (named[0],)
        if named:
            raise UserError(_ambiguous("label", named, names))
    names = [name for name in names if _plain(name) not in TEXT_NAMES]
    declared = [name for name in names if _is_class_label(train.features.get(name))]
    flags = [name for name in names if _holds_flags(train, name)]
    few = declared or [name for name in names if _has_few_values(train, name)]
    if len(few) == 1:
        return (few[0],)
    if len(flags) > 1 and set(few) == set(flags):
        return tuple(flags)
    raise UserError(_ambiguous("label", few, names))


def _is_class_label(feature: object) -> bool:
    inner = getattr(feature, "feature", feature)  # a datasets feature, not an object of ours
    return isinstance(inner, datasets.ClassLabel)


def _distinct_cells(train: RawSplit, name: str) -> list[object]:
    cells = train.table[name].slice(0, ROWS_LOOKED_AT)
    if pa.types.is_nested(cells.type):
        return list(range(len(cells)))
    return [value for value in cells.unique().to_pylist() if value not in (None, "")]


def _holds_flags(train: RawSplit, name: str) -> bool:
    found = {str(value) for value in _distinct_cells(train, name)}
    return bool(found) and found <= {"0", "1", "0.0", "1.0", "True", "False", "-1"}


def _has_few_values(train: RawSplit, name: str) -> bool:
    rows = min(train.table.num_rows, ROWS_LOOKED_AT)
    distinct = len(_distinct_cells(train, name))
    return 2 <= distinct <= min(MOST_LABELS, rows / 3)


def _ambiguous(kind: str, candidates: Sequence[str], names: Sequence[str]) -> str:
    left = f"none of {', '.join(names)} looks like it" if names else "no column is left"
    found = f"more than one could be meant: {', '.join(candidates)}" if candidates else left
    return f"Which column holds the {kind}? Found that {found}. Give --{kind}_columns."
