"""Token attributions: integrated gradients whose words add up, for every family, in Korean and in English."""

import ast
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

from tests.tiny_models import FAMILIES
from textclf.evaluation import attribution as module
from textclf.evaluation.attribution import TOLERANCE, attribute

LABELS = ("나쁨", "좋음", "other")
KOREAN = "정말 최악이에요. 이렇게 나쁜 서비스는 처음입니다."
ENGLISH = "The soup was cold and nobody said sorry."


def load(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval(), tokenizer


@pytest.fixture(scope="module")
def loaded(tiny_model):
    made = {}

    def get(family):
        if family not in made:
            made[family] = load(tiny_model(family, labels=LABELS))
        return made[family]

    return get


def log_odds(model, tokenizer, *texts, target):
    with torch.no_grad():
        scores = torch.softmax(model(**tokenizer(*texts, return_tensors="pt", truncation=True)).logits[0].double(), -1)
    return float(torch.logit(scores[target]))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "texts", [(KOREAN,), (ENGLISH, KOREAN), (unicodedata.normalize("NFD", KOREAN),)], ids=["one", "pair", "NFD"]
)
def test_word_scores_add_up_to_the_change_of_the_log_odds(loaded, family, texts):
    model, tokenizer = loaded(family)
    found = attribute(model, tokenizer, *texts, label="좋음")
    assert [word.text for word in found.words] == [word for text in texts for word in text.split()]
    assert [word.part for word in found.words] == [part for part, text in enumerate(texts) for _ in text.split()]
    assert found.log_odds == pytest.approx(log_odds(model, tokenizer, *texts, target=1), abs=1e-3)
    assert found.completeness_error <= TOLERANCE
    gap = sum(word.score for word in found.words) - found.difference
    assert abs(gap) / max(1, abs(found.difference)) == pytest.approx(found.completeness_error, abs=1e-4)
    assert all(word.read for word in found.words)


def test_scores_are_those_of_captums_layer_method(loaded):
    """BERT, where padding does not move positions: gradients on the embedding layer, summed by hand over sub-words."""
    model, tokenizer = loaded("bert")
    found = attribute(model, tokenizer, KOREAN, label=0, steps=64)
    encoded = tokenizer(KOREAN, return_tensors="pt", return_offsets_mapping=True, return_special_tokens_mask=True)
    special, offsets = encoded.pop("special_tokens_mask")[0].bool(), encoded.pop("offset_mapping")[0].tolist()
    ids = encoded["input_ids"]
    baseline = torch.where(special, ids, torch.tensor(tokenizer.pad_token_id))

    def odds(ids, mask, types):
        logits = model(input_ids=ids, attention_mask=mask, token_type_ids=types).logits
        return logits[:, 0] - torch.logsumexp(logits[:, 1:], dim=1)

    layer = LayerIntegratedGradients(odds, model.get_input_embeddings())
    extra = (encoded["attention_mask"], encoded["token_type_ids"])
    tokens = layer.attribute(ids, baseline, additional_forward_args=extra, n_steps=found.steps).sum(-1)[0].tolist()
    for word in found.words:
        inside = [s for s, (a, b) in zip(tokens, offsets, strict=True) if b > a and word.start <= a < word.end]
        assert word.score == pytest.approx(sum(inside), abs=1e-4)


def test_several_labels_explain_the_logit_of_one(loaded, tiny_model):
    model, tokenizer = load(tiny_model("bert", labels=LABELS))
    model.config.problem_type = "multi_label_classification"
    found = attribute(model, tokenizer, KOREAN, label="other")
    with torch.no_grad():
        logits = model(**tokenizer(KOREAN, return_tensors="pt")).logits[0]
    assert found.log_odds == pytest.approx(float(logits[2]), abs=1e-5)
    assert found.probability == pytest.approx(float(torch.sigmoid(logits[2])), abs=1e-5)


def test_the_likeliest_label_is_explained_by_default(loaded):
    model, tokenizer = loaded("electra")
    found = attribute(model, tokenizer, ENGLISH)
    with torch.no_grad():
        scores = torch.softmax(model(**tokenizer(ENGLISH, return_tensors="pt")).logits[0], -1)
    assert found.label == LABELS[int(scores.argmax())]
    assert found.probability == pytest.approx(float(scores.max()), abs=1e-5)


def test_an_empty_pair_is_a_single_text(loaded):
    model, tokenizer = loaded("roberta")
    single = attribute(model, tokenizer, ENGLISH, label=0)
    for pair in (None, ""):
        assert attribute(model, tokenizer, ENGLISH, pair, label=0) == single


