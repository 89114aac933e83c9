"""What the names of columns say: whether texts, labels or other facts stand under them, and how they are listed."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Collection, Sequence

from .column_words import (
    ABOUT,
    BODIES,
    LABEL_PIECES,
    LEADING,
    LIKE_LABELS,
    OTHER_FACTS,
    OTHER_FACTS_END,
    PLAIN_FACTS,
    REPLIES,
    REQUESTS,
    TEXT_ITSELF,
    TEXT_NAMES,
    TITLES,
)

COLUMNS_LISTED = 12
NUMBERED = {"id", "ids", "idx", "index", "code", "num", "no", "number", "name", "str", "text"}
WHOLE_TEXTS = {name for name in (*TEXT_NAMES, *TITLES) if not name.isascii()}
LATIN = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "œ": "oe"})
# Vowel signs of Indic and Thai letters, and of Arabic ones, are letters of their words.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|(?:[^\W\d_A-Za-z]|[\u064b-\u0652\u0900-\u0dff\u0e00-\u0eff])+")


def _without_accents(name: str) -> str:
    """Return a name with plain Latin letters, `etiquette` for `étiquette`; letters of other scripts stay whole."""
    if name.isascii():
        return name
    apart = ((each, unicodedata.normalize("NFD", each)) for each in unicodedata.normalize("NFC", name))
    return "".join(plain[0] if plain[0].isascii() else each for each, plain in apart).translate(LATIN)


def pieces(name: str) -> list[str]:
    """Return the words that a column's name is made of, in small letters: `reviewText` is review and text."""
    return [word.lower() for word in WORD.findall(_without_accents(name))]


def plain(name: str) -> str:
    """Return a column's name in small letters and digits only, without accents."""
    return "".join(WORD.findall(_without_accents(name))).lower()


def ends_in(name: str, words: Collection[str]) -> bool:
    """Say whether a name's last word is one of these; Korean and its kin write it as one with the word before."""
    last = "".join(pieces(name)[-1:])
    joined = tuple(word for word in words if not word.isascii() and len(word) > 1)
    return last in words or (not last.isascii() and last.endswith(joined))


def says_another_fact(name: str) -> bool:
    """Say whether a column's name says that it holds something other than text or labels."""
    words = pieces(name)
    known = plain(name) in OTHER_FACTS or not OTHER_FACTS.isdisjoint(words)
    return known or any(word.endswith(OTHER_FACTS_END) for word in words[-1:])


def is_request(name: str) -> bool:
    """Say whether a column's name says that it asks for an answer, of a model say."""
    return not REQUESTS.isdisjoint(pieces(name))


def is_reply(name: str) -> bool:
    """Say whether a column's name says that it answers the text of its row."""
    return not REPLIES.isdisjoint(pieces(name))


def ends_in_text(name: str) -> bool:
    """Say whether a column's name ends as texts are called: `selected_text`, `기사본문`."""
    return ends_in(name, TEXT_ITSELF | {"texts"}) or ends_in(name, WHOLE_TEXTS)


def called_text(name: str) -> bool:
    """Say whether a column is called as texts are, or as their titles: `review_title`."""
    return plain(name) in TEXT_NAMES or ends_in_text(name) or "".join(pieces(name)[-1:]) in TITLES[:2]


def ends_in_label(name: str) -> bool:
    """Say whether a column's name ends as labels are called: `entailment_label`, `감정라벨`."""
    return ends_in(name, LIKE_LABELS)


def numbers_labels(name: str) -> bool:
    """Say whether a column is called after the number or the name of a label: `category_id`, `intent_name`."""
    *kind, last = pieces(name) or [""]
    return last in NUMBERED and bool(kind) and LABEL_PIECES.issuperset(kind[-1:])


def leads(first: str, second: str) -> bool:
    """Say whether a column is the question to which another is subject or detail: `coarse_label`, `fine_label`."""
    one, other = pieces(first), pieces(second)
    only = " ".join(word for word in one if word not in other), " ".join(word for word in other if word not in one)
    levels = {"level", "lvl", "depth", "hierarchy", "cat"}
    return only in LEADING and (only[0] != "1" or not levels.isdisjoint(one))


def plain_fact(name: str) -> bool:
    """Say whether a column's name says for certain that its yes and no is about something other than the text."""
    return not PLAIN_FACTS.isdisjoint(pieces(name))


def about(name: str) -> bool:
    """Say whether a column's name, where it answers yes or no, says what a text is about: `지역` beside `종교`."""
    return not ABOUT.isdisjoint(pieces(name))


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


def title_and_body(first: str, second: str) -> bool:
    """Say whether two columns are called title and body of one thing: `news_title`, `news_body`."""
    one, other = plain(first), plain(second)
    if _singular(one) in TITLES and _singular(other) in BODIES:  # titles, summaries
        return True
    if one in TITLES and "".join(pieces(second)[-1:]) in BODIES:  # title, plot_synopsis
        return True
    return of_one_thing(first, second)


def of_one_thing(first: str, second: str) -> bool:
    """Say whether two columns are called title and body with one word in front: `news_title`, `news_body`."""
    one, other = plain(first), plain(second)
    return any(
        len(one) > len(title) and one.endswith(title) and other == one.removesuffix(title) + body
        for title in TITLES
        for body in BODIES
    )


def listed(names: Sequence[str]) -> str:
    """Return names in quotes, as a sentence lists them."""
    return ", ".join(repr(name) for name in names)


def some_of(names: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    more = f" and {len(names) - COLUMNS_LISTED} more" if len(names) > COLUMNS_LISTED else ""
    return ", ".join(names[:COLUMNS_LISTED]) + more


def which_column(kind: str, candidates: Sequence[str], names: Sequence[str], suggestion: str = "") -> str:
    """Return the question which of the candidates (among all these names) is meant, with the flag that says it."""
    left = f"none of {some_of(names)} looks like it" if names else "no column is left"
    if kind == "label":
        candidates = sorted(candidates, key=lambda name: LABEL_PIECES.isdisjoint(pieces(name)))
    found = f"more than one could be meant: {some_of(candidates)}" if candidates else left
    most = " (one or two)" if kind == "text" and len(candidates) > 1 else ""
    example = suggestion or (f" {shlex.quote(candidates[0])}, say" if candidates else "")
    return f"Which column holds the {kind}? Found that {found}. Give --{kind}_columns{example}{most}."
