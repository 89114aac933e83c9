"""A chat model as teacher, against a stand-in server: structured answers, bounded retries, kept, no key told."""

import contextlib
import csv
import io
import json
import logging

import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from tests.chat_stand_in import ChatStandIn, served
from tests.trained_runs import COMMON, follow, texts, write_csv
from tests.training_runs import arguments
from textclf.commands import train
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.recipe import read_recipe
from textclf.training import chat_teacher
from textclf.training.chat_protocol import address_of, instructions, read_answer, read_meanings
from textclf.training.chat_teacher import QUESTIONS, ChatTeacher, Endpoint
from textclf.training.teaching import taught

LABELS = LabelSpace(("정치", "sport"), False)
SEVERAL = LabelSpace(("a", "b"), True)
MEANINGS = {"정치": "국회, 선거"}


def korean(text):
    return json.dumps({"labels": ["정치" if not text.isascii() else "sport"]}, ensure_ascii=False)


def ask(url, given, tmp_path, labels=LABELS, price=None):
    return ChatTeacher(Endpoint(url, "tiny-chat", price), labels, MEANINGS if labels is LABELS else {}, tmp_path, 0.0)(
        given
    )


def test_each_text_is_asked_once_and_answered_from_disk_afterwards(tmp_path):
    stand_in = ChatStandIn(korean)
    with served(stand_in) as url:
        given = ["국회가 열렸다", "A late goal", "국회가 열렸다"]
        first = ask(url, given, tmp_path, price=(2.0, 10.0))
        again = ask(url, [*given, "New text"], tmp_path, price=(2.0, 10.0))
    assert first.ids == [[0], [1], [0]]
    assert again.ids == [[0], [1], [0], [1]]
    assert stand_in.asked == {"국회가 열렸다": 1, "A late goal": 1, "New text": 1}
    record = again.record
    assert (record["asked_now"], record["texts"], record["unanswered"]) == (1, 4, 0)
    assert record["tokens"] == {"prompt_tokens": 150, "completion_tokens": 18}
    assert record["cost"] == pytest.approx((150 * 2 + 18 * 10) / 1e6)
    assert record["answers"] == {"정치": 2, "sport": 2}
    body = stand_in.bodies[0]
    assert body["response_format"]["json_schema"]["schema"]["properties"]["labels"]["items"]["enum"] == [
        "정치",
        "sport",
    ]
    assert "- 정치: 국회, 선거\n- sport" in body["messages"][0]["content"]
    assert body["temperature"] == 0
    kept = next(tmp_path.glob("*.jsonl")).read_text(encoding="utf-8")
    assert "국회가" not in kept


def test_an_interrupted_line_costs_its_own_answer_alone(tmp_path):
    stand_in = ChatStandIn(korean)
    with served(stand_in) as url:
        ask(url, ["one", "two"], tmp_path)
        path = next(tmp_path.glob("*.jsonl"))
        path.write_bytes(path.read_bytes()[:-20])
        assert ask(url, ["one", "two"], tmp_path).record["asked_now"] == 1
        assert ask(url, ["one", "two"], tmp_path).record["asked_now"] == 0


def test_a_busy_endpoint_is_asked_again_and_not_for_ever(tmp_path):
    with served(ChatStandIn(korean, [429, 503, 500])) as url:
        assert ask(url, ["one"], tmp_path / "a").ids == [[1]]
    stand_in = ChatStandIn(korean, [503] * 50)
    with (
        served(stand_in) as url,
        pytest.raises(UserError, match=r"did not answer in 5 tries .*the same command goes on"),
    ):
        ask(url, ["one"], tmp_path / "b")
    assert len(stand_in.bodies) == 5


def test_an_answer_that_names_no_label_is_asked_three_times_and_left_out(tmp_path):
    stand_in = ChatStandIn(lambda text: "I think it is about cooking." if "soup" in text else korean(text))
    with served(stand_in) as url:
        found = ask(url, ["The soup was cold", "A goal"], tmp_path)
    assert found.ids == [None, [1]]
    assert stand_in.asked["The soup was cold"] == 3
    assert found.record["unanswered"] == 1
    assert found.record["tokens"]["prompt_tokens"] == 4 * 50


def test_a_server_that_knows_no_schema_is_asked_without_one(tmp_path):
    stand_in = ChatStandIn(lambda text: f"```json\n{korean(text)}\n```", knows_schema=False)
    with served(stand_in) as url:
        assert ask(url, ["A goal", "국회"], tmp_path).ids == [[1], [0]]


