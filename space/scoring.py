"""What scores: `pipeline()` on torch, or an exported file on ONNX Runtime, which takes a small part of the room.

ONNX Runtime in fp32 gives torch's scores (the gate in onnx/gate.json measured it), so that the page shows what the
evaluation measured either way.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from answering import Explain, Score, Scored
from describing import HERE, WORDS, read_json

ENGINES = ("auto", "torch", "onnx", "onnx-int8")
GATE = "onnx/gate.json"
FILES = {"onnx": "onnx/model.onnx", "onnx-int8": "onnx/model_quantized.onnx"}
READ_TOO = ("config.json", "tokenizer.json", "tokenizer_config.json")  # beside an exported file
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Scorer(NamedTuple):
    """A model that scores, and what is known of it."""

    score: Score
    config: dict[str, Any]  # with the cuts and promises of its engine
    limit: int  # tokens that it reads
    explain: Explain | None = None


def choose(model: str, asked: str, *, gpu: bool = False) -> str:
    """Return the engine that is asked for; "auto" is ONNX Runtime where its scores are proven to be torch's.

    Raises:
        ValueError: it was not exported, or what it needs is not installed.
    """
    known = (read_json(model, GATE) or {}).get("engines") or {}
    proven = known.get("onnx", {}).get("outcome") == "passed" and find_spec("onnxruntime") is not None and not gpu
    engine = ("onnx" if proven else "torch") if asked == "auto" else asked
    if engine != "torch" and "file" not in known.get(engine, {}):
        raise ValueError(WORDS["en"]["not_exported"].format(model=model, engine=engine))
    if find_spec("torch" if engine == "torch" else "onnxruntime") is None:
        raise ValueError(WORDS["en"]["no_engine"].format(model=model, engine=engine))
    return engine


def on_torch(folder: str, config: Mapping[str, Any], *, gpu: bool) -> Scorer:
    """Open a model as `pipeline()` does."""
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    classify = pipeline("text-classification", model=folder, device="cuda" if gpu else None)
    tokenizer = classify.tokenizer
    limit = _limit(tokenizer.model_max_length, config)

    def score(texts: Sequence[tuple[str, str]]) -> list[Scored]:
        inputs = [{"text": text, "text_pair": pair} if pair else text for text, pair in texts]
        answers = classify(inputs, top_k=None, truncation=True, max_length=limit, batch_size=min(len(inputs), 16))
        found = []
        for (text, pair), answer in zip(texts, answers, strict=True):
            ids = tokenizer(text, pair or None, verbose=False)["input_ids"]
            own = len(ids) - tokenizer.num_special_tokens_to_add(pair=bool(pair))
            unknown = 0 if tokenizer.unk_token_id is None else ids.count(tokenizer.unk_token_id)
            scores = {row["label"]: row["score"] for row in answer}
            found.append(Scored(scores, len(ids), unknown / own if own > 0 else 0.0))
        return found

    def explain(text: str, pair: str, label: str) -> dict[str, Any]:
        found = _attribution().attribute(classify.model, tokenizer, text, pair or None, label=label)
        return dict(found.to_dict())

    possible = tokenizer.is_fast and tokenizer.pad_token_id is not None and find_spec("captum") is not None
    return Scorer(score, dict(config), limit, explain if possible else None)


def on_onnx(folder: str, config: Mapping[str, Any], engine: str) -> Scorer:
    """Open an exported file.

    Raises:
        ValueError: a file is not the one that went through the gate.
    """
    gate = read_json(folder, GATE) or {}
    for name in (*READ_TOO, FILES[engine]):
        _check(Path(folder, name), gate["files"].get(name))
    settings = read_json(folder, "tokenizer_config.json") or {}
    limit = _limit(settings.get("model_max_length") or 1e30, config)
    row = gate["engines"][engine]
    own = {"thresholds": row.get("thresholds") or config.get("thresholds")}
    if engine == "onnx-int8":  # torch's promises were not tested on its scores
        own |= {key: row.get("promises", {}).get(key) for key in ("abstain", "label_sets")}
    score = Exported(folder, config, FILES[engine], limit, str(settings.get("unk_token")))
    return Scorer(score, {**config, **own}, limit)


class Exported:
    """Scores texts with an exported file; each is a run of its own, so that no score depends on its neighbours."""

    def __init__(self, folder: str, config: Mapping[str, Any], file: str, limit: int, unknown: str) -> None:
        """Open the file; `limit`: tokens that are read, `unknown`: the token for what the tokenizer does not know."""
        import onnxruntime
        from tokenizers import Tokenizer

        self._whole, self._cut = (Tokenizer.from_file(str(Path(folder, "tokenizer.json"))) for _ in range(2))
        for tokenizer in (self._whole, self._cut):
            tokenizer.no_padding()
        self._whole.no_truncation()
        self._cut.enable_truncation(limit, strategy="longest_first")
        self._unknown = self._whole.token_to_id(unknown)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _threads()
        options.log_severity_level = 3  # errors only: they are raised too
        self._session = onnxruntime.InferenceSession(Path(folder, file), options, providers=["CPUExecutionProvider"])
        self._inputs = [each.name for each in self._session.get_inputs()]
        self._labels = [str(config["id2label"][key]) for key in sorted(config["id2label"], key=int)]
        self._several = config.get("problem_type") == "multi_label_classification"

    def __call__(self, texts: Sequence[tuple[str, str]]) -> list[Scored]:
        """Return each text's scores and size."""
        return [self._one(text, pair or None) for text, pair in texts]

    def _one(self, text: str, pair: str | None) -> Scored:
        import numpy as np

        everything, read = self._whole.encode(text, pair), self._cut.encode(text, pair)
        row = dict(zip(INPUTS, (read.ids, read.attention_mask, read.type_ids), strict=True))
        feeds = {name: np.array([row[name]], dtype=np.int64) for name in self._inputs}
        logits = self._session.run(["logits"], feeds)[0][0].astype(np.float64)
        powers = np.exp(logits - logits.max())
        scores = 1 / (1 + np.exp(-logits)) if self._several else powers / powers.sum()
        own = len(everything.ids) - self._whole.num_special_tokens_to_add(pair is not None)
        unknown = everything.ids.count(self._unknown) / own if own > 0 else 0.0
        return Scored(dict(zip(self._labels, map(float, scores), strict=True)), len(everything.ids), unknown)


def _check(path: Path, digest: str | None) -> None:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise ValueError(WORDS["en"]["not_gated"].format(file=path.name))


def _threads() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _limit(known: float, config: Mapping[str, Any]) -> int:
    """Return the tokens that the model reads; tokenizers of other people's models may not know it."""
    if known < 1_000_000:
        return int(known)
    return int(config.get("max_position_embeddings") or 512) - 2


def _attribution() -> ModuleType:
    """Return the module of the word scores: a Space has a copy beside this file, the project has it in its package."""
    beside, ours = HERE / "attribution.py", HERE.parent / "textclf" / "evaluation" / "attribution.py"
    found = importlib.util.spec_from_file_location("attribution", beside if beside.exists() else ours)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["attribution"] = module  # dataclasses look themselves up there
    found.loader.exec_module(module)
    return module
