"""Recipes and flags: one vocabulary, flags win, nothing unknown passes."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from transformers.trainer_utils import SchedulerType

from textclf.dataclass_parser import _is_choice
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


def test_few_texts_have_a_learning_rate_of_their_own_unless_one_is_given(tmp_path):
    few = ["--dataset", "x.csv", "--family", "few_shot"]
    assert read_recipe(few).fit.learning_rate == 1e-5
    assert read_recipe(few[:2]).fit.learning_rate == 5e-5
    assert read_recipe([*few, "--learning_rate", "5e-5"]).fit.learning_rate == 5e-5
    file = tmp_path / "few.yaml"
    file.write_text("family: few_shot\nlearning_rate: 3.0e-5\n", encoding="utf-8")
    assert read_recipe([str(file), *few[:2]]).fit.learning_rate == 3e-5


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
    recipe = read_recipe(["--adam_beta2", "0.98", "--neftune_noise_alpha", "5", "--eval_delay", "2"])
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
        (["--no_load_best_model_at_end"], "not set here: the best checkpoint"),  # it passed, and kept the last one
        (["--no-average-tokens-across-devices"], "not set here: losses are always averaged"),
        (["--learning_rate", "fast"], "--learning_rate takes a number; found 'fast'"),
        (["--learning-rate"], "--learning_rate: expected one argument"),
        (["--seed", "1.5"], "--seed takes a whole number; found '1.5'"),
        (["--guards", "maybe"], "--guards takes true or false; found 'maybe'"),
        (["--head", "lineer"], "--head takes auto, mlp or linear; found 'lineer'. Did you mean 'linear'?"),
        (["--seed", "1", "mine.yaml"], "The recipe stands in front of all options"),
        (["--max_length", "long"], "'auto' or a whole number"),
        (["--dataset", "a", "--train_file", "b"], "either --dataset or --train_file"),
        (["--loss", "hinge"], "asymmetric or logit_adjusted; found 'hinge'"),
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
        ("- a\n- b\n", "found a list"),
        ("", "found nothing"),
        ("dataset: x\nseed: [1\n", r"mine.yaml, line 3 is not YAML of `key: value` lines: expected ',' or '\]'"),
        ("seed: 1\nseed: 2\n", "sets seed twice, the second time in line 2"),
        ("min-label-count: 1\nmin_label_count: 2\n", "sets min_label_count twice"),
        ("dataset: x\nbaselines: []\n", "mine.yaml, line 2: baselines takes at least one value"),
        ("seed: 1.5\n", r"mine.yaml, line 1: seed takes a whole number; found '1.5'\.$"),
        ("seed: [1, 2]\n", "line 1: seed takes a whole number; found a list"),
        ("text_columns: {a: b}\n", "line 1: text_columns takes one value; found a mapping"),
        ("text_columns: [[a], b]\n", "line 1: text_columns takes one value; found a list"),
        ("head: lineer\n", "line 1: head takes auto, mlp or linear; found 'lineer'. Did you mean 'linear'"),
        ("lr_scheduler_kwargs: 0.5\n", "line 1: lr_scheduler_kwargs takes JSON such as"),
        ("no_guards: true\n", "line 1: no_guards is written guards: false"),
        ("guards: [true, false]\n", "line 1: guards takes true or false; found a list"),
        ("max_length: ６４\n", "'auto' or a whole number"),
        ("max_length: ²\n", "'auto' or a whole number"),
        ("no_load_best_model_at_end: true\n", "the best checkpoint"),
        ("hub_token: hf_x\n", "HF_TOKEN"),
    ],
)
def test_a_faulty_recipe_names_the_key(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_recipe([written(tmp_path, text)])


def test_words_mean_in_a_recipe_what_they_mean_in_a_flag(tmp_path):
    """YAML 1.1 takes on, no and 010 for true, false and 8: `padding_free: off` was an invalid choice."""
    text = "dataset: x\npadding_free: off\nclass_names: [no, yes, 010, true, ~]\nlabel_separator: ';'\n"
    text += "learning_rate: 1e-4\nguards: no\nclean: []\ngroup_column:\n"
    text += "lr_scheduler_type: cosine\nlr_scheduler_kwargs: {num_cycles: 2}\n"
    recipe = read_recipe([written(tmp_path, text)])
    assert recipe.data.class_names == ["no", "yes", "010", "true", "~"]
    assert (recipe.data.clean, recipe.data.group_column, recipe.data.label_separator) == ([], None, ";")
    assert (recipe.fit.padding_free, recipe.fit.learning_rate, recipe.fit.guards) == ("off", 1e-4, False)
    assert recipe.fit.lr_scheduler_kwargs == {"num_cycles": 2}


def test_a_word_of_a_recipe_is_never_a_flag(tmp_path):
    """`class_names: ['a', '--push=someone/else']` published to somebody else's repo."""
    words = ["a", "--push=someone/else", "--public", "-h", "--", "--seed"]
    text = f"dataset: x\nclass_names: {words}\nlabel_separator: '--public'\noutput_dir: '--push=a/b'\n"
    recipe = read_recipe([written(tmp_path, text), "--seed", "5"])
    assert recipe.data.class_names == words
    assert (recipe.data.label_separator, recipe.fit.output_dir, recipe.fit.seed) == ("--public", "--push=a/b", 5)
    assert (recipe.publish.push, recipe.publish.public) == (None, False)


