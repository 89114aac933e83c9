"""KoBERT in its two published layouts: the ids are those of `sentencepiece` itself, and plain files leave."""

import json
import subprocess
import sys
import unicodedata

import pytest
import sentencepiece
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, BertConfig, BertModel, DistilBertConfig, DistilBertModel

from tests.tiny_models import SENTENCES, train_sentence_piece
from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models import checkpoint
from textclf.models.encoder import build
from textclf.models.kobert import OWN_MODEL

LABELS = LabelSpace(("부정", "긍정"), multi_label=False)
SPECIAL = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]
HARD = [
    "한국은행이  올해 세 번째로\t기준금리를 올렸다.",
    " café déjà vu, 3,000원 ",
    "ＡＢＣ １２３ ㈜ ① ½",
    "셔",
    "웻 뷁 𝒳 😀😀 끝",
    "",
    "   ",
    "ab\nㅋㅋㅋㅋ ㅠㅠ",
]


def write_model(folder, config, tokenizer_config):
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    (BertModel if isinstance(config, BertConfig) else DistilBertModel)(config).save_pretrained(folder)
    if tokenizer_config is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))


def tiny_config(size):
    return BertConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        pad_token_id=1,
        initializer_range=0.2,
    )


def skt(folder, model_type):
    """The layout of skt/kobert-base-v1: spiece.model with BERT's special tokens, a tokenizer_config naming XLNet."""
    tokenizer_config = {"tokenizer_class": "XLNetTokenizer", "do_lower_case": False, "keep_accents": False}
    write_model(folder, tiny_config(600), tokenizer_config)
    train_sentence_piece(
        folder / "spiece.model",
        vocabulary=400,
        model_type=model_type,
        unk_id=0,
        pad_id=1,
        bos_id=2,
        eos_id=3,
        unk_piece="[UNK]",
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        control_symbols=["[MASK]"],
    )
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model")), None


def monologg(folder, model_type):
    """The layout of monologg/kobert: a SentencePiece model of other ids, vocab.txt, its own tokenizer class."""
    write_model(folder, tiny_config(600), {"tokenizer_class": "KoBertTokenizer", "do_lower_case": False})
    train_sentence_piece(folder / OWN_MODEL, vocabulary=400, model_type=model_type)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / OWN_MODEL))
    own = [pieces.id_to_piece(i) for i in range(pieces.vocab_size()) if not pieces.is_control(i)]
    words = SPECIAL + sorted(piece for piece in own if piece != "<unk>")
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return pieces, {word: i for i, word in enumerate(words)}


LAYOUTS = {
    f"{layout.__name__}-{model_type}": (layout, model_type)
    for layout in (skt, monologg)
    for model_type in ("unigram", "bpe")
}


@pytest.fixture(scope="module", params=LAYOUTS, ids=str)
def kobert(request, tmp_path_factory):
    """Return the built model, its tokenizer, and `ids(text)` as `sentencepiece` gives them."""
    layout, model_type = LAYOUTS[request.param]
    folder = tmp_path_factory.mktemp("kobert") / "model"
    pieces, vocabulary = layout(folder, model_type)
    model, tokenizer = build(ModelArguments(model=str(folder)), LABELS)

    def ids(text):
        text = unicodedata.normalize("NFC", text)
        if vocabulary is None:
            return pieces.encode(text)
        return [vocabulary.get(piece, 0) for piece in pieces.encode(text, out_type=str)]

    return model, tokenizer, ids


def test_ids_are_those_of_sentencepiece_between_bert_tokens(kobert):
    _, tokenizer, ids = kobert
    for text in SENTENCES + HARD:
        assert tokenizer(text)["input_ids"] == [2, *ids(text), 3], text


