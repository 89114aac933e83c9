"""Near duplicates are the pairs that comparing everything with everything finds, in nearly linear time."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny_models import ENGLISH, KOREAN
from textclf.data.auditing.near_duplicates import BATCH, FEWEST_GRAMS, GRAM, JACCARD, hash_grams, near_pairs


def find(texts, seed=0):
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    return [tuple(pair) for pair in near_pairs(batches, lambda numbers: [texts[n] for n in numbers], seed).tolist()]


def grams(text):
    """5-grams of a text as Python sets of strings, letters and digits only."""
    plain = "".join(c if c.isalnum() else " " for c in text.casefold())
    plain = " ".join(plain.split())
    return {plain[at : at + GRAM] for at in range(len(plain) - GRAM + 1)}


def similar_pairs(texts):
    """Every pair against every other one."""
    sets = [grams(text) for text in texts]
    return [
        (a, b)
        for a, b in itertools.combinations(range(len(texts)), 2)
        if min(len(sets[a]), len(sets[b])) >= FEWEST_GRAMS
        and len(sets[a] & sets[b]) >= JACCARD * len(sets[a] | sets[b])
    ]


def made_up_texts(count, random, words=24):
    vocabulary = [
        "".join(random.choice(list("abcdefgh가나다라마바"), size=random.integers(2, 8))) for _ in range(3_000)
    ]
    return [" ".join(random.choice(vocabulary, size=words)) for _ in range(count)]


def with_changed_words(text, count, random):
    words = text.split()
    for at in random.choice(len(words), size=count, replace=False):
        words[at] = "neuwort"
    return " ".join(words)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text("abc 가나ß.,", max_size=30), min_size=1, max_size=8))
def test_hashed_grams_are_as_many_as_the_grams_themselves(texts):
    hashes, offsets = hash_grams(texts)
    hashed = [set(hashes[start:end].tolist()) for start, end in itertools.pairwise(offsets)]
    assert [len(each) for each in hashed] == [len(grams(text)) for text in texts]
    assert len(hashed[0] & hashed[-1]) == len(grams(texts[0]) & grams(texts[-1]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_finds_what_comparing_all_pairs_finds(seed):
    random = np.random.default_rng(seed)
    texts = made_up_texts(150, random)
    for number in range(100):
        texts.append(with_changed_words(texts[number], 1 + number % 4, random))
    truth = similar_pairs(texts)
    found = find(texts)
    assert 20 < len(truth) < 90  # some changed copies are similar enough, some are not
    assert all(_similarity(texts, pair) >= JACCARD - 0.02 for pair in found)
    assert len(set(truth) - set(found)) <= 1  # recall .998 at the threshold, better above


def _similarity(texts, pair):
    a, b = (grams(texts[number]) for number in pair)
    return len(a & b) / len(a | b)


@pytest.mark.parametrize(
    ("text", "nearly"),
    [
        (ENGLISH[0], ENGLISH[0].upper().replace(".", "!!")),
        (KOREAN[3], KOREAN[3].replace(".", " 종합")),
        (" ".join(ENGLISH), " ".join(ENGLISH[:-1])),
    ],
)
def test_copies_with_small_changes_are_found(text, nearly):
    assert find([*ENGLISH[5:9], text, *KOREAN[5:9], nearly]) == [(4, 9)]


def test_different_texts_are_not():
    assert find([*ENGLISH[:15], *KOREAN]) == []
    # One word makes it another message.
    assert find([ENGLISH[15], ENGLISH[16], "This is bad", "This is mad"]) == similar_pairs([ENGLISH[15], ENGLISH[16]])


def test_short_texts_are_never_near_duplicates():
    assert find(["네, 좋아요!", "네. 좋아요", "ok ok", "ok, ok", "", " "]) == []


def test_few_or_no_texts():
    assert find([]) == []
    assert find([ENGLISH[0]]) == []
    assert find(["", ""]) == []


def test_the_result_does_not_depend_on_batches_and_is_the_same_every_time():
    random = np.random.default_rng(5)
    texts = made_up_texts(200, random)
    texts += [with_changed_words(text, 1, random) for text in texts[:50]]
    one_by_one = near_pairs(([text] for text in texts), lambda numbers: [texts[n] for n in numbers])
    assert find(texts) == [tuple(pair) for pair in one_by_one.tolist()] == find(texts)


def test_templates_do_not_cost_quadratic_time():
    """3,000 texts that are all alike have 4.5 million similar pairs; each text needs one partner, not all."""
    text = " ".join(ENGLISH[:4])
    texts = [f"{text} number {number}" for number in range(3_000)]
    started = time.process_time()
    found = find(texts)
    assert time.process_time() - started < 15
    assert len({number for pair in found for number in pair}) == 3_000
    assert len(found) < 100_000
