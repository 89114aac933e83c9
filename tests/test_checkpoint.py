"""The plain checkpoint: a stock loader gives back the ids, types and pairs that training saw."""

import json
import unicodedata

import pytest
import torch
from tokenizers import Regex, normalizers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny_models import FAMILIES, SENTENCES
from textclf.arguments import ModelArguments
from textclf.labels import LabelSpace
from textclf.models import checkpoint
from textclf.models.checkpoint import prepare_tokenizer
from textclf.models.encoder import build

LABELS = LabelSpace(("부정", "긍정"), multi_label=False)
HARD = ["한국은행이 café를 ㅋㅋㅋㅋㅋ", "RATES!!!! https://a.b  <mask> [SEP]", "", "ＡＢＣ ①", "정말\t최고\n예요"]
CLEANING = normalizers.Sequence(
    [normalizers.Replace(Regex(r"https?://\S+"), "url"), normalizers.Replace(Regex(r"ㅋ+"), "ㅋ")]
)


def built(folder, normalizer=None):
    model, tokenizer = build(ModelArguments(model=str(folder)), LABELS)
    return model, prepare_tokenizer(tokenizer, normalizer)


@pytest.mark.parametrize("cleaning", [None, CLEANING], ids=["plain", "cleaned"])
@pytest.mark.parametrize("family", FAMILIES)
def test_ids_types_and_pairs_survive_a_stock_reload(family, cleaning, tiny_model, tmp_path):
    model, tokenizer = built(tiny_model(family), cleaning)
    tokenizer(SENTENCES, padding=True, truncation=True, max_length=16)  # leaves settings behind in the backend
    checkpoint.save(model, tokenizer, tmp_path, max_length=24)
    reloaded = AutoTokenizer.from_pretrained(tmp_path)
    assert type(reloaded).__name__ in {"PreTrainedTokenizerFast", "TokenizersBackend"}
    for text in SENTENCES + HARD:
        assert dict(reloaded(text)) == dict(tokenizer(text)), text
        assert dict(reloaded(text, "둘째 second")) == dict(tokenizer(text, "둘째 second")), text
    batch = (SENTENCES[:5], SENTENCES[5:10])
    assert dict(reloaded(*batch, padding=True, truncation=True)) == dict(
        tokenizer(*batch, padding=True, truncation=True, max_length=24)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_decomposed_hangul_gives_the_composed_ids(family, tiny_model, tmp_path):
    """On the stock tokenizer of most families, cased, it does not, which is what makes this a test."""
    stock = AutoTokenizer.from_pretrained(tiny_model(family))
    model, tokenizer = built(tiny_model(family))
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    reloaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("한국은행이 기준금리를 올렸다.", "café déjà"):
        decomposed = unicodedata.normalize("NFD", text)
        assert reloaded(decomposed)["input_ids"] == stock(text)["input_ids"]
    told_apart = stock(unicodedata.normalize("NFD", "한국은행이"))["input_ids"] != stock("한국은행이")["input_ids"]
    assert told_apart is (family not in {"deberta-v2", "modernbert"})  # these compose by themselves


def test_cleaning_runs_after_composition_and_before_the_tokenizer(tiny_model, tmp_path):
    cleaning = normalizers.Replace(Regex("(?:하)+"), "웃음")  # composed syllables
    model, tokenizer = built(tiny_model("bert"), cleaning)
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    reloaded = AutoTokenizer.from_pretrained(tmp_path)
    laughing = unicodedata.normalize("NFD", "하하하 정말")
    assert (
        reloaded(laughing)["input_ids"] == AutoTokenizer.from_pretrained(tiny_model("bert"))("웃음 정말")["input_ids"]
    )


def test_composition_is_put_in_front_only_once(tiny_model, tmp_path):
    model, tokenizer = built(tiny_model("bert"))
    before = tokenizer.backend_tokenizer.to_str()
    assert prepare_tokenizer(tokenizer).backend_tokenizer.to_str() == before
    checkpoint.save(model, tokenizer, tmp_path / "first", max_length=64)
    _, again = built(tmp_path / "first")
    assert again.backend_tokenizer.to_str().count('"NFC"') == 1
    cleaned = prepare_tokenizer(again, CLEANING).backend_tokenizer.to_str()
    assert cleaned.count('"NFC"') == 1


def test_a_run_is_a_model_to_start_from(tiny_model, tmp_path):
    model, tokenizer = built(tiny_model("bert"), CLEANING)
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    _, again = built(tmp_path)
    for text in HARD:
        assert dict(again(text, "b")) == dict(tokenizer(text, "b"))


def test_the_files_are_plain_and_hold_no_path_of_this_machine(tiny_model, tmp_path):
    for family in FAMILIES:
        folder = tmp_path / family
        model, tokenizer = built(tiny_model(family))
        checkpoint.save(model, tokenizer, folder, max_length=48)
        names = {path.name for path in folder.iterdir()}
        assert names == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
        saved = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        assert saved["truncation"] is None
        assert saved["padding"] is None
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        assert settings["tokenizer_class"] == "PreTrainedTokenizerFast"
        assert settings["model_max_length"] == 48
        assert settings["model_input_names"] == tokenizer.model_input_names
        for name in names - {"model.safetensors"}:
            content = (folder / name).read_text(encoding="utf-8")
            assert str(tiny_model(family).parent) not in content
            assert "local_files_only" not in content


def test_saving_again_replaces_and_leaves_nothing_unfinished(tiny_model, tmp_path):
    model, tokenizer = built(tiny_model("bert"))
    (tmp_path / "audit.json").write_text("{}")
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    with torch.no_grad():
        model.classifier.bias.fill_(7.0)
    checkpoint.save(model, tokenizer, tmp_path, max_length=32)
    assert {path.name for path in tmp_path.iterdir()} == {
        "audit.json",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path).classifier.bias.tolist() == [7.0, 7.0]
    assert AutoTokenizer.from_pretrained(tmp_path).model_max_length == 32


def test_a_failure_leaves_the_old_files_and_no_rubbish(tiny_model, tmp_path, monkeypatch):
    model, tokenizer = built(tiny_model("bert"))
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tokenizer, "save_pretrained", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(model, tokenizer, tmp_path, max_length=32)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_label_names_and_problem_type_are_in_the_config(tiny_model, tmp_path):
    several = LabelSpace(("econ", "스포츠"), multi_label=True)
    model, tokenizer = build(ModelArguments(model=str(tiny_model("bert"))), several)
    checkpoint.save(model, tokenizer, tmp_path, max_length=64)
    saved = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert LabelSpace.from_config(saved.config) == several
