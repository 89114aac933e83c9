"""Building a model: what is loaded, what is drawn, what is said, and what is refused."""

import json
import logging
import shutil
import threading

import pytest
import torch
from torch import nn
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    XLNetConfig,
    set_seed,
)

from tests.tiny_models import FAMILIES
from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models.encoder import build
from textclf.models.families import set_attention_dropout, set_dropout
from textclf.models.heads import last_linear

THREE = LabelSpace(("부정", "중립", "긍정"), multi_label=False)
TAGS = LabelSpace(("econ", "sport"), multi_label=True)


@pytest.fixture
def copied(tiny_model, tmp_path):
    """Return a copy of a tiny model's folder that a test may change."""

    def copy(family, **settings):
        return shutil.copytree(tiny_model(family, **settings), tmp_path / "model")

    return copy


def arguments(folder, **settings):
    return ModelArguments(model=str(folder), **settings)


@pytest.mark.parametrize("labels", [THREE, TAGS], ids=["one", "several"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gets_a_head_for_the_label_space(family, labels, tiny_model):
    model, _ = build(arguments(tiny_model(family)), labels)
    assert LabelSpace.from_config(model.config) == labels
    assert model.config.problem_type == labels.problem_type
    assert last_linear(model).out_features == len(labels)
    assert model.accepts_loss_kwargs is False
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_encoder_has_the_weights_of_the_checkpoint(family, tiny_model):
    model, _ = build(arguments(tiny_model(family)), THREE)
    source = AutoModelForMaskedLM.from_pretrained(tiny_model(family)) if family != "electra" else None
    if source is None:
        return
    saved = getattr(source, source.base_model_prefix).state_dict()
    loaded = getattr(model, model.base_model_prefix).state_dict()
    for name in saved.keys() & loaded.keys():
        torch.testing.assert_close(loaded[name], saved[name], rtol=0, atol=0)


def test_the_seed_decides_the_new_head(tiny_model):
    heads = []
    for seed in (1, 1, 2):
        set_seed(seed)
        heads.append(last_linear(build(arguments(tiny_model("roberta")), THREE)[0]).weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_a_bfloat16_checkpoint_is_trained_in_float32(copied):
    folder = copied("bert")
    AutoModelForMaskedLM.from_pretrained(folder).to(torch.bfloat16).save_pretrained(folder)
    model, _ = build(arguments(folder), THREE)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_a_head_that_is_missing_is_not_worth_a_line(tiny_model, caplog, capfd):
    with caplog.at_level(logging.INFO):
        build(arguments(tiny_model("deberta-v2")), THREE)
    assert caplog.messages == []
    assert "LOAD REPORT" not in capfd.readouterr().err


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classifier_with_other_labels_has_its_last_layer_replaced_in_one_line(family, tiny_model, caplog):
    names = ("bad", "good", "odd", "rare", "other")
    folder = tiny_model(family, labels=names)
    model, _ = build(arguments(folder), THREE)
    assert caplog.messages == [
        f"{folder} classifies into 5 other labels (bad, good, odd, rare, ...); its last layer is replaced."
    ]
    old = AutoModelForSequenceClassification.from_pretrained(folder)
    kept = {n: p for n, p in old.state_dict().items() if p.shape == model.state_dict()[n].shape}
    assert len(old.state_dict()) - len(kept) == 2  # the last layer's weight and bias
    for name, parameter in kept.items():
        torch.testing.assert_close(model.state_dict()[name], parameter, rtol=0, atol=0)


def test_as_many_other_labels_are_replaced_too(tiny_model, caplog):
    """Shapes agree, so the old weights would silently have been given to other labels."""
    folder = tiny_model("bert", labels=("sport", "economy", "politics"))
    model, _ = build(arguments(folder), THREE)
    assert "its last layer is replaced" in caplog.text
    old = AutoModelForSequenceClassification.from_pretrained(folder)
    assert not torch.equal(last_linear(model).weight, last_linear(old).weight)


def test_a_classifier_with_the_same_labels_keeps_its_head(tiny_model, caplog):
    folder = tiny_model("bert", labels=THREE.names)
    model, _ = build(arguments(folder), THREE)
    assert caplog.messages == []
    old = AutoModelForSequenceClassification.from_pretrained(folder)
    assert torch.equal(last_linear(model).weight, last_linear(old).weight)


def test_the_same_labels_in_another_order_keep_their_own_rows(tiny_model):
    folder = tiny_model("bert", labels=THREE.names)
    model, _ = build(arguments(folder), LabelSpace(("긍정", "부정", "중립"), multi_label=False))
    old = last_linear(AutoModelForSequenceClassification.from_pretrained(folder))
    assert torch.equal(last_linear(model).weight, old.weight[[2, 0, 1]])
    assert torch.equal(last_linear(model).bias, old.bias[[2, 0, 1]])


def test_thresholds_of_an_earlier_run_do_not_stay(copied):
    folder = copied("bert", labels=THREE.names)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"thresholds": {"부정": 0.3}}))
    model, _ = build(arguments(folder), THREE)
    assert "thresholds" not in model.config.to_dict()


