"""Tiny, randomly initialised models of the eight families, in the file layouts their originals have on the Hub.

    folder = make_tiny("roberta", tmp_path / "tiny")                       # an encoder, as a Hub id would give it
    folder = make_tiny("bert", tmp_path / "tiny", labels=("bad", "good"))  # a classifier
    folder = make_tiny("bert", tmp_path / "tiny", cased=False)             # lower-cases, strips accents

Give the folder to `--model`, `ModelArguments(model=...)` or `AutoModel.from_pretrained`. Hidden size 32, two layers,
128 positions (modernbert: 1024), a vocabulary learned from the sentences below; weights depend on nothing but `seed`,
and are drawn wide enough (0.2) for the scores of different texts to differ visibly. In tests use the session fixture
`tiny_model(family, labels=None, cased=True)` of conftest.py, which makes each folder once; copy it before changing
it.
"""

import json
import string
from collections import Counter
from pathlib import Path

import sentencepiece
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)

FAMILIES = ("bert", "roberta", "xlm-roberta", "electra", "distilbert", "deberta-v2", "modernbert", "mpnet")

ENGLISH = [
    "The central bank raised interest rates for the third time this year.",
    "A late goal gave the home team a narrow win in front of a full stadium.",
    "Researchers trained a small model that finds faults in bridges from photographs.",
    "The film opens slowly, but its last hour is a quiet triumph.",
    "Ministers could not agree on a budget and the talks go on tonight.",
    "I waited forty minutes, the soup was cold and nobody said sorry.",
    "What a wonderful little hotel: clean rooms, kind people, great breakfast!",
    "The parcel arrived broken, and the shop never answered my letters.",
    "Scientists have found water ice in a crater near the southern pole.",
    "The museum shows paintings from private collections until early spring.",
    "Her new album mixes folk songs with electronic music, and it works.",
    "Voters go to the polls on Sunday; the outcome is hard to predict.",
    "Doctors warn that the flu season may start sooner than usual.",
    "He scored twice, was hurt in the second half and left the field.",
    "The update makes the phone faster and its battery last longer.",
    "This is bad, really bad, the worst service I have ever had.",
    "This is good, really good, the best service I have ever had.",
    "Prices for bread and milk rose again, a survey of shops found.",
    "The café on Rue Émile serves crème brûlée and naïve jokes.",
    "Police closed the street after a truck lost its load of gravel.",
]
KOREAN = [
    "한국은행이 올해 세 번째로 기준금리를 올렸다.",
    "후반 막판에 터진 골로 홈팀이 한 점 차 승리를 거두었다.",
    "연구진은 사진으로 다리의 결함을 찾는 작은 모델을 만들었다.",
    "영화는 느리게 시작하지만 마지막 한 시간이 정말 훌륭하다.",
    "여야는 예산안에 합의하지 못했고 협상은 오늘 밤에도 이어진다.",
    "사십 분이나 기다렸는데 국은 식었고 아무도 사과하지 않았다.",
    "방이 깨끗하고 직원이 친절하며 아침 식사도 아주 맛있었어요!",
    "택배가 부서진 채 왔고 가게는 답장을 한 번도 하지 않았다.",
    "과학자들이 달의 남극 근처 분화구에서 얼음을 발견했다.",
    "박물관은 이른 봄까지 개인 소장품 그림을 전시한다.",
    "새 앨범은 민요와 전자 음악을 섞었는데 잘 어울린다.",
    "일요일에 투표가 있으며 결과는 예측하기 어렵다.",
    "의사들은 독감철이 평소보다 일찍 올 수 있다고 경고한다.",
    "그는 두 골을 넣었지만 후반에 다쳐 경기장을 떠났다.",
    "업데이트 뒤에 전화기가 빨라지고 배터리도 오래 간다.",
    "정말 최악이에요. 이렇게 나쁜 서비스는 처음입니다.",
    "정말 최고예요. 이렇게 좋은 서비스는 처음입니다.",
    "빵과 우유 값이 또 올랐다고 조사에서 나타났다.",
    "경찰은 트럭이 자갈을 쏟은 뒤에 도로를 막았다.",
    "문화 행사와 사회 소식, 정치와 경제 기사를 한곳에 모았다.",
]
SENTENCES = ENGLISH + KOREAN
VOCABULARY = 600