@pytest.mark.parametrize(("status", "stops"), [(400, False), (413, False), (422, False), (404, True), (402, True)])
def test_a_text_that_an_endpoint_cannot_take_stays_alone_without_labels(tmp_path, monkeypatch, status, stops):
    """Too long, or filtered; it is one text's trouble once another was answered, and is asked no second schema."""
    monkeypatch.setattr(chat_teacher, "AT_ONCE", 1)
    stand_in = ChatStandIn(korean)
    with served(stand_in) as url:
        teacher = ChatTeacher(Endpoint(url, "tiny-chat"), LABELS, {}, tmp_path, 0.0)
        assert teacher(["A goal"]).ids == [[1]]
        stand_in.troubles = [status] * QUESTIONS
        if stops:
            with pytest.raises(UserError, match=rf"refuses the request for --teacher tiny-chat: {status} "):
                teacher(["A goal", "too long"])
            return
        found = teacher(["A goal", "too long", "국회"])
    assert found.ids == [[1], None, [0]]
    assert (teacher.structured, found.record["unanswered"]) == (True, 1)
    assert (teacher.requests, teacher.answered) == (2 + QUESTIONS, 2)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_an_endpoint_that_is_busy_is_waited_for_as_long_as_it_says(tmp_path, monkeypatch, status):
    """Twice as long each time, but no shorter than it asks for and no longer than a minute."""
    pauses = []
    monkeypatch.setattr(chat_teacher.time, "sleep", pauses.append)
    monkeypatch.setattr(ChatStandIn, "retry_after", "soon" if status == 503 else "5")
    with served(ChatStandIn(korean, [status] * 4)) as url:
        assert ChatTeacher(Endpoint(url, "tiny-chat"), LABELS, {}, tmp_path, 2.0)(["one"]).ids == [[1]]
    assert pauses == ([2.0, 4.0, 8.0, 16.0] if status == 503 else [5.0, 5.0, 8.0, 16.0])
    pauses.clear()
    monkeypatch.setattr(ChatStandIn, "retry_after", "900")
    with served(ChatStandIn(korean, [status])) as url:
        ChatTeacher(Endpoint(url, "tiny-chat"), LABELS, {}, tmp_path / "b", 2.0)(["one"])
    assert pauses == [60.0]


