"""Bad input to train.py: exit code 2, one clear sentence of what was expected, found and to type, nothing left behind.

All run in this process through `run_command`, as the command itself does; test_outages.py starts real ones.
"""

import errno
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from tests.tiny_models import SENTENCES
from tests.trained_runs import COMMON, write_csv, write_json_lines
from textclf import errors
from textclf.commands import eval as evaluate
from textclf.commands import explore, train
from textclf.commands import push as push_to_hub
from textclf.errors import UserError, did_you_mean, run_command

GOOD = [(text, "en" if text[0].isascii() else "ko") for text in SENTENCES]


@pytest.fixture
def place(tmp_path, monkeypatch, tiny_model):
    """A working folder with good rows and a tiny model in it."""
    shutil.copytree(tiny_model("bert"), tmp_path / "tiny")
    write_csv(tmp_path / "good.csv", ["text", "label"], GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fails(capsys, argv, command=train):
    """Run a command that has to end with exit code 2 and one sentence; return the sentence."""
    with pytest.raises(SystemExit) as stop:
        run_command(command.main, [str(word) for word in argv])
    shown = capsys.readouterr()
    assert stop.value.code == 2
    assert "Traceback" not in shown.err + shown.out
    lines = shown.err.strip().splitlines()
    assert lines[-1].startswith("error: "), lines
    assert lines[-1].rstrip().endswith((".", "?", ")", "]")), lines[-1]
    assert len([line for line in lines if line.startswith("error:")]) == 1
    return lines[-1].removeprefix("error: ")


def small(*argv):
    """The options of a quick training into the folder `run`."""
    return [*COMMON, "--model", "tiny", "--output_dir", "run", *argv]


def csv_of(rows, header=("text", "label")):
    return lambda path: write_csv(path, header, rows)


def bytes_of(content):
    return lambda path: path.write_bytes(content)


MIXED = [{"text": t, "label": i % 2 if i < 20 else "good"} for i, t in enumerate(SENTENCES)]
FRACTIONS = {"text": SENTENCES, "label": [i / 3 for i in range(len(SENTENCES))]}
# name of a faulty file: what writes it, and the sentence that it ends in
BAD_FILES = {
    "empty.csv": (bytes_of(b""), "empty.csv is empty; expected a table"),
    "header_only.csv": (bytes_of(b"text,label\n"), "is empty: it has 2 columns and no rows"),
    "one_class.csv": (
        csv_of([(text, "same") for text in SENTENCES]),
        "two labels or more in the training rows; found 'same'",
    ),
    "unlabelled.csv": (
        csv_of([*GOOD[:5], ("some text", ""), *GOOD[5:]]),
        "unlabelled.csv, line 7: no label. Found '' in 'label'. --on_bad_row skip",
    ),
    "mixed.jsonl": (
        lambda path: write_json_lines(path, MIXED),
        "Labels of mixed or unknown type in column 'label': mixed.jsonl: whole number on line 1, text on line 21",
    ),
    "scores.csv": (
        csv_of([(text, i / 7 + 0.5) for i, text in enumerate(SENTENCES)]),
        "Regression is not supported: scores.csv, line 2 holds the label 0.5",
    ),
    "scores.parquet": (
        lambda path: pq.write_table(pa.table(FRACTIONS), path),
        "Regression is not supported: scores.parquet, row 2",
    ),
    "spreadsheet.xlsx": (bytes_of(b"PK\x03\x04"), "spreadsheet.xlsx is not a spreadsheet that can be read"),
    "notes.docx": (bytes_of(b"PK\x03\x04"), "is a document, which is not read; expected csv, tsv, txt"),
    "broken.parquet": (bytes_of(b"PAR1 no table"), "broken.parquet is not a Parquet file that can be read"),
    "numbers.csv": (csv_of([(i, i % 2) for i in range(30)], ("id", "label")), "Give --text_columns"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_learnt_from(name, place, capsys):
    write, sentence = BAD_FILES[name]
    write(place / name)
    before = sorted(place.rglob("*"))
    assert sentence in fails(capsys, small("--dataset", name))
    assert sorted(place.rglob("*")) == before


WRONG_WORDS = {
    "a missing file": (["--dataset", "god.csv"], "god.csv does not exist. Did you mean 'good.csv'?"),
    "a missing training file": (["--train_file", "data/x.jsonl"], "The file data/x.jsonl does not exist."),
    "a missing folder": (["--dataset", "./nowhere"], "nowhere"),
    "a missing column": (["--dataset", "good.csv", "--text_columns", "texts"], "Did you mean 'text'?"),
    "a missing label column": (["--dataset", "good.csv", "--label_columns", "lable"], "Did you mean 'label'?"),
    "an unknown option": (["--dataset", "good.csv", "--learning_rat", "1"], "Did you mean 'learning_rate'?"),
    "an unknown data set": (["--dataset", "hate_speach"], "Did you mean 'hate_speech'?"),
    "a number that is none": (["--dataset", "good.csv", "--seed", "many"], "--seed"),
    "a missing model": (["--dataset", "good.csv", "--model", "nobody/nothing"], "The model nobody/nothing is neither"),
    "a folder that is no model": (["--dataset", "good.csv", "--model", "."], "has no config.json"),
    "an impossible name": (
        ["--dataset", "good.csv", "--model", "a/b/c/d"],
        "neither a folder that exists nor a Hub id",
    ),
    "a cleaning step": (["--dataset", "good.csv", "--clean", "lowercased"], "Did you mean 'lowercase'?"),
    "a metric": (["--dataset", "good.csv", "--metric_for_best_model", "f1_marco"], "Did you mean 'f1_macro'?"),
    "a baseline": (["--dataset", "good.csv", "--baselines", "tfidf_swm"], "Did you mean 'tfidf_svm'?"),
    "too long": (["--dataset", "good.csv", "--max_length", "4000"], "give 128 at most"),
    "a strange name of a repo": (["--dataset", "good.csv", "--space", "me/space"], "add --push NS/NAME"),
    "nothing to go on with": (["--dataset", "good.csv", "--resume_from_checkpoint", "gone"], "does not exist"),
    "other class names": (
        ["--dataset", "good.csv", "--class_names", "kor", "eng"],
        "None of the labels found is among",
    ),
    "a folder below a file": (["--dataset", "good.csv", "--output_dir", "good.csv/run"], "good.csv: it is a file"),
    "a recipe that is missing": (["recipes/mine.yaml"], "The recipe recipes/mine.yaml does not exist"),
}


@pytest.mark.parametrize("case", WRONG_WORDS)
def test_words_that_mean_nothing(case, place, capsys):
    words, sentence = WRONG_WORDS[case]
    before = sorted(place.rglob("*"))
    argv = [*words[:1], *small(*words[1:])] if not words[0].startswith("-") else small(*words)
    if "--resume_from_checkpoint" in words:
        argv = [word for word in argv if word not in {"--output_dir", "run"}]
    assert sentence in fails(capsys, argv)
    assert sorted(place.rglob("*")) == before


def test_an_unknown_key_in_a_recipe_names_the_nearest(place, capsys):
    Path("r.yaml").write_text("dataset: good.csv\nlerning_rate: 0.1\n")
    assert "Did you mean 'learning_rate'?" in fails(capsys, ["r.yaml"])
    assert not Path("runs").exists()


def test_a_folder_in_use_is_left_as_it_is(place, capsys):
    Path("run").mkdir()
    Path("run/config.json").write_text("mine")
    said = fails(capsys, small("--dataset", "good.csv"))
    assert said.startswith("The output folder run is in use (it holds config.json). Choose another --output_dir")
    assert [path.name for path in Path("run").iterdir()] == ["config.json"]
    assert Path("run/config.json").read_text() == "mine"
    assert "holds a file" in fails(capsys, [*small("--dataset", "good.csv"), "--output_dir", "good.csv"])


def three_files(test_rows, label="label"):
    write_csv(Path("train.csv"), ["text", label], GOOD)
    write_csv(Path("test.csv"), ["text", label], test_rows)
    return small("--train_file", "train.csv", "--test_file", "test.csv")


NEW = [(text + " Once more.", label) for text, label in GOOD[:12]]


def test_a_class_that_train_has_not_stops_and_names_the_way_out(place, capsys):
    said = fails(capsys, three_files([*NEW, ("Guten Tag, wie geht es?", "de")]))
    assert said.startswith("Labels occur in validation or test that never occur in train: de.")
    assert "--drop_unseen_labels" in said
    assert not Path("run").exists()


def test_with_drop_unseen_labels_its_rows_leave_and_are_counted(place, capsys):
    argv = three_files([*NEW, ("Guten Tag, wie geht es?", "de")])
    train.main([*argv, "--drop_unseen_labels"])
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["n"] == len(NEW)
    assert evaluation["data"]["removed"] == {"label that never occurs in train": 1}
    assert "1 label that never occurs in train dropped: de" in capsys.readouterr().err


def test_with_several_labels_it_is_dropped_and_counted(place, capsys):
    write_csv(Path("train.csv"), ["text", "tags"], [(t, f"{label};{'ab'[len(t) % 2]}") for t, label in GOOD])
    write_csv(Path("test.csv"), ["text", "tags"], [(t, f"{label};c") for t, label in NEW])
    train.main([*small("--train_file", "train.csv", "--test_file", "test.csv", "--label_separator", ";")])
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["labels"] == ["a", "b", "en", "ko"]
    assert evaluation["n"] == len(NEW)
    assert f"1 label that never occurs in train dropped: c ({len(NEW)} times" in capsys.readouterr().err


def test_a_test_split_labelled_minus_one_counts_as_missing(place, capsys):
    number = {"en": 0, "ko": 1}
    write_csv(Path("train.csv"), ["text", "label"], [(t, number[label]) for t, label in GOOD])
    write_csv(Path("test.csv"), ["text", "label"], [(t, -1) for t, _ in NEW])
    train.main(small("--train_file", "train.csv", "--test_file", "test.csv", "--class_names", "en", "ko"))
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert sum(evaluation["data"]["sizes"].values()) == len(GOOD)
    assert "test carved out" in evaluation["data"]["how_split"]
    assert "The test split has no labels and counts as missing." in capsys.readouterr().err


def test_blank_texts_are_left_out_and_counted_unless_strict(place, capsys):
    csv_of([*GOOD[:5], (" \u3000\t", "en"), *GOOD[5:]])(place / "blank.csv")
    stopped = fails(capsys, small("--dataset", "blank.csv", "--strict"))
    assert "blank.csv, line 7: blank text. --on_bad_row skip" in stopped
    train.main(small("--dataset", "blank.csv"))
    assert json.loads(Path("run/evaluation.json").read_text())["data"]["removed"] == {"blank text": 1}
    capsys.readouterr()


def test_a_home_directory_is_understood_where_no_shell_did(place, monkeypatch):
    monkeypatch.setenv("HOME", str(place))
    Path("r.yaml").write_text("train_file: ~/good.csv\nmodel: ~/tiny\noutput_dir: ~/mine/run\n")
    train.main(["r.yaml", *COMMON])
    assert (place / "mine/run/evaluation.json").is_file()
    assert not Path("~").exists()


def test_other_commands_end_as_clearly(place, capsys):
    assert "does not exist. `python train.py" in fails(capsys, ["gone", "--repo-id", "a/b"], push_to_hub)
    assert "Give the run folder first" in fails(capsys, [], push_to_hub)
    assert "Did you mean 'repo_id'?" in fails(capsys, ["gone", "--repo-idd", "a/b"], push_to_hub)
    assert "could not be loaded" in fails(capsys, ["gone", "--dataset", "good.csv"], evaluate)
    assert "Give a run folder or a Hub id first" in fails(capsys, ["--dataset", "good.csv"], evaluate)
    assert "god.csv does not exist. Did you mean 'good.csv'?" in fails(capsys, ["god.csv"], explore)
    assert "Did you mean 'label'?" in fails(capsys, ["good.csv", "--label-columns", "lable"], explore)


def ends(error):
    def main(argv):
        raise error

    with pytest.raises(SystemExit) as stop:
        run_command(main, [])
    return stop.value.code


def test_what_the_machine_refuses_is_one_sentence(capsys):
    full = OSError(errno.ENOSPC, "No space left on device", "run/a.json")
    assert ends(full) == 2
    assert capsys.readouterr().err.startswith("error: The disk is full while writing run/a.json. Free some space")
    assert ends(OSError(errno.EDQUOT, "Disk quota exceeded")) == 2
    assert ends(PermissionError(errno.EACCES, "Permission denied", "secret.csv")) == 2
    assert "secret.csv cannot be used: Permission denied." in capsys.readouterr().err
    assert ends(ModuleNotFoundError("No module named 'pyarrow.lib'", name="pyarrow.lib")) == 2
    assert capsys.readouterr().err.startswith("error: The package pyarrow is not installed here. `pip install -r ")
    assert ends(KeyboardInterrupt("Stopped after step 3.")) == 130


def test_under_a_launcher_the_mistake_ends_the_launchers_own_report(tmp_path, capsys, monkeypatch):
    """Each process had printed it, and a page of torchelastic's followed."""
    report = tmp_path / "error.json"
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(report))
    assert ends(UserError("Unknown option --x. 옵션이 없습니다.")) == 2
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""
    failure = ProcessFailure(local_rank=0, pid=1, exitcode=2, error_file=str(report))
    page = str(ChildFailedError("train.py", {0: failure})).rstrip("=\n ")
    assert page.endswith("\n  error: Unknown option --x. 옵션이 없습니다.")


def test_another_process_waits_for_process_0_to_speak(capsys, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(errors, "PATIENCE_SECONDS", 0.2)
    try:
        started = time.monotonic()
        assert ends(UserError("Only here.")) == 2
        assert time.monotonic() - started >= 0.2
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == "error: Only here.\n"
    assert ends(KeyboardInterrupt("Stopped after step 3.")) == 130
    assert capsys.readouterr().err == ""


def test_who_reads_no_further_ends_a_command_quietly():
    """`| head` brought a traceback."""
    printing = "from textclf.errors import run_command; run_command(lambda argv: print('line\\n' * 100_000))"
    with subprocess.Popen([sys.executable, "-c", printing], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"line\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_broken_pipe_elsewhere_stays_a_bug():
    def lost(argv):
        raise BrokenPipeError(errno.EPIPE, "a server hung up")

    with pytest.raises(BrokenPipeError):
        run_command(lost, [])


def test_a_bug_keeps_its_traceback():
    missing = ModuleNotFoundError("No module named 'textclf.gone'", name="textclf.gone")
    for bug in (KeyError("x"), RuntimeError("x"), FileNotFoundError(errno.ENOENT, "gone", "x"), missing):
        with pytest.raises(type(bug)):
            run_command(lambda argv, bug=bug: (_ for _ in ()).throw(bug), [])


def test_the_nearest_word_is_offered_or_none():
    assert did_you_mean("lable", ["text", "label"]) == " Did you mean 'label'?"
    assert did_you_mean("zzz", ["text", "label"]) == ""
