"""More of the table of cases: look-alikes of data as papers, contests, forms, spreadsheets and tools give it."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.layouts.cases import BITS, CASES, EN, KO, NEWS, ZH, case, lines, put, sheet, table, tsv

PUBLIC = len(CASES)  # the first of these in the table
SUBJECTS = ("cs.CL cs.LG", "cs.CL", "cs.LG stat.ML", "stat.ML", "cs.LG", "cs.CV cs.LG", "cs.CV")
MOODS = {"pos": "positive", "neg": "negative"}


def _objects(rows: Sequence[dict[str, Any]]) -> str:
    return lines(json.dumps(row, ensure_ascii=False) for row in rows)


@case("counts of votes beside the class", [(EN[0][0], "2"), (EN[1][0], "0")], 108)
def _(folder: Path) -> str:
    rows = [
        [
            i,
            3 + i % 4,
            *((0, 0, 3 + i % 4) if label == "pos" else (2 + i % 4, 1, 0)),
            {"pos": 2, "neg": 0}[label],
            text,
        ]
        for i, (text, label) in enumerate(EN)
    ]
    head = ["", "count", "hate_speech", "offensive_language", "neither", "class", "tweet"]
    put(folder / "labeled_data.csv", table([head, *rows]))
    return "labeled_data.csv"


@case("cola (headerless, a source, a mark, two dev files)", [(EN[0][0], "1"), (EN[1][0], "0")], 108)
def _(folder: Path) -> None:
    rows = [[("gj04", "cj99", "r-67")[i % 3], BITS[b], "" if b == "pos" else "*", a] for i, (a, b) in enumerate(EN)]
    put(folder / "cola_public/raw/in_domain_train.tsv", tsv(rows[:80]))
    put(folder / "cola_public/raw/in_domain_dev.tsv", tsv(rows[80:]))
    put(folder / "cola_public/README", "Sentences of linguists.\n")


@case("cola train file alone", [(EN[0][0], "1"), (EN[1][0], "0")], 108)
def _(folder: Path) -> str:
    rows = [[("gj04", "cj99", "r-67")[i % 3], BITS[b], "" if b == "pos" else "*", a] for i, (a, b) in enumerate(EN)]
    put(folder / "train.tsv", tsv(rows))
    return "train.tsv"


@case("olid (three questions, NULL where not asked)", [(EN[0][0], "NOT"), (EN[1][0], "OFF")], 108)
def _(folder: Path) -> str:
    rows = [
        [
            86426 + i,
            text,
            *(
                ("NOT", "NULL", "NULL")
                if b == "pos"
                else ("OFF", ("UNT", "TIN")[i % 3 > 0], ("IND", "GRP")[i % 5 > 2])
            ),
        ]
        for i, (text, b) in enumerate(EN)
    ]
    put(folder / "olid-training-v1.0.tsv", tsv([["id", "tweet", "subtask_a", "subtask_b", "subtask_c"], *rows]))
    return "olid-training-v1.0.tsv"


@case("unquoted commas in the last column", [("well, so it goes, they say 7 times", "1")], 108)
def _(folder: Path) -> str:
    rows = [f"{i % 2},well{', so it goes' * (i % 3 > 0)}, they say {i} times" for i in range(108)]
    put(folder / "rows.csv", lines(["label,text", *rows]))
    return "rows.csv"


@case("korean hate speech (labelled, without labels, titles)", refused=r"--label_columns")
def _(folder: Path) -> None:
    rows = [[text, str(i % 3 == 0), ("none", "gender", "others")[i % 3], {"pos": "none", "neg": "hate"}[b]]
            for i, (text, b) in enumerate(KO)]  # fmt: skip
    head = ["comments", "contain_gender_bias", "bias", "hate"]
    put(folder / "labeled/train.tsv", tsv([head, *rows[:80]]))
    put(folder / "labeled/dev.tsv", tsv([head, *rows[80:]]))
    put(folder / "labeled/test.no_label.tsv", tsv([head[:1], *(row[:1] for row in rows[:20])]))
    put(folder / "news_title/train.news_title.txt", lines(f"제목 {i}번 소식" for i in range(80)))
    put(folder / "news_title/dev.news_title.txt", lines(f"제목 {i}번 소식" for i in range(28)))
    put(folder / "unlabeled/unlabeled_comments_1.txt", lines(f"댓글 {i}번째입니다" for i in range(50)))
    put(folder / "README.md", "# comments\n")


@case("ai-hub talks (nested objects)", [(KO[0][0], "E60"), (KO[1][0], "E18")], 108)
def _(folder: Path) -> str:
    rows = [
        {"profile": {"persona-id": f"Pro_{i:05}", "emotion": {"type": {"pos": "E60", "neg": "E18"}[b]}},
         "talk": {"id": {"talk-id": f"T{i}"}, "content": {"HS01": a, "SS01": "그렇군요.", "HS02": "네.", "SS02": ""}}}
        for i, (a, b) in enumerate(KO)
    ]  # fmt: skip
    put(folder / "감성대화말뭉치_Training.json", json.dumps(rows, ensure_ascii=False), "utf-8-sig")
    return "감성대화말뭉치_Training.json"


@case("ai-hub documents under info", [(KO[0][0], "긍정")], 108)
def _(folder: Path) -> str:
    rows = [{"id": f"D{i}", "text": a, "label": {"pos": "긍정", "neg": "부정"}[b]} for i, (a, b) in enumerate(KO)]
    content = {"info": {"name": "말뭉치", "year": "2021"}, "documents": rows}
    put(folder / "corpus.json", json.dumps(content, ensure_ascii=False))
    return "corpus.json"


@case("airline tweets (fifteen columns)", [(EN[0][0], "positive"), (EN[1][0], "negative")], 108)
def _(folder: Path) -> str:
    head = ["tweet_id", "airline_sentiment", "airline_sentiment_confidence", "negativereason",
            "negativereason_confidence", "airline", "airline_sentiment_gold", "name", "negativereason_gold",
            "retweet_count", "text", "tweet_coord", "tweet_created", "tweet_location", "user_timezone"]  # fmt: skip
    rows = [
        [570306133677760513 + i, MOODS[b], 1.0 - i % 3 / 10, "" if b == "pos" else ("Late", "Rude")[i % 4 // 2],
         "" if b == "pos" else 0.7, ("Delta", "United", "Southwest")[i % 3], "", f"cairdin{i}", "", 0, a, "",
         "2015-02-24 11:35:52 -0800", "", "Eastern Time (US & Canada)"]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "Tweets.csv", table([head, *rows]))
    return "Tweets.csv"


@case("fine foods (Score, Summary, Text)", [(EN[0][0], "5")], 108)
def _(folder: Path) -> str:
    head = ["Id", "ProductId", "UserId", "ProfileName", "HelpfulnessNumerator", "HelpfulnessDenominator", "Score",
            "Time", "Summary", "Text"]  # fmt: skip
    rows = [
        [i + 1, f"B00{i % 9}E4KFG0", f"A3SGXH7AUHU8GW{i}", f"del{i}", i % 3, i % 5, 5 if b == "pos" else 1,
         1303862400 + 86400 * i, f"A summary of {i} words", a]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "Reviews.csv", table([head, *rows]))
    return "Reviews.csv"


@case("clothing reviews (stars, a recommendation and departments)", [("Nice piece number 1", "2")], 108)
def _(folder: Path) -> str:
    head = ["", "Clothing ID", "Age", "Title", "Review Text", "Rating", "Recommended IND", "Positive Feedback Count",
            "Division Name", "Department Name", "Class Name"]  # fmt: skip
    rows = [
        [i, 767 + i % 30, 30 + i % 40, f"Nice piece number {i}" if i % 4 else "", a,
         5 - i % 3 if b == "pos" else 1 + i % 3, BITS[b], i % 5,
         ("General", "Petite")[i % 2], ("Tops", "Dresses")[i % 3 > 0], ("Knits", "Pants")[i % 5 > 1]]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "Womens Clothing E-Commerce Reviews.csv", table([head, *rows]))
    return "Womens Clothing E-Commerce Reviews.csv"


@case("disaster tweets (keyword, location, target)", [(EN[0][0], "1")], 88)
def _(folder: Path) -> None:
    rows = [[i, ("", "fire", "flood")[i % 3], "" if i % 2 else f"Town {i}", a, BITS[b]] for i, (a, b) in enumerate(EN)]
    put(folder / "train.csv", table([["id", "keyword", "location", "text", "target"], *rows[:88]]))
    put(folder / "test.csv", table([["id", "keyword", "location", "text"], *(row[:4] for row in rows[88:])]))
    put(folder / "sample_submission.csv", table([["id", "target"], *([row[0], 0] for row in rows[88:])]))


@case("True.csv and Fake.csv (a file a class, with subjects)", [(NEWS[0][0], "True"), (NEWS[1][0], "Fake")], 96)
def _(folder: Path) -> None:
    for name, first in (("True", 0), ("Fake", 1)):
        rows = [
            [title, body, ("politicsNews", "worldnews")[i % 4 // 2], f"December {i % 28 + 1}, 2017 "]
            for i, (title, body, _) in enumerate(NEWS)
            if i % 2 == first
        ]
        put(folder / f"{name}.csv", table([["title", "text", "subject", "date"], *rows]))


@case("spooky authors (id, text, author; zips)", [(EN[0][0], "EAP"), (EN[1][0], "MWS")], 80)
def _(folder: Path) -> None:
    rows = [[f"id{26305 + i}", a, {"pos": "EAP", "neg": "MWS"}[b]] for i, (a, b) in enumerate(EN)]
    files = {
        "train": [["id", "text", "author"], *rows[:80]],
        "test": [["id", "text"], *(row[:2] for row in rows[80:])],
        "sample_submission": [["id", "EAP", "MWS"], *([row[0], 0.4, 0.6] for row in rows[80:])],
    }
    for name, content in files.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.csv", table(content, quoting=csv.QUOTE_ALL))


@case("drug reviews (TSV of pandas, quotes, line breaks in cells)", [(f'"{EN[0][0]}"', "9")], 108)
def _(folder: Path) -> None:
    head = ["", "drugName", "condition", "review", "rating", "date", "usefulCount"]
    rows = [
        [206461 + i, ("Valsartan", "Guanfacine", "Lybrel")[i % 3], ("Pain", "ADHD")[i % 5 > 2],
         f'"{a}"', 9.0 if b == "pos" else 2.0, "May 20, 2012", i]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    rows[3][3] = f'"{EN[3][0]}\r\n\r\nMore of it"'
    put(folder / "drugsComTrain_raw.tsv", table([head, *rows[:80]], "\t"))
    put(folder / "drugsComTest_raw.tsv", table([head, *rows[80:]], "\t"))


@case("labelled sentences (three headerless files, odd quotes)", [('"Quoted" only once " here', "1")], 109)
def _(folder: Path) -> str:
    names = ("amazon_cells_labelled", "imdb_labelled", "yelp_labelled")
    for number, name in enumerate(names):
        rows: list[list[object]] = [[f"{a}  ", BITS[b]] for i, (a, b) in enumerate(EN) if i % 3 == number]
        if number == 1:
            rows.append(['"Quoted" only once " here', 1])
        put(folder / f"sentiment labelled sentences/{name}.txt", tsv(rows))
    put(folder / "sentiment labelled sentences/readme.txt", "Sentences with 0 and 1.\n")
    put(folder / "sentiment labelled sentences/.DS_Store", b"\0\0\0\1Bud1")
    return "sentiment labelled sentences"


@case("sst-2 of glue (test without labels, other files below)", [(f"{EN[0][0]} ", "1")], 98)
def _(folder: Path) -> str:
    rows = [[f"{a} ", BITS[b]] for a, b in EN]
    put(folder / "SST-2/train.tsv", tsv([["sentence", "label"], *rows[:80]]))
    put(folder / "SST-2/dev.tsv", tsv([["sentence", "label"], *rows[80:98]]))
    put(folder / "SST-2/test.tsv", tsv([["index", "sentence"], *([i, a] for i, (a, _) in enumerate(EN[98:]))]))
    put(folder / "SST-2/original/README.txt", "Stanford\n")
    put(
        folder / "SST-2/original/datasetSplit.txt",
        lines(["sentence_index,splitset_label", *(f"{i},1" for i in range(1, 90))]),
    )
    put(folder / "SST-2/original/dictionary.txt", lines(f"{a}|{i}" for i, (a, _) in enumerate(EN)))
    return "SST-2"


@case("mrpc (Quality, #1 String, mark at the start)", [(EN[0][0], "1")], 108)
def _(folder: Path) -> None:
    rows = [[BITS[b], 702876 + i, 702977 + i, a, f"People say: {a}"] for i, (a, b) in enumerate(EN)]
    head = ["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"]
    put(folder / "msr_paraphrase_train.txt", tsv([head, *rows[:80]]).replace("\n", "\r\n"), "utf-8-sig")
    put(folder / "msr_paraphrase_test.txt", tsv([head, *rows[80:]]).replace("\n", "\r\n"), "utf-8-sig")


@case("klue ynat (nested annotations)", [(KO[0][0], "정치")], 108)
def _(folder: Path) -> None:
    rows = [
        {"guid": f"ynat-v1_train_{i:05}", "title": a, "predefined_news_category": ("정치", "사회")[i % 3 > 0],
         "label": {"pos": "정치", "neg": "사회"}[b],
         "annotations": {"annotators": ["18", "03"], "annotations": {"first-scope": ["정치", "사회"], "x": []}},
         "url": f"https://example.org/{i}", "date": "2016.06.30. 오전 10:36"}
        for i, (a, b) in enumerate(KO)
    ]  # fmt: skip
    put(folder / "ynat-v1.1_train.json", json.dumps(rows[:80], ensure_ascii=False, indent=4))
    put(folder / "ynat-v1.1_dev.json", json.dumps(rows[80:], ensure_ascii=False, indent=4))


@case("dacon kinds of sentences (label made of other columns)", [(KO[0][0], "사실형-긍정-현재-확실")], 80)
def _(folder: Path) -> None:
    kinds = [
        [
            ("사실형", "추론형")[b == "neg"],
            ("긍정", "부정")[i % 7 == 3],
            ("현재", "과거")[i % 5 == 4],
            ("확실", "불확실")[i % 9 == 8],
        ]
        for i, (_, b) in enumerate(KO)
    ]
    rows = [
        [f"TRAIN_{i:05}", a, *kind, "-".join(kind)] for i, ((a, _), kind) in enumerate(zip(KO, kinds, strict=True))
    ]
    put(folder / "train.csv", table([["ID", "문장", "유형", "극성", "시제", "확실성", "label"], *rows[:80]]))
    put(folder / "test.csv", table([["ID", "문장"], *(row[:2] for row in rows[80:])]))
    put(folder / "sample_submission.csv", table([["ID", "label"], *([row[0], rows[0][6]] for row in rows[80:])]))


@case("google form (questions as names)", [(KO[0][0], "만족")], 108)
def _(folder: Path) -> str:
    head = ["타임스탬프", "이번 강의에 대한 의견을 자유롭게 써 주세요.", "전반적으로 만족하셨나요?"]
    rows = [[f"2024/03/{i % 28 + 1:02} 2:{i % 60:02}:11 오후 GMT+9", a, {"pos": "만족", "neg": "불만족"}[b]]
            for i, (a, b) in enumerate(KO)]  # fmt: skip
    put(folder / "설문지 응답 시트1.csv", table([head, *rows], quoting=csv.QUOTE_ALL))
    return "설문지 응답 시트1.csv"


@case("write.csv of R (quoted row names)", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    rows = [f'"{i}","{a.replace(chr(34), chr(34) * 2)}","{b}"' for i, (a, b) in enumerate(EN, 1)]
    put(folder / "reviews.csv", lines(['"","text","sentiment"', *rows]))
    return "reviews.csv"


@case("write.table of R (spaces, no name above row names)", [(EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [f'"{i}" "{a.replace(chr(34), chr(92) + chr(34))}" "{b}"' for i, (a, b) in enumerate(EN, 1)]
    put(folder / "reviews.txt", lines(['"text" "sentiment"', *rows]))
    return "reviews.txt"


@case("pandas TSV (index, mark, CRLF)", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> str:
    rows = [[i, a, MOODS[b]] for i, (a, b) in enumerate(EN)]
    put(folder / "out.tsv", table([["", "tweet_text", "sentiment"], *rows], "\t").replace("\n", "\r\n"), "utf-8-sig")
    return "out.tsv"


@case("excel with a title, a blank row and a sheet of notes", [(KO[0][0], "긍정")], 108)
def _(folder: Path) -> str:
    rows = [[i + 1, a, {"pos": "긍정", "neg": "부정"}[b]] for i, (a, b) in enumerate(KO)]
    notes = [["작성 요령"], ["한 줄에 하나씩 적어 주세요."]]
    sheet(folder / "고객의소리.xlsx", [["2024년 고객의 소리"], [""], ["번호", "내용", "구분"], *rows], notes)
    return "고객의소리.xlsx"


@case("excel beside a sheet of codes", [(KO[0][0], "1")], 108)
def _(folder: Path) -> str:
    rows = [[a, BITS[b]] for a, b in KO]
    sheet(folder / "coding.xlsx", [["응답", "코드"], *rows], [["코드", "뜻"], [0, "불만"], [1, "만족"]])
    return "coding.xlsx"


def _parquet(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    import datasets

    path.parent.mkdir(parents=True, exist_ok=True)
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["negative", "positive"])}
    )
    made = pa.table({"text": [a for a, _ in rows], "label": pa.array([BITS[b] for _, b in rows], pa.int64())})
    pq.write_table(made.replace_schema_metadata(features.arrow_schema.metadata), path)


@case("parquet of the hub (data/train-00000-of-00002-hash)", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> None:
    _parquet(folder / "data/train-00000-of-00002-b21f2d9a1bd7a5e5.parquet", EN[:40])
    _parquet(folder / "data/train-00001-of-00002-0c9d3f2a1bd7a5e5.parquet", EN[40:80])
    _parquet(folder / "data/test-00000-of-00001-5f3c1b2a1bd7a5e5.parquet", EN[80:])
    put(
        folder / "README.md",
        "---\nlicense: mit\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n---\n# x\n",
    )
    put(folder / ".gitattributes", "*.parquet filter=lfs\n")


@case("parquet by language, nothing said about it", refused=r"several data sets.*--dataset \S+")
def _(folder: Path) -> None:
    for language, rows in (("en", EN), ("ko", KO)):
        _parquet(folder / f"{language}/train-00000-of-00001.parquet", rows[:80])
        _parquet(folder / f"{language}/test-00000-of-00001.parquet", rows[80:])


@case("samples as pairs of files (txt and json)", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> str:
    for i, (a, b) in enumerate(EN):
        put(folder / f"shard-000000/{i:06}.txt", a)
        put(folder / f"shard-000000/{i:06}.json", json.dumps({"label": MOODS[b], "id": i}))
    return "shard-000000"


@case("texts in files, labels in a table (annotations_metadata.csv)", [(EN[0][0], "noHate")], 108)
def _(folder: Path) -> str:
    rows = [
        [f"128340{i:02}_1", 572066 + i, 1346, 0, {"pos": "noHate", "neg": "hate"}[b]] for i, (_, b) in enumerate(EN)
    ]
    for (a, _), row in zip(EN, rows, strict=True):
        put(folder / f"hate-speech-dataset/all_files/{row[0]}.txt", a)
    head = ["file_id", "user_id", "subforum_id", "num_contexts", "label"]
    put(folder / "hate-speech-dataset/annotations_metadata.csv", table([head, *rows]))
    put(folder / "hate-speech-dataset/README.md", "# Posts\n")
    return "hate-speech-dataset"


@case("tweets as the service gives them (nested)", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> str:
    rows = [
        {"created_at": "Wed Oct 10 20:19:24 +0000 2018", "id": 1050118621198921728 + i, "id_str": f"{i}",
         "full_text": a, "truncated": False, "entities": {"hashtags": [], "urls": [{"url": "https://t.co/x"}]},
         "user": {"id": 6253282, "screen_name": f"user{i}", "followers_count": 21}, "geo": None,
         "favorited": False, "lang": "en", "label": MOODS[b]}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "tweets.jsonl", _objects(rows))
    return "tweets.jsonl"


@case("semicolons and decimal commas", [("¡Qué película más bonita, de verdad! 0", "positivo")], 60)
def _(folder: Path) -> str:
    both = (
        ("¡Qué película más bonita, de verdad!", "positivo"),
        ("El servicio fue lento, y caro además.", "negativo"),
    )
    rows = [[2 * i + j, f"{a} {i}", f"{j + i % 4},{i % 10}", b] for i in range(30) for j, (a, b) in enumerate(both)]
    head = ["id", "opinión", "puntuación", "sentimiento"]
    put(folder / "opiniones.csv", table([head, *rows], ";").replace("\n", "\r\n"), "cp1252")
    return "opiniones.csv"


@case("line ends of three systems", [(EN[0][0], "pos"), (EN[5][0], "neg")], 108)
def _(folder: Path) -> str:
    ends = ("\n", "\r\n", "\r")
    rows = table([["text", "label"], *map(list, EN)]).splitlines()
    put(folder / "joined.csv", "".join(row + ends[i % 2 if i < 99 else 0] for i, row in enumerate(rows)))
    return "joined.csv"


@case("lines that end as on old Macs", [(EN[0][0], "pos"), (EN[5][0], "neg")], 108)
def _(folder: Path) -> str:
    put(folder / "mac.csv", table([["text", "label"], *map(list, EN)]).replace("\n", "\r"))
    return "mac.csv"


@case("hatexplain (tokens and three annotators)", refused="several annotators.*python -c")
def _(folder: Path) -> str:
    content = {
        f"{24198545 + i}_gab": {
            "post_id": f"{24198545 + i}_gab",
            "annotators": [{"label": MOODS[b], "annotator_id": j, "target": ["None"]} for j in range(3)],
            "rationales": [],
            "post_tokens": a.split(),
        }
        for i, (a, b) in enumerate(EN)
    }
    put(folder / "dataset.json", json.dumps(content))
    return "dataset.json"


@case("multi-genre pairs (no consensus as -, parses, annotators)", [(EN[0][0], "entailment")], 106)
def _(folder: Path) -> None:
    names = {"pos": "entailment", "neg": "contradiction"}
    rows = [
        {"annotator_labels": [names[b]] * 3, "genre": ("fiction", "travel")[i % 3 > 0], "gold_label": names[b],
         "pairID": f"{31193 + i}n", "promptID": str(31193 + i), "sentence1": a,
         "sentence1_binary_parse": f"( {a} )", "sentence1_parse": f"(ROOT (S {a}))", "sentence2": f"It is said: {a}",
         "sentence2_binary_parse": f"( said {a} )", "sentence2_parse": f"(ROOT (NP said {a}))"}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    rows[20]["gold_label"] = rows[90]["gold_label"] = "-"
    put(folder / "multinli_1.0_train.jsonl", _objects(rows[:80]))
    put(folder / "multinli_1.0_dev_matched.jsonl", _objects(rows[80:]))
    put(folder / "README.txt", "Pairs.\n")


@case("sick (SemEval_set says the split)", [(EN[0][0], "ENTAILMENT")], 108)
def _(folder: Path) -> str:
    head = ["pair_ID", "sentence_A", "sentence_B", "entailment_label", "relatedness_score", "entailment_AB",
            "entailment_BA", "sentence_A_original", "sentence_B_original", "sentence_A_dataset", "sentence_B_dataset",
            "SemEval_set"]  # fmt: skip
    names = {"pos": "ENTAILMENT", "neg": "NEUTRAL"}
    rows = [
        [i + 1, a, f"They say: {a}", names[b], 3.5 + i % 10 / 10, f"A_{names[b].lower()}_B", f"B_{i % 2}_A",
         a, f"They say it: {a}", "FLICKR", "FLICKR", ("TRAIN", "TRAIN", "TEST", "TRIAL")[i % 4 if i > 7 else 0]]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "SICK.txt", tsv([head, *rows]))
    return "SICK.txt"


@case("liar (headerless, fourteen columns)", refused=r"--column_names|--label_columns")
def _(folder: Path) -> None:
    rows = [
        [f"{2635 + i}.json", {"pos": "mostly-true", "neg": "pants-fire"}[b], a, ("abortion", "taxes")[i % 5 > 1],
         f"speaker-{i % 20}", ("State representative", "")[i % 3 > 1], ("Texas", "Ohio")[i % 2],
         ("republican", "democrat")[i % 4 > 1], 0, i % 3, i % 5, 1, 0, ("a mailer", "a speech", "an interview")[i % 3]]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    for name, part in (("train", rows[:70]), ("valid", rows[70:88]), ("test", rows[88:])):
        put(folder / f"{name}.tsv", tsv(part))
    put(folder / "README", "Statements.\n")


@case("yelp reviews (JSON Lines, stars as 5.0)", [(EN[0][0], "5")], 108)
def _(folder: Path) -> str:
    rows = [
        {"review_id": f"KU_O5udG6zpx{i}", "user_id": f"mh_-eMZ6K5{i % 40}", "business_id": f"XQfwVwDr-v{i % 9}",
         "stars": 5.0 if b == "pos" else 2.0 - i % 4 // 2, "useful": i % 4, "funny": i % 2, "cool": i % 3, "text": a,
         "date": "2018-07-07 22:09:11"}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "yelp_academic_dataset_review.json", _objects(rows))
    return "yelp_academic_dataset_review.json"


@case("product reviews (json.gz, overall)", [(EN[0][0], "5")], 108)
def _(folder: Path) -> str:
    rows = [
        {"reviewerID": f"A2SUAM1J3GNN3{i}", "asin": f"000013714{i % 9}", "reviewerName": f"J. McDonald {i}",
         "helpful": [i % 3, 3], "reviewText": a, "overall": 5.0 if b == "pos" else 1.0, "summary": f"It is {i} times",
         "unixReviewTime": 1252800000 + i, "reviewTime": "09 13, 2009"}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    (folder / "reviews_Musical_5.json.gz").write_bytes(gzip.compress(_objects(rows).encode()))
    return "reviews_Musical_5.json.gz"


@case("atis intents (headerless, a space behind the comma)", [(" i want to fly to town 0", "atis_flight")], 60)
def _(folder: Path) -> str:
    both = (("atis_flight", "i want to fly to town"), ("atis_airfare", "how much is a ticket to town"))
    put(folder / "atis_intents_train.csv", lines(f"{a}, {b} {i}" for i in range(30) for a, b in both))
    return "atis_intents_train.csv"


@case("massive (scenario and intent, partition)", [(KO[0][0], "alarm_set"), (KO[1][0], "play_set")], 108)
def _(folder: Path) -> str:
    rows = [
        {"id": str(i), "locale": "ko-KR", "partition": ("train", "dev", "test")[i % 5 // 2],
         "scenario": ("alarm", "play")[b == "neg"],
         "intent": f"{('alarm', 'play')[b == 'neg']}_{('set', 'query')[i % 4 > 1]}", "utt": a,
         "annot_utt": f"[time : {a}]",
         "worker_id": str(i % 7)}
        for i, (a, b) in enumerate(KO)
    ]  # fmt: skip
    put(folder / "ko-KR.jsonl", _objects(rows))
    return "ko-KR.jsonl"


@case("rasa (common examples)", [(EN[0][0], "greet")], 108)
def _(folder: Path) -> str:
    rows = [{"text": a, "intent": {"pos": "greet", "neg": "goodbye"}[b], "entities": []} for a, b in EN]
    content = {"rasa_nlu_data": {"common_examples": rows, "regex_features": [], "entity_synonyms": []}}
    put(folder / "nlu.json", json.dumps(content))
    return "nlu.json"


@case("argilla (annotation beside prediction and metadata)", [(EN[0][0], "positive")], 108)
def _(folder: Path) -> str:
    rows = [
        {"text": a, "inputs": {"text": a}, "prediction": None, "prediction_agent": None, "annotation": MOODS[b],
         "annotation_agent": "a", "multi_label": False, "explanation": None, "id": f"0ab{i}", "metadata": {"n": i},
         "status": "Validated", "event_timestamp": None, "metrics": {"text_length": len(a)}}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "argilla.jsonl", _objects(rows))
    return "argilla.jsonl"


@case("codes of a survey (98 and 99 among them)", refused=r"SQ1, Q7_code.*--label_columns")
def _(folder: Path) -> str:
    rows = [
        [1000 + i, i % 2 + 1, 20 + i % 50, a, {"pos": 1, "neg": 2}[b] if i % 9 or not i else 99]
        for i, (a, b) in enumerate(KO)
    ]
    put(folder / "survey.csv", table([["RESPID", "SQ1", "AGE", "Q7_open", "Q7_code"], *rows]))
    return "survey.csv"


@case("r8 (headerless, label and stemmed text)", [("champion product approv stock split 0", "earn")], 80)
def _(folder: Path) -> None:
    rows = [[a, f"{b} {i}"] for i in range(40) for a, b in
            (("earn", "champion product approv stock split"), ("grain", "wheat harvest of region fell"))]  # fmt: skip
    put(folder / "r8-train-stemmed.txt", tsv(rows[:60]))
    put(folder / "r8-test-stemmed.txt", tsv(rows[60:]))


@case("online shopping (cat, label, review)", [(ZH[0][0], "1")], 108)
def _(folder: Path) -> str:
    rows = [[("书籍", "平板", "手机")[i % 3], BITS[b], a] for i, (a, b) in enumerate(ZH)]
    put(folder / "online_shopping_10_cats.csv", table([["cat", "label", "review"], *rows]))
    return "online_shopping_10_cats.csv"


@case("germeval 2018 (headerless, coarse and fine)", [(EN[0][0], "OTHER"), (EN[1][0], "OFFENSE")], 108)
def _(folder: Path) -> None:
    rows = [[a, *(("OTHER", "OTHER") if b == "pos" else ("OFFENSE", ("ABUSE", "INSULT")[i % 4 > 1]))]
            for i, (a, b) in enumerate(EN)]  # fmt: skip
    put(folder / "germeval2018.training.txt", tsv(rows[:80]))
    put(folder / "germeval2018.test.txt", tsv(rows[80:]))


@case(
    "complaints (Tags nearly empty, Product and Issue)",
    refused=r"Product, Sub-product, Issue.*--label_columns Product",
)
def _(folder: Path) -> str:
    head = ["Date received", "Product", "Sub-product", "Issue", "Consumer complaint narrative", "Company", "State",
            "ZIP code", "Tags", "Submitted via", "Complaint ID"]  # fmt: skip
    rows = [
        [f"03/{i % 28 + 1:02}/2019", ("Mortgage", "Credit card")[b == "neg"], ("VA", "Visa", "Gold")[i % 3],
         ("Late fee", "Fraud")[i % 5 > 2], a, ("BANK ONE", "BANK TWO")[i % 2], ("TX", "OH")[i % 3 > 1], "770XX",
         "Servicemember" if i in (3, 30) else "Older American" if i in (9, 50) else "", "Web", 3172512 + i]
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "complaints.csv", table([head, *rows]))
    return "complaints.csv"


@case("app reviews (score beside answers of the maker)", [(KO[0][0], "5")], 108)
def _(folder: Path) -> str:
    head = ["reviewId", "userName", "userImage", "content", "score", "thumbsUpCount", "reviewCreatedVersion", "at",
            "replyContent", "repliedAt", "appId"]  # fmt: skip
    rows = [
        [f"gp:AOqpTOF{i}", f"사용자 {i}", f"https://example.org/{i}.png", a, 5 if b == "pos" else 1, i % 4, "2.1.0",
         "2020-10-28 19:13:26", f"고객님 {i}번 문의에 답합니다." if i % 5 == 0 else "", "", "com.example.app"]
        for i, (a, b) in enumerate(KO)
    ]  # fmt: skip
    put(folder / "app_reviews.csv", table([head, *rows]))
    return "app_reviews.csv"


@case("headlines with is_sarcastic", [(NEWS[0][0], "1")], 96)
def _(folder: Path) -> str:
    rows = [{"article_link": f"https://example.org/{i}", "headline": a, "is_sarcastic": int(c == "World")}
            for i, (a, _, c) in enumerate(NEWS)]  # fmt: skip
    put(folder / "Sarcasm_Headlines_Dataset.json", _objects(rows))
    return "Sarcasm_Headlines_Dataset.json"


@case("emotions (headerless text;label, three files)", [(EN[0][0], "joy")], 108)
def _(folder: Path) -> None:
    rows = [f"{a};{ {'pos': 'joy', 'neg': 'anger'}[b] }" for a, b in EN]
    for name, part in (("train", rows[:70]), ("val", rows[70:88]), ("test", rows[88:])):
        put(folder / f"{name}.txt", lines(part))


@case("subjects of papers (cs.CL cs.LG in one cell)", [(NEWS[0][0], ["cs.CL", "cs.LG"]), (NEWS[1][0], ["cs.CL"])], 96)
def _(folder: Path) -> str:
    rows = [
        {"id": f"0704.{i:04}", "submitter": f"Ann {i} Lee", "title": a, "abstract": b,
         "categories": SUBJECTS[i % len(SUBJECTS)]}
        for i, (a, b, _) in enumerate(NEWS)
    ]  # fmt: skip
    put(folder / "arxiv-metadata.json", _objects(rows))
    return "arxiv-metadata.json"


@case("lists with a null among marks", refused="line 4: no label.*--on_bad_row skip")
def _(folder: Path) -> str:
    marks = {"pos": [0, 1, 0], "neg": [1, 0, 0]}
    rows: list[dict[str, Any]] = [{"text": a, "labels": marks[b]} for a, b in EN]
    rows[9]["labels"] = [1, 0, 1]
    rows[3]["labels"], rows[8]["labels"] = [1, None, 0], None
    put(folder / "rows.jsonl", _objects(rows))
    return "rows.jsonl"
