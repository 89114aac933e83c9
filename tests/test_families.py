"""Families by layout: trained, saved, reloaded, calibrated; long texts; and the presets that come with them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer, pipeline, set_seed

from tests.tiny_models import FAMILIES
from textclf.arguments import ModelArguments
from textclf.inference.classifier import Classifier
from textclf.labels import LabelSpace
from textclf.models import checkpoint
from textclf.models.encoder import build
from textclf.models.heads import fold
from textclf.models.limits import longest_input
from textclf.recipe import read_recipe
from textclf.training.settings import check_settings

LABELS = LabelSpace(("나쁨", "좋음"), multi_label=False)
TRAIN = [
    ("정말 최악이에요. 이렇게 나쁜 서비스는 처음입니다.", 0),
    ("정말 최고예요. 이렇게 좋은 서비스는 처음입니다.", 1),
    ("This is bad, really bad, the worst service.", 0),
    ("This is good, really good, the best service.", 1),
    ("국은 식었고 아무도 사과하지 않았다.", 0),
    ("방이 깨끗하고 직원이 친절하며 맛있었어요!", 1),
]


def train(model, tokenizer, rows, steps=30, rate=5e-3, max_length=64):
    """Fit rows in full batches; return the loss of the last step."""
    model.train()
    inputs = tokenizer(
        [text for text, _ in rows], padding=True, truncation=True, max_length=max_length, return_tensors="pt"
    )
    gold = torch.tensor([label for _, label in rows])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(**inputs).logits, gold)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    return loss.item()


def scores(folder, texts):
    """Return float64 [N, L] of a plain pipeline on a folder."""
    rows = pipeline("text-classification", model=str(folder))(texts, top_k=None, truncation=True)
    return np.array([[{r["label"]: r["score"] for r in row}[name] for name in LABELS.names] for row in rows])


@pytest.mark.parametrize("head", ["auto", "mlp", "linear"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_and_its_plain_pipeline_gives_the_scores(family, head, tiny_model, tmp_path):
    set_seed(3)
    model, tokenizer = build(ModelArguments(model=str(tiny_model(family)), head=head, dropout=0.0), LABELS)
    assert train(model, tokenizer, TRAIN) < 0.3
    texts = [text for text, _ in TRAIN]
    with torch.no_grad():
        logits = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits.numpy()
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    saved = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    fold(saved, 1 / 2.5)  # a temperature
    saved.save_pretrained(tmp_path)
    scaled = np.exp(logits / 2.5 - (logits / 2.5).max(axis=1, keepdims=True))
    expected = scaled / scaled.sum(axis=1, keepdims=True)
    assert np.abs(scores(tmp_path, texts) - expected).max() < (1e-5 if head != "linear" else 2e-4)


def test_klue_roberta_is_a_bert_tokenizer_on_a_roberta_model(tiny_model, tmp_path):
    """Pairs broke it: BERT's second type id lies outside RoBERTa's single token type."""
    folder = shutil.copytree(tiny_model("roberta"), tmp_path / "klue")
    for name in ("vocab.json", "merges.txt", "tokenizer.json"):
        (folder / name).unlink()
    special = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]  # klue/roberta's order of ids
    words = (tiny_model("bert") / "vocab.txt").read_text(encoding="utf-8").split()
    words = special + [word for word in words if word not in special]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}')
    config = json.loads((folder / "config.json").read_text())
    config |= {"vocab_size": len(words), "tokenizer_class": "BertTokenizer", "architectures": ["RobertaModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    AutoModel.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)

    model, tokenizer = build(ModelArguments(model=str(folder)), LABELS)
    first, second = "한국은행이 기준금리를 올렸다.", "정말 최고예요."
    encoded = tokenizer(first, second)
    assert set(encoded) == {"input_ids", "attention_mask"}
    source = AutoTokenizer.from_pretrained(tiny_model("bert"))
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == source.convert_ids_to_tokens(
        source(first, second)["input_ids"]
    )
    assert encoded["input_ids"][0] == 0
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)
    reloaded = AutoTokenizer.from_pretrained(tmp_path / "run")
    assert dict(reloaded(first, second)) == dict(encoded)
    with torch.no_grad():
        logits = model.eval()(**tokenizer(first, second, return_tensors="pt")).logits
    pair = {"text": first, "text_pair": second}
    rows = pipeline("text-classification", model=str(tmp_path / "run"))(pair, top_k=None)
    found = {row["label"]: row["score"] for row in rows}
    assert [found[name] for name in LABELS.names] == pytest.approx(logits.softmax(-1)[0].tolist(), abs=1e-5)


def test_koelectra_has_a_vocabulary_file_and_a_pickle_only(tiny_model, tmp_path):
    """monologg/koelectra-*: vocab.txt, a tokenizer_config without a class, pytorch_model.bin."""
    folder = shutil.copytree(tiny_model("electra"), tmp_path / "koelectra")
    expected = AutoTokenizer.from_pretrained(tiny_model("electra"))
    source = AutoModelForSequenceClassification.from_pretrained(folder)
    (folder / "tokenizer.json").unlink()
    (folder / "model.safetensors").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "model_type": "electra"}')
    torch.save(source.state_dict(), folder / "pytorch_model.bin")
    model, tokenizer = build(ModelArguments(model=str(folder)), LABELS)
    for text, _ in TRAIN:
        assert dict(tokenizer(text, "둘째")) == dict(expected(text, "둘째"))
    checkpoint.save(model, tokenizer, tmp_path / "run", max_length=64)
    assert dict(AutoTokenizer.from_pretrained(tmp_path / "run")("정말 café", "둘째")) == dict(
        expected("정말 café", "둘째")
    )
    assert not list((tmp_path / "run").glob("*.bin"))


def test_words_at_the_end_of_a_long_text_decide_where_the_model_has_the_positions(tiny_model, tmp_path):
    """ModernBERT's layout, over 512 tokens: two long texts that differ in their last words only."""
    set_seed(1)
    model, tokenizer = build(ModelArguments(model=str(tiny_model("modernbert")), dropout=0.0), LABELS)
    assert longest_input(model.config, tokenizer) == 1024
    opening = "경찰은 트럭이 자갈을 쏟은 뒤에 도로를 막았다. The museum shows paintings. " * 18
    rows = [(opening + "정말 정말 최악이에요.", 0), (opening + "정말 정말 최고예요!", 1)]
    ids = [tokenizer(text)["input_ids"] for text, _ in rows]
    assert 512 < min(map(len, ids)) < 1024
    assert ids[0][:512] == ids[1][:512]
    assert train(model, tokenizer, rows, steps=60, rate=1e-3, max_length=1024) < 0.1
    checkpoint.save(model, tokenizer, tmp_path, max_length=1024)
    whole = scores(tmp_path, [text for text, _ in rows])
    assert whole.argmax(axis=1).tolist() == [0, 1]
    cut = pipeline("text-classification", model=str(tmp_path))
    short = [cut(text, truncation=True, max_length=512, top_k=None) for text, _ in rows]
    assert short[0] == short[1]  # cut at 512 they are one text


