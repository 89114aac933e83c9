"""Benchmarks: each answers --help, what they compute is right, and the small ones run from end to end."""

import csv
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from datasets import ClassLabel
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoModelForSequenceClassification

from benchmarks import adaptation, audit_speed, large_data, speed_arms, speed_ceiling, speed_data
from benchmarks.adaptation_table import compare_arms, write_page
from benchmarks.adaptation_trial import Trial
from benchmarks.made_texts import made_texts
from tests.tiny_models import SENTENCES
from textclf.errors import UserError
from textclf.labels import LabelSpace

ROOT = Path(__file__).parent.parent
COMMANDS = [path.stem for path in sorted((ROOT / "benchmarks").glob("*.py")) if "__main__" in path.read_text()]


@pytest.mark.filterwarnings("ignore:.*found in sys.modules.*:RuntimeWarning")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_benchmark_answers_help(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"benchmarks/{name}.py", "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage:")


def test_what_runs_the_trials_stays_small():
    """A new process starts with the peak memory of the one that made it: torch there would be measured here."""
    code = "import sys, benchmarks.adaptation as b; b.main(['--help']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0


def test_arms_take_turns_and_every_second_round_goes_backwards():
    assert adaptation.order_of_trials(["full", "lora", "dora"], [1, 2]) == [
        ("full", 1),
        ("lora", 1),
        ("dora", 1),
        ("dora", 2),
        ("lora", 2),
        ("full", 2),
    ]


def test_a_trial_is_a_command_line_of_train():
    words = ["recipe.yaml", "--learning_rate", "2e-5"]
    assert adaptation.words_of_trial(words, "full", 3, 3e-4) == [*words, "--seed", "3"]
    adapter = ["--seed", "3", "--lora", "dora", "--learning_rate", "0.0003"]
    assert adaptation.words_of_trial(words, "dora", 3, 3e-4) == [*words, *adapter]


def test_options_are_parted_from_those_of_train():
    options, words = adaptation.read_options(["--arms", "full", "lora", "--data_dir", "D", "--seeds", "1", "2"])
    assert (options.arms, options.seeds) == (["full", "lora"], [1, 2])
    assert words == ["recipes/hate_speech.yaml", "--data_dir", "D"]
    assert adaptation.read_options(["mine.yaml", "--seeds", "1"])[1] == ["mine.yaml"]
    assert adaptation.read_options(["--dataset", "news_sample"])[1] == ["--dataset", "news_sample"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--arms", "lroa"], r"--arms lroa is unknown. Did you mean 'lora'\?"),
        (["--seed", "1"], "--seed is set here, trial by trial; use --seeds"),
        (["--lora=dora"], "--lora is set here, trial by trial; use --arms"),
        (["--output-dir", "x"], "use --output"),
    ],
)
def test_options_that_differ_from_arm_to_arm_are_refused(words, message):
    with pytest.raises(UserError, match=message):
        adaptation.read_options(words)


def test_the_command_is_written_down_without_folders_of_this_machine():
    shown = adaptation.shown_command(["r.yaml", "--data_dir", "/home/me/data", "--output=/tmp/x", "--seeds", "1"])
    assert shown == "python -m benchmarks.adaptation r.yaml --data_dir FOLDER --output=FOLDER --seeds 1"


def trial(arm, seed, predicted, gold):
    scores = np.eye(2, dtype=np.float32)[predicted] * 0.8 + 0.1
    row = {
        "arm": arm,
        "seed": seed,
        "learning_rate": 1e-4,
        "n": len(gold),
        "metrics": {"accuracy": {}, "f1_macro": {}},
        "seconds": 10.0 * seed,
        "processor_seconds": 8.0,
        "memory_before_mib": 500.0,
        "memory_mib": 900.0,
        "checkpoint_bytes": 2**20,
        "adapter_bytes": 0 if arm == "full" else 2**19,
        "trained_parameters": 100 if arm == "full" else 5,
        "model_parameters": 100,
        "training": {"versions": {"torch": "2"}, "threads": 1, "precision": "fp32"},
        "data": {"name": "made", "sizes": {"train": 8, "test": len(gold)}},
        "options": {"model": "tiny", "epochs": 1.0, "batch": 4, "lora_r": 8, "lora_alpha": 16, "lora_dropout": 0.1},
    }
    return Trial(row, LabelSpace(("no", "yes"), multi_label=False), scores, gold, None)


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, 80)
    wrong = {key: rng.random(80) < share for key, share in {1: 0.2, 2: 0.3, 3: 0.4, 4: 0.1}.items()}
    predicted = {key: np.where(flip, 1 - gold, gold) for key, flip in wrong.items()}
    made = [("full", 1, 1), ("full", 2, 2), ("lora", 1, 3), ("lora", 2, 4), ("dora", 1, 1), ("dora", 2, 2)]
    return gold, predicted, [trial(arm, seed, predicted[key], gold) for arm, seed, key in made]


