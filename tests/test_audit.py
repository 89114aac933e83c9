"""The audit finds what was planted, says nothing of what is fine, and writes no text of the data into its numbers."""

import json
import unicodedata

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.layouts.sentences import opinions
from tests.tiny_models import ENGLISH, KOREAN
from textclf.data.auditing import audit as audit_module
from textclf.data.auditing.audit import audit
from textclf.data.auditing.exact_duplicates import repeated_rows, row_keys
from textclf.data.auditing.findings import Finding, excerpt, percentage
from textclf.data.auditing.sampling import TextSample, sample_rows
from textclf.data.auditing.wrong_decoding import wrongly_decoded
from textclf.data.model_text import fold, text_key

NAMES = ["bad", "good", "odd"]
FINE = [*ENGLISH, *KOREAN]


def split_of(rows, names=NAMES, several=False):
    """rows: (text, label) or (text, second text, label); labels are ids, or lists of ids."""
    label = ClassLabel(names=names)
    features = {"text": Value("string"), "labels": List(label) if several else label}
    columns = {"text": [row[0] for row in rows], "labels": [row[-1] for row in rows]}
    if rows and len(rows[0]) == 3:
        features["text_pair"], columns["text_pair"] = Value("string"), [row[1] for row in rows]
    return Dataset.from_dict(columns, features=Features(features))


def labelled(texts, label=None):
    return [(text, n % 2 if label is None else label) for n, text in enumerate(texts)]


def splits_of(train, validation=(), test=(), **options):
    given_rows = {"train": train, "validation": validation, "test": test}
    return DatasetDict({name: split_of(list(rows), **options) for name, rows in given_rows.items() if rows})


def findings_of(splits, **options):
    return {finding.name: finding for finding in audit(splits, **options).findings}


def counts_of(splits, **options):
    return {name: finding.count for name, finding in findings_of(splits, **options).items() if finding.worth_a_line}


CLEAN = splits_of(
    labelled([*ENGLISH[:12], *KOREAN[:12]]),
    labelled([*ENGLISH[12:16], *KOREAN[12:16]]),
    labelled([*ENGLISH[16:], *KOREAN[16:]]),
    names=NAMES[:2],
)


def test_nothing_is_said_of_clean_data():
    result = audit(CLEAN)
    assert result.lines == []
    assert result.sizes == {"train": 24, "validation": 8, "test": 8}
    assert result.sampled is None


def test_exact_leaks_are_found_after_folding_of_case_space_and_composition():
    train = labelled([*FINE[:10], *KOREAN[:3], "  The CAFÉ is\tclosed ", "Fine\u3000day today"])
    test = labelled(
        [unicodedata.normalize("NFD", KOREAN[1]), "the cafe\u0301 is closed", "FINE DAY TODAY", "Other one"]
    )
    result = audit(splits_of(train, test=test))
    assert result.exact_leaks.tolist() == [11, 13, 14]
    (leak,) = [finding for finding in result.findings if finding.name == "exact_leaks"]
    assert leak.count == 3
    assert leak.of == len(train)
    assert leak.details["affected"] == {"test": 3}
    assert [(e.split, e.row) for e in leak.examples] == [("train", 11), ("train", 13), ("train", 14)]
    assert leak.examples[1].excerpt == "The CAFÉ is closed"
    assert "3 (20.0 %) training rows repeat 3 test texts" in result.lines


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_folding_is_settled_and_blind_to_composition_case_and_space(text):
    once = fold(text)
    assert fold(once) == once
    assert fold(unicodedata.normalize("NFD", text)) == once
    assert fold(f" \n{text}\t") == once
    assert "  " not in once
    assert once == once.strip()


def test_blank_texts_are_no_duplicates_of_each_other():
    splits = splits_of(labelled(["", " ", "\n", *FINE[:5]]), test=labelled(["", *FINE[6:8]]))
    found = counts_of(splits)
    assert found["blank"] == 4
    assert (found["exact_leaks"], found["exact_duplicates"], found["conflicting_labels"]) == (0, 0, 0)
    assert audit(splits).exact_leaks.tolist() == []


def test_repeats_count_all_but_the_first_within_each_split():
    splits = splits_of(labelled(["a b c", "A B C", "a  b c", *FINE[:4]], 0), test=labelled(["x y z", "X y z"], 0))
    finding = findings_of(splits)["exact_duplicates"]
    assert finding.details["per_split"] == {"train": 2, "test": 1}
    assert [(e.split, e.row) for e in finding.examples] == [("train", 1), ("train", 2), ("test", 1)]
    keys = row_keys(splits)["train"].texts
    assert repeated_rows(keys).tolist() == [1, 2]


