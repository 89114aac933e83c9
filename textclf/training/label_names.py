"""Labels' names as texts: with few texts a label, its name is one more that says what it is about.

SetFit makes such texts where there are none (https://huggingface.co/docs/setfit/how_to/zero_shot).
"""

from __future__ import annotations

import re

from datasets import Dataset, concatenate_datasets

from ..labels import LabelSpace

# Of two labels one is often the other's denial, and an encoder takes `no hate` for hate. Measured as
# benchmarks.few_labels does, on other draws: the names bring eight topics of news .011 and seven of Korean titles .007
# (4 draws each), and cost forum sentences .006 (9 draws).
FEWEST = 3
_BETWEEN_WORDS = re.compile(r"[\s_/]+|(?<=[a-z])(?=[A-Z])")


def with_label_names(train: Dataset) -> tuple[Dataset, int]:
    """Return training rows, followed by a row for each label whose text is its name; and how many those are.

    There are none where labels are fewer than FEWEST, not all of them are called by words, or two are told apart by a
    number alone (`class 1`, `class 2`).
    """
    labels = LabelSpace.from_features(train.features)
    texts = [_as_text(name) for name in labels.names]
    words = [_letters(text) for text in texts]
    if len(texts) < FEWEST or not all(map(_is_word, words)) or len(set(words)) < len(words):
        return train, 0
    fields = [name for name in ("text", "text_pair") if name in train.column_names]
    train = train.select_columns([*fields, "labels"])
    numbers = [[number] if labels.multi_label else number for number in range(len(texts))]
    rows = dict.fromkeys(fields, [""] * len(texts)) | {"text": texts, "labels": numbers}
    return concatenate_datasets([train, Dataset.from_dict(rows, features=train.features)]), len(texts)


def _as_text(name: str) -> str:
    return " ".join(_BETWEEN_WORDS.split(name)).strip()


def _letters(name: str) -> str:
    return "".join(character for character in name if character.isalpha())


def _is_word(letters: str) -> bool:
    """Say whether a name is more than a letter that stands for something; a Korean syllable can be a word."""
    return len(letters) > 1 or any(c > "\u1100" for c in letters)
