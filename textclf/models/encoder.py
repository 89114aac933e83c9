"""An encoder with a classification head, built from a checkpoint for a label space."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pickle import UnpicklingError

import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from ..arguments import ModelArguments
from ..errors import UserError
from ..labels import LabelSpace
from .averaging import choose_pooling, set_pooling
from .checkpoint import prepare_tokenizer
from .families import set_attention_dropout, set_dropout
from .heads import redraw, restore_activation
from .linear_head import read_linear
from .lora import adapt, check_lora, four_bits
from .open_head import open_head
from .relabelling import classifier_labels, match_last_layer
from .tokenization import load_tokenizer
from .weights import Located, locate, refuse_conversion_service

logger = logging.getLogger(__name__)


def build(args: ModelArguments, labels: LabelSpace) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a float32 model with a head for `labels`, and its tokenizer with Unicode composition in front.

    What is drawn at random (a new head, adapters) follows the global seed: call `set_seed` before. With `--lora` the
    model is a PEFT model, with `--head linear` its head is in its training form; `checkpoint.save` makes both plain.
    `model.config._name_or_path` is the id or folder that was asked for, `_commit_hash` its commit where known.

    Raises:
        UserError: the model cannot be found or read, needs code that was not allowed, has no padding token, or
            settings do not fit it.
    """
    check_lora(args)
    located = locate(args.model, args.model_revision)
    if located.note:
        logger.warning(located.note)
    config = load_config(located, args.trust_remote_code)
    tokenizer = prepare_tokenizer(load_tokenizer(located, config, args.trust_remote_code))
    old_labels = classifier_labels(config)
    _set_padding(args.model, config, tokenizer)
    _set_labels(config, labels)
    if args.dropout is not None:
        set_dropout(config, args.dropout)
    if args.attention_dropout is not None:
        set_attention_dropout(config, args.attention_dropout)
    if args.head == "mlp":
        restore_activation(config)
    model, fresh = _load_model(located, config, args)
    match_last_layer(model, args.model, old_labels, labels)
    # The heads take **kwargs and ignore num_items_in_batch, which makes Trainer scale loss and gradients wrongly:
    # https://github.com/huggingface/transformers/issues/47688
    model.accepts_loss_kwargs = False
    model.config._name_or_path, model.config._commit_hash = args.model, located.revision
    tokenizer.model_input_names = _inputs(model, tokenizer)
    if args.pooling != "auto":
        set_pooling(model, args.pooling)
    kept = old_labels is not None and sorted(old_labels) == sorted(labels.names)
    return _shape_head(model, args, fresh, kept), tokenizer


def for_linear_model(args: ModelArguments, family: str) -> ModelArguments:
    """Return the settings of a model whose head is to hold a linear model fitted on its pooled states.

    Raises:
        UserError: settings that such a head rules out, or an encoder that cannot have one.
    """
    if args.head == "mlp" or args.lora != "none":
        found = "--head mlp" if args.head == "mlp" else f"--lora {args.lora}"
        raise UserError(f"--family {family} has a linear head on a plain encoder; leave {found} out.")
    located = locate(args.model, args.model_revision)
    pooling = choose_pooling(args.pooling, load_config(located, args.trust_remote_code), located)
    return replace(args, head="linear", pooling=pooling)


def _set_labels(config: PretrainedConfig, labels: LabelSpace) -> None:
    config.num_labels = len(labels)
    config.id2label, config.label2id = labels.id2label, labels.label2id
    config.problem_type = labels.problem_type
    config.__dict__.pop("thresholds", None)  # of an earlier run of ours; they belong to its scores


