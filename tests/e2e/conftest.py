"""What the tests of publishing share: one stand-in Hub, one process that pushes to it, runs to push."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.push_process import PushProcess
from tests.hub_stand_in import StandInHub
from tests.made_runs import make_run
from textclf.run_folder import RunFolder


@pytest.fixture(scope="session")
def running_hub():
    """The Hub that `hub` empties for each test."""
    with StandInHub() as hub:
        yield hub


@pytest.fixture(scope="session")
def process(running_hub, tmp_path_factory):
    """A process with the client libraries loaded; give it a token with each command."""
    with PushProcess(running_hub, tmp_path_factory.mktemp("process")) as process:
        yield process


@pytest.fixture
def hub(running_hub):
    """A Hub on which nothing was ever uploaded, and which has met nothing it did not know at the end."""
    running_hub.store.repositories.clear()
    running_hub.store.lfs.clear()
    running_hub.faults.clear()
    running_hub.journal.requests.clear()
    yield running_hub
    running_hub.assert_sound()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return `made(kind) -> RunFolder`: a finished run, made once; read only."""
    runs = {}

    def make(kind):
        if kind not in runs:
            runs[kind] = make_run(tmp_path_factory.mktemp("made", numbered=True) / kind, kind)
        return runs[kind]

    return make


@pytest.fixture
def run(made, tmp_path):
    """A run of the test's own, to be changed."""
    shutil.copytree(made("single").path, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


@pytest.fixture
def published(hub):
    """Return `published(repo_id="alice/x") -> set[str]`: the files of a model repo but for those of the Hub itself."""
    return lambda repo_id="alice/x": hub.repo("model", repo_id).files().keys() - {".gitattributes"}
