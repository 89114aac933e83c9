"""Training end to end on tiny models: what is written, what is chosen, what is refused."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from datasets import Dataset
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, pipeline

from tests.training_runs import ONE, accuracy, arguments, built, rows, train
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.errors import UserError
from textclf.training import fit as fit_module
from textclf.training import memory
from textclf.training.collation import Padding
from textclf.training.encoding import TokenLists, tokenise
from textclf.training.fit import fit
from textclf.training.memory import kept_memory


@pytest.fixture(scope="module")
def run(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "run"
    return train(tiny_model("bert"), folder, rows(96), rows(40, seed=1), num_train_epochs=3, learning_rate=1e-3)


def log_of(folder):
    return [json.loads(line) for line in (folder / "training_log.jsonl").read_text().splitlines()]


def test_a_run_is_a_plain_checkpoint_with_its_log(run):
    classifier = pipeline("text-classification", model=str(run.path))
    (result,) = classifier(["한국은행이 올해 세 번째로 기준금리를 올렸다."], truncation=True)
    assert result["label"] == "ko"
    assert {"step", "loss", "learning_rate", "grad_norm", "epoch"} <= set(log_of(run.path)[0])
    half = run.training["precision"] == "bf16"  # of such a training no logits are kept: they are not the folder's
    kept = {"plan.json", "training.json", *([] if half else ["validation_logits.safetensors"])}
    assert {p.name for p in (run.path / "checkpoints").iterdir()} == kept


def test_the_facts_say_how_it_was_trained_and_chosen(run):
    assert run.selection["metric"] == "f1_macro"
    assert run.selection["split"] == "validation"
    evaluated = {line["epoch"]: line["eval_f1_macro"] for line in log_of(run.path) if "eval_f1_macro" in line}
    assert list(evaluated) == [1.0, 2.0, 3.0]
    assert evaluated[run.selection["epoch"]] == run.selection["value"] == max(evaluated.values())
    assert run.training["steps"] == 36
    assert run.training["processes"] == 1
    assert min(run.training[name] for name in ("seconds", "examples_per_second", "tokens_per_second")) > 0
    assert json.loads((run.path / "checkpoints/training.json").read_text()) == {
        "training": run.training,
        "selection": run.selection,
    }


def test_a_folder_in_use_is_refused_before_anything_is_touched(run, tiny_model):
    before = sorted(run.path.rglob("*"))
    with pytest.raises(UserError, match=r"is in use .*--resume_from_checkpoint"):
        train(tiny_model("bert"), run.path, rows(8), rows(8))
    assert sorted(run.path.rglob("*")) == before


def test_a_finished_run_is_not_trained_again(run, tiny_model):
    splits = rows(96), rows(40, seed=1)
    model, tokenizer = built(tiny_model("bert"), splits[0])
    args = arguments(None, resume_from_checkpoint=str(run.path), num_train_epochs=3, learning_rate=1e-3)
    args.output_dir = None
    assert fit(model, tokenizer, *splits, args, max_length=64, metrics=accuracy) == run


def test_the_seed_decides_every_weight(tiny_model, tmp_path):
    """The head included: two runs are one, another seed is another."""
    found = [
        load_file(train(tiny_model("bert"), tmp_path / name, rows(24), rows(8), seed=seed).path / "model.safetensors")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not torch.equal(found[0]["classifier.weight"], found[2]["classifier.weight"])


def test_an_unknown_metric_stops_before_the_first_step(tiny_model, tmp_path):
    with pytest.raises(UserError, match="Did you mean 'accuracy'"):
        train(tiny_model("bert"), tmp_path / "run", rows(8), rows(8), metric_for_best_model="acuracy")
    assert not (tmp_path / "run").exists()


def test_more_is_better_for_accuracy_and_less_for_the_log_loss(tiny_model, tmp_path):
    """An early metric of one's own: the epoch with the extreme value is the one that is kept."""
    values = {"accuracy": iter([0.0, 0.1, 0.9, 0.5]), "log_loss": iter([0.0, 0.1, 0.9, 0.5])}
    for metric, epoch in (("accuracy", 2.0), ("log_loss", 1.0)):
        run = train(
            tiny_model("bert"),
            tmp_path / metric,
            rows(16),
            rows(8),
            metrics=lambda gold, scores, metric=metric: {metric: next(values[metric])},
            metric_for_best_model=metric,
            num_train_epochs=3,
        )
        assert run.selection["epoch"] == epoch


def test_training_stops_early_when_validation_no_longer_improves(tiny_model, tmp_path):
    values = iter([0.0, 0.5, 0.4, 0.3, 0.2, 0.1])
    run = train(
        tiny_model("bert"),
        tmp_path / "run",
        rows(16),
        rows(8),
        metrics=lambda gold, scores: {"f1_macro": next(values)},
        num_train_epochs=6,
        early_stopping_patience=2,
    )
    assert run.training["epochs"] == 3.0
    assert run.selection["epoch"] == 1.0


