"""Texts that were decoded wrongly in ways that ftfy does not look for: characters that stand for those of others.

Words of some languages that hardly a text goes without are known as each wrong encoding spells them. East Asian texts
have no such words: theirs are told by their characters, of which hardly any is an everyday one as they stand, and many
are once the bytes are read in another encoding. Kanji of EUC-JP read as GBK or CP949 are not told: the kana beside
stay what they are.
"""

from __future__ import annotations

import re
from functools import cache

EAST_ASIAN = ("cp949", "gbk", "big5", "cp932")
SINGLE_BYTES = ("cp1250", "cp1251", "cp1252", "cp1254", "koi8-r", "latin-1")
# Words with letters that encodings write differently; of two letters or more, and no word of another language.
# fmt: off
WORDS = {
    "cp1252": "für über schön größer können müssen wäre natürlich fünf zurück später wären großen mögen hören gehört "
              "très être même après où dès là voilà déjà ça français première même problème "
              "año años niño niña señor señora mañana español española también está qué más "
              "não são então você mãe também já até está três ações informação "
              "più perché così però può già città perchè något från också på är för även når själv där också så på",
    "cp1250": "się że są będzie może też już więcej był było można który która które również dzień sobie myślę żeby "
              "můj svůj určitě skvělé vždy dobře žádný "
              "být také když už více jsou při proč ještě bylo něco může příliš není které který "
              "în și că să după fără când niște până más még azért először több között és",
    "cp1251": "не на что это как но по так мне было все вы он она они его меня очень только или если для уже есть "
              "спасибо можно когда ще що як або від",
    "cp1254": "değil şey şimdi başka olduğu gibi daha ilk ışık şu şöyle işte çalışma alışveriş bağlı doğru",
}
HANGUL = "이다는가의에을를은하고지기도로한들나사어있아그자리서인만해시스니대라수부것정보일제전상주원과게오무요네습음안"
HAN = (
    "的一是不了人我在有他这個个上们們来來到时時大地为為子中你说說生国國年着著就那和要她出也得里裡后後自以会會家可"
    "下而过過天去能对對小多然于於心学學么麼之都好看起发發当當没沒成只如事把还還用第样樣道想作种種开開很真再给給"
)
# fmt: on
EAST = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff66-\uff9f]")
EVERYDAY = re.compile(f"[{HANGUL}{HAN}\u3041-\u30f6]")
LEAST_EAST, LEAST_LIKE, MOST_UNLIKE = 8, 0.3, 0.1  # characters, shares: one in 45,654 real Korean headlines is told
LATIN, ASIAN = "A-Za-z\u00c0-\u024f", "\u3400-\u9fff\uac00-\ud7a3\uff61-\uff9f"
WITHIN_LATIN = re.compile(f"[{LATIN}][{ASIAN}]{{1,2}}[a-z]|[a-z]{{2}}[챕챌챔체채철챠챤챰첬]")
LATIN_LETTER, ASIAN_LETTER = re.compile(f"[{LATIN}]"), re.compile(f"[{ASIAN}]")
SYLLABLE, IDEOGRAPH = re.compile("[\uac00-\ud7a3]"), re.compile("[\u4e00-\u9fff]")
ACCENTED_RUN = re.compile("[\u0080-\u00ff]{4,}")
LOOKALIKES = "асеорхуіѕјквнмтАВЕКМНОРСТУХІЅЈ"  # of Latin letters: spam is written with them
CYRILLIC_WITHIN = re.compile(f"[A-Za-z][{LOOKALIKES}]?(?![{LOOKALIKES}])[\u0400-\u04ff][\u0400-\u04ff]?[a-z]")
BOXED = re.compile("[A-Za-z\u0400-\u04ff][\u2500-\u259f][A-Za-z\u0400-\u04ff]|\u02c7[A-Za-z]")
MOSTLY_LATIN = 0.8  # share of Latin letters; in East Asian texts Latin words do stand between other characters
RARE_HANGUL, RARE_HAN = 0.15, 0.3  # shares; measured on real Korean: below 1 %
LEAST_RARE = 3


def wrongly_decoded(text: str) -> bool:
    """Say whether a text's characters stand where those of another encoding should be."""
    return (
        _garbled_words(text)
        or _within_latin(text)
        or _rare_characters(text)
        or _of_another_east(text)
        or _accents_alone(text)
    )


def _garbled_words(text: str) -> bool:
    words = {word for word in re.split(r"[\s!-/:-@\[-`{-~]+", text) if not word.isascii()}
    return any(len(word) > 2 for word in words & _garbled()) or len(words & _garbled()) > 1


@cache
def _garbled() -> frozenset[str]:
    """Return everyday words as other encodings spell them, less those that are words so too."""
    known = {form for words in WORDS.values() for word in words.split() for form in (word, word.capitalize())}
    found = set()
    for written, words in WORDS.items():
        for form in (form for word in words.split() for form in (word, word.capitalize())):
            for encoding in (written, *(["koi8-r"] if written == "cp1251" else [])):
                raw = form.encode(encoding, "ignore")
                found |= {raw.decode(read, "ignore") for read in SINGLE_BYTES if read != encoding}
    return frozenset(word for word in found - known if not word.isascii() and not re.search(r"[\s!-/:-@]", word))


def _within_latin(text: str) -> bool:
    if CYRILLIC_WITHIN.search(text) or BOXED.search(text):
        return True
    if not WITHIN_LATIN.search(text):
        return False
    latin, east = len(LATIN_LETTER.findall(text)), len(ASIAN_LETTER.findall(text))
    return latin >= MOSTLY_LATIN * (latin + east) and not re.search(f"[{ASIAN}]{{3}}", text)


def _rare_characters(text: str) -> bool:
    for found, frequent, share in (
        (SYLLABLE.findall(text), _hangul(), RARE_HANGUL),
        (IDEOGRAPH.findall(text), _han(), RARE_HAN),
    ):
        rare = sum(each not in frequent for each in found)
        if rare >= LEAST_RARE and rare >= share * len(found):
            return True
    return False


def _of_another_east(text: str) -> bool:
    if len(EAST.findall(text)) < LEAST_EAST or _everyday(text) > MOST_UNLIKE:
        return False
    for read in EAST_ASIAN:
        raw = text.encode(read, "ignore")
        for meant in EAST_ASIAN:
            if meant != read and _everyday(raw.decode(meant, "replace")) >= LEAST_LIKE:
                return True
    return False


def _everyday(text: str) -> float:
    """Return the share of everyday characters among those of East Asia (and what is none at all)."""
    found = len(EAST.findall(text))
    return len(EVERYDAY.findall(text)) / max(found + text.count("\ufffd"), LEAST_EAST // 2)


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
