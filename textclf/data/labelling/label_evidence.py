"""Which of several possible labels is clearly the better one: what the names of file, texts and columns say of it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from .column_names import ends_in, listed, pieces, plain, says_another_fact
from .column_signs import Signs
from .column_words import (
    ANSWERS,
    ASPECTS,
    DOCUMENTS,
    GENERAL,
    LABEL_ITSELF,
    LABEL_NAMES,
    LABEL_PIECES,
    LIKINGS,
    OPINIONS,
    STARS,
    SUBJECTS,
    TAG_WORDS,
    TOPICAL,
    VERDICTS,
)

SAME_WORD = 5  # letters that two words begin with: sarcasm, sarcastic
SHORTEST_WORD = 3
DEEP = 2  # parts of a path that may be called after the label: a folder and the file


class Hints(NamedTuple):
    """What says which column is meant, beside its name and cells."""

    called: str = ""
    """What the user calls the data: a file, a folder or a Hub id."""
    in_train_only: Collection[str] = ()
    """Columns that another split lacks, of which the answers are not published."""


def clearly_meant(names: Sequence[str], signs: Mapping[str, Signs], hints: Hints) -> tuple[str, str] | None:
    """Return the column that is the better reading of several, with a line about the rest; None if all are alike."""
    left, why = list(names), ""
    for found, reason in (
        ([name for name in names if name in hints.in_train_only], "other rows of the data have no {!r}"),
        ([name for name in names if called_like(name, hints.called, signs)], "the data is called after {!r}"),
    ):
        if len(found) == 1 and found[0] in left:
            left, why = found, reason.format(found[0])
    for prefer in STEPS:
        kept, reason = prefer(left, signs)
        if 0 < len(kept) < len(left):
            left, why = kept, reason
    if len(left) > 1:
        return None
    others = [name for name in names if name not in left]
    also = f"{listed(others)} {'is' if len(others) == 1 else 'are'} left, which could be meant too"
    return left[0], f"As {why}, {also}: --label_columns {shlex.quote(others[0])}."


def _before_its_variants(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep a stance before the stance of another state: `validated_stance`."""
    words = {name: {word for word in pieces(name) if not word.isdigit()} for name in names}
    known = LABEL_PIECES | ANSWERS | VERDICTS | STARS
    base = [
        name
        for name in names
        if not any(words[one] < words[name] and not (words[name] - words[one]) & known for one in names)
    ]
    return base, f"{listed(base)} is the plain name"


