"""Nothing that was not checked is ever met by others, and nothing of theirs is touched."""

from __future__ import annotations

import json
import threading

import pytest

from tests.e2e.push_process import PushProcess
from tests.e2e.test_publish_faults import wait_for
from tests.hub_stand_in import FlipByte, Wait
from tests.made_runs import FILES

pytestmark = pytest.mark.hub

MAIN = "/api/models/alice/x/commit/main"
HELD = "/api/models/alice/x/commit/textclf-check-*"
PNG = b"\x89PNG\r\n\x1a\n"


def state(repository):
    """Everything of a repo that strangers see."""
    return dict(repository.branches), dict(repository.tags), repository.private


@pytest.mark.parametrize("options", [(), ("--tag", "v2"), ("--revision", "try/out")])
def test_a_failed_check_leaves_everything_as_it_was(hub, process, run, made, options):
    token = hub.token("alice")
    assert process.run(str(made("adapter").path), "--repo-id", "alice/x", "--tag", "v1", token=token).code == 0
    before = state(hub.repo("model", "alice/x"))

    outcome = process.run(str(run.path), "--repo-id", "alice/x", *options, token=token, how="refused")
    assert outcome.code == 2
    branch = "try/out" if "--revision" in options else "main"
    assert f"It is not what was measured. Nobody else has seen it: {branch} of alice/x is as it was." in outcome.err
    assert state(hub.repo("model", "alice/x")) == before
    assert hub.asked("POST", HELD)


def test_a_failed_check_of_what_was_there_before_says_so(hub, process, run):
    token = hub.token("alice")
    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
    before = state(hub.repo("model", "alice/x"))
    outcome = process.run(str(run.path), "--repo-id", "alice/x", "--tag", "v1", token=token, how="refused")
    assert (outcome.code, "alice/x held all of it before, so do not use it" in outcome.err) == (2, True)
    assert state(hub.repo("model", "alice/x")) == before


def test_a_file_that_changes_during_the_check_does_not_arrive(hub, process, run, made):
    """It came to main unchecked, and the message said that main was as it was."""
    token = hub.token("alice")
    assert process.run(str(made("adapter").path), "--repo-id", "alice/x", token=token).code == 0
    before = state(hub.repo("model", "alice/x"))
    outcome = process.run(str(run.path), "--repo-id", "alice/x", "--tag", "v1", token=token, how="meddled")
    assert outcome.code == 2
    assert "evaluation.json changed while the run was pushed" in outcome.err
    assert "main of alice/x is as it was." in outcome.err
    assert state(hub.repo("model", "alice/x")) == before


def test_a_pull_request_whose_check_fails_is_closed(hub, process, run):
    repository = hub.create("model", "alice/x")
    words = (str(run.path), "--repo-id", "alice/x", "--create-pr", "--public")
    outcome = process.run(*words, token=hub.token("bob"), how="refused")
    assert (outcome.code, "The pull request 1 is closed." in outcome.err) == (2, True)
    assert repository.discussions[1].status == "closed"
    again = process.run(*words, token=hub.token("bob"))
    assert (again.code, f"{hub.endpoint}/alice/x/discussions/2" in again.out) == (0, True)
    assert repository.files().keys() == {".gitattributes"}


def test_the_weights_are_uploaded_once_and_main_gets_what_was_checked(hub, process, run, published):
    assert process.run(str(run.path), "--repo-id", "alice/x", token=hub.token("alice")).code == 0
    repository = hub.repo("model", "alice/x")
    assert len(hub.asked("PUT", "/lfs/*")) == 1
    assert set(repository.branches) == {"main"}
    assert published() == FILES
    (held,) = [commit for commit in repository.objects.values() if commit.parent == repository.at("main").parent
               and commit.id != repository.head] or [repository.at("main")]  # fmt: skip
    assert held.files == repository.at("main").files


def test_a_push_that_was_killed_goes_on_and_clears_up(hub, process, run, tmp_path, published):
    token = hub.token("alice")
    go_on = threading.Event()
    stopped = hub.fail("POST", MAIN, Wait(go_on))
    with PushProcess(hub, tmp_path) as other:
        other.start(str(run.path), "--repo-id", "alice/x", token=token)
        wait_for(lambda: stopped.met == 1)
        other.kill()
    repository = hub.repo("model", "alice/x")
    assert [name.startswith("textclf-check-") for name in repository.branches if name != "main"] == [True]
    assert published() == set()

    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
    go_on.set()  # the killed one's commit arrives after all, and is too late
    wait_for(lambda: all(request.status is not None for request in hub.asked("POST", MAIN)))
    assert [request.status for request in hub.asked("POST", MAIN)] == [412, 200]
    assert (published(), set(repository.branches)) == (FILES, {"main"})
    assert len(hub.asked("PUT", "/lfs/*")) == 1


