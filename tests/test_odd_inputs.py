"""What only odd input enters: guards, too few rows, the other arm of a condition, room by room."""

import io
import warnings
from types import SimpleNamespace

import httpx2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from huggingface_hub import SpaceHardware
from huggingface_hub.errors import HfHubHTTPError
from scipy.special import expit, logit, softmax
from scipy.stats import binomtest
from sklearn.metrics import log_loss
from transformers import AutoTokenizer

from textclf.arguments import MeasureArguments
from textclf.errors import UserError
from textclf.evaluation import attribution, comparison, exporting, kept_promises, text_profile, verdict
from textclf.evaluation.abstention import MOST_CUTS, Outcome, Promise, Sequence, find_cut
from textclf.evaluation.baselines import rows as baseline_rows
from textclf.evaluation.calibration import fit_scales
from textclf.evaluation.curves import precision_recall, threshold_curve
from textclf.evaluation.data_words import in_korean
from textclf.evaluation.decisions import on_test
from textclf.evaluation.gate import _worst_recall, texts_needed
from textclf.evaluation.label_sets import cuts_by_label, marginal_cut
from textclf.evaluation.page.promised import promise_sentences
from textclf.evaluation.predictions import read_predictions
from textclf.evaluation.report import measure, report_on
from textclf.evaluation.score_intervals import wilson
from textclf.evaluation.slices import _natural
from textclf.evaluation.thresholds import choose
from textclf.evaluation.verdict import _windows
from textclf.evaluation.wording import words_of
from textclf.hub import dataset_repo, destination, inspection, space
from textclf.hub.card_promises import _abstention
from textclf.hub.destination import Destination
from textclf.hub.push_arguments import PushArguments
from textclf.hub.wording_english import ENGLISH
from textclf.labels import LabelSpace

SAY = words_of("en")
ABC = LabelSpace(("a", "b", "c"), False)
AB_SEVERAL = LabelSpace(("a", "b"), True)


def split(texts, gold, labels=ABC, pairs=None):
    label = ClassLabel(names=list(labels.names))
    columns = {"text": Value("string"), "labels": List(label) if labels.multi_label else label}
    columns |= {"text_pair": Value("string")} if pairs else {}
    return Dataset.from_dict(
        {"text": texts, "labels": gold} | ({"text_pair": pairs} if pairs else {}), features=Features(columns)
    )


# Evaluation


@pytest.mark.parametrize("most", [40, 59, 60, 61, 1000, 1])
def test_baselines_read_as_many_characters_as_memory_holds_and_one_text_at_least(monkeypatch, most):
    """Drawn in a random order: texts until the next one would be too much, those of a pair together."""
    monkeypatch.setattr(baseline_rows, "MOST_CHARACTERS", most)
    lengths = [10, 20, 30, 5, 25, 15]
    pairs = [None, "", "x" * 10, None, "y" * 5, "z"]
    data = split(["t" * (n - len(p or "")) for n, p in zip(lengths, pairs, strict=True)], [0, 1, 2] * 2, pairs=pairs)
    texts, gold, note = baseline_rows.training_sample(data, str, ABC, 3)
    kept, total = [], 0
    for row in np.random.default_rng(3).permutation(6).tolist():
        total += lengths[row]
        if total > most and kept:
            break
        kept.append(row)
    sizes = [len(text) if isinstance(text, str) else sum(len(part or "") for part in text) for text in texts]
    assert sizes == [lengths[row] for row in sorted(kept)]
    assert gold.tolist() == [row % 3 for row in sorted(kept)]
    told = f"fitted on a random sample of {len(kept)} of 6 training texts, seed 3"
    assert note == (told if len(kept) < 6 else None)


def test_more_labels_leave_baselines_fewer_characters(monkeypatch):
    monkeypatch.setattr(baseline_rows, "MOST_CHARACTERS_TIMES_LABELS", 90)
    data = split(["t" * 10] * 5, [0, 1, 2, 0, 1])
    assert len(baseline_rows.training_sample(data, str, ABC, 0)[0]) == 3, "90 for three labels: 30 characters"
    data = split(["t" * 10] * 5, [0, 1, 0, 0, 1], LabelSpace(("a", "b"), False))
    assert len(baseline_rows.training_sample(data, str, LabelSpace(("a", "b"), False), 0)[0]) == 4


