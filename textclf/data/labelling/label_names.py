"""Names of labels: how a cell's value is written as a name, and which names are nearly equal."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from math import isfinite
from typing import Literal

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Joiners belong to words of Arabic and Indic scripts and to emoji; between other letters they are invisible only.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u3164\ufeff\uffa0]"
    "|(?<![\u0600-\u0dff])\u200c|(?<![\u0600-\u0dff\ufe0f\u2190-\u2bff\U0001f000-\U0001faff])\u200d|[\u200c\u200d]$"
)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# What programs write where nothing is known. "none" is none of them: it names a class in many data sets.
NO_CONSENSUS = "-"  # where annotators did not agree (SNLI); beside "+" it is a class
NOTHING = "nan"  # as pandas writes what is missing, where it was told to
MISSING_WORDS = {"nan", "null", "<na>", "#n/a", "n/a", "nat"}
# A rare name that is nearly a frequent one, by its letters, is a slip of the keyboard more often than a class.
SLIP_LIKENESS, SLIP_LETTERS, SLIP_SHARE = 0.85, 5, 0.02
NAMES_SHOWN = 8

Writing = Literal["numbers", "truths", "words"]


def clean_name(value: str) -> str:
    """Return a name composed (NFC), without what cannot be seen, with single spaces inside and none around."""
    if value.isascii() and value.isalnum():
        return value
    return " ".join(CONTROL.sub("", INVISIBLE.sub("", unicodedata.normalize("NFC", value))).split())


def number(name: str) -> float | None:
    """Return the finite number that a name writes, or None: `1E400` is a word."""
    if not NUMBER.fullmatch(name):
        return None
    value = float(name)
    return value if isfinite(value) else None


def writing(names: Iterable[str]) -> Writing:
    """Say what the names found in train are; an empty one and `nan` among numbers say nothing."""
    words = [name for name in names if name and name.lower() != "nan"]
    if words and all(number(name) is not None for name in words):
        return "numbers"
    if words and all(name.lower() in {"true", "false"} for name in words):
        return "truths"
    return "words"


def written_as(name: str, how: Writing) -> str:
    """Write one name as the names of train are: numbers without `.0`, truth values in small letters."""
    if how == "numbers":
        return "" if name.lower() == "nan" else re.sub(r"(?<=\d)\.0*$", "", name) if NUMBER.fullmatch(name) else name
    return name.lower() if how == "truths" else name


def alike_key(name: str) -> str:
    """Return what names have in common that differ in case, width, spaces, hyphens, quotes or leading zeros only."""
    plain = unicodedata.normalize("NFKC", name).replace("\ufe0f", "").casefold()
    value = number(plain.strip())
    if value is not None:
        return repr(value + 0.0)
    kept = re.sub(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)", "", plain).strip().strip("'\"`‘’“”.,;:").strip()
    return unicodedata.normalize("NFC", kept) or plain


def alike(counts: Mapping[str, int]) -> list[list[str]]:
    """Return the groups of names that are nearly equal, in each the most frequent first."""
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups.setdefault(alike_key(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def alike_notes(counts: Mapping[str, int], merged: bool) -> list[str]:
    """Say which names of train (name -> rows) are nearly equal, and how to join them; or that they were joined."""
    groups = alike(counts)
    shown = [" and ".join(f"{name!r} ({counts[name]:,})" for name in group) for group in groups[:NAMES_SHOWN]]
    more = f" and {len(groups) - NAMES_SHOWN} more" if len(groups) > NAMES_SHOWN else ""
    if groups and merged:
        return [f"Joined under the most frequent spelling (--merge_labels): {'; '.join(shown)}{more}."]
    notes = []
    if groups:
        notes.append(
            f"Labels that differ in their spelling only are classes of their own: {'; '.join(shown)}{more}. "
            "`--merge_labels alike` joins them."
        )
    slips = _slips(counts)
    if slips:
        pairs = " ".join(shlex.quote(f"{slip}={meant}") for slip, meant in slips[:NAMES_SHOWN])
        notes.append(
            f"{slips[0][0]!r} ({counts[slips[0][0]]:,}) is nearly {slips[0][1]!r} ({counts[slips[0][1]]:,}): if it "
            f"is a slip, give --merge_labels {pairs}."
        )
    return notes


def _slips(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return rare names that are nearly a frequent one, with it."""
    found = []
    frequent = [name for name in counts if len(name) >= SLIP_LETTERS and number(name) is None]
    for name in frequent[:200]:  # quadratic
        for other in frequent[:200]:
            rare = counts[name] <= SLIP_SHARE * counts[other]
            if rare and name[:1] == other[:1] and not _differs_in_digits(name, other):
                likeness = SequenceMatcher(None, name.casefold(), other.casefold()).ratio()
                if likeness >= SLIP_LIKENESS and alike_key(name) != alike_key(other):
                    found.append((name, other))
                    break
    return found


def _differs_in_digits(name: str, other: str) -> bool:
    return re.findall(r"\d+", name) != re.findall(r"\d+", other)


def missing_note(names: Iterable[str]) -> list[str]:
    """Say that a class is called as programs write what is missing."""
    odd = [name for name in names if name.casefold() in MISSING_WORDS]
    if not odd:
        return []
    return [
        f"A class is called {odd[0]!r}, as programs write what is missing. If these rows have no label, list the "
        "other names with --class_names and leave the rest out with --on_bad_row skip."
    ]


def sort_names(names: Iterable[str]) -> list[str]:
    """Sort names that nobody ordered: numbers by their value in front of words."""
    return sorted(names, key=lambda name: (number(name) is None, number(name) or 0.0, name))
