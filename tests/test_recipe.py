"""Recipes and flags: one vocabulary, flags win, nothing unknown passes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from textclf.errors import UserError
from textclf.recipe import read_recipe, recipe_text

ROOT = Path(__file__).parent.parent


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_no_arguments_mean_the_embedded_default():
    recipe = read_recipe([])
    assert recipe.data.dataset == "news_sample"
    assert recipe.model.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert recipe.fit.learning_rate == 2e-4


def test_naming_data_leaves_the_embedded_default_behind():
    assert read_recipe(["--train_file", "a.csv"]).data.dataset is None
    assert read_recipe(["--dataset", "hate_speech"]).fit.learning_rate == 5e-5


def test_flags_win_over_the_file(tmp_path):
    path = written(tmp_path, "dataset: hate_speech\nlearning_rate: 1.0e-3\nseed: 7\ntext_columns: [title, body]\n")
    recipe = read_recipe([path, "--seed", "8"])
    assert (recipe.fit.learning_rate, recipe.fit.seed) == (1e-3, 8)
    assert recipe.data.text_columns == ["title", "body"]


def test_hyphens_and_underscores_are_one_spelling(tmp_path):
    path = written(tmp_path, "num-train-epochs: 2\n")
    assert read_recipe([path, "--dataset", "x", "--label-columns", "l"]).data.label_columns == ["l"]
    assert read_recipe([path]).fit.num_train_epochs == 2


def test_every_training_arguments_field_is_accepted():
    recipe = read_recipe(["--adam_beta2", "0.98", "--neftune_noise_alpha", "5", "--lr_scheduler_kwargs", '{"a": 1}'])
    assert recipe.fit.adam_beta2 == 0.98
    assert recipe.fit.neftune_noise_alpha == 5.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--learnig_rate", "1"], r"Unknown option --learnig_rate. Did you mean 'learning_rate'\?"),
        (["--learn", "1"], "Unknown option --learn"),  # no abbreviations
        (["--push_to_hub"], "use --push NS/NAME"),
        (["--hub_token", "x"], "HF_TOKEN"),
        (["--warmup_ratio", "0.1"], "it is now warmup_steps"),
        (["--learning_rate", "fast"], "invalid float value: 'fast'"),
        (["--max_length", "long"], "'auto' or a whole number"),
        (["--dataset", "a", "--train_file", "b"], "either --dataset or --train_file"),
        (["--loss", "hinge"], "invalid choice: 'hinge'"),
        (["--seed", "1", "stray"], "Not understood: stray"),
        (["none.yaml"], "The recipe none.yaml does not exist"),
    ],
)
def test_a_faulty_command_line_says_what_to_type(words, message):
    with pytest.raises(UserError, match=message):
        read_recipe(words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learnig_rate: 1\n", "Did you mean 'learning_rate'"),
        ("- a\n- b\n", "found list"),
        ("a: [1\n", "not a YAML file"),
        ("hub_token: hf_x\n", "HF_TOKEN"),
    ],
)
def test_a_faulty_recipe_names_the_key(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_recipe([written(tmp_path, text)])


def test_a_recipe_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_bytes("dataset: 뉴스\n".encode("cp949"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_recipe([str(path)])


def test_the_resolved_recipe_reads_back_to_the_same_settings(tmp_path):
    recipe = read_recipe(
        ["--dataset", "hate_speech", "--class_weights", "1", "2", "--dropout", "0.2", "--adam_beta2", "0.9"]
    )
    again = read_recipe([written(tmp_path, recipe_text(recipe, ["a remark"]))])
    assert again.data == recipe.data
    assert again.model == recipe.model
    assert again.measure == recipe.measure
    assert (again.fit.class_weights, again.fit.adam_beta2) == (["1", "2"], 0.9)


def test_the_resolved_recipe_names_local_files_without_their_folder(tmp_path):
    data = tmp_path / "secret" / "rows.csv"
    data.parent.mkdir()
    data.write_text("text,label\n")
    content = yaml.safe_load(recipe_text(read_recipe(["--train_file", str(data)])))
    assert content["train_file"] == "rows.csv"
    assert "secret" not in str(content)


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda p: p.name)
def test_every_recipe_that_comes_with_the_project_parses(path):
    read_recipe([str(path)])


def test_the_readme_names_every_recipe_preset_and_cleaning_step():
    from textclf.data.cleaning import STEPS

    text = (ROOT / "recipes" / "README.md").read_text(encoding="utf-8")
    expected = [path.name for path in (ROOT / "recipes").glob("*.yaml")]
    expected += [path.stem for path in (ROOT / "recipes" / "presets").glob("*.yaml")]
    assert [name for name in [*expected, *STEPS] if f"\n| `{name}` |" not in text] == []


def test_help_lists_our_options_without_loading_torch():
    code = (
        "import sys, train\n"
        "train.main(['--help'])\n"
        "print([m for m in ('torch', 'datasets', 'transformers.trainer') if m in sys.modules], file=sys.stderr)"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert time.monotonic() - started < 30  # a second on a quiet machine; this only guards against hanging
    assert done.stderr.strip() == "[]"
    assert "--tokens_per_batch" in done.stdout
    assert "--adam_epsilon" not in done.stdout


def test_help_all_adds_the_trainers_options(capsys):
    import train

    train.main(["--help-all"])
    assert "--adam_epsilon" in capsys.readouterr().out
