"""serve.py with real models in real processes: it starts, answers, survives kill -9, and ends in order."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from benchmarks import load_client
from benchmarks.serving_load import resident_megabytes
from tests.made_runs import make_run
from tests.tiny_models import SENTENCES
from textclf.errors import UserError
from textclf.inference.classifier import Classifier
from textclf.serving.engine import ModelProcess
from textclf.serving.serve_arguments import ServeArguments
from textclf.serving.server import serve

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.process
PATIENCE = 1800


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("served") / "run", "multi").path


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(*words, **environment):
    return subprocess.Popen(
        [sys.executable, "serve.py", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(run, *words):
    port = free_port()
    process = start(run, "--port", port, *words)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.poll() is None:
            try:
                client.get("/ready")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield process, client
    finally:
        process.kill()
        process.wait()


def test_a_model_process_that_is_killed_is_replaced_and_nobody_goes_without_an_answer(run):
    texts = ["The film opens slowly.", "정말 최고예요.", ("Voters go to the polls.", "The outcome is open.")]
    expected = Classifier.load(run).logits(texts)
    held = ModelProcess(str(run))
    try:
        assert held.ready().labels.multi_label
        assert held.logits(texts)[0] == pytest.approx(expected, abs=1e-5)
        first = held.pid
        os.kill(first, signal.SIGSTOP)  # as if in the middle of a batch
        threading.Timer(0.5, os.kill, (first, signal.SIGKILL)).start()
        assert held.logits(texts)[0] == pytest.approx(expected, abs=1e-5)
        assert (held.restarts, held.pid != first) == (1, True)
    finally:
        held.close()


def test_the_command_serves_the_measured_scores_the_page_and_ends_in_order(run):
    with serving(run) as (process, client):
        assert client.get("/ready").json()["status"] == "ready"
        text = "The museum shows paintings from private collections."
        found = client.post("/v1/classify", json={"text": text, "attributions": True}).json()["predictions"][0]
        (expected,) = Classifier.load(run).predict([text])
        assert found["labels"] == expected.labels
        assert found["scores"] == pytest.approx(expected.scores, abs=1e-5)
        assert [word["text"] for word in found["attributions"]["words"]] == text.split()
        page = client.get("/ui/")
        assert (page.status_code, "gradio" in page.text) == (200, True)
        assert set(client.get("/openapi.json").json()["paths"]) == {
            "/", "/predict", "/v1/classify", "/health", "/ready", "/metrics", "/info",
        }  # fmt: skip
        with client.stream("GET", "/ui/gradio_api/heartbeat/1"):  # as long as a browser shows the page
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        said = process.stderr.read()
        assert re.search(r"is served at (http://127\.0\.0\.1:\d+) \(page: \1/ui; docs: \1/docs;", said)
        assert "Traceback" not in said


def test_a_folder_without_a_tokenizer_ends_the_command_with_one_sentence(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "no-tokenizer")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    process = start(folder, "--port", free_port())
    said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 2, said
    assert re.fullmatch(r"error: '.*no-tokenizer' could not be loaded as a text classifier: .*\n", said), said


def test_a_port_in_use_is_said(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(run, "--port", port)
        said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 2, said
    assert f"127.0.0.1:{port} cannot be listened on" in said


def test_a_port_that_is_none_is_said():
    with pytest.raises(UserError, match=r"--port takes a number from 1 to 65535; found 99999"):
        serve(SimpleNamespace(close=lambda: None), ServeArguments(port=99_999))


@pytest.mark.slow
def test_ten_thousand_calls_are_answered_rightly_and_memory_stays_flat(run):
    texts = [f"{sentence} {number}" for number in range(5) for sentence in SENTENCES]
    classifier = Classifier.load(run)
    rows = classifier.scores(texts)
    expected = [dict(zip(classifier.labels.names, map(float, row), strict=True)) for row in rows]
    bodies = [load_client.request("/predict", {"inputs": text}) for text in texts]
    with serving(run, "--no-ui") as (process, client):
        port = client.base_url.port
        first = asyncio.run(load_client.run(port, bodies, expected, 32, requests=2_000))
        before = resident_megabytes(process.pid)
        found = asyncio.run(load_client.run(port, bodies, expected, 32, requests=10_000))
        after = resident_megabytes(process.pid)
    assert (len(first.seconds), first.lost, first.wrong) == (2_000, 0, 0)
    assert (len(found.seconds), found.lost, found.wrong) == (10_000, 0, 0)
    assert after < before + 50


def test_a_model_process_whose_server_has_gone_ends_quietly(tmp_path):
    """A server that could not start left a traceback of the other process behind its own sentence."""
    servers, models = socket.socketpair()
    servers.close()
    words = [sys.executable, "-m", "textclf.serving.worker", str(models.fileno()), str(tmp_path), "onnx", "", "no"]
    done = subprocess.run(words, cwd=ROOT, pass_fds=[models.fileno()], capture_output=True, text=True, check=False)
    models.close()
    assert (done.returncode, done.stderr) == (0, "")
