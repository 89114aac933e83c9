"""A classifier that reads a text's cluster beside the text, and the pipeline that finds it.

A checkpoint with injected clusters carries this file, which therefore needs nothing but Transformers and, for the
pipeline, sentence-transformers: `pipeline(model=..., trust_remote_code=True)`. A text arrives with its cluster's token
in front of it; a text without one is refused, so that nobody gets other scores than those that were measured.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    TextClassificationPipeline,
)

ENCODER = "cluster_encoder"  # the folder of the sentence encoder, inside the checkpoint
_COLUMNS = ("input_ids", "attention_mask", "token_type_ids")
MISSING = (
    "This model reads the cluster of each text beside the text, and these texts came without one. Use "
    "pipeline(model=..., trust_remote_code=True), which finds the clusters, or put each text's token in front of it, "
    "with the encoder and the centroids of the checkpoint."
)


def cluster_token(number: int) -> str:
    """Return the token that stands in front of a text of this cluster."""
    return f"[CLUSTER_{number}]"


class ClusteredConfig(PretrainedConfig):
    """The config of the stock classifier inside, and how clusters reach it: as a `token`, or an `embedding`."""

    model_type = "textclf_clustered"

    def __init__(
        self,
        stock: dict[str, Any] | None = None,
        inject: str = "token",
        first_token: int = 0,
        centroids: Sequence[int] = (0, 0),
        **settings: Any,
    ) -> None:
        """Take the stock config; tokens `first_token` and on stand for the clusters; `centroids` is [k, D]."""
        self.stock, self.inject, self.first_token, self.centroids = stock or {}, inject, first_token, list(centroids)
        super().__init__(**settings)


class ClusteredForSequenceClassification(PreTrainedModel):
    """A stock classifier that refuses texts without a cluster; the centroids lie beside its weights."""

    config_class = ClusteredConfig
    revision: str | None = None  # of the Hub, that it was loaded by: its sentence encoder lies there too

    @classmethod
    def from_pretrained(cls, source: Any, *args: Any, **settings: Any) -> Any:  # Any: as Transformers has it
        """Load a checkpoint as every model is loaded, and remember the revision."""
        model = super().from_pretrained(source, *args, **settings)
        (model[0] if isinstance(model, tuple) else model).revision = settings.get("revision")
        return model

    def __init__(self, config: ClusteredConfig) -> None:
        """Build the stock classifier for the labels of the config."""
        super().__init__(config)
        stock = dict(config.stock)
        own = AutoConfig.for_model(stock.pop("model_type"), **stock)
        own.id2label, own.label2id, own.problem_type = config.id2label, config.label2id, config.problem_type
        self.stock = AutoModelForSequenceClassification.from_config(own)
        self.register_buffer("centroids", torch.zeros(*config.centroids))
        if config.inject == "embedding":
            add_at_input(self.stock)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        **more: Any,
    ) -> Any:  # Any: the stock classifier's output
        """Return the stock classifier's output, logits [B, L] in it, for ids [B, T] with a cluster's token at place 1.

        Raises:
            ValueError: a text has no cluster.
        """
        first, last = self.config.first_token, self.config.first_token + self.config.centroids[0]
        found = input_ids[:, 1] if input_ids.shape[1] > 2 else input_ids.new_full((1,), -1)
        if not bool(((found >= first) & (found < last)).all()):
            raise ValueError(MISSING)
        given = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
        return self.stock(**{name: value for name, value in given.items() if value is not None}, **more)


def add_at_input(stock: nn.Module) -> list[Any]:
    """Let a stock model add the vector of the token at place 1 to the first token's, instead of reading it as text.

    Returns the hooks, to be removed where the model is to be its old self.
    """
    clusters: list[Tensor] = []

    def take(
        module: nn.Module, args: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        clusters[:] = [given["input_ids"][:, 1]]
        cut = {name: torch.cat([given[name][:, :1], given[name][:, 2:]], dim=1) for name in _COLUMNS if name in given}
        return args, {**given, **cut}

    def add(module: nn.Module, args: tuple[Any, ...], vectors: Tensor) -> Tensor:
        if not clusters:
            return vectors
        beside = nn.functional.embedding(clusters.pop(), module.weight)  # type: ignore[arg-type]  # an nn.Embedding
        return torch.cat([vectors[:, :1] + beside[:, None], vectors[:, 1:]], dim=1)

    embedding = stock.get_input_embeddings()  # type: ignore[operator]  # of every PreTrainedModel
    return [stock.register_forward_pre_hook(take, with_kwargs=True), embedding.register_forward_hook(add)]


class ClusterWriter:
    """Puts the token of each text's cluster in front of it."""

    def __init__(self, encoder: Any, centroids: Tensor) -> None:
        """Take a sentence encoder (a SentenceTransformer) and centroids float32 [k, D]."""
        self.encoder, self.centroids = encoder, centroids.float().cpu()

    def ids(self, texts: Sequence[str]) -> list[int]:
        """Return the nearest centroid of each whole text."""
        if not texts:
            return []
        composed = [unicodedata.normalize("NFC", text) for text in texts]
        vectors = self.encoder.encode(
            composed, batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_tensor=True
        )
        away = (self.centroids**2).sum(dim=1) - 2 * vectors.float().cpu() @ self.centroids.T
        return [int(number) for number in away.argmin(dim=1)]

    def __call__(self, texts: Sequence[Any]) -> list[Any]:
        """Return texts, or pairs of them, with their cluster's token in front."""
        pairs = [(text, None) if isinstance(text, str) else tuple(text) for text in texts]
        whole = [f"{first}\n{second}" if second else first for first, second in pairs]
        written = [
            f"{cluster_token(number)} {first}" for number, (first, _) in zip(self.ids(whole), pairs, strict=True)
        ]
        return [
            new if isinstance(text, str) else (new, second)
            for text, new, (_, second) in zip(texts, written, pairs, strict=True)
        ]


def load_encoder(source: str, revision: str | None = None) -> Any:
    """Load the sentence encoder of a checkpoint, from a folder or a Hub id."""
    from sentence_transformers import SentenceTransformer

    folder = Path(source)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(source, revision=revision, allow_patterns=f"{ENCODER}/*"))
    return SentenceTransformer(str(folder / ENCODER), model_kwargs={"dtype": torch.float32}).eval()


class ClusteredPipeline(TextClassificationPipeline):
    """The pipeline "text-classification", which finds each text's cluster first."""

    _writer: ClusterWriter | None = None

    def preprocess(self, inputs: Any, **settings: Any) -> dict[str, Any]:
        """Put the cluster's token in front of a text, or of the first of a pair, and tokenise."""
        if self._writer is None:
            encoder = load_encoder(self.model.name_or_path, self.model.revision)
            self._writer = ClusterWriter(encoder, self.model.centroids)
        if isinstance(inputs, dict):
            text, pair = self._writer([(inputs["text"], inputs.get("text_pair"))])[0]
            return dict(self.tokenizer(text, pair, return_tensors="pt", **settings))
        return dict(self.tokenizer(self._writer([inputs])[0], return_tensors="pt", **settings))
