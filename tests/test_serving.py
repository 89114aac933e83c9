"""The REST server over a model that can be computed by hand: protocols, limits, faults, batches, metrics."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress

import httpx
import numpy as np
import pytest
import schemathesis
import uvicorn
from fastapi.testclient import TestClient
from huggingface_hub import InferenceClient, constants
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from tests.e2e.client_process import HANGING
from tests.fake_models import NAMES, WordModel, WordsHere, logits_of, word_tokenizer
from textclf.evaluation.text_profile import TokenCounter, score_profile, text_profile
from textclf.inference.promises import Promises
from textclf.serving.api import create_app
from textclf.serving.batching import Batcher, Listener, choose
from textclf.serving.faults import CallError
from textclf.serving.serve_arguments import ServeArguments
from textclf.serving.server import configured
from textclf.serving.worker import logits_in_halves


def softmax(values):
    raised = np.exp(np.array(values) - max(values))
    return raised / raised.sum()


def app_of(model, profile=None, **options):
    return create_app(WordsHere(model, profile), ServeArguments(**{"ui": False, **options}))


@pytest.fixture
def client():
    with TestClient(app_of(WordModel()), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def several():
    with TestClient(app_of(WordModel(several=True)), raise_server_exceptions=False) as client:
        yield client


@contextmanager
def served(app, options=None):
    """The app behind a real port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(configured(app, options or ServeArguments()))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listening.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join(30)


