"""What other people call the three splits."""

from __future__ import annotations

import re

SPLIT_NAMES = {
    "train": ("train", "training", "trainset", "traindata", "trainingset", "trainingdata", "trn"),
    "validation": (
        "validation",
        "validate",
        "valid",
        "val",
        "dev",
        "eval",
        "devset",
        "valset",
        "validset",
        "devdata",
        "devel",
    ),
    "test": ("test", "testing", "testset", "testdata", "tst"),
}


def split_name(words: str) -> str | None:
    """Return the split that a file's or a split's name speaks of (`data/dev-00000-of-00001` is validation)."""
    found = set(re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", words).lower()))
    for split, names in SPLIT_NAMES.items():
        if found & set(names):
            return split
    return None


def without_split(words: str) -> str:
    """Return a file's name without the words that name a split: what is left says what the file holds."""
    known = {name for names in SPLIT_NAMES.values() for name in names}
    return "_".join(word for word in re.split(r"[^\w]+|_", words.lower()) if word and word not in known)
