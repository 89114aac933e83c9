"""A classifier without a network: its logits follow from the texts, so that every answer can be computed by hand."""

import json
import re
import time

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from tests.e2e.client_process import HANGING
from textclf.inference.promises import NO_PROMISES
from textclf.labels import LabelSpace
from textclf.serving.engine import ModelHere
from textclf.serving.facts import Ready

NAMES = ("short", "long", "shouting")
WORDS = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "good": 3, "film": 4, "bad": 5, "좋은": 6, "영화": 7}
MAX_LENGTH = 12


def word_tokenizer():
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return tokenizer


class WordModel:
    """logits = (1, words / 4, share of capitals * 4); it can be slow, wait for `until`, run out of memory, or fail."""

    engine = "torch"
    max_length = MAX_LENGTH

    def __init__(self, several=False, seconds=0.0, room=1000, until=None):
        self.labels = LabelSpace(NAMES, several)
        self.thresholds = np.array([0.8, 0.5, 0.6]) if several else None
        self.promises = NO_PROMISES
        self.rust_tokenizer = word_tokenizer()
        self.seconds, self.room, self.until, self.batches = seconds, room, until, []

    def logits(self, texts):
        self.batches.append(list(texts))
        if len(texts) > self.room:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.")
        time.sleep(self.seconds)
        if self.until is not None:
            assert self.until.wait(HANGING)
        return np.array([logits_of(text) for text in texts], dtype=np.float32).reshape(len(texts), len(self.labels))


def logits_of(text):
    whole = text if isinstance(text, str) else f"{text[0]} {text[1] or ''}"
    if "NaN" in whole:
        return (np.nan, 0.0, 0.0)
    return (1.0, len(whole.split()) / 4, 4 * sum(c.isupper() for c in whole) / max(1, len(whole)))


def ready_of(model, profile=None):
    return Ready(
        model="somewhere/words",
        name="words",
        revision="0123456789abcdef",
        engine=model.engine,
        labels=model.labels,
        thresholds=model.thresholds,
        max_length=model.max_length,
        tokenizer_json=model.rust_tokenizer.to_str(),
        config={"label2id": model.labels.label2id, "problem_type": model.labels.problem_type},
        profile=json.loads(json.dumps(profile or {})),
        promises=model.promises,
    )


class WordsHere(ModelHere):
    """Holds a WordModel for a server; a word speaks for a label as much as it has letters."""

    def __init__(self, model, profile=None):
        super().__init__(model, ready_of(model, profile))

    def attributions(self, text, label):
        parts = [text] if isinstance(text, str) else [part or "" for part in text]
        words = [
            {"text": m[0], "start": m.start(), "end": m.end(), "part": part, "score": float(len(m[0])), "read": True}
            for part, whole in enumerate(parts)
            for m in re.finditer(r"\S+", whole)
        ]
        best = NAMES[int(np.argmax(logits_of(text)))]
        return {"label": label or best, "words": words, "completeness_error": 0.0}
