"""Checks inside texts: hardly anything in them, broken or mixed encodings, invisible characters, scripts."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ftfy.badness import is_bad

from ..cleaning import clean as clean_texts
from .findings import EXAMPLES, Example, Finding, counted, excerpt
from .sampling import TextSample
from .wrong_decoding import wrongly_decoded

TINY = 3  # letters or digits; fewer are hardly a text
SCRIPT_SHIFT = 0.1  # difference of a script's share between train and another split that is worth a line

# Zero-width and direction characters, soft hyphens. A joiner between emoji (family, flags) is how they are written.
INVISIBLE = re.compile(
    "[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)
# Hangul letters that stand outside a syllable, ㅋㅋ and ㅠㅠ among them; not U+318D, which serves as a middle dot.
JAMO = re.compile("[\u1100-\u11ff\u3131-\u318c\u318e\ua960-\ua97f\ud7b0-\ud7ff]")
SCRIPTS = {
    "Hangul": re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff]+"),
    "Latin": re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]+"),
    "Han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+"),
    "Kana": re.compile("[\u3041-\u30ff\u31f0-\u31ff]+"),
    "Cyrillic": re.compile("[\u0400-\u052f]+"),
    "Arabic": re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]+"),
}


def _blank(text: str) -> bool:
    return not INVISIBLE.sub("", text).strip()


def _tiny(text: str) -> bool:
    letters = itertools.islice(filter(str.isalnum, text), TINY)  # stops at the third: long texts cost nothing
    return len(list(letters)) < TINY and not _blank(text)


def _decomposed(text: str) -> bool:
    return not (text.isascii() or unicodedata.is_normalized("NFC", text))


def _invisible(text: str) -> bool:
    return not text.isascii() and INVISIBLE.search(text) is not None


def _lone_jamo(text: str) -> bool:
    return not text.isascii() and JAMO.search(unicodedata.normalize("NFC", text)) is not None


def _mojibake(text: str) -> bool:
    return not text.isascii() and ("\ufffd" in text or is_bad(text) or wrongly_decoded(text))


# Each with what is said of one text, and of several.
CHECKS: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "blank": (_blank, "text is blank", "texts are blank"),
    "tiny": (
        _tiny,
        f"text has fewer than {TINY} letters or digits",
        f"texts have fewer than {TINY} letters or digits",
    ),
    "not_composed": (
        _decomposed,
        "text is not in composed form (NFC); the tokenizer composes it",
        "texts are not in composed form (NFC); the tokenizer composes them",
    ),
    "invisible_characters": (
        _invisible,
        "text holds zero-width or other invisible characters",
        "texts hold zero-width or other invisible characters",
    ),
    "lone_jamo": (
        _lone_jamo,
        "text holds Hangul letters outside syllables (ㅋㅋ, ㅠㅠ, broken input)",
        "texts hold Hangul letters outside syllables (ㅋㅋ, ㅠㅠ, broken input)",
    ),
    "mojibake": (
        _mojibake,
        "text looks as if it had been decoded wrongly",
        "texts look as if they had been decoded wrongly",
    ),
}
CLEANED_AWAY = "cleaned_to_nothing"


class TextFaults(NamedTuple):
    """What the checks found, and the share of letters of each script in each split."""

    findings: list[Finding]
    scripts: dict[str, dict[str, float]]


class _Tally:
    """Rows for which a check came out true: counted for each split, the first few kept as examples."""

    def __init__(self, splits: Sequence[str]) -> None:
        self.per_split = dict.fromkeys(splits, 0)
        self.examples: list[Example] = []

    def add(self, split: str, row: int, text: str) -> None:
        self.per_split[split] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(Example(split, row, excerpt(text)))

    def finding(self, name: str, says: tuple[str, str], of: int) -> Finding:
        count = sum(self.per_split.values())
        return Finding(name, counted(count, *says), count, of, self.examples, {"per_split": self.per_split})


def check(sample: TextSample, clean: Sequence[str] = ()) -> TextFaults:
    """Look into the sampled texts one by one; with cleaning steps, also for texts of which they leave nothing."""
    says = {name: (one, many) for name, (_, one, many) in CHECKS.items()}
    if clean:
        says[CLEANED_AWAY] = ("text is cleaned to nothing", "texts are cleaned to nothing")
    tallies = {name: _Tally(list(sample.rows)) for name in says}
    letters = {split: dict.fromkeys([*SCRIPTS, "other"], 0) for split in sample.rows}
    for split, rows, texts in sample.batches():
        for row, text in zip(rows.tolist(), texts, strict=True):
            for name, (finds, _, _) in CHECKS.items():
                if finds(text):
                    tallies[name].add(split, row, text)
            _count_scripts(text, letters[split])
        if clean:
            for row, text, cleaned in zip(rows.tolist(), texts, clean_texts(texts, list(clean)), strict=True):
                if text.strip() and not cleaned.strip():
                    tallies[CLEANED_AWAY].add(split, row, text)
    findings = [tally.finding(name, says[name], len(sample)) for name, tally in tallies.items()]
    scripts = {split: _shares(counts) for split, counts in letters.items()}
    return TextFaults([*findings, _script_shift(scripts)], scripts)


def _count_scripts(text: str, counts: dict[str, int]) -> None:
    """Add the letters of a text to the counts of their scripts."""
    if text.isascii():
        counts["Latin"] += sum(map(len, SCRIPTS["Latin"].findall(text)))
        return
    known = 0
    for script, pattern in SCRIPTS.items():
        found = sum(map(len, pattern.findall(text)))
        counts[script] += found
        known += found
    counts["other"] += max(sum(map(str.isalpha, text)) - known, 0)


def _shares(counts: dict[str, int]) -> dict[str, float]:
    """Turn counts into shares of all letters, the most frequent first; scripts without any are left out."""
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return {script: round(count / total, 4) for script, count in ordered if count}


def _script_shift(scripts: dict[str, dict[str, float]]) -> Finding:
    """Find splits that are written in other scripts than train."""
    train = scripts.get("train", {})
    shifted = {}
    for split, shares in scripts.items():
        moved = max((abs(shares.get(s, 0) - train.get(s, 0)) for s in {*train, *shares}), default=0.0)
        if shares and moved > SCRIPT_SHIFT:
            shifted[split] = round(moved, 4)
    written = counted(len(shifted), "split is written", "splits are written")
    says = f"{written} in other scripts than train: {', '.join(shifted)}"
    return Finding("script_shift", says, len(shifted), len(scripts), details={"largest_difference": shifted})
