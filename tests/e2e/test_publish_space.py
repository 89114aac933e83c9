"""The Space of a model, made on the stand-in Hub by the real clients."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml

from tests.e2e.client_process import run_client
from tests.hub_stand_in import Answer, LoseAnswer
from textclf.hub.network import WAITS
from textclf.hub.space_folder import BROWSER, FOLDER, GRADIO, SHARED
from textclf.hub.wording import neutral_sentences

pytestmark = pytest.mark.hub

SPACE_FILES = {"README.md", "textclf.json", "attribution.py", "requirements.txt", *GRADIO}

FETCH = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from waiting import Download
result = {}
for name, exported in (("torch", None), ("onnx", "onnx/model.onnx")):
    download = Download()
    folder = Path(download.fetch("alice/model", exported))
    there = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    result[name] = [[each for each in there if name == "torch" or "safetensors" not in each], download.total]
for name in ("alice/secret", "alice/nowhere"):
    try:
        Download().fetch(name)
    except OSError as error:
        result[name] = str(error)
"""


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


def give_int8(run):
    """Put what an export leaves into a run; nothing here runs it."""
    (run.path / "onnx").mkdir()
    (run.path / "onnx" / "model_quantized.onnx").write_bytes(b"int8")
    names = ("onnx/model_quantized.onnx", "config.json", "tokenizer.json", "tokenizer_config.json")
    sums = {name: hashlib.sha256((run.path / name).read_bytes()).hexdigest() for name in (*names, "model.safetensors")}
    agreement = {"value": 1.0, "low": 0.9, "of": "texts"}
    row = {"outcome": "passed", "reason": "Equal.", "n": 30, "agreement": agreement, "file": names[0], "bytes": 4}
    row["probe_logits"] = []
    run.write_json("onnx/gate.json", {"engines": {"onnx-int8": row}, "files": sums, "probes": []})


def test_who_has_no_plan_gets_a_static_space_by_itself(hub, process, run):
    """It was refused, with the advice to choose cpu-basic, which is what the Hub had refused."""
    give_int8(run)
    model = hub.create("model", "alice/model", files={"onnx/model_quantized.onnx": "int8"})
    token = hub.token("alice")
    hub.take_plan("alice")
    outcome = process.run(*options(run, "--public", "--language", "ko"), token=token, how="space")
    assert outcome.code == 0, outcome.err
    files = hub.repo("space", "alice/demo").files()
    assert files.keys() - {".gitattributes"} == {
        *BROWSER, *SHARED, "README.md", "textclf.json", "page.json", "ort.mjs", "ort.wasm", "tokenizers.mjs"
    }  # fmt: skip
    header = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert (header["sdk"], header["app_file"], header["models"]) == ("static", "index.html", ["alice/model"])
    page = json.loads(files["page.json"])
    assert page["base"] == f"{hub.endpoint}/alice/model/resolve/{model.head}/"
    assert page["files"]["onnx/model_quantized.onnx"] == {"bytes": 4, "sha256": hashlib.sha256(b"int8").hexdigest()}
    assert (page["language"], page["name"], page["card"]) == ("ko", "model", f"{hub.endpoint}/alice/model")
    assert hub.repo("space", "alice/demo").variables == {}

    hub.repo("space", "alice/demo").secrets["HF_TOKEN"] = "of the time when it was a Gradio Space"
    again = process.run(*options(run, "--public", "--language", "ko"), token=token, how="space")
    assert (again.code, len(hub.repo("space", "alice/demo").commits)) == (0, 2), again.err
    assert hub.repo("space", "alice/demo").secrets == {}, "nothing of a static Space reads it"


def test_examples_that_are_taken_back_from_a_static_space_are_told_of(hub, process, run):
    """Of a static page, which holds them among other things, nobody said that its history keeps them."""
    give_int8(run)
    hub.create("model", "alice/model", files={"onnx/model_quantized.onnx": "int8"})
    token = hub.token("alice")

    def pushed(*more):
        outcome = process.run(*options(run, "--public", *more), token=token, how="space")
        assert outcome.code == 0, outcome.err
        files = hub.repo("space", "alice/demo").files()
        shown = json.loads(files.get("examples.json") or files["page.json"])
        return shown if isinstance(shown, list) else shown.get("examples"), "its older commits" in outcome.out

    static = ("--space-kind", "static")
    assert pushed(*static, "--examples", "Good!", "Bad.") == ([["Good!"], ["Bad."]], False)
    assert pushed(*static, "--examples", "Bad.", "Good!", "좋아요") == ([["Bad."], ["Good!"], ["좋아요"]], False)
    assert pushed(*static, "--examples", "좋아요") == ([["좋아요"]], True)
    neutral, told = pushed(*static)
    assert (neutral, told) == ([[sentence] for sentence in neutral_sentences("en")], True)
    assert pushed(*static) == (neutral, False)
    assert pushed(*static, "--examples", "Good!") == ([["Good!"]], False), "sentences of ours are nobody's secret"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "so this one would be static. alice/model is private"),
        (("--public",), "has none that did not fail its gate. To make it: python export.py"),
        (("--space-kind", "static", "--public"), "has none that did not fail its gate. To make it: python export.py"),
        (("--space-kind", "static"), "Add --public"),
        (("--space-kind", "gradio"), "alice may not host a Gradio Space: that needs a PRO, Team or Enterprise plan"),
        (("--space-hardware", "cpu-basic"), "take --space-kind static, which is free, or --space-hardware zero-a10g"),
        (("--space-kind", "static", "--space-hardware", "zero-a10g", "--public"), "A static Space has no hardware"),
        (("--space-kind", "docker"), "--space-kind is auto, gradio, static; found 'docker'."),
    ],
)
def test_what_cannot_be_hosted_is_refused_before_anything_is_made(hub, process, run, more, said):
    token = hub.token("alice")
    hub.take_plan("alice")
    outcome = process.run(*options(run, *more), token=token, how="command")
    assert outcome.code == 2, outcome.err
    assert said in outcome.err
    assert not hub.store.repositories


