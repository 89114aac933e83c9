"""Studies: what is asked for, what the runs share, what they come to, and that they go on where they were."""

import contextlib
import csv
import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from sklearn.svm import LinearSVC

from tests.tiny_models import ENGLISH, KOREAN
from tests.trained_runs import texts, write_csv
from textclf.commands import train
from textclf.data.folds import assign_folds, text_numbers
from textclf.errors import UserError
from textclf.models.text_features import words_and_characters
from textclf.recipe import read_recipe
from textclf.run_folder import RunFolder
from textclf.studies import command, folds, search, shared, space
from textclf.studies.fold_report import fold_mean
from textclf.studies.learning_curve import parts
from textclf.studies.plan import as_flags, take_study
from textclf.studies.power_law import forecast
from textclf.studies.subsets import nested_order

QUICK = ["--num_train_epochs", "1", "--per_device_train_batch_size", "16", "--learning_rate", "1e-3", "--threads", "1"]
QUICK += ["--bootstrap_draws", "200", "--baselines", "majority", "--model", "tiny"]


def type_in(workspace, *words):
    """Type a train.py command in a workspace, in this process; returns what it shows."""
    shown = io.StringIO()
    with contextlib.chdir(workspace), contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        train.main(list(words))
    return shown.getvalue()


@pytest.fixture
def workspace(tmp_path, tiny_model):
    shutil.copytree(tiny_model("bert"), tmp_path / "tiny")
    rows = [(t, "ko" if t[0] > "가" else "en") for t in texts(90, 1)]
    write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    return tmp_path


def rows_of(labels, texts_, names=("a", "b", "c"), several=False):
    label = ClassLabel(names=list(names))
    features = Features({"text": Value("string"), "labels": List(label) if several else label})
    return Dataset.from_dict({"text": texts_, "labels": labels}, features=features)


# What is asked for


def study_file(folder, content, *words):
    path = folder / "study.yaml"
    path.write_text(content, encoding="utf-8")
    return take_study(["--study", str(path), *words])


def test_lists_of_values_expand_to_all_combinations_and_flags_hold_for_all(tmp_path):
    study = study_file(
        tmp_path, "dataset: rows.csv\nseed: [1, 2]\nlora: [none, lora]\nclean: [lowercase, nfkc]\n", "--threads", "1"
    )
    assert study.kind == "grid"
    assert list(study.runs) == ["seed=1-lora=none", "seed=1-lora=lora", "seed=2-lora=none", "seed=2-lora=lora"]
    assert study.argv("seed=2-lora=none") == [
        *("--threads", "1", "--dataset=rows.csv", "--clean", "lowercase", "nfkc", "--seed=2", "--lora=none")
    ]


def test_a_field_that_takes_a_list_expands_over_lists_of_lists(tmp_path):
    study = study_file(tmp_path, "dataset: rows.csv\nclean: [[lowercase], [lowercase, nfkc], null]\n")
    assert study.runs == {
        "clean=lowercase": {"dataset": "rows.csv", "clean": ["lowercase"]},
        "clean=lowercase+nfkc": {"dataset": "rows.csv", "clean": ["lowercase", "nfkc"]},
        "clean=default": {"dataset": "rows.csv"},
    }


def test_named_runs_have_settings_of_their_own_that_win(tmp_path):
    study = study_file(
        tmp_path, "dataset: r.csv\nloss: focal\nruns:\n  plain: {loss: auto}\n  큰 모델: {model: a/b}\n"
    )
    assert study.runs == {
        "plain": {"dataset": "r.csv", "loss": "auto"},
        "큰_모델": {"dataset": "r.csv", "loss": "focal", "model": "a/b"},
    }


def test_null_takes_back_what_the_study_sets_and_never_passes_for_what_a_recipe_sets(tmp_path):
    study = study_file(tmp_path, "dataset: r.csv\nloss: focal\nruns:\n  plain: {loss: null}\n  focal:\n")
    assert study.runs == {"plain": {"dataset": "r.csv"}, "focal": {"dataset": "r.csv", "loss": "focal"}}
    (tmp_path / "mine.yaml").write_text("dataset: rows.csv\nclean: [lowercase]\ngroup_column:\n")
    for text in ("clean: [[nfkc], null]\n", "runs:\n  as they are: {clean: null}\n"):
        with pytest.raises(
            UserError, match=r"clean: null, which leaves clean as .*mine.yaml sets it. Write none there"
        ):
            study_file(tmp_path, "recipe: mine.yaml\n" + text)
    study = study_file(tmp_path, "recipe: mine.yaml\nruns:\n  as they are: {clean: none, group_column: null}\n")
    assert read_recipe(study.argv("as_they_are")).data.clean == []


