"""Pieces of words for a language that a tokenizer spells letter by letter, learned from the texts at hand.

A checkpoint made for English cuts Korean into letters, of which its encoder has learned nothing. Pieces that occur
again among the texts become entries of the same WordPiece vocabulary, each beginning as the mean of the embeddings
that it was spelled with (Gee et al. 2022, https://aclanthology.org/2022.emnlp-industry.41). It stays a stock
tokenizer and a stock model, and reads fewer tokens.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, models, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST = 20_000  # pieces, before those that are not spelled are left out
SPELLED = 1.5  # letters a piece, below which a word is spelled rather than cut: 1 where it is spelled throughout
# Of all words: where fewer would be cut in another way, the tokenizer is made for these texts, and emoji or some
# foreign words are no reason to learn its embeddings anew. With an English vocabulary it is 0 to .006 of English texts
# (news, forum sentences, tweets), .78 to .86 of Korean ones (comments, titles).
LEAST = 0.5


def learn_pieces(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> int:
    """Give what `tokenizer` spells in `texts`, or does not know, pieces of its own, in place; return how many.

    What occurs twice becomes a piece, and so does a letter that it does not know. There are none where most
    words are cut into more than letters, or by another method than WordPiece. `checkpoint.prepare_tokenizer` comes
    before.
    """
    backend = tokenizer.backend_tokenizer
    if not isinstance(backend.model, models.WordPiece) or backend.pre_tokenizer is None:
        return 0
    spelling, known = backend.model, backend.get_vocab(with_added_tokens=False)
    words = _words(backend, texts)
    new = [piece for piece in _frequent(words, spelling) if piece not in known and _is_spelled(piece, spelling)]
    first = max(backend.get_vocab(with_added_tokens=True).values()) + 1
    cutting = _with(spelling, known | {piece: first + number for number, piece in enumerate(new)})
    other = sum(count for word, count in words.items() if _parts(word, cutting) != _parts(word, spelling))
    if not new or other < LEAST * words.total():
        return 0
    _grow(model, first, [[known[part] for part in _parts(piece, spelling)] for piece in new])
    backend.model = cutting
    return len(new)


def _words(backend: Tokenizer, texts: Sequence[str]) -> Counter[str]:
    """Return how often each word occurs, as the tokenizer sees it before it cuts it."""
    normal = (backend.normalizer.normalize_str(text) for text in texts)
    return Counter(word for text in normal for word, _ in backend.pre_tokenizer.pre_tokenize_str(text))


def _frequent(words: Counter[str], model: models.WordPiece) -> list[str]:
    """Return letters and the pieces of them that occur twice, in the order in which they were learned."""
    prefix = model.continuing_subword_prefix
    letters = sorted({letter for word in words for letter in word})
    learning = trainers.WordPieceTrainer(
        vocab_size=MOST,
        min_frequency=2,
        show_progress=False,
        continuing_subword_prefix=prefix,
        # Given in order: it would number them by chance, and of pairs that are as frequent the first is joined.
        special_tokens=[start + letter for start in ("", prefix) for letter in letters],
    )
    learner = Tokenizer(models.WordPiece(unk_token=model.unk_token))
    learner.train_from_iterator(words.elements(), learning)
    learned = learner.get_vocab()
    return sorted(learned, key=lambda piece: learned[piece])


def _with(model: models.WordPiece, vocabulary: dict[str, int]) -> models.WordPiece:
    """Return a model that cuts alike, by another vocabulary."""
    return models.WordPiece(
        vocabulary,
        unk_token=model.unk_token,
        max_input_chars_per_word=model.max_input_chars_per_word,
        continuing_subword_prefix=model.continuing_subword_prefix,
    )


def _is_spelled(piece: str, model: models.WordPiece) -> bool:
    """Say whether a model spells a piece or does not know it; a Korean syllable has two or three letters.

    Numbers stay spelled: a vocabulary can be read, and they say more of whose text it was than of what it is about.
    """
    if any(map(str.isdigit, piece)):
        return False
    parts = _parts(piece, model)
    letters = unicodedata.normalize("NFD", piece.removeprefix(model.continuing_subword_prefix))
    return model.unk_token in parts or len(letters) < SPELLED * len(parts)


def _parts(piece: str, model: models.WordPiece) -> list[str]:
    return [token.value for token in model.tokenize(piece.removeprefix(model.continuing_subword_prefix))]


@torch.no_grad()
def _grow(model: PreTrainedModel, first: int, spelled: Sequence[Sequence[int]]) -> None:
    """Add embeddings from number `first` on, each the mean of those that a piece was spelled with."""
    rows = max(first + len(spelled), model.get_input_embeddings().num_embeddings)
    weight = model.resize_token_embeddings(rows, mean_resizing=False).weight
    for number, parts in enumerate(spelled, start=first):
        weight[number] = weight[list(parts)].mean(dim=0)