def test_best_and_last_are_kept_as_two_copies(tiny_model, tmp_path):
    """The best was once a reference to the live weights, so that both were the last."""

    def weights(name, *values, **options):
        series = iter([0.0, *values])
        run = train(
            tiny_model("bert"),
            tmp_path / name,
            rows(32),
            rows(8),
            metrics=lambda gold, scores: {"f1_macro": next(series)},
            learning_rate=1e-3,
            **options,
        )
        return run.path, load_file(run.path / "model.safetensors")

    path, best = weights("first is best", 0.9, 0.4, keep_last=True)
    last = load_file(path / "checkpoints/last/model.safetensors")
    _, second = weights("second is best", 0.4, 0.9)
    assert any(not torch.equal(best[name], last[name]) for name in best)
    assert all(torch.equal(second[name], last[name]) for name in second)
    assert pipeline("text-classification", model=str(path / "checkpoints/last"))("The film is good.")


@pytest.mark.parametrize("loss", ["bce", "asymmetric", "focal"])
def test_several_labels_train_with_every_loss(loss, tiny_model, tmp_path):
    run = train(
        tiny_model("bert"), tmp_path / "run", rows(48, multi_label=True), rows(16, multi_label=True), loss=loss
    )
    assert run.selection["metric"] == "average_precision_micro"
    assert json.loads((run.path / "config.json").read_text())["problem_type"] == "multi_label_classification"


@pytest.mark.parametrize("options", [{}, {"freeze_encoder_epochs": 1.0, "keep_last": True}, {"layer_decay": 0.8}])
def test_an_adapter_is_merged_and_kept_beside(options, tiny_model, tmp_path):
    split = rows(48)
    model, tokenizer = built(tiny_model("bert"), split, lora="lora")
    args = arguments(tmp_path / "run", learning_rate=5e-3, **options)
    series = iter([0.0, 0.1, 0.2])
    metrics = lambda gold, scores: {"f1_macro": next(series)}  # noqa: E731 the second epoch is the best
    run = fit(model, tokenizer, split, rows(16), args, max_length=64, metrics=metrics)
    base, _ = built(tiny_model("bert"), split)
    adapted = PeftModel.from_pretrained(base, run.path / "adapter").eval()
    plain = AutoModelForSequenceClassification.from_pretrained(run.path)
    inputs = tokenizer(list(split["text"][:4]), padding=True, return_tensors="pt")
    with torch.no_grad():
        assert torch.allclose(adapted(**inputs).logits, plain(**inputs).logits, atol=1e-5)
    name = "bert.encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(plain.state_dict()[name], built(tiny_model("bert"), split)[0].state_dict()[name])
    if "keep_last" in options:
        assert pipeline("text-classification", model=str(run.path / "checkpoints/last"))("The film is good.")


def test_pairs_without_a_second_text_are_encoded_as_single_texts(tiny_model):
    split = rows(4).add_column("text_pair", ["둘째 문장입니다.", "", None, "The café is open."])
    _, tokenizer = built(tiny_model("bert"), split)
    encoded = tokenise(split, tokenizer, 64)
    for i, (text, second) in enumerate(zip(split["text"], split["text_pair"], strict=True)):
        alone = tokenizer(text, second) if second else tokenizer(text)
        assert encoded[i].input_ids.tolist() == alone["input_ids"]
        assert encoded[i].token_type_ids.tolist() == alone["token_type_ids"]


def test_long_pairs_are_cut_longest_first(tiny_model):
    split = rows(1).add_column("text_pair", ["word " * 100])
    _, tokenizer = built(tiny_model("bert"), split)
    (row,) = (tokenise(split, tokenizer, 32)[i] for i in range(1))
    assert len(row.input_ids) == 32
    assert row.token_type_ids.sum() > 0


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_our_batches_are_the_tokenizers_own(family, tiny_model):
    split = rows(6)
    _, tokenizer = built(tiny_model(family), split)
    encoded = tokenise(split, tokenizer, 40)
    batch = Padding.of(tokenizer)([encoded[i] for i in range(6)])
    theirs = tokenizer(list(split["text"]), padding=True, truncation=True, max_length=40, return_tensors="pt")
    assert set(batch) == {*theirs, "labels"}
    assert all(torch.equal(batch[name], theirs[name]) for name in theirs)
    wide = Padding.of(tokenizer, multiple=8)([encoded[i] for i in range(6)])
    eights = tokenizer(list(split["text"]), padding=True, truncation=True, max_length=40, pad_to_multiple_of=8)
    assert wide["attention_mask"].tolist() == eights["attention_mask"]
    tokenizer.padding_side = "left"
    left = Padding.of(tokenizer)([encoded[i] for i in range(6)])
    theirs = tokenizer(list(split["text"]), padding=True, truncation=True, max_length=40, return_tensors="pt")
    assert torch.equal(left["input_ids"], theirs["input_ids"])


