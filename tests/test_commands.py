"""The commands from end to end: what one leaves is what the next takes; several processes; --help."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from tests.trained_runs import CASES, COMMON, follow, texts, write_csv
from textclf.commands import eval as evaluate
from textclf.commands import explore
from textclf.commands import push as push_to_hub
from textclf.recipe import read_recipe

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("case", CASES)
def test_train_ends_with_a_table_the_folder_and_what_to_type_next(case, trained):
    shown = trained(case).shown
    assert f"test, n = {trained(case).evaluation['n']}, 95 % intervals" in shown
    assert "majority" in shown
    assert "The run folder: run" in shown
    commands = [line.split("#")[0].split() for line in shown.split("Next:")[1].splitlines() if line.strip()]
    assert [words[:2] for words in commands] == [["python", c] for c in ("space/app.py", "eval.py", "push_to_hub.py")]
    assert all((ROOT / words[1]).is_file() for words in commands)


def test_columns_that_were_found_are_told(trained):
    assert "Text is read from 'comment'." not in trained("single").shown
    assert "Labels are read from 'label'." in trained("korean").shown
    assert "Text is read from 'document'." in trained("korean").shown
    assert "sentence1" in trained("korean_pair").shown


@pytest.mark.parametrize(("case", "options"), [("single", []), ("pair", ["--text-columns", "title", "body"])])
def test_eval_of_a_run_on_its_own_data_gives_its_figures(case, options, trained, tmp_path, monkeypatch, capsys):
    found = trained(case)
    data = next(found.workspace.glob("rows.*"))
    monkeypatch.chdir(tmp_path)
    words = ["--dataset", str(data), *options, "--split", "test", "--bootstrap-draws", "200", "--output", "again"]
    run = shutil.copytree(found.run.path, tmp_path / "run")
    evaluate.main([str(run), *words])
    again = json.loads(Path("again/evaluation.json").read_text())
    assert again["metrics"] == found.evaluation["metrics"]
    assert again["data"]["fingerprint"] == found.evaluation["data"]["fingerprint"]
    assert pq.read_table("again/predictions/test.parquet").equals(found.predictions())
    assert "accuracy" in capsys.readouterr().out
    assert any("the run's own test rows, scored 2 times" in note for note in again["notes"])
    assert json.loads((run / "evaluation.json").read_text())["test_scored"] == 2, "the card says so, too"


def test_eval_of_other_peoples_model_on_all_rows(tiny_model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_csv(Path("rows.csv"), ["text", "label"], [(t, ("Bad", "GOOD")[len(t) % 2]) for t in texts(20, 30)])
    evaluate.main(
        [str(tiny_model("bert", labels=("bad", "good"))), "--dataset", "rows.csv", "--bootstrap_draws", "200"]
    )
    shown = capsys.readouterr()
    assert "Label names were matched without case and spaces." in shown.err
    assert "n = 20" in shown.out


def test_explore_and_a_dry_push_of_the_same_data(trained, tmp_path, monkeypatch, capsys):
    found = trained("single")
    monkeypatch.chdir(tmp_path)
    explore.main([str(found.workspace / "rows.csv"), "--output", "page.html"])
    assert "<html" in Path("page.html").read_text("utf-8")
    before = sorted(found.run.path.rglob("*"))
    capsys.readouterr()
    push_to_hub.main([str(found.run.path), "--repo-id", "me/mine", "--dry-run"])
    shown = capsys.readouterr().out
    assert "model.safetensors" in shown
    assert "predictions" in shown
    assert sorted(found.run.path.rglob("*")) == before


def test_a_run_is_a_model_to_train_further(trained, tmp_path):
    """The next run's source is a run: its head and labels are taken over, its calibration is its own."""
    found = trained("single")
    data = str(found.workspace / "rows.csv")
    options = ["--dataset", data, "--model", str(found.run.path), "--output_dir", "further"]
    follow(tmp_path, [*COMMON, *options, "--learning_rate", "1e-9", "--calibrate", "false"])
    scores = [
        pq.read_table(run / "predictions/test.parquet")["scores"].to_pylist()
        for run in (found.run.path, tmp_path / "further")
    ]
    assert np.abs(np.array(scores[0]) - np.array(scores[1])).max() < 1e-4


def test_flags_win_over_a_recipe_and_the_resolved_one_says_so(trained, tmp_path):
    found = trained("single")
    recipe = {"train-file": str(found.workspace / "rows.csv"), "model": str(found.workspace / "tiny"), "seed": 1}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**recipe, "num_train_epochs": 3}))
    follow(tmp_path, ["mine.yaml", *COMMON, "--seed", "2", "--output-dir", "out"])
    resolved = yaml.safe_load((tmp_path / "out/recipe.yaml").read_text())
    assert (resolved["seed"], resolved["num_train_epochs"]) == (2, 1)
    assert (resolved["train_file"], resolved["model"]) == ("rows.csv", "tiny")


