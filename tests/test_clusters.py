"""Clusters: fitted on training texts alone, beside the same run without them, and said in figures."""

import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from sklearn.cluster import KMeans
from transformers import AutoModelForSequenceClassification, TextClassificationPipeline

from tests.hub_stand_in import StandInHub
from tests.tiny_models import SENTENCES
from tests.trained_runs import COMMON, follow, texts, write_csv
from tests.training_runs import arguments, built, rows
from textclf.commands import export, push, serve
from textclf.errors import UserError
from textclf.evaluation import control
from textclf.evaluation.control import clusters_said, epochs
from textclf.evaluation.report import report_on
from textclf.evaluation.wording import words_of
from textclf.exploration.embeddings import Embedder
from textclf.hub.push import model_files
from textclf.hub.push_arguments import PushArguments
from textclf.inference.classifier import Classifier
from textclf.labels import LabelSpace
from textclf.models.clustered import add_at_input
from textclf.models.weights import locate
from textclf.recipe import read_recipe
from textclf.run_folder import RunFolder
from textclf.studies.one_run import load
from textclf.studies.shared import Silent
from textclf.training.injection import inject
from textclf.training.text_clusters import fit_centroids, nearest, with_clusters

ROOT = Path(__file__).parent.parent
SEEN = []  # texts that were embedded


@pytest.fixture(scope="module")
def clustered(tiny_model, tmp_path_factory):
    """One run with clusters as targets; notes every text that is embedded while it is trained and measured."""
    folder = tmp_path_factory.mktemp("clustered")
    written = [(text, "long" if len(text) > 70 else "short") for text in texts(90, 3)]
    write_csv(folder / "rows.csv", ["text", "label"], written)
    tiny = str(tiny_model("bert"))
    with pytest.MonkeyPatch.context() as patch:
        embed = Embedder.__call__
        patch.setattr(Embedder, "__call__", lambda self, given: (SEEN.extend(given), embed(self, given))[1])
        argv = ["--dataset", "rows.csv", "--model", tiny, "--output_dir", "run", "--num_train_epochs", "2"]
        argv += ["--cluster_inject", "target", "--cluster_k", "3", "--cluster_encoder", tiny]
        follow(folder, [*COMMON, *argv])
    return RunFolder.open(folder / "run")


def test_no_text_of_validation_or_test_reaches_the_clusters(clustered):
    """Every text that the sentence encoder ever saw is a training text: nothing else could move a centroid."""
    held_out = {
        text
        for split in ("validation", "test")
        for text in pq.read_table(clustered.path / "predictions" / f"{split}.parquet")["text"].to_pylist()
    }
    assert len(SEEN) == clustered.read_json("evaluation.json")["data"]["sizes"]["train"]
    assert held_out
    assert not held_out & set(SEEN)


def test_the_run_says_with_an_interval_whether_clusters_helped(clustered):
    found = clustered.read_json("evaluation.json")["clusters"]
    assert (found["inject"], found["k"]) == ("target", 3)
    compared = found["compared"]
    assert compared["name"] == "without_clusters"
    own = clustered.read_json("evaluation.json")["metrics"][compared["metric"]]["value"]
    assert compared["difference"] == pytest.approx(own - found["control"]["value"])
    assert compared["low"] is None or compared["low"] <= compared["difference"] <= compared["high"]
    assert found["epochs"]["control"] in (1.0, 2.0)
    card = (clustered.path / "README.md").read_text(encoding="utf-8")
    assert clusters_said({"clusters": found}, words_of("en"))[0] in card
    assert "without them" in (clustered.path / "evaluation.html").read_text(encoding="utf-8")


def test_a_checkpoint_with_clusters_as_targets_is_as_wide_as_its_labels(clustered):
    config = clustered.read_json("config.json")
    assert config["model_type"] == "bert"
    assert "auto_map" not in config
    assert clustered.read_json("without_clusters/config.json")["id2label"] == config["id2label"]


def test_clusters_are_those_of_scikit_learn(tiny_model):
    split = Dataset.from_dict({"text": SENTENCES[:12], "labels": [0, 1] * 6}, features=rows(2).features)
    encoder = Embedder(locate(str(tiny_model("bert"))))
    expected = KMeans(n_clusters=4, n_init=4, random_state=7).fit_predict(encoder(SENTENCES[:12]))
    assert with_clusters(split, encoder, 4, 7)["cluster"][:] == expected.tolist()


