"""The profile of texts: how long they are, how much of them a tokenizer does not know, in which script they stand.

Numbers only, never a text: a run keeps the profile of its training rows in evaluation.json, and whatever meets texts
later (the server's metrics, say) compares its own with it. Loads no torch.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tokenizers import Tokenizer

from ..inference.answers import Text, predictions
from ..labels import LabelSpace

# Upper edges of the histograms' bins (bin k: above edge k - 1, up to edge k); one more holds what is above them all.
TOKEN_EDGES = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0)
UNKNOWN_EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # share of a text's tokens
SCORE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # of the best label
MOST_TEXTS = 20_000  # that a profile looks at: enough for shares within half a point
TEXTS_AT_ONCE = 1_000  # encodings are large

OWN_SCRIPT = 0.8  # share of a text's letters from which it counts as written in one script
SCRIPTS = {"HANGUL": "Hangul", "LATIN": "Latin"}


class Measured(NamedTuple):
    """What a tokenizer sees of one text."""

    tokens: int  # special tokens included, nothing cut
    unknown: float  # share of its tokens that are the unknown token, special tokens not counted


class TokenCounter:
    """Counts tokens by a saved tokenizer, without cutting or padding."""

    def __init__(self, tokenizer_json: str) -> None:
        """Read the content of a tokenizer.json."""
        self._tokenizer = Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._unknown = _unknown_id(json.loads(tokenizer_json).get("model", {}), self._tokenizer)
        self._special = {paired: self._tokenizer.num_special_tokens_to_add(paired) for paired in (False, True)}

    def __call__(self, texts: Sequence[Text]) -> list[Measured]:
        """Measure texts, in order."""
        found = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = [t if isinstance(t, str) or t[1] else t[0] for t in texts[start : start + TEXTS_AT_ONCE]]
            for text, encoding in zip(some, self._tokenizer.encode_batch_fast(some), strict=True):
                ids = encoding.ids
                own = len(ids) - self._special[not isinstance(text, str)]
                unknown = 0 if self._unknown is None else ids.count(self._unknown)
                found.append(Measured(len(ids), unknown / own if own > 0 else 0.0))
        return found


def _unknown_id(model: Mapping[str, Any], tokenizer: Tokenizer) -> int | None:
    """Return the id of the unknown token; byte-level tokenizers have none."""
    if isinstance(model.get("unk_id"), int):
        return int(model["unk_id"])
    token = model.get("unk_token")
    return tokenizer.token_to_id(token) if isinstance(token, str) else None


def histogram(values: ArrayLike, edges: Sequence[float]) -> dict[str, list[float]]:
    """Count values into bins: `edges` (their upper bounds) and `counts`, one more than there are edges."""
    places = np.searchsorted(np.asarray(edges), np.asarray(values, dtype=np.float64), side="left")
    return {"edges": list(edges), "counts": np.bincount(places, minlength=len(edges) + 1).tolist()}


def text_profile(texts: Sequence[Text], counter: TokenCounter) -> dict[str, Any]:
    """Return `n`, the histograms `tokens` and `unknown`, and `scripts` (name -> count), ready for JSON."""
    measured = counter(texts)
    return {
        "n": len(measured),
        "tokens": histogram([each.tokens for each in measured], TOKEN_EDGES),
        "unknown": histogram([each.unknown for each in measured], UNKNOWN_EDGES),
        "scripts": dict(Counter(map(script_of, texts)).most_common()),
    }


def score_profile(
    scores: NDArray[np.float32], labels: LabelSpace, thresholds: NDArray[np.float64] | None
) -> dict[str, Any]:
    """Return `n`, the histogram `best_score` and `predicted` (label -> how often) of scores [N, L], ready for JSON."""
    decided = Counter(name for each in predictions(scores, labels, thresholds) for name in each.labels)
    best = scores.max(axis=1) if len(scores) else scores[:, 0]
    return {
        "n": len(scores),
        "best_score": histogram(best, SCORE_EDGES),
        "predicted": {name: decided[name] for name in labels.names},
    }


def looked_at(n: int, seed: int = 0) -> NDArray[np.int64]:
    """Return the rows of n that a profile looks at, in order: all, or 20,000 at random."""
    rows = np.random.default_rng(seed).permutation(n)[:MOST_TEXTS] if n > MOST_TEXTS else np.arange(n)
    return np.sort(rows)


def script_of(text: Text) -> str:
    """Return the script of at least 80 % of a text's letters: Hangul, Latin, another script, mixed, or no letters."""
    counts: Counter[str] = Counter()
    for character, count in Counter(whole_text(text)).items():
        if character.isalpha():
            counts[_script(character)] += count
    if not counts:
        return "no letters"
    script, most = counts.most_common(1)[0]
    return script if most >= OWN_SCRIPT * counts.total() else "mixed scripts"


@cache  # at most one entry a letter of Unicode
def _script(character: str) -> str:
    return SCRIPTS.get(unicodedata.name(character, "").split(" ")[0], "another script")


def whole_text(text: Text) -> str:
    """Return a text, or the two of a pair, in Unicode's composed form."""
    whole = text if isinstance(text, str) else "\n".join(part for part in text if part)
    return unicodedata.normalize("NFC", whole)
