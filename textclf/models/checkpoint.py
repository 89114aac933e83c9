"""The plain checkpoint: what is written is all that `pipeline()` needs to give the scores that were measured."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from peft import PeftModel
from tokenizers.normalizers import NFC, Normalizer, Sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from .lora import keep_adapter, merge, save_adapter
from .open_head import close_head, is_open

# Paths and habits of this machine, and remote code that the fast tokenizer does without.
NOT_PUBLISHED = (
    "auto_map",
    "is_local",
    "local_files_only",
    "name_or_path",
    "special_tokens_map_file",
    "tokenizer_file",
    "vocab_file",
    "merges_file",
)


def prepare_tokenizer(
    tokenizer: PreTrainedTokenizerBase, normalizer: Normalizer | None = None
) -> PreTrainedTokenizerBase:
    """Put Unicode composition (NFC), then `normalizer`, in front of the tokenizer's own normalizer, in place.

    Hangul typed in decomposed form then gives the same ids. Do it before training: model and checkpoint must see the
    same ids. Composition is there only once, however often this is called.
    """
    backend = tokenizer.backend_tokenizer
    present = backend.normalizer
    steps = _steps(present)
    composed = bool(steps) and json.loads(steps[0].__getstate__())["type"] == "NFC"
    if composed and normalizer is None:
        return tokenizer
    own = steps[1:] if composed else steps
    backend.normalizer = Sequence([NFC(), *_steps(normalizer), *own])
    return tokenizer


def _steps(normalizer: Normalizer | None) -> list[Normalizer]:
    """Return a normalizer as a flat list of steps."""
    if normalizer is None:
        return []
    if isinstance(normalizer, Sequence):
        return [step for part in normalizer for step in _steps(part)]
    return [normalizer]


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, *, max_length: int) -> None:
    """Write config.json, model.safetensors, tokenizer.json and tokenizer_config.json; nothing else writes them.

    Adapters are saved to `folder/adapter` and merged, a linear head becomes a stock one: `model` is used up by either.
    When the checkpoint is written again with a calibrated head, the adapter beside it gets that head too.
    The tokenizer must have gone through `prepare_tokenizer` before training. `max_length` (tokens) is what
    `truncation=True` will cut to. Files appear under their final names only once they are complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        plain = _stock(model, unfinished)
        plain.save_pretrained(unfinished)
        save_tokenizer(tokenizer, unfinished, max_length=max_length)
        if not (unfinished / "adapter").is_dir():
            keep_adapter(folder, plain)
        elif (folder / "adapter").is_dir():
            shutil.rmtree(folder / "adapter")
        for file in sorted(unfinished.iterdir()):
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(unfinished)


def _stock(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """Return a model that a stock class can load; adapters go to `folder/adapter` on the way."""
    if isinstance(model, PeftModel):
        config = model.config
        save_adapter(model, folder / "adapter", config._name_or_path, getattr(config, "_commit_hash", None))
        model = merge(model, folder / "adapter")
    if is_open(model):
        close_head(model)
    return model


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path, *, max_length: int) -> None:
    """Write the tokenizer's two files so that a stock `AutoTokenizer` keeps its normalizer.

    AutoTokenizer rebuilds the tokenizer classes of most families from their vocabulary and drops what was added;
    `PreTrainedTokenizerFast` takes tokenizer.json as it stands. It has to be told which inputs the model takes, or
    pairs lose their token type ids.
    """
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))  # Any: whatever the tokenizer class keeps
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config["model_input_names"] = list(tokenizer.model_input_names)
    config["model_max_length"] = max_length
    for key in NOT_PUBLISHED:
        config.pop(key, None)
    path.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
