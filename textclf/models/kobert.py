"""KoBERT's tokenizer as a fast one: its SentencePiece model, put between BERT's special tokens.

Two layouts are published. `skt/kobert-base-v1` has a SentencePiece model named like XLNet's, whose tokenizer class
would decompose Hangul, drop accents, put the first token last and pad on the left, none of which KoBERT was trained
with. `monologg/kobert` has a tokenizer class of its own, with the order of ids in vocab.txt. Neither loads in a plain
`pipeline()`; what is built here does, and gives the ids that `sentencepiece` itself gives (in 84,000 random texts all
but a few of halfwidth jamo letters, which Korean text does not use).
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PretrainedConfig, PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import generate_merges
from transformers.utils import cached_file

from ..errors import UserError
from .weights import Located

logger = logging.getLogger(__name__)

OWN_MODEL = "tokenizer_78b3253a26.model"  # monologg/kobert, kobert-lm, distilkobert
XLNET_MODEL = "spiece.model"  # skt/kobert-base-v1
XLNET_CLASSES = {"XLNetTokenizer", "XLNetTokenizerFast", "KoBERTTokenizer"}
SPECIAL = {"unk": "[UNK]", "pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4  # types of pieces, sentencepiece_model.proto
UNIGRAM, BPE = 1, 2  # types of models, there


def load_kobert(located: Located, config: PretrainedConfig) -> PreTrainedTokenizerFast | None:
    """Return the tokenizer of a checkpoint in one of KoBERT's layouts, or None for any other checkpoint.

    Raises:
        UserError: the files belong to such a layout, but do not hold what it needs.
    """
    if config.model_type not in {"bert", "distilbert"}:
        return None
    own, vocabulary = _file(located, OWN_MODEL), None
    if own is not None:
        vocabulary = _file(located, "vocab.txt")
    elif _tokenizer_class(located) in XLNET_CLASSES:
        own = _file(located, XLNET_MODEL)
    if own is None:
        return None
    return convert(own, vocabulary, config)


def _file(located: Located, name: str) -> Path | None:
    """Return a file of the checkpoint, or None where it has no such file."""
    path = cached_file(
        located.path_or_id, name, revision=located.revision, _raise_exceptions_for_missing_entries=False
    )
    return Path(path) if path else None


def _tokenizer_class(located: Located) -> str | None:
    path = _file(located, "tokenizer_config.json")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path else {}  # Any: a foreign file
    return content.get("tokenizer_class")


def convert(model_file: Path, vocabulary_file: Path | None, config: PretrainedConfig) -> PreTrainedTokenizerFast:
    """Build the fast tokenizer: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, padded on the right.

    `vocabulary_file` (a token a line) gives the ids; without it the order of the SentencePiece pieces does.

    Raises:
        UserError: a special token is missing, or the model is neither unigram nor BPE.
    """
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model_file.read_bytes())
    tokens = [piece.piece for piece in proto.pieces]
    if vocabulary_file is not None:
        tokens = vocabulary_file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    missing = [token for token in SPECIAL.values() if token not in tokens]
    if missing:
        raise UserError(f"The vocabulary of {model_file} lacks {', '.join(missing)}; it is not KoBERT's.")
    tokenizer = Tokenizer(_segmentation(proto, tokens, model_file))
    tokenizer.normalizer = _normalizer(proto.normalizer_spec)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
        prepend_scheme="always" if proto.normalizer_spec.add_dummy_prefix else "never"
    )
    defined = [piece.piece for piece in proto.pieces if piece.type == USER_DEFINED]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in defined if token in set(tokens)])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL.values()])
    cls, sep = SPECIAL["cls"], SPECIAL["sep"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(cls, tokens.index(cls)), (sep, tokens.index(sep))],
    )
    types = ["token_type_ids"] if config.model_type == "bert" else []
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", *types, "attention_mask"],
        model_max_length=config.max_position_embeddings,
        padding_side="right",
        **{f"{name}_token": token for name, token in SPECIAL.items()},
    )


def _segmentation(
    proto: sentencepiece_model_pb2.ModelProto, tokens: list[str], model_file: Path
) -> models.Unigram | models.BPE:
    """Return the model that cuts words into pieces, with the ids of `tokens`."""
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == NORMAL}
    lost = len(scores.keys() - set(tokens))
    if lost:
        logger.warning("vocab.txt lacks %d pieces of %s; texts with them are cut differently.", lost, model_file.name)
    unknown = SPECIAL["unk"]
    if proto.trainer_spec.model_type == BPE:
        ids = {token: index for index, token in enumerate(tokens)}
        merges = generate_merges(ids, [(token, score) for token, score in scores.items() if token in ids])
        return models.BPE(ids, merges, unk_token=unknown, fuse_unk=True)
    if proto.trainer_spec.model_type != UNIGRAM:
        raise UserError(f"{model_file} is a SentencePiece model of words or characters; expected unigram or BPE.")
    # What is not a piece (special tokens) is never the best way to cut a text.
    floor = min(scores.values()) - 1000.0
    return models.Unigram([(token, scores.get(token, floor)) for token in tokens], unk_id=tokens.index(unknown))


def _normalizer(spec: sentencepiece_model_pb2.NormalizerSpec) -> normalizers.Sequence:
    """Return SentencePiece's own normalisation: its table of characters, then spaces collapsed and trimmed."""
    steps: list[normalizers.Normalizer] = []
    if spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(spec.precompiled_charsmap))
    if spec.remove_extra_whitespaces:
        steps += [
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Replace(Regex(r"\A +| +\z"), ""),
        ]
    return normalizers.Sequence(steps)