def test_an_arm_is_the_mean_over_its_seeds_and_paired_with_full_fine_tuning(trials):
    gold, predicted, made = trials
    arms = compare_arms(made)
    accuracy = [accuracy_score(gold, predicted[key]) for key in (1, 2)]
    f1 = [f1_score(gold, predicted[key], average="macro") for key in (3, 4)]
    assert arms["full"]["accuracy"]["value"] == pytest.approx(np.mean(accuracy))
    assert arms["full"]["accuracy"]["each"] == pytest.approx(accuracy)
    assert arms["lora"]["f1_macro"]["value"] == pytest.approx(np.mean(f1))
    assert arms["full"]["accuracy"]["low"] < np.mean(accuracy) < arms["full"]["accuracy"]["high"]
    assert (arms["full"]["seconds"], arms["full"]["seeds"]) == (15.0, [1, 2])
    other = [accuracy_score(gold, predicted[key]) for key in (3, 4)]
    against = arms["lora"]["against_full"]["accuracy"]
    assert against["value"] == pytest.approx(np.mean(other) - np.mean(accuracy))
    assert against["low"] < against["value"] < against["high"]
    same = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert arms["dora"]["against_full"] == {"accuracy": same, "f1_macro": same}, "equal on every text"
    assert "against_full" not in arms["full"]


def test_the_page_holds_every_arm_with_its_interval_and_its_price(trials):
    *_, made = trials
    arms = compare_arms(made)
    machine = {"processor": "P", "cores": 2, "memory_gib": 8, "gpu": None}
    content = {"command": "c", "date": "d", "machine": machine, "shared_machine": True, "arms": arms}
    page = write_page({**content, "trials": [each.row for each in made]})
    accuracy = arms["lora"]["accuracy"]
    assert f"| LoRA | {accuracy['value']:.4f} [{accuracy['low']:.4f}, {accuracy['high']:.4f}] |" in page
    assert "| LoRA | 5 (5.0%) | 15 | 8 | 900 | 500 | 1.0 | 0.5 |" in page
    assert "| full fine-tuning | 100 (100.0%) | 15 | 8 | 900 | 500 | 1.0 |  |" in page
    assert "Others used the machine meanwhile" in page
    assert "n = 80 test texts" in page
    assert "nan" not in page


def write_rows(path):
    texts = list(dict.fromkeys(f"{a} {b}" for a in SENTENCES for b in SENTENCES[::7]))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("text", "label"), *((text, "en" if text.isascii() else "ko") for text in texts[::2])]
        )
    return str(path)


@pytest.mark.slow
def test_adapters_and_full_fine_tuning_are_compared_in_processes_of_their_own(tiny_model, tmp_path):
    words = ["--dataset", write_rows(tmp_path / "rows.csv"), "--model", str(tiny_model("bert")), "--arms", "full"]
    words += ["rslora", "--num_train_epochs", "2", "--threads", "1", "--output", str(tmp_path / "out" / "found")]
    adaptation.main(words)
    found = json.loads((tmp_path / "out" / "found.json").read_text())
    full, adapter = found["trials"]
    assert (full["arm"], adapter["arm"]) == ("full", "rslora")
    assert full["adapter_bytes"] == 0 < adapter["adapter_bytes"] < adapter["checkpoint_bytes"]
    assert adapter["trained_parameters"] < full["trained_parameters"] == full["model_parameters"]
    assert adapter["model_parameters"] == full["model_parameters"]
    assert 100 < full["memory_before_mib"] <= full["memory_mib"] < 4000
    assert full["processor_seconds"] > 0
    assert str(tmp_path) not in (tmp_path / "out" / "found.json").read_text()
    assert "| rsLoRA |" in (tmp_path / "out" / "found.md").read_text()


