"""Content words of English, Korean and mixed texts: what is left when words of grammar are out.

Korean is read by a morphological analyser (kiwipiepy), because its words carry particles and endings: nouns stay as
they are, verbs and adjectives in their dictionary form. Other alphabets are split at what is not a letter.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

# Word n-grams do not reach across the end of a sentence, a line or an ellipsis (Korean headlines use it as a colon).
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|[…\n。！？]+")
NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
WORD = re.compile(r"[^\W\d_](?:[\w'’\-]*\w)?")
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
# Han and Kana are written without spaces: overlapping pairs of characters stand for words, as in Lucene's CJKAnalyzer.
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")

# scikit-learn's list holds words with a meaning of their own (Nothman, Qin and Yurchak 2018, "Stop word lists in free
# open-source software packages"): these stay. Forms of "to do" are missing from it.
STOP_WORDS = (ENGLISH_STOP_WORDS | {"did", "does", "doing"}) - {
    "amount", "bill", "bottom", "computer", "cry", "empty", "fill", "fire", "front", "interest", "mill", "serious",
    "sincere", "system", "thick", "thin", "top",
}  # fmt: skip

# Tags of Kiwi: common and proper nouns, roots, verbs, adjectives; foreign words and Chinese characters in the text.
KOREAN_WORDS = frozenset({"NNG", "NNP", "XR", "VV", "VA"})
FOREIGN = frozenset({"SL", "SH"})
SENTENCE_TAGS = frozenset({"SF", "SE"})
# Verbs and adjectives that only carry others ("to do", "to be", "to become", "to be like"), and nouns of grammar.
# fmt: off
KOREAN_STOP_WORDS = frozenset({
    "하다", "되다", "있다", "이다", "아니다", "같다", "않다", "그렇다", "이렇다", "저렇다", "어떻다", "이러다",
    "그러다", "어쩌다", "위하다", "대하다", "통하다", "따르다", "관하다", "인하다", "의하다", "경우", "때문", "정도",
    "가운데", "이번", "이날", "자신", "우리", "당시", "이상", "이하",
})
# fmt: on


class ContentWords:
    """Splits texts into runs of content words; the Korean analyser is loaded with the first Korean text."""

    def __init__(self) -> None:
        """Start without the analyser: it takes two seconds and is of no use to most languages."""
        self._kiwi: Any = None  # Any: kiwipiepy has no types

    def __call__(self, texts: Iterable[str]) -> list[list[list[str]]]:
        """Return for each text its sentences, each as the list of its content words, lower case, in order."""
        pieces: list[list[str]] = [list(_sentences(text)) for text in texts]
        korean = [piece for sentences in pieces for piece in sentences if HANGUL.search(piece)]
        analysed = iter(self._analyse(korean))
        return [
            [
                run
                for piece in sentences
                for run in (next(analysed) if HANGUL.search(piece) else [_words(piece)])
                if run
            ]
            for sentences in pieces
        ]

    def _analyse(self, pieces: Sequence[str]) -> Iterator[list[list[str]]]:
        """Yield the runs of words of each Korean piece."""
        if not pieces:
            return
        if self._kiwi is None:
            from kiwipiepy import Kiwi  # 2 s and 90 MB: only where there is Korean

            self._kiwi = Kiwi()
        for tokens in self._kiwi.tokenize(pieces):
            yield _korean_runs(tokens)


def _sentences(text: str) -> Iterator[str]:
    composed = unicodedata.normalize("NFC", html.unescape(text))
    for piece in SENTENCE_END.split(NOT_WORDS.sub(" ", composed)):
        if piece.strip():
            yield piece


def _korean_runs(tokens: Iterable[Any]) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for token in tokens:
        tag = str(token.tag).split("-")[0]  # VV-R and VV-I: regular and irregular verbs
        if tag in SENTENCE_TAGS:
            runs.append([])
        elif tag in FOREIGN:
            runs[-1] += [token.form] if tag == "SH" else _words(token.form)
        elif tag in KOREAN_WORDS:
            word = token.lemma if tag in {"VV", "VA"} else token.form
            if word not in KOREAN_STOP_WORDS:
                runs[-1].append(word)
    return runs


def _words(piece: str) -> list[str]:
    """Return the content words of a text in an alphabet, without English stop words and single letters."""
    words: list[str] = []
    for match in WORD.finditer(piece.lower()):
        word = _without_contraction(match.group().strip("-"))
        if UNSPACED.search(word):
            words += _pairs(word)
        elif len(word) > 1 and word not in STOP_WORDS:
            words.append(word)
    return words


def _without_contraction(word: str) -> str:
    """Take off 's, 're, 'll and so on; what ends in n't is grammar and goes as a whole."""
    stem, mark, ending = word.replace("’", "'").partition("'")
    if not mark:
        return word
    if ending == "t":
        return ""
    return stem if ending in {"s", "re", "ve", "ll", "d", "m"} else word


def _pairs(word: str) -> list[str]:
    pairs = []
    for run in UNSPACED.findall(word):
        pairs += [run[i : i + 2] for i in range(max(len(run) - 1, 1))]
    return pairs
