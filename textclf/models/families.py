"""What differs between families: where the head stands, which dense layer leads to it, what LoRA adapts."""

from __future__ import annotations

import re
from typing import NamedTuple

from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from ..errors import UserError


class Family(NamedTuple):
    """The names of one architecture's parts, as paths inside its ...ForSequenceClassification model."""

    dense: str  # the dense layer between the pooled state and the last linear layer
    last: str  # the last linear layer
    head: tuple[str, ...]  # the modules around both: all that a classifier adds to its encoder, the pooler included
    adapted: str  # a regular expression of the linear layers inside the encoder that LoRA adapts: all of them


_ATTENTION_DROPOUT = re.compile("^att.*(dropout|pdrop)")  # attention_dropout, attention_probs_dropout_prob, attn_pdrop
_DROPOUT = re.compile("dropout|pdrop")  # gpt2 has attn_pdrop, embd_pdrop and resid_pdrop
_BERT_LAYER = r".*\.layer\.\d+\..*\.(query|key|value|dense)"

FAMILIES: dict[str, Family] = {
    "bert": Family("bert.pooler.dense", "classifier", ("bert.pooler", "classifier"), _BERT_LAYER),
    "roberta": Family("classifier.dense", "classifier.out_proj", ("classifier",), _BERT_LAYER),
    "xlm-roberta": Family("classifier.dense", "classifier.out_proj", ("classifier",), _BERT_LAYER),
    "electra": Family("classifier.dense", "classifier.out_proj", ("classifier",), _BERT_LAYER),
    "distilbert": Family(
        "pre_classifier",
        "classifier",
        ("pre_classifier", "classifier"),
        r".*\.layer\.\d+\.(attention\.(q_lin|k_lin|v_lin|out_lin)|ffn\.(lin1|lin2))",
    ),
    "deberta-v2": Family(
        "pooler.dense",
        "classifier",
        ("pooler", "classifier"),
        r".*\.layer\.\d+\..*\.(query_proj|key_proj|value_proj|dense)",
    ),
    "modernbert": Family(
        "head.dense", "classifier", ("head", "classifier"), r".*\.layers\.\d+\.(attn\.(Wqkv|Wo)|mlp\.(Wi|Wo))"
    ),
    "mpnet": Family(
        "classifier.dense",
        "classifier.out_proj",
        ("classifier",),
        r".*\.layer\.\d+\.(attention\.attn\.(q|k|v|o)|(intermediate|output)\.dense)",
    ),
}


def family_of(model: PreTrainedModel, wanted: str) -> Family:
    """Return the row of a model's family.

    Raises:
        UserError: `wanted` (a flag) is not known for this family.
    """
    family = FAMILIES.get(model.config.model_type)
    if family is None:
        known = ", ".join(FAMILIES)
        raise UserError(f"{wanted} is known for {known}; this model is of the family {model.config.model_type}.")
    return family


def head_modules(model: PreTrainedModel) -> list[str]:
    """Return the names of the modules that make up the head.

    In a family not listed that is all outside the encoder, and the encoder's pooler where it has one (albert).
    """
    family = FAMILIES.get(model.config.model_type)
    encoder = model.base_model_prefix
    outside = [name for name, _ in model.named_children() if name != encoder]
    pooler = [name for name, _ in model.named_modules() if name == f"{encoder}.pooler"]
    return [name for name in (family.head if family else [*pooler, *outside]) if _holds_parameters(model, name)]


def _holds_parameters(model: nn.Module, name: str) -> bool:
    return any(True for _ in model.get_submodule(name).parameters())


def set_dropout(config: PretrainedConfig, share: float) -> None:
    """Set every dropout of a config, in place: embeddings, attention, feed-forward, head.

    Raises:
        UserError: the family has no dropout to set.
    """
    _set_all(config, _DROPOUT, share, "--dropout")
    if config.model_type == "deberta-v2":
        config.cls_dropout = share  # read if present, and in no published config


def set_attention_dropout(config: PretrainedConfig, share: float) -> None:
    """Set the dropout of attention weights alone, in place.

    Raises:
        UserError: the family drops no attention weights, or names no share of its own for it.
    """
    _set_all(config, _ATTENTION_DROPOUT, share, "--attention_dropout")


def _set_all(config: PretrainedConfig, pattern: re.Pattern[str], share: float, flag: str) -> None:
    names = [name for name, value in config.to_dict().items() if pattern.search(name) and _is_share(value)]
    if not names:
        raise UserError(f"{flag} cannot be set for the family {config.model_type}: its config has no such dropout.")
    for name in names:
        setattr(config, name, share)


def _is_share(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
