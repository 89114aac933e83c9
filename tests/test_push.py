"""Pushing without a Hub: arguments, the plan, what is said about each failure, and how long is waited."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

from tests.made_runs import make_run
from textclf.arguments import PublishArguments
from textclf.errors import UserError
from textclf.flags import build_parser, parse
from textclf.hub import network
from textclf.hub.destination import check_destination
from textclf.hub.network import explain, persist
from textclf.hub.publish import check_before_training, command, hints, publish, publish_run
from textclf.hub.push_arguments import PushArguments

ROOT = Path(__file__).parent.parent


def failure(status, kind=HfHubHTTPError, headers=None, message="no"):
    response = httpx2.Response(status, request=httpx2.Request("POST", "https://hub/api"), headers=headers)
    return kind(message, response=response, server_message="server says no")


@pytest.fixture
def impatient(monkeypatch):
    """Waits that are noted instead of waited."""
    waited = []
    monkeypatch.setattr(network.time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (failure(401), "does not accept the token"),
        (failure(402), "(402): server says no. A Gradio Space needs a PRO, Team or Enterprise plan"),
        (failure(403), "no permission to write"),
        (failure(404), "did not find"),
        (failure(404, RepositoryNotFoundError), "There is no alice/x on the Hub"),
        (failure(408), "gave up waiting"),
        (failure(409), "busy with another operation"),
        (failure(412), "Somebody else committed to alice/x in the meantime"),
        (failure(413), "too large"),
        (failure(429), "asks for fewer requests"),
        (failure(500), "trouble of its own"),
        (failure(503), "(503)"),
        (failure(418), "refused the request while uploading (alice/x) (418): server says no"),
        (httpx2.ReadTimeout("slow"), "did not answer in time"),
        (httpx2.ConnectError("refused"), "could not be reached"),
        (httpx2.RemoteProtocolError("Server disconnected"), "connection to the Hub broke while uploading"),
        (ConnectionError("Network error: xorb"), "broke while uploading (alice/x): Network error: xorb"),
        (json.JSONDecodeError("x", "<html>", 0), "was not the Hub"),
        (OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE is set"),
    ],
)
def test_each_failure_becomes_a_sentence_with_what_to_do(error, said):
    sentence = str(explain(error, "uploading", "alice/x"))
    assert said in sentence
    assert "\n" not in sentence
    assert sentence.count("(alice/x)") <= 1


def test_the_token_is_in_no_sentence(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    for error in (failure(418), ConnectionError("with hf_secret inside")):
        if isinstance(error, HfHubHTTPError):
            error.server_message = "bad token hf_secret"
        assert "hf_secret" not in str(explain(error, "uploading", "alice/x"))


@pytest.mark.parametrize("error", [failure(500), failure(429), httpx2.ReadError("cut"), ConnectionError("xet")])
def test_a_passing_failure_is_tried_again_three_times_and_announced(error, impatient, caplog):
    tries = []

    def action():
        tries.append(1)
        raise error

    with pytest.raises(UserError):
        persist(action, "uploading", "alice/x")
    assert len(tries) == 4
    assert impatient == [1.0, 3.0, 9.0]
    assert [record.getMessage().endswith("s.") for record in caplog.records] == [True] * 3


@pytest.mark.parametrize("error", [failure(401), failure(403), failure(412), failure(413), OfflineModeIsEnabled("x")])
def test_a_lasting_failure_is_not_tried_again(error, impatient):
    tries = []

    def action():
        tries.append(1)
        raise error

    with pytest.raises(UserError):
        persist(action, "uploading", "alice/x")
    assert (len(tries), impatient) == (1, [])


def test_a_second_try_that_works_is_enough(impatient):
    answers = iter([failure(503), None])

    def action():
        error = next(answers)
        if error:
            raise error
        return "done"

    assert persist(action, "uploading", "alice/x") == "done"
    assert impatient == [1.0]


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, [7.0, 7.0, 9.0]),
        ({"ratelimit": '"api";r=0;t=20'}, [21.0, 21.0, 21.0]),
        ({"ratelimit": '"api";r=0;t=4000'}, []),
        ({"Retry-After": "4000"}, []),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, [1.0, 3.0, 9.0]),
    ],
)
def test_a_rate_limit_is_waited_for_within_reason(headers, waits, impatient):
    def action():
        raise failure(429, headers=headers)

    with pytest.raises(UserError, match="fewer requests"):
        persist(action, "uploading", "alice/x")
    assert impatient == waits


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "--timeout"),
        ({"create_pr": True, "tag": "v1"}, "--tag"),
        ({"create_pr": True, "revision": "dev"}, "--revision"),
        ({"tag": "version 1"}, "--tag is a name in letters.*found 'version 1'"),
        ({"tag": "v1..v2"}, "--tag"),
        ({"revision": "refs/pr/1"}, "--revision"),
        ({"revision": "-f"}, "--revision"),
        ({"language": "english"}, "--language is a code of ISO 639.*found 'english'. Did you mean en?"),
        ({"language": "pt-BR"}, "found 'pt-BR'. Did you mean pt?"),
        ({"language": "ko,zh_CN"}, "found 'zh_CN'. Did you mean zh?"),
        ({"language": "KO"}, "found 'KO'. Did you mean ko?"),
        ({"language": "xx"}, "found 'xx'.$"),
        ({"language": "xyz"}, "found 'xyz'.$"),
        ({"language": "ko, "}, "--language"),
        ({"space_sleep": -4}, "--space-sleep"),
        ({"space_sleep": 0}, "--space-sleep"),
        ({"timeout": 0}, "--timeout is a number of seconds above 0"),
    ],
)
def test_arguments_that_the_hub_would_refuse_are_refused_first(options, said):
    with pytest.raises(UserError, match=said):
        PushArguments(repo_id="alice/x", **options)


def test_arguments_that_the_hub_takes_are_taken():
    for options in (
        {"tag": "v1.0"},
        {"revision": "try/out"},
        {"language": "ko, en"},
        {"language": "kor,fre,grc"},
        {"language": "multilingual"},
        {"space_sleep": 1},
        {"timeout": 0.5},
    ):
        PushArguments(repo_id="alice/x", **options)
    PushArguments(repo_id="alice/x", space_sleep=-1)


def test_what_to_type_next_goes_to_the_same_place(tmp_path):
    """After --create-pr, the command that adds a licence pushed to the branch itself."""
    run = make_run(tmp_path / "run", "single")
    for options in (["--create-pr", "--public"], ["--revision", "try/out"], []):
        words = shlex.split(hints(run, from_words(["--repo-id", "alice/x", *options]))[0].split("To name one: ")[1])
        assert words[:3] == ["python", "push_to_hub.py", str(run.path)]
        assert from_words(words[3:]) == from_words(["--repo-id", "alice/x", *options, "--license", "apache-2.0"])


def test_what_to_type_next_keeps_every_option(tmp_path):
    """The command that added a language took the licence, the examples and the data set repo away again."""
    run = make_run(tmp_path / "run", "single")
    options = ["--repo-id", "alice/x", "--license", "mit", "--examples", "Hi there", "B", "--dataset-repo", "alice/d"]
    typed = shlex.split(command(run, from_words([*options, "--timeout", "30", "--dry-run"])))
    assert from_words(typed[3:]) == from_words([*options, "--timeout", "30.0"])


def from_words(words):
    (arguments,) = parse(build_parser([PushArguments]), words)
    return arguments


@pytest.mark.parametrize("name", ["model", "a/b/c", "alice/", "/x", "alice/mo del", "alice/x..y", "alice/--x"])
def test_a_name_that_the_hub_would_refuse_is_refused_first(name, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(UserError, match="A model repo is named NAMESPACE/NAME"):
        check_destination(name)


def test_no_token_is_said_before_anything_is_asked(monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(UserError, match="There is no Hub token"):
        check_destination("alice/x")


def test_offline_is_said_and_mended(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set"):
        check_destination("alice/x")


def test_a_space_needs_a_model_on_the_hub():
    with pytest.raises(UserError, match="add --push"):
        check_before_training(PublishArguments(space="alice/demo"))
    check_before_training(PublishArguments())


def test_an_export_whose_packages_are_missing_stops_before_training(monkeypatch):
    check_before_training(PublishArguments(export="onnx"))
    monkeypatch.setattr("textclf.hub.publish.find_spec", lambda name: None if name == "onnxruntime" else object())
    with pytest.raises(ModuleNotFoundError) as missing:
        check_before_training(PublishArguments(export="onnx"))
    assert missing.value.name == "onnxruntime"
    check_before_training(PublishArguments(export="none"))


def test_a_faulty_option_of_the_card_is_found_before_training():
    """It was found when the card was written, after the training."""
    with pytest.raises(UserError, match="--language"):
        check_before_training(PublishArguments(language="english"))


def test_a_push_that_fails_after_training_says_how_to_go_on_without_training(tmp_path, monkeypatch):
    """ "Run the same command again" meant another training."""
    run = make_run(tmp_path / "my run", "single")
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set") as failed:
        publish(run, PublishArguments(push="alice/x", space="alice/demo", public=True))
    said = f"python push_to_hub.py '{run.path}' --repo-id alice/x --public --space alice/demo"
    assert str(failed.value).endswith(said)


def test_a_run_that_is_not_pushed_gets_its_card(tmp_path):
    run = make_run(tmp_path / "run", "single")
    run.write_text("README.md", "old")
    publish(run, PublishArguments(license="mit"))
    assert "license: mit" in (run.path / "README.md").read_text()


def test_a_dry_run_contacts_nobody_and_shows_sizes(tmp_path, monkeypatch, capsys):
    def refuse(*arguments):
        raise AssertionError("a dry run opened a connection")

    run = make_run(tmp_path / "run", "single")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    publish_run(run, PushArguments(repo_id="alice/x", dry_run=True, space="alice/demo"))
    shown = capsys.readouterr().out
    assert "Would go to alice/x (private)" in shown
    size = (run.path / "model.safetensors").stat().st_size / 1000
    assert f"model.safetensors       {size:.1f} kB" in " ".join(shown.split("\n")) or f"{size:.1f} kB" in shown
    assert "Stays at home: checkpoints/, predictions/, text_hashes.npz, training_log.jsonl" in shown
    assert "The card names no licence" in shown
    assert "alice/demo: README.md, answering.py, app.py" in shown


def test_the_command_explains_itself_without_torch_and_refuses_typos(tmp_path):
    code = (
        "import sys, push_to_hub, textclf.errors as errors\n"
        "def run(*words):\n"
        "    try: errors.run_command(push_to_hub.main, list(words))\n"
        "    except SystemExit as stop: print('exit', stop.code)\n"
        "run('--help')\n"
        "print([m for m in ('torch', 'datasets', 'transformers.trainer') if m in sys.modules])\n"
        "run('no/run', '--repo-ib', 'alice/x')\n"
        "run('no/run', '--repo-id', 'alice/x')\n"
        "run('--repo-id', 'alice/x')\n"
        "run('no/run', '--i-have-the-right', '--dry_run', '--space-hardwear', 'cpu')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "--repo-id" in done.stdout
    assert "--i-have-the-right" in done.stdout
    assert done.stdout.splitlines()[-6:] == ["exit 0", "[]", *["exit 2"] * 4]
    errors = done.stderr.splitlines()
    assert "Did you mean 'repo_id'?" in errors[0]
    assert "The run folder no/run does not exist." in errors[1]
    assert "Give the run folder first" in errors[2]
    assert "Did you mean 'space_hardware'?" in errors[3]
