"""Which column, or which two, hold the texts."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import UserError
from ..reading.raw_split import RawSplit, is_string
from .column_names import called_text, is_reply, is_request, of_one_thing, pieces, plain, title_and_body, which_column
from .column_signs import NEARLY_EMPTY, ROWS_LOOKED_AT, Signs, look, same_texts
from .column_words import ASPECTS, PAIR_NAMES, TEXT_NAMES, TITLES, VARIANTS

INTENTS = {"intent", "intents", "의도", "意图", "インテント"}
LONGER, FAR_LONGER = 1.5, 3.0  # times the words of the next
# Beside yes and no they are one text: whether the answer fits the question.
ASKED = (("question", "answer"), ("query", "answer"), ("question", "response"))
SERIES = 3  # numbered columns of one name, of which none is the text more than another
LEAST_CONFLICT = 0.05  # share of rows; fewer are mistakes of annotators


def find_text(train: RawSplit, signs: Mapping[str, Signs], labels: Sequence[str] = ()) -> tuple[str, ...]:
    """Find the text: under a known name unless another column reads like text as well, else by its looks.

    Of what is asked and what is answered, intents as labels mean the first.
    """
    strings = [name for name in signs if is_string(train.table.schema.field(name).type) and name not in train.mixed]
    strings = [name for name in strings if not _said_before(train, name, strings)]
    strings = _without_series(_without_variants(strings, signs), signs)
    strings = _without_replies(strings, signs, intents=any(not INTENTS.isdisjoint(pieces(name)) for name in labels))
    by_plain = {plain(name): name for name in strings if signs[name].filled or len(strings) == 1}
    pairs = _pairs(train, by_plain, signs, labels)
    known = _called_texts(by_plain, signs)
    if len(pairs) == 1 and (set(known) <= set(pairs[0]) or _outweigh(pairs[0], known, signs)):
        return pairs[0]
    if len(pairs) == 1 and plain(pairs[0][0]) == "text":  # text, text_pair: our own names
        return pairs[0]
    if "text" in by_plain and not pairs:
        known = [by_plain["text"]]
    unknown = _called_otherwise(strings, known, signs, bool(pairs))
    if len(known) == 1:
        rivals = _rivals(train, known[0], unknown, signs)
        if twins := _twins([known[0], *rivals]):
            return twins
        if rivals:
            raise UserError(which_column("text", [*known, *rivals], list(signs)))
        return (known[0],)
    candidates = [*known, *unknown] or [name for name in strings if signs[name].text]
    if len(candidates) == 1:
        return (candidates[0],)
    if found := _twins(candidates) or _far_longer(candidates, signs):
        return found
    spoilt = [name for name in signs if name in train.mixed and plain(name) in TEXT_NAMES]
    if spoilt and not candidates:
        raise UserError(f"The text column {spoilt[0]!r} must hold text; found {train.mixed[spoilt[0]]}.")
    pair = f" {shlex.join(pairs[0])}, say" if pairs else ""
    raise UserError(which_column("text", candidates, list(signs), pair))


def _pairs(
    train: RawSplit, by_plain: Mapping[str, str], signs: Mapping[str, Signs], labels: Sequence[str]
) -> list[tuple[str, str]]:
    """Return the columns that are two fields of one text by their names; a subject of few values is none."""
    known = [*PAIR_NAMES, *(ASKED if any(look(train, name).flag for name in labels) else ())]
    pairs = [(by_plain[a], by_plain[b]) for a, b in known if a in by_plain and b in by_plain]
    names = list(by_plain.values())
    pairs += [(one, other) for one in names for other in names if of_one_thing(one, other)]
    return _longest_body([pair for pair in pairs if not any(signs[name].label for name in pair)], signs)


def _longest_body(pairs: Sequence[tuple[str, str]], signs: Mapping[str, Signs]) -> list[tuple[str, str]]:
    """Keep the longest of several bodies under one title (not its abstract), the plainest of several titles."""
    titles, bodies = ({pair[place] for pair in pairs} for place in (0, 1))
    if len(bodies) == 1 < len(titles) and {plain(name) for name in titles} <= {*TITLES}:
        return [min(pairs, key=lambda pair: TITLES.index(plain(pair[0])))]
    by_length = sorted(pairs, key=lambda pair: -signs[pair[1]].words)
    if len(titles) == 1 < len(pairs):
        longest, second = (signs[body].words for _, body in by_length[:2])
        return by_length[:1] if longest >= LONGER * second else list(pairs)
    return list(pairs)


def _far_longer(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[str, ...]:
    """Return the column that is many times as long as all others, their names saying nothing; else ()."""
    first, *rest = sorted(names, key=lambda name: -signs[name].words) or [""]
    said = any(called_text(name) or is_request(name) or is_reply(name) for name in names)
    far = rest and signs[first].words >= FAR_LONGER * signs[rest[0]].words
    return (first,) if far and not said else ()


def with_its_aspect(
    train: RawSplit, text: tuple[str, ...], labels: tuple[str, ...], others: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Put what a text is judged about beside it, where one text has several labels and that column tells them apart.

    Returns:
        The text column(s), and a line about the second where there is one.
    """
    if len(text) > 1 or len(labels) > 1:
        return text, []
    alone = _rows_in_conflict(train, text, labels[0])
    aspects = [name for name in others if not ASPECTS.isdisjoint(pieces(name)) and name not in train.mixed]
    for name in (each for each in aspects if is_string(train.table.schema.field(each).type)):
        if alone >= LEAST_CONFLICT and _rows_in_conflict(train, (*text, name), labels[0]) <= alone / 4:
            return (*text, name), [
                f"{alone:.0%} of the rows have a text that stands there with other labels too, which {name!r} tells "
                f"apart: it is read beside the text; --text_columns {shlex.quote(text[0])} reads the text alone."
            ]
    return text, []


