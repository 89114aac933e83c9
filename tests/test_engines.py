"""Every engine answers as torch does: labels, scores, decisions; and what is no export of this model is refused."""

import json
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from transformers import pipeline

from tests.javascript_runs import scored
from tests.made_runs import make_run
from tests.tiny_models import ENGLISH, KOREAN
from textclf.errors import UserError
from textclf.evaluation.exporting import export_run, read_validation
from textclf.inference.classifier import Classifier
from textclf.inference.engines import PROBE_TOLERANCE
from textclf.inference.identity import checksum
from textclf.inference.onnx_folder import GATE
from textclf.run_folder import RunFolder

KINDS = ("single", "multi", "pair")
CLEAN = ("lowercase", "strip_urls", "collapse_repeats", "collapse_spaces")
LONG = " ".join(ENGLISH * 3)  # far more than the 48 tokens that these models read
TEXTS = [
    *ENGLISH[:7],
    *KOREAN[:4],
    unicodedata.normalize("NFD", KOREAN[4]),
    "SEE  https://example.org/x에서   soooo GOOD, ΟΔΥΣΣΕΥΣ!!!!",
    LONG,
    "",
    "  ",
    "!",
    (ENGLISH[8], ENGLISH[9]),
    (ENGLISH[8], ""),
    (ENGLISH[8], None),
    (LONG, KOREAN[8]),
    (KOREAN[8], LONG),
    (LONG, LONG),
]


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """Return `exported(kind) -> RunFolder`: a finished run with its `onnx/`, made once; copy it before changing it."""
    made = {}

    def make(kind):
        if kind not in made:
            place = tmp_path_factory.mktemp(kind, numbered=True) / "run"
            run = make_run(place, kind, clean=CLEAN, calibrate=kind == "multi")
            export_run(run, draws=30)
            made[kind] = run
        return made[kind]

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_gives_torchs_scores_and_decisions(kind, exported):
    torch = Classifier.load(exported(kind).path)
    onnx = Classifier.load(exported(kind).path, engine="onnx")
    assert onnx.labels == torch.labels
    assert onnx.max_length == torch.max_length == 48
    assert onnx.text_columns == torch.text_columns
    assert (onnx.engine, torch.engine) == ("onnx", "torch")
    expected, logits = torch.scores(TEXTS), torch.logits(TEXTS)
    spread = logits.std(axis=0).max()
    assert spread > 1e-3, "logits that do not differ would prove nothing"
    assert np.abs(onnx.logits(TEXTS) - logits).max() < 1e-3 * spread
    found = onnx.scores(TEXTS)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5
    assert [p.labels for p in onnx.predict(TEXTS)] == [p.labels for p in torch.predict(TEXTS)]
    assert onnx.scores([]).shape == (0, len(torch.labels))


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_scores_the_same_alone_and_among_others(kind, exported):
    for engine in ("onnx", "onnx-int8"):
        classifier = Classifier.load(exported(kind).path, engine=engine)
        together = classifier.scores(TEXTS * 5)  # each with others of its length
        alone = np.concatenate([classifier.scores([text]) for text in TEXTS])
        assert np.array_equal(together, np.tile(alone, (5, 1))), engine


@pytest.mark.parametrize("kind", KINDS)
def test_int8_has_its_own_calibration_and_cuts(kind, exported):
    run = exported(kind)
    gate = run.read_json(GATE)
    row = gate["engines"]["onnx-int8"]
    classifier = Classifier.load(run.path, engine="onnx-int8")
    validation = read_validation(run, Classifier.load(run.path), 30)
    assert row["n"] == 30
    decided = classifier.labels.decide(classifier.scores(validation.texts), classifier.thresholds)
    assert row["agreement"]["value"] == pytest.approx((decided == validation.reference.predicted).mean())
    if kind == "multi":
        assert row["thresholds"].keys() == set(classifier.labels.names)
        assert row["thresholds"] != run.read_json("config.json")["thresholds"]
        assert list(classifier.thresholds) == list(row["thresholds"].values())
    assert np.abs(classifier.logits(gate["probes"]) - np.array(row["probe_logits"])).max() < 1e-3


def test_a_folder_says_what_its_gate_found(exported):
    run = exported("single")
    gate = run.read_json(GATE)
    assert len(gate["probes"]) == 32
    assert gate["files"]["model.safetensors"] == checksum(run.path / "model.safetensors")
    assert gate["engines"]["onnx"]["outcome"] == "passed"
    assert gate["engines"]["onnx-int8"]["outcome"] == "unproven", "30 texts cannot prove it"
    assert gate["engines"]["onnx-int8"]["enough"] >= 125
    rows = run.read_json("evaluation.json")["engines"]
    assert rows["onnx-int8"]["agreement"] == gate["engines"]["onnx-int8"]["agreement"]
    assert sorted(path.name for path in (run.path / "onnx").iterdir()) == [
        "gate.json",
        "model.onnx",
        "model_quantized.onnx",
    ], "one file each, nothing beside them"


