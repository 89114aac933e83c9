"""What one sees of a run: the bar, and training_log.jsonl."""

import json

import pytest

from tests.training_runs import rows, train


@pytest.fixture
def shown(tiny_model, tmp_path, capfd):
    run = train(tiny_model("bert"), tmp_path / "run", rows(64), rows(16), logging_steps=4, num_train_epochs=2)
    return run, capfd.readouterr()


def test_the_bar_shows_loss_rate_speed_and_time_left_on_the_talking_channel(shown):
    _, (out, err) = shown
    assert "Training:" not in out
    last = [part for part in err.split("\r") if "16/16" in part][-1]
    for part in ("loss ", "lr ", "tokens/s"):
        assert part in last
    assert "1 process, 1 thread each" in err
    assert "<" in last, "tqdm's elapsed<remaining"
    assert "Writing model shards" not in err.split("Training:", 1)[1].split("16/16")[0]


def test_the_log_has_a_line_for_every_logged_step_and_validation(shown):
    run, _ = shown
    lines = [json.loads(line) for line in (run.path / "training_log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "learning_rate" in line] == [4, 8, 12, 16]
    assert [line["step"] for line in lines if "eval_loss" in line] == [8, 16]
    assert lines[-1]["train_runtime"] > 0


def test_speed_counts_real_tokens_and_every_row_once_an_epoch(shown, tiny_model):
    from tests.training_runs import built
    from textclf.training.encoding import tokenise

    run, _ = shown
    split = rows(64)
    _, tokenizer = built(tiny_model("bert"), split)
    tokens = tokenise(split, tokenizer, 64).lengths.sum()
    facts = run.training
    assert facts["tokens_per_second"] / facts["examples_per_second"] == pytest.approx(tokens / 64, rel=1e-2)


def test_no_bar_where_none_is_wanted(tiny_model, tmp_path, capfd):
    train(tiny_model("bert"), tmp_path / "run", rows(16), rows(8), disable_tqdm=True)
    assert "Training:" not in capfd.readouterr().err


def test_a_tracker_of_the_trainer_is_fed(tiny_model, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "board"))
    train(tiny_model("bert"), tmp_path / "run", rows(16), rows(8), report_to="tensorboard")
    assert list((tmp_path / "board").rglob("events*"))
