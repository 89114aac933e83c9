"""What a recipe's training rows are to teach beside their labels, added to them as columns."""

from __future__ import annotations

from datasets import Dataset

from .fit_arguments import FitArguments
from .teachers import with_teacher
from .text_clusters import cluster_encoder, with_clusters


def taught(train: Dataset, args: FitArguments, trust_remote_code: bool) -> Dataset:
    """Return the training rows with the columns of `auxiliary` that the recipe asks for; nothing else is looked at."""
    with args.main_process_first(desc="teaching"):
        if args.teacher is not None:
            train = with_teacher(train, args, trust_remote_code)
        if args.cluster_inject == "target":
            encoder = cluster_encoder(args.cluster_encoder, trust_remote_code)
            train = with_clusters(train, encoder, args.cluster_k, args.seed)
    return train