def test_auto_takes_the_quickest_engine_that_passed(exported, tmp_path, caplog):
    run = exported("single")
    assert Classifier.load(run.path, engine="auto").engine == "onnx", "int8 is unproven"
    assert not caplog.records
    assert Classifier.load(run.path, engine="onnx-int8").engine == "onnx-int8"
    assert "unproven" in caplog.text
    folder = copied(run, tmp_path)
    gate = json.loads((folder / GATE).read_text("utf-8"))
    gate["engines"]["onnx-int8"]["outcome"] = "passed"
    (folder / GATE).write_text(json.dumps(gate), encoding="utf-8")
    assert Classifier.load(folder, engine="auto").engine == "onnx-int8"
    shutil.rmtree(folder / "onnx")
    assert Classifier.load(folder, engine="auto").engine == "torch", "it was not exported"


def test_another_machines_numbers_are_noticed_by_the_probes(exported, tmp_path, caplog):
    folder = copied(exported("single"), tmp_path)
    gate = json.loads((folder / GATE).read_text("utf-8"))
    gate["engines"]["onnx"]["probe_logits"][5][1] += 0.5
    (folder / GATE).write_text(json.dumps(gate), encoding="utf-8")
    assert Classifier.load(folder, engine="onnx").engine == "onnx"
    assert "gives other scores" in caplog.text
    assert "0.5" in caplog.text


def truncate(folder):
    path = folder / "onnx/model.onnx"
    path.write_bytes(path.read_bytes()[:5000])


def retrain(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")


def take_a_foreign_graph(folder):
    """A valid .onnx of some other model, its checksum entered as if it belonged here."""
    from onnx import TensorProto, helper, save

    pixels, classes = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in ("pixels", "classes"))
    graph = helper.make_graph([helper.make_node("Relu", ["pixels"], ["classes"])], "other", [pixels], [classes])
    save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10),
        folder / "onnx/model.onnx",
    )
    enter(folder)


def take_a_newer_opset(folder):
    import onnx

    model = onnx.load(folder / "onnx/model.onnx")
    model.opset_import[0].version = 99
    onnx.save(model, folder / "onnx/model.onnx")
    enter(folder)


def fill_with_text(folder):
    (folder / "onnx/model.onnx").write_text("<html>not found</html>", encoding="utf-8")
    enter(folder)


def enter(folder):
    gate = json.loads((folder / GATE).read_text("utf-8"))
    gate["files"]["onnx/model.onnx"] = checksum(folder / "onnx/model.onnx")
    (folder / GATE).write_text(json.dumps(gate), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: shutil.rmtree(folder / "onnx"), "has no onnx/gate.json"),
        (lambda folder: (folder / "onnx/model.onnx").unlink(), "has no onnx/model.onnx"),
        (lambda folder: (folder / GATE).write_text("{}"), "is not what export.py wrote"),
        (lambda folder: (folder / GATE).write_text("no JSON"), "is not what export.py wrote"),
        (lambda folder: (folder / GATE).write_text("[1]"), "is not what export.py wrote"),
        (truncate, "is not the file that went through the gate"),
        (retrain, "model.safetensors of"),
        (take_a_foreign_graph, "is not an export of this classifier: it takes pixels and gives classes"),
        (take_a_newer_opset, "is no model that ONNX Runtime"),
        (fill_with_text, "is no model that ONNX Runtime"),
    ],
)
def test_what_is_no_export_of_this_model_is_refused_in_one_sentence(spoil, said, exported, tmp_path):
    folder = copied(exported("single"), tmp_path)
    spoil(folder)
    with pytest.raises(UserError, match=r"export\.py") as error:
        Classifier.load(folder, engine="onnx")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "onnxruntime_src" not in str(error.value)  # where in its source the runtime refused
    assert "--engine torch" in str(error.value) or "export.py" in str(error.value)


def test_an_unknown_engine_is_refused_with_the_nearest_known_one(exported):
    with pytest.raises(UserError, match="Did you mean 'onnx-int8'"):
        Classifier.load(exported("single").path, engine="onnx_int8")


def test_the_gate_of_another_model_is_refused(exported, tmp_path):
    folder = copied(exported("single"), tmp_path)
    shutil.copyfile(exported("pair").path / GATE, folder / GATE)
    with pytest.raises(UserError, match="belongs to another model"):
        Classifier.load(folder, engine="onnx")


def test_a_family_that_was_not_tested_is_not_exported(tmp_path):
    from transformers import AutoConfig, AutoModelForSequenceClassification

    run = make_run(tmp_path / "run", "single")
    torch = Classifier.load(run.path)
    config = AutoConfig.for_model("albert", embedding_size=8, hidden_size=8, num_attention_heads=1, num_labels=3)
    config.vocab_size = len(torch.tokenizer)
    config.id2label = dict(enumerate(torch.labels.names))
    AutoModelForSequenceClassification.from_config(config).save_pretrained(run.path)
    with pytest.raises(UserError, match=r"this model is of the family albert\. It runs with --engine torch"):
        export_run(run)


