r"""Cleaning that ships: a closed list of steps, each one `tokenizers` normalizer that is saved inside tokenizer.json.

The engine is Oniguruma: what letters, marks and digits are is spelled out by Unicode property, because `\w` and
case-insensitivity differ from Python's there, and nothing is repeated inside a repetition (that can take exponential
time, and ends in a panic). Whatever is taken out leaves a space, so that words are never glued together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from tokenizers import Regex
from tokenizers.normalizers import NFC, NFKC, Lowercase, Normalizer, Replace, Sequence

from ..errors import UserError, did_you_mean

WORD = r"\p{L}\p{M}\p{N}_"
# Addresses end at the first character that is not printable ASCII: Korean writes particles right behind them.
URL = rf"[Hh][Tt][Tt][Pp][Ss]?://[!-~]++|(?<![{WORD}])[Ww][Ww][Ww]\.[!-~]++"
# An e-mail address is no mention, and `a#b` no hashtag: both start where no word goes before.
MENTION = rf"(?<![{WORD}])[@＠][{WORD}]++"
HASHTAG = rf"(?<![{WORD}])[#＃][{WORD}]++"
# Digits with the points and commas between them: 1,234.5 is one number, the full stop behind it is not part of it.
NUMBER = r"\p{Nd}[\p{Nd}.,]*\p{Nd}|\p{Nd}"
# Unicode's punctuation and ASCII's symbols, but neither emoji nor currency and other symbols beyond ASCII.
PUNCTUATION = r"[\p{P}$+<=>^`|~]++"
# Any character but a digit: 1000000 is not 100.
REPEAT = r"([^\p{N}])(?=\1\1)"
SPACE = r"\p{White_Space}++"


def _stopwords() -> str:
    """Return the pattern of English stopwords as whole words, upper or lower case.

    English only: Korean marks grammar by particles and endings inside the word, which no list of words can take out
    without a morphological analyser, and an analyser cannot be saved in tokenizer.json.
    """
    by_letter: dict[str, list[str]] = {}  # ten times as fast as one long list of alternatives
    for word in sorted(ENGLISH_STOP_WORDS):
        by_letter.setdefault(word[0], []).append(_either_case(word[1:]))
    words = "|".join(f"{_either_case(letter)}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())
    return rf"(?<![{WORD}'’])(?:{words})(?![{WORD}'’])"


def _either_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


def _replace(pattern: str, content: str = " ") -> Normalizer:
    return Replace(Regex(pattern), content)


STEPS = {
    "nfc": NFC,
    "nfkc": NFKC,
    # JavaScript lower-cases a final sigma to another letter than the engine does: made small beforehand.
    "lowercase": lambda: Sequence([Replace("Σ", "σ"), Lowercase()]),
    "strip_urls": lambda: _replace(URL),
    "strip_mentions": lambda: _replace(MENTION),
    "strip_hashtags": lambda: _replace(HASHTAG),
    "strip_numbers": lambda: _replace(NUMBER),
    "strip_punctuation": lambda: _replace(PUNCTUATION),
    "strip_stopwords": lambda: _replace(_stopwords()),
    # The engine knows no back-reference in the replacement: a character goes if two like it follow.
    "collapse_repeats": lambda: _replace(REPEAT, ""),
    # Not by Strip: JavaScript takes a byte order mark for a space, which the engine does not.
    "collapse_spaces": lambda: Sequence([_replace(SPACE), _replace(r"\A | \z", "")]),
}


def normalizer(steps: list[str]) -> Normalizer | None:
    """Return the steps as one normalizer for `prepare_tokenizer`, or None if there are none.

    They run in the order of `STEPS`, whatever order they are given in: once punctuation is gone, no address and no
    mention would be recognised. `prepare_tokenizer` puts NFC in front of them in any case. (`nfkc` is not for Korean
    chat: it turns the letters of ㅋㅋ and ㅠㅠ into the conjoining jamo that few vocabularies have.)

    Raises:
        UserError: a step is unknown.
    """
    for step in steps:
        if step not in STEPS:
            raise UserError(f"Unknown cleaning step {step!r}; known: {', '.join(STEPS)}.{did_you_mean(step, STEPS)}")
    chosen = [STEPS[name]() for name in STEPS if name in steps]
    return Sequence(chosen) if chosen else None


def cleaner(steps: list[str]) -> Callable[[str], str]:
    """Return what makes a text into what the model's tokenizer sees: NFC, then the steps. For baselines and audits.

    Raises:
        UserError: a step is unknown.
    """
    own = normalizer(steps)
    whole = NFC() if own is None else Sequence([NFC(), own])
    cleaned: Callable[[str], str] = whole.normalize_str
    return cleaned


def clean(texts: Iterable[str], steps: list[str]) -> list[str]:
    """Return the texts as the model's tokenizer sees them; see `cleaner`."""
    return list(map(cleaner(steps), texts))
