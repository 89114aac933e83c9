"""Pieces of words for a language that a tokenizer spells letter by letter."""

import subprocess
import sys
import unicodedata

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast, pipeline

from tests.tiny_models import ENGLISH, KOREAN
from tests.trained_runs import COMMON, follow, write_json_lines
from tests.training_runs import arguments, built
from tests.training_runs import rows as training_rows
from textclf.models import own_pieces
from textclf.models.checkpoint import prepare_tokenizer
from textclf.models.own_pieces import learn_pieces
from textclf.models.weights import packaged_folder
from textclf.run_folder import RunFolder
from textclf.training import contrast
from textclf.training.encoding import tokenise

TITLES = ["정부 정책 발표", "정부 대책 발표", "정책 대책 논의", "정부의 논의"]


def spelling(letters="abco", more=("the", "##at")):
    """A tokenizer that knows letters and two pieces of words, and a model whose embeddings are 0, 1, 2 ..."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{each}" for each in letters), *more]
    backend = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(vocabulary)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = prepare_tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend, **special))
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4
    )
    model = BertModel(config)
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(torch.arange(len(vocabulary))[:, None].expand(-1, 4))
    return model, tokenizer


def packaged():
    folder = str(packaged_folder())
    return AutoModel.from_pretrained(folder), prepare_tokenizer(AutoTokenizer.from_pretrained(folder))


def test_what_is_spelled_twice_becomes_a_piece_that_begins_as_the_mean_of_its_letters():
    model, tokenizer = spelling()
    old = tokenizer.get_vocab()
    assert tokenizer.tokenize("cab") == ["c", "##a", "##b"]
    found = learn_pieces(model, tokenizer, ["cab", "Cab"])
    new = {piece: number for piece, number in tokenizer.get_vocab().items() if piece not in old}
    assert found == len(new) == 2  # `cab`, and what it was made of: `ca` and `##b`, or `c` and `##ab`
    assert tokenizer.tokenize("cab") == ["cab"]
    assert tokenizer.tokenize("the oat") == ["the", "o", "##at"]
    embeddings = model.get_input_embeddings().weight.detach()
    # Numbers from 5 on: a b c o, ##a ##b ##c ##o; the second letters were read at a word's beginning or within it.
    assert float(embeddings[new["cab"]][0]) == pytest.approx((old["c"] + old["##a"] + old["##b"]) / 3)
    assert (embeddings[: len(old), 0] == torch.arange(len(old))).all()
    assert model.config.vocab_size == len(embeddings) == len(tokenizer) == len(old) + 2
    assert sorted(new.values()) == [len(old), len(old) + 1]


def test_what_occurs_once_stays_spelled():
    model, tokenizer = spelling()
    assert learn_pieces(model, tokenizer, ["cab oo", "cab"]) == 2
    assert tokenizer.tokenize("oo") == ["o", "##o"]


def test_letters_that_a_tokenizer_does_not_know_become_known():
    model, tokenizer = spelling()
    assert tokenizer.tokenize("жж") == ["[UNK]"]
    learn_pieces(model, tokenizer, ["жж", "abж"])
    assert "[UNK]" not in tokenizer.tokenize("abж жж bж")
    number = tokenizer.convert_tokens_to_ids("ж")
    assert float(model.get_input_embeddings().weight.detach()[number][0]) == 1.0  # as [UNK]


def test_numbers_stay_spelled():
    model, tokenizer = spelling(letters="abco0123")
    old = set(tokenizer.get_vocab())
    learn_pieces(model, tokenizer, ["cab 0123 ab12", "cab 0123 ab12"])
    new = set(tokenizer.get_vocab()) - old
    assert {"cab", "ab"} <= new
    assert not any(letter.isdigit() for piece in new for letter in piece)
    assert tokenizer.tokenize("0123") == ["0", "##1", "##2", "##3"]


def test_a_language_that_a_tokenizer_was_made_for_stays_as_it_is():
    model, tokenizer = packaged()
    before, weights = tokenizer.backend_tokenizer.to_str(), model.get_input_embeddings().weight.detach().clone()
    assert learn_pieces(model, tokenizer, ENGLISH * 3 + KOREAN[:2] * 2) == 0
    assert tokenizer.backend_tokenizer.to_str() == before
    assert torch.equal(model.get_input_embeddings().weight, weights)


@pytest.mark.parametrize(("texts", "expected"), [(["the cab", "the cab"], True), (["the cab", "the cab the"], False)])
def test_half_of_the_words_have_to_be_spelled(texts, expected):
    model, tokenizer = spelling()
    assert (learn_pieces(model, tokenizer, texts) > 0) == expected
    assert (tokenizer.tokenize("cab") == ["cab"]) == expected


def test_syllables_are_no_letters():
    """A vocabulary of Korean syllables cuts as it should: each is two or three letters."""
    syllables = sorted({c for text in TITLES for c in text if c != " "})
    model, tokenizer = spelling(letters=syllables, more=())
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    assert tokenizer.tokenize("정부") == ["정", "##부"]
    assert learn_pieces(model, tokenizer, TITLES) == 0


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "modernbert"])
def test_tokenizers_that_cut_by_another_method_stay_as_they_are(family, tiny_model):
    folder = tiny_model(family)
    model, tokenizer = AutoModel.from_pretrained(folder), prepare_tokenizer(AutoTokenizer.from_pretrained(folder))
    assert learn_pieces(model, tokenizer, ["გამარჯობა", "გამარჯობა"]) == 0


def test_composed_and_decomposed_titles_are_the_same_pieces():
    found = []
    for form in ("NFC", "NFD"):
        model, tokenizer = packaged()
        learn_pieces(model, tokenizer, [unicodedata.normalize(form, text) for text in TITLES])
        found.append(tokenizer.get_vocab())
        whole, apart = (tokenizer(unicodedata.normalize(each, "정부의 대책"))["input_ids"] for each in ("NFC", "NFD"))
        assert whole == apart
        assert len(whole) < 8  # 정부, 의 as one or two, 대책, and the two at the ends; letters were 12 and more
    assert found[0] == found[1]


def test_what_is_learned_does_not_hang_on_chance():
    """The library that learns them numbers letters as it meets them in a table of its own, another in each process."""
    program = "from tests.test_own_pieces import learned; print(*learned(), sep=chr(10))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert other.stdout.split("\n")[:-1] == learned()
    assert len(learned()) > 100


def learned():
    backend = packaged()[1].backend_tokenizer
    return own_pieces._frequent(own_pieces._words(backend, KOREAN * 2), backend.model)


def test_stock_classes_read_what_was_saved_to_the_same_ids(tmp_path):
    model, tokenizer = packaged()
    learn_pieces(model, tokenizer, TITLES)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, read = AutoModel.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    for text in (*TITLES, *KOREAN[:3], ENGLISH[0]):
        assert read(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert torch.equal(again.get_input_embeddings().weight, model.get_input_embeddings().weight)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abcož 정부책", max_size=12), min_size=1, max_size=6))
def test_whatever_the_texts_are_words_are_made_of_the_same_letters(texts):
    model, tokenizer = spelling()
    learn_pieces(model, tokenizer, texts)
    normal = tokenizer.backend_tokenizer.normalizer
    for text in texts:
        cut = tokenizer.tokenize(text)
        letters = normal.normalize_str(text).replace(" ", "")
        if "[UNK]" not in cut:
            assert "".join(piece.removeprefix("##") for piece in cut) == letters
    assert len(model.get_input_embeddings().weight) == len(tokenizer)
    assert torch.isfinite(model.get_input_embeddings().weight).all()


def test_embeddings_can_have_a_learning_rate_of_their_own(tiny_model, tmp_path):
    """AdamW's first step moves what has a gradient by the learning rate."""
    split = training_rows(6)
    for rate in (None, 5e-3):
        model, tokenizer = built(tiny_model("bert"), split, head="linear", pooling="mean")
        before = {name: weight.clone() for name, weight in model.state_dict().items()}
        args = arguments(tmp_path / str(rate), learning_rate=1e-4, warmup_steps=0, weight_decay=0.0, precision="fp32")
        contrast.contrast(model, tokenizer, tokenise(split, tokenizer, 32), args, 6, "bar", rate)
        moved = {name: float((weight - before[name]).abs().max()) for name, weight in model.state_dict().items()}
        name = "bert.embeddings.word_embeddings.weight"
        assert moved[name] == pytest.approx(rate or 1e-4, rel=0.02)
        assert moved["bert.encoder.layer.0.output.dense.weight"] == pytest.approx(1e-4, rel=0.02)