def make_tiny(family, folder, *, labels=None, cased=True, seed=0, size=32):
    """Write a loadable folder of this family and return its path; `labels`: names of a classifier, or an encoder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = TOKENIZERS[family](folder, cased)
    config = _config(family, tokenizer, size)
    auto = AutoModelForMaskedLM if family == "modernbert" else AutoModelForPreTraining
    if labels is not None:
        auto = AutoModelForSequenceClassification
        config.num_labels = len(labels)
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: i for i, name in enumerate(labels)}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        auto.from_config(config).save_pretrained(folder)
    return folder


def _config(family, tokenizer, size):
    settings = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.2,
        "max_position_embeddings": 128,
    }
    if family == "distilbert":
        settings |= {"dim": size, "hidden_dim": 2 * size, "n_layers": 2, "n_heads": 2}
    else:
        settings |= {
            "hidden_size": size,
            "intermediate_size": 2 * size,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        }
    if family in {"roberta", "xlm-roberta", "mpnet"}:  # positions start counting behind the padding id (1)
        settings |= {"max_position_embeddings": 130, "type_vocab_size": 1}
    if family == "electra":
        settings |= {"embedding_size": size}
    if family == "deberta-v2":  # as microsoft/deberta-v3-*
        settings |= {
            "relative_attention": True,
            "position_buckets": 16,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "type_vocab_size": 0,
            "position_biased_input": False,
            "pooler_hidden_size": size,
            "pooler_hidden_act": "gelu",
            "pooler_dropout": 0,
            "max_relative_positions": -1,
        }
    if family == "modernbert":
        settings |= {
            "max_position_embeddings": 1024,
            "local_attention": 32,
            "global_attn_every_n_layers": 2,
            "classifier_pooling": "mean",
            "cls_token_id": tokenizer.cls_token_id,
            "sep_token_id": tokenizer.sep_token_id,
            "bos_token_id": tokenizer.cls_token_id,
            "eos_token_id": tokenizer.sep_token_id,
        }
    return AutoConfig.for_model(family, **settings)


def _word_piece(cased, special):
    """Return a WordPiece vocabulary in the order of its ids: every character, then the most frequent words.

    Counted here, because the library's trainer breaks ties differently in every process.
    """
    normalizer = normalizers.BertNormalizer(lowercase=not cased)
    splitter = pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word for text in SENTENCES for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))
    )
    starts = sorted({word[0] for word in words} | set(string.ascii_lowercase + string.digits + string.punctuation))
    inside = sorted(
        {"##" + letter for word in words for letter in word[1:]} | {f"##{c}" for c in string.ascii_lowercase}
    )
    frequent = [word for word, _ in sorted(words.items(), key=lambda pair: (-pair[1], pair[0])) if len(word) > 1]
    return list(dict.fromkeys([*special, *starts, *inside, *frequent[:200]]))


def _bert_like(tokenizer_class, fast=True):
    """Return a maker of vocab.txt, tokenizer_config.json and (fast) tokenizer.json."""

    def make(folder, cased):
        mpnet = tokenizer_class == "MPNetTokenizer"
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        if mpnet:
            special = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
        words = _word_piece(cased, special)
        (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
        _write(folder / "tokenizer_config.json", {"do_lower_case": not cased, "tokenizer_class": tokenizer_class})
        kind = {"MPNetTokenizer": "mpnet", "DistilBertTokenizer": "distilbert"}.get(tokenizer_class, "bert")
        tokenizer = AutoTokenizer.from_pretrained(folder, config=AutoConfig.for_model(kind))
        if fast:
            tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        return tokenizer

    return make


def _byte_pairs(special):
    """Learn a byte-level BPE tokenizer, as GPT-2 and RoBERTa have it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY + 256,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def _roberta(folder, cased):
    """Write vocab.json, merges.txt, tokenizer.json and tokenizer_config.json."""
    tokenizer = _byte_pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.model.save(str(folder))
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "RobertaTokenizer", "model_max_length": 128})
    loaded = AutoTokenizer.from_pretrained(folder, config=AutoConfig.for_model("roberta"))
    loaded.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return loaded


def _modernbert(folder, cased):
    """Write tokenizer.json and tokenizer_config.json only."""
    tokenizer = _byte_pairs(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:0 [SEP]:0",
        special_tokens=[("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))],
    )
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=1024,
        **{f"{name}_token": token for name, token in names.items()},
    )
    fast.save_pretrained(folder)
    return fast


def train_sentence_piece(path, *, sentences=SENTENCES, vocabulary=VOCABULARY, **options):
    """Train a SentencePiece unigram model on these sentences and write it to `path`."""
    settings = {
        "model_type": "unigram",
        "hard_vocab_limit": False,
        "character_coverage": 1.0,
        "minloglevel": 2,
        "num_threads": 1,
        **options,
    }
    with Path(path).open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences * 3), model_writer=file, vocab_size=vocabulary, **settings
        )


def _xlm_roberta(folder, cased):
    """Write sentencepiece.bpe.model, tokenizer.json and tokenizer_config.json."""
    train_sentence_piece(folder / "sentencepiece.bpe.model")
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 128})
    loaded = AutoTokenizer.from_pretrained(folder, config=AutoConfig.for_model("xlm-roberta"))
    loaded.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return loaded


def _deberta(folder, cased):
    """Write spm.model and tokenizer_config.json, all that microsoft/deberta-v3-* have."""
    train_sentence_piece(
        folder / "spm.model",
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        user_defined_symbols=["[MASK]"],
    )
    _write(folder / "tokenizer_config.json", {"do_lower_case": False, "vocab_type": "spm"})
    return AutoTokenizer.from_pretrained(folder, config=AutoConfig.for_model("deberta-v2"))


def _write(path, content):
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


TOKENIZERS = {
    "bert": _bert_like("BertTokenizer"),
    "electra": _bert_like("ElectraTokenizer"),
    "distilbert": _bert_like("DistilBertTokenizer"),
    "mpnet": _bert_like("MPNetTokenizer"),
    "roberta": _roberta,
    "modernbert": _modernbert,
    "xlm-roberta": _xlm_roberta,
    "deberta-v2": _deberta,
}