def test_a_checkpoint_that_lacks_encoder_weights_is_reported(copied, caplog):
    folder = copied("bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    build(arguments(folder), THREE)
    assert "lacks 16 weights of its own encoder" in caplog.text


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_is_set_everywhere(family, tiny_model):
    model, _ = build(arguments(tiny_model(family), dropout=0.2), THREE)
    shares = {name: module.p for name, module in model.named_modules() if isinstance(module, nn.Dropout)}
    assert shares
    assert set(shares.values()) == {0.2}, shares
    attention = [m for m in model.modules() if hasattr(m, "attention_dropout") or hasattr(m, "dropout_prob")]
    for module in attention:
        assert getattr(module, "attention_dropout", 0.2) == 0.2
    model.train()
    _, tokenizer = build(arguments(tiny_model(family)), THREE)
    inputs = tokenizer(["정말 최고예요."], return_tensors="pt")
    assert not torch.equal(model(**inputs).logits, model(**inputs).logits)


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "xlnet"])
def test_attention_dropout_is_set_apart(family, tiny_model):
    model, tokenizer = build(arguments(tiny_model(family), dropout=0.0, attention_dropout=0.3), THREE)
    shares = {name: value for name, value in model.config.to_dict().items() if "drop" in name and value}
    assert set(shares.values()) == {0.3}
    assert all(name.startswith("att") for name in shares)
    inputs = tokenizer(["정말 최고예요."], return_tensors="pt")
    model.train()
    assert not torch.equal(model(**inputs).logits, model(**inputs).logits)


def test_attention_dropout_of_a_family_without_one_is_refused():
    with pytest.raises(UserError, match="--attention_dropout cannot be set for the family xlnet"):
        set_attention_dropout(XLNetConfig(), 0.1)


def test_dropout_is_set_everywhere_in_a_decoder():
    """gpt2 calls it attn_pdrop, embd_pdrop and resid_pdrop; only an unused summary_first_dropout was set."""
    config = GPT2Config(vocab_size=50, n_embd=32, n_layer=1, n_head=2)
    set_dropout(config, 0.2)
    model = GPT2LMHeadModel(config)
    assert {module.p for module in model.modules() if isinstance(module, nn.Dropout)} == {0.2}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_dropout_makes_training_deterministic(family, tiny_model):
    model, tokenizer = build(arguments(tiny_model(family), dropout=0.0), THREE)
    model.train()
    inputs = tokenizer(["정말 최고예요."], return_tensors="pt")
    assert torch.equal(model(**inputs).logits, model(**inputs).logits)


def test_a_checkpoint_with_only_pytorch_model_bin_is_read_without_the_conversion_service(copied):
    folder = copied("electra")
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    loaded, _ = build(arguments(folder), THREE)
    weight = "electra.embeddings.word_embeddings.weight"
    assert torch.equal(loaded.state_dict()[weight], model.state_dict()[weight])
    assert not [thread.name for thread in threading.enumerate() if "conversion" in thread.name]


class Harmful:
    """What a pickle can do when it is loaded by anything but the weights-only loader."""

    def __reduce__(self):
        return (open, ("harmed", "w"))


def test_a_pickle_that_runs_code_is_not_run(copied, monkeypatch, tmp_path):
    folder = copied("electra")
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Harmful()}, folder / "pytorch_model.bin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="holds more than weights"):
        build(arguments(folder), THREE)
    assert not (tmp_path / "harmed").exists()


def decoder(folder, tokenizer):
    special = {"bos_token_id": None, "eos_token_id": None}
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=64, **special)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_a_decoder_gets_a_padding_token_and_is_batched(tiny_model, tmp_path, caplog):
    source = AutoTokenizer.from_pretrained(tiny_model("roberta"))
    fast = PreTrainedTokenizerFast(tokenizer_object=source.backend_tokenizer, eos_token="</s>")
    fast.model_input_names = ["input_ids", "attention_mask"]
    decoder(tmp_path, fast)
    model, tokenizer = build(arguments(tmp_path), THREE)
    assert caplog.messages == [f"{tmp_path} has no padding token; </s> is used as one."]
    assert model.config.pad_token_id == tokenizer.pad_token_id == source.eos_token_id
    texts = ["정말 최고예요.", "Prices for bread and milk rose again, a survey of shops found."]
    with torch.no_grad():
        together = model.eval()(**tokenizer(texts, padding=True, return_tensors="pt")).logits
        alone = model(**tokenizer(texts[:1], return_tensors="pt")).logits
    torch.testing.assert_close(together[:1], alone, rtol=1e-4, atol=1e-5)


def test_a_tokenizer_with_nothing_to_pad_with_is_refused(tiny_model, tmp_path):
    source = AutoTokenizer.from_pretrained(tiny_model("roberta"))
    decoder(tmp_path, PreTrainedTokenizerFast(tokenizer_object=source.backend_tokenizer))
    with pytest.raises(UserError, match="no padding token"):
        build(arguments(tmp_path), THREE)


def test_remote_code_is_not_run_unless_the_user_says_so(copied, tmp_path):
    folder = copied("bert")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "homemade", "auto_map": {"AutoConfig": "code.C", "AutoModel": "code.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UserError, match="Read it, then add --trust_remote_code"):
        build(arguments(folder), THREE)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "cannot be read"), ('{"model_type": "vit"}', "cannot"), ('{"model_type": "nonsense"}', "cannot be read")],
)
def test_a_broken_checkpoint_is_one_sentence(content, said, copied):
    folder = copied("bert")
    (folder / "config.json").write_text(content)
    with pytest.raises(UserError, match=said):
        build(arguments(folder), THREE)