WITHOUT_TORCH = """
import json, sys
for name in ("torch", "transformers", "datasets", "sklearn", "onnx"):
    sys.modules[name] = None  # importing it now fails
from textclf import load
classifier = load(sys.argv[1], "auto")
print(json.dumps({"engine": classifier.engine, "scores": classifier.scores(["one", "two words"]).tolist()}))
"""


def test_the_onnx_engines_need_neither_torch_nor_transformers(exported):
    path = exported("single").path
    command = [sys.executable, "-c", WITHOUT_TORCH, str(path)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert answer["engine"] == "onnx"
    assert np.abs(Classifier.load(path).scores(["one", "two words"]) - np.array(answer["scores"])).max() < 1e-5


def copied(run: RunFolder, place):
    return Path(shutil.copytree(run.path, place / "copy"))


def test_every_door_gives_the_same_answer(exported, tmp_path):
    """`pipeline()`, torch, ONNX Runtime, int8, and the static page's own module in Node (WebAssembly)."""
    texts = {kind: TEXTS if kind == "pair" else [t for t in TEXTS if isinstance(t, str)] for kind in KINDS}
    cases = [(kind, engine) for kind in KINDS for engine in ("onnx", "onnx-int8")]
    jobs = {f"{k} {e}": {"folder": str(exported(k).path), "engine": e, "texts": texts[k]} for k, e in cases}
    answers = scored(jobs, tmp_path)
    for kind, engine in cases:
        python = Classifier.load(exported(kind).path, engine=engine)
        if engine == "onnx":
            assert np.abs(by_pipeline(exported(kind).path, texts[kind]) - python.scores(texts[kind])).max() < 1e-5
        rows = answers[f"{kind} {engine}"]["rows"]
        difference = np.abs(python.scores(texts[kind]) - np.array([row["scores"] for row in rows])).max()
        # In int8 an activation next to a rounding boundary may fall on its other side.
        assert difference < (1e-5 if engine == "onnx" else 0.02), (kind, engine)
        assert [row["labels"] for row in rows] == [p.labels for p in python.predict(texts[kind])], (kind, engine)
        assert answers[f"{kind} {engine}"]["difference"] < PROBE_TOLERANCE[engine], (kind, engine)


def by_pipeline(path, texts):
    """A stranger's scores [N, L]."""
    classify = pipeline("text-classification", model=str(path), device="cpu")
    inputs = [t if isinstance(t, str) else {"text": t[0], "text_pair": t[1]} if t[1] else t[0] for t in texts]
    rows = [{each["label"]: each["score"] for each in classify(one, top_k=None, truncation=True)} for one in inputs]
    return np.array([[row[name] for name in classify.model.config.id2label.values()] for row in rows])


@pytest.mark.slow
def test_weights_too_large_for_one_file_stand_beside_the_graph(tmp_path, monkeypatch):
    monkeypatch.setattr("textclf.inference.onnx_export.ONE_FILE", 0)
    run = make_run(tmp_path / "run", "single")
    export_run(run, draws=30)
    names = sorted(path.name for path in (run.path / "onnx").iterdir())
    assert names == ["gate.json", "model.onnx", "model.onnx_data", "model_quantized.onnx"]
    onnx = Classifier.load(run.path, engine="onnx")
    assert np.abs(onnx.scores(TEXTS[:5]) - Classifier.load(run.path).scores(TEXTS[:5])).max() < 1e-5
    data = run.path / "onnx/model.onnx_data"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"model\.onnx_data of .* is not the file that went through the gate"):
        Classifier.load(run.path, engine="onnx")


@pytest.mark.slow
def test_four_packages_are_enough_to_score(exported, tmp_path):
    """In a fresh environment made from requirements-serve.txt alone; the numbers are those of the gate's probes."""
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "fresh")], check=True)
    python = tmp_path / "fresh/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", str(root / "requirements-serve.txt")], check=True)
    code = (
        "import importlib.util, json, sys\n"
        "assert not any(importlib.util.find_spec(name) for name in ('torch', 'transformers', 'datasets'))\n"
        "from textclf import load\n"
        "gate = json.load(open(sys.argv[1] + '/onnx/gate.json', encoding='utf-8'))\n"
        "print(json.dumps([load(sys.argv[1], sys.argv[2]).logits(gate['probes']).tolist(), load(sys.argv[1]).engine]))"
    )
    run = exported("multi")
    for engine, row in run.read_json(GATE)["engines"].items():
        command = [python, "-c", code, str(run.path), engine]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        logits, quickest = json.loads(done.stdout)
        assert np.abs(np.array(logits) - np.array(row["probe_logits"])).max() < 1e-3
        assert quickest == "onnx"
    missing = subprocess.run(
        [
            python,
            "-c",
            "import sys; from textclf import load; load(sys.argv[1], 'torch')",
            str(run.path),
        ],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert "needs torch and transformers, which are not installed here" in missing.stderr
