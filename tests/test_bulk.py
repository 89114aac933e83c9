"""Bulk labelling over a model that can be computed by hand: every row once, in order, whatever is killed."""

import csv
import json
import os
import random
import signal
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_models import NAMES, WordModel, logits_of
from textclf.bulk import labelling, shards
from textclf.bulk.bulk_arguments import BulkArguments
from textclf.bulk.checking import check, check_inputs
from textclf.bulk.formats import is_formula
from textclf.bulk.labelling import label, lines_of, set_up
from textclf.bulk.plan import Plan
from textclf.bulk.sources import find_sources
from textclf.errors import UserError
from textclf.inference import rows
from textclf.inference.answers import activate
from textclf.inference.promises import Promises


class WordScorer(WordModel):
    def scores(self, texts):
        return activate(self.logits(texts), self.labels)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder that stands for a model; `model.scorer` is what is loaded from it."""
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"text_columns": ["text"]}))
    scorer = WordScorer()
    monkeypatch.setattr(labelling, "load_scorer", lambda *words: scorer)
    return folder


def texts(n, seed=0):
    rng = random.Random(seed)
    words = ["good", "bad", "FILM", "좋은", "영화", "that was", "한글"]
    return [" ".join(rng.choices(words, k=rng.randrange(1, 9))) + f" {row}" for row in range(n)]


def write_csv(path, rows, names=("id", "text")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def run(model, source, output, **options):
    options = {"block_rows": 4, **options}
    work = set_up(str(model), [str(source)], BulkArguments(output=str(output), **options))
    proof = label(work)
    return work, proof


def expected(text):
    raised = np.exp(np.array(logits_of(text), np.float32) - max(logits_of(text)))
    scores = raised / raised.sum()
    return NAMES[int(np.argmax(scores))], scores


def test_a_csv_comes_out_with_its_cells_as_they_were_and_its_labels_beside(model, tmp_path):
    rows = [["007", "good film"], ["NA", 'a "quoted",\nline'], ["", "좋은 영화"], ["1.0", "FILM FILM"]]
    _, proof = run(model, write_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [[row["id"], row["text"]] for row in found] == rows
    for row in found:
        name, scores = expected(row["text"])
        assert row["predicted"] == name
        assert [float(row[f"score_{each}"]) for each in NAMES] == pytest.approx(scores, abs=1e-6)
    assert (proof.rows, proof.written) == (4, 4)
    assert not (tmp_path / "out.csv.parts").exists()


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_is_read_and_written_and_gives_the_same_answers(model, tmp_path, kind):
    rows = texts(21)
    table = pa.table({"id": list(range(21)), "text": rows})
    contents = set()
    for source in ("csv", "tsv", "jsonl", "parquet"):
        path = tmp_path / f"in.{source}"
        if source == "parquet":
            pq.write_table(table, path, row_group_size=5)
        elif source == "jsonl":
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()))
        else:
            separator = "," if source == "csv" else "\t"
            path.write_text("".join(f"{a}{separator}{b}\n" for a, b in [("id", "text"), *enumerate(rows)]))
        output = tmp_path / f"{source}.{kind}"
        _, proof = run(model, path, output)
        contents.add(proof.content)
        assert check(output) == proof
    assert len(contents) == 1


def test_parquet_keeps_its_types_and_json_its_objects(model, tmp_path):
    when = pa.array([1_700_000_000_000_000_123, None], pa.timestamp("ns"))
    kinds = pa.array(["a", "b"]).dictionary_encode()
    table = pa.table({"text": ["good", "bad film"], "when": when, "kind": kinds, "tags": [["x"], []]})
    pq.write_table(table, tmp_path / "in.parquet")
    run(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found["when"].equals(pa.chunked_array([when]))
    assert found["kind"].to_pylist() == ["a", "b"]
    assert found["tags"].to_pylist() == [["x"], []]
    assert found["scores"].type == pa.list_(pa.float32())
    lines = [{"text": "good", "meta": {"n": 1, "tags": ["좋은"]}}, {"text": "bad", "meta": {"n": 2, "tags": []}}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["meta"] for row in found] == [line["meta"] for line in lines]
    assert found[0]["scores"] == pytest.approx(dict(zip(NAMES, expected("good")[1], strict=True)), abs=1e-6)


def test_several_labels_are_a_list(model, tmp_path, monkeypatch):
    scorer = WordScorer(several=True)
    monkeypatch.setattr(labelling, "load_scorer", lambda *words: scorer)
    source = write_csv(tmp_path / "in.csv", [[1, "FILM " * 6], [2, "a"]])
    run(model, source, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["predicted"].to_pylist() == [["long", "shouting"], ["long"]]
    run(model, source, tmp_path / "out.csv", scores="best")
    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [json.loads(row["predicted"]) for row in found] == [["long", "shouting"], ["long"]]
    assert list(found[0]) == ["id", "text", "predicted", "score"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_model_that_makes_promises_says_where_it_is_not_sure(model, tmp_path, monkeypatch, kind):
    scorer = WordScorer()
    stored = {"abstain": {"score_below": 0.6}, "label_sets": {"cut": 0.2}}
    scorer.promises = Promises.of(stored, scorer.labels)
    monkeypatch.setattr(labelling, "load_scorer", lambda *words: scorer)
    sources = ["FILM FILM", "good film"]
    run(model, write_csv(tmp_path / "in.csv", enumerate(sources)), tmp_path / f"out.{kind}")
    if kind == "parquet":
        found = pq.read_table(tmp_path / "out.parquet").to_pylist()
    elif kind == "jsonl":
        found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    else:
        with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        for row in found:
            row["abstained"], row["label_set"] = row["abstained"] == "true", json.loads(row["label_set"])
    scores = [expected(text)[1] for text in sources]
    assert [row["abstained"] for row in found] == [bool(row.max() < 0.6) for row in scores] == [False, True]
    assert [row["label_set"] for row in found] == [
        [n for n, s in zip(NAMES, row, strict=True) if s >= 0.2] for row in scores
    ]


def test_folders_and_patterns_are_read_in_order(model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        write_csv(folder / f"{number}.csv", [[n, f"film {number} {n}"] for n in range(5)])
    _, proof = run(model, folder, tmp_path / "a.csv")
    _, again = run(model, folder / "*.csv", tmp_path / "b.csv")
    assert proof.content == again.content
    with (tmp_path / "a.csv").open(newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == [f"film {i} {n}" for i in range(3) for n in range(5)]


@given(
    rows=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    block=st.integers(1, 16),
    shards=st.integers(1, 40),
)
def test_shards_hold_every_row_once_in_order_whatever_their_number(rows, block, shards):
    blocks = sum(-(-n // block) for n in rows)
    plan = Plan({"inputs": [{"rows": n} for n in rows], "block_rows": block, "shards": min(shards, blocks)})
    stretches = [stretch for shard in range(plan.shards) for stretch in plan.stretches(shard)]
    covered = [(s.source, row) for s in stretches for row in range(s.first, s.first + s.rows)]
    assert covered == [(source, row) for source, n in enumerate(rows) for row in range(n)]
    assert all(s.first % block == 0 for s in stretches)
    assert all(plan.stretches(shard) for shard in range(plan.shards))


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4), first=st.integers(0, 60), size=st.integers(1, 20))
def test_any_stretch_of_parquet_rows_is_read_in_blocks(tmp_path_factory, sizes, first, size):
    path = tmp_path_factory.mktemp("parquet") / "in.parquet"
    total = sum(sizes)
    with pq.ParquetWriter(path, pa.schema([("n", pa.int64())])) as writer:
        for group in range(len(sizes)):
            start = sum(sizes[:group])
            writer.write_table(pa.table({"n": list(range(start, start + sizes[group]))}))
    (source,) = find_sources([str(path)], None, None, None)
    first = min(first, total - 1)
    tables = list(source.read(first, total - first, size))
    assert [n for table in tables for n in table["n"].to_pylist()] == list(range(first, total))
    assert all(len(table) == size for table in tables[:-1])


def test_shards_on_several_machines_make_what_one_process_makes(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", list(enumerate(texts(200))))
    _, whole = run(model, source, tmp_path / "whole.csv")
    for number in random.Random(1).sample(range(7), 7):
        assert run(model, source, tmp_path / "parts", shard=f"{number}/7", format="csv")[1] is None
    assert check(tmp_path / "parts").content == whole.content
    parts = sorted((tmp_path / "parts").glob("part-*"))
    joined = parts[0].read_text() + "".join(part.read_text().split("\n", 1)[1] for part in parts[1:])
    assert joined == (tmp_path / "whole.csv").read_text()


def start_killed_later(model, source, output, parts):
    """Label in a forked process that is killed some moment after that many more parts; returns whether it had ended.

    A test that waits for parts instead of seconds kills as often on a fast machine as on a slow one.
    """
    enough = len(list(output.parent.glob(f"{output.name}.parts/*"))) + (parts or 0)
    process = os.fork()
    if process == 0:
        code = 1
        try:
            run(model, source, output, shards=64)
            code = 0
        finally:
            os._exit(code)
    if parts is not None:
        while len(list(output.parent.glob(f"{output.name}.parts/*"))) < enough:
            time.sleep(0.0005)
        time.sleep(random.Random(enough).uniform(0, 0.01))
        os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_a_labelling_that_is_killed_again_and_again_ends_with_the_same_output(model, tmp_path, monkeypatch):
    source = write_csv(tmp_path / "in.csv", list(enumerate(texts(64 * 8))))
    _, whole = run(model, source, tmp_path / "whole.csv")
    scorer = WordScorer(seconds=0.02)  # a part takes so long that none of the kills comes after the last one
    monkeypatch.setattr(labelling, "load_scorer", lambda *words: scorer)
    rng = random.Random(0)
    for _ in range(8):
        assert not start_killed_later(model, source, tmp_path / "killed.csv", rng.randrange(0, 8))
    scorer.seconds = 0
    assert start_killed_later(model, source, tmp_path / "killed.csv", None)
    assert check(tmp_path / "killed.csv").content == whole.content
    assert (tmp_path / "killed.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*killed*")) == ["killed.csv", "killed.csv.receipt.json"]


def test_what_is_done_is_not_done_again(model, tmp_path, monkeypatch):
    source = write_csv(tmp_path / "in.csv", list(enumerate(texts(40))))
    run(model, source, tmp_path / "parts", shard="1/4")
    scorer = WordScorer()
    monkeypatch.setattr(labelling, "load_scorer", lambda *words: scorer)
    run(model, source, tmp_path / "parts", shards=4)
    assert sum(map(len, scorer.batches)) == 28  # of 10 blocks of 4 rows the second of 4 shards had three
    scorer.batches.clear()
    run(model, source, tmp_path / "parts", shards=4)
    assert scorer.batches == []


def test_bad_rows_are_named_and_left_out_or_kept(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", [[1, "good"], [2, ""], [3, "  "], [4, "bad film"]])
    with pytest.raises(UserError, match=r"in\.csv, line 3: no text\. --on_bad_row keep"):
        run(model, source, tmp_path / "out.csv")
    work, proof = run(model, source, tmp_path / "kept.csv", on_bad_row="keep")
    assert (proof.written, proof.bad_rows) == (4, ["in.csv, line 3: no text", "in.csv, line 4: no text"])
    with (tmp_path / "kept.csv").open(newline="") as file:
        assert [row["predicted"] != "" for row in csv.DictReader(file)] == [True, False, False, True]
    _, proof = run(model, source, tmp_path / "left.jsonl", on_bad_row="skip")
    found = [json.loads(line) for line in (tmp_path / "left.jsonl").read_text().splitlines()]
    assert ([row["id"] for row in found], proof.written) == (["1", "4"], 2)
    assert "2 rows hold no text: in.csv, line 3: no text; in.csv, line 4: no text" in lines_of(work, proof, 1.0)
    assert "2 of them left out" in check(tmp_path / "left.jsonl").sentence(tmp_path)


def test_formulas_are_counted_and_disarmed_on_request(model, tmp_path):
    rows = [["=1+1", "good"], ["-5", "@SUM(A1)"], ["+x", "좋은"]]
    source = write_csv(tmp_path / "in.csv", rows)
    work, proof = run(model, source, tmp_path / "plain.csv")
    assert "3 cells look like formulas and would be run by a spreadsheet" in lines_of(work, proof, 1.0)[1]
    run(model, source, tmp_path / "safe.csv", safe_csv=True)
    with (tmp_path / "safe.csv").open(newline="", encoding="utf-8") as file:
        found = [row[:2] for row in csv.reader(file)][1:]
    assert found == [["'=1+1", "good"], ["-5", "'@SUM(A1)"], ["'+x", "좋은"]]
    assert check(tmp_path / "safe.csv").written == 3
    assert not is_formula("-1e5")
    assert is_formula("-1e5x")


def test_nothing_is_overwritten_unless_it_is_said(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", [[1, "good"]])
    (tmp_path / "mine.csv").write_text("precious")
    with pytest.raises(UserError, match=r"mine\.csv is there already\. Choose another --output"):
        run(model, source, tmp_path / "mine.csv")
    run(model, source, tmp_path / "out.csv")
    with pytest.raises(UserError, match="differs in scores"):
        run(model, source, tmp_path / "out.csv", scores="best")
    assert "score_short" in (tmp_path / "out.csv").read_text()
    run(model, source, tmp_path / "out.csv", scores="best", overwrite=True)
    assert "score_short" not in (tmp_path / "out.csv").read_text()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("precious")
    with pytest.raises(UserError, match="is not empty, and not of"):
        run(model, source, tmp_path / "folder", overwrite=True)
    taken = write_csv(tmp_path / "taken.csv", [[1, "good"]], ("predicted", "text"))
    with pytest.raises(UserError, match="--prefix model_ calls the new ones model_predicted"):
        run(model, taken, tmp_path / "taken-out.csv")
    run(model, taken, tmp_path / "taken-out.csv", prefix="model_")
    assert (tmp_path / "taken-out.csv").read_text().startswith("predicted,text,model_predicted,")


def test_the_proof_finds_what_was_changed_lost_or_doubled(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", list(enumerate(texts(40))))
    run(model, source, tmp_path / "parts", shards=4, format="csv")
    proof = check(tmp_path / "parts")
    assert (proof.rows, proof.shards) == (40, 4)
    check_inputs(tmp_path / "parts", find_sources([str(source)], None, None, None))
    part = sorted((tmp_path / "parts").glob("part-*"))[1]
    kept = part.read_text()
    lines = kept.splitlines(keepends=True)
    for changed in (kept + lines[-1], "".join(lines[:-1]), kept.replace("short", "long")):
        part.write_text(changed)
        with pytest.raises(UserError, match="was changed after it was written"):
            check(tmp_path / "parts")
    part.unlink()
    with pytest.raises(UserError, match=r"1 of 4 shards are not done \(1\).*--shard 1/4"):
        check(tmp_path / "parts")
    write_csv(source, list(enumerate(texts(40, seed=5))))
    with pytest.raises(UserError, match="made of other rows"):
        check_inputs(tmp_path / "parts", find_sources([str(source)], None, None, None))


def test_other_rows_in_the_same_file_are_another_job(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", list(enumerate(texts(40))))
    run(model, source, tmp_path / "parts", shard="0/4")
    write_csv(source, list(enumerate(texts(40, seed=5))))
    with pytest.raises(UserError, match="differs in the input"):
        run(model, source, tmp_path / "parts", shard="1/4")


def test_a_broken_model_stops_with_the_row(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", [[1, "good"], [2, "NaN"]])
    with pytest.raises(UserError, match=r"no numbers \(NaN\) for in\.csv, line 3"):
        run(model, source, tmp_path / "out.csv")


def test_columns_are_chosen_or_asked_for(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", [["a", "b"]], ("head", "content_"))
    with pytest.raises(UserError, match=r"Which column of in\.csv holds the text"):
        run(model, source, tmp_path / "out.csv")
    with pytest.raises(UserError, match=r"no column 'content'; found: head, content_\. Did you mean 'content_'"):
        run(model, source, tmp_path / "out.csv", text_columns=["content"])
    numbers = tmp_path / "numbers.parquet"
    pq.write_table(pa.table({"text": [1, 2]}), numbers)
    with pytest.raises(UserError, match=r"column text of numbers\.parquet holds int64; expected text"):
        run(model, numbers, tmp_path / "out.csv")
    (model / "config.json").write_text(json.dumps({"text_columns": ["title", "body"]}))
    with pytest.raises(UserError, match="trained on the columns title and body"):
        run(model, source, tmp_path / "out.csv")
    pair = write_csv(tmp_path / "pair.csv", [["good", "FILM"], ["bad", ""]], ("title", "body"))
    run(model, pair, tmp_path / "pair-out.parquet")
    found = pq.read_table(tmp_path / "pair-out.parquet").to_pylist()
    assert found[0]["scores"] == pytest.approx(expected(("good", "FILM"))[1], abs=1e-6)
    assert found[1]["scores"] == pytest.approx(expected("bad")[1], abs=1e-6)


@pytest.mark.parametrize(
    ("read", "asked"), [(["message"], False), (["message", "subject"], True), ("message", True), (None, True)]
)
def test_a_column_of_any_name_is_read_where_the_model_was_trained_on_it(model, tmp_path, read, asked):
    source = write_csv(tmp_path / "in.csv", [["bad", "good"], ["FILM", "good"]], ("message", "queue"))
    (model / "config.json").write_text("{}")
    (model / "evaluation.json").write_text(json.dumps({"data": {"text_columns": read}}))
    if asked:  # several that were joined to one text, or no evaluation of ours
        with pytest.raises(UserError, match="Found: message, queue"):
            run(model, source, tmp_path / "out.parquet")
        return
    run(model, source, tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert found[0]["scores"] == pytest.approx(expected("bad")[1], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shard": "4/4"}, "--shard takes I/N"),
        ({"shard": "x"}, "--shard takes I/N"),
        ({"shard": "1/4", "shards": 5}, "do not agree"),
        ({"shards": 0}, "--shards must be 1 or more"),
        ({"on": "spark"}, "--on takes ray"),
        ({"on": "ray", "shard": "0/2"}, "Leave one out"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, said):
    with pytest.raises(UserError, match=said):
        BulkArguments(**options)


def test_too_many_shards_and_missing_files_are_said(model, tmp_path):
    source = write_csv(tmp_path / "in.csv", list(enumerate(texts(10))))
    with pytest.raises(UserError, match=r"too few for 9 shards\. Take --shards 3"):
        run(model, source, tmp_path / "out.csv", shards=9)
    with pytest.raises(UserError, match=r"in\.cvs does not exist|no dataset script|in\.csv"):
        run(model, tmp_path / "in.cvs", tmp_path / "out.csv")
    with pytest.raises(UserError, match=r"^someone/texts is no file or folder here"):
        find_sources([str(source), "someone/texts"], None, None, None)
    write_csv(source, [])
    with pytest.raises(UserError, match=r"no rows to label|empty"):
        run(model, source, tmp_path / "out.csv")


def test_several_blocks_a_call_change_nothing(model, tmp_path, monkeypatch):
    """Chunks of 4096 texts are what classifiers batch; here they are of 4."""
    source = write_csv(tmp_path / "in.csv", [[n, "" if n in (5, 9) else text] for n, text in enumerate(texts(50))])
    _, one = run(model, source, tmp_path / "one.csv", on_bad_row="keep")
    monkeypatch.setattr(shards, "CHUNK", 4)
    scorer = WordScorer()
    monkeypatch.setattr(labelling, "load_scorer", lambda *words: scorer)
    _, four = run(model, source, tmp_path / "four.csv", on_bad_row="keep")
    assert [len(batch) for batch in scorer.batches] == [16, 16, 16, 2]
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "four.csv").read_text()
    assert one == four
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "four.csv").read_bytes()


def test_a_chunk_is_what_the_classifiers_batch():
    assert rows.CHUNK == shards.CHUNK