def test_the_nearest_centroid_is_the_nearest():
    centroids = np.array([[0, 0], [1, 0], [0, 2]], dtype=np.float32)
    assert nearest(np.array([[0.4, 0], [0.6, 0.1], [0, 1.1]], dtype=np.float32), centroids).tolist() == [0, 1, 2]


def test_more_clusters_than_different_texts_are_refused():
    with pytest.raises(UserError, match="--cluster_k 3 clusters need as many different training texts; found 2"):
        fit_centroids(np.array([[0, 1], [1, 0], [0, 1]], dtype=np.float32), 3, 0)


def _log(path, values):
    lines = [json.dumps({"epoch": float(i + 1), "step": i + 1, "eval_f1_macro": v}) for i, v in enumerate(values)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_epoch_at_which_the_same_score_was_reached_is_read_from_both_logs(tmp_path):
    control = _log(tmp_path / "control.jsonl", [0.2, 0.5, 0.8, 0.7, 0.8])
    found = epochs(_log(tmp_path / "own.jsonl", [0.3, 0.85, 0.8]), control, "f1_macro")
    assert found == {"metric": "f1_macro", "value": 0.8, "control": 3.0, "reached": 2.0}
    assert epochs(_log(tmp_path / "worse.jsonl", [0.3, 0.7]), control, "f1_macro")["reached"] is None


@pytest.mark.parametrize(("low", "high", "p", "words"), [(0.01, 0.05, 0.01, "helped"), (-0.02, 0.05, 0.4, "chance")])
def test_a_difference_that_chance_can_make_is_no_help(low, high, p, words):
    compared = {"difference": 0.02, "low": low, "high": high, "p_value": p, "metric": "f1_macro"}
    found = {"inject": "target", "k": 8, "compared": compared, "epochs": None}
    said = clusters_said({"clusters": found}, words_of("en"))
    assert words in said[0]
    assert "One seed" in said[-1]


def test_the_control_is_compared_by_the_metric_that_chose_or_where_a_run_lacks_it_by_macro_f1(tmp_path, monkeypatch):
    gold, labels = np.array([0, 1] * 20), LabelSpace(("a", "b"), False)
    scores = np.stack([np.linspace(0.9, 0.2, 40), np.linspace(0.1, 0.8, 40)], axis=1).astype(np.float32)
    right = np.eye(2, dtype=np.float32)[gold]
    ours, theirs = (report_on(each, gold, labels, draws=200) for each in (right, scores))
    one_class = [report_on(each, np.zeros(40, dtype=int), labels, draws=200) for each in (right, scores)]
    fit = SimpleNamespace(cluster_inject="target", cluster_k=3, cluster_encoder="x/y")
    recipe, run = SimpleNamespace(fit=fit, measure=None), RunFolder(tmp_path)
    assert control.beside_control(run, {}, ours, recipe, "accuracy") == {"inject": "target", "k": 3, "encoder": "x/y"}
    (tmp_path / control.NAME).mkdir()
    for metric, test, other, by in (
        ("accuracy", ours, theirs, "accuracy"),
        ("roc_auc", ours, theirs, "roc_auc"),
        ("roc_auc", *one_class, "f1_macro"),
    ):
        monkeypatch.setattr(control, "_measured", lambda *_, other=other: other)
        found = control.beside_control(run, {}, test, recipe, metric)
        assert found["compared"]["metric"] == by
        assert found["control"] == other.metrics[by]
    fit.cluster_inject = "none"
    assert control.beside_control(run, {}, ours, recipe, "accuracy") is None


SENTENCE = "정말 최고예요. 이렇게 좋은 서비스는 처음입니다."
FRESH = """
import json, sys
from transformers import pipeline
found = {}
for name, task in (("token", None), ("embedding", None), ("token", "text-classification")):
    classify = pipeline(task, model=sys.argv[1] + "/" + name, trust_remote_code=True)
    rows = classify(json.loads(sys.argv[2]), top_k=None, truncation=True)
    found[f"{name} {task}"] = [{each["label"]: each["score"] for each in row} for row in rows]
try:
    found["untrusted"] = pipeline("text-classification", model=sys.argv[1] + "/token", trust_remote_code=False)
except ValueError as error:
    found["untrusted"] = str(error)
print(json.dumps([found, [name for name in sys.modules if name.split(".")[0] == "textclf"]], default=str))
"""


@pytest.fixture(scope="module")
def injected(tiny_model, tmp_path_factory):
    """Two runs whose models read clusters: as a token, and at the input; a model of another width finds them."""
    folder = tmp_path_factory.mktemp("injected")
    written = [(text, "ko" if not text.isascii() else "en") for text in texts(80, 3, most=2)]
    write_csv(folder / "rows.csv", ["text", "label"], written)
    for name in ("token", "embedding"):
        argv = ["--dataset", "rows.csv", "--model", str(tiny_model("bert")), "--output_dir", name]
        argv += ["--cluster_inject", name, "--cluster_k", "3", "--cluster_encoder", str(tiny_model("distilbert"))]
        follow(folder, [*COMMON, *argv, "--cluster_control", "false", "--num_train_epochs", "3"])
    return folder


def test_a_strangers_pipeline_gives_the_measured_scores_in_a_fresh_process(injected):
    """Without this project: one process for both kinds, with and without the task's name."""
    texts_of, scores = {}, {}
    for name in ("token", "embedding"):
        table = pq.read_table(injected / name / "predictions/test.parquet")
        texts_of[name], scores[name] = table["text"].to_pylist(), np.array(table["scores"].to_pylist())
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(injected / "home"), "PYTHONPATH": ""}
    argv = [sys.executable, "-c", FRESH, str(injected), json.dumps(texts_of["token"])]
    done = subprocess.run(argv, cwd=injected, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found, ours = json.loads(done.stdout.strip().splitlines()[-1])
    assert not ours
    assert texts_of["token"] == texts_of["embedding"]
    labels = json.loads((injected / "token/config.json").read_text(encoding="utf-8"))["label2id"]
    for name in ("token None", "embedding None", "token text-classification"):
        given = np.array([[row[label] for label in labels] for row in found[name]])
        np.testing.assert_allclose(given, scores[name.split()[0]], atol=2e-6)
    assert "trust_remote_code" in found["untrusted"]


@pytest.mark.parametrize("inject_as", ["token", "embedding"])
def test_tokens_of_clusters_begin_at_nothing_only_where_they_are_added(inject_as, tiny_model, tmp_path):
    """A token that is read like a word needs a vector of its own from the start; one that is added changes nothing."""
    tiny = tiny_model("bert", labels=("ko", "en"))
    split = rows(12).add_column("more", list(range(12)))
    model, tokenizer = built(tiny, split)
    before, known = model.get_input_embeddings().weight.detach().clone(), len(tokenizer)
    args = arguments(tmp_path, cluster_inject=inject_as, cluster_k=3, cluster_encoder=str(tiny))
    found = inject(model, tokenizer, (split, rows(5, seed=1)), args, False)
    weight = model.get_input_embeddings().weight
    assert (found.first_token, len(tokenizer), len(weight)) == (known, known + 3, max(known + 3, len(before)))
    torch.testing.assert_close(weight[:known], before[:known])
    assert bool((weight[known:] == 0).all()) is (inject_as == "embedding")
    assert len(found.hooks) == (2 if inject_as == "embedding" else 0)
    assert found.train.column_names == split.column_names
    assert {text.split()[0] for text in found.train["text"]} == {"[CLUSTER_0]", "[CLUSTER_1]", "[CLUSTER_2]"}
    assert [text.split(" ", 1)[1] for text in found.train["text"]] == list(split["text"])
    assert len(found.validation) == 5
    assert found.centroids.shape == (3, 32)


@pytest.mark.parametrize("name", ["token", "embedding"])
def test_a_text_without_its_cluster_is_refused_and_not_answered_worse(injected, name):
    classifier = Classifier.load(injected / name)
    stock = TextClassificationPipeline(model=classifier.model, tokenizer=classifier.tokenizer)
    with pytest.raises(
        ValueError, match="reads the cluster of each text beside the text, and these texts came without"
    ):
        stock(SENTENCE)
    assert len(classifier.predict([SENTENCE, unicodedata.normalize("NFD", SENTENCE)])) == 2


@pytest.mark.parametrize("name", ["token", "embedding"])
def test_the_cluster_is_read(injected, name):
    """Another cluster in front of the same text gives another score: it is no decoration."""
    model = Classifier.load(injected / name).model
    tokenizer = Classifier.load(injected / name).tokenizer
    rows = [model(**tokenizer(f"[CLUSTER_{i}] {SENTENCE}", return_tensors="pt")).logits.detach() for i in range(3)]
    assert not all(torch.allclose(rows[0], row, atol=1e-5) for row in rows[1:])


def test_centroids_lie_in_safetensors_and_predictions_hold_the_plain_texts(injected):
    weights = load_file(injected / "token/model.safetensors")
    assert weights["centroids"].shape[0] == 3
    table = pq.read_table(injected / "token/predictions/validation.parquet")
    assert not [text for text in table["text"].to_pylist() if "CLUSTER" in text]
    assert not list((injected / "token").rglob("*.bin"))


def test_nothing_but_the_added_vector_changes_the_embedding_kind(tiny_model):
    """With vectors of nothing the model is the stock one: the token is taken out again, positions and all."""
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model("bert", labels=("a", "b"))).eval()
    plain = torch.tensor([[2, 8, 9, 10, 3], [2, 11, 12, 3, 0]])
    mask = (plain != 0).long()
    before = model(input_ids=plain, attention_mask=mask).logits
    beside = torch.cat([plain[:, :1], torch.full((2, 1), 7), plain[:, 1:]], dim=1)
    model.get_input_embeddings().weight.data[7] = 0.0
    hooks = add_at_input(model)
    found = model(input_ids=beside, attention_mask=torch.cat([mask[:, :1], mask], dim=1)).logits
    torch.testing.assert_close(found, before)
    model.get_input_embeddings().weight.data[7] = torch.linspace(-1, 1, 32)  # LayerNorm takes a constant away
    assert not torch.allclose(model(input_ids=beside, attention_mask=torch.cat([mask[:, :1], mask], 1)).logits, before)
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [(export, "Export takes no model"), (push, "--space takes no model"), (serve, "serve.py takes no model")],
)
def test_other_doors_refuse_such_a_checkpoint_in_one_sentence(injected, command, sentence):
    more = ["--repo-id", "me/x", "--space", "me/y"] if command is push else []
    with pytest.raises(UserError, match=sentence):
        command.main([str(injected / "token"), *more])