def _few_before_tags(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep what has few values before tags, which have many, and a topic before tags of any number."""
    topics = any(_has(name, TOPICAL) or plain(name) in LABEL_NAMES[1] for name in names if not _has(name, TAG_WORDS))
    tags = [name for name in names if _has(name, TAG_WORDS) and (topics or not signs[name].label)]
    kept = [name for name in names if name not in tags]
    return kept, f"{listed(kept)} is no tag"


def _kind_of_texts(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep what opinions say, or what documents are about, where each column is known to be one of the two."""
    judging = [name for name in names if _judges(name, signs)]
    topical = [name for name in names if name not in judging and _has(name, TOPICAL)]
    texts = [name for name, each in signs.items() if each.text]
    opinions, documents = ([name for name in texts if _has(name, words)] for words in (OPINIONS, DOCUMENTS))
    if len(judging) + len(topical) < len(names):
        return list(names), ""
    if opinions:
        return judging, f"{opinions[0]!r} holds opinions"
    if documents and all(_has(name, STARS) for name in judging):
        return topical, f"{documents[0]!r} tells of something"
    return list(names), ""


def _answers_before_stars(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep a sentiment before the stars that it may be made of, and stars before a recommendation."""
    for better, worse in ((ANSWERS, STARS), (STARS, LIKINGS), (ANSWERS, LIKINGS)):
        if any(_has(name, better) for name in names):
            names = [name for name in names if not _has(name, worse) or _has(name, better)]
    return list(names), f"{listed(names)} says more of the text"


def _said_of_an_aspect(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep what is said before what it is said of: a sentiment before its target."""
    aspects = [name for name in _aspects(names, signs) if not _judges(name, signs)]
    kept = [name for name in names if name not in aspects]
    known = all(_judges(name, signs) for name in kept)
    return (kept if known else list(names)), f"{listed(kept)} is what is said"


def _aspects(names: Sequence[str], signs: Mapping[str, Signs]) -> list[str]:
    """Return the columns that are called after what a text speaks of, and name it: `target`, not as 0 and 1."""
    return [name for name in names if _has(name, ASPECTS) and signs[name].wordy and not signs[name].flag]


def _a_verdict(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep the only column that is called after a verdict, where no other is called after labels or answers alike."""
    verdicts = [name for name in names if _has(name, VERDICTS)]
    others = [name for name in names if name not in verdicts]
    ways = {signs[name].flag for name in verdicts} - {""}
    alike = [name for name in others if signs[name].flag in ways]
    known = [name for name in others if _judges(name, signs) or _has(name, TOPICAL | LABEL_PIECES)]
    if len(verdicts) > 1 or known or not all(says_another_fact(name) for name in alike):
        return list(names), ""
    return verdicts, f"{listed(verdicts)} is called after a verdict"


def _called_a_label(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep the only column that is called as labels are, where the others' names say nothing of the kind.

    Yes and no may answer a question that has no usual name: beside a topic or stars such a column is asked for; and
    so is any beside the topic of opinions.
    """
    aspects = _aspects(names, signs)
    called = [name for name in names if plain(name) in LABEL_NAMES[1] or gives_stars(name, signs)]
    called = [name for name in called if name not in aspects]
    others = [name for name in names if name not in called]
    known = [name for name in others if _judges(name, signs) or _has(name, TOPICAL | LABEL_PIECES)]
    known = [name for name in known if not _type_of_something(name, signs)]
    opinions = any(each.text and _has(name, OPINIONS) for name, each in signs.items())
    topic = any(_has(name, TOPICAL) for name in called)
    stars = any(_has(name, STARS) for name in called)
    asked = [name for name in others if (topic and opinions) or ((topic or stars) and signs[name].flag)]
    if len(called) != 1 or known or asked:
        return list(names), ""
    return called, f"{listed(called)} is called as labels are"


def _label_itself(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], str]:
    """Keep what is called `class` before what a text is about: nobody calls a fact so."""
    itself = [name for name in names if plain(name) in LABEL_ITSELF]
    others = [name for name in names if name not in itself]
    known = len(itself) == 1 and all(_has(name, TOPICAL) and not _judges(name, signs) for name in others)
    return (itself if known else list(names)), f"{listed(itself)} is called as labels are"


STEPS = (
    _before_its_variants, _label_itself, _few_before_tags, _kind_of_texts, _answers_before_stars, _said_of_an_aspect,
    _a_verdict, _called_a_label,
)  # fmt: skip


def _type_of_something(name: str, signs: Mapping[str, Signs]) -> bool:
    """Say whether a column says of what kind something is that the text only names: `room type`."""
    words = pieces(name)
    return len(words) > 1 and words[-1] == "type" and not _judges(name, signs) and not _has(name, TOPICAL)


def _judges(name: str, signs: Mapping[str, Signs]) -> bool:
    """Say whether a column says what somebody finds: a sentiment, stars, a recommendation, a verdict."""
    return signs[name].judges or _has(name, ANSWERS | STARS | LIKINGS | VERDICTS)


def ends_in_topic(name: str) -> bool:
    """Say whether a column's name ends as topics of a text do: `news_topic`, but not `product_category`."""
    words = pieces(name)
    own = SUBJECTS.isdisjoint(words) and "label" not in words and not says_another_fact(name)
    return own and bool(words) and ends_in(name, TOPICAL)


def is_measured(name: str) -> bool:
    """Say whether a column is called after what programs measure in fractions: how positive a text is."""
    return _has(name, ANSWERS)


def gives_stars(name: str, signs: Mapping[str, Signs]) -> bool:
    """Say whether a column holds stars by its values, and is called as they are, or as upvotes are: `review_score`."""
    return signs[name].stars and ends_in(name, STARS)


def _has(name: str, words: set[str]) -> bool:
    """Say whether a name is made of one of the words; Korean and its kin write several of them as one: 혐오여부."""
    own = pieces(name)
    joined = [word for word in own if not word.isascii()]
    ends = tuple(word for word in words if not word.isascii() and len(word) > 1)
    return not words.isdisjoint(own) or any(word.startswith(ends) or word.endswith(ends) for word in joined)


def called_like(name: str, source: str, columns: Collection[str]) -> bool:
    """Say whether the file, or the folder that it lies in, is called after what one column holds: `sarcasm_v2.csv`."""
    given = [word for part in PurePath(source).parts[-DEEP:] for word in pieces(part.split(".")[0])]
    own = [word for word in pieces(name) if word not in GENERAL | SUBJECTS | OPINIONS | DOCUMENTS][-1:]
    others = {word for other in columns for word in pieces(other) if other != name}
    return any(_same_word(word, each) for word in own if word not in others for each in given)


def _same_word(one: str, other: str) -> bool:
    """Say whether two words are one, or begin alike; where words are not parted by spaces, one may be in the other."""
    if not one.isascii():
        return len(one) > 1 and one in other
    return len(one) >= SHORTEST_WORD and (
        one == other or (len(one) >= SAME_WORD and one[:SAME_WORD] == other[:SAME_WORD])
    )