def test_a_study_file_finds_its_recipe_beside_itself_and_may_be_of_another_kind(tmp_path):
    (tmp_path / "mine.yaml").write_text("dataset: rows.csv\n")
    study = study_file(tmp_path, "recipe: mine.yaml\nlearning_rate: 1e-3\nfolds: 4\n")
    assert (study.kind, study.options.folds) == ("folds", 4)
    assert study.words == [str(tmp_path / "mine.yaml"), "--learning_rate=1e-3"]


def test_a_single_run_is_no_study():
    assert take_study(["recipe.yaml", "--seed", "3"]) is None


@pytest.mark.parametrize(
    ("words", "says"),
    {
        "two kinds": (
            ["--folds", "3", "--seeds", "1,2"],
            "One call takes one kind of study; found --folds and --seeds",
        ),
        "one fold": (["--folds", "1"], "--folds takes a whole number from 2; found 1"),
        "one seed": (["--seeds", "7"], "--seeds takes two different whole numbers or more"),
        "a seed twice": (["--seeds", "7,7"], "found '7,7'"),
        "no numbers": (["--seeds", "a,b"], "found 'a,b'"),
        "a shard of nothing": (["--shard", "0/2"], "--shard is for a study"),
        "a shard that is not": (["--folds", "3", "--shard", "2/2"], "--shard takes I/N, from 0/N to one below N/N"),
        "no file": (["--study", "nothing.yaml"], "The study nothing.yaml does not exist"),
    }.values(),
)
def test_what_cannot_be_is_said_at_once(words, says):
    with pytest.raises(UserError, match=says.replace("(", r"\(")):
        take_study(words)


@pytest.mark.parametrize(
    ("content", "says"),
    {
        "unknown key": ("dataset: r.csv\nlerning_rate: [1, 2]\n", "lerning_rate. Did you mean 'learning_rate'"),
        "unknown key of a run": ("runs:\n  a: {los: focal}\n", "los. Did you mean 'loss'"),
        "two kinds": ("folds: 3\nseeds: [1, 2]\n", "asks for folds and seeds"),
        "a list beside a kind": ("folds: 3\nlearning_rate: [1, 2]\n", "lists of values too"),
        "a space without trials": ("search: {learning_rate: [1, 2]}\n", "no `trials: N`"),
        "no run": ("learning_rate: []\n", "asks for no run"),
        "no mapping": ("- a\n", "must hold `key: value` lines"),
        "twice": ("seed: 1\nseed: 2\n", "sets seed twice"),
    }.values(),
)
def test_a_faulty_study_file_is_said_at_once(content, says, tmp_path):
    with pytest.raises(UserError) as error:
        study_file(tmp_path, content)
    assert says in str(error.value)


def test_two_runs_that_are_one_are_refused_before_the_first(tmp_path):
    """A list and a variant may come to the same settings by other words; files of one name in two folders do not."""
    twins = study_file(tmp_path, "dataset: r.csv\nruns:\n  plain: {}\n  said: {seed: 42}\n  other: {seed: 1}\n")
    with pytest.raises(UserError, match="The runs plain and said of this study have the same settings"):
        command.refuse_twins(twins)
    command.refuse_twins(study_file(tmp_path, "dataset: [a/r.csv, b/r.csv]\nseed: [1, 2]\n"))