def test_every_kind_of_value_is_read_as_its_field_takes_it(tmp_path):
    text = "dataset: 1\nlearning_rate: 3\ntext_columns: title\nguards: 'no'\nnum_train_epochs: 2\nsave_steps: 50\n"
    text += "lr_scheduler_kwargs: '{\"num_cycles\": 1}'\nlr_scheduler_type: cosine\n"
    text += "baselines: [majority]\nno-guards:\nclean: []\n"
    recipe = read_recipe([written(tmp_path, text)])
    assert (recipe.data.dataset, recipe.data.text_columns, recipe.measure.baselines) == ("1", ["title"], ["majority"])
    assert (recipe.fit.learning_rate, recipe.fit.guards, recipe.fit.save_steps) == (3.0, False, 50.0)
    assert recipe.fit.lr_scheduler_kwargs == {"num_cycles": 1}
    again = read_recipe([written(tmp_path, text), "--text_columns", "a", "b", "--guards"])
    assert (again.data.text_columns, again.fit.guards) == (["a", "b"], True)


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(UserError, match=r"is a folder; expected a YAML file\.$"):
        read_recipe([str(tmp_path)])


def test_a_recipe_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_bytes("dataset: 뉴스\n".encode("cp949"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_recipe([str(path)])


def test_the_resolved_recipe_reads_back_to_the_same_settings(tmp_path):
    words = ["--dataset", "hate_speech", "--class_weights", "1", "2", "--dropout", "0.2", "--adam_beta2", "0.9"]
    recipe = read_recipe(
        [
            *words,
            "--lr_scheduler_kwargs",
            '{"num_cycles": 2}',
            "--lr_scheduler_type",
            "cosine",
            "--class_names",
            "no",
            "yes",
        ]
    )
    again = read_recipe([written(tmp_path, recipe_text(recipe, ["a remark"]))])
    assert again.data == recipe.data
    assert again.model == recipe.model
    assert again.measure == recipe.measure
    assert (again.fit.class_weights, again.fit.adam_beta2) == (["1", "2"], 0.9)
    assert again.fit.lr_scheduler_kwargs == {"num_cycles": 2}  # mappings were left out of it


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
    groups = re.findall(r"^(\w+) \(", done.stdout, flags=re.MULTILINE)
    assert groups == ["data", "model", "fit", "measure", "publish", "study"]
    for noise in ("--no_guards", "MIN_LABEL_COUNT", "None)", "[])"):
        assert noise not in done.stdout


def test_of_several_processes_one_shows_the_help(capsys, monkeypatch):
    from textclf.commands import train

    monkeypatch.setenv("RANK", "1")
    train.main(["--help"])
    assert capsys.readouterr().out == ""


def test_help_all_adds_the_trainers_options_and_says_which_are_not_set_here(capsys):
    """--push_to_hub and --bf16 were listed with the Trainer's own words, and refused when typed."""
    from textclf.commands import train

    train.main(["--help-all"])
    taken, decided = capsys.readouterr().out.split("decided by this project, not set here:")
    assert "--adam_epsilon, --adam-epsilon X" in taken
    assert "--push_to_hub" not in taken
    assert "--load_best_model_at_end" not in taken
    assert "use --push NS/NAME" in decided
    listed = re.findall(r"^  (--\w+)", taken, flags=re.MULTILINE)
    assert len(listed) == len(set(listed))


def test_a_mapping_among_the_types_of_a_field_is_no_choice():
    """On Python 3.13 `dict[str, bool]` passed for a class, and every command ended in a traceback."""
    assert _is_choice(SchedulerType)
    assert not any(map(_is_choice, (dict[str, bool], list[str], dict, str, bool | None)))
