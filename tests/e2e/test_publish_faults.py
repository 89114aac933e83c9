"""Whatever the stand-in Hub does to a push, the repo gets the run wholly or not at all, and people are told."""

from __future__ import annotations

import threading
import time

import pytest

from tests.e2e.push_process import PushProcess
from tests.hub_stand_in import Answer, CutUpload, Delay, Drop, LoseAnswer, StandInHub, Wait
from tests.made_runs import FILES
from textclf.hub.network import WAITS

pytestmark = pytest.mark.hub

COMMIT = "/api/models/alice/x/commit/main"


@pytest.mark.parametrize(
    ("status", "said", "tries"),
    [
        (401, "does not accept the token", 1),
        (403, "no permission to write", 1),
        (404, "did not find", 1),
        (409, "busy with another operation", len(WAITS) + 1),
        (412, "Somebody else committed", 1),
        (413, "too large", 1),
        (429, "asks for fewer requests", len(WAITS) + 1),
        (500, "trouble of its own", len(WAITS) + 1),
        (503, "trouble of its own", len(WAITS) + 1),
    ],
)
def test_a_commit_that_is_refused_changes_nothing(hub, process, run, status, said, tries, published):
    repository = hub.create("model", "alice/x", private=True)
    fault = hub.fail("POST", COMMIT, Answer(status), hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"))
    *announced, last = outcome.err.strip().splitlines()

    assert (outcome.code, fault.met) == (2, tries)
    assert said in last
    assert [line.endswith("s.") and "Trying again in" in line for line in announced] == [True] * (tries - 1)
    assert len(repository.commits) == 1
    assert published() == set()


@pytest.mark.parametrize(
    ("method", "path", "effect"),
    [
        ("POST", COMMIT, Answer(503)),
        ("POST", COMMIT, Drop()),
        ("POST", COMMIT, LoseAnswer()),
        ("POST", "/api/repos/create", Answer(500)),
        ("POST", "/api/repos/create", LoseAnswer()),
        (
            "POST",
            "/api/repos/create",
            Answer(409, b"Cannot create repo: another conflicting operation is in progress"),
        ),
        ("POST", "/api/validate-yaml", Answer(502, b"<html>Bad Gateway</html>")),
        ("GET", "/api/whoami-v2", Drop()),
        ("POST", "*/preupload/main", Answer(503)),
        ("PUT", "/lfs/*", CutUpload(50_000)),
        ("POST", "*/paths-info/main", Answer(500)),
    ],
    ids=lambda value: (
        getattr(value, "__name__", None) or type(value).__name__ if not isinstance(value, str) else value
    ),
)
def test_a_fault_that_passes_is_survived_with_one_commit(hub, process, run, method, path, effect, published):
    fault = hub.fail(method, path, effect)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (outcome.code, fault.met) == (0, 1), outcome.err
    assert published() == FILES
    assert len(hub.repo("model", "alice/x").commits) == 2
    assert hub.repo("model", "alice/x").private


def test_the_page_of_a_proxy_is_not_taken_for_the_hub(hub, process, run, published):
    page = Answer(200, b"<html>Log in to the hotel's network</html>")
    once = hub.fail("POST", "/api/validate-yaml", page, hits=(2,))  # the first one is our own, before the repo is made
    assert process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice")).code == 0
    assert (once.met, published()) == (1, FILES)

    always = hub.fail("GET", "/api/whoami-v2", page, hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/y", token=hub.token("alice"))
    assert (outcome.code, always.met) == (2, len(WAITS) + 1)
    assert "was not the Hub; a proxy's page, perhaps" in outcome.err


def test_a_hub_that_is_always_busy_is_not_asked_for_ever(hub, process, run):
    busy = Answer(409, b"Cannot create repo: another conflicting operation is in progress")
    fault = hub.fail("POST", "/api/repos/create", busy, hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (outcome.code, fault.met) == (2, len(WAITS) + 1)
    assert "The Hub is busy with another operation on this account (409)" in outcome.err
    assert not hub.store.repositories


def test_a_silent_hub_ends_the_push_and_a_slow_one_does_not(hub, process, run):
    silent = hub.fail("GET", "/api/whoami-v2", Delay(1.0), hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", "--timeout", "0.3", token=hub.token("alice"))
    assert (outcome.code, silent.met) == (2, len(WAITS) + 1)
    assert "The Hub did not answer in time while asking who the token belongs to" in outcome.err
    assert not hub.store.repositories

    hub.faults.clear()
    slow = hub.fail("POST", COMMIT, Delay(4.0))
    outcome = process.run(str(run.path), "--repo-id", "alice/x", "--timeout", "2", token=hub.token("alice"))
    assert (outcome.code, slow.met) == (0, 1), outcome.err
    wait_for(lambda: all(request.status is not None for request in hub.asked("POST", COMMIT)))
    assert len(hub.repo("model", "alice/x").commits) == 2, "the commit that came late is the only one"


def test_an_interrupted_push_goes_on_where_it_stopped(hub, process, run, published):
    fault = hub.fail("POST", COMMIT, Drop(), hits=None)
    interrupted = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (interrupted.code, fault.met) == (2, len(WAITS) + 1)
    assert "broke while uploading the files" in interrupted.err
    assert "Run the same command again" in interrupted.err
    assert published() == set()
    uploaded = len(hub.asked("PUT", "/lfs/*"))
    assert uploaded == 1

    hub.faults.clear()
    assert process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice")).code == 0
    assert published() == FILES
    assert len(hub.asked("PUT", "/lfs/*")) == uploaded, "the weights were there already"


@pytest.mark.slow
def test_of_two_pushes_at_once_one_is_told_and_the_repo_holds_one_of_them(
    hub, process, run, made, tmp_path, published
):
    token = hub.token("alice")
    hub.create("model", "alice/x", private=True)
    go_on = threading.Event()
    slow = hub.fail("POST", COMMIT, Wait(go_on))
    with PushProcess(hub, tmp_path) as other:
        other.run("x", token=None, how="before_training")  # its libraries are loaded when it matters
        process.start(str(run.path), "--repo-id", "alice/x", token=token)
        wait_for(lambda: slow.met == 1)
        overtaking = other.run(str(made("adapter").path), "--repo-id", "alice/x", token=token)
        go_on.set()
        overtaken = process.finish()

        assert (overtaking.code, overtaken.code) == (0, 2)
        assert "Somebody else committed to alice/x in the meantime" in overtaken.err
        assert "adapter/adapter_config.json" in published()
        assert len(hub.repo("model", "alice/x").commits) == 2

        hub.faults.clear()
        go_on.clear()
        again = hub.fail("POST", COMMIT, Wait(go_on))
        process.start(str(run.path), "--repo-id", "alice/x", token=token)
        wait_for(lambda: again.met == 1)
        assert other.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
        go_on.set()
        assert process.finish().code == 0, "the same run twice at once: both are content"
        assert len(hub.repo("model", "alice/x").commits) == 3


def test_a_card_that_the_hub_finds_faulty_is_explained(hub, process, run):
    body = b'- Error: "license" must be one of [apache-2.0, mit, ...]'
    fault = hub.fail("POST", "/api/validate-yaml", Answer(400, body), hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", "--license", "mine", token=hub.token("alice"))
    assert (outcome.code, fault.met) == (2, 1)
    assert "The Hub refused the upload, which changed nothing" in outcome.err
    assert '"license" must be one of' in outcome.err
    assert not hub.store.repositories, "not even an empty repo is left"


def test_a_hub_that_is_away_is_named(run, tmp_path):
    gone = StandInHub()
    gone.stop()
    with PushProcess(gone, tmp_path) as process:
        outcome = process.run(str(run.path), "--repo-id", "alice/x", token="hf_x", how="command")
    assert outcome.code == 2
    assert f"The Hub at {gone.endpoint} could not be reached while asking who the token belongs to" in outcome.err


def wait_for(condition, seconds=600):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
