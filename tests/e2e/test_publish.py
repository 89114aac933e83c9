"""A run goes to the stand-in Hub by the real clients, whole, to whom it belongs, and is what was measured."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.push_process import PushProcess
from tests.hub_stand_in import Answer, FlipByte, LoseAnswer, StandInHub
from tests.made_runs import FILES
from textclf.hub.network import WAITS

pytestmark = pytest.mark.hub

COMMIT = "/api/models/alice/x/commit/main"


@pytest.mark.parametrize("kind", ["pair", "multi", "adapter"])
def test_what_was_pushed_is_what_was_measured(hub, process, made, kind, published):
    run = made(kind)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"), how="command")

    assert (outcome.code, outcome.err) == (0, "")
    assert "Checked: loaded by its id in a fresh process" in outcome.out
    assert "of 34 test texts" in outcome.out
    repository = hub.repo("model", "alice/x")
    expected = FILES | {f"adapter/{path.name}" for path in run.path.glob("adapter/*")}
    assert published() == expected
    assert repository.private
    assert len(repository.commits) == 2
    assert repository.files()["model.safetensors"] == (run.path / "model.safetensors").read_bytes()
    assert b"alice/x" in repository.files()["README.md"]
    roots = {request.path for request in hub.asked("HEAD", "*") if "/resolve/" in request.path}
    assert not [path for path in roots if "parquet" in path]


def test_pushing_again_makes_no_commit(hub, process, run):
    token = hub.token("alice")
    first = process.run(str(run.path), "--repo-id", "alice/x", "--tag", "v1", "--public", token=token)
    again = process.run(str(run.path), "--repo-id", "alice/x", "--tag", "v1", "--public", token=token)

    repository = hub.repo("model", "alice/x")
    assert (first.code, again.code) == (0, 0)
    assert "changed=True" in first.out
    assert "changed=False" in again.out
    assert [commit.title.split(" (")[0] for commit in repository.commits] == ["Publish run", "initial commit"]
    assert repository.tags == {"v1": repository.head}
    assert not repository.private
    assert len(hub.asked("POST", COMMIT)) == 1


def test_a_newer_run_replaces_all_of_an_older_one(hub, process, run, made, published):
    token = hub.token("alice")
    assert process.run(str(made("adapter").path), "--repo-id", "alice/x", token=token).code == 0
    hub.store.seed(hub.repo("model", "alice/x"), {"LICENSE": "mine"})
    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0

    assert published() == FILES | {"LICENSE"}
    refused = process.run(str(made("adapter").path), "--repo-id", "alice/x", "--tag", "v1", token=token)
    assert refused.code == 0
    late = process.run(str(run.path), "--repo-id", "alice/x", "--tag", "v1", token=token)
    assert late.code == 2
    assert "The tag v1 is there already" in late.err
    assert "adapter/adapter_config.json" in published(), "refused before anything changed"


def test_a_branch_and_a_pull_request_leave_main_alone(hub, process, run, published):
    alice, bob = hub.token("alice"), hub.token("bob")
    hub.create("model", "alice/x", files={"README.md": "mine", "pytorch_model.bin": "other"})
    for _ in range(2):
        proposed = process.run(str(run.path), "--repo-id", "alice/x", "--create-pr", "--public", token=bob)
        assert proposed.code == 0, proposed.err
        assert f"{hub.endpoint}/alice/x/discussions/1" in proposed.out, "the second time it was main's address"
    repository = hub.repo("model", "alice/x")
    assert set(repository.pulls) == {1}, "a second time it is the same pull request"
    assert repository.files("refs/pr/1").keys() >= FILES

    taken = process.run(str(run.path), "--repo-id", "alice/x", "--public", token=alice)
    assert (taken.code, "The name alice/x is taken: the model repo holds pytorch_model.bin" in taken.err) == (2, True)
    assert len(repository.commits) == 2
    hub.create("model", "alice/y")
    branch = process.run(str(run.path), "--repo-id", "alice/y", "--revision", "try/out", "--public", token=alice)
    assert branch.code == 0, branch.err
    assert hub.repo("model", "alice/y").files("try/out").keys() >= FILES
    assert published("alice/y") == set()


def test_a_lost_answer_to_a_pull_request_makes_no_second_one(hub, process, run):
    hub.create("model", "alice/x")
    lost = hub.fail("POST", COMMIT, LoseAnswer())
    outcome = process.run(str(run.path), "--repo-id", "alice/x", "--create-pr", "--public", token=hub.token("bob"))
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
        pushed = process.run(str(run.path), "--repo-id", repo_id, token=token, how="command")
        trained = process.run(repo_id, token=token, how="before_training")
        for outcome in (pushed, trained):
            assert (outcome.code, outcome.out) == (2, ""), (repo_id, outcome)
            assert said in outcome.err
            assert outcome.err.count("\n") == 1, "one sentence, no traceback"
    assert not hub.asked("POST", "*preupload*")
    assert not hub.asked("POST", "/api/repos/create")
    assert {key: repository.head for key, repository in hub.store.repositories.items()} == before
    assert process.run(str(run.path), "--repo-id", "bob/own", token=hub.token("bob")).code == 0
    assert process.run(str(run.path), "--repo-id", "bob/own", token=scoped).code == 0


def test_a_repo_that_differs_from_its_run_is_reported(hub, process, run):
    """The fresh process sees damaged weights, and scores that are not those of the run.

    A processor is named by its model, so its scores were compared as loosely as those of a GPU: 1e-3.
    """
    token = hub.token("alice")
    damaged = hub.fail("GET", "/lfs/*", FlipByte(-1 + (run.path / "model.safetensors").stat().st_size), hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=token, how="command")
    assert outcome.code == 2
    assert damaged.met >= 1
    assert set(hub.repo("model", "alice/x").branches) == {"main"}
    assert hub.repo("model", "alice/x").files().keys() == {".gitattributes"}, "unverified weights stood on main"
    assert "model.safetensors was damaged on the way down" in outcome.err

    hub.faults.clear()
    _alter_a_score(run.path / "predictions" / "test.parquet")
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=token, how="command")
    assert outcome.code == 2
    assert "row 3 of predictions/test.parquet has scores" in outcome.err
    assert "is not the model that was measured" in outcome.err


def test_a_model_that_cannot_be_loaded_back_is_reported_with_the_reason(hub, process, run):
    """The last line of the traceback was shown: an address to read about status 404."""
    gone = hub.fail("GET", "/lfs/*", Answer(404), hits=None)
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"), how="command")
    assert (outcome.code, gone.met > 0) == (2, True)
    assert "a fresh process cannot load it: HfHubHTTPError: Client error '404 Not Found'" in outcome.err
    assert "Run the same command again. Nobody else has seen it: main of alice/x is as it was." in outcome.err


def test_a_finding_stops_the_push_before_the_hub_hears_of_it(hub, process, run):
    token = hub.token("alice")
    (run.path / "evaluation.json").write_text(
        (run.path / "evaluation.json").read_text().replace('"reviews"', f'"{token}"')
    )
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=token)
    assert outcome.code == 2
    assert "evaluation.json holds a token of this machine" in outcome.err
    assert not hub.requests


@pytest.mark.slow
def test_with_xet_installed_inline_uploads_work_alike(run, made, tmp_path):
    with StandInHub(uploads="inline") as hub, PushProcess(hub, tmp_path) as process:
        token = hub.token("alice")
        lost = hub.fail("POST", COMMIT, LoseAnswer())
        assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
        assert lost.met == 1
        assert hub.repo("model", "alice/x").files().keys() == {".gitattributes", *FILES}
        assert len(hub.repo("model", "alice/x").commits) == 2, "upload_folder would have made a second one"
        refused = hub.fail("POST", COMMIT, Answer(500), hits=None)
        outcome = process.run(str(made("adapter").path), "--repo-id", "alice/x", token=token)
        assert (outcome.code, refused.met) == (2, len(WAITS) + 1)
        assert hub.repo("model", "alice/x").files().keys() == {".gitattributes", *FILES}
        hub.assert_sound()


def _alter_a_score(path: Path) -> None:
    """Make one score wrong by ten times what is allowed."""
    table = pq.read_table(path)
    scores = table["scores"].to_pylist()
    scores[3] = [scores[3][0] + 1e-4, scores[3][1] - 1e-4, *scores[3][2:]]
    scores = pa.array(scores, pa.list_(pa.float32()))
    pq.write_table(table.set_column(table.column_names.index("scores"), "scores", scores), path)