def test_pairs_have_one_first_token_and_two_types(kobert):
    _, tokenizer, ids = kobert
    first, second = "정말 최고예요.", "빵과 우유 값이 또 올랐다"
    encoded = tokenizer(first, second)
    assert encoded["input_ids"] == [2, *ids(first), 3, *ids(second), 3]
    assert encoded["token_type_ids"] == [0] * (len(ids(first)) + 2) + [1] * (len(ids(second)) + 1)


def test_padding_is_on_the_right_with_the_pad_token(kobert):
    _, tokenizer, _ = kobert
    short, long = tokenizer(["셔", "정말 최고예요. 이렇게 좋은 서비스는 처음입니다."], padding=True)["input_ids"]
    assert short[0] == 2
    assert short[-1] == 1
    assert long[-1] == 3


def test_decomposed_hangul_and_accents_give_the_composed_ids(kobert):
    _, tokenizer, _ = kobert
    for text in ("한국은행이 기준금리를 올렸다.", "café déjà"):
        decomposed = unicodedata.normalize("NFD", text)
        assert decomposed != text
        assert tokenizer(decomposed)["input_ids"] == tokenizer(text)["input_ids"]
    assert tokenizer("café")["input_ids"] != tokenizer("cafe")["input_ids"]


ANY_TEXT = st.text(alphabet=st.sampled_from("가나다 은는이 ab,.!?0123é😀ㅋ\t  '\"-Ａ"), max_size=40)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_any_text_has_sentencepiece_ids(kobert, text):
    _, tokenizer, ids = kobert
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == ids(text)


def test_what_leaves_is_plain(kobert, tmp_path):
    model, tokenizer, _ = kobert
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    reloaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in SENTENCES + HARD:
        assert dict(reloaded(text, "둘째 글")) == dict(tokenizer(text, "둘째 글"))


def test_a_plain_pipeline_in_a_fresh_process_gives_the_same_scores(tmp_path):
    """One process for both layouts; none of our code can be imported there."""
    expected, folders = [], []
    for layout in (skt, monologg):
        layout(tmp_path / layout.__name__, "unigram")
        model, tokenizer = build(ModelArguments(model=str(tmp_path / layout.__name__)), LABELS)
        checkpoint.save(model, tokenizer, tmp_path / f"{layout.__name__}-run", max_length=64)
        folders.append(str(tmp_path / f"{layout.__name__}-run"))
        with torch.no_grad():
            logits = model.eval()(**tokenizer(["정말 최고예요."], return_tensors="pt")).logits
        expected.append(logits.softmax(-1)[0].tolist())
    code = (
        "import json, sys; from transformers import pipeline\n"
        "text = '정말 최고예요.'\n"
        "rows = [pipeline('text-classification', model=f)(text, top_k=None) for f in sys.argv[1:]]\n"
        "print(json.dumps([{r['label']: r['score'] for r in row} for row in rows]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *folders], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for row, scores in zip(json.loads(done.stdout.splitlines()[-1]), expected, strict=True):
        assert [row[name] for name in LABELS.names] == pytest.approx(scores, abs=1e-5)


def test_distilkobert_has_no_type_ids(tmp_path):
    config = DistilBertConfig(vocab_size=600, dim=32, hidden_dim=64, n_layers=1, n_heads=2, pad_token_id=1)
    monologg(tmp_path / "tokenizer_only", "unigram")
    write_model(tmp_path / "model", config, None)
    for name in (OWN_MODEL, "vocab.txt"):
        (tmp_path / "tokenizer_only" / name).rename(tmp_path / "model" / name)
    _, tokenizer = build(ModelArguments(model=str(tmp_path / "model")), LABELS)
    assert set(tokenizer("셔", "웻")) == {"input_ids", "attention_mask"}


def test_a_vocabulary_without_special_tokens_is_refused(tmp_path):
    monologg(tmp_path / "model", "unigram")
    (tmp_path / "model" / "vocab.txt").write_text("[UNK]\n[PAD]\n▁가\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"lacks \[CLS\], \[SEP\], \[MASK\]"):
        build(ModelArguments(model=str(tmp_path / "model")), LABELS)