@pytest.mark.parametrize("path", sorted(Path("recipes/studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_ready_made_study_trains_one_run_twice(path):
    command.refuse_twins(take_study(["--study", str(path)]))


# Folds


def test_folds_keep_the_shares_of_labels():
    labels = [0] * 60 + [1] * 30 + [2] * 10
    fold = assign_folds(rows_of(labels, [f"text {i}" for i in range(100)]), 5, seed=3)
    counts = np.array([[np.sum((fold == k) & (np.array(labels) == c)) for c in range(3)] for k in range(5)])
    assert counts.tolist() == [[12, 6, 2]] * 5


def test_folds_of_several_labels_keep_their_shares_too():
    rng = np.random.default_rng(0)
    labels = [sorted(np.flatnonzero(rng.random(3) < (0.5, 0.2, 0.1)).tolist()) for _ in range(300)]
    fold = assign_folds(rows_of(labels, [f"text {i}" for i in range(300)], several=True), 4, seed=1)
    has = np.array([[c in row for c in range(3)] for row in labels])
    shares = np.array([has[fold == k].sum(axis=0) for k in range(4)]) / has.sum(axis=0)
    assert np.abs(shares - 0.25).max() < 0.08
    assert np.bincount(fold).min() > 60


def test_equal_texts_and_groups_stay_in_one_fold():
    words = [f"Text  {i // 3}" if i % 2 else f"text {i // 3} " for i in range(90)]  # equal to the model's keys
    rows = rows_of([i % 3 for i in range(90)], words)
    fold = assign_folds(rows, 3, seed=0)
    assert all(len(set(fold[3 * i : 3 * i + 3])) == 1 for i in range(30))
    groups = np.arange(90) % 15
    grouped = assign_folds(rows_of([i % 3 for i in range(90)], [f"t {i}" for i in range(90)]), 3, 0, groups)
    assert all(len(set(grouped[groups == g])) == 1 for g in range(15))
    assert set(grouped) == {0, 1, 2}


def test_composed_and_decomposed_hangul_are_one_text_and_blank_texts_are_none():
    numbers = text_numbers(rows_of([0, 0, 0, 0], ["한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8", " ", ""]))
    assert numbers[0] == numbers[1]
    assert len(set(numbers.tolist())) == 3


def test_too_few_rows_for_the_folds_is_said():
    with pytest.raises(UserError, match="9 folds cannot be made of 4 training rows"):
        assign_folds(rows_of([0, 1, 0, 1], list("abcd")), 9, seed=0)


def test_the_corrected_t_test_is_that_of_nadeau_and_bengio():
    """By hand for .80 .82 .78 .84 .81: mean .81, variance .0005, error sqrt((1/5 + 1/4) * .0005) = .015."""
    found = fold_mean([0.80, 0.82, 0.78, 0.84, 0.81], 1 / 4)
    assert found.mean == pytest.approx(0.81)
    assert found.deviation == pytest.approx(0.0005**0.5)
    assert found.high - found.mean == pytest.approx(2.7764451 * 0.015, rel=1e-6)  # t of 4 degrees of freedom, .975
    assert found.in_words() == "0.8100 [0.7684, 0.8516]"


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_folds_that_are_all_alike_have_no_interval_and_decide_nothing(value):
    """ "1.0000 [1.0000, 1.0000]" and "p 0.000" promised more than three folds can tell."""
    alike = fold_mean([value, value + 1e-16, value], 0.5)
    assert (alike.low, alike.high, alike.p_value) == (None, None, 1.0)
    assert alike.in_words("+") == f"{value:+.4f}"


@pytest.fixture(scope="module")
def memorised(tmp_path_factory, tiny_model):
    """Three folds of texts that stand three times each, under labels that a coin has chosen for each text."""
    workspace = tmp_path_factory.mktemp("memorised")
    shutil.copytree(tiny_model("bert"), workspace / "tiny")
    rng = np.random.default_rng(5)
    rows = [(text, ("부정", "긍정")[rng.integers(2)]) for text in texts(120, 8, [*KOREAN, *ENGLISH])]
    write_csv(workspace / "rows.csv", ["text", "label"], [row for row in rows for _ in range(3)])
    words = ["--dataset", "rows.csv", *QUICK, "--baselines", "tfidf_svm", "--folds", "3", "--output_dir", "cv"]
    return SimpleNamespace(folder=workspace / "cv", workspace=workspace, words=words, shown=type_in(workspace, *words))


def test_no_row_is_scored_by_a_model_that_saw_it(memorised):
    """Labels by chance can only be learned by heart; a copy of a held-out row in training would be recognised."""
    found = json.loads((memorised.folder / "study.json").read_text())
    assert 0.3 < found["pooled"]["accuracy"] < 0.7
    for fold in (1, 2, 3):
        evaluation = RunFolder(memorised.folder / f"fold-{fold}").read_json("evaluation.json")
        assert 0.2 < evaluation["baselines"]["tfidf_svm"]["metrics"]["accuracy"]["value"] < 0.8
    learned = RunFolder(memorised.folder / "refit")
    assert learned.read_json("evaluation.json")["out_of_fold"]["n"] == found["n"]


def test_every_training_row_is_scored_once_and_kept(memorised):
    import pyarrow.parquet as pq

    kept = pq.read_table(memorised.folder / "refit" / "predictions" / "out_of_fold.parquet").to_pydict()
    loaded = RunFolder(memorised.folder / "refit").read_json("evaluation.json")["data"]["sizes"]
    assert len(kept["text"]) == loaded["train"]
    rows = [np.load(memorised.folder / f"fold-{k}" / folds.SCORED)["rows"] for k in (1, 2, 3)]
    assert sorted(np.concatenate(rows).tolist()) == list(range(loaded["train"]))
    texts_of_fold = [{kept["text"][i] for i in each} for each in rows]
    assert not texts_of_fold[0] & texts_of_fold[1]
    assert not texts_of_fold[1] & texts_of_fold[2]


def test_folds_leave_figures_a_table_and_the_rows_that_look_mislabelled(memorised):
    assert {path.name for path in (memorised.folder / "figures").iterdir()} == {"fold_curves.png", "fold_roc.png"}
    found = json.loads((memorised.folder / "study.json").read_text())
    values = [fold["accuracy"] for fold in found["per_fold"]]
    assert found["metrics"]["accuracy"]["mean"] == pytest.approx(np.mean(values))
    assert "Nadeau & Bengio" in (memorised.folder / "study.md").read_text()
    with (memorised.folder / "suspected_label_errors.csv").open(encoding="utf-8", newline="") as file:
        suspects = list(csv.DictReader(file))
    assert len({row["row"] for row in suspects}) == found["suspected_label_errors"]["count"]
    assert {row["given"] for row in suspects} <= {"부정", "긍정"}
    assert not list(memorised.folder.glob("fold-*/*.safetensors"))
    assert "학습 행의 교차 검증(3개 폴드)" in (memorised.folder / "refit" / "README.md").read_text()


def test_a_finished_study_trains_nothing_again(memorised, monkeypatch):
    monkeypatch.setattr(folds, "train_ready", lambda *_: pytest.fail("trained again"))
    assert "out of fold" in type_in(memorised.workspace, *memorised.words)


def test_a_folder_of_another_study_is_refused(memorised):
    with pytest.raises(UserError, match="begun with other words"):
        type_in(memorised.workspace, *memorised.words, "--seed", "4")


def test_small_validation_is_helped_by_out_of_fold_rows(memorised):
    """The temperature of scores that follow no label is high on many rows; the record says on which it was fitted."""
    evaluation = RunFolder(memorised.folder / "refit").read_json("evaluation.json")
    n = evaluation["validation"]["n"]
    assert evaluation["calibration"]["n"] == n + evaluation["out_of_fold"]["n"]
    assert evaluation["calibration"]["fitted_on"].startswith(f"validation ({n})")
    beside = evaluation["baselines"]["tfidf_svm"]["chosen"]["calibration"]  # the baseline is helped likewise
    assert (beside["n"], beside["fitted_on"]) == (
        evaluation["calibration"]["n"],
        evaluation["calibration"]["fitted_on"],
    )
    card = (memorised.folder / "refit" / "README.md").read_text()
    assert f"검증({n}건)과 교차 검증으로 점수를 매긴 학습({evaluation['out_of_fold']['n']}건)" in card


def test_folds_keep_what_their_baselines_said_before_calibration(memorised):
    """A fold's TF-IDF, fitted anew by the fold's rows: its logits on the rows held out, up to a constant a row."""
    import pyarrow.parquet as pq

    kept = np.load(memorised.folder / "fold-1" / folds.SCORED)
    logits = kept["logits of tfidf_svm"]
    assert logits.shape == (len(kept["rows"]), 2)
    chosen = RunFolder(memorised.folder / "fold-1").read_json("evaluation.json")["baselines"]["tfidf_svm"]["chosen"]
    found = folds.read_fold(memorised.folder / "fold-1")
    assert list(found.baselines) == ["tfidf_svm"]
    np.testing.assert_array_equal(found.baselines["tfidf_svm"], logits)
    rows = pq.read_table(memorised.folder / "refit" / "predictions" / "out_of_fold.parquet").to_pydict()
    train = [i for i in range(len(rows["text"])) if i not in set(kept["rows"].tolist())]
    gold = np.array([("긍정", "부정").index(label) for label in rows["labels"]])
    features = words_and_characters()
    svm = LinearSVC(C=chosen["C"], random_state=3, max_iter=5000)
    svm.fit(features.fit_transform([rows["text"][i] for i in train]), gold[train])
    said = svm.decision_function(features.transform([rows["text"][i] for i in kept["rows"]]))
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], said, atol=1e-3)


# Grids and seeds


def test_a_killed_study_goes_on_where_it_was_and_shares_the_reading(workspace, monkeypatch):
    (workspace / "two.yaml").write_text("dataset: rows.csv\nper_device_train_batch_size: [8, 32]\n")
    words = ["--study", "two.yaml", *[w for w in QUICK if w not in ("--per_device_train_batch_size", "16")]]
    words += ["--output_dir", "grid"]
    real, load, reads, trained = command.measure_run, shared.load_with_groups, [], []

    def counted(*arguments, **options):
        reads.append(1)
        return load(*arguments, **options)

    monkeypatch.setattr(shared, "load_with_groups", counted)

    def killed(recipe, *rest):
        trained.append(recipe.fit.per_device_train_batch_size)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return real(recipe, *rest)

    monkeypatch.setattr(command, "measure_run", killed)
    with pytest.raises(KeyboardInterrupt, match="Type the same command again"):
        type_in(workspace, *words)
    assert reads == [1]
    shown = type_in(workspace, *words)
    assert trained == [8, 32, 32]
    assert "is already trained" in shown  # the second run was trained when it was stopped: only what was left is done
    found = json.loads((workspace / "grid" / "study.json").read_text())
    assert [run["settings"]["per_device_train_batch_size"] for run in found["runs"]] == ["8", "32"]
    assert found["chosen"] in {run["name"] for run in found["runs"]}
    assert "<table" in (workspace / "grid" / "study.html").read_text()


@pytest.mark.slow
def test_seeds_tell_their_spread_and_shards_do_their_part(workspace):
    words = ["--dataset", "rows.csv", *QUICK, "--seeds", "3,4", "--output_dir", "seeds"]
    type_in(workspace, *words, "--shard", "1/2")
    assert [path.name for path in (workspace / "seeds").glob("seed-*")] == ["seed-4"]
    assert not (workspace / "seeds" / "study.json").exists()
    shown = type_in(workspace, *words)
    runs = {seed: RunFolder(workspace / "seeds" / f"seed-{seed}").read_json("evaluation.json") for seed in (3, 4)}
    values = [run["metrics"]["f1_macro"]["value"] for run in runs.values()]
    spread = f"{np.mean(values):.4f}"
    assert spread in shown
    assert f"{np.std(values, ddof=1):.4f}" in shown
    chosen = json.loads((workspace / "seeds" / "study.json").read_text())["chosen"]
    best = max(runs, key=lambda seed: runs[seed]["selection"]["value"])
    assert chosen == f"seed-{best}"
    assert "standard deviation" in (workspace / "seeds" / chosen / "README.md").read_text()


# Search


def search_file(folder, **more):
    lines = {"dataset": "rows.csv", "trials": 3, "pruner": "none", "sampler": "random", **more}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    text += "search:\n  learning_rate: {low: 1e-4, high: 1e-2, log: true}\n  warmup_steps: [0, 0.1]\n"
    (folder / "search.yaml").write_text(text)
    return ["--study", "search.yaml", *QUICK, "--output_dir", "search"]


def test_a_killed_search_goes_on_and_scores_test_for_the_winner_alone(workspace, monkeypatch):
    words = search_file(workspace)
    real, begun = search._Search.fit, []

    def killed(self, chosen, place, *rest):
        begun.append((place.name, tuple(chosen.items())))
        if len(begun) == 2:
            raise KeyboardInterrupt
        return real(self, chosen, place, *rest)

    monkeypatch.setattr(search._Search, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        type_in(workspace, *words)
    type_in(workspace, *words)
    assert len(begun) == 4
    assert begun[1] == begun[2]  # what was stopped is taken up, in its folder
    assert len({chosen for _, chosen in begun}) == 3  # and the sampler goes on: no trial twice
    found = json.loads((workspace / "search" / "study.json").read_text())
    assert len(found["runs"]) == 3
    best = max(found["runs"], key=lambda run: run["value"])
    assert found["chosen"] == best["folder"]
    measured = [path.parent.name for path in (workspace / "search").glob("*/evaluation.json")]
    assert measured == [best["folder"]]
    weights = {path.relative_to(workspace / "search").parts[0] for path in workspace.glob("search/**/*.safetensors")}
    assert weights == {best["folder"]}
    card = (workspace / "search" / best["folder"] / "README.md").read_text()
    assert "Chosen among 3 trials" in card
    assert "Sampler random, pruner none" in card


def test_trials_that_fall_behind_are_stopped():
    import optuna

    study = optuna.create_study(direction="maximize", pruner=search.PRUNERS["median"]())
    for value in (0.8, 0.9, 0.85, 0.8, 0.9):
        trial = study.ask()
        trial.report(value, 1)
        study.tell(trial, value)
    gold = np.array([0, 1] * 20)
    good, bad = np.eye(2, dtype=np.float32)[gold], np.eye(2, dtype=np.float32)[1 - gold]
    reporting = search._Reporting(study.ask(), "f1_macro")
    assert reporting(gold, bad)["f1_macro"] == 0.0  # before the first step, on made-up scores: not reported
    assert reporting(gold, good)["f1_macro"] == 1.0
    behind = search._Reporting(study.ask(), "f1_macro")
    behind(gold, good)
    with pytest.raises(optuna.TrialPruned):
        behind(gold, bad)


def test_sampler_and_pruner_are_noted_with_their_space_where_none_is_given():
    study = take_study(["--dataset", "rows.csv", "--trials", "4"])
    assert (study.settings["sampler"], study.settings["pruner"]) == ("tpe", "median")
    assert study.settings["search"]["learning_rate"] == {"low": "1e-5", "high": "5e-4", "log": "true"}


@pytest.mark.parametrize(
    ("content", "says"),
    {
        "sampler": ("sampler: tpee\n", "`sampler` takes tpe, random; found 'tpee'. Did you mean 'tpe'"),
        "range": ("search: {learning_rate: {low: 1e-3, high: 1e-5}}\n", "takes low below high"),
        "log": ("search: {learning_rate: {low: 0, high: 1, log: true}}\n", "takes low below high"),
        "one value": ("search: {learning_rate: 1e-3}\n", "takes two values or more"),
        "no numbers": ("search: {learning_rate: {low: a, high: b}}\n", "takes numbers as low and high"),
        "nothing": ("search: {}\n", "`search` takes settings with their ranges"),
    }.values(),
)
def test_a_faulty_space_is_said_at_once(content, says, tmp_path):
    with pytest.raises(UserError) as error:
        study_file(tmp_path, f"dataset: r.csv\ntrials: 3\n{content}")
    assert says in str(error.value)


def test_a_space_with_settings_that_no_training_takes_is_refused_before_any_trial(workspace):
    words = search_file(workspace)
    path = workspace / "search.yaml"
    path.write_text(path.read_text().replace("warmup_steps: [0, 0.1]", "loss: [focal, fokal]"))
    with pytest.raises(UserError, match="Did you mean 'focal'"):
        type_in(workspace, *words)
    assert not list((workspace / "search").glob("trial-*"))


# Learning curves


def test_parts_are_nested_and_keep_the_shares_of_labels():
    gold = np.array([0] * 80 + [1] * 15 + [2] * 5)
    order = nested_order(gold, seed=1)
    assert sorted(order.tolist()) == list(range(100))
    for size in (10, 20, 50):
        counts = np.bincount(gold[order[:size]], minlength=3)
        assert np.abs(counts - size * np.array([0.8, 0.15, 0.05])).max() <= 1
    assert not np.array_equal(order, nested_order(gold, seed=2))
    several = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]] * 5)
    assert sorted(nested_order(several, seed=0).tolist()) == list(range(20))