def test_calibration_is_told_on_test_before_and_after():
    """Before: the scores that the recorded temperature led to these from."""
    rng = np.random.default_rng(5)
    gold, logits = rng.integers(3, size=60), rng.normal(size=(60, 3))
    before, after = softmax(logits, axis=1), softmax(logits / 2.5, axis=1).astype(np.float32)
    test = report_on(after, gold, ABC, None, 20)
    settled = {"calibration": {"method": "temperature", "temperature": 2.5, "n": 9}, "thresholds": None}
    found = on_test(settled, test)
    assert found["thresholds"] is None
    assert found["calibration"] | {"test": None} == settled["calibration"] | {"test": None}
    told = found["calibration"]["test"]
    kinds = [f"{metric}_{when}" for metric in ("ece", "log_loss") for when in ("before", "after")]
    assert told.keys() == {"n", "ece_if_calibrated", *kinds}
    assert (told["n"], told["ece_if_calibrated"]) == (60, test.metrics["ece"]["if_calibrated"])
    assert told["log_loss_before"] == pytest.approx(log_loss(gold, before), abs=1e-5)
    assert told["log_loss_after"] == pytest.approx(log_loss(gold, after), abs=1e-5)
    assert told["ece_after"] == test.metrics["ece"]["value"] != told["ece_before"]
    assert on_test({"calibration": None, "thresholds": None}, test) == {"calibration": None, "thresholds": None}


@pytest.mark.parametrize(("agreement", "n"), [(0.98, 130), (0.975, 200), (0.99, 126)])
def test_the_texts_that_would_prove_an_engine_are_enough_and_hardly_too_many(agreement, n):
    found = texts_needed(agreement, 0.0, 0.0001, n)
    assert found > n
    assert wilson(agreement, found)[0] >= 0.97
    assert wilson(agreement, int((found - 2) / 1.01))[0] < 0.97


def test_label_sets_of_too_few_rows_and_of_no_label_hold_everything():
    """Nine rows at .9 allow exactly no miss; floating point made that a little less, and every label came in."""
    scores, carried = np.full((9, 2), 0.8), np.ones((9, 2), dtype=np.int64)
    assert marginal_cut(scores, carried, AB_SEVERAL, 0.9) == pytest.approx(0.8, abs=1e-3)
    assert marginal_cut(scores[:8], carried[:8], AB_SEVERAL, 0.9) == 0.0
    assert marginal_cut(scores, 0 * carried, AB_SEVERAL, 0.5) == 0.0
    assert cuts_by_label(scores, np.array([[1, 0]] * 9), AB_SEVERAL, 0.9)[1] == 0.0


def test_promises_that_were_broken_are_said_to_be():
    share = {"value": 0.5, "low": 0.1, "high": 0.9, "count": 1, "of": 2}
    test = {"held": False, "answered": share, "wrong": share, "aurc": 0.25, "aurc_of_baselines": {"prior": None}}
    abstain = {"risk": 0.05, "confidence": 0.9, "n": 9, "stored": True, "test": test}
    evaluation = {"task": "single_label_classification", "promises": {"n": 9, "abstain": abstain}}
    assert promise_sentences({"task": "x"}, SAY) == []
    (about, said) = promise_sentences(evaluation, SAY)
    assert said.endswith(SAY["promise_broken"])
    test |= {"broken": ["a", "b"], "promised": ["a", "b", "c"]}
    assert promise_sentences(evaluation, SAY)[1].endswith(SAY["promise_broken_for"].format(labels="a, b"))
    test |= {"held": True}
    assert promise_sentences(evaluation, SAY)[1].endswith(SAY["promise_held"])
    test |= {"aurc": None, "aurc_of_baselines": {"prior": 0.5}}
    assert len(promise_sentences(evaluation, SAY)) == 2
    test |= {"aurc": 0.125}
    assert "0.125" in promise_sentences(evaluation, SAY)[2]
    nothing = {"promises": {"n": 1234, "abstain": abstain | {"stored": False, "n": 1234}}}
    about, said = promise_sentences(nothing, SAY)
    assert about == SAY["promises_about"].format(n="1,234")
    assert said == SAY["abstain_none"].format(n="1,234", risk="5", confidence="90")