def test_word_vectors_and_a_gru_train_and_write_their_figures(tmp_path, monkeypatch):
    from benchmarks import word2vec_gru

    rows = write_rows(tmp_path / "rows.csv")
    output = tmp_path / "out" / "gru.json"
    word2vec_gru.main(["--dataset", rows, "--epochs", "2", "--hidden", "8", "--output", str(output)])
    found = json.loads(output.read_text(encoding="utf-8"))
    assert found["n"] == found["data"]["sizes"]["test"]
    assert 0 <= found["metrics"]["accuracy"]["low"] <= found["metrics"]["accuracy"]["high"] <= 1
    assert found["selection"]["split"] == "validation"
    assert str(tmp_path) not in output.read_text(encoding="utf-8")


@pytest.mark.slow
def test_made_texts_are_as_many_as_asked_in_both_languages_and_repeat_themselves_as_promised():
    batches = list(made_texts(2_500, seed=1, batch=1_000))
    assert [len(batch) for batch in batches] == [1_000, 1_000, 500]
    texts = [text for batch in batches for text in batch]
    assert texts == [text for batch in made_texts(2_500, seed=1, batch=1_000) for text in batch]
    assert texts[200] == texts[175]
    assert sum(a != b for a, b in zip(texts[50].split(), texts[25].split(), strict=True)) == 1
    hangul = sum("가" <= letter <= "힣" for text in texts for letter in text)
    assert 0.02 < hangul / sum(map(len, texts)) < 0.5


def test_the_audit_is_timed_on_four_labels_split_80_10_10():
    splits = audit_speed.make_splits(700)
    assert {name: len(split) for name, split in splits.items()} == {"train": 560, "validation": 70, "test": 70}
    assert splits["train"].features["labels"] == ClassLabel(names=["a", "b", "c", "d"])


def test_large_data_is_written_and_its_memory_is_seen(tmp_path):
    large_data.write_parquet(tmp_path / "rows.parquet", 300)
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 300
    before = large_data.memory()["Pss_Anon"]
    held = np.ones(80_000_000, dtype=np.uint8)
    assert large_data.memory()["Pss_Anon"] - before == pytest.approx(held.nbytes / 2**20, rel=0.2)


def test_made_rows_keep_their_lengths_and_tell_their_label():
    rows = speed_data.made_rows(next(iter(speed_data.LENGTHS)), 50, 64)
    assert len(rows.texts.lengths) == 50
    assert 8 <= rows.texts.lengths.min() <= rows.texts.lengths.max() <= 64


def test_the_stock_collator_pads_to_a_width_or_to_the_longest():
    rows = [
        {"labels": torch.tensor(i), "input_ids": torch.ones(n), "attention_mask": torch.ones(n)}
        for i, n in enumerate((2, 5))
    ]
    assert speed_arms.padded(None)(rows)["input_ids"].tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
    assert speed_arms.padded(8)(rows)["attention_mask"].sum(1).tolist() == [2, 5]
    assert speed_arms.padded(8)(rows)["attention_mask"].shape == (2, 8)


def test_what_every_token_is_multiplied_with_leaves_out_the_embeddings(tiny_model):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model("bert", labels=("a", "b")))
    config = model.config
    embedded = (config.vocab_size + config.max_position_embeddings + config.type_vocab_size) * config.hidden_size
    whole = sum(parameter.numel() for parameter in model.parameters())
    assert speed_ceiling.weights_without_embeddings(model) == whole - embedded


def test_ours_is_compared_with_itself_with_one_thing_done_the_other_way():
    always = ["plain Trainer", "best flags", "ours"]
    last = ["ours, all embeddings", "ours, attention dropout 0"]
    assert list(speed_arms.arms(use_cpu=True)) == [*always, "ours, padded", *last]
    assert list(speed_arms.arms(use_cpu=False)) == [*always, "ours, padding-free", *last]
