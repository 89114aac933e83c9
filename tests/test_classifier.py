"""The classifier: what it computes for each text does not depend on the texts beside it."""

import json
import shutil
import unicodedata

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedTokenizerFast,
)

from tests.test_guards import SmallMemory
from tests.tiny_models import ENGLISH, KOREAN, SENTENCES
from textclf.errors import UserError
from textclf.inference import memory
from textclf.inference.classifier import TOKENS_PER_BATCH, Classifier, texts_of
from textclf.inference.rows import RowEncoder, batches_by_length

SINGLE = ("bad", "good", "neither")
SEVERAL = ("it", "economy", "society")


@pytest.fixture(scope="module")
def single(tiny_model):
    return Classifier.load(tiny_model("bert", labels=SINGLE), device="cpu")


@pytest.fixture(scope="module")
def several_folder(tiny_model, tmp_path_factory):
    """A classifier with several labels and a cut for each."""
    folder = tmp_path_factory.mktemp("several") / "run"
    shutil.copytree(tiny_model("roberta", labels=SEVERAL), folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"problem_type": "multi_label_classification"}
    config["thresholds"] = {"society": 0.9, "it": 0.1, "economy": 0.5}  # not in the order of the labels
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def alone(classifier, text, pair=None):
    """Scores of one text, computed without batches and padding."""
    inputs = classifier.tokenizer(text, pair, truncation=True, max_length=classifier.max_length, return_tensors="pt")
    with torch.no_grad():
        return classifier.model(**inputs).logits.softmax(-1)[0].numpy()


def test_scores_are_those_of_each_text_alone_in_the_order_given(single):
    texts = [" ".join(SENTENCES[i : i + 1 + i % 4]) for i in range(len(SENTENCES))]
    found = single.scores(texts)
    assert found.shape == (len(texts), 3)
    assert found.dtype == np.float32
    assert np.abs(found - [alone(single, text) for text in texts]).max() < 1e-6
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-6


