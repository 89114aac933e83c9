"""Which words the model went by in its surest mistakes: token attributions, in the pieces that the page shows."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from datasets import Dataset

from ...inference.classifier import Classifier, texts_of
from ...run_folder import VALIDATION_LEARNED, RunFolder
from ..attribution import Attribution, attribute
from ..mistakes import Mistake, surest_mistakes
from ..report import Report
from .rows import CUTS, Shades, readable
from .summary import worthless

logger = logging.getLogger(__name__)

MOST = 12  # mistakes
SECONDS = 10.0  # after which no further mistake is explained; a large encoder takes seconds for each
LEAST = 0.03  # share of the strongest word's score that is worth a shade


def shaded_mistakes(run: RunFolder, evaluation: Mapping[str, Any], validation: Report, rows: Dataset) -> Shades:
    """Explain the surest mistakes on validation, as many of 12 as the time allows; none of a model worth nothing.

    Nor of one that has learned these texts since: it does not make these mistakes any more.

    A row's `parts` put together are its texts as `rows.readable` shows them. The label explained is the one that was
    given wrongly; of several labels the one that was missed, where nothing was given instead.
    """
    if worthless(evaluation) or (evaluation.get("training") or {}).get(VALIDATION_LEARNED):
        return {}
    classifier = Classifier.load(run.path)
    texts = texts_of(rows)
    found: Shades = {}
    end = time.monotonic() + SECONDS
    for mistake in _one_a_row(surest_mistakes(validation, 10 * MOST)):
        if len(found) == MOST or time.monotonic() > end:
            break
        item = texts[mistake.row]
        text, pair = (item, None) if isinstance(item, str) else item
        label = mistake.gold if mistake.predicted is None else mistake.predicted
        assert label is not None  # a mistake has one of the two
        if not text.strip():
            continue
        try:
            explained = attribute(classifier.model, classifier.tokenizer, text, pair, label=label, steps=16)
        except (ValueError, TypeError, NotImplementedError) as error:  # no offsets, or takes no embeddings
            logger.info("Mistakes are shown without the words behind them: %s", error)
            return {}
        found[mistake.row] = {"label": label, "parts": _shaded(explained)}
    return found


def _shaded(explained: Attribution) -> list[list[list[Any]]]:
    """Return the pieces of each field, scores as shares of the strongest."""
    strongest = max((abs(word.score) for word in explained.words), default=0.0) or 1.0
    parts = []
    for place, field in enumerate(explained.texts):
        words = [word for word in explained.words if word.part == place]
        shares = [(word.start, word.end, word.score / strongest if word.read else 0.0) for word in words]
        parts.append(_pieces(field, shares))
    return [part for part in parts if part]


def _one_a_row(mistakes: list[Mistake]) -> list[Mistake]:
    surest: dict[int, Mistake] = {}
    for mistake in mistakes:
        surest.setdefault(mistake.row, mistake)
    return list(surest.values())


def _pieces(text: str, words: list[tuple[int, int, float]]) -> list[list[Any]]:
    """Return [piece, share] that together read as `readable(text)`; words that hardly count are not kept apart."""
    pieces: list[list[Any]] = []
    end = 0
    for start, stop, share in words:
        word = readable(text[start:stop], len(text) + 1)
        if not word:
            continue
        gap = " " if pieces and start > end else ""
        end = stop
        shown = round(share, 2) if abs(share) >= LEAST else 0
        if pieces and not pieces[-1][1] and not shown:
            pieces[-1][0] += gap + word
        elif pieces and gap:
            pieces[-1:] = [[pieces[-1][0] + gap, 0]] if not pieces[-1][1] else [pieces[-1], [gap, 0]]
            pieces.append([word, shown])
        else:
            pieces.append([word, shown])
    return _cut(pieces, CUTS[0])


def _cut(pieces: list[list[Any]], longest: int) -> list[list[Any]]:
    kept: list[list[Any]] = []
    left = longest
    for piece, share in pieces:
        if len(piece) > left:
            return [*kept, [piece[:left].rstrip() + " …", share]]
        kept.append([piece, share])
        left -= len(piece)
    return kept
