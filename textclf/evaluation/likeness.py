"""Do new texts look like the training rows? By the profile of numbers that a run keeps in `evaluation.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasets import Dataset

from ..inference.classifier import Classifier, texts_of
from ..inference.identity import model_json
from .drift import unlike
from .kept_promises import promise_lines, promises_on
from .report import Report
from .text_profile import TokenCounter, looked_at, score_profile, text_profile

if TYPE_CHECKING:  # ONNX Runtime is for who asked for it
    from ..inference.onnx_classifier import OnnxClassifier

    Measured = Classifier | OnnxClassifier


def profile(classifier: Measured, texts: Dataset, scored: Report, split: str = "train") -> dict[str, Any] | None:
    """Return what texts look like, and what the model says of those that it was scored on, to tell drift later.

    A run keeps its training texts' looks and what the model says of validation: it is surer of training texts than of
    any others. None for tokenizers that only Python knows.
    """
    tokenizer = classifier.rust_tokenizer
    if tokenizer is None:
        return None
    rows = texts_of(texts.select(looked_at(len(texts))))[:]
    return {
        "texts": {"split": split, **text_profile(rows, TokenCounter(tokenizer.to_str()))},
        "answers": {
            "split": "validation" if split == "train" else split,
            **score_profile(scored.scores, classifier.labels, classifier.thresholds),
        },
    }


def likeness(model: str, classifier: Measured, texts: Dataset, scored: Report) -> dict[str, Any] | None:
    """Return `profile` of texts, and what is `different` from the one the run kept; None where it kept none."""
    kept = model_json(model, "evaluation.json", None).get("training_profile")
    found = profile(classifier, texts, scored, "measured") if kept else None
    if not (kept and found):
        return None
    return {
        "profile": found,
        "different": unlike(kept["texts"], found["texts"]) + unlike(kept["answers"], found["answers"]),
    }


def on_new_texts(model: str, classifier: Measured, texts: Dataset, scored: Report) -> dict[str, Any]:
    """Return what `eval.py` records beyond figures: `promises` and `training_likeness` (None: unknown)."""
    return {
        "promises": promises_on(classifier.promises, scored),
        "training_likeness": likeness(model, classifier, texts, scored),
    }


def new_text_lines(found: dict[str, Any], split: str) -> list[str]:
    """Say `on_new_texts` in a line each, for the screen."""
    return [*promise_lines(found["promises"], split), *likeness_line(found["training_likeness"])]


def likeness_line(found: dict[str, Any] | None) -> list[str]:
    """Say in a line whether the texts look like the training rows; nothing where nothing is known."""
    if found is None:
        return []
    if not found["different"]:
        return ["These texts look like the training rows in length, script, known tokens and scores."]
    return [
        f"These texts do not look like the training rows: other {', '.join(found['different'])}. Figures of the card "
        "and promises need not hold for them."
    ]