def test_no_other_code_than_this_projects_goes_up_with_it(injected, tmp_path):
    run = RunFolder(shutil.copytree(injected / "token", tmp_path / "run"))
    uploads = [upload.path for upload in model_files(run, PushArguments(repo_id="me/x"))]
    assert {"clustered.py", "cluster_encoder/modules.json", "cluster_encoder/1_Pooling/config.json"} <= set(uploads)
    card = model_files(run, PushArguments(repo_id="me/x"))[uploads.index("README.md")].content.decode()
    assert 'model="me/x", trust_remote_code=True)' in card
    assert "`cluster_encoder/`" in card
    with (run.path / "clustered.py").open("a") as file:
        file.write("import os\n")
    with pytest.raises(UserError, match=r"clustered\.py is code that this project did not write"):
        model_files(run, PushArguments(repo_id="me/x"))


@pytest.mark.slow
@pytest.mark.hub
def test_a_strangers_pipeline_gives_the_measured_scores_by_the_id(injected, tmp_path):
    with StandInHub() as hub:
        environment = hub.environment(tmp_path / "home", token=hub.token("alice"))
        argv = [sys.executable, ROOT / "push_to_hub.py", injected / "embedding", "--repo-id", "alice/x"]
        done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Checked: loaded by its id in a fresh process" in done.stdout
        assert "cluster_encoder/model.safetensors" in hub.repo("model", "alice/x").files()
        hub.assert_sound()


@pytest.mark.parametrize("more", [["--export", "onnx"], ["--space", "a/c", "--push", "a/b"], ["--lora", "lora"]])
def test_what_does_not_go_with_injected_clusters_is_refused_before_any_training(more):
    recipe = read_recipe(["--dataset", "rows.csv", "--cluster_inject", "token", "--output_dir", "x", *more])
    with pytest.raises(UserError, match="--cluster_inject token does not go with --"):
        load(recipe, Silent())
