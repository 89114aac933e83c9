"""States that are followed through a fine-tuning: what is kept, that it survives a kill, that nothing else changes."""

import itertools
import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoModel, AutoTokenizer

from tests.training_runs import rows, train
from textclf.errors import UserError
from textclf.evaluation.page.charts import state_maps
from textclf.evaluation.report import report_on
from textclf.labels import LabelSpace
from textclf.run_folder import STATE_MAPS, RunFolder
from textclf.training.fit_arguments import FitArguments
from textclf.training.states import STATES, one_projection

VALIDATION = rows(18, seed=1)


def better_each_time():
    """Metrics by which every epoch is the best so far, so that the last one is what is saved."""
    values = itertools.count(1)
    return lambda gold, scores: dict.fromkeys(("accuracy", "f1_macro"), next(values) / 100)


def maps_of(run):
    return json.loads((run / STATE_MAPS).read_text(encoding="utf-8"))


def isotropy_of(folder, texts):
    """Mean cosine over all pairs, and principal components for 90 % of the variance, of first tokens' states."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(list(texts), padding=True, truncation=True, max_length=64, return_tensors="pt")
    with torch.no_grad():
        states = model(**encoded).last_hidden_state[:, 0].double().numpy()
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    n = len(states)
    cosine = ((states @ states.T).sum() - n) / (n * (n - 1))
    variances = np.linalg.svd(states - states.mean(axis=0), compute_uv=False) ** 2
    return cosine, int((np.cumsum(variances) / variances.sum() < 0.9).sum()) + 1


@pytest.fixture(scope="module")
def followed(tiny_model, tmp_path_factory):
    out = tmp_path_factory.mktemp("followed") / "run"
    train(tiny_model("bert"), out, rows(24), VALIDATION, metrics=better_each_time(), follow_states=12)
    return out


def test_states_are_the_first_tokens_before_training_and_after_each_epoch(followed, tiny_model):
    found = maps_of(followed)
    assert [row["epoch"] for row in found["epochs"]] == [each["epoch"] for each in found["maps"]] == [0, 1, 2]
    assert found["of"] == 18
    assert len(found["rows"]) == 12 == len(set(found["rows"]))
    texts = [VALIDATION["text"][row] for row in found["rows"]]
    for folder, row in ((tiny_model("bert"), found["epochs"][0]), (followed, found["epochs"][2])):
        cosine, components = isotropy_of(folder, texts)
        assert row["mean_cosine"] == pytest.approx(cosine, abs=0.02), "20,000 pairs drawn, not all"
        assert row["dimensions_90"] == components
        assert row["dimensions"] == 32
        assert row["iso_score"] is None, "12 texts say nothing of 32 dimensions"
    places = np.array([[each["x"], each["y"]] for each in found["maps"]])
    reach = places.max(axis=(0, 2)), -places.min(axis=(0, 2))
    assert reach[0] == pytest.approx(reach[1], abs=2e-3), "the maps' middle is that of all points together"
    assert np.max(reach) == 1
    assert not (followed / STATES).exists(), "only the maps are kept"
    assert (followed / STATE_MAPS).stat().st_size < 5_000


def test_following_changes_no_weight_and_without_it_nothing_is_written(followed, tiny_model, tmp_path):
    train(tiny_model("bert"), tmp_path / "run", rows(24), VALIDATION, metrics=better_each_time())
    assert not (tmp_path / "run" / STATE_MAPS).exists()
    ours, plain = (load_file(run / "model.safetensors") for run in (followed, tmp_path / "run"))
    assert all(np.array_equal(ours[name], plain[name]) for name in plain)


def test_a_run_that_was_killed_between_epoch_and_checkpoint_ends_with_the_same_maps(followed, tiny_model, tmp_path):
    out, usual = tmp_path / "run", better_each_time()

    def killed(gold, scores):
        if len(list((out / STATES).glob("*.npy"))) == 3:  # epoch 2 has been looked at, its checkpoint is not written
            raise KeyboardInterrupt
        return usual(gold, scores)

    with pytest.raises(KeyboardInterrupt):
        train(tiny_model("bert"), out, rows(24), VALIDATION, metrics=killed, follow_states=12)
    assert len(list((out / STATES).glob("*.npy"))) == 3
    metrics = better_each_time()
    train(
        tiny_model("bert"),
        out,
        rows(24),
        VALIDATION,
        metrics=metrics,
        follow_states=12,
        resume_from_checkpoint=str(out),
    )
    assert maps_of(out) == maps_of(followed)


def test_one_projection_keeps_what_lies_in_a_plane():
    """Both clouds lie in the plane of the first and third axis: distances stay as they are, up to one scale."""
    square = np.array([[0, 5, 0], [2, 5, 0], [0, 5, 1], [2, 5, 1]], dtype=np.float64)
    moved = square * [0.5, 1, 0.5] + [7, 0, 3]
    places, shares = one_projection([square, moved])
    assert shares == [1.0, 1.0]
    assert np.abs(np.concatenate(places)).max() == 1.0
    for cloud, laid_out in zip((square, moved), places, strict=True):
        assert np.abs(laid_out) == pytest.approx(np.abs(cloud - cloud.mean(axis=0))[:, [0, 2]], abs=2e-3), "within ±1"


@pytest.mark.parametrize("several", [False, True])
def test_points_have_the_colour_of_their_label(tmp_path, several):
    rng, names = np.random.default_rng(0), tuple(f"label {i}" for i in range(12))
    gold = (rng.random((40, 12)) < 0.2).astype(np.int64) if several else np.arange(40) % 12
    report = report_on(rng.random((40, 12)).astype(np.float32), gold, LabelSpace(names, several), None, 5)
    record = {"rows": [0, 3, 39], "of": 40, "epochs": [], "maps": []}
    RunFolder(tmp_path).write_json(STATE_MAPS, record)
    found = state_maps(RunFolder(tmp_path), report)
    places = dict(found["colours"])
    for row, ink in zip(record["rows"], found["inks"], strict=True):
        carried = [names[k] for k in (np.flatnonzero(gold[row]) if several else [gold[row]])]
        assert ink == next((places[name] for name in carried if name in places), -1)
    assert state_maps(RunFolder(tmp_path / "none"), report) is None
    RunFolder(tmp_path).write_json(STATE_MAPS, record | {"of": 41})
    assert state_maps(RunFolder(tmp_path), report) is None, "of other rows"


def test_fewer_texts_than_none_are_refused(tmp_path):
    with pytest.raises(UserError, match="follow_states"):
        FitArguments(output_dir=str(tmp_path), use_cpu=True, follow_states=-1)
