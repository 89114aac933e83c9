"""A run goes to the stand-in Hub by the real clients, whatever the Hub does, wholly or not at all."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.push_process import PushProcess
from tests.hub_stand_in import Answer, CutUpload, Delay, Drop, FlipByte, LoseAnswer, StandInHub
from tests.made_runs import make_run
from textclf.hub.network import WAITS

pytestmark = pytest.mark.hub

COMMIT = "/api/models/alice/x/commit/main"
FILES = {"README.md", "audit.json", "config.json", "evaluation.json", "model.safetensors", "recipe.yaml"}
FILES |= {"tokenizer.json", "tokenizer_config.json"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return {kind: make_run(folder / kind, kind) for kind in ("single", "pair", "multi", "adapter")}


@pytest.fixture(scope="module")
def hub():
    with StandInHub() as hub:
        yield hub
        hub.assert_sound()


@pytest.fixture(scope="module")
def process(hub, tmp_path_factory):
    with PushProcess(hub, tmp_path_factory.mktemp("process")) as process:
        yield process


@pytest.fixture(autouse=True)
def fresh(hub):
    """Every test begins with a Hub on which nothing was ever uploaded."""
    hub.store.repositories.clear()
    hub.store.lfs.clear()
    hub.faults.clear()
    hub.journal.requests.clear()


@pytest.fixture
def run(made, tmp_path):
    """A run of its own, with weights that no server has seen."""
    shutil.copytree(made["single"].path, tmp_path / "run")
    return tmp_path / "run"


def published(hub, repo_id="alice/x"):
    return {name for name in hub.repo("model", repo_id).files() if name != ".gitattributes"}


@pytest.mark.parametrize("kind", ["pair", "multi", "adapter"])
def test_what_was_pushed_is_what_was_measured(hub, process, made, kind):
    run = made[kind]
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"), how="command")

    assert (outcome.code, outcome.err) == (0, "")
    assert "Checked: loaded by its id in a fresh process" in outcome.out
    assert "of 34 test texts" in outcome.out
    repository = hub.repo("model", "alice/x")
    expected = FILES | {f"adapter/{path.name}" for path in run.path.glob("adapter/*")}
    assert published(hub) == expected
    assert repository.private
    assert len(repository.commits) == 2
    assert repository.files()["model.safetensors"] == (run.path / "model.safetensors").read_bytes()
    assert b"alice/x" in repository.files()["README.md"]
    roots = {request.path for request in hub.asked("HEAD", "*") if "/resolve/" in request.path}
    assert not [path for path in roots if "parquet" in path]


def test_pushing_again_makes_no_commit(hub, process, run):
    token = hub.token("alice")
    first = process.run(str(run), "--repo-id", "alice/x", "--tag", "v1", "--public", token=token)
    again = process.run(str(run), "--repo-id", "alice/x", "--tag", "v1", "--public", token=token)

    repository = hub.repo("model", "alice/x")
    assert (first.code, again.code) == (0, 0)
    assert "changed=True" in first.out
    assert "changed=False" in again.out
    assert [commit.title.split(" (")[0] for commit in repository.commits] == ["Publish run", "initial commit"]
    assert repository.tags == {"v1": repository.head}
    assert not repository.private
    assert len(hub.asked("POST", COMMIT)) == 1


def test_a_newer_run_replaces_all_of_an_older_one(hub, process, run, made):
    token = hub.token("alice")
    assert process.run(str(made["adapter"].path), "--repo-id", "alice/x", token=token).code == 0
    hub.store.seed(hub.repo("model", "alice/x"), {"LICENSE": "mine"})
    assert process.run(str(run), "--repo-id", "alice/x", token=token).code == 0

    assert published(hub) == FILES | {"LICENSE"}
    refused = process.run(str(made["adapter"].path), "--repo-id", "alice/x", "--tag", "v1", token=token)
    assert refused.code == 0
    late = process.run(str(run), "--repo-id", "alice/x", "--tag", "v1", token=token)
    assert late.code == 2
    assert "The tag v1 is there already" in late.err
    assert "adapter/adapter_config.json" in published(hub), "refused before anything changed"


def test_a_branch_and_a_pull_request_leave_main_alone(hub, process, run):
    alice, bob = hub.token("alice"), hub.token("bob")
    hub.create("model", "alice/x", files={"README.md": "mine", "pytorch_model.bin": "other"})
    for _ in range(2):
        proposed = process.run(str(run), "--repo-id", "alice/x", "--create-pr", "--public", token=bob)
        assert proposed.code == 0, proposed.err
    repository = hub.repo("model", "alice/x")
    assert set(repository.pulls) == {1}, "a second time it is the same pull request"
    assert "refs/pr/1" in proposed.out or "discussions/1" in proposed.out
    assert repository.files("refs/pr/1").keys() >= FILES

    taken = process.run(str(run), "--repo-id", "alice/x", "--public", token=alice)
    assert (taken.code, "The name alice/x is taken: the repo holds pytorch_model.bin" in taken.err) == (2, True)
    assert len(repository.commits) == 2
    hub.create("model", "alice/y")
    branch = process.run(str(run), "--repo-id", "alice/y", "--revision", "try/out", "--public", token=alice)
    assert branch.code == 0, branch.err
    assert hub.repo("model", "alice/y").files("try/out").keys() >= FILES
    assert published(hub, "alice/y") == set()


def test_a_lost_answer_to_a_pull_request_makes_no_second_one(hub, process, run):
    hub.create("model", "alice/x")
    lost = hub.fail("POST", COMMIT, LoseAnswer())
    outcome = process.run(str(run), "--repo-id", "alice/x", "--create-pr", "--public", token=hub.token("bob"))
    assert (outcome.code, lost.met) == (0, 1), outcome.err
    assert set(hub.repo("model", "alice/x").pulls) == {1}


def test_who_may_not_write_is_told_before_anything_is_uploaded_or_trained(hub, process, run):
    hub.token("alice")
    hub.organisation("acme", {"alice": "write", "bob": "read"})
    hub.create("model", "alice/public")
    hub.create("model", "alice/private", private=True)
    bob = hub.token("bob")
    scoped = hub.token("bob", "fineGrained", scopes={"bob/own": "write"})
    cases = [
        (None, "bob/x", "There is no Hub token"),
        ("hf_nobody_ever_issued_this", "bob/x", "does not accept the token"),
        (hub.token("bob", "expired"), "bob/x", "it is wrong or has expired (401)"),
        (hub.token("bob", "read"), "bob/x", "The token of bob can only read"),
        (bob, "alice/x", "The token of bob cannot make alice/x: expected a name that starts with bob/."),
        (bob, "bobb/x", "Did you mean 'bob'?"),
        (bob, "acme/x", "cannot make acme/x"),
        (bob, "alice/private", "cannot make alice/private"),
        (bob, "alice/public", "alice/public belongs to somebody else"),
        (scoped, "bob/x", "The fine-grained token of bob may not make repos in bob"),
        (hub.token("alice"), "alice/public", "alice/public is a public repo. Add --public"),
    ]
    before = {key: repository.head for key, repository in hub.store.repositories.items()}
    for token, repo_id, said in cases:
        pushed = process.run(str(run), "--repo-id", repo_id, token=token, how="command")
        trained = process.run(repo_id, token=token, how="before_training")
        for outcome in (pushed, trained):
            assert (outcome.code, outcome.out) == (2, ""), (repo_id, outcome)
            assert said in outcome.err
            assert outcome.err.count("\n") == 1, "one sentence, no traceback"
    assert not hub.asked("POST", "*preupload*")
    assert not hub.asked("POST", "/api/repos/create")
    assert {key: repository.head for key, repository in hub.store.repositories.items()} == before
    assert process.run(str(run), "--repo-id", "bob/own", token=hub.token("bob")).code == 0
    assert process.run(str(run), "--repo-id", "bob/own", token=scoped).code == 0


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
def test_a_commit_that_is_refused_changes_nothing(hub, process, run, status, said, tries):
    repository = hub.create("model", "alice/x", private=True)
    fault = hub.fail("POST", COMMIT, Answer(status), hits=None)
    outcome = process.run(str(run), "--repo-id", "alice/x", token=hub.token("alice"))
    *announced, last = outcome.err.strip().splitlines()

    assert (outcome.code, fault.met) == (2, tries)
    assert said in last
    assert [line.endswith("s.") and "Trying again in" in line for line in announced] == [True] * (tries - 1)
    assert len(repository.commits) == 1
    assert published(hub) == set()


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
def test_a_fault_that_passes_is_survived_with_one_commit(hub, process, run, method, path, effect):
    fault = hub.fail(method, path, effect)
    outcome = process.run(str(run), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (outcome.code, fault.met) == (0, 1), outcome.err
    assert published(hub) == FILES
    assert len(hub.repo("model", "alice/x").commits) == 2
    assert hub.repo("model", "alice/x").private


def test_the_page_of_a_proxy_is_not_taken_for_the_hub(hub, process, run):
    page = Answer(200, b"<html>Log in to the hotel's network</html>")
    once = hub.fail("POST", "/api/validate-yaml", page, hits=(2,))  # the first one is our own, before the repo is made
    assert process.run(str(run), "--repo-id", "alice/x", token=hub.token("alice")).code == 0
    assert (once.met, published(hub)) == (1, FILES)

    always = hub.fail("GET", "/api/whoami-v2", page, hits=None)
    outcome = process.run(str(run), "--repo-id", "alice/y", token=hub.token("alice"))
    assert (outcome.code, always.met) == (2, len(WAITS) + 1)
    assert "was not the Hub; a proxy's page, perhaps" in outcome.err


def test_a_hub_that_is_always_busy_is_not_asked_for_ever(hub, process, run):
    busy = Answer(409, b"Cannot create repo: another conflicting operation is in progress")
    fault = hub.fail("POST", "/api/repos/create", busy, hits=None)
    outcome = process.run(str(run), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (outcome.code, fault.met) == (2, len(WAITS) + 1)
    assert "The Hub is busy with another operation on this account (409)" in outcome.err
    assert not hub.store.repositories


def test_a_silent_hub_ends_the_push_and_a_slow_one_does_not(hub, process, run):
    silent = hub.fail("GET", "/api/whoami-v2", Delay(1.0), hits=None)
    started = time.monotonic()
    outcome = process.run(str(run), "--repo-id", "alice/x", "--timeout", "0.3", token=hub.token("alice"))
    assert (outcome.code, silent.met) == (2, len(WAITS) + 1)
    assert "The Hub did not answer in time while asking who the token belongs to" in outcome.err
    assert time.monotonic() - started < 5
    assert not hub.store.repositories

    hub.faults.clear()
    slow = hub.fail("POST", COMMIT, Delay(0.8))
    outcome = process.run(str(run), "--repo-id", "alice/x", "--timeout", "0.5", token=hub.token("alice"))
    assert (outcome.code, slow.met) == (0, 1), outcome.err
    deadline = time.monotonic() + 5
    while len(hub.asked("POST", COMMIT)) > sum(r.status is not None for r in hub.asked("POST", COMMIT)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(hub.repo("model", "alice/x").commits) == 2, "the commit that came late is the only one"


def test_an_interrupted_push_goes_on_where_it_stopped(hub, process, run):
    fault = hub.fail("POST", COMMIT, Drop(), hits=None)
    interrupted = process.run(str(run), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (interrupted.code, fault.met) == (2, len(WAITS) + 1)
    assert "broke while uploading the files" in interrupted.err
    assert "Run the same command again" in interrupted.err
    assert published(hub) == set()
    uploaded = len(hub.asked("PUT", "/lfs/*"))
    assert uploaded == 1

    hub.faults.clear()
    assert process.run(str(run), "--repo-id", "alice/x", token=hub.token("alice")).code == 0
    assert published(hub) == FILES
    assert len(hub.asked("PUT", "/lfs/*")) == uploaded, "the weights were there already"


def test_of_two_pushes_at_once_one_is_told_and_the_repo_holds_one_of_them(hub, process, run, made, tmp_path):
    token = hub.token("alice")
    hub.create("model", "alice/x", private=True)
    slow = hub.fail("POST", COMMIT, Delay(2.0))
    with PushProcess(hub, tmp_path) as other:
        other.run("x", token=None, how="before_training")  # its libraries are loaded when it matters
        process.start(str(run), "--repo-id", "alice/x", token=token)
        _wait_for(lambda: slow.met == 1)
        overtaking = other.run(str(made["adapter"].path), "--repo-id", "alice/x", token=token)
        overtaken = process.finish()

        assert (overtaking.code, overtaken.code) == (0, 2)
        assert "Somebody else committed to alice/x in the meantime" in overtaken.err
        assert "adapter/adapter_config.json" in published(hub)
        assert len(hub.repo("model", "alice/x").commits) == 2

        hub.faults.clear()
        again = hub.fail("POST", COMMIT, Delay(2.0))
        process.start(str(run), "--repo-id", "alice/x", token=token)
        _wait_for(lambda: again.met == 1)
        assert other.run(str(run), "--repo-id", "alice/x", token=token).code == 0
        assert process.finish().code == 0, "the same run twice at once: both are content"
        assert len(hub.repo("model", "alice/x").commits) == 3


def test_a_card_that_the_hub_finds_faulty_is_explained(hub, process, run):
    body = b'- Error: "license" must be one of [apache-2.0, mit, ...]'
    fault = hub.fail("POST", "/api/validate-yaml", Answer(400, body), hits=None)
    outcome = process.run(str(run), "--repo-id", "alice/x", "--license", "mine", token=hub.token("alice"))
    assert (outcome.code, fault.met) == (2, 1)
    assert "The Hub refused the upload, which changed nothing" in outcome.err
    assert '"license" must be one of' in outcome.err
    assert not hub.store.repositories, "not even an empty repo is left"


def test_a_repo_that_differs_from_its_run_is_reported(hub, process, run):
    """The fresh process sees damaged weights, and scores that are not those of the run."""
    token = hub.token("alice")
    damaged = hub.fail("GET", "/lfs/*", FlipByte(-1 + (run / "model.safetensors").stat().st_size), hits=None)
    outcome = process.run(str(run), "--repo-id", "alice/x", token=token, how="command")
    assert outcome.code == 2
    assert damaged.met >= 1
    assert "model.safetensors was damaged on the way down" in outcome.err

    hub.faults.clear()
    _alter_a_score(run / "predictions" / "test.parquet")
    outcome = process.run(str(run), "--repo-id", "alice/x", token=token, how="command")
    assert outcome.code == 2
    assert "row 3 of predictions/test.parquet has scores" in outcome.err
    assert "is not the model that was measured" in outcome.err


def test_a_finding_stops_the_push_before_the_hub_hears_of_it(hub, process, run):
    token = hub.token("alice")
    (run / "evaluation.json").write_text((run / "evaluation.json").read_text().replace('"reviews"', f'"{token}"'))
    outcome = process.run(str(run), "--repo-id", "alice/x", token=token)
    assert outcome.code == 2
    assert "evaluation.json holds the Hub token of this machine" in outcome.err
    assert not hub.requests


def test_a_hub_that_is_away_is_named(run, tmp_path):
    gone = StandInHub()
    gone.stop()
    with PushProcess(gone, tmp_path) as process:
        outcome = process.run(str(run), "--repo-id", "alice/x", token="hf_x", how="command")
    assert outcome.code == 2
    assert f"The Hub at {gone.endpoint} could not be reached while asking who the token belongs to" in outcome.err


def test_with_xet_installed_inline_uploads_work_alike(run, made, tmp_path):
    with StandInHub(uploads="inline") as hub, PushProcess(hub, tmp_path) as process:
        token = hub.token("alice")
        lost = hub.fail("POST", COMMIT, LoseAnswer())
        assert process.run(str(run), "--repo-id", "alice/x", token=token).code == 0
        assert lost.met == 1
        assert published(hub) == FILES
        assert len(hub.repo("model", "alice/x").commits) == 2, "upload_folder would have made a second one"
        refused = hub.fail("POST", COMMIT, Answer(500), hits=None)
        outcome = process.run(str(made["adapter"].path), "--repo-id", "alice/x", token=token)
        assert (outcome.code, refused.met) == (2, len(WAITS) + 1)
        assert published(hub) == FILES
        hub.assert_sound()


def _wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _alter_a_score(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    scores = table["scores"].to_pylist()
    scores[3] = scores[3][::-1]
    scores = pa.array(scores, pa.list_(pa.float32()))
    pq.write_table(table.set_column(table.column_names.index("scores"), "scores", scores), path)
