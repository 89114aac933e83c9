"""The sample under a card's snippet: what the model says of the first example, kept in evaluation.json as scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..inference.classifier import Classifier
from ..run_folder import RunFolder

MOST = 3  # labels of the output that a card shows


def remember_sample(run: RunFolder, use: Mapping[str, Any]) -> None:
    """Score what the card's snippet sends to the model, if that is not done yet; `use` is the card's example.

    evaluation.json gets `sample`: {"of": hash of the text, "scores": {label: score}, falling}. The text is the
    recipe's or one of ours.
    """
    evaluation, key = run.read_json("evaluation.json"), _key(use)
    if (evaluation.get("sample") or {}).get("of") == key:
        return
    classifier = Classifier.load(run.path, device="cpu")
    text = (use["example"], use["example_pair"]) if use["pair"] else use["example"]
    (scores,) = classifier.scores([text])
    ranked = sorted(zip(classifier.labels.names, scores.tolist(), strict=True), key=lambda pair: -pair[1])
    run.write_json("evaluation.json", evaluation | {"sample": {"of": key, "scores": dict(ranked)}})


def sample_of(evaluation: Mapping[str, Any], use: Mapping[str, Any]) -> str | None:
    """Return the output as Python writes it, None where the example is another one than was scored."""
    kept = evaluation.get("sample") or {}
    if kept.get("of") != _key(use):
        return None
    rows = [f"{{'label': {label!r}, 'score': {score:.4f}}}" for label, score in list(kept["scores"].items())[:MOST]]
    more = ", ..." if len(kept["scores"]) > MOST else ""
    return f"[{', '.join(rows)}{more}]"


def _key(use: Mapping[str, Any]) -> str:
    texts = [use["example"], *([use["example_pair"]] if use["pair"] else [])]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
