"""Cards read and checked as a whole, in this process: every claim, verdict, explanation and line of the comment."""

from types import SimpleNamespace

import pytest
from datasets import DatasetDict

from tests.approved import check_approved, in_lines
from tests.claim_cards import card, dataset, figures, index, macro, make_model, make_rows, several_figures
from textclf.arguments import DataArguments
from textclf.hub.claims import diagnosis, rows
from textclf.hub.claims.card import read_card
from textclf.hub.claims.check import _held, check_claim, model_findings
from textclf.hub.claims.comment import comment, show_claims
from textclf.inference.classifier import Classifier

TEXTS = """
Reaches 99 % accuracy before any heading. It has a macro F1 of 0.5 on the dev set.

## Evaluation on data/reviews

Measured on the test split, n = 1,821. Nothing else.

| metric | validation | test |
|---|---|---|
| Accuracy | 0.91 | 0.87 |
| F1 (macro) | 90.5 % | – |
| loss | 0.3 | 0.4 |

| Model | Accuracy | F1 | texts |
|---|---|---|---|
| BERT | 0.9 | 0.8 | 10 |
| our model | 0.95 | 0.85 | 200 |

| Accuracy | F1 (weighted) |
|---|---|
| 0.7 | 0.6 |

| epoch | Accuracy |
|---|---|
| 1 | 0.5 |

| | precision | recall | f1-score | support |
|---|---|---|---|---|
| bad | 0.1 | 0.2 | 0.3 | 20 |
| accuracy | | | 0.88 | 120 |
| macro avg | 0.81 | 0.82 | 0.83 | 120 |
| weighted avg | 0.84 | 0.85 | | 120 |

| | value |
|---|---|
| MCC | -0.2 |
| Matthews correlation | 71.5 |
| BLEU | 31 |

| Dataset | Split | Accuracy |
|---|---|---|
| data/reviews | train | 0.99 |
| long | validation | 0.77 |
| German | | 0.5 |

- Accuracy: 0.93 ± 0.01
- F1 (macro) = 0.8
- Parameters: 22 M
- eval_recall – 0.75 on 872 validation examples

Precision: 0.64
log loss: 1.5

## 한국어

테스트 데이터 340건에서 정확도 0.91을 달성. The model achieves 0.89 accuracy.
It scores better than others: accuracy 0.3.
It obtained an accuracy of about 45.5 % and a macro F1 of 0.4! Yields AUC 0.9 on the validation set.
"""


def test_every_claim_of_a_text_is_read_as_it_was_looked_at(tmp_path):
    matter = {**index(("accuracy", 0.87), ("f1", "81.2 %", macro("micro")), ("wer", 0.2), ("loss", 0.31)),
              "datasets": ["data/reviews", "data/long"]}  # fmt: skip
    results = matter["model-index"][0]["results"]
    results.append({"task": {"type": "translation"}, "dataset": {"name": "org/set", "type": "csv", "args": "plain"},
                    "metrics": [{"type": "f1", "value": "high"},
                                {"type": "x", "name": "Test F1 weighted", "value": ".5"},
                                {"type": "recall", "value": 0.5, "config": "macro"}]})  # fmt: skip
    (tmp_path / "README.md").write_text(card(matter, TEXTS), encoding="utf-8")
    found = read_card(str(tmp_path))
    lines = [f"{claim.written!r} half {claim.half:g} {in_one_line(claim.to_dict())}" for claim in found.claims]
    check_approved("claims_read.txt", "\n".join([*lines, *found.notes]))


def in_one_line(found):
    return ", ".join(in_lines(found).splitlines())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("claims") / "model")


