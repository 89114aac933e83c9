"""Clusters: fitted on training texts alone, beside the same run without them, and said in figures."""

import json

import numpy as np
import pytest
from datasets import Dataset
from sklearn.cluster import KMeans

from tests.tiny_models import SENTENCES
from tests.trained_runs import COMMON, follow, texts, write_csv
from tests.training_runs import rows
from textclf.errors import UserError
from textclf.evaluation.control import clusters_said, epochs
from textclf.evaluation.wording import words_of
from textclf.exploration.embeddings import Embedder
from textclf.models.weights import locate
from textclf.run_folder import RunFolder
from textclf.training.text_clusters import fit_centroids, nearest, with_clusters

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
    import pyarrow.parquet as pq

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
