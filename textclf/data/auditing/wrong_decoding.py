"""Texts that were decoded wrongly in ways that ftfy does not look for: East Asian characters in the place of others.

Four signs, each hardly ever seen in texts that are what they look like: East Asian characters within Latin words
(Western texts read as CP949, Big5 or Shift-JIS), mostly rare Hangul or Han (UTF-8 read as CP949, GBK or Shift-JIS),
Han that would be plain Korean in EUC-KR (read as GBK), and long runs of accented letters (EUC-KR, GBK or CP1251 read
as Latin-1). Big5 and Shift-JIS that were read as CP949 are not told.
"""

from __future__ import annotations

import re
from functools import cache

LATIN, EAST = "A-Za-z\u00c0-\u024f", "\u3400-\u9fff\uac00-\ud7a3\uff61-\uff9f"
WITHIN_LATIN = re.compile(f"[{LATIN}][{EAST}]{{1,2}}[a-z]|[a-z]{{2}}[챕챌챔체채철챠챤챰첬]")
LATIN_LETTER, EAST_LETTER = re.compile(f"[{LATIN}]"), re.compile(f"[{EAST}]")
HANGUL, HAN = re.compile("[\uac00-\ud7a3]"), re.compile("[\u4e00-\u9fff]")
ACCENTED_RUN = re.compile("[\u0080-\u00ff]{4,}")
MOSTLY_LATIN = 0.8  # share of Latin letters; in East Asian texts Latin words do stand between other characters
RARE_HANGUL, RARE_HAN = 0.15, 0.3  # shares; measured on real Korean: below 1 %
LEAST_RARE = 3
LEAST_HAN = 12  # of Chinese texts this long hardly one lies within the half of GB 2312 where EUC-KR has its Hangul


def wrongly_decoded(text: str) -> bool:
    """Say whether a text's characters stand where those of another encoding should be."""
    return _within_latin(text) or _rare_characters(text) or _korean_as_han(text) or _accents_alone(text)


def _within_latin(text: str) -> bool:
    if not WITHIN_LATIN.search(text):
        return False
    latin, east = len(LATIN_LETTER.findall(text)), len(EAST_LETTER.findall(text))
    return latin >= MOSTLY_LATIN * (latin + east) and not re.search(f"[{EAST}]{{3}}", text)


def _rare_characters(text: str) -> bool:
    for found, frequent, share in (
        (HANGUL.findall(text), _hangul(), RARE_HANGUL),
        (HAN.findall(text), _han(), RARE_HAN),
    ):
        rare = sum(each not in frequent for each in found)
        if rare >= LEAST_RARE and rare >= share * len(found):
            return True
    return False


def _korean_as_han(text: str) -> bool:
    found = HAN.findall(text)
    if len(found) < LEAST_HAN:
        return False
    meant = "".join(found).encode("gbk", "ignore").decode("cp949", "ignore")
    return len(meant) >= len(found) and len(HANGUL.findall(meant)) >= 0.95 * len(meant)


def _accents_alone(text: str) -> bool:
    runs = ACCENTED_RUN.findall(text)
    return any(sum(map(str.isalpha, run)) >= 2 and len(set(run)) > 2 for run in runs)


@cache
def _hangul() -> frozenset[str]:
    """Return the 2,350 syllables of KS X 1001, of which nearly all Korean is written."""
    return _block("euc_kr", range(0xB0, 0xC9), range(0xA1, 0xFF))


@cache
def _han() -> frozenset[str]:
    """Return the frequent characters, the first level of GB 2312, Big5 and JIS X 0208 each."""
    return (
        _block("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF))
        | _block("big5", range(0xA4, 0xC7), range(0x40, 0xFF))
        | _block("euc_jp", range(0xB0, 0xD0), range(0xA1, 0xFF))
    )


def _block(encoding: str, first: range, second: range) -> frozenset[str]:
    return frozenset(bytes([a, b]).decode(encoding, "ignore") for a in first for b in second) - {""}
