"""What is learned beside labels: the loss by hand, rows of the last layer cut off, a plain checkpoint in the end."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from datasets import ClassLabel, List, Value
from safetensors.torch import load_file
from transformers import pipeline
from transformers.modeling_outputs import SequenceClassifierOutput

from tests.tiny_models import SENTENCES
from tests.training_runs import built, rows, train
from textclf.arguments import TeachingOptions
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models.losses import loss_function
from textclf.training.auxiliary import TargetParts, TaughtLoss, grown, read_auxiliary
from textclf.training.encoding import tokenise
from textclf.training.teaching import add_vectors, with_teacher

TWO = LabelSpace(("ko", "en"), False)
SEVERAL = LabelSpace(("a", "b", "c"), True)


def loss_of(logits, labels, targets, layout, labels_space=TWO, **options):
    taught = TaughtLoss(loss_function("auto", labels_space), layout, TeachingOptions(**options))
    outputs = SequenceClassifierOutput(logits=torch.tensor(logits))
    return float(taught(outputs, torch.tensor(labels), torch.tensor(targets), None))


def cross_entropy(logits, at):
    return math.log(sum(math.exp(z) for z in logits)) - logits[at]


def test_an_opinion_shares_the_loss_with_the_labels_and_is_all_where_there_are_none():
    """Both texts by hand: softened at 2, T^2 = 4; the second text's label is only filled in."""
    logits, opinion = [[2.0, 0.0], [0.0, 1.0]], [[0.7, 0.3], [0.5, 0.5]]
    targets = [[1.0, *opinion[0]], [0.0, *opinion[1]]]
    softened = []
    for z, p in zip(logits, opinion, strict=True):
        total = sum(math.exp(each / 2) for each in z)
        softened.append(
            4 * sum(q * (math.log(q) - (each / 2 - math.log(total))) for q, each in zip(p, z, strict=True))
        )
    expected = (0.75 * cross_entropy(logits[0], 0) + 0.25 * softened[0] + softened[1]) / 2
    assert loss_of(logits, [0, 0], targets, TargetParts(2, 2, 0, 0), teacher_weight=0.25) == pytest.approx(
        expected, rel=1e-5
    )


def test_a_cluster_and_an_embedding_have_their_own_rows_of_the_last_layer():
    """Logits: 2 labels, 3 clusters, 2 dimensions; cosine of (1, 1) and (1, 0) is 1 / sqrt 2."""
    logits = [[0.0, 3.0, 1.0, 2.0, 0.0, 1.0, 1.0]]
    found = loss_of(
        logits, [1], [[1.0, 1.0, 1.0, 0.0]], TargetParts(2, 0, 3, 2), teacher_weight=0.5, cluster_weight=0.1
    )
    expected = cross_entropy([0.0, 3.0], 1) + 0.1 * cross_entropy([1.0, 2.0, 0.0], 1) + 0.5 * (1 - 1 / math.sqrt(2))
    assert found == pytest.approx(expected, rel=1e-5)


def test_with_several_labels_an_opinion_that_is_met_costs_nothing():
    """Trainer counts label cells as items, three a text: the cluster counts as often before it is divided."""
    scores = 1 / (1 + np.exp(-np.array([1.0, -2.0, 0.5], dtype=np.float32) / 2))
    targets = [[0.0, *scores.tolist(), 0.0]]
    found = loss_of(
        [[1.0, -2.0, 0.5, 0.0, 0.0]], [[0.0, 0.0, 0.0]], targets, TargetParts(3, 3, 2, 0), SEVERAL, cluster_weight=0.1
    )
    assert found == pytest.approx(0.1 * math.log(2), rel=1e-4)


def test_columns_of_a_split_become_targets_in_one_order():
    split = rows(4)
    split = split.add_column("cluster", [2, 0, 1, 2], feature=ClassLabel(num_classes=3))
    split = add_vectors(split, "opinion", np.full((4, 2), 0.5, dtype=np.float32))
    split = split.add_column("labelled", [True, False, True, True], feature=Value("bool"))
    found = read_auxiliary(split)
    assert found.layout == TargetParts(2, 2, 3, 0)
    assert found.values.tolist() == [[1, 0.5, 0.5, 2], [0, 0.5, 0.5, 0], [1, 0.5, 0.5, 1], [1, 0.5, 0.5, 2]]


