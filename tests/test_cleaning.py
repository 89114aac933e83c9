"""Each cleaning step against independent Python code, the whole through every tokenizer family's reload."""

import itertools
import shutil
import string
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from transformers import AutoTokenizer

from tests.tiny_models import FAMILIES
from textclf.data.cleaning import STEPS, clean, normalizer
from textclf.errors import UserError
from textclf.models.checkpoint import prepare_tokenizer, save_tokenizer

# Unicode's White_Space property, code point by code point (PropList.txt).
WHITE_SPACE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}


def is_word(letter):
    return unicodedata.category(letter)[0] in "LMN" or letter == "_"


def starts_word(text, at):
    return at == 0 or not is_word(text[at - 1])


def replaced(text, match_at):
    """Walk through a text; where `match_at(position)` is more than 0, that many characters become a space."""
    result, at = [], 0
    while at < len(text):
        length = match_at(at)
        result.append(" " if length else text[at])
        at += length or 1
    return "".join(result)


def run(text, at, belongs):
    return len(list(itertools.takewhile(belongs, text[at:])))


def without_urls(text):
    def match_at(at):
        for start in ("https://", "http://", "www."):
            head = text[at : at + len(start)]
            if head.isascii() and head.lower() == start and (start != "www." or starts_word(text, at)):
                rest = run(text, at + len(start), lambda c: "!" <= c <= "~")
                return len(start) + rest if rest else 0
        return 0

    return replaced(text, match_at)


def without_tags(signs):
    def strip(text):
        def match_at(at):
            if text[at] not in signs or not starts_word(text, at):
                return 0
            rest = run(text, at + 1, is_word)
            return 1 + rest if rest else 0

        return replaced(text, match_at)

    return strip


def without_numbers(text):
    def digit(letter):
        return unicodedata.category(letter) == "Nd"

    def match_at(at):
        if not digit(text[at]):
            return 0
        length = run(text, at, lambda c: digit(c) or c in ".,")
        return len(text[at : at + length].rstrip(".,"))

    return replaced(text, match_at)


def without_punctuation(text):
    def sign(letter):
        return unicodedata.category(letter)[0] == "P" or letter in string.punctuation

    return replaced(text, lambda at: run(text, at, sign))


def without_stopwords(text):
    def part(letter):
        return is_word(letter) or letter in "'’"

    def match_at(at):
        if not part(text[at]) or (at and part(text[at - 1])):
            return 0
        length = run(text, at, part)
        word = text[at : at + length]
        return length if word.isascii() and word.lower() in ENGLISH_STOP_WORDS else 0

    return replaced(text, match_at)


def with_short_runs(text):
    runs = ((letter, len(list(same))) for letter, same in itertools.groupby(text))
    return "".join(c * (n if unicodedata.category(c)[0] == "N" else min(n, 2)) for c, n in runs)


def with_single_spaces(text):
    words = [[]]
    for letter in text:
        if letter in WHITE_SPACE:
            words.append([])
        else:
            words[-1].append(letter)
    return " ".join("".join(word) for word in words if word)


REFERENCE = {
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "lowercase": lambda text: "".join(c.lower() for c in text),
    "strip_urls": without_urls,
    "strip_mentions": without_tags("@＠"),
    "strip_hashtags": without_tags("#＃"),
    "strip_numbers": without_numbers,
    "strip_punctuation": without_punctuation,
    "strip_stopwords": without_stopwords,
    "collapse_repeats": with_short_runs,
    "collapse_spaces": with_single_spaces,
}

KOREAN = "안녕하세요 @홍길동님, https://naver.com/뉴스 에서 봤어요ㅋㅋㅋㅋㅋ #코로나19 3,000명!!! 정말좋아ㅠㅠㅠ"
PIECES = [
    KOREAN,
    unicodedata.normalize("NFD", KOREAN),
    "See HTTPS://t.co/AbC1?x=(y), www.example.org. or http://a",
    "www.www.www. http:// https://https://",
    "mail me@example.org @user_1 textclf.x @ #tag #1 a#b ##c ＠전각 ＃태그",
    "The THE I don't dont rock’n’roll can't 'the' the_ _the a and AND",
    "1,234.50. covid19 3.14.15, ٣٤,٥ 10000000 ½ ² 1.",
    "sooooo goood!!!!!!! ......… \n\n\n\n \t\t  ",
    "👨‍👩‍👧‍👦👍🏽👍🏽👍🏽🇰🇷 ❤️❤️❤️ 😀😀😀😀",
    "ﬁ Ⅳ ㈜ ﾊﾝｶｸ ΣΑΣ ς İı ẞß ſ K Å",
    "\u200b\u200d\ufeff\u00a0\u3000\u2028\x85\x1c\x00",
    "<s>&amp;</s> $5 €5 a=b ^_^ ~~~ `code` |x| 「인용」·…—",
    "",
]
# Python and the engine know other new characters (U+10781 has a plain form in Unicode 14): those of Unicode 3.2, both.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cn", "Co"]).filter(
    lambda character: unicodedata.ucd_3_2_0.category(character) != "Cn"
)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.sampled_from(
            ["http://", "www.", "@", "#", "the", ".", ",", "1", "가", "ㅋ", "é", "e\u0301", " ", "\n", "_", "'"]
        ),
        st.text(CHARACTERS, max_size=6),
    ),
    max_size=8,
).map("".join)