def test_a_profile_looks_at_all_rows_or_at_a_random_part_in_order(monkeypatch):
    monkeypatch.setattr(text_profile, "MOST_TEXTS", 5)
    assert text_profile.looked_at(5).tolist() == [0, 1, 2, 3, 4]
    assert text_profile.looked_at(6).tolist() == sorted(np.random.default_rng(0).permutation(6)[:5])
    assert text_profile.looked_at(40, seed=2).tolist() == sorted(np.random.default_rng(2).permutation(40)[:5])


def test_windows_are_asked_for_and_measured_on_the_same_rows():
    asked = []
    classifier = SimpleNamespace(labels=ABC, thresholds=None)
    classifier.scores = lambda texts, windows: asked.append((list(texts), windows)) or np.eye(3, dtype=np.float32)
    found = _windows(classifier, split(["x", "y", "z"], [0, 1, 1]), MeasureArguments(bootstrap_draws=200))
    assert asked == [(["x", "y", "z"], True)]
    assert (found["n"], found["metrics"]["accuracy"]["value"]) == (3, pytest.approx(2 / 3))


def test_cuts_to_be_tested_are_all_places_or_a_hundred_from_end_to_end():
    for n in (1, 2, MOST_CUTS - 1, MOST_CUTS, MOST_CUTS + 1, 1000):
        scores = np.linspace(0.99, 0.5, n)
        found = Sequence.from_validation(scores, np.zeros(n, dtype=bool))
        assert len(found.cuts) == min(n, MOST_CUTS)
        assert found.coverage[[0, -1]].tolist() == [1 / n, 1.0]
        assert (np.diff(found.cuts) < 0).all()
    none = Sequence.from_validation(np.zeros(0), np.zeros(0, dtype=bool))
    assert [len(each) for each in none] == [0, 0, 0]
    promise = Promise(0.05, 0.95)
    assert find_cut(promise, none, np.array([0.9]), np.array([False]), 7) == Outcome(None, 7, 0, 0, None)
    assert promise.kept(np.array([0, 0, 0]), np.array([0, 58, 59])).tolist() == [False, False, True]
    assert promise.most_wrong(np.array([0, 58, 59, 93])).tolist() == [-1, -1, 0, 1]


@pytest.mark.parametrize("curve", [precision_recall, threshold_curve])
def test_without_a_positive_there_is_no_curve(curve):
    scores = np.array([0.1, 0.9])
    assert curve(np.array([0, 0]), scores) is None
    assert curve(np.array([0, 1]), scores) is not None


def test_no_engine_loses_recall_that_nobody_can_measure():
    figure = lambda value: value and {"value": value}  # noqa: E731
    report = lambda **rows: SimpleNamespace(  # noqa: E731
        per_label={name: {"support": n, "recall": figure(value)} for name, (n, value) in rows.items()}
    )
    ours = report(a=(9, 0.5), b=(0, 0.1), c=(9, None), d=(9, 0.2))
    torchs = report(a=(9, 0.6), b=(9, 0.9), c=(9, 0.9), d=(9, None))
    assert _worst_recall(ours, torchs) == {"label": "a", "value": 0.5, "torch": 0.6}
    assert _worst_recall(report(b=(0, 0.1)), report(b=(9, 0.9))) is None