def _inputs(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return which of the tokenizer's outputs the model takes.

    klue/roberta has BERT's tokenizer, whose second type id for pairs lies outside RoBERTa's single one.
    """
    taken = set(inspect.signature(model.forward).parameters)
    if getattr(model.config, "type_vocab_size", None) == 1:  # a field that not every family has
        taken.discard("token_type_ids")
    return [name for name in tokenizer.model_input_names if name in taken]


def _shape_head(model: PreTrainedModel, args: ModelArguments, fresh: set[str], kept: bool) -> PreTrainedModel:
    """Apply `--head` and `--lora`; `fresh` are the parameters that the checkpoint lacked, `kept` says its labels stay.

    A checkpoint that was saved with a linear head goes on with one.
    """
    if args.head == "mlp":
        redraw(model)
        fresh = {name for name, _ in model.named_parameters()}
    elif args.head == "linear":
        open_head(model)
    elif (linear := read_linear(model)) is not None:
        if args.lora != "none":
            raise UserError(
                f"{args.model} has a linear head, which --lora does not train; add --head mlp for a new one."
            )
        open_head(model, linear if kept else None)
    return adapt(model, args, fresh) if args.lora != "none" else model


def load_config(located: Located, trust_remote_code: bool) -> PretrainedConfig:
    """Read a checkpoint's config.

    Raises:
        UserError: the config cannot be read, or its model needs code that comes with it.
    """
    try:
        return AutoConfig.from_pretrained(
            located.path_or_id, revision=located.revision, trust_remote_code=trust_remote_code
        )
    except (ValueError, OSError, KeyError) as error:
        raise _explain(located.path_or_id, error) from error


def _load_model(located: Located, config: PretrainedConfig, args: ModelArguments) -> tuple[PreTrainedModel, set[str]]:
    """Return the model and the names of the parameters that the checkpoint lacked."""
    refuse_conversion_service()
    try:
        with _quiet_transformers():  # its report of a head that is missing, as it has to be, is a page long
            model, info = AutoModelForSequenceClassification.from_pretrained(
                located.path_or_id,
                config=config,
                revision=located.revision,
                trust_remote_code=args.trust_remote_code,
                dtype=torch.float32,  # without it a bfloat16 checkpoint would be trained in bfloat16
                ignore_mismatched_sizes=True,  # another label count: that layer is drawn anew, which was said above
                output_loading_info=True,
                quantization_config=four_bits() if args.lora == "qlora" else None,
            )
    except (ValueError, OSError, UnpicklingError) as error:
        raise _explain(args.model, error) from error
    _check_encoder_weights(args.model, model, info["missing_keys"])
    return model, set(info["missing_keys"]) | {str(entry[0]) for entry in info["mismatched_keys"]}


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    level = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)


def _check_encoder_weights(model_id: str, model: PreTrainedModel, missing: Iterable[str]) -> None:
    """Warn when weights of the encoder itself, the pooler aside, are not in the checkpoint and hence random."""
    prefix = model.base_model_prefix + "."
    absent = sorted(key for key in missing if key.startswith(prefix) and ".pooler." not in key)
    if absent:
        logger.warning(
            "%s lacks %d weights of its own encoder (%s, ...); they start at random.", model_id, len(absent), absent[0]
        )


def _explain(model: str, error: Exception) -> UserError:
    """Turn a failure to read a checkpoint into what to type next."""
    first = str(error).strip().split("\n")[0]
    if isinstance(error, UnpicklingError):
        return UserError(f"The weights of {model} are a pickle that holds more than weights; it is not loaded.")
    if "trust_remote_code" in str(error):
        return UserError(f"The model {model} needs code that comes with it. Read it, then add --trust_remote_code.")
    if "AutoModelForSequenceClassification" in str(error):
        return UserError(f"The model {model} is of a kind that Transformers cannot classify texts with: {first}")
    return UserError(f"The model {model} cannot be read: {first}")


def _set_padding(model: str, config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Give model and tokenizer one padding token: decoders often come without, and then cannot be batched."""
    if tokenizer.pad_token is None:
        stand_in = tokenizer.eos_token or tokenizer.unk_token
        if stand_in is None:
            raise UserError(
                f"The tokenizer of {model} has no padding token and nothing that could stand in for one. "
                "Choose an encoder, or add a pad_token to its tokenizer_config.json."
            )
        tokenizer.pad_token = stand_in
        logger.warning("%s has no padding token; %s is used as one.", model, stand_in)
    config.pad_token_id = tokenizer.pad_token_id
