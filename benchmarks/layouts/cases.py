"""The table of cases: small look-alikes of layouts in which text-classification data is really kept."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from benchmarks.layouts.sentences import news, opinions

EN, KO, ZH, JA, NEWS = opinions("en"), opinions("ko"), opinions("zh"), opinions("ja"), news()
TOPICS = ["World", "Sports", "Business", "Sci/Tech"]


class Case(NamedTuple):
    """One layout: how it is written below a folder, and what must come of it."""

    name: str
    write: Callable[[Path], str]
    """Writes it, and returns what `--dataset` is given, relative to the folder."""
    pairs: Sequence[tuple[str, Any]] = ()
    """Some texts with their labels, as they must come out."""
    rows: int = 0
    """Rows of all splits together before any is taken out as a leak; 0: not counted."""
    refused: str = ""
    """What the sentence must say where a first command cannot work."""


CASES: list[Case] = []


def case(name: str, pairs: Sequence[tuple[str, Any]] = (), rows: int = 0, refused: str = "") -> Callable[..., Any]:
    """Put a writer into the table."""

    def add(write: Callable[[Path], Any]) -> Callable[[Path], Any]:
        CASES.append(Case(name, lambda folder: write(folder) or ".", pairs, rows, refused))
        return write

    return add


def put(path: Path, content: str | bytes, encoding: str = "utf-8") -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))


def table(rows: Sequence[Sequence[object]], delimiter: str = ",", quoting: int = 0, escape: str | None = None) -> str:
    """Write rows as CSV does."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n", escapechar=escape)  # type: ignore[arg-type]
    writer.writerows(rows)
    return out.getvalue()


