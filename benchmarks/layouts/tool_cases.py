"""Still more of the table of cases: what tools and columnar stores write, and what only looks like labelled texts."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from benchmarks.layouts.cases import BITS, EN, KO, NEWS, case, lines, put, sheet, table

WORDS = "ABCDE"


def _objects(rows: Sequence[dict[str, Any]]) -> str:
    return lines(json.dumps(row, ensure_ascii=False) for row in rows)


@case("text and label in one struct of Parquet, a null among them", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows: list[Any] = [{"body": {"text": a, "meta": {"page": i}}, "label": b} for i, (a, b) in enumerate(KO)]
    pq.write_table(pa.table({"id": range(108), "record": rows}), folder / "rows.parquet")
    return "rows.parquet"


@case("names that datasets declared within a struct", [(EN[0][0], "fine"), (EN[1][0], "poor")], 108)
def _(folder: Path) -> str:
    inner = {"text": datasets.Value("string"), "verdict": datasets.ClassLabel(names=["fine", "poor"])}
    rows = [{"text": a, "verdict": int(b == "neg")} for a, b in EN]
    features = datasets.Features({"item": inner})  # type: ignore[dict-item] # datasets types no nesting
    datasets.Dataset.from_dict({"item": rows}, features=features).to_parquet(folder / "rows.parquet")
    return "rows.parquet"


@case("texts in bytes, categories of bytes (Impala, Spark)", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    labels = pa.array([b.encode() for _, b in KO]).dictionary_encode()
    pq.write_table(pa.table({"comment": [a.encode() for a, _ in KO], "label": labels}), folder / "part-0.parquet")
    return "part-0.parquet"


@case("ORC", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    orc.write_table(pa.table({"text": [a for a, _ in KO], "label": [b for _, b in KO]}), folder / "rows.orc")
    return "rows.orc"


@case("several columns of one name (a tracker's export)", refused="Kind, Priority.*--label_columns")
def _(folder: Path) -> str:
    rows = [
        [a, ("Bug", "Task")[i % 2], ("Major", "Minor")[i // 2 % 2], c, "web", ""] for i, (a, c, _) in enumerate(NEWS)
    ]
    put(folder / "issues.csv", table([["Title", "Kind", "Priority", "Description", "Labels", "Labels"], *rows]))
    return "issues.csv"


@case("a sheet in which two columns have one name", [(KO[0][0], "긍정")], 108)
def _(folder: Path) -> str:
    rows = [[a, "", "", {"pos": "긍정", "neg": "부정"}[b]] for a, b in KO]
    sheet(folder / "의견.xlsx", [["의견", "비고", "비고", "분류"], *rows])
    return "의견.xlsx"


@case("labels that are objects with names", [(EN[0][0], ["bug", "web"]), (EN[1][0], ["bug"])], 108)
def _(folder: Path) -> str:
    named = {"pos": [{"id": 7, "name": "bug"}, {"id": 8, "name": "web"}], "neg": [{"id": 7, "name": "bug"}]}
    rows = [{"number": i, "body": a, "user": {"login": "u"}, "labels": named[b]} for i, (a, b) in enumerate(EN)]
    put(folder / "issues.json", json.dumps(rows, ensure_ascii=False))
    return "issues.json"


@case("classifications of an annotation tool", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [{"content": a, "example_id": f"e{i}", "annotations": [], "classifications": [{"classname": b}]}
            for i, (a, b) in enumerate(KO)]  # fmt: skip
    put(folder / "export.json", json.dumps({"examples": rows, "relations": []}, ensure_ascii=False))
    return "export.json"


@case("several choices as JSON beside single ones as words", [(EN[0][0], ["Late", "Rude"]), (EN[1][0], ["Late"])], 108)
def _(folder: Path) -> str:
    both = json.dumps({"choices": ["Late", "Rude"]})
    rows = [[i, both if b == "pos" else "Late", a] for i, (a, b) in enumerate(EN)]
    put(folder / "project.csv", table([["annotation_id", "complaint", "text"], *rows]))
    return "project.csv"


@case("an object among names", refused=r"holds objects \(\{\"rating\": 4\}\)")
def _(folder: Path) -> str:
    rows = [[a, json.dumps({"rating": 4}) if i == 9 else b] for i, (a, b) in enumerate(EN)]
    put(folder / "rows.csv", table([["text", "label"], *rows]))
    return "rows.csv"


@case("lists of words and one label", [(EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.jsonl", _objects([{"id": i, "tokens": a.split(" "), "kind": b} for i, (a, b) in enumerate(EN)]))
    return "rows.jsonl"


@case("lists of words with a label each", refused="words in 'tokens' have a label each, in 'tags'.*a row a text")
def _(folder: Path) -> str:
    rows = [{"tokens": a.split(), "tags": [i % 3] * len(a.split())} for i, (a, _) in enumerate(EN)]
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    return "rows.parquet"


@case("labels of parts of texts", refused="'label' labels parts of texts.*a row a text")
def _(folder: Path) -> str:
    put(folder / "all.jsonl", _objects([{"id": i, "text": a, "label": [[0, 3, "X"]]} for i, (a, _) in enumerate(EN)]))
    return "all.jsonl"


@case("questions with choices", refused="question.choices: these look like the options.*--label_columns answerKey")
def _(folder: Path) -> str:
    rows = [
        {"answerKey": WORDS[i % 5], "question": {"stem": a, "choices": [{"label": w, "text": w * 3} for w in WORDS]}}
        for i, (a, _) in enumerate(EN)
    ]
    put(folder / "rows.jsonl", _objects(rows))
    return "rows.jsonl"


@case("endings to choose from, a column each", refused="ending0, ending1.*--label_columns label")
def _(folder: Path) -> str:
    rows = [[a, f"It ended {i}.", f"It never ended {i}.", i % 2] for i, (a, _) in enumerate(EN)]
    put(folder / "rows.csv", table([["context", "ending0", "ending1", "label"], *rows]))
    return "rows.csv"


@case("numbered features", refused="numbered features.*a row a text")
def _(folder: Path) -> str:
    put(folder / "train.svm", lines(f"{BITS[b]} 3:0.{i} 17:1.5e-3 {20 + i}:1" for i, (_, b) in enumerate(EN)))
    return "train.svm"


@case("a page of HTML under a spreadsheet's name", refused="HTML, which is not read.*read_html")
def _(folder: Path) -> str:
    cells = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in EN)
    put(folder / "report.xls", f"<html><body><table><tr><th>Text</th><th>Class</th></tr>{cells}</table></body></html>")
    return "report.xls"


@case("intents in markdown", refused="Markdown, which is not read.*python -c")
def _(folder: Path) -> str:
    parts = [f"## intent:{k}\n" + "".join(f"- {a}\n" for a, b in EN if b == k) for k in ("pos", "neg")]
    put(folder / "nlu.md", "\n".join([*parts, "## synonym:kettle\n- pot\n"]))
    return "nlu.md"


@case("a table in markdown", [(EN[0][0], "pos"), (EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.md", lines(["| text | label |", "| --- | :-: |", *(f"| {a} | {b} |" for a, b in EN)]))
    return "rows.md"


@case("psql's output", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [f" {i:3} | {a} | {b}" for i, (a, b) in enumerate(KO)]
    put(folder / "rows.txt", lines(["  id | 문장 | 라벨 ", "-----+------+------", *rows, "(108 rows)"]))
    return "rows.txt"


@case("mysql's output", [(EN[0][0], "pos"), (EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rule = "+----------------------+-------+"
    put(folder / "rows.out.txt", lines([rule, "| text | label |", rule, *(f"| {a} | {b} |" for a, b in EN), rule]))
    return "rows.out.txt"


@case("intents in files of their own (SNIPS), the whole beside a part", [("play some jazz 3 now", "Play")], 60)
def _(folder: Path) -> None:
    for intent, words in (("Play", "play some jazz"), ("Book", "book a table")):
        rows = [
            {"data": [{"text": f"{words} "}, {"text": str(i), "entity": "n"}, {"text": " now"}]} for i in range(25)
        ]
        put(folder / f"{intent}/train_{intent}_full.json", json.dumps({intent: rows}))
        put(folder / f"{intent}/train_{intent}.json", json.dumps({intent: rows[:5]}))
        again = [{"data": [{"text": f"{words} {i} please"}]} for i in range(5)]
        put(folder / f"{intent}/validate_{intent}.json", json.dumps({intent: again}))


@case("what users say by intent (Dialogflow)", [("예약해 주세요 3", "예약"), ("취소해 주세요 4", "취소")], 40)
def _(folder: Path) -> None:
    for intent in ("예약", "취소"):
        says = [
            {
                "id": f"{i}",
                "data": [{"text": f"{intent}해 주세요 "}, {"text": f"{i}", "meta": "@sys.number"}],
                "count": 0,
            }
            for i in range(20)
        ]
        put(folder / f"intents/{intent}_usersays_ko.json", json.dumps(says, ensure_ascii=False))
        put(folder / f"intents/{intent}.json", json.dumps({"id": intent, "name": intent, "auto": True}))
    put(folder / "agent.json", json.dumps({"language": "ko"}))
    put(folder / "entities/n_entries_ko.json", json.dumps([{"value": "1", "synonyms": ["1"]}]))


def _argilla(i: int, label: str) -> list[tuple[str, str]]:
    """Return what three people answer, with the state of each answer: most of those that count say `label`."""
    other = {"pos": "neg", "neg": "pos"}[label]
    return [(label, "submitted"), (label if i % 2 else other, "submitted"), (label, "submitted"), (other, "draft")]


@case("argilla, persons with answers", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [
        {
            "fields": {"text": a},
            "responses": [
                {"user_id": f"u{n}", "values": {"mood": {"value": value}}, "status": status}
                for n, (value, status) in enumerate(_argilla(i, b))
            ],
            "suggestions": [{"question_name": "mood", "value": "pos", "score": 0.4}],
        }
        for i, (a, b) in enumerate(KO)
    ]
    put(folder / "records.json", json.dumps(rows, ensure_ascii=False))
    return "records.json"


@case("argilla, questions with answers", [(EN[0][0], ["late", "rude"]), (EN[1][0], ["late"])], 108)
def _(folder: Path) -> str:
    rows = [
        {
            "id": f"r{i}",
            "status": "completed",
            "fields": {"text": a},
            "responses": {"why": [{"value": ["late", "rude"] if b == "pos" else ["late"], "user_id": "u1"}]},
            "suggestions": {"why": {"value": ["rude"], "score": [0.7], "agent": "m"}},
        }
        for i, (a, b) in enumerate(EN)
    ]
    put(folder / "records.jsonl", lines(map(json.dumps, rows)))
    return "records.jsonl"


@case("argilla, answers and their states in columns", [(EN[0][0], "pos"), (EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [
        {
            "text": a,
            "mood.responses": [value for value, _ in _argilla(i, b)],
            "mood.responses.status": [status for _, status in _argilla(i, b)],
            "mood.responses.users": ["u1", "u2", "u3", "u4"],
            "mood.suggestion": "pos",
        }
        for i, (a, b) in enumerate(EN)
    ]
    put(folder / "records.jsonl", lines(map(json.dumps, rows)))
    return "records.jsonl"


@case("argilla, a list of answers in each row", [(EN[0][0], "pos"), (EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [
        {
            "text": a,
            "mood": [{"user_id": f"u{n}", "value": v, "status": s} for n, (v, s) in enumerate(_argilla(i, b))],
            "mood-suggestion": "pos",
            "external_id": f"r{i}",
        }
        for i, (a, b) in enumerate(EN)
    ]
    put(folder / "records.json", json.dumps(rows))
    return "records.json"


@case("a file of x beside one of what is not x", [(EN[0][0], "clickbait"), (EN[1][0], "non_clickbait")], 108)
def _(folder: Path) -> None:
    for name, kind in (("clickbait_data.txt", "pos"), ("non_clickbait_data.txt", "neg")):
        put(folder / name, lines(a for a, b in EN if b == kind))


@case("classes of several sources, a file each", [(NEWS[0][0], "fake"), (NEWS[40][0], "real")], 96)
def _(folder: Path) -> None:
    for part, name in enumerate(("politics_fake", "politics_real", "gossip_fake", "gossip_real")):
        rows = [[f"{name}{i}", f"https://a.example/{i}", a] for i, (a, *_) in enumerate(NEWS[part * 24 :][:24])]
        put(folder / f"{name}.csv", table([["id", "news_url", "title"], *rows]))


@case("labels of words below -DOCSTART- lines", refused="a word a line with a tag for each.*a row a text")
def _(folder: Path) -> str:
    sentence = "The DT B-NP O\nkettle NN I-NP B-THING\nbroke VBD B-VP O\n\n"
    put(folder / "train.conll", ("-DOCSTART- -X- O O\n\n" + sentence) * 20)
    return "train.conll"


@case(
    "classes in a table with names above it, beside the rows", [(NEWS[0][1], "World"), (NEWS[3][1], "Sci, Tech")], 96
)
def _(folder: Path) -> None:
    topics = ["World", "Sports", "Business", "Sci/Tech"]
    rows = [[topics.index(topic) + 1, body] for _, body, topic in NEWS]
    put(folder / "abstracts_train.csv", table([["topic_label", "abstract"], *rows[:70]]))
    put(folder / "abstracts_test.csv", table([["topic_label", "abstract"], *rows[70:]]))
    names = [[number, name.replace("/", ", ")] for number, name in enumerate(topics, start=1)]
    put(folder / "abstracts_labels.csv", table([["topic_label", "topic_name"], *names]))


@case("tags with a space between them", refused="several labels in one cell.*--label_separator ' '")
def _(folder: Path) -> str:
    tags = ("c#", "c# .net", "python pandas", "java", "python")
    put(folder / "q.csv", table([["Title", "Tags"], *([a, tags[i % 5]] for i, (a, *_) in enumerate(NEWS))]))
    return "q.csv"


@case("category words in CP949 among English texts", [(NEWS[0][0], "교통"), (NEWS[1][0], "체육")], 96)
def _(folder: Path) -> str:
    kinds = {"World": "교통", "Sports": "체육", "Business": "세금", "Sci/Tech": "환경"}
    desks = ("교통과", "총무과", "세무과", "환경과", "주택과")
    rows = [[i + 1, kinds[c], a, b, desks[i * 7 % 5], f"2023-05-{i % 28 + 1:02}"] for i, (a, b, c) in enumerate(NEWS)]
    head = ["번호", "민원분류", "제목", "내용", "처리부서", "등록일"]
    put(folder / "민원.csv", table([head, *rows]), "cp949")
    return "민원.csv"


@case("stata", refused="Stata file, which is not read.*read_stata")
def _(folder: Path) -> str:
    import pandas

    pandas.DataFrame({"text": [a for a, _ in EN], "label": [b for _, b in EN]}).to_stata(
        folder / "survey.dta", write_index=False, version=118
    )
    return "survey.dta"


@case("sqlite", refused="SQLite database, which is not read.*select \\* from reviews.*it holds makers too")
def _(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("create table makers (name)")
        database.execute("create table reviews (text, label)")
        database.executemany("insert into reviews values (?, ?)", KO)
    return "shop.db"


@case("a list of rows in yaml", refused="YAML, which is not read.*if it is a list of rows.*yaml.safe_load")
def _(folder: Path) -> str:
    put(folder / "rows.yaml", "".join(f'- text: "{a}"\n  label: {b}\n' for a, b in KO))
    return "rows.yaml"


@case("string views in large lists (polars)", [(KO[0][0], ["가", "나"]), (KO[1][0], ["가"])], 108)
def _(folder: Path) -> str:
    tags = pa.array([["가", "나"][: 1 + (b == "pos")] for _, b in KO], pa.large_list(pa.string_view()))
    pq.write_table(
        pa.table({"text": pa.array([a for a, _ in KO], pa.string_view()), "tags": tags}), folder / "df.parquet"
    )
    return "df.parquet"


@case("a selected part of each text beside it", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    rows = [[i, a, " ".join(a.split()[1:3]), b] for i, (a, b) in enumerate(EN)]
    put(folder / "train.csv", table([["textID", "text", "selected_text", "sentiment"], *rows]))
    return "train.csv"


@case("a label as an object of name and id", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.jsonl", _objects([{"document": a, "label": {"id": BITS[b], "name": b}} for a, b in KO]))
    return "rows.jsonl"


@case("objects of several lines, one behind the other", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.jsonl", "\n".join(json.dumps({"text": a, "label": b}, indent=2) for a, b in KO))
    return "rows.jsonl"


@case("rows within the objects of a service's answer", [(KO[0][0], "교통과")], 108)
def _(folder: Path) -> str:
    items = [{"no": i, "content": a, "dept": ("교통과", "보건과")[b == "neg"]} for i, (a, b) in enumerate(KO)]
    answer = {"header": {"code": "00", "message": "OK"}, "body": {"items": items, "totalCount": 108}}
    put(folder / "answer.json", json.dumps({"response": answer}, ensure_ascii=False))
    return "answer.json"


@case("a JSON file a document", [(NEWS[0][1], NEWS[0][2]), (NEWS[5][1], NEWS[5][2])], 96)
def _(folder: Path) -> None:
    for i, (_, body, topic) in enumerate(NEWS):
        put(folder / f"doc_{i:05}.json", json.dumps({"id": f"D{i}", "text": body, "topic": topic}, indent=1))


@case("rows as python writes dictionaries", refused="as Python writes dictionaries.*python -c")
def _(folder: Path) -> str:
    put(
        folder / "reviews.json",
        lines(repr({"asin": f"B{i}", "reviewText": a, "label": b}) for i, (a, b) in enumerate(EN)),
    )
    return "reviews.json"


@case("a title and comments above the table", [(KO[0][0], "긍정"), (KO[1][0], "부정")], 108)
def _(folder: Path) -> str:
    rows = [[i, a, {"pos": "긍정", "neg": "부정"}[b]] for i, (a, b) in enumerate(KO)]
    put(
        folder / "voc.csv",
        "# 2024-05-01\n2024년 고객의 소리,,\n\n" + table([["번호", "내용", "구분"], *rows]),
        "cp949",
    )
    return "voc.csv"


@case("one line of names that begins with #", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.tsv", "#sentence\tlabel\n" + lines(f"{a}\t{b}" for a, b in EN))
    return "rows.tsv"


@case("lines that are a quoted cell each (CSV saved as CSV again)", [(EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    again = [[line] for line in table([["text", "label"], *EN]).splitlines()]
    put(folder / "again.csv", table(again, quoting=csv.QUOTE_ALL))
    return "again.csv"


@case("sheets of equal columns, a year each", [(KO[0][0], "칭찬"), (KO[107][0], "불만")], 108)
def _(folder: Path) -> str:
    rows = [[a, {"pos": "칭찬", "neg": "불만"}[b]] for a, b in KO]
    sheet(folder / "voc.xlsx", [["의견", "유형"], *rows[:50]], [["의견", "유형"], *rows[50:]])
    return "voc.xlsx"


@case("a survey's questions and ids below its names", [(EN[0][0], "Desk"), (EN[1][0], "Phone")], 108)
def _(folder: Path) -> str:
    ids = [json.dumps({"ImportId": name}) for name in ("startDate", "QID1_TEXT", "QID2")]
    rows = [[f"2023-04-01 10:00:{i % 60:02}", a, ("Desk", "Phone")[b == "neg"]] for i, (a, b) in enumerate(EN)]
    questions = ["Start Date", "Please describe\nyour visit.", "How did you reach us?"]
    put(folder / "survey.csv", table([["StartDate", "Q1", "Q2"], questions, ids, *rows]))
    return "survey.csv"


@case("stars in label studio", [(KO[0][0], "5"), (KO[1][0], "1")], 108)
def _(folder: Path) -> str:
    def task(text: str, stars: int) -> dict[str, Any]:
        result = [{"type": "rating", "from_name": "stars", "value": {"rating": stars}}]
        return {"data": {"text": text}, "annotations": [{"result": result, "was_cancelled": False}]}

    put(folder / "project.json", json.dumps([task(a, 5 if b == "pos" else 1) for a, b in KO], ensure_ascii=False))
    return "project.json"


@case("a title and its plot_synopsis", [(NEWS[0][0], NEWS[0][2])], 96)
def _(folder: Path) -> str:
    put(
        folder / "films.csv",
        table([["film", "title", "plot_synopsis", "genre"], *([i, *x] for i, x in enumerate(NEWS))]),
    )
    return "films.csv"


@case("korean goods with stars", [(KO[0][0], "5")], 108)
def _(folder: Path) -> str:
    rows = [[("청소기", "책상", "주전자")[i % 3], 5 if b == "pos" else 1 + i % 4, a] for i, (a, b) in enumerate(KO)]
    put(folder / "후기.csv", table([["상품명", "평점", "리뷰"], *rows]), "cp949")
    return "후기.csv"


@case("documents of a kind that is not read", refused=r"no data files.*found 20 \.pdf")
def _(folder: Path) -> None:
    for i in range(20):
        put(folder / ("nda", "lease")[i % 2] / f"c{i}.pdf", b"%PDF-1.4")


@case("texts and what is known of them in folders of their own", [(KO[0][0], "긍정"), (KO[107][0], "부정")], 108)
def _(folder: Path) -> None:
    for i, (a, b) in enumerate(KO):
        split, name = ("1.Training", i) if i < 79 else ("2.Validation", i - 79)  # both count from 0
        known = {"id": name, "info": {"polarity": {"pos": "긍정", "neg": "부정"}[b], "annotator": "A1"}}
        put(folder / split / "원천데이터" / f"{name:04}.txt", a)
        put(folder / split / "라벨링데이터" / f"{name:04}.json", json.dumps(known, ensure_ascii=False))


@case("texts of equal names in two splits, JSON beside each", [(EN[0][0], "pos"), (EN[81][0], "neg")], 108)
def _(folder: Path) -> None:
    for i, (a, b) in enumerate(EN):
        split, name = ("train", i) if i < 79 else ("test", i - 79)
        put(folder / split / f"{name:04}.txt", a)
        put(folder / split / f"{name:04}.json", json.dumps({"verdict": b}))
