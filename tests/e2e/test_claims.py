"""`eval.py MODEL --claims` over the real clients: planted faults are found and named, honest cards raise no alarm."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.claim_cards import SIZES, as_files, card, figures, index, macro, make_model, make_rows, several_figures
from tests.claim_repos import DATA_MADE, add_data, add_model
from tests.hub_stand_in import StandInHub
from tests.made_runs import SIZES as MADE_SIZES
from tests.made_runs import _split as made_split
from tests.made_runs import make_run
from textclf.hub.card import render_card

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.hub
LIMIT = 1800  # seconds, against hanging


def faults(data):
    """Return `{name: (card, change of the model, kind of finding, verdict)}`: each card has one fault."""
    test, validation, train = (figures(*data["reviews"][split]) for split in ("test", "validation", "train"))
    long, cut = figures(*data["long"]["test"]), figures(*data["long"]["test"], 16)
    several = several_figures(*data["several"]["test"])
    best = several_figures(*data["several"]["test"], best_only=True)
    right = round(test["accuracy"], 4)
    accuracy = ("accuracy", right)
    fails, noise, unchecked, holds = "does not hold", "within noise", "cannot be checked", "holds"
    of = {"several": {"dataset": "data/several"}, "long": {"dataset": "data/long"}}
    return {
        "inflated": (card(index(("accuracy", 0.985))), None, set(), fails),
        "unnamed-permuted": (
            card(index(accuracy, dataset="data/turned")),
            "unnamed",
            {"permuted_labels", "generic_labels"},
            fails,
        ),
        "permuted": (card(index(accuracy)), "turned", {"permuted_labels"}, fails),
        "problem-type": (
            card(index(("accuracy", several["accuracy"]), **of["several"])),
            None,
            {"wrong_activation"},
            holds,
        ),
        "softmax": (
            card(index(("accuracy", best["accuracy"]), **of["several"])),
            "several",
            {"wrong_activation"},
            fails,
        ),
        "sigmoid": (card(index(accuracy)), "several", {"wrong_activation"}, holds),
        "read-more": (card(index(("accuracy", long["accuracy"]), **of["long"])), "short", {"truncation"}, fails),
        "read-less": (card(index(("accuracy", cut["accuracy"]), **of["long"])), None, {"truncation"}, fails),
        "no-limit": (card(index(accuracy, dataset="data/too-long")), "unlimited", {"no_max_length"}, holds),
        "leak": (card(index(accuracy, dataset="data/leaky")), None, {"test_in_train"}, holds),
        "validation": (card(index(("accuracy", validation["accuracy"]))), None, {"validation_sold_as_test"}, fails),
        "train": (card(index(("accuracy", train["accuracy"]))), None, {"train_sold_as_test"}, fails),
        "average": (card(index(("f1", test["f1_weighted"], macro("macro")))), None, {"other_average"}, noise),
        "percent": (card(body=f"## Test\n\n- Accuracy: {right} %\n", matter=DATA), None, {"percent_for_share"}, fails),
        "bleu": (card(index(("bleu", 31.2))), None, {"metric_not_of_task"}, unchecked),
        "mcc": (card(index(("matthews_correlation", 0.8), **of["several"])), None, {"metric_not_of_data"}, unchecked),
        "binary": (card(index(("f1", 0.8, macro("binary")))), None, {"metric_not_of_data"}, unchecked),
        "split": (card(index(accuracy, dataset="data/no-test")), None, {"split_missing"}, unchecked),
        "config": (card(index(accuracy, dataset="data/configs", config="tall")), None, {"config_missing"}, unchecked),
        "which-config": (card(index(accuracy, dataset="data/configs")), None, {"config_not_named"}, unchecked),
        "revision": (card(index(accuracy, revision="0" * 40)), None, {"revision_missing"}, unchecked),
        "hidden": (card(index(accuracy, dataset="data/hidden-test")), None, {"unlabelled_split"}, unchecked),
        "gated": (card(index(accuracy, dataset="data/gated")), None, {"data_gated"}, unchecked),
        "private": (card(index(accuracy, dataset="data/private")), None, {"data_missing"}, unchecked),
        "missing": (card(index(accuracy, dataset="data/nowhere")), None, {"data_missing"}, unchecked),
        "file": (card(index(accuracy, dataset="csv")), None, {"data_not_public"}, unchecked),
        "unnamed-data": (card(body="- Accuracy: 0.85\n"), None, {"data_not_named"}, unchecked),
        "n": (card(DATA, "## Test\n\nOf the test split, n = 1,000:\n\n- Accuracy: 0.962\n"), None, {"other_n"}, fails),
        "no-such-share": (card(index(("accuracy", 0.9617))), None, {"other_n"}, fails),
        "labels": (card(index(accuracy, dataset="data/colours")), None, {"labels_differ"}, unchecked),
        "impossible": (card(index(("accuracy", 850))), None, {"impossible_value"}, fails),
        "metric": (card(index(("f1", right, macro("macro")))), None, {"other_average"}, noise),
        "other-metric": (card(index(("mcc", round(test["f1_macro"], 6)))), None, {"other_metric"}, noise),
        "rounded-up": (card(index(("f1", 0.81, macro("macro")))), None, {"rounding"}, noise),
        "task": (card(index(accuracy, task="token-classification")), None, {"other_task"}, unchecked),
        "path": (card(index(accuracy, dataset="../secret.csv")), None, {"data_not_public"}, unchecked),
    }


DATA = {"datasets": ["data/reviews"]}


def honest(data):
    """Return `{name: (card, change of the model)}`: each says what is so, in a shape of its own."""
    test, validation = (figures(*data["reviews"][split]) for split in ("test", "validation"))
    several = several_figures(*data["several"]["test"])
    share, macro_f1, weighted = test["accuracy"], test["f1_macro"], test["f1_weighted"]
    lines = f"- Loss: 0.4211\n- Accuracy: {validation['accuracy']:.4f}\n- F1: {validation['f1_weighted']:.4f}\n"
    log = "| Training Loss | Epoch | Step | Validation Loss | Accuracy |\n|:-:|:-:|:-:|:-:|:-:|\n"
    log += "| 0.5 | 1.0 | 9 | 0.4 | 0.2 |\n"
    report = (
        "| | precision | recall | f1-score | support |\n|---|---|---|---|---|\n| bad | 0.2 | 0.3 | 0.1 | 120 |\n"
        f"| accuracy | | | {share:.2f} | 200 |\n"
        f"| macro avg | {test['precision_macro']:.2f} | {test['recall_macro']:.2f} | {macro_f1:.2f} | 200 |\n"
    )
    rivals = (
        "| Model | Dataset | Split | Accuracy | F1 (macro) |\n|---|---|---|---|---|\n"
        f"| majority | reviews | test | 0.41 | 0.2 |\n"
        f"| **wide** | reviews | test | **{share:.3f}** | {macro_f1:.3f} |\n"
    )
    tall = f"| metric | this model | majority |\n|---|---:|---:|\n| accuracy | {share:.4f} [0.79, 0.9] | 0.5 |\n"
    tall += f"| F1 (macro) | {macro_f1:.4f} | 0.2 |\n| F1 (weighted) | {weighted:.4f} | 0.3 |\n"
    columns = "| | validation | test |\n|---|---|---|\n"
    columns += f"| Accuracy | {100 * validation['accuracy']:.1f} % | {100 * share:.1f} % |\n"
    korean = "## 테스트 결과\n\n| 지표 | 값 |\n|---|---|\n"
    korean += f"| 정확도 | {100 * share:.1f}% |\n| F1 (macro) | {macro_f1:.3f} |\n"
    return {
        "floats": (card(index(("accuracy", share), ("f1", macro_f1, macro("macro")))), None),
        "percent": (card(index(("accuracy", round(100 * share, 1)))), None),
        "two-digits": (
            card(index(("accuracy", round(share, 2)), ("f1", round(macro_f1, 2), {"name": "F1 macro"}))),
            None,
        ),
        "no-average": (card(index(("f1", weighted), ("precision", test["precision_macro"]))), None),
        "correlation": (card(index(("matthews_correlation", test["matthews_correlation"]))), None),
        "one-row-off": (card(index(("accuracy", share + 1 / 200))), None),
        "validation": (card(index(("accuracy", validation["accuracy"]), split="validation")), None),
        "no-split": (card(index(("accuracy", validation["accuracy"]), split=None)), None),
        "several": (
            card(
                index(
                    ("f1", several["f1_micro"], macro("micro")), ("f1", several["f1_samples"]), dataset="data/several"
                )
            ),
            "several",
        ),
        "trainer": (card(DATA, f"It achieves the following results on the evaluation set:\n{lines}\n{log}"), None),
        "report": (card(DATA, f"## Evaluation on the test set\n\n{report}"), None),
        "wide": (card(DATA, f"## Results\n\n{rivals}"), None),
        "tall": (card(DATA, f"## Results\n\nMeasured on the test split, n = 200.\n\n{tall}"), None),
        "columns": (card(DATA, f"## Results\n\n{columns}"), None),
        "korean": (card(DATA, korean), None),
        "sentence": (card(DATA, f"The model reaches an accuracy of {100 * share:.1f} % on the test set."), None),
        "plus-minus": (card(DATA, f"## Test\n\n- **Accuracy**: {100 * share:.1f} ± 2.5 %\n"), None),
        "error-rate": (
            card(DATA, f"## Test\n\n| Metric | Value |\n|---|---|\n| Error rate | {1 - share:.3f} |\n"),
            None,
        ),
        "config": (card(index(("accuracy", share), dataset="data/configs", config="short")), None),
        "only-split": (card(index(("accuracy", share), dataset="data/only-test")), None),
        "twice": (card({**index(("accuracy", share)), **DATA}, f"## Test\n\n- Accuracy: {share:.2f}\n"), None),
        "silent": (card(DATA, "It is the best model there is. The baseline has an accuracy of 12 %."), None),
    }


def asked(data):
    """Return `{name: (card, options, verdicts, split)}`: cards that say too little, and options that say the rest."""
    test, validation = (round(figures(*data["reviews"][split])["accuracy"], 4) for split in ("test", "validation"))
    named = card(index(("accuracy", test), dataset="data/private"))
    unnamed = card(body=f"- Accuracy: {test}\n")
    unsplit = card(index(("accuracy", validation), split=None))
    return {
        "data": (named, ("--dataset", "data/reviews"), "holds", "test"),
        "no-data": (unnamed, ("--dataset", "data/reviews"), "holds", "test"),
        "other-data": (named, ("--dataset", "data/turned"), "does not hold", "test"),
        "split": (unsplit, ("--split", "validation"), "holds", "validation"),
        "other-split": (unsplit, ("--split", "test"), "does not hold", "test"),
    }


QUICK_FAULTS = (
    "unnamed-permuted",
    "softmax",
    "read-less",
    "leak",
    "validation",
    "average",
    "percent",
    "bleu",
    "hidden",
)
QUICK_HONEST = ("floats", "trainer", "report", "wide", "korean", "several")
OWN = ("single", "multi", "pair", "korean", "adapter")


def check_all(folder, bad, good, own=()):
    """Put models with these cards on a Hub, check all in one process, and return `{model: claims.json}`."""
    model = make_model(folder / "model")
    with StandInHub() as hub:
        data = add_data(hub, folder)
        cards = {f"bad/{name}": each[:2] for name, each in faults(data).items() if name in bad}
        cards |= {f"good/{name}": each for name, each in honest(data).items() if name in good}
        for name, (readme, change) in cards.items():
            add_model(hub, model, name, readme, change)
        for kind in own:
            add_own(hub, folder, kind)
        for name, (readme, *_) in asked(data).items():
            add_model(hub, model, f"asked/{name}", readme)
        models = [*cards, *(f"own/{kind}" for kind in own), *(f"asked/{name}" for name in asked(data))]
        words = [",".join([f"asked/{name}", *options]) for name, (_, options, _, _) in asked(data).items()]
        environment = {**hub.environment(folder / "home"), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.claims_process", str(folder / "found"), *models[: -len(words)], *words]
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        hub.assert_sound()
        assert not [request for request in hub.requests if request.method not in {"GET", "HEAD"}], "nothing is posted"
    places = {name: folder / "found" / name.replace("/", "-") for name in models}
    return {name: json.loads((place / "claims.json").read_text(encoding="utf-8")) for name, place in places.items()}


def add_own(hub, folder, kind):
    """Put a run of ours on the Hub, with its data, whose commit the card names."""
    run = make_run(folder / f"own-{kind}", kind)
    rows = {split: made_split(kind, split, 0, MADE_SIZES[split]).rename_column("labels", "label") for split in SIZES}
    data = hub.create("dataset", f"data/own-{kind}", files=as_files(rows, folder))
    evaluation = run.read_json("evaluation.json")
    evaluation["data"] |= {"name": f"data/own-{kind}", "revision": data.head, "files": []}
    run.write_json("evaluation.json", evaluation)
    run.write_text("README.md", str(render_card(run)))
    files = {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    hub.create("model", f"own/{kind}", files=files)


def said(found):
    """Return the verdicts and the kinds of findings of a card."""
    findings = [*found["findings"], *(finding for each in found["claims"] for finding in each["findings"])]
    return [each["verdict"] for each in found["claims"]], {finding["kind"] for finding in findings}


def assert_named(bad, found):
    """Every planted fault has its verdict and its name, and no other name."""
    wrong = {}
    for name, (_, _, kinds, verdict) in bad.items():
        verdicts, named = said(found[f"bad/{name}"])
        if set(verdicts) != {verdict} or named != set(kinds):
            wrong[name] = (verdicts, named)
    assert not wrong


def assert_no_alarm(models, found):
    """No honest card has a claim that does not hold, or a finding."""
    alarms = {name: said(found[name]) for name in models}
    assert not {
        name: each for name, each in alarms.items() if not set(each[0]) <= {"holds", "within noise"} or each[1]
    }


@pytest.fixture(scope="module")
def known():
    """What faults and honest cards there are; the figures in them come from the data."""
    return {name: {split: make_rows(split, **how) for split in SIZES} for name, how in DATA_MADE.items()}


def test_planted_faults_are_named_and_honest_cards_raise_no_alarm(tmp_path, known):
    """A sample of each kind; all of them are in the slow test below."""
    found = check_all(tmp_path, QUICK_FAULTS, QUICK_HONEST, ("single",))
    assert_named({name: each for name, each in faults(known).items() if name in QUICK_FAULTS}, found)
    assert_no_alarm([*(f"good/{name}" for name in QUICK_HONEST), "own/single"], found)
    assert all(found[f"good/{name}"]["claims"] for name in QUICK_HONEST)
    (claim,) = found["bad/average"]["claims"]
    test = figures(*known["reviews"]["test"])
    assert claim["claimed"]["value"] == test["f1_weighted"]
    assert claim["measured"]["value"] == pytest.approx(test["f1_macro"])
    assert claim["measured"]["low"] < test["f1_macro"] < claim["measured"]["high"]
    assert (claim["measured"]["n"], claim["measured"]["split"]) == (200, "test")
    (leak,) = found["bad/leak"]["claims"][0]["findings"]
    assert leak["says"].startswith(
        "60 of 200 test texts stand in the data's training split too; without them accuracy"
    )
    for name, (_, _, verdict, split) in asked(known).items():
        (claim,) = found[f"asked/{name}"]["claims"]
        assert (claim["verdict"], claim["measured"]["split"]) == (verdict, split), name
    own = found["own/single"]
    assert len(own["claims"]) > 5
    assert {each["verdict"] for each in own["claims"]} == {"holds"}
    comment = (tmp_path / "found/bad-validation/claims.md").read_text(encoding="utf-8")
    assert "| `accuracy` | `data/reviews / test` |" in comment
    assert "the value is that of the validation split" in comment


@pytest.mark.slow
def test_every_planted_fault_is_named_and_no_honest_card_raises_an_alarm(tmp_path, known):
    bad, good = faults(known), honest(known)
    found = check_all(tmp_path, bad, good, OWN)
    assert_named(bad, found)
    assert_no_alarm([*(f"good/{name}" for name in good), *(f"own/{kind}" for kind in OWN)], found)
    unread = [name for name in good if not found[f"good/{name}"]["claims"]]
    assert unread == ["silent"]
    for kind in OWN:
        assert {each["verdict"] for each in found[f"own/{kind}"]["claims"]} == {"holds"}