def test_sorting_for_validation_keeps_rows_and_labels_together(tiny_model):
    split = rows(12)
    _, tokenizer = built(tiny_model("bert"), split)
    encoded = tokenise(split, tokenizer, 64)
    found = {(tuple(row.input_ids), int(row.label)) for row in map(encoded.__getitem__, range(12))}
    ordered = encoded.sorted_by_length()
    assert {(tuple(row.input_ids), int(row.label)) for row in map(ordered.__getitem__, range(12))} == found
    assert np.all(np.diff(ordered.lengths) <= 0)


def test_large_splits_are_tokenised_in_parallel_with_the_same_result(tiny_model, monkeypatch):
    split = rows(30)
    _, tokenizer = built(tiny_model("bert"), split)
    alone = tokenise(split, tokenizer, 64)
    monkeypatch.setattr("textclf.training.encoding.PARALLEL_ROWS", 10)
    monkeypatch.setattr("textclf.training.encoding.available_cores", lambda: 2)
    together = tokenise(rows(30), tokenizer, 64)
    assert all(np.array_equal(alone[i].input_ids, together[i].input_ids) for i in range(30))
    assert np.array_equal(alone.lengths, together.lengths)


def test_token_ids_stay_in_the_mapped_file_of_the_cache(tiny_model, tmp_path):
    """They were copied into memory as flat arrays: a gigabyte for 5 million short texts, and twice that on the way."""
    rows(40).to_parquet(tmp_path / "rows.parquet")
    split = Dataset.from_parquet(str(tmp_path / "rows.parquet"), cache_dir=str(tmp_path / "cache"))
    _, tokenizer = built(tiny_model("bert"), rows(40))
    before = pa.total_allocated_bytes()
    encoded = tokenise(split, tokenizer, 64)
    assert pa.total_allocated_bytes() == before
    assert not encoded[3].input_ids.flags.owndata
    assert not encoded[3].input_ids.flags.writeable  # of a file mapped for reading
    assert not encoded.sorted_by_length()[3].input_ids.flags.owndata


def test_a_changed_cell_reaches_the_token_ids_and_equal_rows_come_from_the_cache(tiny_model, tmp_path, monkeypatch):
    """Through every cache on the way: the file's rows, the splits, the token ids; size and time stay as they were."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    _, tokenizer = built(tiny_model("bert"), rows(4))
    path = tmp_path / "rows.csv"
    stamp = (1_700_000_000, 1_700_000_000)

    def ids(word, length=16):
        lines = [f"the film {i} is {word},{'ab'[i % 2]}" for i in range(40)]
        path.write_text("\n".join(["text,label", *lines]))
        os.utime(path, stamp)
        train = load_splits(DataArguments(dataset=str(path))).splits["train"]
        encoded = tokenise(train, tokenizer, length)
        assert [encoded[i].input_ids.tolist() for i in range(len(train))] == tokenizer(
            list(train["text"]), truncation=True, max_length=length
        )["input_ids"]
        return len(list((tmp_path / "cache").rglob("cache-*.arrow")))

    assert ids("good") == 1
    assert ids("late") == 2
    assert ids("good") == 2
    assert ids("good", length=5) == 3


def test_rows_of_many_pieces_are_found_in_their_order():
    pieces = [(np.arange(10), np.array([2, 4, 4, 9])), (np.zeros(0), np.array([0])), (np.arange(7), np.array([0, 7]))]
    lists = TokenLists(pieces)
    assert [lists[i].tolist() for i in range(4)] == [[2, 3], [], [4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6]]
    assert lists.lengths.tolist() == [2, 0, 5, 7]


def test_the_label_space_is_that_of_the_features_not_of_the_rows(tiny_model, tmp_path):
    only_korean = rows(40).filter(lambda row: row["labels"] == 0)
    assert only_korean.features == ONE
    run = train(tiny_model("bert"), tmp_path / "run", only_korean, rows(8), guards=False)
    assert json.loads((run.path / "config.json").read_text())["id2label"] == {"0": "ko", "1": "en"}


def test_fit_is_what_the_package_offers():
    import textclf

    assert textclf.fit is fit_module.fit


def test_freed_memory_stays_with_the_process_while_it_trains(monkeypatch):
    """By the numbers of glibc's malloc.h: -1 trims, -2 pads the top, -4 maps large blocks; -3 would fix their size."""
    asked = []
    library = SimpleNamespace(
        mallopt=lambda *setting: asked.append(setting), malloc_trim=lambda pad: asked.append(pad)
    )
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr(memory.platform, "libc_ver", lambda: ("glibc", "2.36"))
    with kept_memory(use=True):
        assert asked == [(-1, 2**31 - 1), (-2, 2**26), (-4, 0)]
        asked.clear()
    assert asked == [(-1, 2**26), (-2, 2**17), (-4, 65_536), 0]
    with kept_memory(use=False):
        assert len(asked) == 4