def test_a_validation_row_that_repeats_a_test_text_is_reported_and_no_leak_of_train():
    splits = splits_of(
        labelled(FINE[:6]), labelled(["Same thing here", FINE[7]]), labelled(["same thing here", FINE[8]])
    )
    assert counts_of(splits)["validation_in_test"] == 1
    assert audit(splits).exact_leaks.tolist() == []


def test_rows_whose_text_has_another_label_elsewhere():
    train = [("same text", 0), ("Same text", 1), ("other", 0), ("other", 0), ("across", 0), *labelled(FINE[:3])]
    finding = findings_of(splits_of(train, test=[("across", 1), ("alone", 1)]))["conflicting_labels"]
    assert finding.details["per_split"] == {"train": 3, "test": 1}


def test_sets_of_labels_are_compared_without_their_order():
    train = [("same text", [0, 1]), ("same text", [1, 0]), ("another text", [0]), ("another text", []), ("third", [])]
    finding = findings_of(splits_of(train, several=True))["conflicting_labels"]
    assert [example.row for example in finding.examples] == [2, 3]


def test_pairs_are_compared_with_both_their_texts():
    train = [("Title one", "Body one", 0), ("Title one", "Body two", 1), ("Title one", None, 0), ("Title", "one", 0)]
    test = [("title one", "BODY  two", 1), ("Title one", "", 0), ("Title two", "Body one", 0)]
    assert audit(splits_of(train, test=test)).exact_leaks.tolist() == [1, 2, 3]  # 3: the same words


def test_near_leaks_are_training_rows_and_not_counted_among_exact_ones():
    nearly = ENGLISH[0].replace("year", "month")
    train = labelled([ENGLISH[0], ENGLISH[0].upper(), ENGLISH[1], ENGLISH[2], *KOREAN], 0)
    test = labelled([nearly, ENGLISH[1], ENGLISH[4]], 0)
    result = audit(splits_of(train, test=test))
    assert result.exact_leaks.tolist() == [2]
    assert result.near_leaks.tolist() == [0, 1]  # both copies
    finding = next(finding for finding in result.findings if finding.name == "near_leaks")
    assert finding.details["affected"] == {"test": 1}
    assert ENGLISH[0][:40] in finding.examples[0].excerpt
    assert "month" in finding.examples[0].excerpt


def test_near_duplicates_within_a_split_with_different_labels():
    train = [(ENGLISH[0], 0), (ENGLISH[0] + " Again.", 1), *labelled(KOREAN)]
    finding = findings_of(splits_of(train, test=labelled(ENGLISH[3:6])))["near_duplicates"]
    assert finding.count == 1
    assert finding.details["per_split"] == {"train": 1, "test": 0}
    assert finding.details["pairs_with_different_labels"] == 1


def test_labels_that_training_never_sees():
    splits = splits_of(labelled(FINE[:5], 0), test=[(FINE[6], 1), (FINE[7], 0)])
    found = findings_of(splits)
    assert found["labels_absent_from_train"].details["labels"] == ["good"]
    assert found["labels_absent_from_train"].details["frequencies"]["test"] == {"bad": 1, "good": 1, "odd": 0}
    assert found["labels_without_rows"].details["labels"] == ["odd"]
    assert any(
        "1 (33.3 %) label of validation or test never occurs in train: good" in line for line in audit(splits).lines
    )


def test_imbalance_is_worth_a_line_from_ten_to_one():
    texts = [f"{FINE[n % 40]} {n}" for n in range(40)]
    nine = splits_of([(text, int(n < 36)) for n, text in enumerate(texts)])
    assert findings_of(nine)["imbalance"].details["ratio"] == 9
    assert not any("fewer than" in line for line in audit(nine).lines)
    more = splits_of([(text, int(n < 39)) for n, text in enumerate(texts)])
    assert any(
        "1 (2.5 %) training row carries 'bad', 39 times fewer than 'good'" in line for line in audit(more).lines
    )


