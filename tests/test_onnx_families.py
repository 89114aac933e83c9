"""All eight families in ONNX Runtime: torch's logits for one text and many, pairs, and the model's greatest length."""

import json
from pathlib import Path

import numpy as np
import onnx as onnx_file
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny_models import ENGLISH, FAMILIES, KOREAN, SENTENCES
from textclf.inference.classifier import Classifier
from textclf.inference.onnx_classifier import OnnxClassifier
from textclf.inference.onnx_export import export, write_onnx
from textclf.inference.onnx_folder import FILES, Exported
from textclf.inference.probes import PROBES
from textclf.inference.quantization import quantize
from textclf.models import checkpoint
from textclf.models.limits import longest_input

LONG = " ".join(SENTENCES)
TEXTS = [*ENGLISH[:5], *KOREAN[:3], "", "!", LONG * 3, (ENGLISH[5], KOREAN[5]), (LONG, LONG), (LONG, "?")]


OFTEN = ("bert", "deberta-v2", "modernbert")  # the others take the same road as one of these: `make test-slow`
EACH = [family if family in OFTEN else pytest.param(family, marks=pytest.mark.slow) for family in FAMILIES]


@pytest.mark.parametrize("family", EACH)
def test_a_family_gives_torchs_logits(family, tiny_model, tmp_path):
    source = tiny_model(family, labels=("a", "b", "c"))
    model = AutoModelForSequenceClassification.from_pretrained(source)
    tokenizer = checkpoint.prepare_tokenizer(AutoTokenizer.from_pretrained(source))
    limit = longest_input(model.config, tokenizer)
    checkpoint.save(model, tokenizer, tmp_path, max_length=limit)
    torch = Classifier.load(tmp_path, device="cpu")
    (tmp_path / "onnx").mkdir()
    write_onnx(export(torch.model, torch.tokenizer), tmp_path / FILES["onnx"])
    gate = {"engines": {"onnx": {}, "onnx-int8": {}}}
    onnx = OnnxClassifier(Exported("run", tmp_path, "onnx", gate))
    expected = torch.logits(TEXTS)
    assert expected.std(axis=0).max() > 1e-2, "logits that do not differ would prove nothing"
    assert np.abs(onnx.logits(TEXTS) - expected).max() < 1e-5
    lengths = [row["input_ids"].shape[1] for row in onnx.inputs_of(TEXTS)]
    assert max(lengths) == limit
    assert torch.model.config._attn_implementation != "eager" or family in {"deberta-v2", "mpnet"}, "put back"

    quantize(tmp_path / FILES["onnx"], tmp_path / FILES["onnx-int8"], onnx.inputs_of(PROBES))
    tensors = onnx_file.load(tmp_path / FILES["onnx-int8"]).graph.initializer
    last = sorted((3, torch.model.config.hidden_size))
    assert [each.data_type for each in tensors if sorted(each.dims) == last] == [onnx_file.TensorProto.FLOAT]
    assert sum(each.data_type == onnx_file.TensorProto.INT8 and len(each.dims) == 2 for each in tensors) >= 4
    int8 = OnnxClassifier(Exported("run", tmp_path, "onnx-int8", gate))
    spread = expected.std()
    assert np.sqrt(((int8.logits(TEXTS) - expected) ** 2).mean()) < 0.1 * spread
    assert np.abs(padded(int8, TEXTS[:9]) - int8.logits(TEXTS[:9])).max() < 1e-3 * spread, "neighbours change nothing"


def padded(classifier, texts):
    """The logits of a batch that a foreign server makes: as long as the longest, the others padded."""
    rows = classifier.inputs_of(texts)
    longest = max(row["input_ids"].shape[1] for row in rows)
    pad = json.loads((Path(classifier.file).parents[1] / "config.json").read_text("utf-8"))["pad_token_id"]
    batch = {}
    for name in rows[0]:
        fill = pad if name == "input_ids" else 0
        batch[name] = np.stack(
            [np.pad(row[name][0], (0, longest - row[name].shape[1]), constant_values=fill) for row in rows]
        )
    return classifier._run(classifier._alone, batch)
