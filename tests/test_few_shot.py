"""Few labels: an encoder trained by contrast between texts, saved as an ordinary classifier."""

import copy
import shutil
import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.numpy import load_file
from scipy.special import softmax
from transformers import AutoModel, AutoTokenizer, pipeline

from tests.tiny_models import ENGLISH, KOREAN
from tests.trained_runs import COMMON, follow, write_json_lines
from tests.training_runs import arguments, built
from tests.training_runs import rows as training_rows
from textclf.arguments import MeasureArguments
from textclf.errors import UserError
from textclf.evaluation.decisions import settle
from textclf.evaluation.report import quick_metrics
from textclf.inference.classifier import Classifier
from textclf.models.last_layers import scale_last
from textclf.run_folder import VALIDATION_LOGITS, RunFolder
from textclf.training import contrast, few_shot, foresight
from textclf.training.contrast import Contrast, States, shared_labels
from textclf.training.encoding import tokenise
from textclf.training.memory import HeldMemory


class Embedded(torch.nn.Module):
    def __init__(self, states):
        super().__init__()
        self.states = states

    def forward(self, features):
        return {"sentence_embedding": self.states}


def test_the_loss_weighs_pairs_that_share_a_label_as_much_as_the_others():
    states = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    # cosines: 0-1: 0, 0-2: 1, 1-2: 0. Alike: 0 and 1 (error 1); other: 0-2 (error 1), 1-2 (error 0).
    loss = Contrast(Embedded(states))([{}], torch.tensor([0, 0, 1]))
    assert float(loss) == pytest.approx((1 + 0.5) / 2)
    assert float(Contrast(Embedded(states[:2]))([{}], torch.tensor([0, 0]))) == pytest.approx(1.0)
    assert float(Contrast(Embedded(states[:1]))([{}], torch.tensor([0]))) == 0.0


