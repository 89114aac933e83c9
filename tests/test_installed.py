"""The package as `pip install` brings it: a wheel that holds all, `textclf COMMAND`, and the way from Python."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from transformers import pipeline

import textclf
from tests.tiny_models import ENGLISH, KOREAN
from tests.trained_runs import COMMON, texts, write_csv
from textclf.commands.completion import completion
from textclf.errors import UserError
from textclf.house import COMMANDS, as_typed, how_to_install, recipe_path

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.process
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
QUICK = {
    "num_train_epochs": 1,
    "per_device_train_batch_size": 16,
    "learning_rate": 1e-3,
    "bootstrap_draws": 200,
    "threads": 1,
    "baselines": ["majority"],
}


def pins(text):
    return sorted(re.findall(r"^[\w.-]+(?:\[\w+\])?==[^\s;]+", text, re.MULTILINE))


def brought_by(requirements):
    """Return the names of all distributions that `pip install` brings for these requirements, theirs included."""
    found, waiting = set(), [Requirement(line) for line in requirements]
    while waiting:
        wanted = waiting.pop()
        extras = wanted.extras or {""}
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        key = (canonicalize_name(wanted.name), frozenset(extras))
        if key in found:
            continue
        found.add(key)
        for line in requires(wanted.name) or ():
            inner = Requirement(line)
            if not inner.marker or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                inner.marker = None
                waiting.append(inner)
    return {name for name, _ in found}


# Python runs it first: what `pip install .` alone does not bring cannot be found, as in an environment that was empty.
HIDING = """
import sys
from importlib.machinery import PathFinder

class Only(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden} else super().find_spec(name, path, target)

sys.meta_path = [Only if each is PathFinder else each for each in sys.meta_path]
"""


def hide_all_but(requirements, folder):
    """Write what hides the modules of all other distributions; return the folder to put on the path, and them."""
    brought = brought_by(requirements)
    modules = packages_distributions().items()
    hidden = {name for name, by in modules if not brought & {canonicalize_name(each) for each in by}} - {"textclf"}
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HIDING.format(hidden=sorted(hidden)), encoding="utf-8")
    return hidden


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return `installed(*words, cwd)`: the installed command, run where nothing of the repository can be reached.

    Nor can any package that `pip install .` without extras does not bring.
    """
    folder = tmp_path_factory.mktemp("wheel")
    hidden = hide_all_but(PROJECT["dependencies"], folder / "hiding")
    assert {"onnx", "onnxruntime", "fastapi", "gradio", "pytest"} <= hidden
    assert not {"torch", "google", "yaml", "sklearn", "jinja2"} & hidden
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT], check=True, cwd=folder
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = os.pathsep.join([str(folder / "hiding"), str(folder / "site")])
    environment |= {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}

    def run(*words, cwd):
        command = [sys.executable, folder / "site" / "bin" / "textclf", *map(str, words)]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    run.site = folder / "site"
    return run