words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
anything = st.one_of(words, st.tuples(words, st.one_of(st.none(), words)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(anything, max_size=8), random=st.randoms(use_true_random=False))
def test_any_order_gives_the_same_scores(single, texts, random):
    order = list(range(len(texts)))
    random.shuffle(order)
    found = single.scores(texts)
    shuffled = single.scores([texts[i] for i in order])
    assert np.isfinite(found).all()
    assert np.allclose(shuffled, found[order], atol=1e-6)


def test_chunks_are_put_together_again_in_order(single, monkeypatch):
    texts = [" ".join(SENTENCES[: 1 + i % 3]) + str(i) for i in range(23)]
    whole, windows = single.scores(texts), single.scores(texts, windows=True)
    monkeypatch.setattr("textclf.inference.rows.CHUNK", 5)
    assert np.allclose(single.scores(texts), whole, atol=1e-6)
    assert np.allclose(single.scores(texts, windows=True), windows, atol=1e-6)


@given(lengths=st.lists(st.integers(1, 700), max_size=60), budget=st.integers(1, 2000))
def test_batches_hold_every_text_once_and_no_more_tokens_than_allowed(lengths, budget):
    batches = list(batches_by_length(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= budget
    firsts = [lengths[batch[0]] for batch in batches]
    assert firsts == sorted(firsts, reverse=True), "longest first: running out of memory shows at once"


def test_texts_of_one_length_fill_their_batches():
    assert [len(batch) for batch in batches_by_length([64] * 100, 4096)] == [64, 36]


def test_out_of_memory_halves_the_batch_and_changes_no_score(tiny_model, caplog):
    classifier = Classifier.load(tiny_model("bert", labels=("a", "b", "c")))
    texts = [*ENGLISH, *KOREAN] * 2
    expected = classifier.scores(texts)
    embeddings = SmallMemory(classifier.model.bert.embeddings, texts=9, while_training=False)
    classifier.model.bert.embeddings = embeddings.eval()
    assert np.abs(classifier.scores(texts) - expected).max() < 1e-6
    assert "Memory ran out: batches of 2048 tokens from here on." in caplog.text
    embeddings.texts = 0
    with pytest.raises(UserError, match="Memory runs out with a single text of"):
        classifier.scores(texts)


def test_batches_that_will_not_fit_are_smaller_from_the_start_and_no_score_changes(tiny_model, caplog, monkeypatch):
    folder, texts = tiny_model("bert", labels=("a", "b", "c")), [*ENGLISH, *KOREAN] * 2
    whole = Classifier.load(folder, device="cpu")
    expected = whole.scores(texts)
    assert whole.tokens_per_batch == TOKENS_PER_BATCH
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000)
    scarce = Classifier.load(folder, device="cpu")
    seen = []
    scarce.model.register_forward_pre_hook(
        lambda *given: seen.append(given[-1]["input_ids"].numel()), with_kwargs=True
    )
    assert np.abs(scarce.scores(texts) - expected).max() < 1e-6
    assert max(seen) <= scarce.tokens_per_batch < TOKENS_PER_BATCH
    told = [record for record in caplog.records if "1.0 MB of memory are free: batches of" in record.message]
    assert len(told) == 1
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    with pytest.raises(UserError, match=r"A single text of \d+ tokens needs about .* to be scored; 0.0 MB are free"):
        Classifier.load(folder, device="cpu").scores(texts)


def test_an_accelerator_is_given_larger_batches_than_a_processor(tiny_model, monkeypatch):
    assert Classifier.load(tiny_model("bert", labels=("a", "b"))).tokens_per_batch == TOKENS_PER_BATCH
    on_a_gpu = Classifier.load(tiny_model("bert", labels=("a", "b")))
    monkeypatch.setattr(type(on_a_gpu.model), "device", torch.device("cuda"))
    assert Classifier(on_a_gpu.model, on_a_gpu.tokenizer).tokens_per_batch > 10 * TOKENS_PER_BATCH


def test_a_second_text_that_is_null_or_empty_counts_as_none(single):
    first = ENGLISH[:3]
    expected = single.scores(first)
    assert np.array_equal(single.scores([(text, None) for text in first]), expected)
    assert np.array_equal(single.scores([(text, "") for text in first]), expected)
    mixed = [first[0], (first[1], KOREAN[0]), (first[2], "")]
    rows = [alone(single, first[0]), alone(single, first[1], KOREAN[0]), alone(single, first[2])]
    assert np.abs(single.scores(mixed) - rows).max() < 1e-6


def test_texts_of_a_split_are_pairs_where_it_has_two_columns():
    split = Dataset.from_dict({"text": ["a", "b"], "text_pair": ["c", None]})
    assert list(texts_of(split)) == texts_of(split)[:] == [("a", "c"), ("b", None)]
    assert texts_of(split)[1] == ("b", None)
    assert list(texts_of(split.remove_columns("text_pair"))) == ["a", "b"]


def test_texts_of_a_large_split_are_read_a_piece_at_a_time(single, monkeypatch):
    """All texts stood in memory as one list before the first was scored."""
    split = Dataset.from_dict({"text": SENTENCES * 100})
    monkeypatch.setattr("textclf.inference.rows.CHUNK", 64)
    taken = []
    read = Dataset.__getitem__
    monkeypatch.setattr(Dataset, "__getitem__", lambda rows, key: (taken.append(key), read(rows, key))[1])
    found = single.scores(texts_of(split))
    assert len(found) == len(split)
    assert max(key.stop - key.start for key in taken if isinstance(key, slice)) == 64
    assert all(isinstance(key, slice | str) for key in taken)
    assert np.allclose(found[: len(SENTENCES)], found[-len(SENTENCES) :], atol=1e-6)


def test_no_texts_give_no_rows(single):
    assert single.scores([]).shape == (0, 3)
    assert single.scores([], windows=True).shape == (0, 3)
    assert single.predict([]) == []


def test_an_empty_text_is_scored_like_any_other(single):
    assert np.isfinite(single.scores(["", " ", "좋"])).all()


def test_longer_texts_are_cut(single):
    long = " ".join(SENTENCES)
    ids = single.tokenizer(long)["input_ids"]
    assert len(ids) > single.max_length == 128
    cut = torch.tensor([[*ids[:127], single.tokenizer.sep_token_id]])
    with torch.no_grad():
        expected = single.model(input_ids=cut).logits.softmax(-1).numpy()
    assert np.abs(single.scores([long]) - expected).max() < 1e-6


def test_windows_are_the_mean_of_half_overlapping_stretches(tiny_model, tmp_path):
    """Cut by hand: 13 positions hold 11 tokens of text between [CLS] and [SEP]; the next begins 6 tokens later."""
    shutil.copytree(tiny_model("bert", labels=SINGLE), tmp_path / "run")
    classifier = Classifier.load(tmp_path / "run", device="cpu")
    classifier.max_length = 13
    long, short = " ".join(ENGLISH[:3]), "good soup"
    tokens = classifier.tokenizer(long, add_special_tokens=False)["input_ids"]
    stride = (13 - 3) // 2  # tokens that neighbours share: half of what fits beside the three of a pair
    stretches, start = [], 0
    while True:
        stretches.append(tokens[start : start + 11])
        if start + 11 >= len(tokens):
            break
        start += 11 - stride
    assert len(stretches) > 3
    start, end = classifier.tokenizer.cls_token_id, classifier.tokenizer.sep_token_id
    with torch.no_grad():
        rows = [classifier.model(torch.tensor([[start, *part, end]])).logits.softmax(-1)[0] for part in stretches]
    found = classifier.scores([short, long], windows=True)
    assert np.abs(found[1] - torch.stack(rows).mean(0).numpy()).max() < 1e-6
    assert np.abs(found[0] - alone(classifier, short)).max() < 1e-6, "a short text is one window"
    assert np.abs(found[1] - classifier.scores([long])[0]).max() > 1e-3


def test_windows_of_pairs_average_to_probabilities(single):
    pairs = [(ENGLISH[0], " ".join(SENTENCES)), (KOREAN[0], "짧다")]
    found = single.scores(pairs, windows=True)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-5
    assert np.abs(found[1] - alone(single, *pairs[1])).max() < 1e-6


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("length", [9, 16, 17, 128])
def test_windows_go_over_the_longer_text_of_a_pair_whatever_the_lengths(family, length, tiny_model, tmp_path):
    """Two long texts ended the process in the tokenizer: the overlap was longer than what was left of one."""
    shutil.copytree(tiny_model(family, labels=SINGLE), tmp_path / "run")
    classifier = Classifier.load(tmp_path / "run", device="cpu")
    classifier.max_length = length
    times = 3 if length > 100 else 1  # each text several windows long, not hundreds
    short, long = ENGLISH[0], " ".join(SENTENCES * times)
    korean = unicodedata.normalize("NFD", " ".join(KOREAN * 4 * times))
    pairs = [(long, korean), (korean, long), (long, long), (short, long), (long, short), ("", long), (short, ""), long]
    found = classifier.scores(pairs, windows=True)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-5
    together = RowEncoder(classifier.tokenizer, length)
    rows = next(iter(together.chunks(pairs, windows=True)))
    assert set(rows.owners.tolist()) == set(range(len(pairs)))
    assert max(rows.lengths) <= length
    for place, pair in enumerate(pairs):
        assert found[place] == pytest.approx(classifier.scores([pair], windows=True)[0], abs=1e-5)


def test_every_token_of_the_longer_text_is_in_a_window_beside_the_other(tiny_model, tmp_path):
    """By hand: of 16 positions 13 hold text; of the shorter at most 6, so that 7 are left and the next begins 4 on."""
    shutil.copytree(tiny_model("bert", labels=SINGLE), tmp_path / "run")
    tokenizer = Classifier.load(tmp_path / "run", device="cpu").tokenizer
    first, second = " ".join(ENGLISH[:2]), " ".join(ENGLISH[:5])
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (first, second)]
    assert 6 < len(ids[0]) < len(ids[1])
    rows = next(iter(RowEncoder(tokenizer, 16).chunks([(first, second)], windows=True))).values["input_ids"]
    kept = rows[0].index(tokenizer.sep_token_id) - 1
    assert 1 <= kept <= 6
    width = 13 - kept
    step = width - width // 2
    for number, row in enumerate(rows):
        part = ids[1][number * step :][:width]
        assert row == [tokenizer.cls_token_id, *ids[0][:kept], tokenizer.sep_token_id, *part, tokenizer.sep_token_id]
    assert (len(rows) - 1) * step + width >= len(ids[1])


def test_thresholds_decide_label_by_label(several_folder):
    classifier = Classifier.load(several_folder, device="cpu")
    assert classifier.thresholds.tolist() == [0.1, 0.5, 0.9], "in the order of the labels"
    inputs = classifier.tokenizer(ENGLISH[0], return_tensors="pt")
    with torch.no_grad():
        expected = classifier.model(**inputs).logits.sigmoid()[0].tolist()
    (found,) = classifier.predict([ENGLISH[0]])
    assert list(found.scores) == list(SEVERAL)
    assert found.scores == pytest.approx(dict(zip(SEVERAL, expected, strict=True)), abs=1e-6)
    for prediction in classifier.predict(SENTENCES):
        cuts = zip(SEVERAL, (0.1, 0.5, 0.9), strict=True)
        assert prediction.labels == [name for name, cut in cuts if prediction.scores[name] >= cut]


def test_one_label_is_the_one_with_the_highest_score(single):
    for prediction in single.predict(SENTENCES):
        assert prediction.labels == [max(prediction.scores, key=prediction.scores.get)]


def test_loading_is_in_fp32_and_without_dropout(tiny_model, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model("bert", labels=SINGLE))
    model.to(torch.bfloat16).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model("bert", labels=SINGLE)).save_pretrained(tmp_path)
    classifier = Classifier.load(tmp_path, device="cpu")
    assert {p.dtype for p in classifier.model.parameters()} == {torch.float32}
    assert np.array_equal(classifier.scores(SENTENCES), classifier.scores(SENTENCES))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_the_processor_is_used(tiny_model):
    assert Classifier.load(tiny_model("bert", labels=SINGLE)).model.device.type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_scores_of_the_processor(tiny_model):
    folder = tiny_model("bert", labels=SINGLE)
    on_gpu = Classifier.load(folder)
    assert on_gpu.model.device.type == "cuda"
    assert np.abs(on_gpu.scores(SENTENCES) - Classifier.load(folder, device="cpu").scores(SENTENCES)).max() < 1e-5