@pytest.mark.parametrize(
    ("check", "faulty", "fine"),
    [
        ("blank", ["", "  \n", "\u200b\ufeff "], ["x", "."]),
        ("tiny", ["ok", "?!", "네", "👍"], ["yes", "아니요", "a b c"]),
        ("not_composed", [unicodedata.normalize("NFD", "한국"), "cafe\u0301", "\uf981자"], ["한국", "café", "plain"]),
        (
            "invisible_characters",
            ["a\u200bb", "\ufeffstart", "soft\u00adhyphen", "\u202eright"],
            ["👨‍👩‍👧 family", "a b"],
        ),
        (
            "lone_jamo",
            ["재밌다 ㅋㅋ", "ㅠㅠ", "한ㄱ", "\u1112ㅏ"],
            ["한국", unicodedata.normalize("NFD", "한국"), "정치ㆍ경제"],
        ),
        ("mojibake", ["It wasnâ€™t me", "한글 �이", "schÃ¶n und gut"], ["It wasn’t me", "schön", "한국은행이 올렸다"]),
    ],
)
def test_faults_of_characters(check, faulty, fine):
    texts = [*faulty, *fine]
    finding = findings_of(splits_of(labelled(texts)))[check]
    assert finding.count == len(faulty)
    assert [example.row for example in finding.examples] == list(range(len(faulty)))[:5]
    assert finding.share == pytest.approx(len(faulty) / len(texts))


def test_texts_that_cleaning_leaves_nothing_of():
    splits = splits_of(labelled(["https://a.b/c", " ", "@user #tag", "see https://a.b", *FINE[:2]]))
    steps = ["strip_urls", "strip_mentions", "strip_hashtags"]
    finding = findings_of(splits, clean=steps)["cleaned_to_nothing"]
    assert [example.row for example in finding.examples] == [0, 2]
    assert "cleaned_to_nothing" not in findings_of(splits)


def test_scripts_of_splits_and_their_difference():
    result = audit(splits_of(labelled(["abc 123", "가나다라마바"]), test=labelled(["Привет, мир", "漢字 かな"])))
    assert result.scripts["train"] == {"Hangul": 0.6667, "Latin": 0.3333}
    assert result.scripts["test"] == {"Cyrillic": 0.6923, "Han": 0.1538, "Kana": 0.1538}
    finding = next(finding for finding in result.findings if finding.name == "script_shift")
    assert finding.details["largest_difference"] == {"test": 0.6923}


def test_decomposed_hangul_is_hangul():
    texts = [unicodedata.normalize("NFD", text) for text in KOREAN]
    assert set(audit(splits_of(labelled(texts))).scripts["train"]) == {"Hangul"}


def test_audit_json_holds_no_text_of_the_data():
    secret = "Geheimnis 비밀 https://secret.example"
    train = [(secret, 0), (secret, 1), (secret + " ㅁㅊ\u200b", 0), (f"{secret} {ENGLISH[0]}", 0), *labelled(FINE[:5])]
    test = [(secret, 0), (f"{secret} {ENGLISH[0]}!", 1)]
    result = audit(splits_of(train, test=test), clean=["strip_urls"])
    assert sum(len(finding.examples) for finding in result.findings) >= 8
    written = json.dumps(result.to_dict(), ensure_ascii=False)
    for word in ("Geheimnis", "비밀", "secret", "bank", "ㅁ"):
        assert word not in written
    assert json.loads(written)["findings"]["exact_leaks"]["examples"][0] == {"split": "train", "row": 0}


def test_what_is_large_is_sampled_and_says_so_but_exact_leaks_are_found_on_every_row(monkeypatch):
    monkeypatch.setattr(audit_module, "MOST_ROWS", 400)
    train = labelled([f"training text number {n} \u200b" for n in range(3_000)])
    test = labelled(["training text number 7 \u200b", *(f"test text number {n}" for n in range(300))])
    result = audit(splits_of(train, test=test))
    assert result.exact_leaks.tolist() == [7]
    assert result.sampled == {"train": 300, "test": 100}
    (finding,) = [f for f in result.findings if f.name == "invisible_characters"]
    assert finding.of == 400
    assert finding.details["per_split"]["train"] == 300
    assert any("random sample of 400 rows" in line for line in result.lines)
    assert audit(splits_of(train, test=test)).to_dict() == result.to_dict()


def test_a_sample_reads_back_the_rows_it_names():
    splits = splits_of(labelled([f"train {n}" for n in range(50)]), test=labelled([f"test {n}" for n in range(20)]))
    sample = TextSample(splits, 24, seed=3)
    assert sample.sizes == {"train": 18, "test": 6}
    texts = [text for batch in sample.batches() for text in batch.texts]
    assert texts == sample.read(np.arange(24))
    assert texts == [f"{name} {row}" for name, row in map(sample.place, range(24))]
    assert sample.owners().tolist() == [0] * 18 + [1] * 6
    with pytest.raises(IndexError):
        sample.place(24)