def test_a_free_account_has_two_spaces_on_zero_gpu(hub, process, run):
    hub.create("model", "alice/model")
    token = hub.token("alice")
    hub.take_plan("alice")
    more = ("--public", "--space-hardware", "zero-a10g")
    outcome = process.run(*options(run, *more), token=token, how="space")
    assert outcome.code == 0, outcome.err
    space = hub.repo("space", "alice/demo")
    header = yaml.safe_load(space.files()["README.md"].decode().split("---\n")[1])
    assert (space.space.hardware, header["sdk"], header["python_version"]) == ("zero-a10g", "gradio", "3.12.12")
    assert b"spaces.GPU" in space.files()["app.py"]
    assert process.run(*options(run, "--public"), token=token, how="space").code == 0
    header = yaml.safe_load(space.files()["README.md"].decode().split("---\n")[1])
    assert header["python_version"] == "3.12.12", "a later push without the flag took it away"

    words = [str(run.path), "--repo-id", "alice/model", *more]
    assert process.run(*words, "--space", "alice/second", token=token, how="space").code == 0
    third = process.run(*words, "--space", "alice/third", token=token, how="space")
    assert third.code == 2
    assert "The account has no ZeroGPU left while making the repo (alice/third) (403)" in third.err
    assert "write permission" not in third.err
    assert ("space", "alice/third") not in hub.store.repositories

    refusal = Answer(403, b'{"error": "No @spaces.GPU function detected"}')
    hub.fail("POST", "/api/spaces/alice/demo/hardware", refusal)
    outcome = process.run(*options(run, *more), token=token, how="space")
    assert outcome.code == 2
    assert "The Hub finds no function under @spaces.GPU while setting the hardware" in outcome.err


def test_a_space_installs_onnx_runtime_where_the_model_on_the_hub_is_exported(hub, process, run):
    give_int8(run)
    gate = run.read_json("onnx/gate.json")
    gate["engines"]["onnx"] = {"outcome": "passed", "file": "onnx/model.onnx"}
    run.write_json("onnx/gate.json", gate)
    model = hub.create("model", "alice/model")
    token = hub.token("alice")
    space = None
    for arrived, name in ((False, "torch"), (True, "onnxruntime")):
        if arrived:
            hub.store.seed(model, {"onnx/model.onnx": "x", "onnx/gate.json": "{}"})
        outcome = process.run(*options(run, "--public"), token=token, how="space")
        assert outcome.code == 0, outcome.err
        space = hub.repo("space", "alice/demo")
        wanted = [line.split(b"==")[0].decode() for line in space.files()["requirements.txt"].splitlines()]
        assert {"torch", "onnxruntime"} & {*wanted} == {name}
    assert "attribution.py" not in space.files(), "it needs torch; an earlier push left it"


def test_a_space_takes_what_its_engine_needs_and_says_why_it_cannot(hub, tmp_path):
    files = {"config.json": "{}", "model.safetensors": "1234", "onnx/model.onnx": "12345678", "adapter/a.json": "{}"}
    hub.create("model", "alice/model", files=files)
    hub.create("model", "alice/secret", private=True)
    found = run_client(hub, tmp_path, FETCH, str(FOLDER))
    assert found["torch"] == [["config.json", "model.safetensors"], 6]
    assert found["onnx"] == [["config.json", "onnx/model.onnx"], 10]
    assert found["alice/secret"] == found["alice/nowhere"]
    assert found["alice/secret"].startswith("there is no such model on the Hub, or it is private")


def test_what_the_hub_wants_to_be_paid_for_is_told_with_the_free_ways(hub, process, run):
    hub.create("model", "alice/model")
    hub.fail("POST", "/api/repos/create", Answer(402, b'{"error": "requires a PRO subscription"}'))
    outcome = process.run(*options(run, "--public"), token=hub.token("alice"), how="space")
    assert outcome.code == 2
    assert "--space-kind static is free, and so are two Spaces with --space-hardware zero-a10g." in outcome.err
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