def test_the_parts_of_few_rows_begin_where_something_can_be_learned():
    assert [part.name for part in parts(1000)][::3] == ["draw-1-005", "draw-1-010", "draw-1-025", "draw-1-050", "all"]
    assert [part.name for part in parts(100)] == [
        *("draw-1-025", "draw-2-025", "draw-3-025", "draw-1-050", "draw-2-050", "draw-3-050"),
        *("all", "draw-2-100", "draw-3-100"),
    ]


def test_a_curve_that_follows_a_law_is_followed_to_where_the_law_leads():
    rows = np.repeat([50, 100, 250, 500, 1000], 3)
    scores = 1 - (0.1 + 2 * rows**-0.5) + np.tile([-0.002, 0.0, 0.002], 5)
    for times in (2, 4):
        found = forecast(rows, scores, times)
        truth = 0.9 - 2 * (1000 * times) ** -0.5
        assert found.rows == 1000 * times
        assert found.low < truth < found.high
        assert abs(found.value - truth) < 0.02
    wide = forecast(rows, scores, 4)
    assert wide.high - wide.low > forecast(rows, scores, 2).high - forecast(rows, scores, 2).low


def test_a_curve_is_never_followed_beyond_four_times_the_data():
    rows = np.repeat([50, 100, 250, 500], 3)
    with pytest.raises(ValueError, match="not followed beyond 4 times"):
        forecast(rows, rows / 1000, 5)