def test_the_resolved_recipe_names_the_commit_of_a_model_from_the_hub(trained, tmp_path, monkeypatch):
    """From the local cache, as there is no network; read again, the recipe asks for the same commit."""
    commit, found = "b" * 40, trained("single")
    folder = tmp_path / "hub" / "models--me--tiny"
    shutil.copytree(found.workspace / "tiny", folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    shutil.copy(found.workspace / "rows.csv", tmp_path)
    shown = follow(tmp_path, [*COMMON, "--dataset", "rows.csv", "--model", "me/tiny", "--output_dir", "out"])
    assert "me/tiny: HF_HUB_OFFLINE is set; using the copy in the local cache." in shown
    resolved = yaml.safe_load((tmp_path / "out/recipe.yaml").read_text())
    assert (resolved["model"], resolved["model_revision"]) == ("me/tiny", commit)
    assert "model_revision" not in yaml.safe_load((found.run.path / "recipe.yaml").read_text()), "of a folder"
    follow(tmp_path, ["out/recipe.yaml", "--output_dir", "again", "--threads", "1"])
    tables = [pq.read_table(tmp_path / run / "predictions/test.parquet") for run in ("out", "again")]
    assert tables[0].equals(tables[1])


def test_an_interrupted_embedded_default_goes_on_as_it_was_begun():
    begun, going_on = read_recipe([]), read_recipe(["--resume_from_checkpoint", "runs/x"])
    assert going_on.fit.resume_from_checkpoint == "runs/x"
    assert going_on[:2] == begun[:2]
    assert going_on.fit.learning_rate == begun.fit.learning_rate
    assert going_on.fit.num_train_epochs == begun.fit.num_train_epochs


HELP = """
import contextlib, io, runpy, sys
found = {}
for command in ("train.py", "eval.py", "explore.py", "push_to_hub.py", "dataset_scripts"):
    sys.argv = [command, "--help"]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        run = runpy.run_module if command == "dataset_scripts" else runpy.run_path
        run(command, run_name="__main__")
    found[command] = shown.getvalue()
loaded = [name for name in ("torch", "datasets", "sklearn", "matplotlib", "gradio") if name in sys.modules]
import json; print(json.dumps([found, loaded]))
"""


def test_help_of_every_command_names_its_options_both_ways_and_loads_no_torch():
    done = subprocess.run([sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True)
    found, loaded = json.loads(done.stdout)
    assert loaded == []
    promised = {
        "train.py": ("text_columns", "label_separator", "class_names", "output_dir", "drop_unseen_labels", "push"),
        "eval.py": ("dataset", "data_dir", "split", "output"),
        "explore.py": ("data_dir", "text_columns", "label_columns", "output"),
        "push_to_hub.py": ("repo_id", "public", "space", "create_pr", "dry_run", "tag", "license"),
        "dataset_scripts": ("data_dir", "output"),
    }
    for command, options in promised.items():
        assert found[command].lower().startswith("usage:"), command
        for option in options:
            assert f"--{option}" in found[command], (command, option)
            assert f"--{option.replace('_', '-')}" in found[command], (command, option)


def launch(place, processes, *argv):
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        str(ROOT / "accelerate_config.yaml"),
    ]
    command += ["--num_processes", str(processes), str(ROOT / "train.py"), *COMMON, *argv]
    return subprocess.run(
        command, cwd=place, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


@pytest.fixture
def exact(tmp_path, tiny_model):
    """A folder with rows, and options under which the number of processes must not matter."""
    write_csv(tmp_path / "rows.csv", ["text", "label"], [(t, "en" if t[0].isascii() else "ko") for t in texts(90, 40)])
    options = ["--dataset", "rows.csv", "--model", str(tiny_model("bert")), "--dropout", "0", "--precision", "fp32"]
    return tmp_path, [*options, "--num_train_epochs", "2"]


def compare(place, first, second):
    tables = [pq.read_table(place / run / "predictions/test.parquet").to_pydict() for run in (first, second)]
    assert tables[0]["text"] == tables[1]["text"]
    assert np.abs(np.array(tables[0]["scores"]) - np.array(tables[1]["scores"])).max() < 1e-5


@pytest.mark.slow
def test_two_processes_train_what_one_does_with_a_doubled_batch(exact):
    place, options = exact
    done = launch(place, 2, *options, "--per_device_train_batch_size", "8")
    assert done.returncode == 0, done.stderr[-3000:]
    follow(place, [*COMMON, *options, "--per_device_train_batch_size", "16", "--output_dir", "one"])
    (two,) = (place / "runs").iterdir()
    facts = [json.loads((run / "evaluation.json").read_text()) for run in (two, place / "one")]
    assert [each["training"]["processes"] for each in facts] == [2, 1]
    assert facts[0]["training"]["steps"] == facts[1]["training"]["steps"]
    assert [each["test_scored"] for each in facts] == [1, 1]
    compare(place, two, "one")
    assert done.stdout.count("The run folder:") == 1, "one process talks"
    assert done.stderr.count("Labels are read from 'label'.") == 1


@pytest.mark.slow
def test_one_launched_process_trains_what_the_plain_command_does(exact):
    place, options = exact
    done = launch(place, 1, *options, "--output_dir", "launched")
    assert done.returncode == 0, done.stderr[-3000:]
    follow(place, [*COMMON, *options, "--output_dir", "plain"])
    assert json.loads((place / "launched/evaluation.json").read_text())["training"]["processes"] == 1
    compare(place, "launched", "plain")


@pytest.mark.slow
def test_a_mistake_in_two_processes_ends_both_and_leaves_nothing(exact):
    place, options = exact
    done = launch(place, 2, *options, "--label_columns", "lable")
    assert done.returncode != 0
    assert "error: There is no column 'lable'; found: text, label. Did you mean 'label'?" in done.stderr
    assert not (place / "runs").exists()
