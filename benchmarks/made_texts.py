"""Made-up texts with the word frequencies and lengths of real ones, English and Korean, for the size benchmarks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

VOCABULARY = 30_000
CONSONANTS, VOWELS = "bcdfghklmnprstvw", "aeiou"


def make_vocabulary(random: np.random.Generator) -> list[str]:
    """Make words: four in five of Latin letters, one of Hangul syllables; the frequent ones are the shorter ones."""
    words = []
    for rank in range(VOCABULARY):
        syllables = 1 + int(random.integers(0, 2 + min(rank // 2_000, 2)))
        if rank % 5:
            words.append("".join(random.choice(list(s)) for _ in range(syllables) for s in (CONSONANTS, VOWELS)))
        else:
            words.append("".join(chr(0xAC00 + int(code)) for code in random.integers(0, 11_172, syllables + 1)))
    return words


def made_texts(rows: int, seed: int = 0, *, words: float = 20.0, batch: int = 10_000) -> Iterator[list[str]]:
    """Yield `rows` texts in batches: words by Zipf's law, lengths log-normal around `words` words a text.

    One text in fifty repeats an earlier one of its batch with one word changed, one in two hundred exactly.
    """
    random = np.random.default_rng(seed)
    vocabulary = np.array(make_vocabulary(random), dtype=object)
    frequency = 1 / (np.arange(VOCABULARY) + 10)
    frequency /= frequency.sum()
    for start in range(0, rows, batch):
        size = min(batch, rows - start)
        lengths = np.clip(random.lognormal(np.log(words), 0.6, size).astype(int), 1, 600)
        drawn = vocabulary[random.choice(VOCABULARY, size=int(lengths.sum()), p=frequency)]
        parts = np.split(drawn, np.cumsum(lengths)[:-1])
        texts = [" ".join(part) + "." for part in parts]
        for row in range(50, size, 50):
            changed = parts[row - 25].copy()
            changed[int(random.integers(len(changed)))] = "changed"
            texts[row] = " ".join(changed) + "." if row % 200 else texts[row - 25]
        yield texts
