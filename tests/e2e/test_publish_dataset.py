"""The data set repo of a run, made on the stand-in Hub by the real clients."""

from __future__ import annotations

import csv
import random

import pytest

from tests.e2e.client_process import run_client
from tests.tiny_models import ENGLISH
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits

pytestmark = pytest.mark.hub


@pytest.fixture
def file_run(run, tmp_path):
    """The run, as if it had been made with a CSV file of this test."""
    rng = random.Random(5)
    with (tmp_path / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sentence", "label"])
        for row in range(60):
            writer.writerow([f"{rng.choice(ENGLISH)} {rng.choice(ENGLISH)} ({row})", ("bad", "good")[row % 2]])
    data = DataArguments(train_file=str(tmp_path / "reviews.csv"))
    splits, provenance = load_splits(data)
    evaluation = run.read_json("evaluation.json")
    run.write_json("evaluation.json", evaluation | {"data": provenance.to_dict()})
    return run, tmp_path, splits


LOAD = """
import datasets
splits = datasets.load_dataset("alice/reviews")
names = splits["test"].features["labels"].names
result = {"sizes": {name: len(rows) for name, rows in splits.items()}, "names": names, "first": splits["test"][0]}
"""


def test_a_data_set_repo_loads_as_it_was_split(hub, process, file_run, tmp_path):
    run, folder, splits = file_run
    token = hub.token("alice")
    words = (str(run.path), "--dataset-repo", "alice/reviews", "--data-dir", str(folder), "--data-source", "ours")

    for more, said in [
        ((), "needs the licence of the data"),
        (("--data-license", "other"), "add --i-have-the-right"),
    ]:
        refused = process.run(*words, *more, token=token, how="dataset")
        assert (refused.code, said in refused.err) == (2, True), refused.err
    assert not hub.store.repositories

    for _ in range(2):
        outcome = process.run(*words, "--data-license", "cc-by-4.0", token=token, how="dataset")
        assert outcome.code == 0, outcome.err
    repository = hub.repo("dataset", "alice/reviews")
    assert repository.private
    assert len(repository.commits) == 2, "the second time there was nothing new"
    card = repository.files()["README.md"].decode()
    assert "license: cc-by-4.0" in card
    assert "Source: ours." in card
    assert f"| all texts | {len(splits['train'])} | {len(splits['validation'])} | {len(splits['test'])} |" in card
    assert "seed 13.\n" in card, "one full stop"
    assert {"README.md", "audit.json"} < repository.files().keys()
    loaded = run_client(hub, tmp_path, LOAD, token=token)
    assert loaded["sizes"] == {name: len(rows) for name, rows in splits.items()}
    assert (loaded["names"], loaded["first"]) == (["bad", "good"], splits["test"][0])

    right = process.run(*words, "--data-license", "other", "--i-have-the-right", token=token, how="dataset")
    assert right.code == 0, right.err


def test_data_that_changed_or_is_gone_is_not_published(hub, process, file_run):
    run, folder, _ = file_run
    words = (str(run.path), "--dataset-repo", "alice/reviews", "--data-source", "ours", "--data-license", "mit")
    gone = process.run(*words, "--data-dir", str(folder / "nowhere"), token=hub.token("alice"), how="dataset")
    assert (gone.code, "--data_dir says where its files lie" in gone.err) == (2, True), gone.err
    path = folder / "reviews.csv"
    path.write_text(path.read_text().replace("(7)", "(seven)"))
    changed = process.run(*words, "--data-dir", str(folder), token=hub.token("alice"), how="dataset")
    assert (changed.code, "The data has changed since" in changed.err) == (2, True), changed.err
    assert not hub.store.repositories


def test_data_that_is_gone_stops_the_push_before_the_model_goes_up(hub, process, file_run):
    """The model was pushed first, and the data missed after that."""
    run, folder, _ = file_run
    words = (
        "--repo-id",
        "alice/x",
        "--dataset-repo",
        "alice/reviews",
        "--data-source",
        "ours",
        "--data-license",
        "mit",
    )
    gone = process.run(
        str(run.path), *words, "--data-dir", str(folder / "no"), token=hub.token("alice"), how="command"
    )
    assert (gone.code, gone.out) == (2, ""), gone
    assert "--data_dir says where its files lie" in gone.err
    assert not hub.store.repositories


def test_data_and_spaces_of_others_are_not_overwritten(hub, process, run):
    """A data set repo lost its `data/` folder, and a Space its app, to a push that took their names for free."""
    token = hub.token("alice")
    hub.create("dataset", "alice/mine", private=True, files={"data/train-00000-of-00001.parquet": "mine"})
    hub.create("space", "alice/mine", private=True, sdk="gradio", files={"app.py": "mine"})
    before = {key: repository.head for key, repository in hub.store.repositories.items()}
    words = (str(run.path), "--repo-id", "alice/x")
    terms = ("--data-source", "ours", "--data-license", "mit")
    data = process.run(*words, "--dataset-repo", "alice/mine", *terms, token=token, how="command")
    space = process.run(*words, "--space", "alice/mine", token=token, how="command")
    trained = process.run("alice/x", "alice/mine", token=token, how="before_training")
    for outcome, kind, holds in (
        (data, "dataset", "data/train-0"),
        (space, "space", "app.py"),
        (trained, "space", "app"),
    ):
        assert (outcome.code, outcome.out) == (2, ""), outcome
        assert f"The name alice/mine is taken: the {kind} repo holds {holds}" in outcome.err
    assert {key: repository.head for key, repository in hub.store.repositories.items()} == before
