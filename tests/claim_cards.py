"""A model whose answers are known in advance, data to measure it on, and cards that claim rightly and wrongly.

The model is a BERT of one layer with weights set by hand: it attends to all words alike and knows three keywords, one
for each label. What it answers is therefore known without it (`answered`), and figures are taken from scikit-learn.
"""

import json
import random

import numpy as np
import torch
import yaml
from datasets import ClassLabel, Dataset, Features, List, Value
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, precision_score, recall_score
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

NAMES = ("bad", "fair", "good")
KEYWORDS = ("awful", "plain", "lovely")
FILLING = ("soup", "train", "hotel", "night", "parcel", "garden", "street", "window", "coffee", "ticket", "museum")
POSITIONS = 64
WIDTH = 8
SIZES = {"train": 90, "validation": 120, "test": 200}
WRONG = {"train": 0.03, "validation": 0.05, "test": 0.15}  # share of texts whose gold label the model does not give


def make_model(folder):
    """Write the model and return its folder; labels `NAMES`, one a text, 64 positions."""
    folder.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *KEYWORDS, *FILLING]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": POSITIONS}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    AutoTokenizer.from_pretrained(folder, config=BertConfig()).backend_tokenizer.save(str(folder / "tokenizer.json"))
    model = BertForSequenceClassification(_config(len(words)))
    with torch.no_grad():
        _set_weights(model)
    model.save_pretrained(folder)
    return folder


def _config(words):
    sizes = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 1}
    named = {"id2label": dict(enumerate(NAMES)), "label2id": {name: i for i, name in enumerate(NAMES)}}
    return BertConfig(vocab_size=words, max_position_embeddings=POSITIONS, layer_norm_eps=1e-12, **sizes, **named)


def _set_weights(model):
    for name, values in model.named_parameters():
        values.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
    bert, attention = model.bert, model.bert.encoder.layer[0].attention
    for label in range(len(KEYWORDS)):
        bert.embeddings.word_embeddings.weight[5 + label, label] = 10.0  # behind the five special tokens
    for layer in (attention.self.value, attention.output.dense, bert.pooler.dense):
        layer.weight.copy_(torch.eye(WIDTH))
    model.classifier.weight[:, : len(NAMES)] = 10 * torch.eye(len(NAMES))
    model.classifier.bias.copy_(torch.tensor([-4.7, -5.0, -5.0]))


def answered(text, cut=POSITIONS):
    """Labels of the keywords among the words that are read, the first label where there is none."""
    read = text.split()[: cut - 2]
    found = [label for label, keyword in enumerate(KEYWORDS) if keyword in read]
    return found or [0]


def make_rows(split, *, several=False, long=0.0, seed="x"):
    """Texts and gold labels of a split; `long`: the share of texts whose keyword stands behind the 20th word."""
    rng = random.Random(f"{split} {several} {long} {seed}")
    texts, gold = [], []
    for row in range(SIZES[split]):
        labels = rng.sample(range(3), k=rng.choice((1, 1, 2))) if several else rng.choices(range(3), (6, 3, 1), k=1)
        words = rng.choices(FILLING, k=9)
        places = [rng.randrange(9) for _ in labels]
        if rng.random() < long:
            words, places = rng.choices(FILLING, k=40), [rng.randrange(22, 40) for _ in labels]
        for place, label in sorted(zip(places, labels, strict=True), reverse=True):
            words.insert(place, KEYWORDS[label])
        texts.append(" ".join([*words, f"{split}{row}"]))
        wrong = rng.random() < WRONG[split]
        true = [(label + 1) % 3 for label in labels] if wrong else labels
        gold.append(sorted(set(true)) if several else true[0])
    return texts, gold


def dataset(texts, gold, *, several=False, names=NAMES):
    """Return rows as a data set with declared labels."""
    label = ClassLabel(names=list(names))
    features = {"text": Value("string"), "label": List(label) if several else label}
    return Dataset.from_dict({"text": texts, "label": gold}, features=Features(features))


def as_files(splits, folder, config="data"):
    """Return the parquet files of a data set repo."""
    files = {}
    for split, rows in splits.items():
        path = folder / f"{split}.parquet"
        rows.to_parquet(path)
        files[f"{config}/{split}-00000-of-00001.parquet"] = path.read_bytes()
    return files


def figures(texts, gold, cut=POSITIONS):
    """Figures of one label a text, by scikit-learn, of what the model is known to answer."""
    said = [answered(text, cut)[0] for text in texts]
    found = {"accuracy": accuracy_score(gold, said), "matthews_correlation": matthews_corrcoef(gold, said)}
    for average in ("macro", "micro", "weighted"):
        found[f"f1_{average}"] = f1_score(gold, said, average=average)
        found[f"precision_{average}"] = precision_score(gold, said, average=average)
        found[f"recall_{average}"] = recall_score(gold, said, average=average)
    return found


def several_figures(texts, gold, *, best_only=False):
    """Figures of several labels a text; `best_only`: the first label alone is given, as an argmax does."""
    said, truth = np.zeros((len(texts), 3), int), np.zeros((len(texts), 3), int)
    for row, (text, labels) in enumerate(zip(texts, gold, strict=True)):
        said[row, answered(text)[:1] if best_only else answered(text)] = 1
        truth[row, labels] = 1
    return {"accuracy": accuracy_score(truth, said)} | {
        f"f1_{average}": f1_score(truth, said, average=average, zero_division=0)
        for average in ("macro", "micro", "weighted", "samples")
    }


def index(*metrics, dataset="data/reviews", split="test", task="text-classification", **data):
    """Return a model index; a metric is (type, value) or (type, value, more)."""
    rows = [{"type": each[0], "value": each[1], **(each[2] if len(each) > 2 else {})} for each in metrics]
    told = {"name": dataset, "type": dataset, **({"split": split} if split else {}), **data}
    return {"model-index": [{"name": "m", "results": [{"task": {"type": task}, "dataset": told, "metrics": rows}]}]}


def card(matter=None, body="# A model\n\nIt sorts reviews.\n"):
    """Return a card."""
    return f"---\n{yaml.safe_dump(matter or {'license': 'mit'}, sort_keys=False)}---\n\n{body}"


def macro(average):
    """Return a metric's arguments."""
    return {"args": {"average": average}}