def config(**fields):
    """Change fields of a copied folder's config.json."""

    def change(folder):
        values = json.loads((folder / "config.json").read_text(encoding="utf-8")) | fields
        (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")

    return change


def without_tokenizer(folder):
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).unlink(missing_ok=True)


def with_broken_weights(folder):
    (folder / "model.safetensors").write_bytes(b"not weights at all")


@pytest.mark.parametrize(
    ("labels", "change", "reason"),
    [
        (None, config(), "no weights for classifier.bias, classifier.weight"),
        (SINGLE, without_tokenizer, "it has no tokenizer"),
        (SINGLE, with_broken_weights, "header too large"),
        (SINGLE, config(id2label=dict.fromkeys("01234", "x")), "do not have the shapes that its config.json says"),
        (SINGLE, config(id2label={"0": "bad", "1": "good", "5": "so"}), "label ids of its config.json are 0, 1, 5"),
        (SINGLE, config(problem_type="regression"), "gives a number"),
        (("LABEL_0",), config(), "gives a number"),
    ],
    ids=["encoder", "no tokenizer", "broken", "other size", "gap in ids", "regression", "one output"],
)
def test_what_cannot_score_labels_is_refused_with_the_reason(labels, change, reason, tiny_model, tmp_path):
    """Transformers draws what is missing at random and makes up a tokenizer: both were measured as if trained."""
    folder = tmp_path / "model"
    shutil.copytree(tiny_model("distilbert", labels=labels), folder)
    change(folder)
    with pytest.raises(UserError, match=reason):
        Classifier.load(folder)