@pytest.fixture
def bench(model, monkeypatch):
    """A bench whose data sets lie in memory: reviews, long texts, several labels, turned and foreign ones."""
    made = {name: make_rows(name) for name in ("train", "validation", "test")}
    reviews = {name: dataset(*each) for name, each in made.items()}
    long = {"test": dataset(*make_rows("test", long=0.5))}
    several = {"test": dataset(*make_rows("test", several=True), several=True)}
    leaky = {**reviews, "test": dataset(*(part[:90] + own[:60] for part, own in zip(made["train"], made["test"],
                                                                                     strict=True)))}  # fmt: skip
    sets = {
        "data/reviews": reviews,
        "data/long": long,
        "data/several": several,
        "data/leaky": leaky,
        "data/copied": {"train": reviews["test"], "test": reviews["test"]},
        "data/turned": {"test": dataset(made["test"][0], [(g + 1) % 3 for g in made["test"][1]])},
        "data/foreign": {"test": dataset(*made["test"], names=("x", "y", "z"))},
        "data/unlabelled": {"validation": reviews["validation"], "test": reviews["test"].select([])},
        "data/one-label": {"test": reviews["test"].filter(lambda row: row["label"] == 0)},
    }

    def load(self, named):
        if named.dataset is None:
            raise rows.UnmeasurableError("data_not_named", "The card names no data set for it; --dataset names one.")
        rows._check_is_of_hub(named.dataset)
        if named.dataset not in sets:
            raise rows.UnmeasurableError("data_missing", f"There is no {named.dataset}.")
        return DatasetDict({name: each.rename_column("label", "labels") for name, each in sets[named.dataset].items()})

    monkeypatch.setattr(rows.Bench, "_load", load)
    monkeypatch.setattr(rows, "means_something_here", lambda name: name == "data/here")
    names = {"data/unlabelled": ["validation", "test", "hidden"]}
    monkeypatch.setattr(
        rows, "get_dataset_split_names", lambda name, config, revision: names.get(name, list(sets[name]))
    )
    return rows.Bench(Classifier.load(model), DataArguments(), None, replaced=False, draws=200), made, long, several


def test_every_verdict_and_its_explanation_is_the_one_that_was_looked_at(bench, tmp_path, capsys, monkeypatch):
    bench, made, *_ = bench
    test, validation, train = (figures(*made[split]) for split in ("test", "validation", "train"))
    read_less = figures(*make_rows("test", long=0.5), 16)
    several = several_figures(*make_rows("test", several=True))
    best = several_figures(*make_rows("test", several=True), best_only=True)
    right, f1 = test["accuracy"], test["f1_macro"]
    claims = [
        ({}, [("accuracy", round(right, 4)), ("f1", round(f1, 3), macro("macro")), ("accuracy", 0.985),
              ("f1", round(test["f1_weighted"], 4), macro("macro")), ("f1", round(test["f1_micro"], 4)),
              ("precision", round(f1, 4), macro("macro")), ("accuracy", round(right / 100, 6)),
              ("accuracy", right + 0.0051), ("mcc", -1.5), ("accuracy", 150),
              ("mcc", 1.5), ("accuracy", round(right, 2) + 0.01), ("roc_auc", 0.5), ("ece", 0.3), ("lrap", 0.9),
              ("f1", 0.9, macro("samples")), ("wer", 0.2), ("loss", 0.2),
              ("accuracy", round(validation["accuracy"], 4)),
              ("accuracy", round(train["accuracy"], 4)), ("error_rate", round(1 - right, 3)), ("accuracy", 0.8734)]),
        ({"split": None}, [("accuracy", round(validation["accuracy"], 4)), ("accuracy", 0.2)]),
        ({"split": "validation"}, [("accuracy", round(validation["accuracy"], 4))]),
        ({"split": "third"}, [("accuracy", round(right, 4))]),
        ({"dataset": "data/long"}, [("accuracy", round(read_less["accuracy"], 4))]),
        ({"dataset": "data/several"}, [("accuracy", round(several["accuracy"], 4)), ("mcc", 0.5), ("accuracy", 0.01),
                                       ("accuracy", round(best["accuracy"], 4)),
                                       ("f1", round(several["f1_samples"], 4)),
                                       ("hamming_loss", 0.1), ("average_precision", 0.9),
                                       ("roc_auc", 0.9, macro("macro")),
                                       ("subset_accuracy", 0.5)]),
        ({"dataset": "data/leaky"}, [("accuracy", 0.9)]),
        ({"dataset": "data/copied"}, [("accuracy", round(right, 4))]),
        ({"dataset": "data/turned"}, [("accuracy", round(right, 4))]),
        ({"dataset": "data/foreign"}, [("accuracy", round(right, 4))]),
        ({"dataset": "data/long", "split": None}, [("accuracy", 0.81)]),
        ({"dataset": "data/unlabelled", "split": None}, [("accuracy", round(validation["accuracy"], 4))]),
        ({"dataset": "data/unlabelled"}, [("accuracy", round(validation["accuracy"], 4))]),
        ({"dataset": "data/unlabelled", "split": "hidden"}, [("accuracy", round(validation["accuracy"], 4))]),
        ({"dataset": "data/one-label"}, [("roc_auc", 0.5), ("mcc", 0.1), ("brier", 0.2)]),
        ({"dataset": "data/none"}, [("accuracy", 0.5)]),
        ({"dataset": "data/here"}, [("accuracy", 0.5)]),
        ({"dataset": "csv"}, [("accuracy", 0.5)]),
        ({"task": "translation"}, [("accuracy", 0.5)]),
        ({}, [("mcc", round(test["matthews_correlation"] * 100, 2)), ("Cohen's kappa", 1.5)]),
    ]  # fmt: skip
    found = {"model": "someone/tiny", "revision": "abc", "version": "1", "notes": ["A *note*."], "findings": []}
    checked = []
    for data, metrics in claims:
        (tmp_path / "README.md").write_text(card(index(*metrics, **data)), encoding="utf-8")
        checked += [check_claim(claim, bench) for claim in read_card(str(tmp_path)).claims]
    (tmp_path / "README.md").write_text(card(None, f"On the test split, n = 150: \n\n- Accuracy: {right:.3f}\n"))
    checked += [check_claim(claim, bench) for claim in read_card(str(tmp_path)).claims]
    found["claims"] = [each.to_dict() for each in checked]
    told = [f"{number}. {in_lines(each)}" for number, each in enumerate(found["claims"], 1)]
    monkeypatch.setenv("COLUMNS", "130")
    show_claims(found)
    screen = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    check_approved("claims_checked.txt", "\n".join([*told, comment(found), screen]))