@pytest.mark.parametrize("wanted", [True, False])
def test_few_shot_saves_pieces_that_plain_pipeline_reads(wanted, tmp_path):
    write_json_lines(
        tmp_path / "titles.jsonl", [{"text": text, "label": ["짧음", "긺"][len(text) > 30]} for text in KOREAN]
    )
    words = [*COMMON, "--learning_rate", "1e-5", "--train_file", "titles.jsonl", "--family", "few_shot"]
    shown = follow(tmp_path, [*words, "--model", str(packaged_folder()), *["--own_pieces=false"][wanted:]])
    run = RunFolder.open(next((tmp_path / "runs").iterdir()))
    facts = run.read_json("evaluation.json")["training"]
    vocabulary = AutoTokenizer.from_pretrained(run.path).get_vocab()
    assert facts["own_pieces"] == (len(vocabulary) - 30_522 or None)
    assert ((facts["own_pieces"] or 0) > 20) == wanted
    assert (f"letter by letter: {facts['own_pieces']} pieces of their words were added to it" in shown) == wanted
    card = (run.path / "README.md").read_text(encoding="utf-8")
    assert (f"단어 조각 {facts['own_pieces']}개를 어휘에 더했습니다" in card) == wanted
    assert "own pieces" not in card
    assert len(load_file(run.path / "model.safetensors")["bert.embeddings.word_embeddings.weight"]) == len(vocabulary)
    table = pq.read_table(run.path / "predictions" / "test.parquet").to_pylist()
    classify = pipeline("text-classification", model=str(run.path), top_k=None)
    for row in table:
        for form in ("NFC", "NFD"):
            answer = {each["label"]: each["score"] for each in classify([unicodedata.normalize(form, row["text"])])[0]}
            assert [answer[name] for name in run.read_json("evaluation.json")["labels"]] == pytest.approx(
                row["scores"], abs=1e-4
            )
