"""A model that was made for other languages is told before it is trained."""

import unicodedata

import pytest
from datasets import Dataset
from transformers import AutoTokenizer

from tests.tiny_models import ENGLISH, KOREAN
from textclf.data.tokenizer_fit import fit_finding, fit_lines
from textclf.hub.card_facts import audit_lines
from textclf.hub.wording import WORDING
from textclf.models.weights import locate

THAI = ["ธนาคารกลางขึ้นอัตราดอกเบี้ยเป็นครั้งที่สามของปีนี้", "นักวิจัยพบน้ำแข็งในหลุมอุกกาบาต"]

RUSSIAN = ["Центральный банк повысил ставку в третий раз за год.", "Учёные нашли лёд в кратере на Луне."]


def said(tokenizer, texts):
    return fit_lines(fit_finding(tokenizer, Dataset.from_dict({"text": texts}), seed=0))


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta"])
def test_nothing_is_said_of_texts_that_the_tokenizer_was_made_from(family, tiny_model):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model(family))
    assert said(tokenizer, ENGLISH + KOREAN) == []


def test_words_that_are_unknown_are_counted(tiny_model):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model("bert"))
    (line,) = said(tokenizer, THAI)
    assert line.startswith("100.0 % of the texts' tokens are unknown to this model")
    assert "--model" in line


def test_texts_in_bytes_are_told_in_tokens_a_character(tiny_model):
    (line,) = said(AutoTokenizer.from_pretrained(tiny_model("roberta")), THAI)
    assert "letter by letter or less (3.0 tokens a letter)" in line


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_default_encoder_is_told_to_be_no_reader_of_korean(form):
    tokenizer = AutoTokenizer.from_pretrained(locate("sentence-transformers/all-MiniLM-L6-v2", None).path_or_id)
    assert said(tokenizer, ENGLISH) == []
    for texts in (
        KOREAN,
        [f"{text} ㅋㅋ... !!! 2026" for text in KOREAN],
        [text.replace(" ", "   ") for text in KOREAN],
    ):
        lines = said(tokenizer, [unicodedata.normalize(form, text) for text in texts])
        assert len(lines) == 1, lines
    for texts in (
        ["great!!! 😀😀😀 :-) ... ???", "<3 <3 #wow 12345"],
        [f"{text} 😀!!! ..." for text in ENGLISH],
        RUSSIAN,
    ):
        assert said(tokenizer, texts) == []


def test_what_the_audit_records_is_said_on_the_card():
    """It was said on the screen of whoever trained, and to nobody who used the model."""
    tokenizer = AutoTokenizer.from_pretrained(locate("sentence-transformers/all-MiniLM-L6-v2", None).path_or_id)
    for texts, foreign in ((KOREAN, True), (ENGLISH, False)):
        found = fit_finding(tokenizer, Dataset.from_dict({"text": texts}), seed=0)
        audit = {"findings": {found.name: found.to_dict()}}
        for language, beginning in (("en", "The model was made for other"), ("ko", "모델이 다른 언어용")):
            lines = audit_lines(audit, WORDING[language])
            assert len(lines) == foreign
            assert all(line.startswith(beginning) and str(found.details["tokens_a_letter"]) in line for line in lines)
