"""The Space of a model, made on the stand-in Hub by the real clients."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.hub_stand_in import Answer, LoseAnswer
from textclf.hub.network import WAITS

pytestmark = pytest.mark.hub

SPACE_FILES = {"README.md", "textclf.json", "app.py", "requirements.txt", "style.css", "words.json"}


def options(run, *more):
    return (str(run.path), "--repo-id", "alice/model", "--space", "alice/demo", *more)


def test_a_space_of_a_private_model_gets_a_token_that_can_only_read(hub, process, run):
    hub.create("model", "alice/model", private=True)
    token, reader = hub.token("alice"), hub.token("alice", "read")
    first = process.run(*options(run), token=token, how="space")
    space = hub.repo("space", "alice/demo")

    assert first.code == 0, first.err
    told = first.out.strip().splitlines()[-1]
    assert f"type python push_to_hub.py {run.path} --repo-id alice/model --space alice/demo, or" in told
    assert told.endswith("add it as the secret HF_TOKEN in the Space's settings.")
    assert space.private
    assert space.files().keys() - {".gitattributes"} == SPACE_FILES
    assert (space.variables, space.secrets) == ({"MODEL_ID": "alice/model"}, {})
    assert len(space.commits) == 2
    header = yaml.safe_load(space.files()["README.md"].decode().split("---\n")[1])
    assert (header["sdk"], header["models"]) == ("gradio", ["alice/model"])

    second = process.run(*options(run), token=token, space_token=reader, how="space")
    assert second.code == 0, second.err
    assert "needs a token" not in second.out
    assert space.secrets == {"HF_TOKEN": reader}
    assert len(space.commits) == 2, "the same files make no commit"
    third = process.run(*options(run), token=token, how="space")
    assert "needs a token" not in third.out, "it has one"
    files = json.dumps([content.decode("utf-8", "replace") for content in space.files().values()])
    assert token not in files
    assert reader not in files


def test_the_pushing_token_and_tokens_that_write_are_not_stored(hub, process, run):
    hub.create("model", "alice/model", private=True)
    token, other = hub.token("alice"), hub.token("alice")
    fine = hub.token("alice", "fineGrained", scopes={"alice/model": "write"})
    stranger = hub.token("bob", "read")
    for space_token, said in [
        (token, "SPACE_HF_TOKEN is the token that pushes"),
        (other, "SPACE_HF_TOKEN may write"),
        (fine, "SPACE_HF_TOKEN may write"),
        (hub.token("alice", "expired"), "set SPACE_HF_TOKEN or"),
        (stranger, "SPACE_HF_TOKEN cannot read alice/model"),
    ]:
        outcome = process.run(*options(run), token=token, space_token=space_token, how="space")
        assert outcome.code == 2, said
        assert said in outcome.err
    assert hub.repo("space", "alice/demo").secrets == {}
    assert hub.repo("space", "alice/demo").files().keys() == {".gitattributes", "README.md"}, "nothing went up"


def test_hardware_sleep_and_examples_of_a_public_space(hub, process, run):
    hub.create("model", "alice/model")
    more = ("--public", "--space-hardware", "cpu-basic", "--space-sleep", "3600", "--examples", "Good!", "Bad.")
    outcome = process.run(*options(run, *more), token=hub.token("alice"), how="space")
    space = hub.repo("space", "alice/demo")
    assert outcome.code == 0, outcome.err
    assert not space.private
    assert (space.space.hardware, space.space.sleep_seconds) == ("cpu-basic", 3600)
    assert "it will go to sleep if inactive for more than 48 hours" in outcome.err
    assert ".py" not in outcome.err, "the client's warning came with its place in the client's code"
    assert json.loads(space.files()["examples.json"]) == [["Good!"], ["Bad."]]

    paid = process.run(
        *options(run, "--public", "--space-hardware", "t4-small"), token=hub.token("alice"), how="space"
    )
    assert (paid.code, "The Hub wants to be paid while setting the hardware" in paid.err) == (2, True)


def test_examples_that_are_no_longer_wanted_go(hub, process, run):
    """Texts of validation stayed in the Space for good."""
    hub.create("model", "alice/model")
    token = hub.token("alice")
    assert process.run(*options(run, "--public", "--examples-from-validation"), token=token, how="space").code == 0
    space = hub.repo("space", "alice/demo")
    assert "examples.json" in space.files()
    hub.store.seed(space, {"mine.txt": "mine"})

    outcome = process.run(*options(run, "--public"), token=token, how="space")
    assert outcome.code == 0, outcome.err
    assert space.files().keys() - {".gitattributes", "mine.txt"} == SPACE_FILES
    assert "its older commits still hold them" in outcome.out
    assert "super_squash_history('alice/demo', repo_type='space')" in outcome.out
    again = process.run(*options(run, "--public"), token=token, how="space")
    assert "older commits" not in again.out


def test_who_has_no_plan_is_told_what_a_gradio_space_needs(hub, process, run):
    """The advice was to choose cpu-basic, which is what the Hub had refused."""
    hub.create("model", "alice/model", private=True)
    token = hub.token("alice")
    hub.take_plan("alice")
    outcome = process.run(*options(run), token=token, how="space")
    assert outcome.code == 2
    assert "Static Spaces are free for everyone" in outcome.err
    assert "A Gradio Space needs a PRO, Team or Enterprise plan even on cpu-basic" in outcome.err
    assert ("space", "alice/demo") not in hub.store.repositories


def test_a_space_survives_lost_answers_and_names_lasting_faults(hub, process, run):
    hub.create("model", "alice/model")
    faults = [
        hub.fail("POST", "/api/repos/create", LoseAnswer()),
        hub.fail("POST", "/api/spaces/alice/demo/variables", LoseAnswer()),
        hub.fail("POST", "/api/spaces/alice/demo/commit/main", LoseAnswer()),
    ]
    outcome = process.run(*options(run, "--public"), token=hub.token("alice"), how="space")
    assert outcome.code == 0, outcome.err
    assert [fault.met for fault in faults] == [1, 1, 1]
    assert len(hub.repo("space", "alice/demo").commits) == 2

    lasting = hub.fail("GET", "/api/spaces/alice/demo/variables", Answer(500), hits=None)
    outcome = process.run(*options(run, "--public"), token=hub.token("alice"), how="space")
    assert (outcome.code, lasting.met) == (2, len(WAITS) + 1)
    assert "while setting the variable MODEL_ID (alice/demo)" in outcome.err


def test_a_space_that_cannot_be_written_is_found_before_training_and_before_the_model(hub, process, run):
    hub.token("bob")
    hub.create("space", "bob/demo", sdk="gradio")
    token = hub.token("alice")
    for outcome in (
        process.run("alice/model", "bob/demo", token=token, how="before_training"),
        process.run(str(run.path), "--repo-id", "alice/model", "--space", "bob/demo", token=token, how="command"),
    ):
        assert outcome.code == 2
        assert "bob/demo belongs to somebody else" in outcome.err
    assert ("model", "alice/model") not in hub.store.repositories
