"""Content words of English, Korean and mixed texts: what is left when words of grammar are out.

Korean is read by a morphological analyser (kiwipiepy), because its words carry particles and endings: nouns stay as
they are, verbs and adjectives in their dictionary form. Other alphabets are split at what is not a letter.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

# Word n-grams do not reach across the end of a sentence, a line or an ellipsis (Korean headlines use it as a colon).
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|[…\n。！？]+")
NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
WORD = re.compile(r"[^\W\d_](?:[\w'’\-]*\w)?")
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
# Han and Kana are written without spaces: overlapping pairs of characters stand for words, as in Lucene's CJKAnalyzer.
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")

# scikit-learn's list holds words with a meaning of their own (Nothman, Qin and Yurchak 2018, "Stop word lists in free
# open-source software packages"): these stay. Missing from it are verbs that only carry others in reports of what was
# said and done, in all their forms, and a few small words.
# fmt: off
_HAVE_A_MEANING = {
    "amount", "bill", "bottom", "computer", "cry", "empty", "fill", "fire", "front", "interest", "mill", "serious",
    "sincere", "system", "thick", "thin", "top",
}
_SAY_LITTLE = frozenset({
    "did", "does", "doing", "say", "says", "said", "saying", "tell", "tells", "told", "telling", "let", "lets",
    "letting", "ago", "make", "makes", "made", "making", "get", "gets", "got", "getting", "go", "goes", "going",
    "went", "gone", "come", "comes", "came", "coming", "take", "takes", "took", "taken", "taking", "give", "gives",
    "gave", "given", "giving", "put", "puts", "putting", "use", "uses", "used", "using", "just", "like", "really",
    "according", "mr", "mrs", "ms",
})
# fmt: on
STOP_WORDS = (ENGLISH_STOP_WORDS | _SAY_LITTLE) - _HAVE_A_MEANING

# Tags of Kiwi: common and proper nouns, roots, verbs, adjectives. SL and SH are foreign words, Chinese characters.
KOREAN_WORDS = frozenset({"NNG", "NNP", "XR", "VV", "VA"})
SENTENCE_TAGS = frozenset({"SF", "SE"})
# Verbs and adjectives that only carry others ("to do", "to be", "to become", "to be like", "to say", "to announce"),
# and nouns of grammar.
# fmt: off
KOREAN_STOP_WORDS = frozenset({
    "하다", "되다", "있다", "이다", "아니다", "같다", "않다", "그렇다", "이렇다", "저렇다", "어떻다", "이러다",
    "그러다", "어쩌다", "위하다", "대하다", "통하다", "따르다", "관하다", "인하다", "의하다", "경우", "때문", "정도",
    "가운데", "이번", "이날", "자신", "우리", "당시", "이상", "이하", "말하다", "밝히다", "전하다", "나오다", "가다",
    "오다", "보다", "주다", "받다", "말",
})
# fmt: on


class Word(NamedTuple):
    """A content word as it is counted, and where it stands in the text that `as_read` gives."""

    text: str
    start: int
    end: int


Runs = list[list[Word]]  # of one text: sentences, each the list of its words


class ContentWords:
    """Splits texts into runs of content words; the Korean analyser is loaded with the first Korean text."""

    def __init__(self) -> None:
        """Start without the analyser: it takes two seconds and is of no use to most languages."""
        self._kiwi: Any = None  # Any: kiwipiepy has no types

    def __call__(self, texts: Iterable[str]) -> list[list[list[str]]]:
        """Return for each text its sentences, each as the list of its content words, lower case, in order."""
        return [[[word.text for word in run] for run in runs] for runs in self.places(texts)]

    def places(self, texts: Iterable[str]) -> Iterator[Runs]:
        """Yield the same of each text, each word with its place in `as_read(text)`."""
        pieces = [list(_sentences(text)) for text in texts]
        analysed = self._analyse([piece for sentences in pieces for piece in sentences if HANGUL.search(piece.text)])
        for sentences in pieces:
            runs: Runs = []
            for piece in sentences:
                runs += next(analysed) if HANGUL.search(piece.text) else [list(_words(piece.text, piece.start))]
            yield [run for run in runs if run]

    def _analyse(self, pieces: Sequence[Word]) -> Iterator[Runs]:
        """Yield the runs of words of each Korean piece."""
        if not pieces:
            return
        if self._kiwi is None:
            from kiwipiepy import Kiwi  # 2 s and 90 MB: only where there is Korean

            self._kiwi = Kiwi()
        for piece, tokens in zip(pieces, self._kiwi.tokenize([piece.text for piece in pieces]), strict=True):
            yield _korean_runs(tokens, piece.start)


def as_read(text: str) -> str:
    """Return a text as its words are read: Hangul composed, entities of HTML resolved."""
    return unicodedata.normalize("NFC", html.unescape(text))


def _sentences(text: str) -> Iterator[Word]:
    plain = NOT_WORDS.sub(lambda found: " " * len(found[0]), as_read(text))
    start = 0
    for end in [*SENTENCE_END.finditer(plain), None]:
        piece = plain[start : end.start() if end else None]
        if piece.strip():
            yield Word(piece, start, start + len(piece))
        start = end.end() if end else start


def _korean_runs(tokens: Iterable[Any], at: int) -> Runs:
    runs: Runs = [[]]
    for token in tokens:
        tag = str(token.tag).split("-")[0]  # VV-R and VV-I: regular and irregular verbs
        start = at + token.start
        if tag in SENTENCE_TAGS:
            runs.append([])
        elif tag == "SL":
            runs[-1] += _words(token.form, start)
        elif tag == "SH":
            runs[-1].append(Word(token.form, start, start + token.len))
        elif tag in KOREAN_WORDS:
            word = token.lemma if tag in {"VV", "VA"} else token.form
            if word not in KOREAN_STOP_WORDS:
                runs[-1].append(Word(word, start, start + token.len))
    return runs


def _words(piece: str, at: int) -> Iterator[Word]:
    """Yield the content words of a text in an alphabet, without English stop words and single letters."""
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in piece)  # as long as it was: places stay
    for match in WORD.finditer(lower):
        word = _without_contraction(match.group().strip("-"))
        start, end = at + match.start(), at + match.end()
        if UNSPACED.search(word):
            yield from (Word(pair, start, end) for pair in _pairs(word))
        elif len(word) > 1 and word not in STOP_WORDS:
            yield Word(word, start, end)


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
