"""A linear model in an encoder's own head: scikit-learn's decision values, from files that Transformers loads."""

import json
import shutil
import unicodedata

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value, concatenate_datasets
from safetensors.numpy import load_file
from scipy.linalg import sqrtm
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import fbeta_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from transformers import AutoModel, AutoTokenizer, pipeline

from tests.tiny_models import FAMILIES, KOREAN
from tests.trained_runs import COMMON, follow, texts, write_json_lines
from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.evaluation.report import quick_metrics
from textclf.inference.classifier import Classifier
from textclf.labels import LabelSpace
from textclf.models.averaging import AVERAGING, averages
from textclf.models.encoder import build, for_linear_model
from textclf.recipe import read_recipe
from textclf.run_folder import VALIDATION_LOGITS, RunFolder
from textclf.training.linear_choice import choose_linear, fitted_again
from textclf.training.linear_fit import fit_features
from textclf.training.pooled_states import PooledStates
from textclf.training.selection import choose_metric
from textclf.training.state_cache import FOLDER, StateCache

NAMES = ("긍정", "부정", "중립")
POOLED = [(family, "cls") for family in FAMILIES] + [(family, "mean") for family in AVERAGING]


def rows(count, seed, multi=False):
    found = texts(count, seed)
    if multi:
        labels = [[i for i in range(3) if (len(t) >> (4 + i)) % 2] for t in found]
        return Dataset.from_dict(
            {"text": found, "labels": labels},
            features=Features({"text": Value("string"), "labels": List(ClassLabel(names=list(NAMES)))}),
        )
    labels = [min(2, len(t) // 60) for t in found]
    return Dataset.from_dict(
        {"text": found, "labels": labels},
        features=Features({"text": Value("string"), "labels": ClassLabel(names=list(NAMES))}),
    )


def arguments(folder, *words):
    return read_recipe(["--dataset", "x.csv", "--output_dir", str(folder), "--threads", "1", *words]).fit


def fitted(folder, model, multi=False, pooling="auto", words=()):
    """Fit a linear model into `model`'s head; return the run and the splits."""
    labels = LabelSpace(NAMES, multi_label=multi)
    built, tokenizer = build(for_linear_model(ModelArguments(model=str(model), pooling=pooling), "features"), labels)
    splits = rows(80, 1, multi), rows(40, 2, multi)
    args = arguments(folder, "--family", "features", *words)
    run = fit_features(built, tokenizer, *splits, args, max_length=64, metrics=quick_metrics)
    return run, splits, PooledStates(*reopened(folder, labels), 64)


def reopened(folder, labels):
    return build(ModelArguments(model=str(folder)), labels)


def decision_values(folder, values):
    """Return what plain Transformers gives, float64 [N, L], one text at a time."""
    classify = pipeline("text-classification", model=str(folder), function_to_apply="none", top_k=None)
    found = [{each["label"]: each["score"] for each in answer} for answer in classify(values, truncation=True)]
    return np.array([[answer[name] for name in NAMES] for answer in found])


@pytest.mark.parametrize(("family", "pooling"), POOLED)
def test_plain_pipelines_give_the_decision_values_of_scikit_learn(family, pooling, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, (train, validation), states = fitted(tmp_path / "run", tiny_model(family), pooling=pooling)
    c = run.selection["C"]
    assert run.training["linear"] == {"model": "svm", "C": c, "trained_on": 80, "pooling": pooling, "states": 32}
    reference = make_pipeline(StandardScaler(), LinearSVC(C=c, random_state=42, max_iter=5000, tol=1e-7))
    reference.fit(states.of(train), train["labels"])
    expected = reference.decision_function(states.of(validation))
    assert np.abs(expected).max() > 0.3
    np.testing.assert_allclose(decision_values(tmp_path / "run", list(validation["text"])), expected, atol=1e-4)
    assert run.selection["value"] == pytest.approx(
        quick_metrics(np.array(validation["labels"]), expected)["f1_macro"], abs=1e-6
    )


@pytest.mark.parametrize("model", ["svm", "logistic"])
def test_the_head_can_learn_validation_too_and_keeps_what_it_said_before(model, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--learn_validation", "true", "--linear_model", model]
    run, (train, validation), states = fitted(tmp_path / "run", tiny_model("bert"), words=words)
    settings = {"C": run.selection["C"], "random_state": 42, "max_iter": 5000, "tol": 1e-7}
    found = {}
    for name, splits in {"before": [train], "after": [train, validation]}.items():
        both = concatenate_datasets(splits)
        linear = LinearSVC(**settings) if model == "svm" else LogisticRegression(**settings, solver="newton-cg")
        reference = make_pipeline(StandardScaler(), linear)
        reference.fit(states.of(both).astype(np.float64), both["labels"])
        found[name] = reference.decision_function(states.of(validation).astype(np.float64))
    kept = load_file(tmp_path / "run" / VALIDATION_LOGITS)["logits"]
    np.testing.assert_allclose(centred(kept), centred(found["before"]), atol=1e-4)
    now = decision_values(tmp_path / "run", list(validation["text"]))
    np.testing.assert_allclose(centred(now), centred(found["after"]), atol=1e-4)
    assert np.abs(found["after"] - found["before"]).max() > 1e-2
    assert (run.training["validation_learned"], run.training["linear"]["trained_on"]) == (40, 120)
    value = quick_metrics(np.array(validation["labels"]), found["before"])["f1_macro"]
    assert run.selection["value"] == pytest.approx(value, abs=1e-6)


def centred(values):
    return values - values.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("family", AVERAGING)
def test_states_are_the_mean_over_a_texts_own_tokens(family, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = LabelSpace(NAMES, multi_label=False)
    settings = for_linear_model(ModelArguments(model=str(tiny_model(family)), pooling="mean"), "features")
    model, tokenizer = build(settings, labels)
    assert averages(model)
    split = rows(12, 3)
    found = PooledStates(model, tokenizer, 64).of(split)
    encoder = AutoModel.from_pretrained(tiny_model(family), dtype=torch.float32).eval()
    for text, state in zip(split["text"], found, strict=True):
        encoded = tokenizer(text, return_tensors="pt", truncation=True, max_length=64)
        with torch.no_grad():
            mean = encoder(**encoded).last_hidden_state[0].mean(dim=0)
        if family != "modernbert":
            mean = torch.nn.functional.layer_norm(mean, mean.shape)
        np.testing.assert_allclose(state, mean.numpy(), atol=5e-3)


@pytest.mark.parametrize("model", ["svm", "logistic"])
def test_several_labels_are_one_model_against_the_rest_each(model, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--linear_model", model, "--metric_for_best_model", "f0.5_micro"]
    run, (train, validation), states = fitted(tmp_path / "run", tiny_model("bert"), multi=True, words=words)
    gold, known = LabelSpace(NAMES, True).gold(train), LabelSpace(NAMES, True).gold(validation)
    kind = LinearSVC if model == "svm" else LogisticRegression
    expected = np.zeros((40, 3))
    for label in range(3):
        reference = make_pipeline(
            StandardScaler(), kind(C=run.selection["C"], random_state=42, max_iter=5000, tol=1e-7)
        )
        reference.fit(states.of(train).astype(np.float64), gold[:, label])
        expected[:, label] = reference.decision_function(states.of(validation).astype(np.float64))
    np.testing.assert_allclose(decision_values(tmp_path / "run", list(validation["text"])), expected, atol=1e-4)
    value = fbeta_score(known, expected >= 0, beta=0.5, average="micro", zero_division=0)
    assert run.selection["value"] == pytest.approx(value)
    tried = [json.loads(line) for line in (tmp_path / "run" / "training_log.jsonl").read_text().splitlines()]
    assert value == pytest.approx(max(line["eval_f0.5_micro"] for line in tried))


def test_a_label_that_nobody_has_is_never_given(tmp_path, capsys):
    rng = np.random.default_rng(0)
    states, gold = rng.normal(size=(60, 8)).astype(np.float32), np.arange(60) % 2 * 2
    states[:, 0] += gold
    labels = LabelSpace(NAMES, multi_label=False)
    selection = choose_metric(None, labels, gold, quick_metrics)
    args = arguments(tmp_path / "run")
    weights, biases = choose_linear((states.copy(), gold), (states, gold), selection, args).head()
    logits = states @ weights.T + biases
    assert set(logits.argmax(axis=1)) == {0, 2}
    assert (gold == logits.argmax(axis=1)).mean() > 0.8
    assert "at C = 0.01" in capsys.readouterr().err  # what the bar says is what was tried


@pytest.mark.parametrize("metric", ["f1_macro", "loss"])
def test_the_usual_c_is_tried_and_kept_unless_validation_shows_another_to_be_better(metric, tmp_path):
    rng = np.random.default_rng(1)
    gold = np.arange(46) % 2
    states = rng.normal(size=(46, 6)).astype(np.float32)
    states[:, 0] += 2 * gold
    train, validation = (states[:30], gold[:30]), (states[30:], gold[30:])
    labels, args = LabelSpace(NAMES[:2], multi_label=False), arguments(tmp_path / "run")
    selection = choose_metric(metric, labels, validation[1], quick_metrics)
    best = choose_linear(train, validation, selection, args)
    kept, far = (choose_linear(train, validation, selection, args, usual) for usual in (-3.0, -4.5))
    assert far.tried == best.tried | {round(10**-4.5, 12): far.tried[round(10**-4.5, 12)]}
    if metric == "loss":
        assert kept.c == far.c == best.c, "a loss has no standard error of a share"
        assert not (kept.usual or far.usual or best.usual)
    else:  # 15 of 16 texts right against 14: that shows nothing
        assert (best.c, best.value) == (pytest.approx(10**-2.5), pytest.approx(0.9373, abs=1e-4))
        assert (kept.c, kept.value) == (0.001, 0.875)
        assert (far.c, far.value) == (pytest.approx(10**-4.5), 0.875)
        assert (best.usual, kept.usual, far.usual) == (False, True, True)


@pytest.mark.parametrize("count", [2, 3])
def test_few_texts_of_three_labels_are_scaled_by_how_texts_of_one_differ(count, tmp_path):
    """Against scikit-learn on states that SciPy's root of the shrunk covariance scales; of two, each by deviation."""
    rng = np.random.default_rng(2)
    gold = np.arange(45) % count
    states = (rng.normal(size=(45, 5)) * [1, 1, 4, 1, 2]).astype(np.float32)
    states[:, 0] += 2 * gold
    labels, args = LabelSpace(NAMES[:count], multi_label=False), arguments(tmp_path / "run", "--family", "few_shot")
    selection = choose_metric("accuracy", labels, gold[30:], quick_metrics)
    few = choose_linear((states[:30], gold[:30]), (states[30:], gold[30:]), selection, args, -2.5)
    for found, rows in ((few, slice(30)), (fitted_again(few, states, gold, labels, args), slice(45))):
        known, own = states[rows].astype(float), gold[rows]
        by = np.diag(1 / known.std(axis=0))
        if count == 3:
            covariance = sum(np.cov(known[own == k].T, bias=True) * (own == k).mean() for k in range(3))
            by = np.linalg.inv(sqrtm(0.05 * covariance + 0.95 * np.trace(covariance) / 5 * np.eye(5)))
            by = by / np.sqrt(np.square((known - known.mean(axis=0)) @ by).mean())
        reference = LogisticRegression(C=found.c, tol=1e-8, max_iter=5000)
        reference.fit((known - known.mean(axis=0)) @ by, own)
        expected = reference.decision_function((states - known.mean(axis=0)) @ by)
        logits = found.logits(states)
        np.testing.assert_allclose(logits[:, 1] - logits[:, 0] if count == 2 else logits, expected, atol=1e-4)


def test_directions_without_variance_are_not_blown_up(tmp_path):
    rng = np.random.default_rng(1)
    states, gold = rng.normal(size=(80, 6)).astype(np.float32), np.arange(80) % 2
    states[:, 0] += 2 * gold
    states[:, 4], states[:, 5] = 3.0, 1e-7 * gold  # constant; noise that follows the labels
    labels = LabelSpace(NAMES[:2], multi_label=False)
    selection = choose_metric(None, labels, gold, quick_metrics)
    weights, _ = choose_linear((states.copy(), gold), (states, gold), selection, arguments(tmp_path / "run")).head()
    assert np.isfinite(weights).all()
    assert np.abs(weights[:, 4:]).max() < np.abs(weights[:, 0]).max()


def test_states_come_from_the_cache_unless_anything_changed(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels, split = LabelSpace(NAMES, multi_label=False), rows(10, 4)

    def states(model, split, length=64):
        settings = for_linear_model(ModelArguments(model=str(model), pooling="mean"), "features")
        return PooledStates(*build(settings, labels), length).of(split)

    first = states(tiny_model("bert"), split)
    assert len(list(FOLDER.iterdir())) == 1
    monkeypatch.setattr(PooledStates, "logits", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(states(tiny_model("bert"), split), first)
    np.testing.assert_array_equal(states(tiny_model("bert"), split.select([7, 2, 2])), first[[7, 2, 2]])
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    for other in ((tiny_model("bert"), split, 8), (tiny_model("electra"), split)):
        states(*other)
    assert len(list(FOLDER.iterdir())) == 3


def test_a_text_is_read_once_whatever_it_comes_with(tmp_path, monkeypatch):
    """Folds and learning curves ask for parts of the same rows, pairs among them; a half-written piece is none."""
    monkeypatch.chdir(tmp_path)
    read, states = [], {"가": 1.0, ("가", "나"): 2.0, ("가", None): 3.0, "다": 4.0, "가나": 5.0}

    def compute(texts):
        read.append(list(texts))
        return np.array([[states[text], -states[text]] for text in texts], dtype=np.float32)

    def asked(*texts):
        found = StateCache("encoder").states(texts, compute)
        assert found.dtype == np.float32
        assert found.tolist() == [[states[text], -states[text]] for text in texts]

    asked("다", "가", "다")
    asked("가", ("가", "나"), ("가", None), "다")
    asked(("가", "나"), "가나", "가")
    asked("가나", "다")
    assert read == [["다", "가"], [("가", "나"), ("가", None)], ["가나"]]
    (FOLDER / "encoder" / "cut-off.states.npy").write_bytes(b"")
    asked("다")
    StateCache("another").states(["다"], compute)
    assert read[3:] == [["다"]]


def test_what_cannot_be_written_is_refused_in_a_sentence(tiny_model, tmp_path):
    mpnet = str(tiny_model("mpnet"))
    with pytest.raises(UserError, match="family mpnet, whose stock classifier reads the first token only"):
        for_linear_model(ModelArguments(model=mpnet, pooling="mean"), "features")
    with pytest.raises(UserError, match="family mpnet, whose stock"):
        build(ModelArguments(model=mpnet, pooling="mean"), LabelSpace(NAMES, multi_label=False))
    with pytest.raises(UserError, match="has a linear head on a plain encoder; leave --lora lora out"):
        for_linear_model(ModelArguments(model=mpnet, lora="lora"), "features")
    other = tmp_path / "albert"
    shutil.copytree(mpnet, other)
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"model_type": "albert"}), encoding="utf-8")
    with pytest.raises(UserError, match=r"of the family albert\. Choose another --model"):
        for_linear_model(ModelArguments(model=str(other)), "features")


def test_a_sentence_encoders_own_files_say_how_it_pools(tiny_model, tmp_path):
    for family, said, expected in [
        ("bert", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ("bert", {"pooling_mode_mean_tokens": True}, "mean"),
        ("bert", {"pooling_mode": "cls"}, "cls"),
        ("bert", None, "mean"),
        ("mpnet", {"pooling_mode_mean_tokens": True}, "cls"),
    ]:
        folder = tmp_path / f"{family}-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(tiny_model(family), folder)
        if said:
            (folder / "1_Pooling").mkdir()
            (folder / "1_Pooling" / "config.json").write_text(json.dumps(said), encoding="utf-8")
        assert for_linear_model(ModelArguments(model=str(folder)), "features").pooling == expected


def test_a_whole_run_keeps_the_svms_own_cuts(tiny_model, tmp_path):
    """Several labels: calibrated scores, and the decisions that scikit-learn takes."""
    shutil.copytree(tiny_model("roberta"), tmp_path / "tiny")
    data = rows(120, 5, multi=True)
    lines = [
        {"text": t, "topics": [NAMES[i] for i in ids] or [NAMES[0]]}
        for t, ids in zip(data["text"], data["labels"], strict=True)
    ]
    write_json_lines(tmp_path / "rows.jsonl", lines)
    shown = follow(
        tmp_path,
        ["--dataset", "rows.jsonl", "--model", "tiny", "--family", "features", "--output_dir", "run", *COMMON],
    )
    assert "Not used by --family features:" in shown
    assert "learning_rate" in shown
    run = RunFolder.open(tmp_path / "run")
    evaluation = run.read_json("evaluation.json")
    card = (run.path / "README.md").read_text(encoding="utf-8")
    assert "linear SVM on the mean over tokens" in card or "토큰 평균 위의 선형 SVM" in card
    assert "Fine-tuned from" not in card
    assert f"{evaluation['selection']['C']:.3g}" in card
    shift = evaluation["calibration"]["shift"]
    classifier = Classifier.load(run.path)
    assert evaluation["thresholds"]["aim"] == "own"
    np.testing.assert_allclose(classifier.thresholds, [expit(shift[name]) for name in classifier.labels.names])
    values = [line["text"] for line in lines[:30]]
    logits = classifier.logits(values)
    before = (logits - list(shift.values())) / list(evaluation["calibration"]["scale"].values())
    given = [set(answer.labels) for answer in classifier.predict(values)]
    clear = [i for i, row in enumerate(before) if np.abs(row).min() > 1e-4]
    assert len(clear) > 20
    for i in clear:
        assert given[i] == {name for name, value in zip(classifier.labels.names, before[i], strict=True) if value > 0}
    again = follow(
        tmp_path,
        [
            "--dataset",
            "rows.jsonl",
            "--model",
            "tiny",
            "--family",
            "features",
            *COMMON,
            "--resume_from_checkpoint",
            "run",
        ],
    )
    assert "is already trained" in again
    assert run.read_json("evaluation.json")["metrics"] == evaluation["metrics"]


def test_a_fine_tuned_run_ends_with_a_linear_model_that_reads_either_form_of_hangul(tiny_model, tmp_path):
    shutil.copytree(tiny_model("electra"), tmp_path / "tiny")
    lines = [{"document": t, "label": NAMES[len(t) > 50]} for t in texts(80, 8, KOREAN)]
    write_json_lines(tmp_path / "rows.jsonl", lines)
    words = ["--dataset", "rows.jsonl", "--model", "tiny", "--family", "fine_tuned_features", "--pooling", "mean"]
    follow(tmp_path, [*COMMON, *words, "--output_dir", "run", "--calibrate", "false"])
    run = RunFolder.open(tmp_path / "run")
    evaluation = run.read_json("evaluation.json")
    assert evaluation["training"]["steps"] > 0
    assert evaluation["training"]["linear"]["pooling"] == "mean"
    plain = pipeline("text-classification", model=str(run.path), top_k=None)
    composed = [unicodedata.normalize("NFC", line["document"]) for line in lines[:6]]
    apart = [unicodedata.normalize("NFD", line["document"]) for line in lines[:6]]
    assert plain(composed, truncation=True) == plain(apart, truncation=True)
    before = AutoModel.from_pretrained(tiny_model("electra")).state_dict()
    after = AutoModel.from_pretrained(run.path).state_dict()
    assert len([name for name in after if ".2.attention.self.query.weight" in name]) == 1  # the layer that averages
    assert not torch.equal(after["encoder.layer.0.output.dense.weight"], before["encoder.layer.0.output.dense.weight"])
    assert AutoTokenizer.from_pretrained(run.path).model_max_length <= 128
