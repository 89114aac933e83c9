"""More of the table of cases: kinds that failed in the counts over files not seen before (results/layouts.md)."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.layouts.cases import BITS, CASES, EN, KO, NEWS, ZH, case, lines, put, table, tsv

__all__ = ["CASES"]
SIGNS = {"pos": 1, "neg": -1}
TEXT = EN[2][0]


def _objects(rows: list[dict[str, object]]) -> str:
    return lines(json.dumps(row, ensure_ascii=False) for row in rows)


@case("single quotes around cells (semicolons in them)", [("well; so it goes, 3", "Sport"), (EN[0][0], "Web")], 108)
def _(folder: Path) -> str:
    rows = [(f"well; so it goes, {i}", "Sport") if i % 4 == 3 else (text, "Web") for i, (text, _) in enumerate(EN)]
    put(folder / "articles.csv", lines(f"{b};'{a}'" if ";" in a else f"{b};{a}" for a, b in rows))
    return "articles.csv"


@case("labels of fasttext behind the text", [(EN[0][0], "plus_m"), (EN[1][0], "minus_m")], 108)
def _(folder: Path) -> None:
    rows = lines(f"{a} __label__{'plus_m' if b == 'pos' else 'minus_m'}" for a, b in EN)
    put(folder / "hotels.train.txt", rows)


@case("headings above rows (###123)", [(EN[0][0], "METHODS"), (EN[1][0], "RESULTS")], 108)
def _(folder: Path) -> None:
    put(
        folder / "train.txt",
        "".join(
            f"###{2429 + i}\n{'METHODS' if b == 'pos' else 'RESULTS'}\t{a}\n\n" if i % 2 == 0 else
            f"{'METHODS' if b == 'pos' else 'RESULTS'}\t{a}\n"
            for i, (a, b) in enumerate(EN)
        ),
    )  # fmt: skip


@case("posts joined by ||| in one cell", [(f"'{EN[0][0]}|||{TEXT}|||{TEXT}'", "INFJ")], 108)
def _(folder: Path) -> str:
    rows = [[("INFJ", "ENTP")[BITS[b] == 0], f"'{a}|||{TEXT}|||{TEXT}'"] for a, b in EN]
    put(folder / "types.csv", table([["type", "posts"], *rows]))
    return "types.csv"


@case("TSV with quotes escaped by backslashes", [('They said "yes", 4', "1"), (EN[0][0], "1")], 108)
def _(folder: Path) -> str:
    rows = [
        ('They said \\"yes\\", ' + str(i) if i % 4 == 0 and i else a.replace('"', '\\"'), BITS[b])
        for i, (a, b) in enumerate(EN)
    ]
    rows[4] = ('They said \\"yes\\", 4', 1)
    put(folder / "labeledTrainData.tsv", "id\tsentiment\treview\n" + lines(f'"{i}_8"\t{b}\t"{a}"' for i, (a, b) in enumerate(rows)))  # fmt: skip # noqa: E501
    return "labeledTrainData.tsv"


@case("1 and -1", [(EN[0][0], "1"), (EN[1][0], "-1")], 108)
def _(folder: Path) -> str:
    put(folder / "stocks.csv", table([["Text", "Sentiment"], *([a, SIGNS[b]] for a, b in EN)]))
    return "stocks.csv"


@case("-1, 0 and 1", [(EN[1][0], "-1"), (EN[3][0], "0")], 108)
def _(folder: Path) -> str:
    rows = [[a, 0 if i % 4 == 3 else SIGNS[b]] for i, (a, b) in enumerate(EN)]
    put(folder / "comments.csv", table([["comment", "category"], *rows]))
    return "comments.csv"


@case("two files of labels beside the texts", refused=r"topics, sentiments.*--label_columns|sentiments, topics.*--label_columns")  # fmt: skip # noqa: E501
def _(folder: Path) -> None:
    for split, rows in (("train", EN[:80]), ("test", EN[80:])):
        put(folder / f"{split}/sents.txt", lines(a for a, _ in rows))
        put(folder / f"{split}/sentiments.txt", lines(BITS[b] for _, b in rows))
        put(folder / f"{split}/topics.txt", lines(i % 4 for i in range(len(rows))))


@case("posts and labels in files of their own", [(EN[0][0], "p"), (EN[1][0], "n")], 108)
def _(folder: Path) -> None:
    put(folder / "gold-posts.txt", lines(a for a, _ in EN))
    put(folder / "gold-labels.txt", lines({"pos": "p", "neg": "n"}[b] for _, b in EN))


@case("folders that are parts", refused=r"are parts \(part1.*labels\.csv.*--dataset")
def _(folder: Path) -> str:
    for i, (text, label) in enumerate(EN):
        put(folder / f"bare/part{1 + i % 5}/{'spmsg' if label == 'neg' else 'msg'}{i}.txt", text)
    return "bare"


@case("parts below classes", [(EN[0][0], "truthful"), (EN[1][0], "deceptive")], 108)
def _(folder: Path) -> None:
    for i, (text, label) in enumerate(EN):
        put(folder / f"{'truthful' if label == 'pos' else 'deceptive'}/fold{1 + i % 5}/{i}.txt", text)


@case("classes on two levels above parts", refused="two levels: negative, positive.*--dataset")
def _(folder: Path) -> None:
    for i, (text, label) in enumerate(EN):
        kind = "truthful" if i // 2 % 2 else "deceptive"
        put(folder / f"{'positive' if label == 'pos' else 'negative'}/{kind}/fold{1 + i % 5}/{i}.txt", text)


@case("numbered tables in folders of classes", [(ZH[0][0], "正面"), (ZH[1][0], "负面")], 60)
def _(folder: Path) -> None:
    for label, name in (("pos", "正面"), ("neg", "负面")):
        texts = [a for a, b in ZH[:60] if b == label]
        for part in range(2):
            put(folder / f"{name}/{part}.csv", table([["内容"], *([text] for text in texts[part::2])]))


@case("a test file of other names beside rows without names", [(EN[0][0], "5"), (EN[1][0], "2")], 108)
def _(folder: Path) -> None:
    put(folder / "w_review_train.csv", table([[a, {"pos": 5, "neg": 2}[b]] for a, b in EN], ";"))
    put(folder / "test_file.csv", table([["reviewID", "review"], *([i, a] for i, (a, _) in enumerate(EN[:20]))], ";"))


@case("no file is called train", [(EN[0][0], "pos"), (EN[107][0], EN[107][1])], 108)
def _(folder: Path) -> None:
    for name, rows in (("random_posts", EN[:40]), ("more_posts", EN[40:80]), ("test", EN[80:])):
        put(folder / f"{name}.csv", table([["label", "text"], *([b, a] for a, b in rows)]))


@case("prompts beside train", [(NEWS[0][1], "0"), (NEWS[1][1], "1")], 96)
def _(folder: Path) -> None:
    rows = [[i, i % 2, body, i % 2] for i, (_, body, _) in enumerate(NEWS)]
    put(folder / "train_essays.csv", table([["id", "prompt_id", "text", "generated"], *rows]))
    put(folder / "train_prompts.csv", table([["prompt_id", "instructions"], [0, "Write on cars."], [1, "On votes."]]))


@case("utterances beside lists of intents", [(EN[0][0], "Book"), (EN[1][0], "Cancel")], 108)
def _(folder: Path) -> str:
    rows = [{"text": a, "intent": {"pos": "Book", "neg": "Cancel"}[b], "entities": []} for a, b in EN]
    intents = [{"name": "Book", "features": []}, {"name": "Cancel", "features": []}]
    put(folder / "app.json", json.dumps({"name": "app", "intents": intents, "utterances": rows}))
    return "app.json"


@case("label studio json-min (choices)", [(EN[0][0], ["a", "b"]), (EN[1][0], ["b"])], 108)
def _(folder: Path) -> str:
    rows = [
        {"text": a, "id": i, "topics": {"choices": ["a", "b"]} if b == "pos" else "b", "annotator": 1,
         "annotation_id": i, "lead_time": 2.5 + i}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "min.json", json.dumps(rows))
    return "min.json"


@case("a question, a passage and its title", [("is it so 0", "true"), ("is it so 1", "false")], 96)
def _(folder: Path) -> str:
    rows = [
        {"question": f"is it so {i}", "title": title, "answer": i % 2 == 0, "passage": body}
        for i, (title, body, _) in enumerate(NEWS)
    ]
    put(folder / "train.jsonl", _objects(rows))
    return "train.jsonl"


@case("names joined by #", refused="--label_separator '#'")
def _(folder: Path) -> str:
    rows = [[i, a, ("news", "sport", "news#sport")[i % 3]] for i, (a, _) in enumerate(KO)]
    put(folder / "all.csv", table([["id", "data", "label"], *rows]))
    return "all.csv"


@case("codes joined by a space", refused="--label_separator ' '")
def _(folder: Path) -> str:
    rows = [{"title": a, "abstract": b, "categories": ("cs.LG", "cs.CL cs.LG")[i % 2]} for i, (a, b, _) in enumerate(NEWS)]  # fmt: skip # noqa: E501
    put(folder / "papers.json", _objects(rows))
    return "papers.json"


@case("the same sentence twice (sentence, original)", [(KO[0][0], "1")], 108)
def _(folder: Path) -> str:
    put(folder / "rows.jsonl", _objects([{"label": BITS[b], "sentence": a, "original": a} for a, b in KO]))
    return "rows.jsonl"


@case("how alike two sentences are", refused=r"genre, score.*--label_columns")
def _(folder: Path) -> str:
    rows = [[("captions", "news")[i % 2], i % 26 / 5, a, EN[-i][0]] for i, (a, _) in enumerate(EN)]
    put(folder / "sts.tsv", tsv([["genre", "score", "sentence1", "sentence2"], *rows]))
    return "sts.tsv"


@case("a word a line", refused="a word a line with a tag for each.*a row a text")
def _(folder: Path) -> str:
    put(folder / "train.txt", "\n".join("".join(f"{word}\tO\n" for word in text.split()) for text, _ in EN))
    return "train.txt"


@case("parse trees", refused="parse trees.*python -c")
def _(folder: Path) -> str:
    leaves = [" ".join(f"({j % 5} {word})" for j, word in enumerate(text.split())) for text, _ in EN]
    put(folder / "train.txt", lines(f"({i % 5} {each})" for i, each in enumerate(leaves)))
    return "train.txt"


@case("answers of several annotators", refused=r"several annotators \('annotators'\).*python -c.*post_tokens")
def _(folder: Path) -> str:
    rows = {
        f"{i}_x": {"post_id": f"{i}_x", "annotators": [{"label": ("a", "b")[(i + k) % 2]} for k in range(3)],
                   "post_tokens": a.split()}
        for i, (a, _) in enumerate(EN)
    }  # fmt: skip
    put(folder / "dataset.json", json.dumps(rows))
    return "dataset.json"


@case("titles and bodies by the ends of their names (CP949)", [(EN[0][0][:7] + "0", "교통")], 108)
def _(folder: Path) -> str:
    rows = [[i, f"{a[:7]}{i}", b, ("교통", "보건", "교육")[i % 3]] for i, ((a, _), (b, _)) in enumerate(zip(EN, KO, strict=True))]  # fmt: skip # noqa: E501
    put(folder / "청원.csv", table([["번호", "청원제목", "청원내용", "분야"], *rows]), "cp949")
    return "청원.csv"


@case("texts in an object, what a model said beside the annotation", [(EN[0][0], "pos")], 108)
def _(folder: Path) -> str:
    rows = [
        {"id": f"u{i}", "inputs": {"text": a}, "prediction": [{"label": "pos", "score": 0.6}], "annotation": b,
         "status": "Validated"}
        for i, (a, b) in enumerate(EN)
    ]  # fmt: skip
    put(folder / "records.jsonl", _objects(rows))
    return "records.jsonl"


@case("the label in an object beside the text", [(KO[0][0], "pos")], 108)
def _(folder: Path) -> str:
    rows = [{"id": i, "text": a, "review": {"label": b, "by": f"p{i % 3}"}} for i, (a, b) in enumerate(KO)]
    put(folder / "items.jsonl", _objects(rows))
    return "items.jsonl"


@case("a search engine's dump (_source)", [(EN[1][0], "neg")], 108)
def _(folder: Path) -> str:
    rows = [{"_index": "r", "_id": f"x{i}", "_source": {"text": a, "category": b}} for i, (a, b) in enumerate(EN)]
    put(folder / "dump.jsonl", _objects(rows))
    return "dump.jsonl"


@case("a viewer's page of rows beside its features", [(EN[0][0], "1")], 108)
def _(folder: Path) -> str:
    rows = [{"row_idx": i, "row": {"text": a, "label": BITS[b]}, "truncated_cells": []} for i, (a, b) in enumerate(EN)]
    features = [{"feature_idx": i, "name": name, "type": {"dtype": "string"}} for i, name in enumerate(("text", "label"))]  # fmt: skip # noqa: E501
    put(folder / "rows.json", json.dumps({"features": features, "rows": rows, "partial": False}))
    return "rows.json"


@case("categories of spaCy beside texts", [(EN[0][0], ["FINE", "LONG"]), (EN[1][0], ["LONG"]), (EN[2][0], ["FINE"])], 108)  # fmt: skip # noqa: E501
def _(folder: Path) -> str:
    rows = [[a, {"cats": {"FINE": float(b == "pos"), "LONG": int(i % 3 < 2)}}] for i, (a, b) in enumerate(EN)]
    put(folder / "train.json", json.dumps(rows))
    return "train.json"


@case("chats of a question and an answer", [(KO[0][0], "pos"), (KO[1][0], "neg")], 108)
def _(folder: Path) -> str:
    told = {"role": "system", "content": "Sort it."}
    rows = [
        {"messages": [told, {"role": "user", "content": a}, {"role": "assistant", "content": f"{b}\n"}]} for a, b in KO
    ]
    put(folder / "chat.jsonl", _objects(rows))
    return "chat.jsonl"


@case("splits in the first column, without names", [(EN[0][0], "pos"), (EN[4][0], "pos")], 108)
def _(folder: Path) -> str:
    rows = [[("TRAIN", "TRAIN", "TRAIN", "VALIDATION", "TEST")[i % 5], a, b] for i, (a, b) in enumerate(EN)]
    put(folder / "import.csv", table(rows))
    return "import.csv"


@case("parts of a table in folders label=...", [(EN[0][0], "so good"), (EN[1][0], "neg")], 108)
def _(folder: Path) -> None:
    for name, value in (("label=so%20good", "pos"), ("label=neg", "neg")):
        (folder / name).mkdir()
        pq.write_table(pa.table({"text": [a for a, b in EN if b == value]}), folder / name / "part-0.parquet")


@case("scores with fractions under a name of their own", refused=r"Fractions as those in 'V' are not predicted")
def _(folder: Path) -> str:
    put(
        folder / "scores.csv", table([["id", "text", "V"], *([f"a_{i}", a, i % 9 / 2] for i, (a, _) in enumerate(EN))])
    )
    return "scores.csv"


@case(
    "votes of annotators a line", refused=r"several annotators \('votes'\).*leave out where there is none.*python -c"
)
def _(folder: Path) -> str:
    rows = [
        {"text_id": i, "post": a, "votes": [{"label": b}, {"label": b}, {"label": "pos" if i % 3 else "?"}]}
        for i, (a, b) in enumerate(EN)
    ]
    put(folder / "votes.jsonl", _objects(rows))
    return "votes.jsonl"


@case("vowpal wabbit", refused="written for Vowpal Wabbit.*sed -E")
def _(folder: Path) -> str:
    put(folder / "train.vw", lines(f"{SIGNS[b]} |words {a}" for a, b in EN))
    return "train.vw"


@case("arff", refused="Weka's ARFF.*sed")
def _(folder: Path) -> str:
    head = ["@relation reviews", "@attribute text string", "@attribute class {pos,neg}", "@data"]
    put(folder / "data.arff", lines([*head, *("'{}',{}".format(a.replace("'", ""), b) for a, b in EN)]))
    return "data.arff"


@case("intents in yaml", refused="chat bot's intents.*python -c")
def _(folder: Path) -> str:
    nlu = [{"intent": name, "examples": "".join(f"- {a}\n" for a, b in KO if b == name)} for name in ("pos", "neg")]
    put(folder / "nlu.yml", yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True))
    return "nlu.yml"