def test_draws_are_shared_out_among_labels(monkeypatch):
    monkeypatch.setattr(kept_promises, "MOST_TRIES", 64)
    labels, rng = LabelSpace(("a", "b", "c"), True), np.random.default_rng(0)
    scores = rng.random((60, 3)).astype(np.float32)
    report = report_on(scores, (rng.random((60, 3)) < scores).astype(np.int64), labels, None, 0)
    found = kept_promises.failures_over_resplits(Promise(0.4, 0.6), report, report, report)
    assert (found["draws"], found["tries"]) == (21, 63)
    monkeypatch.setattr(kept_promises, "MOST_TRIES", 30)
    assert kept_promises.failures_over_resplits(Promise(0.4, 0.6), report, report, report)["draws"] == 20
    assert kept_promises.failures_over_resplits(Promise(0.4, 0.6), report, report, report, draws=3)["draws"] == 3


def test_differences_without_draws_have_no_interval_and_two_draws_have_a_correlation():
    one, other = np.array([1.0, 2.0, np.nan]), np.array([2.0, 5.0, 1.0])
    assert comparison._correlation(one, other) == pytest.approx(1.0)
    assert comparison._correlation(one[1:], other[1:]) == 0.0
    assert comparison._correlation(one, np.ones(3)) == 0.0
    assert comparison._correlation(np.ones(3), other) == 0.0
    gold = np.arange(40) % 2
    reports = [report_on(np.eye(2, dtype=np.float32)[(gold + wrong) % 2], gold, LabelSpace(("a", "b"), False), None, 0)
               for wrong in (np.arange(40) < 12, np.arange(40) < 1)]  # fmt: skip
    assert comparison._bounds(*reports, "mcc") is None
    right = (12, 1)
    assert comparison.mcnemar(*reports) == pytest.approx(binomtest(right[1] - 1, 11, 0.5).pvalue)
    assert comparison.mcnemar(reports[0], reports[0]) == 1.0


@pytest.mark.parametrize(("wrong", "steps"), [(0.0, 32), (0.0199, 32), (0.03, 512)])
def test_gradients_are_integrated_in_twice_as_many_steps_until_they_add_up(monkeypatch, wrong, steps):
    asked = []

    class Integrated:
        def __init__(self, function, multiply_by_inputs):
            assert multiply_by_inputs

        def attribute(self, inputs, baseline, n_steps, internal_batch_size):
            asked.append((n_steps, internal_batch_size))
            return torch.tensor([[[0.5], [0.5 + wrong]]], dtype=torch.float64)

    monkeypatch.setattr(attribution, "IntegratedGradients", Integrated)
    function = lambda inputs: inputs.sum()  # noqa: E731
    scores, taken, error = attribution._integrate(function, torch.ones(1, 2, 1) / 2, torch.zeros(1, 2, 1), 32)
    assert (scores, taken, error) == ([0.5, 0.5 + wrong], steps, pytest.approx(wrong))
    assert [each for each, _ in asked] == [32 * 2**k for k in range(len(asked))]


