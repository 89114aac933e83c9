"""What the training tests share: rows in two languages, plain metrics, and one call that trains a tiny model."""

import numpy as np
from datasets import ClassLabel, Dataset, Features, List, Value
from torch import nn
from transformers import set_seed

from tests.tiny_models import SENTENCES
from textclf.arguments import ModelArguments
from textclf.labels import LabelSpace
from textclf.models.encoder import build
from textclf.training.fit import fit
from textclf.training.fit_arguments import FitArguments

ONE = Features({"text": Value("string"), "labels": ClassLabel(names=["ko", "en"])})
SEVERAL = Features({"text": Value("string"), "labels": List(ClassLabel(names=["ko", "long", "even"]))})


def rows(count, multi_label=False, seed=0):
    """Texts of one to three sentences: Korean or English, and (several labels) whether long, and of even length."""
    generator = np.random.default_rng(seed)
    texts = [" ".join(generator.choice(SENTENCES, size=generator.integers(1, 4))) for _ in range(count)]
    if multi_label:
        labels = [[0] * (not text.isascii()) + [1] * (len(text) > 80) + [2] * (len(text) % 2 == 0) for text in texts]
        return Dataset.from_dict({"text": texts, "labels": labels}, features=SEVERAL)
    return Dataset.from_dict({"text": texts, "labels": [int(text.isascii()) for text in texts]}, features=ONE)


def accuracy(gold, scores):
    right = (scores.argmax(1) == gold) if gold.ndim == 1 else ((scores > 0.5) == gold)
    value = float(np.mean(right))
    return {"accuracy": value, "f1_macro": value, "average_precision_micro": value}


def train(folder, output_dir, train_rows, validation_rows, metrics=accuracy, max_length=64, **options):
    """Build a model from `folder` and fit it; returns what `fit` returns."""
    model, tokenizer = built(folder, train_rows, seed=options.get("seed", 42))
    args = arguments(output_dir, **options)
    return fit(model, tokenizer, train_rows, validation_rows, args, max_length=max_length, metrics=metrics)


def built(folder, train_rows, seed=42, **model_options):
    set_seed(seed)
    model_args = ModelArguments(model=str(folder), **model_options)
    return build(model_args, LabelSpace.from_features(train_rows.features))


def without_dropout(model):
    """Switch dropout off everywhere in a model, so that two ways of computing one thing can be compared."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    model.config.attention_probs_dropout_prob = model.config.hidden_dropout_prob = 0.0
    return model


def arguments(output_dir, **options):
    settings = {"num_train_epochs": 2, "per_device_train_batch_size": 8, "threads": 1, "use_cpu": True}
    return FitArguments(output_dir=str(output_dir), **{**settings, **options})
