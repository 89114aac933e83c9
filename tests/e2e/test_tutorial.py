"""Every command of docs/tutorial.md, run as it is written there, on a machine whose Hub is the stand-in."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.client_process import HANGING
from tests.hub_stand_in import StandInHub
from textclf.arguments import DEFAULT_MODEL
from textclf.models.weights import packaged_folder

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
BLOCKS = re.findall(r"^```(python|bash)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SERVED = "8765"  # the port that the page names; a free one is taken instead


@pytest.fixture
def reader(tmp_path):
    """A reader's folder and environment: `textclf` on the path, the stand-in Hub with the encoder for a Hub."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    command = bin_folder / "textclf"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m textclf "$@"\n')
    command.chmod(0o755)
    (bin_folder / "python").symlink_to(sys.executable)
    (tmp_path / "work").mkdir()
    packaged = packaged_folder()
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
    with StandInHub() as hub:
        hub.create("model", DEFAULT_MODEL, files={name: (packaged / name).read_bytes() for name in names})
        environment = hub.environment(tmp_path / "home", token=hub.token("alice"))
        environment |= {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        yield tmp_path / "work", environment | {"OMP_NUM_THREADS": "1"}, hub


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.mark.slow
@pytest.mark.hub
def test_every_command_runs_as_written(reader):
    folder, environment, hub = reader
    port, server, shown = free_port(), None, []
    try:
        for kind, block in BLOCKS:
            block = block.replace(SERVED, port)
            if "textclf serve" in block:
                server = subprocess.Popen(["bash", "-c", f"exec {block}"], cwd=folder, env=environment)
                wait_for(f"http://127.0.0.1:{port}/ready", server)
                continue
            words = [sys.executable, "-c", block] if kind == "python" else ["bash", "-euc", block]
            done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            shown.append(done.stdout)
    finally:
        if server:
            server.terminate()
            server.wait(HANGING)
    names = ("page.html", "labelled.csv", "runs/news/evaluation.html", "runs/news/onnx/model_quantized.onnx")
    assert [name for name in names if not (folder / name).exists()] == []
    assert len((folder / "labelled.csv").read_text().splitlines()) >= 21
    assert "model.safetensors" in hub.repo("model", "alice/news").files()
    assert "labels" in next(text for text in shown if text.startswith("{"))  # what curl got
    assert "'label': 'culture'" in shown[-1]
    hub.assert_sound()


def wait_for(address, server):
    deadline = time.monotonic() + HANGING
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=60):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the server did not become ready")


def test_the_korean_page_names_the_same_commands():
    """Other models and names may stand there, no command or option that the English page and --help do not know."""
    korean = (ROOT / "docs" / "tutorial.ko.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"textclf (\w+)", korean))
    assert commands == set(re.findall(r"textclf (\w+)", PAGE.read_text(encoding="utf-8")))
