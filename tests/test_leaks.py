"""What must stay at home is found in the files that would go up, and shown; what may go up is not suspected."""

import json
import os
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made_runs import FILES, LABELS, make_run
from textclf.errors import UserError
from textclf.hub.leaks import DataTexts, secrets_in, strings_of
from textclf.hub.uploads import collect, is_listed, shown_size, staying_home

TOKEN = "hf_" + "AbCdEfGhIj" * 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made") / "run", "adapter")


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", "single")


def change(run, name, **values):
    run.write_json(name, run.read_json(name) | values)


@pytest.mark.parametrize("kind", LABELS)
def test_a_run_as_it_is_made_may_go_up(tmp_path, kind):
    run = make_run(tmp_path / "run", kind)
    names = [upload.path for upload in collect(run, {})]
    adapter = {f"adapter/{name}" for name in ("README.md", "adapter_config.json", "adapter_model.safetensors")}
    expected = FILES | adapter if kind == "adapter" else FILES
    assert set(names) == expected
    assert names == sorted(names)


def test_rows_checkpoints_and_logs_stay_at_home(made):
    (made.path / "training_args.bin").write_bytes(b"PK\x03\x04")
    (made.path / "evaluation.html").write_text("<p>texts of the data</p>")
    uploads = collect(made, {})
    home = staying_home(made, uploads)
    assert home == ["checkpoints/", "evaluation.html", "predictions/", "training_args.bin", "training_log.jsonl"]


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (f"pushed with {TOKEN}", "a Hub token"),
        ("key sk-proj-0123456789abcdefghijklm", "a secret key"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "a secret key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("write to kim.minji@example.co.kr please", "an e-mail address: kim.minji@example.co.kr"),
        ("read from /data/corpora/reviews.csv", "an absolute path: /data/corpora/reviews.csv"),
        ("C:\\Users\\kim\\reviews.csv", "an absolute path: C:\\U"),
        ("\\\\server\\share\\reviews.csv", "an absolute path"),
        ("file:///srv/x", "an absolute path"),
        ("see ~/corpora", "a home directory"),
        ("$HOME/corpora", "a home directory"),
    ],
)
@pytest.mark.parametrize("name", ["evaluation.json", "recipe.yaml", "README.md", "tokenizer_config.json"])
def test_a_secret_in_a_text_file_stops_the_push(run, name, planted, said):
    if name.endswith(".json"):
        change(run, name, note=[{"deep": planted}])
    elif name.endswith(".yaml"):
        (run.path / name).write_text((run.path / name).read_text() + f"note: {json.dumps(planted)}\n")
    else:
        (run.path / name).write_text(planted)
    with pytest.raises(UserError) as refused:
        collect(run, {})
    assert f"{name} holds {said}" in str(refused.value)
    assert "--allow " + name in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert name in {upload.path for upload in collect(run, {}, allow=[name])}


def test_the_token_in_use_is_found_whatever_it_looks_like(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "odd-token")
    assert list(secrets_in(["an odd-token indeed"])) == ["holds the Hub token of this machine"]
    assert list(secrets_in(["nothing here"])) == []


def test_the_home_directory_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/export/kim")
    assert "holds a home directory: /export/kim" in list(secrets_in(["in /export/kim/x"]))
    assert list(secrets_in(["in /export/kims/x"])) == ["holds an absolute path: /export/kims/x"]


@pytest.mark.parametrize(
    "harmless",
    [
        "https://huggingface.co/alice/model/blob/main/README.md",
        "accuracy/f1 and/or 1/2/2026",
        "</td></tr>",
        "a scale of 3:\\ not a path",
        "[card](figures/confusion_matrix.png)",
        "precision>=0.9 @ recall",
        "model@main",
        "hf_hub_download and hf_xet",
        "정확도/재현율 값",
    ],
)
def test_ordinary_text_is_not_suspected(harmless):
    assert list(secrets_in([harmless])) == []


