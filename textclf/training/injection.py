"""Clusters at a model's input: tokens for them, training texts and validation texts that carry them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from tokenizers import AddedToken
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..data.model_text import whole_texts
from ..errors import UserError
from ..exploration.embeddings import Embedder
from ..models.cluster_checkpoint import wrap
from ..models.clustered import ClusterWriter, add_at_input, cluster_token
from ..run_folder import is_clustered
from .fit_arguments import FitArguments
from .text_clusters import cluster_encoder, fit_centroids


class Injection(NamedTuple):
    """Splits whose texts carry their clusters, and what is needed to make a checkpoint of it."""

    train: Dataset
    validation: Dataset
    centroids: NDArray[np.float32]  # [k, D]
    encoder: Embedder
    first_token: int
    hooks: list[Any]

    def finish(self, folder: Path, inject: str) -> None:
        """Turn the checkpoint that training left into one that refuses texts without clusters; once."""
        for hook in self.hooks:
            hook.remove()
        if not is_clustered(folder):
            wrap(folder, inject, self.first_token, torch.from_numpy(self.centroids), self.encoder.model)


def inject(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[Dataset, Dataset],
    args: FitArguments,
    trust_remote_code: bool,
) -> Injection:
    """Fit clusters on the training texts alone, give model and tokenizer tokens for them, and write them into texts.

    As `token` the cluster is read like a word; as `embedding` its vector is added to the first token's, and starts at
    nothing, so that training begins with the model as it was.

    Raises:
        UserError: a model that does not begin with one token of its own, or fewer different texts than clusters.
    """
    first = _add_tokens(model, tokenizer, args.cluster_k, zero=args.cluster_inject == "embedding")
    train, validation = splits
    encoder = cluster_encoder(args.cluster_encoder, trust_remote_code)
    centroids = fit_centroids(encoder(whole_texts(train.with_format(None)[:])), args.cluster_k, args.seed)
    writer = ClusterWriter(encoder.model, torch.from_numpy(centroids))
    hooks = add_at_input(model) if args.cluster_inject == "embedding" else []
    return Injection(_written(train, writer), _written(validation, writer), centroids, encoder, first, hooks)


def _add_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, k: int, zero: bool) -> int:
    """Give model and tokenizer a token a cluster; return the first one's id."""
    names = [cluster_token(number) for number in range(k)]
    tokenizer.add_tokens([AddedToken(name, special=True, normalized=False) for name in names], special_tokens=True)
    ids = tokenizer.convert_tokens_to_ids(names)
    begun = tokenizer(f"{names[0]} a")["input_ids"]
    if list(ids) != list(range(ids[0], ids[0] + k)) or begun[1:2] != [ids[0]] or tokenizer.padding_side != "right":
        raise UserError(
            "--cluster_inject token and embedding need a model whose texts begin with one token of its own (as [CLS]) "
            "and are padded behind. Choose an encoder, or --cluster_inject target."
        )
    embedding = model.get_input_embeddings()
    if len(tokenizer) > len(embedding.weight):
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    if zero:
        with torch.no_grad():
            model.get_input_embeddings().weight[ids[0] : ids[0] + k] = 0.0
    return int(ids[0])


def _written(split: Dataset, writer: ClusterWriter) -> Dataset:
    """Return a split whose texts carry their clusters."""
    whole = whole_texts(split.with_format(None)[:])
    tokens = [cluster_token(number) for number in writer.ids(whole)]
    texts = [f"{token} {text}" for token, text in zip(tokens, split["text"][:], strict=True)]
    feature, place = split.features["text"], split.column_names.index("text")
    written = split.remove_columns("text").add_column("text", texts, feature=feature)
    order = [name for name in split.column_names if name != "text"]
    return written.select_columns([*order[:place], "text", *order[place:]])