def test_random_weights_change_the_attribution(loaded, tiny_model):
    """Adebayo et al. 2018, "Sanity Checks for Saliency Maps": a map that ignores the weights explains nothing."""
    model, tokenizer = load(tiny_model("bert", labels=LABELS))
    before = np.array([word.score for word in attribute(model, tokenizer, KOREAN, label=0).words])
    set_seed(1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    after = np.array([word.score for word in attribute(model, tokenizer, KOREAN, label=0).words])
    assert np.abs(before - after).max() > 0.1 * np.abs(before).max()
    assert abs(np.corrcoef(before, after)[0, 1]) < 0.9


NEUTRAL = ["오늘", "가게", "에서", "the", "shop", "was", "on", "우리", "집", "근처", "it", "and", "there", "다시"]
GOOD, BAD = ["최고예요", "wonderful", "훌륭하다"], ["최악이에요", "worst", "나쁜"]


def sentences(count, seed):
    """Return texts of eight neutral words with one or two telling words among them, and their labels."""
    rng = np.random.default_rng(seed)
    texts, gold = [], []
    for _ in range(count):
        label = int(rng.integers(2))
        words = [*rng.choice(NEUTRAL, 8), *rng.choice((BAD, GOOD)[label], rng.integers(1, 3))]
        texts.append(" ".join(rng.permutation(words)))
        gold.append(label)
    return texts, gold


@pytest.fixture(scope="module")
def trained(tiny_model):
    """Return a tiny model that has learned in a few seconds what the telling words mean."""
    model, tokenizer = load(tiny_model("bert", labels=("나쁨", "좋음")))
    texts, gold = sentences(384, seed=0)
    set_seed(0)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(4):
        for start in range(0, len(texts), 32):
            batch = tokenizer(texts[start : start + 32], padding=True, return_tensors="pt")
            model(**batch, labels=torch.tensor(gold[start : start + 32])).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    return model.eval(), tokenizer


def test_removing_the_top_words_lowers_the_score_more_than_removing_random_ones(trained):
    model, tokenizer = trained
    rng = np.random.default_rng(1)
    drops, random_drops, hits = [], [], []
    for text, label in zip(*sentences(30, seed=7), strict=True):
        found = attribute(model, tokenizer, text, label=label)
        words, order = text.split(), np.argsort([-word.score for word in found.words])
        for chosen, into in ((order[:2], drops), (rng.choice(len(words), 2, replace=False), random_drops)):
            rest = " ".join(word for i, word in enumerate(words) if i not in chosen)
            into.append(found.log_odds - log_odds(model, tokenizer, rest, target=label))
        hits.append(words[order[0]] in (BAD, GOOD)[label])
    assert np.mean(hits) > 0.8, "the strongest of about ten words is one of the one or two that tell"
    assert np.mean(drops) > 3 * max(np.mean(random_drops), 0.1)


def test_words_that_were_cut_off_have_no_score(loaded):
    model, tokenizer = loaded("bert")
    found = attribute(model, tokenizer, " ".join([KOREAN] * 40))
    assert not found.words[-1].read
    assert found.words[0].read
    assert {word.score for word in found.words if not word.read} == {0.0}


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_text_without_words_has_no_words(loaded, text):
    for family in ("bert", "roberta", "xlm-roberta"):
        found = attribute(*loaded(family), text)
        assert found.words == ()


def test_scripts_without_spaces_are_split_into_characters(loaded):
    model, tokenizer = loaded("modernbert")
    words = [word.text for word in attribute(model, tokenizer, "新しい 한국어, test").words]
    assert words == ["新", "し", "い", "한국어,", "test"]


def test_data_is_ready_for_json(loaded):
    found = attribute(*loaded("bert"), KOREAN, ENGLISH)
    content = json.loads(json.dumps(found.to_dict(), ensure_ascii=False))
    assert content["words"][0]["text"] == "정말"
    assert content["texts"] == [KOREAN, ENGLISH]


def test_unknown_labels_and_tokenizers_without_padding_are_refused(loaded):
    model, tokenizer = loaded("bert")
    with pytest.raises(ValueError, match="나쁨, 좋음, other"):
        attribute(model, tokenizer, KOREAN, label="bad")
    other = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    other.pad_token = None
    with pytest.raises(ValueError, match="padding token"):
        attribute(model, other, KOREAN)


def test_the_model_is_left_as_it_was(loaded):
    model, tokenizer = loaded("mpnet")
    model.train()
    attribute(model, tokenizer, KOREAN)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    model.eval()


def test_the_file_imports_nothing_of_the_package():
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    assert all(not (isinstance(node, ast.ImportFrom) and node.level) for node in imports)
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    assert not {name for name in names if name.startswith("textclf")}