def test_several_labels_are_shared_in_part():
    labels = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    expected = [[1, 0.5, 0, 0], [0.5, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(shared_labels(labels).numpy(), expected)


class Plain(torch.nn.Module):
    """A classifier's shape: logits of what it is given, with dropout."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 4))

    def forward(self, x):
        return SimpleNamespace(logits=self.layers(x))


@pytest.mark.parametrize("pieces", [2, 3, 8])
def test_a_batch_read_in_pieces_has_the_same_pairs_and_gradients(pieces):
    texts, labels, found = torch.randn(5, 4), torch.tensor([0, 1, 0, 1, 1]), []
    for cut in (1, pieces):
        model = Plain().eval()
        states = States(model, None, cut)
        Contrast(states)([{"x": texts.clone()}], labels).backward()
        found.append([parameter.grad for parameter in model.parameters()])
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole)


def test_dropout_falls_on_the_same_places_when_a_piece_is_computed_again():
    model = Plain().train()
    torch.manual_seed(5)
    states = States(model, None, 2)({"x": torch.ones(4, 4)})["sentence_embedding"]
    torch.manual_seed(5)
    parts = [model(torch.ones(2, 4)).logits for _ in range(2)]
    torch.testing.assert_close(states, torch.cat(parts))
    (ours,), (theirs,) = (
        torch.autograd.grad(each.square().sum(), [model.layers[0].weight]) for each in (states, torch.cat(parts))
    )
    torch.testing.assert_close(ours, theirs)


def test_a_processor_reads_with_quick_dropout_and_without_padding(tiny_model, tmp_path, monkeypatch):
    class SeenError(Exception):
        pass

    asked = []
    monkeypatch.setattr(
        contrast, "padding_free", lambda model, wanted, on: asked.append((wanted, on.type)) or nullcontext()
    )

    def quick(model, wanted):
        asked.append(wanted)
        raise SeenError

    monkeypatch.setattr(contrast, "fast_dropout", quick)
    split = training_rows(6)
    model, tokenizer = built(tiny_model("bert"), split, head="linear", pooling="cls")
    with pytest.raises(SeenError):
        contrast.contrast(
            model, tokenizer, tokenise(split, tokenizer, 32), arguments(tmp_path, padding_free="on"), 42, "bar"
        )
    assert asked == [("on", "cpu"), True]


@pytest.mark.parametrize("family", ["bert", "modernbert", "deberta-v2"])
def test_the_embeddings_of_tokens_that_occur_are_enough(family, tiny_model, tmp_path):
    split, ends, trained = training_rows(6), [], []
    for compact in (True, False):
        model, tokenizer = built(tiny_model(family), split, head="linear", pooling="mean")
        start = model.get_input_embeddings().weight.detach().clone()
        options = {"compact_vocabulary": compact, "precision": "fp32", "learning_rate": 1e-2, "weight_decay": 0.3}
        args = arguments(tmp_path / str(compact), per_device_train_batch_size=4, **options)
        learned = contrast.contrast(model, tokenizer, tokenise(split, tokenizer, 32), args, 42, "bar")
        assert (learned.steps, learned.read) == (10, 40)  # in whole batches of 4
        ends.append(model.state_dict())
        trained.append(learned.embeddings)
    seen = {
        number for text in split["text"] for number in tokenizer(text, max_length=32, truncation=True)["input_ids"]
    }
    assert trained == [len(seen | set(range(tokenizer.pad_token_id + 1))), None]
    assert not torch.equal(start, model.get_input_embeddings().weight)
    for name, weight in ends[1].items():
        torch.testing.assert_close(ends[0][name], weight, atol=2e-5, rtol=1e-4, msg=name)


def test_room_is_made_before_each_step(tiny_model, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(HeldMemory, "make_room", lambda self: asked.append((self._worth, self._grown)))
    split = training_rows(6)
    model, tokenizer = built(tiny_model("bert"), split, head="linear", pooling="cls")
    contrast.contrast(model, tokenizer, tokenise(split, tokenizer, 32), arguments(tmp_path), 42, "bar")
    assert asked == [(contrast.HELD, contrast.GROWN)] * 7  # 6 texts at once, each 7 times


def test_texts_that_do_not_fit_together_are_read_in_pieces(monkeypatch, caplog):
    class Coll:
        texts = SimpleNamespace(lengths=np.array([3, 9]))

    model = SimpleNamespace(device=torch.device("cpu"), parameters=lambda: [torch.zeros(0)])
    monkeypatch.setattr(contrast, "needed", lambda *_: (foresight.Need(fixed=1e8, each=1e8), None))
    monkeypatch.setattr(contrast, "GAPS", 1.0)
    monkeypatch.setattr(contrast, "free_memory", lambda: int(6e8))
    with caplog.at_level("WARNING"):
        assert contrast._pieces(model, Coll(), 16, nullcontext) == 4
    assert "16 texts of 9 tokens need about 1.7 GB of memory and 0.6 GB are free: 4 at a time" in caplog.text
    monkeypatch.setattr(contrast, "GAPS", 1.3)  # a third more of each: of(4) is .65 GB, of(2) .39
    assert contrast._pieces(model, Coll(), 16, nullcontext) == 8
    monkeypatch.setattr(contrast, "free_memory", lambda: int(1e8))
    with pytest.raises(UserError, match=r"are free\. Lower --max_length, or choose a smaller model\.$"):
        contrast._pieces(model, Coll(), 16, nullcontext)
    monkeypatch.setattr(contrast, "free_memory", lambda: int(1e11))
    assert contrast._pieces(model, Coll(), 16, nullcontext) == 1


def rows(folder, several=False):
    """Sixteen texts a class for training, few for the other splits; what is asked is the language."""
    for split, start, stop in (("train", 0, 12), ("validation", 12, 16), ("test", 16, 20)):
        lines = [(t, "en") for t in ENGLISH[start:stop]] + [(t, "ko") for t in KOREAN[start:stop]]
        write_json_lines(
            folder / f"{split}.jsonl",
            [{"text": t, "label": [name, *["long"] * (len(t) > 60)] if several else name} for t, name in lines],
        )
    return [f"--{split}_file={split}.jsonl" for split in ("train", "validation", "test")]


@pytest.mark.parametrize(("family", "several"), [("bert", False), ("modernbert", True)])
def test_a_few_shot_run_ends_as_a_plain_classifier_whose_encoder_has_learned(family, several, tiny_model, tmp_path):
    shutil.copytree(tiny_model(family), tmp_path / "tiny")
    words = [*COMMON, *rows(tmp_path, several), "--model", "tiny", "--family", "few_shot", "--output_dir", "run"]
    shown = follow(tmp_path, words)
    assert "Not used by --family few_shot: num_train_epochs" in shown
    assert "Training by contrast: 100%" in shown
    assert "Learning validation too: 100%" in shown
    assert "train_runtime" not in shown
    assert "is made for" not in shown
    run = RunFolder.open(tmp_path / "run")
    evaluation = run.read_json("evaluation.json")
    names = ["en", "ko", "long"] if several else []  # of two labels none are read
    read_texts = [*ENGLISH[:12], *KOREAN[:12], *names]
    assert evaluation["training"]["label_names_read"] == (len(names) or None)
    card = (run.path / "README.md").read_text(encoding="utf-8")
    assert ("Each label's name was one of these texts." in card) == several
    assert "label names read" not in card
    usual = evaluation["selection"].get("usual_C", False)
    assert usual == (evaluation["selection"]["C"] == pytest.approx(10**-2.5))
    assert ("is the usual one: no other was better" in card) == usual != ("was chosen by" in card)
    # 24 (27) texts are read 25 (28) times each, then 32 (35) a quarter of 33 (36) times, in whole batches of 16.
    assert evaluation["training"]["epochs"] == pytest.approx(
        (752 + 304) / 35 if several else (592 + 256) / 32, abs=1e-3
    )
    assert evaluation["training"]["steps"] == (47 + 19 if several else 37 + 16)
    assert evaluation["training"]["linear"]["pooling"] == "mean"
    trained = evaluation["training"]
    read = trained["examples_per_second"] * trained["seconds"]  # the seconds hold the linear model's fit, too
    assert read > 0.99 * (752 if several else 592)
    assert trained["validation_learned"] == 8
    assert trained["linear"]["trained_on"] == len(read_texts) + 8
    assert "Then it learned the 8 texts of validation, too; what is said of validation is from before." in card
    assert "validation learned" not in card
    assert evaluation["baselines"]["majority"]["chosen"]["trained_on"] == 32
    page = (run.path / "evaluation.html").read_text(encoding="utf-8")
    assert "Once all was chosen, the model learned these texts, too" in page
    lengths = [len(ids) for ids in AutoTokenizer.from_pretrained(run.path)(read_texts)["input_ids"]]
    assert trained["tokens_per_second"] / trained["examples_per_second"] == pytest.approx(np.mean(lengths), rel=0.01)
    before = AutoModel.from_pretrained(tiny_model(family)).state_dict()
    after = AutoModel.from_pretrained(run.path).state_dict()
    name = next(name for name in before if "embedding" in name and before[name].ndim == 2)
    assert not torch.equal(before[name], after[name])
    classify = pipeline("text-classification", model=str(run.path), top_k=None)
    answer = {each["label"]: each["score"] for each in classify([ENGLISH[16]], truncation=True)[0]}
    table = run.path / "predictions" / "test.parquet"
    stored = pq.read_table(table).to_pylist()[0]
    assert stored["text"] == ENGLISH[16]
    np.testing.assert_allclose([answer[label] for label in evaluation["labels"]], stored["scores"], atol=1e-4)
    if not several:
        assert evaluation["metrics"]["accuracy"]["value"] >= 0.75


@pytest.mark.parametrize("anew", [False, True])
def test_validation_is_learned_once_it_has_chosen(anew, tiny_model, tmp_path, monkeypatch):
    """What is kept of validation is of a training without it; what is saved goes on with it, or is a mean of both."""
    monkeypatch.setattr(few_shot, "MOST_TAKEN_FURTHER", 11 if anew else 12)
    split = training_rows(12)
    train, validation = split.select(range(8)), split.select(range(8, 12))
    runs = {}
    for learns in (True, False):
        model, tokenizer = built(tiny_model("bert"), train, head="linear", pooling="mean")
        args = arguments(tmp_path / str(learns), family="few_shot", learn_validation=learns, learning_rate=1e-3)
        began = time.perf_counter()
        fitted = few_shot.fit_few_shot(model, tokenizer, train, validation, args, max_length=32, metrics=quick_metrics)
        assert fitted.training["seconds"] <= time.perf_counter() - began  # none of it counted twice
        runs[learns] = RunFolder(tmp_path / str(learns))
    kept = [load_file(run.path / VALIDATION_LOGITS)["logits"] for run in runs.values()]
    np.testing.assert_array_equal(*kept)
    saved = [load_file(run.path / "model.safetensors") for run in runs.values()]
    assert sum(np.abs(saved[0][name] - saved[1][name]).max() > 0 for name in saved[0]) > 30
    model, tokenizer = built(tiny_model("bert"), train, head="linear", pooling="mean")
    args = arguments(tmp_path / "all", learning_rate=1e-3)
    contrast.contrast(model, tokenizer, tokenise(train, tokenizer, 32), args, 8 * 9, "bar")
    without = copy.deepcopy(model.state_dict())
    if anew:
        model, tokenizer = built(tiny_model("bert"), train, head="linear", pooling="mean")
    contrast.contrast(model, tokenizer, tokenise(split, tokenizer, 32), args, 12 * 13 // (1 if anew else 4), "bar")
    if anew:
        model.load_state_dict({name: (weight + without[name]) / 2 for name, weight in model.state_dict().items()})
    scale_last(model, None)
    alone = {name: weight.numpy() for name, weight in model.state_dict().items()}
    encoder = [name for name in saved[0] if name in alone and not name.startswith("classifier")]
    assert len(encoder) > 30
    for name in encoder:
        np.testing.assert_allclose(saved[0][name], alone[name], rtol=0, atol=1e-7 if anew else 0, err_msg=name)
    known = [run.read_json("checkpoints/training.json")["training"] for run in runs.values()]
    assert [each.get("validation_learned") for each in known] == [4, None]
    assert [each["residual_scale"] for each in known] == [{"layers": 1, "by": 0.5}] * 2


def test_a_model_that_has_learned_validation_is_not_asked_about_it(tiny_model, tmp_path):
    split = training_rows(12)
    train, validation = split.select(range(8)), split.select(range(8, 12))
    model, tokenizer = built(tiny_model("bert"), train, head="linear", pooling="mean")
    args = arguments(tmp_path / "run", family="few_shot", learning_rate=1e-3)
    few_shot.fit_few_shot(model, tokenizer, train, validation, args, max_length=32, metrics=quick_metrics)
    run = RunFolder(tmp_path / "run")
    before = load_file(run.path / VALIDATION_LOGITS)["logits"]
    settled = settle(run, validation, MeasureArguments())
    scale = 1 / settled.record["calibration"]["temperature"]
    np.testing.assert_allclose(settled.scores, softmax(before * scale, axis=1), atol=1e-6)
    own = Classifier.load(run.path).scores(list(validation["text"]))
    assert np.abs(own - settled.scores).max() > 1e-3
    (run.path / VALIDATION_LOGITS).unlink()
    with pytest.raises(UserError, match=r"has learned its validation texts, and .* Train once more into a new"):
        settle(run, validation, MeasureArguments())


def test_few_texts_are_read_once_for_each_other_and_many_so_often_each():
    assert [few_shot._reading(n) for n in (1, 14, 48)] == [2, 14 * 15, 48 * 49]
    assert [few_shot._reading(n) for n in (49, 98, 120)] == [2_400] * 3
    assert [few_shot._reading(n) for n in (121, 195, 197, 390)] == [2_487, 8_925, 46 * 197, 46 * 390]
    assert [few_shot._reading(n) for n in (392, 5_000)] == [18_000] * 2


def test_contrast_brings_texts_of_a_class_together(tiny_model, tmp_path):
    shutil.copytree(tiny_model("roberta"), tmp_path / "tiny")
    follow(
        tmp_path,
        [*COMMON, *rows(tmp_path), "--model", "tiny", "--family", "few_shot", "--output_dir", "run"],
    )
    gaps = []
    for folder in (tmp_path / "tiny", tmp_path / "run"):
        classify = pipeline("feature-extraction", model=str(folder), tokenizer=str(tmp_path / "run"))
        states = np.array([np.mean(classify(t)[0], axis=0) for t in [*ENGLISH[:12], *KOREAN[:12]]])
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        cosines, alike = states @ states.T, np.kron(np.eye(2), np.ones((12, 12))) == 1
        gaps.append(cosines[alike].mean() - cosines[~alike].mean())
    assert gaps[1] > gaps[0] + 0.3


def test_a_run_on_few_texts_is_told_of_the_family_for_them(tiny_model, tmp_path):
    shutil.copytree(tiny_model("bert"), tmp_path / "tiny")
    shown = follow(tmp_path, [*COMMON, *rows(tmp_path), "--model", "tiny", "--output_dir", "run"])
    assert "Half of the labels have 12 training texts or fewer: --family few_shot is made for up to 64." in shown


@pytest.mark.parametrize(
    ("trained", "wanted", "expected"), [(True, True, 1e-2), (True, False, None), (False, True, None)]
)
def test_pieces_of_words_are_learned_where_embeddings_are_at_a_rate_of_their_own(
    trained, wanted, expected, tiny_model, tmp_path, monkeypatch
):
    class SeenError(Exception):
        pass

    def seen(*args):
        raise SeenError(args[-1])

    asked = []
    monkeypatch.setattr(few_shot, "learn_pieces", lambda model, tokenizer, texts: asked.append(texts) or 5)
    monkeypatch.setattr(few_shot, "contrast", seen)
    split = training_rows(6)
    model, tokenizer = built(tiny_model("bert"), split, head="linear", pooling="mean")
    model.get_input_embeddings().weight.requires_grad_(trained)
    args = arguments(tmp_path / "run", family="few_shot", own_pieces=wanted)
    with pytest.raises(SeenError) as rate:
        few_shot.fit_few_shot(model, tokenizer, split, split, args, max_length=32, metrics=quick_metrics)
    assert rate.value.args == (expected,)
    assert asked == ([list(split["text"])] if expected else [])


def test_a_scale_that_a_family_cannot_have_is_refused_before_the_training(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(few_shot, "contrast", lambda *_: pytest.fail("it was trained"))
    split = training_rows(6)
    model, tokenizer = built(tiny_model("modernbert"), split, head="linear", pooling="mean")
    args = arguments(tmp_path / "run", family="few_shot", residual_scale=0.5)
    with pytest.raises(UserError, match=r"--residual_scale is for bert, .*modernbert\. Leave it out"):
        few_shot.fit_few_shot(model, tokenizer, split, split, args, max_length=32, metrics=quick_metrics)
    assert not (tmp_path / "run").exists()
