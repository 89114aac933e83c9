"""How often the encoding of a small file is found: our rule beside bare chardet and charset-normalizer.

python -m benchmarks.encodings [--output FILE.md]     needs `pip install charset-normalizer==3.5.3` for its arm

Files of 3 to 400 lines in 17 encodings, of which 0 to 97 % of the lines are plain ASCII. An answer is right if it
decodes the file to the text that was written; ours may also ask.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import chardet

from benchmarks.layouts.sentences import opinions
from textclf.data.reading.encodings import text_file
from textclf.errors import UserError

SENTENCES = {
    "cp949": [text for text, _ in opinions("ko")],
    "shift_jis": [text for text, _ in opinions("ja")],
    "euc_jp": [text for text, _ in opinions("ja")],
    "gb18030": [text for text, _ in opinions("zh")],
    "big5": ["這家酒店讓人很開心，下次再來。", "水壺用了兩天就壞了。", "價格便宜，品質也不錯。"],
    "cp1252": ["It’s a great kettle", "I don’t regret it", "He said “never again”", "plain – but nice", "a £5 deal"],
    "latin-1": ["Der Film war schön", "Größe und Farbe stimmen", "Très bon produit, livré à temps", "für alle"],
    "cp1250": ["Film był bardzo śmieszny", "Obsługa była zła", "Příliš žluťoučký kůň", "Vynikající kvalita"],
    "cp1251": ["Фильм очень понравился", "Доставка была долгой", "Качество плохое, деньги на ветер"],
    "koi8-r": ["Фильм очень понравился", "Доставка была долгой", "Правительство приняло бюджет"],
    "cp1254": ["Film çok güzeldi, herkese öneririm", "Kargo çok geç geldi", "Yemekler soğuktu ve pahalıydı"],
    "cp1253": ["Η ταινία ήταν πολύ καλή", "Το φαγητό ήταν κρύο", "Η κυβέρνηση ανακοίνωσε τον προϋπολογισμό"],
    "cp1255": ["הסרט היה מצוין ומרגש", "המשלוח הגיע באיחור רב", "האוכל היה קר ויקר"],
    "cp1256": ["كان الفيلم رائعا جدا", "وصل الطلب متأخرا", "الطعام بارد وغالي الثمن"],
    "cp874": ["หนังสนุกมาก ชอบมาก", "ส่งของช้ามาก ไม่พอใจ", "อาหารเย็นและแพง"],
    "utf-16-le": [text for text, _ in opinions("ko")],
    "utf-8": [text for text, _ in opinions("ko")],
}
ASCII = ["the train was late again today", "nice shop and good prices", "I would not buy this again"]
ARMS = ("ours", "chardet", "charset-normalizer")


def made_files() -> Iterator[tuple[str, bytes, str]]:
    """Yield an encoding, a file's bytes, and the text that they stand for."""
    for lines in (3, 6, 30, 400):
        for plain in (0.0, 0.5, 0.9, 0.97):
            for seed in (1, 2, 3):
                for encoding, sentences in SENTENCES.items():
                    draw = random.Random(seed)
                    rows = [draw.choice(ASCII if draw.random() < plain else sentences) for _ in range(lines)]
                    text = "\n".join(f"{row},{draw.choice('ab')}" for row in ["text", draw.choice(sentences), *rows])
                    yield encoding, text.encode(encoding), text


def answers(content: bytes, path: Path) -> dict[str, str | None]:
    """Return what each arm takes a file's encoding for; `ask` where ours asks."""
    path.write_bytes(content)
    try:
        ours: str | None = text_file(path).encoding
    except UserError:
        ours = "ask"
    best = import_module("charset_normalizer").from_bytes(content).best()
    return {"ours": ours, "chardet": chardet.detect(content)["encoding"], "charset-normalizer": best and best.encoding}


def compare() -> dict[str, Counter[str]]:
    """Count right, wrong and asked for each arm, and the encodings that it was wrong about."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as folder:
        for encoding, content, text in made_files():
            for arm, answer in answers(content, Path(folder) / "rows.csv").items():
                verdict = "asked" if answer == "ask" else "right" if _reads(content, answer, text) else "wrong"
                found[arm][verdict] += 1
                if verdict == "wrong":
                    found[arm][f"wrong about {encoding}"] += 1
    return found


def _reads(content: bytes, encoding: str | None, text: str) -> bool:
    try:
        return bool(encoding) and content.decode(str(encoding)).lstrip("\ufeff") == text
    except (UnicodeDecodeError, LookupError):
        return False


def main() -> None:
    """Compare and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", help="write the table here too")
    output = parser.parse_args().output
    rows = ["| arm | right | wrong | asks | wrong about |", "|---|---|---|---|---|"]
    for arm, counts in compare().items():
        about = ", ".join(
            f"{key.removeprefix('wrong about ')} {n}" for key, n in counts.most_common() if "about" in key
        )
        rows.append(f"| {arm} | {counts['right']} | {counts['wrong']} | {counts['asked']} | {about or '-'} |")
    print("\n".join(rows))
    if output:
        Path(output).write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
