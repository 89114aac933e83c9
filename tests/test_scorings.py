"""How often test was scored: counted before, by the rows."""

import json
import unicodedata

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from textclf.evaluation.scorings import count_if_own, count_scoring, fingerprint
from textclf.run_folder import RunFolder

TEXTS = ["좋아요 정말", "bad", "좋아요 정말", ""]


def rows(texts, **more):
    return Dataset.from_dict({"text": texts, **more})


def test_rows_are_known_whatever_their_order_and_form():
    one = fingerprint(rows(TEXTS, labels=[0, 1, 0, 1]))
    assert fingerprint(rows([unicodedata.normalize("NFD", text) for text in reversed(TEXTS)])) == one
    assert fingerprint(rows(TEXTS[:3])) != one
    assert fingerprint(rows(TEXTS, text_pair=["a", None, "b", "c"])) != one


def test_a_scoring_counts_though_nothing_came_of_it(tmp_path):
    """A stop between scoring and writing left `scored once` for a test split that was scored twice."""
    run = RunFolder(tmp_path)
    assert count_scoring(run, rows(TEXTS)) == 1
    assert count_scoring(run, rows(TEXTS)) == 2
    assert count_scoring(run, rows(["other"])) == 1


def test_another_commands_scoring_of_the_runs_own_rows_counts(tmp_path):
    run = RunFolder(tmp_path)
    count_scoring(run, rows(TEXTS))
    run.write_json("evaluation.json", {"n": 4, "test_scored": 1})
    assert count_if_own(str(tmp_path), rows(["other"])) is None
    assert "scored 2 times by now" in count_if_own(str(tmp_path), rows(TEXTS))
    assert json.loads((tmp_path / "evaluation.json").read_text()) == {"n": 4, "test_scored": 2}
    assert count_if_own("someone/on-the-hub", rows(TEXTS)) is None


@pytest.mark.parametrize("pairs", [False, True])
def test_a_part_of_the_test_rows_counts_as_all_of_them_do(tmp_path, pairs):
    """Nine rows of ten were measured as often as one liked, and no one was told."""
    run, texts = RunFolder(tmp_path), [f"text {number}" for number in range(10)]
    beside = {"text_pair": [None, *"abcdefghi"]} if pairs else {}
    test = rows(texts, **beside)
    write_predictions(run, "test", test)
    count_scoring(run, test)
    run.write_json("evaluation.json", {"test_scored": 1})

    def some(numbers, others=0):
        more = {name: [cells[number] for number in numbers] + ["new"] * others for name, cells in beside.items()}
        return rows([texts[number] for number in numbers] + ["new"] * others, **more)

    said = count_if_own(str(tmp_path), some(range(9)))
    assert said == (
        "9 of these 9 texts are test texts of the run, scored 2 times by now; choosing by them takes new ones."
    )
    assert "1 of these 2 texts are test texts of the run, scored 3 times" in count_if_own(str(tmp_path), some([3], 1))
    assert "5 of these 90 texts are test texts of the run, scored 4 times" in count_if_own(
        str(tmp_path), some(range(5), 85)
    )
    assert count_if_own(str(tmp_path), some(range(4), 86)) is None, "less than half of either"
    assert count_if_own(str(tmp_path), some([3], 2)) is None
    assert "These are the run's own test rows, scored 5 times" in count_if_own(str(tmp_path), test)
    assert run.read_json("evaluation.json") == {"test_scored": 5}
    (tmp_path / "predictions/test.parquet").unlink()
    assert count_if_own(str(tmp_path), some(range(9))) is None, "nothing says what they were"


def write_predictions(run, name, split):
    pairs = split["text_pair"][:] if "text_pair" in split.column_names else [None] * len(split)
    (run.path / "predictions").mkdir()
    pq.write_table(pa.table({"text": split["text"][:], "text_pair": pairs}), run.path / f"predictions/{name}.parquet")


@pytest.mark.parametrize("before", [1, 3])
def test_a_run_without_a_ledger_goes_on_from_what_it_says(tmp_path, before):
    run = RunFolder(tmp_path)
    run.write_json("evaluation.json", {"test_scored": before})
    assert count_scoring(run, rows(TEXTS)) == before + 1
