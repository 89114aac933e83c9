"""Checkpoints with injected clusters: a stock one becomes one of `clustered`'s kind, which carries its own code."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

from . import clustered
from .clustered import ENCODER, ClusteredConfig, ClusteredForSequenceClassification, ClusterWriter, load_encoder

_CODE = Path(clustered.__file__).name
_OWN = ("architectures", "id2label", "label2id", "transformers_version", "dtype", "problem_type")

# Known to this project, so that its own checkpoints run no code but its own.
AutoConfig.register(ClusteredConfig.model_type, ClusteredConfig, exist_ok=True)
AutoModelForSequenceClassification.register(ClusteredConfig, ClusteredForSequenceClassification, exist_ok=True)


@torch.no_grad()
def wrap(folder: Path, inject: str, first_token: int, centroids: Tensor, encoder: Any) -> None:
    """Turn the stock checkpoint in a folder into one that needs each text's cluster; `encoder` goes with it."""
    stock: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    settings = {key: value for key, value in stock.config.to_dict().items() if key not in _OWN}
    kept = ("pad_token_id", "max_position_embeddings", "hidden_size", "num_hidden_layers", "text_columns")
    config = ClusteredConfig(
        stock=settings,
        inject=inject,
        first_token=first_token,
        centroids=list(centroids.shape),
        id2label=stock.config.id2label,
        label2id=stock.config.label2id,
        problem_type=stock.config.problem_type,
        **{name: settings[name] for name in kept if name in settings},
    )
    name = _CODE.removesuffix(".py")
    config.auto_map = {
        "AutoConfig": f"{name}.{ClusteredConfig.__name__}",
        "AutoModelForSequenceClassification": f"{name}.{ClusteredForSequenceClassification.__name__}",
    }
    config.custom_pipelines = {
        "text-classification": {
            "impl": f"{name}.{clustered.ClusteredPipeline.__name__}",
            "pt": ["AutoModelForSequenceClassification"],
            "type": "text",
        }
    }
    model = ClusteredForSequenceClassification(config)
    model.stock.load_state_dict(stock.state_dict())
    model.get_buffer("centroids").copy_(centroids)
    encoder.save(str(folder / ENCODER), create_model_card=False)
    shutil.copyfile(clustered.__file__, folder / _CODE)
    model.save_pretrained(folder)


def writer_of(model: PreTrainedModel, source: str | Path, revision: str | None = None) -> ClusterWriter | None:
    """Return what puts clusters in front of a loaded model's texts; None for a model without any."""
    if not isinstance(model, ClusteredForSequenceClassification):
        return None
    return ClusterWriter(load_encoder(str(source), revision), model.get_buffer("centroids"))
