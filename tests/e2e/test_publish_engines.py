"""Exported engines go up with the model, and strangers score by its id with them, without torch."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.client_process import run_client
from tests.made_runs import FILES, make_run
from textclf.evaluation.exporting import export_run
from textclf.inference.engines import PROBE_TOLERANCE, load

pytestmark = pytest.mark.hub

TEXTS = ["The train was late.", "기차가 늦었다.", ""]
BY_ID = """
import sys
for name in ("torch", "transformers", "datasets"):
    sys.modules[name] = None  # importing it now fails
root, repo, engine, *texts = sys.argv[1:]
sys.path.insert(0, root)
from textclf.errors import UserError
from textclf.inference.engines import load, probe_difference
from textclf.inference.onnx_folder import open_exported
try:
    classifier = load(repo, engine)
    apart = probe_difference(classifier, open_exported(repo, classifier.engine))
    result = {"engine": classifier.engine, "scores": classifier.scores(texts).tolist(), "apart": apart}
except UserError as error:
    result = {"error": str(error)}
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A run whose weights are, as those of large models, a file beside the graph."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textclf.inference.onnx_export.ONE_FILE", 0)
        run = make_run(tmp_path_factory.mktemp("exported") / "run", "single")
        export_run(run, draws=30)
    return run


@pytest.fixture
def by_id(hub, tmp_path):
    """Return `by_id(engine, repo="alice/x")`: what a fresh process with an empty cache finds."""
    root = str(Path(__file__).parents[2])

    def ask(engine, repo="alice/x"):
        return run_client(hub, tmp_path, BY_ID, root, repo, engine, *TEXTS, token=hub.token("alice"))

    return ask


def test_every_engine_scores_by_the_models_id_as_it_did_at_home(hub, process, exported, published, by_id):
    outcome = process.run(str(exported.path), "--repo-id", "alice/x", token=hub.token("alice"))
    assert (outcome.code, outcome.err) == (0, "")
    onnx = {f"onnx/{name}" for name in ("gate.json", "model.onnx", "model.onnx_data", "model_quantized.onnx")}
    assert published() == FILES | onnx
    for asked, engine in (("onnx", "onnx"), ("onnx-int8", "onnx-int8"), ("auto", "onnx")):
        found = by_id(asked)
        assert found.get("engine") == engine, found
        assert np.abs(np.array(found["scores"]) - load(exported.path, engine).scores(TEXTS)).max() < 1e-5
        assert found["apart"] < PROBE_TOLERANCE[engine]


def test_a_repo_without_an_export_or_with_a_file_of_another_one_is_refused_in_one_sentence(
    hub, process, exported, tmp_path, by_id
):
    plain = tmp_path / "plain"
    shutil.copytree(exported.path, plain, ignore=shutil.ignore_patterns("onnx"))
    assert process.run(str(plain), "--repo-id", "alice/plain", token=hub.token("alice")).code == 0
    said = by_id("onnx-int8", "alice/plain")["error"]
    assert "no onnx/gate.json" in said
    assert "export.py" in said
    assert process.run(str(exported.path), "--repo-id", "alice/x", token=hub.token("alice")).code == 0
    hub.store.seed(hub.repo("model", "alice/x"), {"onnx/model_quantized.onnx": b"\x08\x0a of another model"})
    said = by_id("onnx-int8")["error"]
    assert "model_quantized.onnx of 'alice/x' is not the file that went through the gate" in said
    assert "\n" not in said


def test_exported_files_of_another_training_do_not_go_up(hub, process, exported, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(exported.path, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    outcome = process.run(str(folder), "--repo-id", "alice/x", token=hub.token("alice"))
    assert outcome.code == 2
    assert "model.safetensors" in outcome.err
    assert "export.py" in outcome.err
    assert ("model", "alice/x") not in hub.store.repositories