def test_words_at_the_end_of_a_long_text_decide_through_windows_where_there_are_no_positions(tiny_model, tmp_path):
    """BERT's layout with 128 positions: what truncation never sees, the last window does."""
    set_seed(1)
    model, tokenizer = build(ModelArguments(model=str(tiny_model("bert")), dropout=0.0), LABELS)
    neutral = "경찰은 트럭이 자갈을 쏟은 뒤에 도로를 막았다. The museum shows paintings. "
    ends = ("정말 정말 최악이에요.", "정말 정말 최고예요!")
    rows = [(neutral * count + end, label) for count in range(3) for label, end in enumerate(ends)]
    assert train(model, tokenizer, rows, steps=200, rate=3e-3, max_length=128) < 0.1
    checkpoint.save(model, tokenizer, tmp_path, max_length=128)
    classifier = Classifier.load(tmp_path, device="cpu")
    long = [neutral * 6 + end for end in ends]
    assert min(len(tokenizer(text)["input_ids"]) for text in long) > 128
    cut, windows = classifier.scores(long), classifier.scores(long, windows=True)
    assert np.array_equal(cut[0], cut[1]), "cut at 128 they are one text"
    assert windows[1, 1] - windows[0, 1] > 0.2, "one of two windows"


PRESETS = sorted(Path("recipes/presets").glob("*.yaml"))


def test_there_is_a_preset_for_each_family_and_the_korean_encoders():
    names = {path.stem for path in PRESETS}
    families = {"bert", "roberta", "xlm-roberta", "electra", "distilbert", "deberta-v3", "modernbert", "mpnet"}
    assert names >= families | {"kobert", "klue-roberta", "klue-bert", "koelectra", "minilm", "lora"}


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_is_a_recipe_and_says_its_source(path):
    recipe = read_recipe([str(path), "--dataset", "hate_speech"])
    assert "/" in recipe.model.model
    assert 5e-6 <= recipe.fit.learning_rate <= 3e-4
    assert recipe.fit.warmup_steps < 1, "a share: 500 steps are more than a small data set has"
    check_settings(recipe.fit)
    comment = "".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    assert "Source" in comment or "et al." in comment