@pytest.mark.parametrize("step", STEPS)
@settings(max_examples=250, deadline=None)
@given(text=TEXTS)
def test_a_step_does_what_plain_python_does(step, text):
    assert STEPS[step]().normalize_str(text) == REFERENCE[step](text)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, steps=st.lists(st.sampled_from(list(STEPS)), max_size=6))
def test_steps_run_in_one_order_whatever_order_they_are_given_in(text, steps):
    expected = unicodedata.normalize("NFC", text)
    for step in STEPS:
        if step in steps:
            expected = REFERENCE[step](expected)
    assert clean([text], steps) == [expected]


def test_every_step_has_its_independent_counterpart():
    assert list(REFERENCE) == list(STEPS)


@pytest.mark.parametrize(
    ("step", "text", "cleaned"),
    [
        ("strip_urls", "봤다 https://t.co/x에서", "봤다  에서"),
        ("strip_mentions", "me@example.org @user hi", "me@example.org   hi"),
        ("strip_hashtags", "#코로나19 무서워", "  무서워"),
        ("strip_numbers", "in 2020, 1,234.5.", "in  ,  ."),
        ("strip_punctuation", "정치·경제, 좋아요!! 😀 €5 $5", "정치 경제  좋아요  😀 €5  5"),
        ("strip_stopwords", "The end of it, don't", "  end    , don't"),
        ("collapse_repeats", "ㅋㅋㅋㅋㅋ sooo 1000", "ㅋㅋ soo 1000"),
        ("collapse_spaces", "  a\u3000\n b ", "a b"),
    ],
)
def test_examples_for_people(step, text, cleaned):
    assert clean([text], [step]) == [cleaned]


def test_without_steps_there_is_no_normalizer_and_texts_are_composed_only():
    assert normalizer([]) is None
    decomposed = unicodedata.normalize("NFD", "한글 é")
    assert clean([decomposed, "Plain  "], []) == ["한글 é", "Plain  "]


def test_an_unknown_step_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'strip_urls'"):
        normalizer(["strip_url"])
    with pytest.raises(UserError, match="known: nfc"):
        clean(["text"], ["qqq"])


@pytest.mark.parametrize("step", STEPS)
def test_hostile_texts_neither_panic_nor_take_long(step):
    step_normalizer = STEPS[step]()
    pieces = ["@", "#", "http://", "www.", "1.", "1,a", "ㅋ", "a", "the ", "'", "\u0301", " ", "@a", "가 ", "the" * 3]
    started = time.process_time()
    for piece in pieces:
        step_normalizer.normalize_str(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 20  # quadratic time would take minutes


ALL_BUT_FINAL = ["nfkc", "lowercase", "strip_urls", "strip_mentions", "strip_stopwords", "collapse_repeats"]
RAW = [
    "The central bank WWW.bank.org raised rates soooooo much @user https://t.co/x!",
    KOREAN,
    unicodedata.normalize("NFD", KOREAN),
    "https://only.a/link",
    "  leading  and trailing  ",
]


@pytest.mark.parametrize("steps", [ALL_BUT_FINAL, list(STEPS)], ids=["some", "all"])
@pytest.mark.parametrize("family", FAMILIES)
def test_cleaning_survives_the_reload_of_every_family(tiny_model, tmp_path, family, steps):
    source = tiny_model(family)
    tokenizer = prepare_tokenizer(AutoTokenizer.from_pretrained(source), normalizer(steps))
    save_tokenizer(tokenizer, tmp_path, max_length=24)
    shutil.copy(source / "config.json", tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    plain = prepare_tokenizer(AutoTokenizer.from_pretrained(source))
    seconds = list(reversed(RAW))
    for first, second in (([*RAW], None), (RAW, seconds)):
        expected = dict(tokenizer(first, second, truncation=True, max_length=24))
        assert dict(again(first, second, truncation=True)) == expected
        cleaned = [clean(texts, steps) if texts else None for texts in (first, second)]
        assert dict(plain(*cleaned, truncation=True, max_length=24)) == expected
        assert set(expected) == set(tokenizer.model_input_names)
