"""Which words speak for a label: integrated gradients (Sundararajan, Taly & Yan 2017) for BERT-like classifiers.

This file imports nothing of the package, so that a Space can carry a copy of it: torch, captum and a fast tokenizer
are all it needs.

    found = attribute(model, tokenizer, "배송이 정말 빨라요")
    [(word.text, word.score) for word in found.words]

What is explained is the label's log-odds. Word scores are in its unit and add up, but for the completeness error, to
the log-odds of the text minus those of the baseline: the same text with every token but the special ones padded out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from captum.attr import IntegratedGradients
from transformers import PreTrainedModel, PreTrainedTokenizerBase

TOLERANCE = 0.02  # completeness error at which no more steps are tried
MOST_STEPS = 512
TOKENS_AT_ONCE = 1024  # of one forward and backward pass: 0.4 GB of MiniLM
# A word is what stands between spaces (in Korean an eojeol); where a script has none, each character of it.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Word:
    """A word of the text and how far it moves the label's log-odds: above 0 towards the label, below 0 away."""

    text: str
    start: int  # in characters of its text
    end: int
    part: int  # 0: in the text, 1: in the text pair
    score: float
    read: bool  # False: cut off, the model never saw it


@dataclass(frozen=True)
class Attribution:
    """What the words of a text do to one label's score."""

    texts: tuple[str, ...]  # the text, and its pair if it has one
    words: tuple[Word, ...]  # in reading order
    label: str
    probability: float  # the label's score in [0, 1]
    log_odds: float
    baseline_log_odds: float
    completeness_error: float  # |sum of the scores - difference| / max(1, |difference|)
    steps: int

    @property
    def difference(self) -> float:
        """Return what the words have to explain: log-odds of the text minus log-odds of the baseline."""
        return self.log_odds - self.baseline_log_odds

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {**asdict(self), "texts": list(self.texts), "words": [asdict(word) for word in self.words]}


def attribute(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    text_pair: str | None = None,
    label: str | int | None = None,
    steps: int = 32,
) -> Attribution:
    """Return the words' integrated gradients for a label (a name or an id; by default the likeliest).

    Steps are doubled, up to 512, until the completeness error is at most 2 %. A null or empty `text_pair` means a
    single text. Texts are cut as the tokenizer's `truncation=True` does.

    Raises:
        ValueError: an unknown label, a tokenizer without offsets or without a padding token.
    """
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise ValueError("Attribution needs a fast tokenizer (offsets of the tokens) that has a padding token.")
    texts = (text, text_pair) if text_pair else (text,)
    encoded = tokenizer(
        *texts,
        truncation=True,
        max_length=_longest(model, tokenizer),
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_tensors="pt",
    )
    offsets = encoded.pop("offset_mapping")[0].tolist()
    special = encoded.pop("special_tokens_mask").bool()
    ids = encoded.pop("input_ids").to(model.device)
    extra = {name: values.to(model.device) for name, values in encoded.items()}
    special = special.to(model.device)
    was_training = model.training
    model.eval()
    try:
        embed = model.get_input_embeddings()
        with torch.no_grad():
            inputs = embed(ids)
            baseline = embed(torch.where(special, ids, torch.full_like(ids, tokenizer.pad_token_id)))
            logits = model(inputs_embeds=inputs, **extra).logits[0]
        target = _target(model, label, logits)
        function = _log_odds_function(model, target, extra)
        scores, used, error = _integrate(function, inputs, baseline, steps)
        with torch.no_grad():
            log_odds, lowest = float(function(inputs)), float(function(baseline))
    finally:
        model.train(was_training)
    sequences = [None if special[0, i] else part for i, part in enumerate(encoded.sequence_ids(0))]
    words = _merge(texts, offsets, sequences, scores)
    name = str(model.config.id2label[target])
    return Attribution(texts, words, name, _probability(model, logits, target), log_odds, lowest, error, used)


def _longest(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Return the most tokens that the model reads: the tokenizer's limit, or what the model has positions for."""
    if tokenizer.model_max_length < 1_000_000:  # a tokenizer without a limit says 1e30
        return int(tokenizer.model_max_length)
    positions = getattr(model.config, "max_position_embeddings", None)  # absent where positions are relative
    return None if positions is None else int(positions) - 2  # roberta-like models keep two for padding


def _target(model: PreTrainedModel, label: str | int | None, logits: torch.Tensor) -> int:
    """Return the label's id."""
    if label is None:
        return int(logits.argmax())
    names = {i: str(name) for i, name in model.config.id2label.items()}
    found = [i for i, name in names.items() if label in (name, i)]
    if not found:
        raise ValueError(f"Unknown label {label!r}; the model has {', '.join(names.values())}.")
    return int(found[0])


def _independent(model: PreTrainedModel, logits: torch.Tensor) -> bool:
    return model.config.problem_type == "multi_label_classification" or logits.shape[-1] == 1


def _probability(model: PreTrainedModel, logits: torch.Tensor, target: int) -> float:
    whole = torch.sigmoid(logits) if _independent(model, logits) else torch.softmax(logits, dim=-1)
    return float(whole[target])


def _log_odds_function(
    model: PreTrainedModel, target: int, extra: dict[str, torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function from embeddings [B, T, D] to the label's log-odds [B]."""

    def log_odds(embeddings: torch.Tensor) -> torch.Tensor:
        size = len(embeddings)
        repeated = {name: values.expand(size, *values.shape[1:]) for name, values in extra.items()}
        logits = model(inputs_embeds=embeddings, **repeated).logits.float()
        own = logits[:, target]
        if _independent(model, logits):
            return own
        others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
        return own - torch.logsumexp(others, dim=1)  # log p - log(1 - p) under softmax

    return log_odds


def _integrate(
    function: Callable[[torch.Tensor], torch.Tensor], inputs: torch.Tensor, baseline: torch.Tensor, steps: int
) -> tuple[list[float], int, float]:
    """Return each token's integrated gradient, the steps that were taken, and the completeness error."""
    method = IntegratedGradients(function, multiply_by_inputs=True)
    at_once = max(1, TOKENS_AT_ONCE // inputs.shape[1])
    with torch.no_grad():
        difference = float(function(inputs) - function(baseline))
    while True:
        with torch.enable_grad():
            gradients = method.attribute(inputs, baseline, n_steps=steps, internal_batch_size=at_once)
        scores = gradients.detach().sum(dim=-1)[0].double()
        error = abs(float(scores.sum()) - difference) / max(1.0, abs(difference))
        if error <= TOLERANCE or 2 * steps > MOST_STEPS:
            return scores.tolist(), steps, error
        steps *= 2


def _merge(
    texts: tuple[str, ...], offsets: list[list[int]], parts: list[int | None], scores: list[float]
) -> tuple[Word, ...]:
    """Add up the scores of the tokens [T] of each word; a token of spaces alone goes to the word behind it."""
    merged = []
    for part, text in enumerate(texts):
        tokens = [(a, b, score) for (a, b), of, score in zip(offsets, parts, scores, strict=True) if of == part]
        seen = max((end for _, end, _ in tokens), default=0)  # what is behind was cut off
        spans = [match.span() for match in _WORD.finditer(text)]
        sums, place = [0.0] * len(spans), 0
        for start, end, score in tokens if spans else ():
            first = end - len(text[start:end].lstrip())  # behind the spaces of a token
            while place + 1 < len(spans) and spans[place][1] <= first:
                place += 1
            sums[place] += score
        merged += [Word(text[a:b], a, b, part, total, a < seen) for (a, b), total in zip(spans, sums, strict=True)]
    return tuple(merged)
