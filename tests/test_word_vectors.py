"""Word vectors: averages by hand, words that keep company are near, equal seeds give equal vectors."""

import unicodedata

import numpy as np
import pytest

from textclf.models.word_vectors import SIZE, WordVectors, lower_words, train_word_vectors

TEXTS = [
    "정부 예산안 국회 통과",
    "국회 예산안 심사 시작",
    "정부 국회 예산 협상",
    "축구 대표팀 결승 골",
    "대표팀 축구 경기 승리",
    "결승 경기 대표팀 승리",
] * 30


def near(vectors, first, second):
    a, b = (vectors.vectors[vectors.index[word]] for word in (first, second))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_a_texts_features_are_the_mean_of_its_known_words():
    vectors = WordVectors({"국회": 0, "goal": 1}, np.array([[1, 3], [5, -1]], dtype=np.float32))
    found = vectors.averages(["국회 Goal!", "국회 국회 goal", "모르는 낱말", ""])
    np.testing.assert_allclose(found, [[3, 1], [7 / 3, 5 / 3], [0, 0], [0, 0]], rtol=1e-6)


def test_words_are_lower_case_and_may_have_one_letter():
    assert lower_words("I can't 못 가, ÉMILE") == ["i", "can", "t", "못", "가", "émile"]


@pytest.mark.parametrize("skip_gram", [False, True])
def test_words_in_the_same_company_are_nearer_than_others(skip_gram):
    vectors = train_word_vectors(TEXTS, skip_gram=skip_gram, seed=1)
    assert vectors.vectors.shape[1] == SIZE
    assert near(vectors, "국회", "예산안") > near(vectors, "국회", "축구")


def test_equal_seeds_give_equal_vectors_and_the_methods_differ():
    first, second = (train_word_vectors(TEXTS, skip_gram=True, seed=7) for _ in range(2))
    assert first.index == second.index
    np.testing.assert_array_equal(first.vectors, second.vectors)
    other = train_word_vectors(TEXTS, skip_gram=False, seed=7)
    assert not np.allclose(first.vectors, other.vectors)


def test_texts_without_a_repeated_word_give_zeros():
    vectors = train_word_vectors(["하나 둘", "셋 넷", ""], skip_gram=False, seed=0)
    assert vectors.averages(["하나 둘"]).shape == (1, SIZE)
    assert not vectors.averages(["하나 둘"]).any()


def test_decomposed_hangul_is_other_words_until_it_is_composed():
    """Features compose first (`as_string`); the splitter itself leaves texts as they are."""
    assert lower_words(unicodedata.normalize("NFD", "국회")) != ["국회"]
