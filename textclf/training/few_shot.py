"""Few labels: an encoder trained by contrast between texts, then a linear model on its states: `--family few_shot`.

It is what SetFit does (Tunstall et al. 2022, https://arxiv.org/abs/2209.11055), with figures of texts not yet seen.
"""

from __future__ import annotations

import logging
import tempfile
import time
from typing import Any

import torch
from datasets import Dataset
from safetensors import safe_open
from safetensors.torch import load_model, save_model
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..errors import UserError
from ..models.last_layers import check_scale, kept_of_last, scale_last
from ..models.own_pieces import learn_pieces
from .contrast import contrast
from .fit import Fitted
from .fit_arguments import FitArguments
from .label_names import with_label_names
from .linear_fit import begin, fit_head
from .selection import Metrics

logger = logging.getLogger(__name__)

# Texts read in all: of N texts N (N + 1), as many as SetFit reads at least, up to READ. Where there are more than MANY
# it is RISE more for each of those, up to TIMES each, and to MOST_READ. Measured as benchmarks.few_labels does, on
# other draws: reading each 46 times costs 98 to 126 texts .009 (8 draws) and brings 196 and 392 texts .011 (6); 28
# times each, 196 texts are .014 worse (4); 80 times each, 217 texts are .023 worse (1).
READ, MANY, RISE, TIMES, MOST_READ = 2_400, 120, 87, 46, 18_000
# The validation texts are learned in the end, too: by a training of all texts from the start, whose weights and those
# of the training without them are averaged (Wortsman et al. 2022, https://arxiv.org/abs/2203.05482; titles at 32 .002,
# 4 draws, standard error .0015; news at 16 and 8 .008 and .000, two each). Or, up to so many texts, by going on for
# this share of their reading. There that is as good as the start (forum sentences at 16, 8 draws: -.0006, standard
# error .0007), which would make few_shot slower than SetFit. With more the start is .003 better, in 1.6 times the time
# (titles at 32 and news at 8, three draws each).
MOST_TAKEN_FURTHER, FURTHER = 48, 0.25
# Up to so many texts the last layers are trained little, and states between them (last_layers) are better: forum
# sentences at 8 by .034 (4 draws, standard error .005), at 16 by .006 (7, .003). Of more texts with three labels or
# more they are not (titles at 32 -.012, news at 8 -.011, at 16 +.010; 1 to 5 draws).
MOST_SCALED = 48
# log10 of the C that is taken unless validation, of 2 to 56 texts, shows another to be better. Over 34 draws of all
# lines of benchmarks.few_labels .594 of other texts are right so, and .587 by the best C on validation.
USUAL = -2.5
# The embeddings' learning rate where texts have brought pieces of words. Korean titles at 32, two draws, 4,000 texts:
# .376 without pieces, with them .434 at 1e-3, .439 at 3e-3, .462 at this one; one draw .340 at the usual rate, .482 at
# this and .488 at 3e-2, and by letters alone .404 at the usual rate and .367 at this one.
PIECES_RATE = 1e-2
USED = {"learning_rate", "warmup_steps", "weight_decay", "per_device_train_batch_size", "compact_vocabulary"}


def fit_few_shot(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    validation: Dataset,
    args: FitArguments,
    *,
    max_length: int,
    metrics: Metrics,
) -> Fitted:
    """Train an encoder by contrast, then fit a linear model on its states; takes and returns what `fit.fit` does.

    `model` has an open linear head, whose pooled states are what is trained: at first without the validation texts,
    for the choice of C and for figures of texts that it has not seen, then with them, too. SetFit learns all texts and
    has no such figures.

    Raises:
        UserError: as `linear_fit.fit_features`, and several processes.
    """
    if args.world_size > 1:
        raise UserError("--family few_shot trains on few texts, in one process; start it with python train.py.")
    check_scale(model, args.residual_scale)  # before the training, behind which it is used
    train, names = with_label_names(train) if args.read_label_names else (train, 0)
    pieces = _pieces_of(model, tokenizer, train) if args.own_pieces else 0
    rate = PIECES_RATE if pieces else None
    begun = begin(model, tokenizer, (train, validation), args, max_length, metrics, used=USED)
    if isinstance(begun, Fitted):
        return begun
    texts = begun.encoded[0]
    both = texts.followed_by(begun.encoded[1])
    anew = args.learns_validation and len(both) > MOST_TAKEN_FURTHER
    with tempfile.TemporaryDirectory() as folder:
        untrained = f"{folder}/model.safetensors"  # in a file: memory is for the training
        if anew:
            save_model(model, untrained)
        started = time.perf_counter()
        learned = contrast(model, tokenizer, texts, args, _reading(len(texts)), "Training by contrast", rate)
        seconds = time.perf_counter() - started
        came = kept_of_last(model)
        usual = came if len(texts) > MOST_SCALED else None
        kept = usual if args.residual_scale is None else args.residual_scale
        scaled = scale_last(model, kept)
        first = begun.facts | {
            "seconds": round(seconds, 2),
            "steps": learned.steps,
            "epochs": round(learned.read / len(texts), 4),
            "precision": args.chosen_precision,
            "embeddings_trained": learned.embeddings,
            "label_names_read": names or None,
            "own_pieces": pieces or None,
            "residual_scale": scaled and scaled._asdict(),
            "examples_per_second": round(learned.read / seconds, 2),
            "tokens_per_second": round(float(texts.lengths.mean()) * learned.read / seconds, 2),
        }

        def again() -> dict[str, Any]:
            scale_last(model, came)  # layers are trained as they came
            without = f"{folder}/without.safetensors"
            if anew:
                save_model(model, without)
                load_model(model, untrained)
            reading = int((1.0 if anew else FURTHER) * _reading(len(both)))
            further = contrast(model, tokenizer, both, args, reading, "Learning validation too", rate)
            if anew:
                _halfway(model, without)
            scale_last(model, kept)
            return first | {
                "steps": learned.steps + further.steps,
                "epochs": round((learned.read + further.read) / len(both), 4),
                "embeddings_trained": further.embeddings,
            }

        return fit_head(begun, model, tokenizer, (train, validation), args, first, USUAL, again)


def _pieces_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, train: Dataset) -> int:
    """Learn pieces from the training texts, where their embeddings are trained; return how many."""
    if not model.get_input_embeddings().weight.requires_grad:
        return 0
    fields = [name for name in ("text", "text_pair") if name in train.column_names]
    pieces = learn_pieces(model, tokenizer, [text for name in fields for text in train[name]])
    if pieces:
        logger.warning(
            "The tokenizer spells these texts letter by letter: %d pieces of their words were added to it "
            "(--own_pieces false leaves it as it comes).",
            pieces,
        )
    return pieces


def _reading(n: int) -> int:
    """Return how many texts are read in all, of `n`."""
    return min(n * (n + 1), READ + RISE * max(0, n - MANY), max(READ, TIMES * n), MOST_READ)


@torch.no_grad()
def _halfway(model: PreTrainedModel, file: str) -> None:
    """Move a model's weights halfway to those in a file, in place."""
    weights = model.state_dict()
    with safe_open(file, "pt", device=str(model.device)) as others:  # a tensor at a time: memory was for the training
        for name in others.keys():  # noqa: SIM118 - no mapping
            weights[name].lerp_(others.get_tensor(name), 0.5)