def wait_for(condition):
    until = time.monotonic() + HANGING
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def metrics_of(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_the_hubs_own_client_reads_the_answers_unchanged(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # the server is on this machine
    with served(app_of(WordModel())) as (port, _):
        client = InferenceClient(base_url=f"http://127.0.0.1:{port}", api_key="x")
        found = client.text_classification("GOOD film")
        expected = dict(zip(NAMES, softmax(logits_of("GOOD film")), strict=True))
        assert [each.label for each in found] == sorted(NAMES, key=lambda name: -expected[name])
        assert {each.label: each.score for each in found} == pytest.approx(expected, abs=1e-6)
        best = client.text_classification("GOOD film", top_k=1, function_to_apply="none")
        assert [(each.label, each.score) for each in best] == [("shouting", pytest.approx(16 / 9))]
        alone = client.text_classification("GOOD film", function_to_apply="sigmoid")
        assert alone[0].score == pytest.approx(1 / (1 + np.exp(-16 / 9)), abs=1e-6)


def test_a_list_on_the_hubs_protocol_has_an_answer_a_text_in_order(client):
    texts = ["good film", {"text": "bad", "text_pair": "FILM"}, "좋은 영화"]
    found = client.post("/", json={"inputs": texts}).json()
    plain = ["good film", ("bad", "FILM"), "좋은 영화"]
    for answer, text in zip(found, plain, strict=True):
        by_label = {each["label"]: each["score"] for each in answer}
        assert [by_label[name] for name in NAMES] == pytest.approx(softmax(logits_of(text)), abs=1e-6)


@pytest.mark.parametrize(
    ("inputs", "texts"),
    [
        ("good film", "good film"),
        (["good", "film"], ("good", "film")),
        (["good"], "good"),
        ([["good"], ["bad", "FILM"]], ["good", ("bad", "FILM")]),
    ],
)
def test_predict_reads_the_shapes_of_text_embeddings_inference(client, inputs, texts):
    found = client.post("/predict", json={"inputs": inputs, "raw_scores": True}).json()
    rows, texts = (found, texts) if isinstance(texts, list) else ([found], [texts])
    for row, text in zip(rows, texts, strict=True):
        assert [each["score"] for each in row] == pytest.approx(sorted(logits_of(text), reverse=True), abs=1e-6)


def test_several_labels_get_a_sigmoid_each_in_every_protocol(several):
    expected = {name: 1 / (1 + np.exp(-z)) for name, z in zip(NAMES, logits_of("good film"), strict=True)}
    hub = several.post("/", json={"inputs": "good film"}).json()[0]
    tei = several.post("/predict", json={"inputs": "good film"}).json()
    own = several.post("/v1/classify", json={"text": "good film"}).json()["predictions"][0]
    assert {each["label"]: each["score"] for each in hub} == pytest.approx(expected, abs=1e-6)
    assert {each["label"]: each["score"] for each in tei} == pytest.approx(expected, abs=1e-6)
    assert own["scores"] == pytest.approx(expected, abs=1e-6)
    assert own["labels"] == ["long"]  # .73 < .8, .62 >= .5, .5 < .6


def test_attributions_come_with_each_text_of_a_call_that_asks_for_them(client):
    texts = ["good film", {"text": "bad", "text_pair": "FILM"}]
    rows = client.post("/v1/classify", json={"texts": texts, "attributions": True, "label": "long"}).json()
    found = [row["attributions"] for row in rows["predictions"]]
    assert [each["label"] for each in found] == ["long", "long"]
    assert [[(w["text"], w["part"], w["score"]) for w in each["words"]] for each in found] == [
        [("good", 0, 4.0), ("film", 0, 4.0)],
        [("bad", 0, 3.0), ("FILM", 1, 4.0)],
    ]
    many = client.post("/v1/classify", json={"texts": ["film"] * 5, "attributions": True})
    assert (many.status_code, "at most 4 texts a call; found 5" in many.json()["error"]) == (422, True)


def test_an_engine_that_cannot_explain_says_which_one_can():
    model = WordModel()
    model.engine = "onnx-int8"
    with TestClient(app_of(model)) as client:
        found = client.post("/v1/classify", json={"text": "good", "attributions": True})
    assert (found.status_code, "--engine torch" in found.json()["error"]) == (422, True)


def test_texts_that_are_cut_are_said_to_be_or_refused_where_tei_refuses(client):
    long = "film " * 20
    own = client.post("/v1/classify", json={"texts": [long, "film"]}).json()["predictions"]
    assert [(each["tokens"], each["truncated"]) for each in own] == [(22, True), (3, False)]
    refused = client.post("/predict", json={"inputs": long})
    assert refused.status_code == 413
    assert refused.json()["error_type"] == "Validation"
    assert "at most 12 tokens. Given: 22" in refused.json()["error"]
    assert client.post("/predict", json={"inputs": long, "truncate": True}).status_code == 200


BAD_BODIES = [
    (b"{bad", 400, "not valid JSON"),
    (b"", 422, "The body: expected an object; found null."),
    (b"null", 422, "The body: expected an object; found null."),
    (b"[1]", 422, "The body: expected an object; found a list of 1 (a number)."),
    (b"{}", 422, "inputs: field required"),
    (b'{"inputs": 5}', 422, ", or a list of these; found a number."),
    (b'{"inputs": true}', 422, "found true or false."),
    (b'{"inputs": null}', 422, "found null."),
    (b'{"inputs": []}', 422, "found an empty list."),
    (b'{"inputs": ["a", 1, ["b"]]}', 422, "found a list of 3 (a string, a number, a list)."),
    (b'{"inputs": {"text": "a", "text_pair": 5}}', 422, "inputs.text_pair: input should be a valid string."),
    (b'{"inputs": "\\ud800"}', 422, "surrogate"),
    (b'{"inputs": "\xff"}', 400, "not UTF-8"),
    (b'{"inputs": "a", "parameters": {"top_k": 0}}', 422, "top_k"),
    (b'{"inputs": "a", "parameters": {"top_k": "1"}}', 422, "top_k"),
    (b"[" * 100_000, 400, "JSON"),
    (b'{"inputs": NaN}', 422, "found a number."),
    (json.dumps({"inputs": ["a"] * 33}).encode(), 413, "batch size 33 > maximum allowed batch size 32"),
    (json.dumps({"inputs": "a" * 20_001}).encode(), 422, "20,001 characters"),
    (b'{"inputs": "' + b"a" * 4_000_000 + b'"}', 413, "at most 4,000,000"),
]


@pytest.mark.parametrize(("body", "status", "said"), BAD_BODIES, ids=lambda value: repr(value)[:40])
def test_a_bad_body_gets_its_status_and_a_sentence_and_the_server_lives(client, body, status, said):
    found = client.post("/", content=body, headers={"content-type": "application/json"})
    assert found.status_code == status, found.text
    assert set(found.json()) == {"error", "error_type"}
    assert said in found.json()["error"]
    assert client.post("/", json={"inputs": "good"}).status_code == 200


def test_other_mistakes_have_the_same_body(client):
    triple = client.post("/predict", json={"inputs": ["a", "b", "c"]}).json()["error"]
    assert triple.startswith("inputs: expected a string, a pair [string, string], or a batch [[string], ")
    assert triple.endswith("; found a list of 3 (a string).")
    pair = client.post("/predict", json={"inputs": {"text": "a", "text_pair": "b"}}).json()["error"]
    assert pair.endswith("; found an object.")
    ones = client.post("/v1/classify", json={"texts": [["a"]]}).json()["error"]
    assert (
        ones == 'texts: expected a list, each a string or {"text": ..., "text_pair": ...}; found a list of 1 (a list).'
    )
    form = client.post(
        "/v1/classify", content="text=good", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert (form.status_code, "Content-Type: application/json" in form.json()["error"]) == (422, True)
    assert client.get("/nothing").json()["error"] == "Not Found"
    assert client.put("/predict").status_code == 405
    both = client.post("/v1/classify", json={"text": "a", "texts": ["b"]})
    assert (both.status_code, both.json()["error"]) == (422, "give either 'text' or 'texts'.")
    unknown = client.post("/v1/classify", json={"text": "a", "attributions": True, "label": "tall"})
    assert unknown.json()["error"] == "The model has no label 'tall'; it has short, long, shouting."
    assert "extra" in client.post("/v1/classify", json={"text": "a", "top": 1}).json()["error"].lower()


def test_a_secret_in_a_bad_call_is_not_repeated(client):
    found = client.post("/", json={"inputs": 5, "parameters": {"top_k": "my password"}})
    assert "password" not in found.text


def test_a_text_whose_scores_are_no_numbers_fails_alone(client):
    found = client.post("/", json={"inputs": "NaN"})
    assert (found.status_code, found.json()["error_type"]) == (500, "Backend")
    assert "weights are damaged" in found.json()["error"]
    assert client.post("/", json={"inputs": "good"}).status_code == 200


def test_a_batch_that_does_not_fit_into_memory_is_split_and_answered():
    model = WordModel(room=2)
    texts = [f"film {'x' * n}" for n in range(7)]
    rows, faults = logits_in_halves(model.logits, texts)
    assert faults == {}
    assert np.array(rows) == pytest.approx(np.array([logits_of(text) for text in texts]))
    assert max(len(batch) for batch in model.batches[1:]) == 4
    rows, faults = logits_in_halves(WordModel(room=0).logits, texts[:2])
    assert rows == [None, None]
    assert set(faults) == {0, 1}
    assert "not enough memory" in faults[0]


def test_an_error_of_the_model_that_is_no_lack_of_memory_is_not_hidden():
    def fail(texts):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        logits_in_halves(fail, ["a", "b"])


@pytest.mark.parametrize(
    ("lengths", "budget", "chosen"),
    [
        ([5], 1, [0]),  # one text is taken however long
        ([10, 90, 11, 9, 100], 40, [0, 2, 3]),  # 3 x 11 tokens; the fourth would make 4 x 90
        ([100, 10, 90, 11, 9], 200, [0, 2]),
        ([3, 3, 3, 3], 9, [0, 1, 2]),
    ],
)
def test_a_batch_is_the_oldest_text_and_those_nearest_in_length(lengths, budget, chosen):
    assert choose(lengths, budget) == chosen


@given(st.lists(st.integers(1, 600), min_size=1, max_size=60), st.integers(1, 5000))
def test_a_batch_never_exceeds_its_budget_and_always_has_the_oldest(lengths, budget):
    chosen = choose(lengths, budget)
    assert chosen[0] == 0
    assert len(chosen) == 1 or max(lengths[i] for i in chosen) * len(chosen) <= budget


class Heard(Listener):
    def __init__(self):
        self.sizes = []

    def batch(self, texts, tokens, seconds, waited):
        self.sizes.append(texts)


def batcher(compute, heard=None, **options):
    settings = {"most_waiting": 1000, "most_tokens": 100, "most_seconds": 10.0, **options}
    return Batcher(compute, listener=heard or Heard(), **settings)


def slow(seconds):
    async def compute(texts):
        await asyncio.sleep(seconds)
        return np.array([logits_of(text) for text in texts], dtype=np.float32), {}

    return compute


def test_concurrent_calls_share_batches_and_get_their_own_answers():
    async def main():
        heard = Heard()
        batches = batcher(slow(0.02), heard)
        running = asyncio.create_task(batches.run())
        texts = [f"{'film ' * (n % 7)}{n}" for n in range(200)]
        found = await asyncio.gather(*(batches.logits([text], [n % 7 + 3]) for n, text in enumerate(texts)))
        running.cancel()
        rows = np.array([row for (row,) in found])
        assert rows == pytest.approx(np.array([logits_of(text) for text in texts]))
        assert sum(heard.sizes) == 200
        assert len(heard.sizes) < 60

    asyncio.run(main())


def test_a_full_queue_sends_calls_away_and_says_when_to_come_back():
    async def main():
        batches = batcher(slow(5), most_waiting=4)
        running = asyncio.create_task(batches.run())
        waiting = asyncio.create_task(batches.logits(["a"] * 4, [3] * 4))
        await asyncio.sleep(0)
        with pytest.raises(CallError) as raised:
            await batches.logits(["b"], [3])
        assert (raised.value.status, raised.value.kind) == (503, "Overloaded")
        assert int(raised.value.headers["retry-after"]) >= 1
        waiting.cancel()
        running.cancel()

    asyncio.run(main())


def test_texts_of_callers_who_have_gone_are_not_computed():
    async def main():
        seen = []

        async def compute(texts):
            seen.extend(texts)
            await asyncio.sleep(0.05)
            return np.zeros((len(texts), 3), np.float32), {}

        batches = batcher(compute, most_tokens=1)
        running = asyncio.create_task(batches.run())
        calls = [asyncio.create_task(batches.logits([name], [3])) for name in ("first", "gone", "last")]
        await asyncio.sleep(0.01)
        calls[1].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        running.cancel()
        assert seen == ["first", "last"]

    asyncio.run(main())


def test_a_token_is_wanted_of_all_but_the_probes(monkeypatch):
    monkeypatch.setenv("TEXTCLF_API_TOKEN", "s3cret")
    with TestClient(app_of(WordModel())) as client:
        assert client.get("/health").status_code == client.get("/ready").status_code == 200
        for headers in ({}, {"authorization": "Bearer s3cre"}, {"authorization": "Basic s3cret"}):
            refused = client.post("/", json={"inputs": "good"}, headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/metrics").status_code == 401
        for scheme in ("Bearer", "bearer"):
            right = {"authorization": f"{scheme} s3cret"}
            assert client.post("/", json={"inputs": "good"}, headers=right).status_code == 200


def test_a_body_that_drips_in_is_given_up_and_the_next_call_answered():
    with (
        served(app_of(WordModel(), body_seconds=0.3)) as (port, _),
        socket.create_connection(("127.0.0.1", port)) as slow,
    ):
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        slow.settimeout(HANGING)
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")
        assert httpx.post(f"http://127.0.0.1:{port}/", json={"inputs": "good"}, timeout=HANGING).status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nX-", b"408"),  # and no more
        (b"POST / HTTP/1.1\r\nHost: x\r\nX-Much: " + b"x" * 1_000_000, b"431"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n" + b"X-More: x\r\n" * 50_000, b"431"),
    ],
    ids=["they drip", "one is long", "they are many"],
)
def test_headers_that_do_not_end_are_given_up_and_the_next_call_answered(sent, status):
    options = ServeArguments(body_seconds=1.0)
    with served(app_of(WordModel()), options) as (port, _), socket.create_connection(("127.0.0.1", port)) as rude:
        rude.settimeout(HANGING)
        with suppress(ConnectionError):  # it is closed while they still come
            rude.sendall(sent)
        said = b""
        with suppress(ConnectionError):  # whose reset may overtake what was said
            while more := rude.recv(1000):
                said += more
        assert said.startswith(b"HTTP/1.1 " + status) or (said == b"" and status == b"431")
        assert httpx.post(f"http://127.0.0.1:{port}/", json={"inputs": "good"}, timeout=HANGING).status_code == 200


def test_a_connection_answers_one_request_after_the_other():
    with served(app_of(WordModel())) as (port, _), socket.create_connection(("127.0.0.1", port)) as caller:
        caller.settimeout(HANGING)
        answers = b""
        caller.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        while answers.count(b'{"status":"ok"}') < 3:
            answers += caller.recv(1000)
        assert answers.count(b"HTTP/1.1 200 OK") == 3


def test_a_caller_who_hangs_up_leaves_nothing_behind():
    model = WordModel(until=threading.Event())
    with served(app_of(model, max_batch_tokens=1)) as (port, _):
        body = json.dumps({"inputs": ["one", "two", "three"]}).encode()
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(head.encode() + body)
            wait_for(lambda: model.batches)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=HANGING)
        wait_for(lambda: metrics_of(client).get(("textclf_requests_total", "/", "499")) == 1)
        model.until.set()
        assert client.post("/", json={"inputs": "next"}).status_code == 200
        assert [text for batch in model.batches for text in batch] == ["one", "next"]


def test_an_answer_that_takes_too_long_is_given_up():
    with TestClient(app_of(WordModel(seconds=1.0), answer_seconds=0.1)) as client:
        found = client.post("/", json={"inputs": "good"})
        assert (found.status_code, found.json()["error_type"]) == (504, "Overloaded")


def test_a_shutdown_answers_what_was_accepted():
    model = WordModel(until=threading.Event())
    with served(app_of(model)) as (port, server):
        found = []
        thread = threading.Thread(
            target=lambda: found.append(
                httpx.post(f"http://127.0.0.1:{port}/", json={"inputs": "good"}, timeout=HANGING)
            )
        )
        thread.start()
        wait_for(lambda: model.batches)
        server.should_exit = True
        wait_for(lambda: not server.servers[0].is_serving())
        model.until.set()
        thread.join(HANGING)
        assert found[0].status_code == 200


def test_metrics_count_calls_batches_and_what_texts_look_like_beside_the_training_rows():
    counter = TokenCounter(word_tokenizer().to_str())
    texts = ["good film", "좋은 영화", "what a strange film"]
    model = WordModel()
    scores = np.array([softmax(logits_of(text)) for text in texts], np.float32)
    profile = {"texts": text_profile(texts, counter), "answers": score_profile(scores, model.labels, None)}
    with TestClient(app_of(model, profile)) as client:
        client.post("/", json={"inputs": ["good film", "GOOD FILM x y z"]})
        client.post("/", json={"inputs": 5})
        found = metrics_of(client)
    assert found["textclf_requests_total", "/", "200"] == 1
    assert found["textclf_requests_total", "/", "422"] == 1
    assert found["textclf_batch_texts_sum",] == 2
    assert found["textclf_text_tokens_sum",] == 4 + 7
    assert found["textclf_text_unknown_sum",] == pytest.approx(1.0)  # 0 of 2, and 5 of 5: GOOD is not good
    assert found["textclf_text_script_total", "Latin"] == 2
    assert found["textclf_predicted_total", "short"] == found["textclf_predicted_total", "shouting"] == 1
    assert found["textclf_training_text_tokens_bucket", "4.0"] == 2
    assert found["textclf_training_text_tokens_bucket", "8.0"] == 3
    assert found["textclf_training_text_script_total", "Hangul"] == 1
    assert found["textclf_training_predicted_total", "short"] == 3  # 1.0 against .5; 4 words tie, the first wins
    assert not [name for name in found if "film" in str(name)]


def test_info_says_what_text_embeddings_inference_says_of_a_classifier(several):
    info = several.get("/info").json()
    assert info["model_type"]["classifier"]["id2label"] == {"0": "short", "1": "long", "2": "shouting"}
    assert (info["max_input_length"], info["max_client_batch_size"], info["model_sha"]) == (12, 32, "0123456789abcdef")


SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", app_of(WordModel()))


BEYOND_SCHEMA = [unsupported_method, positive_data_acceptance]  # GET / leads people to /docs; tokens are limited too


@SCHEMA.parametrize()
@settings(max_examples=50)
def test_no_call_that_the_schema_allows_or_forbids_breaks_the_server(case):
    """Schema-driven fuzzing: status and body are always among those that the OpenAPI page declares."""
    case.call_and_validate(excluded_checks=BEYOND_SCHEMA)


def test_a_model_that_makes_promises_says_where_it_is_not_sure():
    model = WordModel()
    model.promises = Promises.of({"abstain": {"score_below": 0.6}, "label_sets": {"cut": 0.2}}, model.labels)
    with TestClient(app_of(model)) as client:
        found = client.post("/v1/classify", json={"texts": ["FILM FILM", "good film"]}).json()["predictions"]
    assert [row["unsure"] for row in found] == [[], found[1]["labels"]]  # .84 and .51 of the best label
    for row in found:
        assert row["label_set"] == [name for name, score in row["scores"].items() if score >= 0.2]
