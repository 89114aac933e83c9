"""A saved classifier read from a folder or the Hub, and what makes one unfit to score texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from ..errors import UserError
from ..labels import LabelSpace

_NAMED = 3  # weights that a message names


def read_classifier(
    source: str | Path, revision: str | None = None, trust_code: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a sequence classifier in fp32 with its tokenizer.

    Raises:
        UserError: there is no such folder or repo, or what is there does not score labels: no tokenizer, weights that
            are missing (Transformers would draw them at random) or do not fit, one number in place of labels.
    """
    options = {"revision": revision, "trust_remote_code": trust_code}
    try:
        model, report = AutoModelForSequenceClassification.from_pretrained(
            source, dtype=torch.float32, output_loading_info=True, **options
        )
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unfit(source, str(error).strip().splitlines()[0].rstrip(".") + ".") from error
    except RuntimeError as error:  # what Transformers says refers to a table above it
        raise _unfit(source, "its weights do not have the shapes that its config.json says.") from error
    if missing := sorted(report["missing_keys"]):
        named = ", ".join(missing[:_NAMED]) + (" ..." if len(missing) > _NAMED else "")
        raise _unfit(source, f"it has no weights for {named}, as an encoder has that was not trained to classify.")
    if len(tokenizer) <= len(set(tokenizer.all_special_ids)):  # what Transformers makes up where there are no files
        raise _unfit(source, "it has no tokenizer.")
    _check_labels(source, model.config)
    return model, tokenizer


def own_thresholds(config: PretrainedConfig, labels: LabelSpace) -> NDArray[np.float64] | None:
    """Return each label's cut [L] as this project writes them; None where there are none, or other people's."""
    cuts = getattr(config, "thresholds", None)  # absent from most configs
    if not (labels.multi_label and isinstance(cuts, dict) and cuts.keys() == set(labels.names)):
        return None
    return np.array([cuts[name] for name in labels.names], dtype=np.float64)


def _check_labels(source: str | Path, config: PretrainedConfig) -> None:
    if config.problem_type == "regression" or (config.problem_type is None and config.num_labels == 1):
        raise _unfit(source, "it gives a number (regression, ranking), no labels.")
    if set(config.id2label) != set(range(config.num_labels)):
        ids = ", ".join(map(str, sorted(config.id2label)))
        raise _unfit(source, f"the label ids of its config.json are {ids}; they go from 0 on without gaps.")


def _unfit(source: str | Path, reason: str) -> UserError:
    return UserError(
        f"'{source}' could not be loaded as a text classifier: {reason} "
        "Give a run folder that train.py made, or the id of a sequence classifier on the Hub."
    )