@pytest.mark.parametrize("cuts", [0.4, [0.5, 0.4, 0.3], {"it": 0.5}, {"x": 0.5, "y": 0.5, "z": 0.5}])
def test_what_other_people_call_thresholds_is_left_alone(cuts, several_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(several_folder, folder)
    config(thresholds=cuts)(folder)
    assert Classifier.load(folder).thresholds is None


def test_a_model_without_padding_reads_one_text_at_a_time(tiny_model, tmp_path):
    """GPT-2 and its like have no padding token; `pipeline()` scores them, so they can be measured."""
    source = AutoTokenizer.from_pretrained(tiny_model("roberta"))
    bare = PreTrainedTokenizerFast(tokenizer_object=source.backend_tokenizer, model_max_length=64)
    bare.save_pretrained(tmp_path)
    shape = {"vocab_size": len(bare), "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64}
    names = {"id2label": dict(enumerate(SINGLE)), "label2id": {name: i for i, name in enumerate(SINGLE)}}
    GPT2ForSequenceClassification(GPT2Config(**shape, **names)).save_pretrained(tmp_path)
    classifier = Classifier.load(tmp_path, device="cpu")
    found = classifier.scores(SENTENCES)
    assert np.abs(found - [alone(classifier, text) for text in SENTENCES]).max() < 1e-6


def test_what_is_no_classifier_ends_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match="could not be loaded as a text classifier"):
        Classifier.load(tmp_path)