def test_samples_are_sorted_without_repeats_and_random():
    rows = sample_rows(1_000, 100, seed=1)
    assert len(set(rows.tolist())) == 100
    assert sorted(rows) == rows.tolist()
    assert 300 < rows.mean() < 700
    assert sample_rows(5, 10).tolist() == [0, 1, 2, 3, 4]


def test_keys_are_the_same_in_every_process():
    assert text_key("A  b") == text_key("a b") == int.from_bytes(bytes.fromhex("bb37dea5c027f928"))


def test_shares_and_excerpts_for_people():
    assert [percentage(share) for share in (0, 0.0004, 0.0123, 1)] == ["0.0 %", "<0.1 %", "1.2 %", "100.0 %"]
    assert Finding("x", "rows", 3, 0).share == 0
    long = excerpt("한 줄\n" * 100)
    assert len(long) == 80
    assert long.endswith("…")
    assert "\n" not in long


OPINIONS = {language: [text for text, _ in opinions(language)] for language in ("en", "ko", "zh", "ja")}
WESTERN = ["Der Film war schön und für alle, größer als gedacht", "El señor no quería más café mañana"]


@pytest.mark.parametrize(
    ("texts", "written", "read"),
    [
        (KOREAN, "utf-8", "cp949"),
        (KOREAN, "cp949", "latin-1"),
        (KOREAN, "cp949", "gbk"),
        (OPINIONS["zh"], "utf-8", "gbk"),
        (OPINIONS["zh"], "gbk", "latin-1"),
        (OPINIONS["ja"], "utf-8", "shift_jis"),
        (OPINIONS["ja"], "shift_jis", "cp949"),
        (WESTERN, "cp1252", "big5"),
        (WESTERN, "cp1252", "gbk"),
        (WESTERN, "utf-8", "big5"),
        (["Фильм очень понравился, советую всем"], "cp1251", "latin-1"),
        (["Мне очень понравилось, спасибо"], "koi8-r", "cp1251"),
        (
            ["C’est très bon, même après", "O senhor não gostou", "¡Hola! El señor vive aquí", "La città è più bella"],
            "cp1252",
            "cp1250",
        ),
        ([*WESTERN, "O senhor não gostou"], "cp1252", "cp1251"),
        (["Byl to můj první film, který stojí za to"], "cp1250", "cp1252"),
    ],
)
def test_texts_read_in_the_encoding_of_others_are_told(texts, written, read):
    """They trained as what they seemed to be, without a word."""
    garbled = [text.encode(written, "ignore").decode(read, "ignore") for text in texts]
    assert [text for text in garbled if not wrongly_decoded(text)] == []


@pytest.mark.parametrize(
    ("language", "written", "read", "least"),
    [
        ("ko", "cp949", "big5", 0.8),
        ("ko", "cp949", "shift_jis", 0.7),
        ("zh", "gbk", "cp949", 0.7),
        ("zh", "gbk", "shift_jis", 0.5),
        ("ja", "shift_jis", "gbk", 0.9),
    ],
)
def test_east_asian_texts_read_as_those_of_a_neighbour_are_told_in_most_rows(language, written, read, least):
    """A few of a data set's texts are enough: the finding counts and shows them."""
    garbled = [text.encode(written, "ignore").decode(read, "ignore") for text in OPINIONS[language]]
    assert sum(map(wrongly_decoded, garbled)) >= least * len(garbled)


@pytest.mark.parametrize(
    "texts",
    [
        *[KOREAN, WESTERN, *OPINIONS.values()],
        ["TV와 PC를 샀다", "K팝 app을 켜고", "똠얌꿍 먹고 햏자", "尹대통령 韓美 회담", "iPhone은 비싸"],
        ["I call it 반찬, my oppa는 so cute", "the word 学校 means school", "¡¡¡Olé!!! £££", "Noël à l’île"],
        ["用app和web都可以", "囧囧有神", "饕餮盛宴"],
        [
            "Хорошо, спасибо, iPhone и SMSки",
            "pаypal с картой",
            "că este și față",
            "žluťoučký kůň",
            "değil şey",
            "│ a │ b",
        ],
    ],
)
def test_texts_of_mixed_scripts_are_not_taken_for_wrongly_decoded(texts):
    assert [text for text in texts if wrongly_decoded(text)] == []
