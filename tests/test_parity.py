"""The checkpoint is the whole truth: a stranger's `pipeline()` gives the scores that were measured.

One fresh process, in another folder and without any of our code, loads the run folders and scores their test texts.
"""

import json
import os
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.trained_runs import CASES
from textclf.inference.classifier import Classifier

SEVERAL = {"separator", "flags"}
PAIRS = {"pair", "korean_pair"}

STRANGER = """
import importlib.util, json, sys
from transformers import pipeline

for name in ("textclf", "dataset_scripts"):
    assert importlib.util.find_spec(name) is None, name + " can be imported"
answers = {}
for key, job in json.load(open("jobs.json", encoding="utf-8")).items():
    classifier = pipeline("text-classification", model=job["model"], device="cpu")
    found = classifier(job["texts"], truncation=True, **job["options"])
    answers[key] = {"found": found, "labels": classifier.model.config.id2label}
json.dump(answers, open("answers.json", "w", encoding="utf-8"))
"""


def inputs(table):
    """A split's texts as `pipeline()` takes them; a missing second text is left out."""
    rows = zip(table["text"].to_pylist(), table["text_pair"].to_pylist(), strict=True)
    return [{"text": text, "text_pair": pair} if pair else text for text, pair in rows]


@pytest.fixture(scope="module")
def answers(trained, tmp_path_factory):
    """What the stranger gets: `{case: {"found": [[{label, score}]], "labels": {id: name}}}`."""
    jobs = {}
    for case in CASES:
        model = str(trained(case).run.path)
        texts = inputs(trained(case).predictions())
        jobs[case] = {"model": model, "texts": texts, "options": {"top_k": None}}
        jobs[f"{case} in batches"] = {"model": model, "texts": texts, "options": {"top_k": None, "batch_size": 8}}
    model, typed = str(trained("korean").run.path), [str(t) for t in trained("korean").predictions()["text"]]
    for form in ("NFC", "NFD"):
        texts = [unicodedata.normalize(form, text) for text in typed]
        jobs[form] = {"model": model, "texts": texts, "options": {"top_k": None}}
    jobs["best only"] = {**jobs["single"], "options": {}}
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    (elsewhere / "stranger.py").write_text(STRANGER, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "stranger.py"]
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((elsewhere / "answers.json").read_text("utf-8"))


def scores(answer):
    """The stranger's scores [N, L] in the order of `id2label`."""
    names = [answer["labels"][str(i)] for i in range(len(answer["labels"]))]
    rows = [{entry["label"]: entry["score"] for entry in row} for row in answer["found"]]
    return np.array([[row[name] for name in names] for row in rows])


def measured(trained, case):
    return np.array(trained(case).predictions()["scores"].to_pylist())


@pytest.mark.parametrize("case", CASES)
def test_a_strangers_pipeline_gives_the_measured_scores(case, trained, answers):
    expected = measured(trained, case)
    assert np.abs(scores(answers[case]) - expected).max() < 1e-5
    assert np.abs(scores(answers[f"{case} in batches"]) - expected).max() < 1e-5
    assert expected.std(axis=0).max() > 1e-4, "scores that do not differ would prove nothing"
    sums = expected.sum(axis=1)
    assert (np.abs(sums - 1) < 1e-5).all() == (case not in SEVERAL), "a softmax, or a sigmoid each"


def test_without_top_k_it_is_the_predicted_label_that_is_named(trained, answers):
    named = [entry["label"] for entry in answers["best only"]["found"]]
    assert named == trained("single").predictions()["predicted"].to_pylist()


@pytest.mark.parametrize("case", CASES)
def test_our_classifier_gives_them_too(case, trained):
    table = trained(case).predictions()
    texts = table["text"].to_pylist()
    if case in PAIRS:
        texts = list(zip(texts, table["text_pair"].to_pylist(), strict=True))
    found = Classifier.load(trained(case).run.path).scores(texts)
    assert np.abs(found - measured(trained, case)).max() < 1e-6


def test_the_second_text_and_its_token_types_matter(trained):
    """Else the parity of pairs would be empty."""
    table = trained("pair").predictions()
    classifier = Classifier.load(trained("pair").run.path)
    pairs = [(text, pair) for text, pair in zip(*table.select([0, 1]).to_pydict().values(), strict=True) if pair]
    assert len(pairs) < table.num_rows, "some rows have no second text"
    batch = classifier.tokenizer(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt")
    assert set(batch["token_type_ids"].unique().tolist()) == {0, 1}
    right = classifier.model(**batch).logits
    batch["token_type_ids"] = batch["token_type_ids"] * 0
    assert (classifier.model(**batch).logits - right).abs().max() > 1e-2
    alone = classifier.scores([text for text, _ in pairs])
    assert np.abs(alone - classifier.scores(pairs)).max() > 1e-3


def test_decomposed_hangul_gives_the_same_scores_where_the_source_tokenizer_would_not(trained, answers):
    typed = [str(text) for text in trained("korean").predictions()["text"]]
    assert any(not unicodedata.is_normalized("NFC", text) for text in typed)
    assert any(unicodedata.is_normalized("NFC", text) for text in typed)
    assert np.array_equal(scores(answers["NFC"]), scores(answers["NFD"]))
    assert np.abs(scores(answers["NFC"]) - measured(trained, "korean")).max() < 1e-5
    source = AutoTokenizer.from_pretrained(trained("korean").workspace / "tiny")
    composed, decomposed = (
        source([unicodedata.normalize(form, t) for t in typed])["input_ids"] for form in ("NFC", "NFD")
    )
    assert all(a != b for a, b in zip(composed, decomposed, strict=True))


def test_cleaning_travels_in_the_checkpoint(trained):
    """The tests of parity above include it; here: the steps are really taken."""
    tokenizer = AutoTokenizer.from_pretrained(trained("cleaned").run.path)
    assert tokenizer("SEE https://a.example/b now")["input_ids"] == tokenizer("see   now")["input_ids"]
    source = AutoTokenizer.from_pretrained(trained("cleaned").workspace / "tiny")
    assert source("SEE https://a.example/b now")["input_ids"] != source("see   now")["input_ids"]


@pytest.mark.parametrize("case", ["cleaned", "windows"])
def test_long_texts_are_cut_to_the_length_of_training(case, trained):
    found = trained(case)
    length = 24 if case == "cleaned" else 16
    tokenizer = AutoTokenizer.from_pretrained(found.run.path)
    texts = found.predictions()["text"].to_pylist()
    assert tokenizer.model_max_length == length
    assert max(len(ids) for ids in tokenizer(texts)["input_ids"]) > length, "some texts are longer"
    assert {len(ids) for ids in tokenizer(texts, truncation=True)["input_ids"]} <= set(range(length + 1))


def test_an_adapter_is_merged_into_the_plain_checkpoint(trained):
    found = trained("adapter")
    config = json.loads((found.run.path / "config.json").read_text("utf-8"))
    assert config["architectures"] == ["DebertaV2ForSequenceClassification"]
    assert (found.run.path / "adapter" / "adapter_config.json").is_file()
    assert not any("lora" in name for name in Classifier.load(found.run.path).model.state_dict())
