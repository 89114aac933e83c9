"""Lines of whole outputs: which differences between two processors are none."""

import pytest

from tests import approved
from tests.approved import alike, check_approved


@pytest.mark.parametrize(
    ("known", "found", "same"),
    [
        ("F1 0.3 of 12", "F1 0.30000000000000004 of 12", True),
        ("F1 0.8199", "F1 0.8200", True),  # one in the last digit
        ("F1 0.8199", "F1 0.8201", False),
        ("12.5 %", "12.6 %", False),
        ("n = 478", "n = 479", False),
        ("n = 478", "n = 478.0", False),
        ("p 1.2e-07", "p 1.2e-07", True),
        ("p 1.2e-07", "p 1.3e-05", False),
        ("p 0.0", "p 1e-17", True),
        ("score: 0.123456", "score: 0.123459", True),
        ("score: 0.123456", "score: 0.12356", False),
        ("한국어 0.5", "영어 0.5", False),
        ("-0.5", "0.5", False),
    ],
)
def test_words_are_the_same_and_numbers_near(known, found, same):
    assert alike(known, found) is same


def test_a_line_more_or_less_or_another_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(approved, "APPROVED", tmp_path)
    monkeypatch.delenv("APPROVE", raising=False)
    (tmp_path / "page.txt").write_text("one\ntwo 0.250\n")
    check_approved("page.txt", "one\ntwo 0.250\n\n")
    for text in ("one\n", "one\ntwo 0.250\nthree", "one\ntwo 0.260", "one\nTwo 0.250", ""):
        with pytest.raises(AssertionError, match="APPROVE=1"):
            check_approved("page.txt", text)