def test_a_repo_that_becomes_public_during_a_push_is_left_alone(hub, process, run):
    repository = hub.create("model", "alice/x", private=True)
    go_on = threading.Event()
    held = hub.fail("POST", HELD, Wait(go_on))
    process.start(str(run.path), "--repo-id", "alice/x", token=hub.token("alice"))
    wait_for(lambda: held.met == 1)
    repository.private = False
    go_on.set()
    outcome = process.finish()
    assert (outcome.code, "alice/x became public during this push" in outcome.err) == (2, True)
    assert set(repository.branches) == {"main"}
    assert len(repository.commits) == 1


def test_public_does_not_show_the_history_of_a_private_repo(hub, process, run):
    """--public was ignored in silence."""
    hub.create("model", "alice/x", private=True)
    words = (str(run.path), "--repo-id", "alice/x", "--public")
    outcome = process.run("alice/x", token=hub.token("alice"), how="before_training_public")
    assert outcome.code == 0, outcome.err
    assert "alice/x is private and stays so" in outcome.out
    assert "hf repos settings alice/x --public" in outcome.out
    assert process.run(*words, token=hub.token("alice")).code == 0
    assert hub.repo("model", "alice/x").private


def test_a_repo_is_known_by_what_is_in_it_not_by_the_names_of_its_files(hub, process, run):
    """A repo that happened to hold an evaluation.json was taken for ours and overwritten."""
    manifest = {"made_by": "textclf", "kind": "dataset", "run": {"evaluation": "x"}, "files": {"evaluation.json": "x"}}
    token = hub.token("alice")
    for n, files in enumerate(
        (
            {"evaluation.json": '{"accuracy": 1}', "model.safetensors": "mine"},
            {"textclf.json": "{}", "evaluation.json": "{}"},
            {"textclf.json": json.dumps(manifest), "evaluation.json": "{}"},
            {"textclf.json": "not JSON", "model.safetensors": "mine"},
        )
    ):
        repository = hub.create("model", f"alice/x{n}", private=True, files=files)
        before = state(repository)
        outcome = process.run(str(run.path), "--repo-id", f"alice/x{n}", token=token)
        assert (outcome.code, f"The name alice/x{n} is taken" in outcome.err) == (2, True), files
        assert state(repository) == before


def test_files_of_others_in_our_repo_are_neither_replaced_nor_deleted(hub, process, run, published):
    token = hub.token("alice")
    (run.path / "figures").mkdir()
    (run.path / "figures" / "ours.png").write_bytes(PNG)
    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
    repository = hub.repo("model", "alice/x")
    hub.store.seed(repository, {"figures/mine.png": "mine", "vocab.txt": "mine", "LICENSE": "mine"})
    (run.path / "figures" / "ours.png").unlink()
    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
    assert published() == FILES | {"figures/mine.png", "vocab.txt", "LICENSE"}

    before = state(repository)
    (run.path / "figures" / "mine.png").write_bytes(PNG + b"other")
    outcome = process.run(str(run.path), "--repo-id", "alice/x", token=token)
    assert (outcome.code, state(repository)) == (2, before)
    assert "alice/x holds figures/mine.png, which no earlier push put there" in outcome.err


def test_every_file_is_compared_with_the_hub_s_checksum(hub, process, run):
    """Scores alone do not tell that the card, or the figures beside it, are not those of the run."""
    token = hub.token("alice")
    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
    hub.store.seed(hub.repo("model", "alice/x"), {"evaluation.json": "{}", "README.md": "other"})
    outcome = process.run(str(run.path), "alice/x", token=token, how="check")
    assert outcome.code == 2
    found = [line.strip() for line in outcome.err.splitlines() if line.startswith("  ")]
    assert found == [
        "README.md has another checksum in the repo than in the run folder",
        "evaluation.json has another checksum in the repo than in the run folder",
        "absent.md is missing in the repo",
    ]


def test_weights_that_arrive_damaged_are_noticed_though_the_hub_s_checksum_is_right(hub, process, run):
    token = hub.token("alice")
    assert process.run(str(run.path), "--repo-id", "alice/x", token=token).code == 0
    weights = hub.repo("model", "alice/x").at("main").files["model.safetensors"]
    hub.fail("GET", f"/lfs/{weights.sha256}", FlipByte((run.path / "model.safetensors").stat().st_size - 4), hits=None)
    outcome = process.run(str(run.path), "alice/x", token=token, how="check")
    assert outcome.code == 2
    assert "  model.safetensors was damaged on the way down" in outcome.err.splitlines()