@pytest.mark.parametrize("options", [{}, {"head": "linear"}, {"lora": "lora"}])
@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "modernbert", "electra", "deberta-v2"])
def test_rows_that_were_added_are_learned_and_let_go(family, options, tiny_model):
    """What a step of training does to the labels' rows stays; the model is as wide as before."""
    split = add_vectors(rows(4), "embedding", np.eye(4, 5, dtype=np.float32))
    model, tokenizer = built(tiny_model(family), split, **options)
    inputs = tokenizer(list(split["text"]), padding=True, truncation=True, max_length=64, return_tensors="pt")
    before = model.eval()(**inputs).logits
    with grown(model, read_auxiliary(split), seed=1):
        wide = model(**inputs).logits
        wide.square().sum().backward()
        last = [p for p in model.parameters() if p.requires_grad and len(p) == 7]
        assert last and all(bool(p.grad[2:].any()) for p in last)
        with torch.no_grad():
            for p in last:
                p[:2] += 1.0
    after = model(**inputs).logits
    torch.testing.assert_close(wide[:, :2], before)
    assert after.shape == (4, 2)
    assert not torch.allclose(after, before)


def test_an_unlabelled_row_counts_neither_among_labels_nor_towards_class_weights(tiny_model):
    split = rows(6).add_column("labelled", [True, True, False, True, False, True], feature=Value("bool"))
    _, tokenizer = built(tiny_model("bert"), split)
    encoded = tokenise(split, tokenizer, 64)
    assert encoded.known_labels.tolist() == [label for i, label in enumerate(split["labels"]) if i not in (2, 4)]


def test_a_run_with_all_targets_ends_in_an_ordinary_checkpoint(tiny_model, tmp_path):
    """Clusters and embeddings are rows of the last layer in training, and nowhere afterwards; kept last likewise."""
    learned = rows(48, seed=1).add_column("cluster", [i % 3 for i in range(48)], feature=ClassLabel(num_classes=3))
    vectors = np.random.default_rng(0).normal(size=(48, 6)).astype(np.float32)
    learned = add_vectors(learned, "embedding", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    done = train(tiny_model("bert"), tmp_path / "run", learned, rows(12, seed=2), keep_last=True)
    assert done.training["taught"] == {
        **{"teacher": None, "labelled": 48, "unlabelled": 0, "opinions": False, "clusters": 3, "embedding": 6}
    }
    for folder in (done.path, done.path / "checkpoints/last"):
        assert load_file(folder / "model.safetensors")["classifier.weight"].shape[0] == 2
    found = pipeline("text-classification", model=str(done.path), top_k=None)(SENTENCES[0])
    assert {each["label"] for each in found[0]} == {"ko", "en"}


def test_a_teacher_of_other_labels_is_refused_in_one_sentence(tiny_model):
    options = TeachingOptions(teacher=str(tiny_model("bert", labels=("sport", "politics"))))
    with pytest.raises(UserError, match=r"knows other labels \(sport, politics\) than the data \(ko, en\)"):
        with_teacher(rows(3), options, trust_remote_code=False)


def test_a_teacher_of_several_labels_does_not_teach_one(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model("bert", labels=("ko", "en")), tmp_path / "teacher")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"problem_type": "multi_label_classification"}))
    with pytest.raises(UserError, match="gives several labels a text and the data does not"):
        with_teacher(rows(3), TeachingOptions(teacher=str(folder)), trust_remote_code=False)


def test_a_classifier_teaches_its_softened_scores_in_the_order_of_the_data(tiny_model):
    """The teacher's own order is the other way round."""
    folder = str(tiny_model("bert", labels=("en", "ko")))
    split = rows(3)
    found = with_teacher(split, TeachingOptions(teacher=folder, teacher_temperature=3.0), trust_remote_code=False)
    scorer = pipeline("text-classification", model=folder, top_k=None, function_to_apply="none")
    for text, opinion in zip(found["text"], found["opinion"], strict=True):
        logits = {each["label"]: each["score"] / 3 for each in scorer(text)[0]}
        total = sum(math.exp(z) for z in logits.values())
        assert opinion == pytest.approx([math.exp(logits["ko"]) / total, math.exp(logits["en"]) / total], abs=1e-5)
    assert found.features["opinion"] == List(Value("float32"), length=2)