def _rows_in_conflict(train: RawSplit, keys: Sequence[str], label: str) -> float:
    """Return the share of the first rows whose key has rows of another label."""
    table = train.table.select([*keys, label]).slice(0, ROWS_LOOKED_AT)
    if any(pa.types.is_nested(column.type) for column in table.columns) or not len(table):
        return 0.0
    groups = table.group_by(list(keys)).aggregate([(label, "count_distinct"), ([], "count_all")])
    several = groups.filter(pc.greater(groups[f"{label}_count_distinct"], 1))
    return float((pc.sum(several["count_all"]).as_py() or 0) / len(table))


def _without_replies(names: Sequence[str], signs: Mapping[str, Signs], *, intents: bool) -> list[str]:
    """Leave out what answers the texts, where there are such, and where it is not the answer that is judged."""
    asked = [name for name in names if not is_reply(name)]
    texts = [name for name in asked if signs[name].text]
    return asked if texts and (intents or not any(map(is_request, texts))) else list(names)


def _without_variants(names: Sequence[str], signs: Mapping[str, Signs]) -> list[str]:
    """Leave out what a program made of a text that stands there itself: `review_tokenize` beside `review`."""
    words = {name: set(pieces(name)) for name in names}
    texts = [name for name in names if signs[name].text]
    made = [name for name in names if any(words[one] < words[name] <= words[one] | VARIANTS for one in texts)]
    return [name for name in names if name not in made]


def _without_series(names: Sequence[str], signs: Mapping[str, Signs]) -> list[str]:
    """Leave out texts of one name that are numbered through (`comment_1` to `comment_5`) beside a text that is not."""
    stems = {name: tuple(word for word in pieces(name) if not word.isdigit()) for name in names}
    numbered = [name for name in names if any(word.isdigit() for word in pieces(name))]
    counts = Counter(stems[name] for name in numbered)
    series = [name for name in numbered if counts[stems[name]] >= SERIES]
    others = [name for name in names if name not in series]
    return others if any(signs[name].text for name in others) else list(names)


def _called_texts(by_plain: Mapping[str, str], signs: Mapping[str, Signs]) -> list[str]:
    """Return the columns that are called as texts are, without titles of few values: a text is about those."""
    known = [by_plain[name] for name in TEXT_NAMES if name in by_plain]
    told = [name for name in known if not (plain(name) in TITLES and signs[name].label)]
    return told if any(signs[name].text for name in by_plain.values()) else known


def _said_before(train: RawSplit, name: str, names: Sequence[str]) -> bool:
    """Say whether a column of a name that occurs several times (`text.2`) repeats the first of them."""
    base, dot, number = name.rpartition(".")
    return bool(dot) and number not in ("", "1") and f"{base}.1" in names and same_texts(train, f"{base}.1", name)


def _called_otherwise(
    strings: Sequence[str], known: Sequence[str], signs: Mapping[str, Signs], paired: bool
) -> list[str]:
    """Return the columns that read like text, under names that texts seldom have."""
    reading = [name for name in strings if name not in known and signs[name].text]
    if len(known) == 1 and not signs[known[0]].text:
        return reading
    if known and plain(known[0]) == "text" and not paired:
        return []
    return [name for name in reading if not signs[name].other_fact]


def _rivals(train: RawSplit, known: str, unknown: Sequence[str], signs: Mapping[str, Signs]) -> list[str]:
    """Return the columns that read like text no less than the one whose name says so, and hold other texts."""
    own = signs[known]
    whole = [name for name in unknown if signs[name].filled >= NEARLY_EMPTY or own.filled < NEARLY_EMPTY]
    others = [name for name in whole if not same_texts(train, known, name)]
    return [name for name in others if not own.text or 2 * signs[name].words >= own.words]


def _outweigh(pair: Sequence[str], known: Sequence[str], signs: Mapping[str, Signs]) -> bool:
    """Say whether the third field of text is no longer than the longer one of a known pair, so that it can be left."""
    longest = max(signs[name].words for name in pair)
    return all(signs[name].text for name in pair) and all(
        signs[name].words <= longest for name in known if name not in pair
    )


def _twins(names: Sequence[str]) -> tuple[str, str] | None:
    """Return two columns that are a pair by their names: `#1 String` and `#2 String`, `news_title` and `news_body`."""
    if len(names) != 2:
        return None
    one, other = names
    if title_and_body(other, one):
        return other, one
    different = [pair for pair in zip_longest(pieces(one), pieces(other)) if pair[0] != pair[1]]
    numbered = different in ([("1", "2")], [("a", "b")], [("first", "second")])
    return (one, other) if numbered or title_and_body(one, other) else None