def tsv(rows: Sequence[Sequence[object]]) -> str:
    """Write rows with tabs and no quotes, as most corpora do."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def lines(texts: Sequence[object]) -> str:
    """Write one text a line."""
    return "".join(f"{text}\n" for text in texts)


def flip(rows: Sequence[tuple[str, str]], names: dict[str, object]) -> list[list[object]]:
    """Return label, text."""
    return [[names[label], text] for text, label in rows]


HAM = {"pos": "ham", "neg": "spam"}
BITS = {"pos": 1, "neg": 0}


@case("sms_spam_collection (headerless TSV without an ending)", [(EN[0][0], "ham"), (EN[1][0], "spam")], 108)
def _(folder: Path) -> str:
    put(folder / "SMSSpamCollection", tsv(flip(EN, HAM)))
    return "SMSSpamCollection"


@case(
    "spam.csv (v1, v2, unnamed columns, windows-1252)",
    [("It’s a £5 prize — call now", "spam"), (EN[0][0], "ham")],
    110,
)
def _(folder: Path) -> str:
    rows = [["v1", "v2", "", "", ""], *([*row, "", "", ""] for row in flip(EN, HAM))]
    rows += [["spam", "It’s a £5 prize — call now", "", "", ""], ["ham", "I don’t mind, café at six…", "", "", ""]]
    put(folder / "spam.csv", table(rows), "cp1252")
    return "spam.csv"


@case("ag_news (headerless quoted CSV, classes.txt)", [(NEWS[0][0], "World"), (NEWS[3][0], "Sci/Tech")], 96)
def _(folder: Path) -> None:
    rows = [[TOPICS.index(topic) + 1, title, body] for title, body, topic in NEWS]
    put(folder / "train.csv", table(rows[:80], quoting=csv.QUOTE_ALL))
    put(folder / "test.csv", table(rows[80:], quoting=csv.QUOTE_ALL))
    put(folder / "classes.txt", lines(TOPICS))
    put(folder / "readme.txt", "News in four topics.\n")


@case("ag_news train.csv alone", [(NEWS[0][0], "1"), (NEWS[1][0], "2")], 96)
def _(folder: Path) -> str:
    rows = [[TOPICS.index(topic) + 1, title, body] for title, body, topic in NEWS]
    put(folder / "train.csv", table(rows, quoting=csv.QUOTE_ALL))
    return "train.csv"


@case("sentiment140 (headerless, six columns, latin-1)", [(EN[0][0], "4"), (EN[1][0], "0")], 109)
def _(folder: Path) -> str:
    rows = [
        [
            "4" if label == "pos" else "0",
            str(1467810369 + i),
            f"Mon Apr 06 22:{i % 60:02}:45 PDT 2009",
            "NO_QUERY",
            f"user_{i}",
            text,
        ]
        for i, (text, label) in enumerate(EN)
    ]
    rows.append(
        ["4", "1467899999", "Mon Apr 06 23:20:09 PDT 2009", "NO_QUERY", "zoë", "déjà vu at the café, très bien"]
    )
    put(folder / "training.1600000.processed.noemoticon.csv", table(rows, quoting=csv.QUOTE_ALL), "latin-1")
    return "training.1600000.processed.noemoticon.csv"


@case("aclImdb (folders of texts, unsup left out)", [(EN[0][0], "pos"), (EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    for i, (text, label) in enumerate(EN):
        put(folder / f"aclImdb/{'test' if i % 5 == 0 else 'train'}/{label}/{i}_7.txt", text)
    for i in range(20):
        put(folder / f"aclImdb/train/unsup/{i}_0.txt", f"nobody said what this is {i}")
    put(folder / "aclImdb/train/urls_pos.txt", lines(f"http://example.org/{i}" for i in range(9)))
    put(folder / "aclImdb/imdb.vocab", lines(["the", "a", "of"]))
    put(folder / "aclImdb/README", "Reviews.\n")
    return "aclImdb"


@case("20 newsgroups (files without endings, two folders by split)", [(EN[0][0] + "\n", "rec.autos")], 108)
def _(folder: Path) -> None:
    for i, (text, label) in enumerate(EN):
        name = {"pos": "rec.autos", "neg": "alt.atheism"}[label]
        split = "20news-bydate-test" if i % 4 == 0 and i else "20news-bydate-train"
        put(
            folder / f"{split}/{name}/{49960 + i}",
            text + "\n" + ("naïve" if i == 7 else ""),
            "latin-1",
        )


@case("bbc (a folder a class)", [(NEWS[0][1], "World")], 96)
def _(folder: Path) -> str:
    for i, (_, body, topic) in enumerate(NEWS):
        put(folder / f"bbc/{topic.replace('/', '')}/{i:03}.txt", body)
    put(folder / "bbc/README.TXT", "News.\n")
    return "bbc"


@case("livedoor (Japanese, LICENSE in each folder)", [(JA[0][0], "dokujo-tsushin")], 108)
def _(folder: Path) -> str:
    for i, (text, label) in enumerate(JA):
        name = {"pos": "dokujo-tsushin", "neg": "it-life-hack"}[label]
        put(folder / f"text/{name}/{name}-{4778030 + i}.txt", text)
        put(folder / f"text/{name}/LICENSE.txt", "CC\n")
    put(folder / "text/CHANGES.txt", "2012\n")
    put(folder / "text/README.txt", "news\n")
    return "text"


@case("rt-polarity (a file a class, windows-1252)", [(EN[0][0], "pos"), ("a naïve, très jolie film", "neg")], 109)
def _(folder: Path) -> None:
    put(folder / "rt-polarity.pos", lines(text for text, label in EN if label == "pos"), "cp1252")
    put(
        folder / "rt-polarity.neg",
        lines([*(text for text, label in EN if label == "neg"), "a naïve, très jolie film"]),
        "cp1252",
    )
    put(folder / "rt-polaritydata.README.1.0.txt", "Sentences.\n")


@case("pos.txt and neg.txt", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> None:
    for label in ("pos", "neg"):
        put(folder / f"{label}.txt", lines(text for text, each in KO if each == label))


@case("a CSV a class", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> None:
    for label in ("pos", "neg"):
        rows = [["id", "text"], *([i, text] for i, (text, each) in enumerate(EN) if each == label)]
        put(folder / f"{'positive' if label == 'pos' else 'negative'}.csv", table(rows))


@case("youtube spam (five CSVs that are parts)", [(EN[0][0], "1"), (EN[1][0], "0")], 108)
def _(folder: Path) -> None:
    for part in range(4):
        rows = [["COMMENT_ID", "AUTHOR", "DATE", "CONTENT", "CLASS"]]
        rows += [
            [f"z12{i}xyz", f"Ann{i} Lee", f"2015-05-{i % 28 + 1:02}T10:11:12", text, BITS[label]]
            for i, (text, label) in enumerate(EN)
            if i % 4 == part
        ]  # type: ignore[list-item]
        put(folder / f"Youtube0{part + 1}-{('Psy', 'KatyPerry', 'LMFAO', 'Eminem')[part]}.csv", table(rows))


@case("trec (LABEL:sub text, latin-1)", [("How did the manner number 0 become a café ?", "DESC")], 120)
def _(folder: Path) -> None:
    kinds = [("DESC", "manner"), ("HUM", "ind"), ("NUM", "date"), ("LOC", "city")]
    made = [f"{a}:{b} How did the {b} number {i} become a café ?" for i in range(30) for a, b in kinds]
    put(folder / "train_5500.label", lines(made[:100]), "latin-1")
    put(folder / "TREC_10.label", lines(made[100:]), "latin-1")
    (folder / "TREC_10.label").rename(folder / "test_10.label")


@case("fasttext", [(EN[0][0], "2"), (EN[1][0], "1")], 108)
def _(folder: Path) -> None:
    made = lines(f"__label__{2 if label == 'pos' else 1} {text}" for text, label in EN)
    put(folder / "train.ft.txt", "".join(made.splitlines(keepends=True)[:80]))
    put(folder / "test.ft.txt", "".join(made.splitlines(keepends=True)[80:]))


@case("fasttext of several labels", [(EN[0][0], ["film", "good"])], 108)
def _(folder: Path) -> str:
    put(
        folder / "cooking.stackexchange.txt",
        lines(
            f"__label__{'good' if label == 'pos' else 'bad'} __label__film {text}"
            if label == "pos"
            else f"__label__bad {text}"
            for text, label in EN
        ),
    )
    return "cooking.stackexchange.txt"


@case("numbered lines", [(EN[0][0], "1")], 108)
def _(folder: Path) -> str:
    put(folder / "custrev.all", lines(f"{BITS[label]} {text}" for text, label in EN))
    return "custrev.all"


@case("dacon (train, test, sample_submission)", [(KO[0][0], "1")], 0)
def _(folder: Path) -> None:
    put(
        folder / "train.csv",
        table([["index", "title", "topic_idx"], *([i, text, BITS[label]] for i, (text, label) in enumerate(KO))]),
    )
    put(folder / "test.csv", table([["index", "title"], *([i, text + " 또"] for i, (text, _) in enumerate(KO[:30]))]))
    put(folder / "sample_submission.csv", table([["index", "topic_idx"], *([i, 0] for i in range(30))]))


@case("nsmc (ratings.txt beside its two parts)", [(KO[0][0], "1")], 108)
def _(folder: Path) -> None:
    rows = [[9976970 + i, text, BITS[label]] for i, (text, label) in enumerate(KO)]
    head = ["id", "document", "label"]
    put(folder / "ratings.txt", tsv([head, *rows]))
    put(folder / "ratings_train.txt", tsv([head, *rows[:80]]))
    put(folder / "ratings_test.txt", tsv([head, *rows[80:]]))
    put(folder / "README.md", "# movie reviews\n")


@case("nsmc with an empty review", [(KO[0][0], "1")], 107)
def _(folder: Path) -> str:
    rows = [[9976970 + i, "" if i == 50 else text, BITS[label]] for i, (text, label) in enumerate(KO)]
    put(folder / "ratings_train.txt", tsv([["id", "document", "label"], *rows]))
    return "ratings_train.txt"


@case("toxic comments (labels of test apart, -1 not scored)", [(EN[0][0], []), (EN[1][0], ["toxic", "insult"])], 98)
def _(folder: Path) -> None:
    names = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    flags = {"pos": [0, 0, 0, 0, 0, 0], "neg": [1, 0, 0, 0, 1, 0]}
    odd = {5: [1, 1, 1, 0, 1, 0], 9: [1, 0, 1, 1, 0, 1]}
    rows = [[f"{i:016x}", text, *odd.get(i, flags[label])] for i, (text, label) in enumerate(EN)]
    files = {
        "train.csv": [["id", "comment_text", *names], *rows[:80]],
        "test.csv": [["id", "comment_text"], *(row[:2] for row in rows[80:])],
        "test_labels.csv": [
            ["id", *names],
            *([row[0], *([-1] * 6 if i < 10 else row[2:])] for i, row in enumerate(rows[80:])),
        ],
        "sample_submission.csv": [["id", *names], *([row[0], *[0.5] * 6] for row in rows[80:])],
    }
    for name, content in files.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(name, table(content))


@case("banking77 (CSV and categories.json)", [(EN[0][0], "card_arrival")], 108)
def _(folder: Path) -> None:
    names = {"pos": "card_arrival", "neg": "lost_card"}
    rows = [[text, names[label]] for text, label in EN]
    put(folder / "train.csv", table([["text", "category"], *rows[:80]]))
    put(folder / "test.csv", table([["text", "category"], *rows[80:]]))
    put(folder / "categories.json", json.dumps(sorted(names.values())))


@case("clinc150 (lists of [text, label] by split)", [(EN[0][0], "travel"), (EN[1][0], "oos")], 108)
def _(folder: Path) -> str:
    rows = [[text, {"pos": "travel", "neg": "oos"}[label]] for text, label in EN]
    content = {
        "val": rows[:20],
        "train": [r for r in rows[20:80] if r[1] != "oos"],
        "test": rows[80:],
        "oos_train": [r for r in rows[20:80] if r[1] == "oos"],
    }
    put(folder / "data_full.json", json.dumps(content))
    return "data_full.json"


@case("tweet_eval (texts, labels and mapping in files of their own)", [(EN[0][0], "joy"), (EN[1][0], "anger")], 108)
def _(folder: Path) -> None:
    for split, part in (("train", EN[:70]), ("val", EN[70:88]), ("test", EN[88:])):
        put(folder / f"{split}_text.txt", lines(text for text, _ in part))
        put(folder / f"{split}_labels.txt", lines(BITS[label] for _, label in part))
    put(folder / "mapping.txt", "0\tanger\n1\tjoy\n")


@case("several data sets in one folder", refused="several data sets.*emotion, hate.*--dataset")
def _(folder: Path) -> None:
    for task in ("emotion", "hate"):
        for split, part in (("train", EN[:70]), ("test", EN[70:])):
            put(folder / f"{task}/{split}.csv", table([["text", "label"], *map(list, part)]))


@case("doccano (lists of one label)", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(
        folder / "all.jsonl",
        lines(
            json.dumps({"id": i, "text": text, "label": [label], "Comments": []}, ensure_ascii=False)
            for i, (text, label) in enumerate(KO)
        ),
    )
    return "all.jsonl"


@case("label studio", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    rows = [
        {
            "id": i,
            "annotations": [
                {
                    "id": i,
                    "result": [
                        {"value": {"choices": [label]}, "from_name": "s", "to_name": "text", "type": "choices"}
                    ],
                    "was_cancelled": False,
                }
            ],
            "data": {"text": text},
            "meta": {},
        }
        for i, (text, label) in enumerate(EN)
    ]
    put(folder / "project-1-at-2024.json", json.dumps(rows))
    return "project-1-at-2024.json"


@case("intents of a chat bot", [("hello there 3", "greeting")], 40)
def _(folder: Path) -> str:
    content = {
        "intents": [
            {"tag": tag, "patterns": [f"{word} there {i}" for i in range(20)], "responses": ["ok"]}
            for tag, word in (("greeting", "hello"), ("goodbye", "farewell"))
        ]
    }
    put(folder / "intents.json", json.dumps(content))
    return "intents.json"


def sheet(path: Path, *sheets: Sequence[Sequence[object]]) -> None:
    """Write the smallest xlsx that spreadsheets open, inline strings and numbers only."""
    space = "http://schemas.openxmlformats.org"
    main, office = f"{space}/spreadsheetml/2006/main", f"{space}/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats"
    kind = f"{kinds}-officedocument.spreadsheetml"
    links = f'<Relationships xmlns="{space}/package/2006/relationships">'
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{kinds}-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'{links}<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/_rels/workbook.xml.rels": links
        + "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
    }
    for n, rows in enumerate(sheets, start=1):
        cells = "".join(_sheet_row(number, row) for number, row in enumerate(rows, start=1))
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _sheet_row(number: int, row: Sequence[object]) -> str:
    made = "".join(
        f'<c r="{chr(65 + j)}{number}" t="inlineStr"><is><t>{cell.replace("&", "&amp;")}</t></is></c>'
        if isinstance(cell, str)
        else f'<c r="{chr(65 + j)}{number}"><v>{cell}</v></c>'
        for j, cell in enumerate(row)
    )
    return f'<row r="{number}">{made}</row>'


@case("excel", [(KO[0][0], "1"), (KO[1][0], "0")], 108)
def _(folder: Path) -> str:
    sheet(folder / "설문.xlsx", [["문장", "라벨"], *([text, BITS[label]] for text, label in KO)])
    return "설문.xlsx"


@case("csv.gz", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    (folder / "reviews.csv.gz").write_bytes(gzip.compress(table([["review", "sentiment"], *map(list, EN)]).encode()))
    return "reviews.csv.gz"


@case("jsonl.zst", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    content = lines(json.dumps({"text": text, "label": label}) for text, label in EN)
    with pa.output_stream(str(folder / "reviews.jsonl.zst"), compression="zstd") as out:
        out.write(content.encode())
    return "reviews.jsonl.zst"


@case("zip of one TSV under a folder", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    with zipfile.ZipFile(folder / "data.zip", "w") as archive:
        archive.writestr("data/train.tsv", tsv([["Phrase", "Sentiment"], *EN]))
        archive.writestr("__MACOSX/data/._train.tsv", b"\0\5")
    return "data.zip"


@case("semeval stance (of a target, which is none)", [(EN[0][0], "FAVOR"), (EN[1][0], "AGAINST")], 108)
def _(folder: Path) -> str:
    topics = ["Atheism", "Hillary", "Climate", "Feminism"]
    rows = [[i, topics[i % 4], text, {"pos": "FAVOR", "neg": "AGAINST"}[label]] for i, (text, label) in enumerate(EN)]
    put(folder / "trainingdata-all-annotations.txt", tsv([["ID", "Target", "Tweet", "Stance"], *rows]), "cp1252")
    return "trainingdata-all-annotations.txt"


@case("goemotions (headerless, ids with commas)", refused="several labels in one cell.*--label_separator")
def _(folder: Path) -> None:
    rows = [[text, "2" if label == "pos" else "0,1", f"ee{i:04x}"] for i, (text, label) in enumerate(EN)]
    for split, part in (("train", rows[:70]), ("dev", rows[70:88]), ("test", rows[88:])):
        put(folder / f"{split}.tsv", tsv(part))
    put(folder / "emotions.txt", lines(["anger", "fear", "joy"]))


@case("chnsenticorp (label, text_a)", [(ZH[0][0], "1")], 108)
def _(folder: Path) -> None:
    rows = flip(ZH, BITS)  # type: ignore[arg-type]
    put(folder / "train.tsv", tsv([["label", "text_a"], *rows[:80]]))
    put(folder / "dev.tsv", tsv([["qid", "label", "text_a"], *([i, *row] for i, row in enumerate(rows[80:]))]))


@case("chinese column names", [(ZH[0][0], "正面")], 108)
def _(folder: Path) -> str:
    names = {"pos": "正面", "neg": "负面"}
    put(
        folder / "评论.csv",
        table([["编号", "用户说的话", "情感"], *([i, text, names[label]] for i, (text, label) in enumerate(ZH))]),
        "gb18030",
    )
    return "评论.csv"


@case("japanese column names, shift_jis", [(JA[0][0], "好評")], 108)
def _(folder: Path) -> str:
    names = {"pos": "好評", "neg": "不評"}
    put(
        folder / "口コミ.csv",
        table([["口コミ本文", "評価区分"], *([text, names[label]] for text, label in JA)]),
        "shift_jis",
    )
    return "口コミ.csv"


@case("big5", [("這家酒店讓人從頭到尾都很開心，下次還會再來。", "1")], 60)
def _(folder: Path) -> str:
    rows = [["這家酒店讓人從頭到尾都很開心，下次還會再來。", 1], ["新買的水壺用了兩天就壞了，浪費我的錢。", 0]]
    rows += [[f"{text}第{i}次", label] for i in range(29) for text, label in rows[:2]]  # type: ignore[list-item]
    put(folder / "hotel.csv", table([["review", "label"], *rows]), "big5")
    return "hotel.csv"


@case("utf-16 with a mark", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.txt", tsv([["text", "label"], *KO]), "utf-16")
    return "rows.txt"


@case("utf-16 without a mark", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.csv", table([["text", "label"], *map(list, KO)]), "utf-16-le")
    return "rows.csv"


@case("cp949 off korean windows", [(KO[0][0], "긍정")], 108)
def _(folder: Path) -> str:
    names = {"pos": "긍정", "neg": "부정"}
    put(folder / "댓글.csv", table([["댓글", "감정"], *([text, names[label]] for text, label in KO)]), "cp949")
    return "댓글.csv"


@case("cp1250", [("Film był bardzo śmieszny i ciekawy 0", "1")], 60)
def _(folder: Path) -> str:
    rows = [
        [f"{text} {i}", label]
        for i in range(30)
        for text, label in (("Film był bardzo śmieszny i ciekawy", 1), ("Obsługa była zła, czekałem godzinę", 0))
    ]
    put(folder / "opinie.csv", table([["tekst", "label"], *rows]), "cp1250")
    return "opinie.csv"


def _orient(name: str, content: Any) -> None:
    @case(f"pandas orient={name}", [(EN[0][0], "pos")], 108)
    def _(folder: Path) -> str:
        put(folder / "frame.json", json.dumps(content))
        return "frame.json"


_orient(
    "columns",
    {
        "text": {str(i): text for i, (text, _) in enumerate(EN)},
        "label": {str(i): label for i, (_, label) in enumerate(EN)},
    },
)
_orient("index", {str(i): {"text": text, "label": label} for i, (text, label) in enumerate(EN)})
_orient("split", {"columns": ["text", "label"], "index": list(range(108)), "data": [list(row) for row in EN]})
_orient("values", [list(row) for row in EN])
_orient(
    "table",
    {
        "schema": {"fields": [{"name": "text"}]},
        "data": [{"index": i, "text": text, "label": label} for i, (text, label) in enumerate(EN)],
    },
)
_orient("list", {"text": [text for text, _ in EN], "label": [label for _, label in EN]})


@case("texts by class in JSON", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(
        folder / "by_class.json",
        json.dumps({label: [text for text, each in EN if each == label] for label in ("pos", "neg")}),
    )
    return "by_class.json"


@case("snli (JSON Lines beside the same rows as text)", [(EN[0][0], "entailment")], 108)
def _(folder: Path) -> None:
    for split, part in (("train", EN[:80]), ("dev", EN[80:90]), ("test", EN[90:])):
        rows = [
            {
                "gold_label": {"pos": "entailment", "neg": "contradiction"}[label],
                "sentence1": text,
                "sentence2": f"Somebody says: {text}",
                "captionID": f"{i}.jpg#1",
                "pairID": f"{i}e",
            }
            for i, (text, label) in enumerate(part)
        ]
        put(folder / f"snli_1.0_{split}.jsonl", lines(map(json.dumps, rows)))
        put(folder / f"snli_1.0_{split}.txt", tsv([list(rows[0]), *(list(row.values()) for row in rows)]))
    put(folder / "README.txt", "Pairs.\n")


@case("headline, short description and more", [(NEWS[0][0], "World")], 96)
def _(folder: Path) -> str:
    rows = [
        {
            "link": f"https://example.org/{i}",
            "headline": title,
            "category": topic,
            "short_description": body,
            "authors": f"Ann{i} Lee",
            "date": f"2022-09-{i % 28 + 1:02}",
        }
        for i, (title, body, topic) in enumerate(NEWS)
    ]
    put(folder / "News_Category_Dataset_v3.json", lines(map(json.dumps, rows)))
    return "News_Category_Dataset_v3.json"


@case("sep=; and semicolons", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(folder / "excel.csv", "sep=;\n" + table([["text", "label"], *map(list, KO)], ";"))
    return "excel.csv"


@case("a space behind the comma", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    doubled = [(text.replace('"', '""'), label) for text, label in EN]
    put(folder / "spaced.csv", lines(['"text", "label"', *(f'"{text}", "{label}"' for text, label in doubled)]))
    return "spaced.csv"


@case("quotes escaped with backslashes", [('He said "no, never" 3 times', "neg")], 108)
def _(folder: Path) -> str:
    rows = [f'"He said \\"no, never\\" {i} times","{("pos", "neg")[i % 2]}"' for i in range(108)]
    put(folder / "escaped.csv", lines(["text,label", *rows]))
    return "escaped.csv"


@case("stray quotes that pair in a TSV", [('"Quoted at the start', "pos"), ('and at the end"', "neg")], 110)
def _(folder: Path) -> str:
    rows = [list(row) for row in EN if '"' not in row[0]]
    rows += [list(row) for row in KO][: 108 - len(rows)]
    rows[40:40] = [['"Quoted at the start', "pos"], ['and at the end"', "neg"]]
    put(folder / "stray.tsv", tsv([["text", "label"], *[[text, label] for text, label in rows]]))
    return "stray.tsv"


@case("stray quotes that pair in a CSV", refused="quotes join 2 lines.*--quotes plain")
def _(folder: Path) -> str:
    rows = table([["text", "label"], *map(list, EN)]).splitlines()
    rows[40:40] = ['"quoted at the start,pos', 'and at the end",neg']
    put(folder / "stray.csv", lines(rows))
    return "stray.csv"


@case("quoted texts of several lines", [("Dear all, hi\nbye", "pos")], 109)
def _(folder: Path) -> str:
    put(folder / "letters.csv", table([["text", "label"], ["Dear all, hi\nbye", "pos"], *map(list, EN)]))
    return "letters.csv"


@case("names with numbers from pandas", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(folder / "frame.csv", table([["", "0", "1"], *([i, *row] for i, row in enumerate(EN))]))
    return "frame.csv"


@case("label beside label_text", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> str:
    put(
        folder / "train.jsonl",
        lines(
            json.dumps(
                {"text": text, "label": BITS[label], "label_text": {"pos": "positive", "neg": "negative"}[label]}
            )
            for text, label in EN
        ),
    )
    return "train.jsonl"


@case("seq.in, seq.out and label", [(EN[0][0], "PlayMusic")], 108)
def _(folder: Path) -> None:
    for split, part in (("train", EN[:80]), ("valid", EN[80:90]), ("test", EN[90:])):
        put(folder / f"{split}/seq.in", lines(text for text, _ in part))
        put(folder / f"{split}/seq.out", lines(" ".join("O" for _ in text.split()) for text, _ in part))
        put(folder / f"{split}/label", lines({"pos": "PlayMusic", "neg": "GetWeather"}[label] for _, label in part))


@case("texts without labels", refused="holds texts without labels.*--dataset")
def _(folder: Path) -> str:
    put(folder / "corpus.txt", lines(text for text, _ in EN))
    return "corpus.txt"


@case("XML", refused="XML, which is not read.*pandas.read_xml")
def _(folder: Path) -> str:
    rows = "".join(f"<review stars='{BITS[b]}'><text>{a}</text><label>{b}</label></review>" for a, b in KO)
    put(folder / "reviews.xml", f"<?xml version='1.0'?><reviews>{rows}</reviews>")
    return "reviews.xml"


@case("financial phrasebank (text@label)", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> str:
    put(folder / "Sentences_50Agree.txt", lines(f"{a} @{'positive' if b == 'pos' else 'negative'}" for a, b in EN))
    return "Sentences_50Agree.txt"


@case("toutiao (cells between _!_)", [(ZH[0][0], "news_pos")], 108)
def _(folder: Path) -> str:
    rows = [f"65{i:05}_!_{100 + BITS[b]}_!_news_{b}_!_{a}_!_词,好" for i, (a, b) in enumerate(ZH)]
    put(folder / "toutiao_cat_data.txt", lines(rows))
    return "toutiao_cat_data.txt"


@case("thucnews (headerless, class.txt, other files)", [(ZH[0][0], "正面")], 108)
def _(folder: Path) -> None:
    for split, part in (("train", ZH[:80]), ("dev", ZH[80:94]), ("test", ZH[94:])):
        put(folder / f"{split}.txt", tsv([[text, BITS[label]] for text, label in part]))
    put(folder / "class.txt", lines(["负面", "正面"]))
    put(folder / "vocab.pkl", b"\x80\x03")


@case("a part of train beside the whole of it", refused="train.csv, train_5.csv, which could be parts or versions")
def _(folder: Path) -> None:
    put(folder / "train.csv", table([["text", "category"], *map(list, EN)]))
    put(folder / "train_5.csv", table([["text", "category"], *map(list, EN[:10])]))


@case("quora pairs", [(EN[0][0], "1")], 108)
def _(folder: Path) -> str:
    head = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
    rows = [[i, 2 * i, 2 * i + 1, text, f"{text} Really?", BITS[label]] for i, (text, label) in enumerate(EN)]
    put(folder / "train.tsv", tsv([head, *rows]))
    return "train.tsv"
