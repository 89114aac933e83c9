"""Recognising texts of the data in other files, by hashes that a run keeps at home of all its splits."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from datasets import DatasetDict

from ..errors import UserError
from ..run_folder import RunFolder

NAME = "text_hashes.npz"  # in the run folder; never uploaded
# Lengths in bytes of UTF-8 without blanks and punctuation: a Hangul syllable says about as much as three letters.
GRAM = 30  # bytes that agree: shorter coincidences happen
_STRIDE = 7  # a quotation of GRAM + 6 bytes from anywhere in a text holds one of the grams that are kept
_MOST_GRAMS = 8_000_000  # 64 MB; of more data the grams lie farther apart, but for the first and last of a text
SHORTEST = 12  # a shorter text, found word for word, is no evidence
_LONG_NAME = 40  # a longer column name may be a text itself: the first row of a file without a header
_CHUNK = 100_000
# Where words end without a space: Thai, kana and Han have none, and a particle follows a Korean noun at once.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_PARTICLE = re.compile(
    r"(?:은|는|이|가|을|를|의|에|에서|에게|도|만|와|과|로|으로|라고|이라고|라는|이라는|처럼|보다|부터|까지)$"
)
_FACTOR = 0x9E3779B97F4A7C15  # odd; a polynomial hash modulo 2 ** 64

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class DataTexts:
    """What is remembered of a run's texts: hashes of pieces of long ones, and of short ones as a whole."""

    def __init__(self, grams: Hashes, whole: Hashes, known: Iterable[str] = ()) -> None:
        """Take sorted hashes; what stands in a `known` string (label names, our own words) is never evidence."""
        self._grams, self._whole = grams, whole
        self._known = b"\0".join(letters_in(text) for text in known)

    @classmethod
    def of(cls, run: RunFolder, known: Iterable[str] = ()) -> DataTexts:
        """Read what `remember_texts` left in a run folder.

        Raises:
            UserError: it is not there, so that nothing could be recognised.
        """
        path = run.path / NAME
        if not path.is_file():
            raise UserError(
                f"{run.path} has no {NAME}, by which texts of the data are kept out of what is published. "
                f"`python train.py {shlex.quote(str(run.path / 'recipe.yaml'))}` makes a run that has it."
            )
        with np.load(path) as kept:
            return cls(kept["grams"], kept["whole"], known)

    def found_in(self, strings: Iterable[str]) -> Iterator[str]:
        """Yield each passage that stands in the data: all of a short text, or a longer piece of any text."""
        for string in strings:
            document = _Document.of(string)
            passages = [*self._quoted(document), *self._whole_texts(document)]
            for start, end in sorted(passages):
                if document.plain[start:end] not in self._known:
                    yield document.passage(start, end)

    def _quoted(self, document: _Document) -> Iterator[tuple[int, int]]:
        """Yield (start, end) in bytes of pieces of long texts, those that touch as one."""
        hits = _positions_of(document.plain, GRAM, self._grams)
        start = end = -1
        for hit in map(int, hits):
            if hit > end:
                if end >= 0:
                    yield start, end
                start = hit
            end = hit + GRAM
        if end >= 0:
            yield start, end

    def _whole_texts(self, document: _Document) -> Iterator[tuple[int, int]]:
        """Yield (start, end) in bytes of short texts that begin and end with a word."""
        for length in range(SHORTEST, GRAM):
            for start in map(int, _positions_of(document.plain, length, self._whole)):
                if start in document.starts and start + length in document.ends:
                    yield start, start + length


def remember_texts(run: RunFolder, splits: DatasetDict, columns: Sequence[str]) -> None:
    """Keep hashes of all texts of all splits in the run folder, and of `columns` whose names look like a text."""
    texts = [letters_in(name) for name in columns if len(letters_in(name)) >= _LONG_NAME]
    for rows in splits.values():
        for column in ("text", "text_pair"):
            if column in rows.column_names:
                texts += [letters_in(text) for text in rows[column] if text]
    stride = max(_STRIDE, sum(map(len, texts)) // _MOST_GRAMS)
    whole = {text for text in texts if SHORTEST <= len(text) < GRAM}
    starts, offset = [np.zeros(0, np.int64)], 0
    for text in texts:
        if len(text) >= GRAM:
            last = len(text) - GRAM
            starts.append(offset + np.append(np.arange(0, last, stride), last))
        offset += len(text)
    grams = np.unique(_hashes(_codes(b"".join(texts)), np.concatenate(starts), GRAM))
    short = np.unique(np.concatenate([_whole_hashes(whole, n) for n in range(SHORTEST, GRAM)]))
    run.write(NAME, lambda path: np.savez(path, grams=grams, whole=short))


def _whole_hashes(texts: Iterable[bytes], length: int) -> Hashes:
    alike = [text for text in texts if len(text) == length]
    return _hashes(_codes(b"".join(alike)), np.arange(len(alike)) * length, length)


def letters_in(text: str) -> bytes:
    """Return a text's letters and digits alone, composed and without case, as UTF-8."""
    return re.sub(r"[\W_]+", "", _folded(text)).encode("utf-8", errors="ignore")


class _Document(NamedTuple):
    """A string to be searched: its plain bytes, where words may begin and end in them, and the way back."""

    plain: bytes
    starts: frozenset[int]
    ends: frozenset[int]
    characters: list[int]  # of each plain byte, its character in `text`
    text: str

    @classmethod
    def of(cls, string: str) -> _Document:
        text = _folded(string)
        characters: list[int] = []
        parts, starts, ends = [], set(), set()
        for word in re.finditer(r"[^\W_]+", text):
            starts.add(len(characters))
            for place, character in enumerate(word[0], start=word.start()):
                encoded = character.encode("utf-8", errors="ignore")
                parts.append(encoded)
                at = len(characters)
                characters += [place] * len(encoded)
                if _UNSPACED.match(character):
                    starts.add(at)
                    ends.add(len(characters))
            ends.add(len(characters))
            if particle := _PARTICLE.search(word[0]):
                ends.add(len(characters) - len(particle[0].encode()))
        return cls(b"".join(parts), frozenset(starts), frozenset(ends), characters, text)

    def passage(self, start: int, end: int) -> str:
        return " ".join(self.text[self.characters[start] : self.characters[end - 1] + 1].split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _codes(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8)


def _positions_of(data: bytes, length: int, known: Hashes) -> np.ndarray[Any, Any]:
    """Return the positions in `data` where `length` bytes have one of the known hashes."""
    if len(data) < length or not len(known):
        return np.zeros(0, np.int64)
    starts = np.arange(len(data) - length + 1)
    hashes = _hashes(_codes(data), starts, length)
    nearest = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return starts[known[nearest] == hashes]


def _hashes(codes: Bytes, starts: np.ndarray[Any, Any], length: int) -> Hashes:
    """Return the hash of the `length` bytes from each start: uint64, another function for each length."""
    powers = [pow(_FACTOR, i + 1, 2**64) for i in range(length + 1)]
    factors = np.array(powers[:length], np.uint64)
    window = np.arange(length)
    chunks = [starts[i : i + _CHUNK] for i in range(0, len(starts), _CHUNK)]
    sums = [(codes[chunk[:, None] + window].astype(np.uint64) * factors).sum(axis=1) for chunk in chunks]
    return np.concatenate([np.zeros(0, np.uint64), *sums]) + np.uint64(powers[length])