@pytest.mark.slow
def test_a_learning_curve_says_what_more_labels_should_give(tmp_path, tiny_model):
    shutil.copytree(tiny_model("bert"), tmp_path / "tiny")
    rows = [(t, "ko" if t[0] > "가" else "en") for t in texts(330, 1)]
    write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    shown = type_in(tmp_path, "--dataset", "rows.csv", *QUICK, "--learning_curve", "--output_dir", "curve")
    found = json.loads((tmp_path / "curve" / "study.json").read_text())
    sizes = sorted({point["rows"] for point in found["points"]})
    train_rows = RunFolder(tmp_path / "curve" / "all").read_json("evaluation.json")["data"]["sizes"]["train"]
    assert sizes == [round(share * train_rows) for share in (0.1, 0.25, 0.5, 1)]
    assert [each["rows"] for each in found["forecasts"]] == [2 * train_rows, 4 * train_rows]
    assert all(each["low"] <= each["value"] <= each["high"] for each in found["forecasts"])
    assert set(found["per_label"]) == {"en", "ko"}
    assert "by the learning curve it should be" in " ".join(shown.split())
    assert "Beyond that the curve says nothing" in (tmp_path / "curve" / "all" / "README.md").read_text()
    assert (tmp_path / "curve" / "figures" / "learning_curve.png").stat().st_size > 5000


