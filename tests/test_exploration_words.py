"""Content words, n-grams and what sets a label apart."""

import math
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf.exploration.content_words import ContentWords, as_read
from textclf.exploration.word_ranking import log_odds, ngrams, rank_words


@pytest.fixture(scope="module")
def content_words():
    return ContentWords()


def test_english_keeps_content_words_only(content_words):
    (text,) = content_words(["The striker's late goal wasn't enough, and I don't think they'll stay up."])
    assert text == [["striker", "late", "goal", "think", "stay"]]


def test_words_of_mere_reporting_are_out(content_words):
    text = (
        "Let us say it again, officials said two days ago: they made it and went home. 정부가 대책을 밝혔다고 말했다."
    )
    (found,) = content_words([text])
    assert [word for run in found for word in run] == ["officials", "days", "home", "정부", "대책"]


def test_places_are_those_of_the_words_in_the_text(content_words):
    texts = [
        "The strikers’ goal &amp; 선수가 웃었다… https://x.org Goal!",
        "机器学习",
        unicodedata.normalize("NFD", "국회가 열렸다"),
    ]
    for text, runs in zip(texts, content_words.places(texts), strict=True):
        whole = as_read(text)
        assert all(0 <= word.start < word.end <= len(whole) for run in runs for word in run)
    (first, *_) = content_words.places(texts)
    shown = [(word.text, as_read(texts[0])[word.start : word.end]) for run in first for word in run]
    assert ("goal", "goal") in shown
    assert ("goal", "Goal") in shown
    assert ("선수", "선수") in shown
    assert next(hit for word, hit in shown if word == "웃다").startswith("웃")


def test_addresses_mentions_numbers_and_entities_are_no_words(content_words):
    (text,) = content_words(["@jane look: https://t.co/AbC1 fish &amp; chips 1,200 #hungry www.x.org"])
    assert text == [["look", "fish", "chips", "hungry"]]


def test_korean_is_reduced_to_nouns_and_dictionary_forms(content_words):
    (text,) = content_words(["감독은 선수를 칭찬했다. 영화가 정말 좋았고 많이 웃었어요!"])
    assert text == [["감독", "선수", "칭찬"], ["영화", "좋다", "웃다"]]


def test_decomposed_hangul_gives_the_same_words(content_words):
    sentence = "국회가 예산안을 통과시켰다"
    composed, decomposed = content_words([sentence, unicodedata.normalize("NFD", sentence)])
    assert composed == decomposed
    assert "국회" in composed[0]


def test_mixed_texts_are_read_by_both_analysers(content_words):
    (text,) = content_words(["삼성이 Galaxy를 공개했다. The new phone is thin."])
    assert text == [["삼성", "galaxy", "공개"], ["new", "phone", "thin"]]


def test_chinese_characters_within_korean_count(content_words):
    (text,) = content_words(["美 대선 트럼프 승리"])
    assert text[0][:2] == ["美", "대선"]


def test_scripts_without_spaces_become_pairs_of_characters(content_words):
    (text,) = content_words(["机器学习 works"])
    assert text == [["机器", "器学", "学习", "works"]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60) | st.text("가나다 .…ㅋㅠabc'\n\0", max_size=40), max_size=4))
def test_any_text_can_be_read(content_words, texts):
    found = content_words(texts)
    assert len(found) == len(texts)
    assert all(word and not word.isspace() for text in found for run in text for word in run)


def test_ngrams_stay_within_a_sentence():
    assert list(ngrams([["a", "b", "c"], ["d"], ["e", "f"]], 2)) == ["a b", "b c", "e f"]


def test_log_odds_are_those_of_monroe_and_others():
    """Two words, 8 and 2 times here, 4 and 6 there; by hand: prior 500 * 12/20 and 500 * 8/20."""
    here, there = np.array([8, 2]), np.array([4, 6])
    prior = [500 * 12 / 20, 500 * 8 / 20]
    difference = math.log((8 + prior[0]) / (2 + prior[1])) - math.log((4 + prior[0]) / (6 + prior[1]))
    expected = difference / math.sqrt(1 / (8 + prior[0]) + 1 / (4 + prior[0]))
    assert log_odds(here, there)[0] == pytest.approx(expected, rel=1e-12)


def test_log_odds_change_sign_with_the_groups():
    here, there = np.array([8, 2, 0, 30]), np.array([4, 6, 1, 2])
    np.testing.assert_allclose(log_odds(here, there), -log_odds(there, here))


def test_frequent_counts_occurrences_and_distinctive_leaves_out_what_all_say():
    sport, money = [["goal", "match", "news"]], [["bank", "rate", "news"]]
    runs = [sport] * 30 + [money] * 30
    carried = np.repeat(np.eye(2, dtype=np.int64), 30, axis=0)
    words = rank_words(runs, carried)[1]
    assert {(ranked.ngram, ranked.times) for ranked in words[0].frequent} == {
        ("goal", 30),
        ("match", 30),
        ("news", 30),
    }
    assert {ranked.ngram for ranked in words[0].distinctive} == {"goal", "match"}
    assert {ranked.ngram for ranked in words[1].distinctive} == {"bank", "rate"}


def test_a_text_of_several_labels_counts_for_each():
    words = rank_words([[["wheat", "crop"]]] * 2, np.array([[1, 1, 0]] * 2))[2]
    assert [[ranked[:2] for ranked in each.frequent] for each in words] == [
        [("wheat crop", 2)],
        [("wheat crop", 2)],
        [],
    ]


def test_texts_without_words_give_empty_lists():
    assert rank_words([[], []], np.eye(2, dtype=np.int64)) == {n: [([], [])] * 2 for n in (1, 2, 3)}
