"""The whole road against a stand-in Hub on this machine: train, push, check, load by id, start the Space, ask it.

Usage: python -m tests.publish_demo [--key value ...]      (the options go to train.py)
Every step is a process of its own and knows the others only through the Hub.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hub_stand_in import StandInHub
from textclf.arguments import DEFAULT_MODEL
from textclf.models.weights import packaged_folder

ROOT = Path(__file__).parent.parent
MODEL, SPACE = "alice/news-topics", "alice/news-topics-demo"
LOAD = """
import sys
from transformers import pipeline
classify = pipeline("text-classification", model=sys.argv[1])
for text in ("The striker scored twice in the final.", "Shares fell after the bank raised interest rates."):
    best = classify(text, top_k=3, truncation=True)
    print(f"  {text}  ->  " + ", ".join(f"{row['label']} {row['score']:.3f}" for row in best))
"""
DOWNLOAD = """
import sys
from huggingface_hub import snapshot_download
snapshot_download(sys.argv[1], repo_type="space", local_dir=sys.argv[2])
"""
ASK = """
import sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False)
found = client.predict("The museum opened a show of early photographs.", api_name="/classify")
scores = found["scores"]
best = sorted(scores, key=scores.get, reverse=True)[:3]
print("  " + ", ".join(f"{label} {scores[label]:.3f}" for label in best))
assert abs(sum(scores.values()) - 1) < 1e-3 and found["labels"] == best[:1]
"""


def main(words: list[str]) -> None:
    """Go the whole road, step by step; the first step that fails ends it."""
    with StandInHub() as hub, tempfile.TemporaryDirectory(prefix="publish-demo-") as name:
        folder = Path(name)
        _seed_encoder(hub)
        token, reader = hub.token("alice"), hub.token("alice", "read")
        _say("1. Train, measure, push, check, and make the Space: one command")
        run = folder / "run"
        where = ["--output_dir", str(run), "--push", MODEL, "--space", SPACE, "--license", "apache-2.0"]
        secret = {"SPACE_HF_TOKEN": reader}
        _run([str(ROOT / "train.py"), *where, *words], hub.environment(folder / "train", token=token) | secret, ROOT)
        repository, space = hub.repo("model", MODEL), hub.repo("space", SPACE)
        print(f"  the Hub holds {len(repository.files()) - 1} files in {len(repository.commits) - 1} commit(s)")
        _say("2. Load the model by its id, as a stranger with nothing of this project")
        (folder / "empty").mkdir()
        _run(["-c", LOAD, MODEL], hub.environment(folder / "load", token=reader), folder / "empty")
        _say("3. Download the Space's repo, start it as the Hub would, and ask it")
        served = folder / "space"
        _run(["-c", DOWNLOAD, SPACE, str(served)], hub.environment(folder / "download", token=token), folder / "empty")
        environment = hub.environment(folder / "space-home") | space.variables | space.secrets
        with _started(served, environment) as address:
            _run(["-c", ASK, address], hub.environment(folder / "ask"), folder / "empty")
        hub.assert_sound()
        assert token not in str(space.files()), "the pushing token is stored nowhere"
    _say("Done: the model on the Hub is the model that was measured.")


def _seed_encoder(hub: StandInHub) -> None:
    """Put the default encoder on the Hub, from the package that carries it."""
    packaged = packaged_folder()
    assert packaged is not None, "`make setup` installs the encoder"
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
    hub.create("model", DEFAULT_MODEL, files={name: (packaged / name).read_bytes() for name in names})


def _run(words: list[str], environment: dict[str, str], folder: Path) -> None:
    """Run Python and end with it if it fails."""
    code = subprocess.run([sys.executable, *words], env=environment, cwd=folder, check=False).returncode
    if code:
        sys.exit(code)


@contextmanager
def _started(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a Space's app until the block ends, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"GRADIO_SERVER_PORT": str(port), "SPACE_ID": SPACE, "PYTHONPATH": ""}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=environment | settings)
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 1800
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(address, timeout=60) as answer:
                    if b'id="said"' not in answer.read():  # not the page that tells to wait
                        break
            except OSError:
                pass
            time.sleep(0.3)
        else:
            raise SystemExit("the Space did not start")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=600)


def _say(line: str) -> None:
    print(f"\n== {line}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(sys.argv[1:])