@pytest.mark.slow
def test_points_of_a_curve_learn_their_training_rows_alone(tmp_path, tiny_model):
    shutil.copytree(tiny_model("bert"), tmp_path / "tiny")
    rows = [(t, "ko" if t[0] > "가" else "en") for t in texts(120, 1)]
    write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    words = [*QUICK, "--family", "features", "--learn_validation", "true", "--learning_curve", "--output_dir", "curve"]
    type_in(tmp_path, "--dataset", "rows.csv", *words)
    for folder in (tmp_path / "curve").glob("*/evaluation.json"):
        evaluation = json.loads(folder.read_text())
        assert "validation_learned" not in evaluation["training"]
        assert evaluation["training"]["linear"]["trained_on"] <= evaluation["data"]["sizes"]["train"]


# What comes with the project

READY = sorted((Path(__file__).parent.parent / "recipes" / "studies").glob("*.yaml"))


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_every_study_that_comes_with_the_project_is_understood(path):
    from textclf.recipe import read_recipe

    study = take_study(["--study", str(path)])
    for name in study.runs:
        read_recipe(study.argv(name))
    if study.kind == "trials":
        space.Space.of(study.settings).check(lambda words: read_recipe([*study.words, *as_flags(words)]))
    assert len(study.runs) > 2 or study.kind == "trials"


def test_the_readme_names_every_study():
    text = (READY[0].parent / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in READY if f"\n| `{path.name}` |" not in text] == []