def test_a_text_is_measured_in_tokens_and_in_the_share_that_the_model_does_not_know(tiny_model, monkeypatch):
    """Special tokens are of the length and not of the share; an empty text has none, a pair those of a pair."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model("bert"))
    monkeypatch.setattr(text_profile, "TEXTS_AT_ONCE", 2)
    given = ["국회가 열렸다 \U0001f980 \U0001f980", "", ("A late goal", "\U0001f980"), ("A late goal", None), "goal"]
    found = text_profile.TokenCounter(tokenizer.backend_tokenizer.to_str())(given)
    for text, measured in zip(given, found, strict=True):
        first, second = (text, None) if isinstance(text, str) else text
        whole = tokenizer(first, second)["input_ids"]
        own = tokenizer(first, second, add_special_tokens=False)["input_ids"]
        unknown = own.count(tokenizer.unk_token_id)
        assert (measured.tokens, measured.unknown) == (len(whole), unknown / len(own) if own else 0.0)
    assert found[0].unknown > 0 and found[2].unknown > 0


def test_the_unknown_token_is_named_or_numbered_or_there_is_none():
    words = SimpleNamespace(token_to_id={"[UNK]": 7}.get)
    models = ({"unk_id": 0}, {"unk_token": "[UNK]"}, {"unk_id": None}, {})
    assert [text_profile._unknown_id(model, words) for model in models] == [0, 7, None, None]


def test_slices_stand_in_the_order_of_their_numbers():
    names = ["20–49 characters", "5–9 characters", "b", "a", "10 characters", "many characters", "0–4 characters"]
    assert sorted(names, key=_natural) == [
        "0–4 characters", "a", "b", "many characters", "5–9 characters", "10 characters", "20–49 characters",
    ]  # fmt: skip


@pytest.mark.parametrize("several", [False, True])
def test_predictions_are_read_as_they_were_written(tmp_path, several):
    labels = AB_SEVERAL if several else LabelSpace(("a", "b"), False)
    gold = [["a"], ["a", "b"], []] if several else ["a", "b", "a"]
    table = {"text": ["x", "y", "z"], "text_pair": ["p", None, ""], "labels": gold, "scores": [[0.25, 0.75]] * 3}
    (tmp_path / "predictions").mkdir()
    pq.write_table(pa.table(table), tmp_path / "predictions" / "test.parquet")
    for config, cuts in (({}, None), ({"thresholds": {"b": 0.4, "a": 0.3}}, [0.3, 0.4])):
        run = SimpleNamespace(path=tmp_path, read_json=lambda name, config=config: config)
        found = read_predictions(run, "test", labels)
        assert found.texts == [("x", "p"), "y", "z"]
        assert found.gold.tolist() == ([[1, 0], [1, 1], [0, 0]] if several else [0, 1, 0])
        assert found.scores.tolist() == [[0.25, 0.75]] * 3
        assert (None if found.thresholds is None else found.thresholds.tolist()) == (cuts if several else None)


def test_scores_that_are_in_part_no_numbers_are_refused():
    scores = np.array([[0.5, np.nan, 0.5], [0.2, 0.3, 0.5]], dtype=np.float32)
    scorer = SimpleNamespace(labels=ABC, thresholds=None, scores=lambda texts: scores)
    with pytest.raises(UserError, match="1 of 2"):
        measure(scorer, split(["x", "y"], [0, 1]))


@pytest.mark.parametrize("made", [{}, {"augment_crop": 0.5}, {"augment_drop": 0.5}, {"augment_swap": 0.5}])
def test_rows_that_are_made_from_each_other_are_scored_by_no_fold(monkeypatch, made):
    monkeypatch.setattr(verdict, "suspects_out_of_fold", lambda *args: "suspects")
    monkeypatch.setattr(verdict, "cleaner", lambda clean: None)
    data = SimpleNamespace(**{"augment_crop": 0.0, "augment_drop": 0.0, "augment_swap": 0.0, "clean": []} | made)
    recipe = SimpleNamespace(data=data, fit=SimpleNamespace(seed=1))
    found = verdict._out_of_fold(None, {"train": 1, "validation": 2}, recipe)
    assert found == (None if made else "suspects")


@pytest.mark.parametrize("calibrated", [False, True])
@pytest.mark.parametrize("baked", [None, False, True])
def test_an_int8_file_is_settled_as_its_run_was(monkeypatch, tmp_path, calibrated, baked):
    """Cuts that the run has in its biases are folded into the file, too; others stand beside it."""
    rng = np.random.default_rng(0)
    logits, folded = rng.normal(size=(60, 2)).astype(np.float32), []
    gold = (logits + rng.normal(size=(60, 2)) > 0.7).astype(np.int64)
    exported = SimpleNamespace(file="model_int8.onnx")
    monkeypatch.setattr(exporting, "_staged", lambda *_: exported)
    monkeypatch.setattr(exporting, "OnnxClassifier", lambda _: SimpleNamespace(logits=lambda texts: logits))
    monkeypatch.setattr(exporting, "fold", lambda file, scale, shift: folded.append((file, scale, shift)))
    evaluation = {"calibration": {"method": "platt"} if calibrated else None}
    evaluation |= {"thresholds": None if baked is None else {"aim": "f1", "baked": baked}}
    validation = exporting.Validation(["t"] * 60, gold, SimpleNamespace(labels=AB_SEVERAL), "f1_micro", 30)
    assert exporting._settle(tmp_path, evaluation, validation._replace(learned=True)) == {}  # as it comes
    found = exporting._settle(tmp_path, evaluation, validation)
    ((file, scale, shift),) = folded
    own = fit_scales(logits, gold, AB_SEVERAL)
    usual = (own.scale, own.shift) if calibrated else (np.ones(2), np.zeros(2))
    cuts = choose(expit(logits * usual[0] + usual[1]), gold, "f1", usual[1]).cuts
    assert (file, ("calibration" in found), ("thresholds" in found)) == (exported.file, calibrated, baked is not None)
    np.testing.assert_allclose(scale, usual[0])
    np.testing.assert_allclose(shift, usual[1] - (logit(cuts) if baked else 0), rtol=1e-6)
    if baked is not None:
        assert found["thresholds"] == pytest.approx(
            {"a": 0.5, "b": 0.5} if baked else dict(zip("ab", cuts, strict=True))
        )
    if calibrated:
        assert (found["calibration"]["scale"], found["calibration"]["method"]) == (own.scale.tolist(), own.method)


def test_values_that_stand_in_two_splits_are_told_in_korean():
    told = in_korean("12 rows left out: 'kim' of test that also stands in train", words_of("ko"))
    assert told == "12행을 뺌: 학습 데이터에도 있는 'kim' 값의 테스트 행"


# Publishing


def test_a_card_says_that_a_promise_was_broken():
    share = {"value": 0.5, "low": 0.1, "high": 0.9, "count": 1, "of": 2}
    test = {"held": False, "answered": share, "wrong": share, "aurc": 0.25, "aurc_of_baselines": {"prior": None}}
    abstain = {"risk": 0.05, "confidence": 0.9, "n": 9, "stored": True, "test": test}
    assert ENGLISH["promise_broken"] in _abstention(abstain, ENGLISH)
    test |= {"broken": ["a", "b"], "promised": ["a", "b"]}
    assert ENGLISH["promise_broken_for"].format(labels="`a`, `b`") in _abstention(abstain, ENGLISH)
    held = _abstention(abstain | {"test": test | {"held": True}}, ENGLISH)
    assert not [line for line in held if "broken" in line.lower()]
    nothing = test | {"answered": share | {"count": 0}}
    assert len(_abstention(abstain | {"test": nothing}, ENGLISH)) == len(held)
    assert len(_abstention(abstain | {"without_promise": ["c"]}, ENGLISH)) == len(held) + 2


@pytest.mark.parametrize("count", [1, 20, 21, 25])
def test_a_refusal_shows_twenty_findings_and_how_many_more(count, tmp_path):
    run = SimpleNamespace(path=tmp_path)
    told = inspection._refusal(run, [("a.json", inspection.Found("holds a key", None))] * count).splitlines()
    assert [line for line in told if line.startswith("  a.json")] == ["  a.json holds a key"] * min(count, 20)
    assert [line for line in told if line.startswith("  and ")] == ([f"  and {count - 20} more"] if count > 20 else [])
    assert told[-1] == "Take it out."
    told = inspection._refusal(run, [("a.json", inspection.Found("holds a name", "x"))])
    assert told.endswith(
        "\nTake it out, or add the --allow that stands behind a line if everybody who sees the repo may see that."
    )


class SpaceApi:
    """A Space in memory: its variables, secrets and what was asked of its hardware."""

    def __init__(self, variables=(), secrets=(), token=None, status=None):
        self.variables, self.secrets, self.status, self.calls = dict(variables), set(secrets), status, []

    def get_space_variables(self, space):
        return {name: SimpleNamespace(value=value) for name, value in self.variables.items()}

    def get_space_secrets(self, space):
        return self.secrets

    def auth_check(self, repo_id, **options):
        if self.status:
            response = httpx2.Response(self.status, request=httpx2.Request("GET", "https://hub"))
            raise HfHubHTTPError("no", response=response)

    def __getattr__(self, name):
        return lambda *args, **options: self.calls.append((name, *args, *options.values()))


def test_a_space_is_told_its_model_where_it_does_not_know_it():
    for variables, calls in (({}, 1), ({"MODEL_ID": "a/old"}, 1), ({"MODEL_ID": "a/b"}, 0), ({"OTHER": "a/b"}, 1)):
        api = SpaceApi(variables)
        space._set_variable(api, "a/demo", "a/b")
        assert api.calls == [("add_space_variable", "a/demo", "MODEL_ID", "a/b")] * calls


def test_a_hub_in_trouble_is_no_refusal_and_no_permission():
    """Only what says no means no: any other failure is told as what it is."""
    account = {"name": "alice"}
    destination._check_permission(SpaceApi(), account, "a/b", "model")
    for status in (401, 403, 404):
        with pytest.raises(UserError, match=r"^a/b belongs to somebody else, or the token of alice may not write"):
            destination._check_permission(SpaceApi(status=status), account, "a/b", "model")
    with pytest.raises(UserError, match=r"asking for permission to write .*\(418\)"):
        destination._check_permission(SpaceApi(status=418), account, "a/b", "model")


def test_hardware_and_sleep_are_asked_for_together_or_alone(caplog):
    asked = {}
    for hardware, sleep in ((None, 300), ("t4-small", 300), ("t4-small", None), (None, None)):
        api = asked[hardware, sleep] = SpaceApi()
        space._set_hardware(api, "a/demo", PushArguments(space_hardware=hardware, space_sleep=sleep))
    assert asked[None, 300].calls == [("set_space_sleep_time", "a/demo", 300)]
    assert asked["t4-small", 300].calls == [("request_space_hardware", "a/demo", SpaceHardware.T4_SMALL, 300)]
    assert asked["t4-small", None].calls == [("request_space_hardware", "a/demo", SpaceHardware.T4_SMALL, None)]
    assert asked[None, None].calls == []
    api.set_space_sleep_time = lambda *args: warnings.warn("Free hardware sleeps.", UserWarning, stacklevel=1)
    space._set_hardware(api, "a/demo", PushArguments(space_sleep=300))
    assert caplog.messages == ["Free hardware sleeps."]


def test_a_space_gets_a_token_that_can_read_the_model_and_gives_it_back(monkeypatch):
    monkeypatch.delenv("SPACE_HF_TOKEN", raising=False)
    assert space._store_token(SpaceApi(secrets=[space.SECRET]), "a/demo", "a/b") is True
    assert space._store_token(SpaceApi(secrets=["OTHER"]), "a/demo", "a/b") is False
    monkeypatch.setenv("SPACE_HF_TOKEN", "hf_reads")
    api = SpaceApi()
    monkeypatch.setattr(space, "HfApi", lambda token: api if token == "hf_reads" else None)
    assert space._store_token(api, "a/demo", "a/b") is True
    assert api.calls == [("add_space_secret", "a/demo", space.SECRET, "hf_reads")]
    for status in (401, 403, 404):
        api.status = status
        with pytest.raises(UserError, match=r"^SPACE_HF_TOKEN cannot read a/b\. Make a read-only token"):
            space._store_token(api, "a/demo", "a/b")
    api.status = 418
    with pytest.raises(UserError, match="418"):
        space._store_token(api, "a/demo", "a/b")
    assert len(api.calls) == 1
    api = SpaceApi(secrets=["OTHER"])
    assert (space._remove_token(api, "a/demo"), api.calls) == (False, [])
    api = SpaceApi(secrets=[space.SECRET])
    assert (space._remove_token(api, "a/demo"), api.calls) == (True, [("delete_space_secret", "a/demo", space.SECRET)])


def test_a_static_space_waits_for_its_file(tmp_path):
    run = SimpleNamespace(path=tmp_path)
    space._check_arrived(run, "a/b", {space.INT8, "README.md"})
    with pytest.raises(UserError, match=r"^a/b has no .*\.onnx on the Hub yet"):
        space._check_arrived(run, "a/b", {"README.md"})


def test_examples_that_an_earlier_push_left_are_found_but_for_our_own(monkeypatch):
    asked = []
    monkeypatch.setattr(space, "own_words", lambda: ["ours", "too"])
    rows = b'[["ours"], ["theirs"], ["ours", "too"], ["ours", "theirs"]]'
    monkeypatch.setattr(space, "read_anew", lambda *at: asked.append(at) or rows)
    there = lambda *ours: Destination("a/demo", "space", True, True, "head", frozenset(ours), frozenset(), True)  # noqa: E731
    assert space._examples_there(there("README.md")) == []
    assert space._examples_there(there("README.md", space.EXAMPLES)) == [["theirs"], ["ours", "theirs"]]
    assert asked == [("a/demo", space.EXAMPLES, "space", "head")]


@pytest.fixture
def reloaded(monkeypatch, tmp_path):
    """Return `reloaded(recipe, known, **arguments)`: what data are asked for, and the columns that are published."""

    def make(recipe, known="f" * 20, **arguments):
        asked = []
        data = split(["x", "y"], [0, 1], pairs=["p", None]).add_column("source", ["s", "t"])

        def load(args):
            asked.append(args)
            return DatasetDict({"train": data, "test": data}), SimpleNamespace(fingerprint="f" * 20)

        monkeypatch.setattr(dataset_repo, "read_recipe_values", lambda run: recipe)
        monkeypatch.setattr(dataset_repo, "load_splits", load)
        run = SimpleNamespace(path=tmp_path, read_json=lambda name: {"data": {"fingerprint": known}})
        found = dataset_repo.reload_splits(run, PushArguments(**arguments))
        return asked[0], found["test"].column_names

    return make


def test_the_data_of_a_run_are_loaded_as_its_recipe_says_from_where_they_lie_now(reloaded, tmp_path):
    asked, columns = reloaded({"dataset": "mine", "data_dir": "old", "learning_rate": 1.0}, data_dir="new")
    assert (asked.dataset, asked.data_dir, sorted(columns)) == ("mine", "new", ["labels", "text", "text_pair"])
    asked, _ = reloaded({"dataset": "mine", "data_dir": "old"})
    assert asked.data_dir == "old"
    files = {"train_file": "a/train.csv", "test_file": "test.csv", "validation_file": None}
    asked, _ = reloaded(files, data_dir=str(tmp_path))
    assert (asked.train_file, asked.test_file) == (str(tmp_path / "a/train.csv"), str(tmp_path / "test.csv"))
    assert (asked.validation_file, asked.data_dir) == (None, None)
    assert reloaded({"dataset": "mine"}, known=None)[0].dataset == "mine", "an old run knows no fingerprint"
    with pytest.raises(UserError, match=r"its fingerprint is f{12}, expected g{12}\. Publish the data"):
        reloaded({"dataset": "mine"}, known="g" * 20)


def test_a_data_set_goes_up_as_a_parquet_file_a_split(monkeypatch, tmp_path):
    monkeypatch.setattr(dataset_repo, "dataset_card", lambda *_: "# card")
    (tmp_path / "audit.json").write_text("{}")
    data = DatasetDict({"train": split(["x", "y"], [0, 1]), "test": split(["z"], [2])})
    run = SimpleNamespace(path=tmp_path)
    found = {each.path: each.data() for each in dataset_repo._files(run, PushArguments(), data, tmp_path)}
    assert list(found) == ["README.md", "audit.json", *(f"data/{s}-00000-of-00001.parquet" for s in ("train", "test"))]
    assert (found["README.md"], found["audit.json"]) == (b"# card", b"{}")
    assert pq.read_table(io.BytesIO(found["data/test-00000-of-00001.parquet"]))["text"].to_pylist() == ["z"]