@given(st.recursive(st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_address_is_found_however_deep_it_lies(value):
    text = json.dumps({"before": value, "here": [{"it": ["to kim@example.org\n"]}]})
    assert "holds an e-mail address: kim@example.org" in list(secrets_in(strings_of("evaluation.json", text)))


def test_a_line_end_in_json_is_no_windows_path():
    assert list(secrets_in(strings_of("a.json", json.dumps({"notes": "Found:\nnothing, D:\tfine"})))) == []


def test_vocabularies_are_not_searched(run):
    tokenizer = run.read_json("tokenizer.json")
    tokenizer["model"]["vocab"]["kim@example.org"] = 1
    tokenizer["model"]["vocab"]["/usr/local/bin/x"] = 2
    run.write_json("tokenizer.json", tokenizer)
    assert collect(run, {})


@pytest.mark.parametrize("name", ["README.md", "evaluation.json", "recipe.yaml"])
def test_a_text_of_the_data_is_found(run, name):
    rows = pq.read_table(run.path / "predictions" / "validation.parquet").to_pylist()
    planted = max((row["text"] for row in rows), key=len).replace(" ", "\n", 3)
    if name.endswith(".json"):
        change(run, name, mistakes=[planted])
    else:
        quoted = f"examples: {json.dumps([planted])}\n" if name.endswith(".yaml") else planted
        (run.path / name).write_text((run.path / name).read_text() + "\n" + quoted)
    with pytest.raises(UserError, match="holds a text of the data"):
        collect(run, {})


def test_short_texts_are_no_evidence(tmp_path):
    (tmp_path / "predictions").mkdir()
    table = pa.table({"text": ["good", "최고예요"], "text_pair": pa.array([None, "bad"], pa.string())})
    pq.write_table(table, tmp_path / "predictions" / "test.parquet")
    assert DataTexts(tmp_path).found_in(["good 최고예요 bad"]) is None


def test_a_pickle_under_a_harmless_name_is_found(run):
    torch.save({"weight": torch.ones(2)}, run.path / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors is a pickle"):
        collect(run, {})
    (run.path / "model.safetensors").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UserError, match=r"model\.safetensors is a pickle"):
        collect(run, {})


def test_a_link_out_of_the_folder_is_found_and_can_be_allowed(run, tmp_path):
    outside = tmp_path / "elsewhere.safetensors"
    (run.path / "model.safetensors").rename(outside)
    (run.path / "model.safetensors").symlink_to(outside)
    with pytest.raises(UserError, match=r"model\.safetensors is a link to a file outside"):
        collect(run, {})
    allowed = {upload.path: upload for upload in collect(run, {}, allow=["model.safetensors"])}
    assert allowed["model.safetensors"].size == outside.stat().st_size


def test_a_linked_folder_of_figures_is_found(run, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "secret.png").write_bytes(b"\x89PNG")
    os.symlink(tmp_path / "figures", run.path / "figures")
    listed = [upload.path for upload in collect(run, {}, allow=[])]
    assert "figures/secret.png" not in listed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("predictions/test.parquet", "never goes up: it holds data rows"),
        ("checkpoints/optimizer.pt", "never goes up: it is a pickle"),
        ("evaluation.jso", "Did you mean 'evaluation.json'?"),
    ],
)
def test_some_files_cannot_be_allowed(made, name, said):
    with pytest.raises(UserError) as refused:
        collect(made, {}, allow=[name])
    assert said in str(refused.value)


def test_a_file_beside_the_list_can_be_allowed(run):
    (run.path / "NOTES.md").write_text("how it was made")
    assert "NOTES.md" not in {upload.path for upload in collect(run, {})}
    assert "NOTES.md" in {upload.path for upload in collect(run, {}, allow=["NOTES.md"])}


def test_what_is_written_anew_takes_the_place_of_the_file(run):
    uploads = {upload.path: upload for upload in collect(run, {"README.md": "new", "extra.md": "x"})}
    assert uploads["README.md"].data() == b"new"
    assert uploads["README.md"].size == 3
    assert uploads["extra.md"].sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


def test_the_list_does_not_cross_folders():
    assert is_listed("figures/confusion.png")
    assert not is_listed("figures/deep/confusion.png")
    assert not is_listed("checkpoints/model.safetensors")
    assert not is_listed("training_args.bin")
    assert is_listed("model-00001-of-00002.safetensors")


def test_sizes_read_like_sizes():
    assert [shown_size(n) for n in (0, 999, 1000, 91_000_000, 2_400_000_000)] == [
        "0 B", "999 B", "1.0 kB", "91.0 MB", "2.4 GB",
    ]  # fmt: skip