def test_the_wheel_holds_all_that_the_commands_read(installed):
    site = installed.site
    for folder, into in (
        ("textclf", "textclf"),
        ("dataset_scripts", "dataset_scripts"),
        ("space", "textclf/house/space"),
    ):
        tracked = subprocess.run(
            ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for name in filter(None, tracked):
            assert (site / into / Path(name).relative_to(folder)).is_file(), name
    assert (site / "textclf/house/model_card.md").read_text() == (ROOT / "model_card.md").read_text()
    assert (site / "textclf/house/recipes/presets/minilm.yaml").exists()
    assert sorted(path.name for path in site.iterdir() if not path.name.endswith("-info")) == [
        *("bin", "dataset_scripts", "textclf")
    ]


def test_a_model_is_trained_and_read_where_there_is_no_repository(installed, tiny_model, tmp_path):
    rows = [(text, "es"[len(text) > 90]) for text in texts(80, 10)]
    write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    words = [*COMMON, "--dataset", "rows.csv", "--model", tiny_model("bert"), "--output_dir", "run"]
    done = installed("train", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    commands = [line.split("#")[0].split()[:2] for line in done.stdout.split("Next:")[1].splitlines() if line.strip()]
    assert commands == [["textclf", "serve"], ["textclf", "eval"], ["textclf", "push"]]
    assert {"config.json", "evaluation.html", "README.md"} <= {path.name for path in (tmp_path / "run").iterdir()}
    wrong = installed("train", "nothing.yaml", cwd=tmp_path)
    assert wrong.returncode == 2
    shown = re.search(r"`ls (.+?)`", wrong.stderr)[1]
    assert "news_sample.yaml" in os.listdir(shown)


def test_a_word_that_is_no_command_is_answered(installed, tmp_path):
    done = installed("trian", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: There is no command 'trian'. Did you mean 'train'? textclf --help lists them.\n"
    assert installed("--version", cwd=tmp_path).stdout == f"textclf {textclf.__version__}\n"
    shown = installed(cwd=tmp_path).stdout
    assert all(re.search(rf"^  {name} .*textclf {name}", shown, re.MULTILINE) for name in COMMANDS)


def test_the_pins_of_the_package_are_those_of_the_requirements():
    extras = PROJECT["optional-dependencies"]
    said = [*PROJECT["dependencies"], *extras["serve"], *extras["export"], *extras["space"]]
    assert sorted(said) == sorted({*said}), "each stands once"
    assert pins("\n".join(said)) == pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert pins("\n".join(extras["ray"])) == pins((ROOT / "requirements-ray.txt").read_text(encoding="utf-8"))


def test_every_command_stands_at_the_top_level_too():
    for name, command in COMMANDS.items():
        content = (ROOT / command.file).read_text(encoding="utf-8")
        assert f"from textclf.commands.{name} import main" in content


def test_advice_is_given_in_the_commands_of_the_copy():
    said = "`python eval.py runs/x --dataset D`; train.py makes it, push_to_hub.py RUN goes, my-train.py stays"
    assert as_typed(said, installed=False) == said
    assert as_typed(said, installed=True) == (
        "`textclf eval runs/x --dataset D`; textclf train makes it, textclf push RUN goes, my-train.py stays"
    )
    assert how_to_install("fastapi", installed=True) == "pip install 'textclf[serve]'"
    assert how_to_install("gradio", installed=True) == "pip install 'textclf[space]'"
    assert how_to_install("torch", installed=True) == "pip install --upgrade textclf"
    assert how_to_install("ray", installed=False) == "pip install -r requirements-ray.txt"


def test_recipes_that_come_with_it_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert recipe_path("presets/minilm.yaml") == ROOT / "recipes/presets/minilm.yaml"
    (tmp_path / "hate_speech.yaml").write_text("dataset: mine.csv\n")
    assert recipe_path("hate_speech.yaml") == Path("hate_speech.yaml"), "one's own goes first"


@pytest.mark.parametrize(("line", "found"), [("train --num_t", "--num_train_epochs"), ("pus", "push")])
def test_bash_completes_commands_and_options(line, found):
    words = f"textclf {line}".split()
    script = completion("bash") + f"\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
    script += '_shtab_textclf; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert found in done.stdout.split()


def test_another_shell_is_answered():
    with pytest.raises(UserError, match=r"bash.*found basch\. Did you mean 'bash'\?"):
        completion("basch")


def labelled(n, seed):
    return [(text, "길다" if len(text) > 60 else "짧다") for text in texts(n, seed, KOREAN + ENGLISH)]


def test_a_data_frame_goes_in_and_a_run_comes_out(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(labelled(80, 1), columns=["글", "kind"])
    frame["kind"] = frame["kind"].astype("category")
    run = textclf.train(frame, text_columns=["글"], label_columns=["kind"], model=tiny_model("bert"), **QUICK)
    assert run.path.parent.name == "runs"
    evaluation = run.read_json("evaluation.json")
    assert (evaluation["labels"], evaluation["n"]) == (["길다", "짧다"], 16)
    classify = pipeline("text-classification", model=str(run.path))
    ours = textclf.Classifier.load(run.path).predict(["짧은 글", ENGLISH[0]])
    assert [answer["label"] for answer in classify(["짧은 글", ENGLISH[0]])] == [each.labels[0] for each in ours]


def test_rows_by_split_and_names_of_labels_are_kept(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    features = Features({"text": Value("string"), "label": ClassLabel(names=["짧다", "길다"])})

    def rows(n, seed):
        found = labelled(n, seed)
        return Dataset.from_dict(
            {"text": [t for t, _ in found], "label": [int(k == "길다") for _, k in found]}, features
        )

    data = {"train": rows(64, 2).shuffle(seed=1), "validation": rows(20, 3).select(range(18)), "test": rows(20, 4)}
    run = textclf.train(data, model=tiny_model("bert"), output_dir=tmp_path / "mine", **QUICK)
    evaluation = run.read_json("evaluation.json")
    assert run.path == tmp_path / "mine"
    assert evaluation["labels"] == ["짧다", "길다"]
    assert (evaluation["data"]["sizes"]["validation"], evaluation["n"]) == (18, 20)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([("a", "b")], "Rows are a pandas data frame, a datasets.Dataset or a pyarrow.Table; found list."),
        ({"test": None}, "Rows by split are a mapping with train, validation and test; found test."),
        (pd.DataFrame({"text": ["a"], "x": [np.nan]}), "label"),
    ],
    ids=["list", "no train", "no labels"],
)
def test_rows_that_cannot_be_used_are_explained(data, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=said):
        textclf.train(data)