def test_the_split_that_a_card_names_is_found_under_its_own_name_or_not_at_all():
    assert _held("train", ["train"], []) == _held("all", ["train"], []) == "train"
    assert _held("test", ["train"], []) is None, "rows that nobody named are taken for no test"
    assert _held("test_2", ["test"], ["test_2"]) == "test", "the only one, under the name that it has there"
    assert _held("test", ["test"], ["train"]) == "test"
    assert _held("dev", ["train", "validation"], ["train", "dev"]) == "validation"
    two = ["train", "validation_matched", "validation_mismatched"]
    assert _held("validation_matched", ["train", "validation"], two) == "validation"
    assert _held("validation_mismatched", ["train", "validation"], two) is None, "the loader reads the first"
    assert _held("hidden", ["train", "validation"], two) is None


def test_other_splits_are_tried_but_for_empty_ones_and_a_train_that_takes_too_long(monkeypatch):
    monkeypatch.setattr(diagnosis, "LARGEST_TRAIN", 3)
    tried = []

    def scored(data, name):
        tried.append(name)
        if name == "validation":
            raise rows.UnmeasurableError("x", "No.")
        return SimpleNamespace(report=lambda: SimpleNamespace(n=3))

    def reasons(**sizes):
        tried.clear()
        bench = SimpleNamespace(splits=lambda data: {name: [0] * n for name, n in sizes.items()}, scored=scored)
        claim = SimpleNamespace(data=None, surely=lambda value: value == 0.5)
        case = SimpleNamespace(bench=bench, claim=claim, split="test", same=lambda report: (None, {"value": 0.5}))
        return [each.kind for each in diagnosis._other_split(case)]

    assert (reasons(test=5, validation=4, train=3), tried) == (["train_sold_as_test"], ["validation", "train"])
    assert (reasons(test=5, validation=0, train=4), tried) == ([], [])
    assert (reasons(test=5, train=0), tried) == ([], [])


def test_what_is_wrong_with_the_model_itself(bench):
    bench, *_ = bench
    assert model_findings(bench, []) == []
    names, config = bench.classifier.labels, bench.classifier.model.config
    bench.classifier.labels = type(names)(("LABEL_0", "LABEL_1"), False)
    (found,) = model_findings(bench, [])
    assert found.says == "The model's labels have no names (LABEL_0, ...): id2label of config.json should give them."
    bench.classifier.labels = names
    bench.classifier.tokenizer.model_max_length = int(1e30)
    config.max_position_embeddings = 12
    scored = bench.scored(rows.DataNamed("data/reviews"), "test")
    longer = sum(len(text.split()) + 2 > 12 for text in scored.rows["text"])
    (found,) = model_findings(bench, [scored, scored])
    assert found.kind == "no_max_length"
    assert f"12 positions: pipeline() fails on {2 * longer:,} of the texts measured" in found.says