def test_the_key_comes_from_the_environment_and_is_never_told(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("TEACHER_API_KEY", "sk-secret-123")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other-456")
    stand_in = ChatStandIn(korean, [503] * 5)
    caplog.set_level(logging.DEBUG)
    with served(stand_in) as url:
        with pytest.raises(UserError) as stopped:
            ask(url, ["one"], tmp_path)
        record = ask(url, ["one"], tmp_path).record
    assert all(headers["Authorization"] == "Bearer sk-secret-123" for headers in stand_in.headers)
    said = [str(stopped.value), json.dumps(record), caplog.text, next(tmp_path.glob("*.jsonl")).read_text()]
    assert not [each for each in said if "secret" in each or "other" in each]


def test_a_refused_key_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.delenv("TEACHER_API_KEY", raising=False)
    with (
        served(ChatStandIn(korean, [401])) as url,
        pytest.raises(UserError, match=r"asks for a key .*export TEACHER_API_KEY"),
    ):
        ask(url, ["one"], tmp_path)
    with served(ChatStandIn(korean)) as url, pytest.raises(UserError, match="up to /v1"):
        ask(url.removesuffix("/v1"), ["one"], tmp_path)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", "https://me:secret@x/v1", "https://x/v1?key=secret"])
def test_an_address_that_is_none_or_holds_a_key_is_refused(url):
    with pytest.raises(UserError, match="--teacher_url"):
        address_of(url)


@pytest.mark.parametrize(
    ("content", "labels", "ids"),
    [
        ('{"labels": ["sport"]}', LABELS, [1]),
        ('{"labels": ["정치"]}', LABELS, [0]),  # decomposed
        ('Sure! {"labels": ["SPORT"]} as you wish', LABELS, [1]),
        ('{"labels": "sport"}', LABELS, [1]),
        ('{"labels": ["sport", "정치"]}', LABELS, None),
        ('{"labels": []}', LABELS, None),
        ('{"labels": []}', SEVERAL, []),
        ('{"labels": ["b", "a"]}', SEVERAL, [0, 1]),
        ('{"labels": ["c"]}', SEVERAL, None),
        ('{"labels": [["a"]]}', SEVERAL, None),
        ('{"labels": {"a": 1}}', SEVERAL, None),
        ("", LABELS, None),
        ("[1, 2]", LABELS, None),
        ('{"labels": ["apple"]}', LabelSpace(("Apple", "APPLE"), False), None),
    ],
)
def test_answers_are_read_as_labels_or_not_at_all(content, labels, ids):
    assert read_answer(content, labels) == ids


def test_a_described_label_that_the_data_lacks_is_refused():
    with pytest.raises(UserError, match="names law, which no labelled training text carries"):
        instructions(LABELS, read_meanings(["sport", "law=courts"]))


def test_an_answer_is_an_opinion_of_its_label_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    features = Features({"text": Value("string"), "labels": ClassLabel(names=list(LABELS.names))})
    own = Dataset.from_dict({"text": ["예산안", "A goal"], "labels": [0, 1]}, features=features)
    unlabelled = Dataset.from_dict({"text": ["국회가 열렸다", "A late goal"]})
    with served(ChatStandIn(korean)) as url:
        args = arguments(tmp_path / "run", teacher_url=url, teacher="tiny-chat")
        found = taught(own, own, unlabelled, args, trust_remote_code=False)
    assert found.train["labelled"][:] == [True, True, False, False]
    assert found.train["opinion"][:] == [[-1, -1], [-1, -1], [1, 0], [0, 1]]


def test_from_no_labels_to_figures_of_hand_labels_alone(tmp_path, tiny_model):
    """First a sample to label, then a run whose rows are the hand-labelled ones; the teacher's texts only teach."""
    pool = [*texts(150, 5), "", "  "]
    write_csv(tmp_path / "pool.csv", ["comment", "day"], [(text, "Monday") for text in pool])
    stand_in = ChatStandIn(korean)
    with served(stand_in) as url:
        argv = [
            *COMMON,
            "--unlabelled",
            "pool.csv",
            "--teacher_url",
            url,
            "--teacher",
            "tiny-chat",
            "--hand_labels",
            "60",
        ]
        argv += ["--teacher_labels", "정치", "sport=games", "--model", str(tiny_model("bert")), "--output_dir", "run"]
        argv += ["--text_columns", "comment"]
        said = follow(tmp_path, argv)
        assert "to_label.csv: 60 of them, drawn at random" in said
        assert not stand_in.bodies  # nothing is paid for before there is anything to measure with
        with (tmp_path / "to_label.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 60
        assert {row["text"] for row in rows} <= set(pool)
        with pytest.raises(UserError, match=r"is there already\. Fill in its column 'label'"):
            follow(tmp_path, argv)
        labelled = [(row["text"], "sport" if row["text"].isascii() else "정치") for row in rows]
        write_csv(tmp_path / "to_label.csv", ["text", "label"], labelled)
        argv[argv.index("comment")] = "text"
        said = follow(tmp_path, [*argv, "--dataset", "to_label.csv"])
    evaluation = json.loads((tmp_path / "run/evaluation.json").read_text(encoding="utf-8"))
    assert sum(evaluation["data"]["sizes"].values()) == 60
    taught = evaluation["training"]["taught"]
    different = len({" ".join(text.split()) for text in pool if text.strip()})
    hand = len({text for text, _ in labelled})
    assert taught["labelled"] == evaluation["data"]["sizes"]["train"]
    assert taught["unlabelled"] == different - hand
    record = json.loads((tmp_path / "run/teacher.json").read_text(encoding="utf-8"))
    assert record["on_validation"]["accuracy"]["value"] == 1.0
    assert record["answers"].keys() == {"정치", "sport"}
    test = pq.read_table(tmp_path / "run/predictions/test.parquet")["text"].to_pylist()
    assert not set(test) & set(stand_in.asked)  # no test text was ever sent anywhere
    assert f"{different - hand:,} texts without labels" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--teacher_url", "http://x/v1"], "--teacher_url does nothing without --teacher"),
        (["--teacher", "m", "--teacher_url", "http://x/v1", "--teacher_temperature", "3"], "whose answers are labels"),
        (["--teacher", "m", "--teacher_price", "1", "2"], "--teacher_price does nothing without --teacher_url"),
        (["--teacher_weight", "0.3"], "--teacher_weight does nothing without --teacher"),
        (["--cluster_k", "8"], "--cluster_k does nothing without --cluster_inject"),
        (["--teacher", "m", "--teacher_weight", "1.5"], "above 0 and up to 1"),
    ],
)
def test_settings_that_would_do_nothing_are_refused(options, sentence):
    with pytest.raises(UserError, match=sentence):
        read_recipe(["--dataset", "rows.csv", *options])


def test_texts_without_labels_and_without_a_teacher_are_refused(tmp_path):
    shown = io.StringIO()
    with (
        contextlib.chdir(tmp_path),
        contextlib.redirect_stderr(shown),
        pytest.raises(UserError, match="no labels yet"),
    ):
        train.train(read_recipe(["--unlabelled", "pool.csv", "--output_dir", "run"]))
