"""`eval.py MODEL --claims` over the real clients: planted faults are found and named, honest cards raise no alarm."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.claim_cards import card, figures, index, macro, make_model, several_figures
from tests.claim_repos import add_data, add_model
from tests.hub_stand_in import Answer, StandInHub

ROOT = Path(__file__).parents[2]
LIMIT = 1800  # seconds, against hanging


def faults(data):
    """Return `{name: (card, change of the model, kind of finding, verdict)}`: each card has one fault."""
    test, validation, train = (figures(*data["reviews"][split]) for split in ("test", "validation", "train"))
    long, cut = figures(*data["long"]["test"]), figures(*data["long"]["test"], 16)
    several = several_figures(*data["several"]["test"])
    best = several_figures(*data["several"]["test"], best_only=True)
    right = round(test["accuracy"], 4)
    accuracy = ("accuracy", right)
    fails, unchecked, holds = "does not hold", "cannot be checked", "holds"
    of = {"several": {"dataset": "data/several"}, "long": {"dataset": "data/long"}}
    return {
        "inflated": (card(index(("accuracy", 0.985))), None, None, fails),
        "unnamed-permuted": (card(index(accuracy, dataset="data/turned")), "unnamed", "permuted_labels", fails),
        "permuted": (card(index(accuracy)), "turned", "permuted_labels", fails),
        "problem-type": (card(index(("accuracy", several["accuracy"]), **of["several"])), None, "wrong_activation", holds),
        "softmax": (card(index(("accuracy", best["accuracy"]), **of["several"])), "several", "wrong_activation", fails),
        "sigmoid": (card(index(accuracy)), "several", "wrong_activation", holds),
        "read-more": (card(index(("accuracy", long["accuracy"]), **of["long"])), "short", "truncation", fails),
        "read-less": (card(index(("accuracy", cut["accuracy"]), **of["long"])), None, "truncation", fails),
        "no-limit": (card(index(accuracy, dataset="data/too-long")), "unlimited", "no_max_length", None),
        "leak": (card(index(accuracy, dataset="data/leaky")), None, "test_in_train", holds),
        "validation": (card(index(("accuracy", validation["accuracy"]))), None, "validation_sold_as_test", fails),
        "train": (card(index(("accuracy", train["accuracy"]))), None, "train_sold_as_test", fails),
        "average": (card(index(("f1", test["f1_weighted"], macro("macro")))), None, "other_average", None),
        "percent": (card(body=f"## Test\n\n- Accuracy: {right} %\n", matter=DATA), None, "percent_for_share", fails),
        "bleu": (card(index(("bleu", 31.2))), None, "metric_not_of_task", unchecked),
        "mcc": (card(index(("matthews_correlation", 0.8), **of["several"])), None, "metric_not_of_data", unchecked),
        "binary": (card(index(("f1", 0.8, macro("binary")))), None, "metric_not_of_data", unchecked),
        "split": (card(index(accuracy, dataset="data/no-test")), None, "split_missing", unchecked),
        "config": (card(index(accuracy, dataset="data/configs", config="tall")), None, "config_missing", unchecked),
        "which-config": (card(index(accuracy, dataset="data/configs")), None, "config_not_named", unchecked),
        "revision": (card(index(accuracy, revision="0" * 40)), None, "revision_missing", unchecked),
        "hidden": (card(index(accuracy, dataset="data/hidden-test")), None, "unlabelled_split", unchecked),
        "gated": (card(index(accuracy, dataset="data/gated")), None, "data_gated", unchecked),
        "private": (card(index(accuracy, dataset="data/private")), None, "data_missing", unchecked),
        "missing": (card(index(accuracy, dataset="data/nowhere")), None, "data_missing", unchecked),
        "file": (card(index(accuracy, dataset="csv")), None, "data_not_public", unchecked),
        "unnamed-data": (card(body="- Accuracy: 0.85\n"), None, "data_not_named", unchecked),
        "n": (card(DATA, "## Test\n\nOf the test split, n = 1,000:\n\n- Accuracy: 0.962\n"), None, "other_n", fails),
        "no-such-share": (card(index(("accuracy", 0.9617))), None, "other_n", fails),
        "labels": (card(index(accuracy, dataset="data/colours")), None, "labels_differ", unchecked),
        "impossible": (card(index(("accuracy", 850))), None, "impossible_value", fails),
        "metric": (card(index(("f1", right, macro("macro")))), None, "other_average", None),
        "other-metric": (card(index(("mcc", round(test["f1_macro"], 6)))), None, "other_metric", None),
        "rounded-up": (card(index(("f1", 0.82 + 0.001, macro("macro")))), None, None, None),
        "task": (card(index(accuracy, task="token-classification")), None, "other_task", unchecked),
        "path": (card(index(accuracy, dataset="../secret.csv")), None, "data_not_public", unchecked),
    }


DATA = {"datasets": ["data/reviews"]}


def honest(data):
    """Return `{name: (card, change of the model)}`: each says what is so, in a shape of its own."""
    test, validation = (figures(*data["reviews"][split]) for split in ("test", "validation"))
    several = several_figures(*data["several"]["test"])
    share, macro_f1, weighted = test["accuracy"], test["f1_macro"], test["f1_weighted"]
    lines = f"- Loss: 0.4211\n- Accuracy: {validation['accuracy']:.4f}\n- F1: {validation['f1_weighted']:.4f}\n"
    log = "| Training Loss | Epoch | Step | Validation Loss | Accuracy |\n|:-:|:-:|:-:|:-:|:-:|\n| 0.5 | 1.0 | 9 | 0.4 | 0.2 |\n"
    report = (
        "| | precision | recall | f1-score | support |\n|---|---|---|---|---|\n| bad | 0.2 | 0.3 | 0.1 | 120 |\n"
        f"| accuracy | | | {share:.2f} | 200 |\n"
        f"| macro avg | {test['precision_macro']:.2f} | {test['recall_macro']:.2f} | {macro_f1:.2f} | 200 |\n"
    )
    rivals = (
        "| Model | Dataset | Split | Accuracy | F1 (macro) |\n|---|---|---|---|---|\n"
        f"| majority | reviews | test | 0.41 | 0.2 |\n| **wide** | reviews | test | **{share:.3f}** | {macro_f1:.3f} |\n"
    )
    tall = f"| metric | this model | majority |\n|---|---:|---:|\n| accuracy | {share:.4f} [0.79, 0.9] | 0.5 |\n"
    tall += f"| F1 (macro) | {macro_f1:.4f} | 0.2 |\n| F1 (weighted) | {weighted:.4f} | 0.3 |\n"
    columns = f"| | validation | test |\n|---|---|---|\n| Accuracy | {100 * validation['accuracy']:.1f} % | {100 * share:.1f} % |\n"
    korean = f"## 테스트 결과\n\n| 지표 | 값 |\n|---|---|\n| 정확도 | {100 * share:.1f}% |\n| F1 (macro) | {macro_f1:.3f} |\n"
    return {
        "floats": (card(index(("accuracy", share), ("f1", macro_f1, macro("macro")))), None),
        "percent": (card(index(("accuracy", round(100 * share, 1)))), None),
        "two-digits": (card(index(("accuracy", round(share, 2)), ("f1", round(macro_f1, 2), {"name": "F1 macro"}))), None),
        "no-average": (card(index(("f1", weighted), ("precision", test["precision_macro"]))), None),
        "correlation": (card(index(("matthews_correlation", test["matthews_correlation"]))), None),
        "one-row-off": (card(index(("accuracy", share + 1 / 200))), None),
        "validation": (card(index(("accuracy", validation["accuracy"]), split="validation")), None),
        "no-split": (card(index(("accuracy", validation["accuracy"]), split=None)), None),
        "several": (
            card(index(("f1", several["f1_micro"], macro("micro")), ("f1", several["f1_samples"]), dataset="data/several")),
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
        "error-rate": (card(DATA, f"## Test\n\n| Metric | Value |\n|---|---|\n| Error rate | {1 - share:.3f} |\n"), None),
        "config": (card(index(("accuracy", share), dataset="data/configs", config="short")), None),
        "only-split": (card(index(("accuracy", share), dataset="data/only-test")), None),
        "twice": (card({**index(("accuracy", share)), **DATA}, f"## Test\n\n- Accuracy: {share:.2f}\n"), None),
        "silent": (card(DATA, "It is the best model there is. The baseline has an accuracy of 12 %."), None),
    }


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Return `{model: claims.json}` of all cards, checked in one process."""
    folder = tmp_path_factory.mktemp("claims")
    model = make_model(folder / "model")
    with StandInHub() as hub:
        data = add_data(hub, folder)
        bad, good = faults(data), honest(data)
        for name, (readme, change, *_) in bad.items():
            add_model(hub, model, f"bad/{name}", readme, change)
        for name, (readme, change) in good.items():
            add_model(hub, model, f"good/{name}", readme, change)
        models = [*(f"bad/{name}" for name in bad), *(f"good/{name}" for name in good)]
        environment = {**hub.environment(folder / "home"), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.claims_process", str(folder / "found"), *models]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT)
        print(done.stderr[-4000:])
        assert done.returncode == 0, done.stderr[-3000:]
    found = {}
    for each in models:
        place = folder / "found" / each.replace("/", "-")
        path = place / "claims.json"
        found[each] = json.loads((path if path.exists() else place / "error.json").read_text(encoding="utf-8"))
        found[each]["comment"] = (place / "claims.md").read_text(encoding="utf-8") if path.exists() else ""
    return bad, good, found


def test_all(checked):
    bad, good, found = checked
    Path("/tmp/claims_found.json").write_text(json.dumps(found, ensure_ascii=False, indent=1))
    for name, (_, _, kind, verdict) in bad.items():
        f = found[f"bad/{name}"]
        kinds = [x["kind"] for c in f.get("claims", []) for x in c["findings"]] + [x["kind"] for x in f.get("findings", [])]
        vs = [c["verdict"] for c in f.get("claims", [])]
        ok = (kind in kinds if kind else True) and (verdict in vs if verdict else True)
        print("ok " if ok else "BAD", name, kind, verdict, kinds, vs, f.get("error"))
    for name in good:
        f = found[f"good/{name}"]
        kinds = [x["kind"] for c in f.get("claims", []) for x in c["findings"]] + [x["kind"] for x in f.get("findings", [])]
        vs = [c["verdict"] for c in f.get("claims", [])]
        ok = not kinds and set(vs) <= {"holds", "within noise"}
        print("ok " if ok else "BAD", name, kinds, vs, f.get("error"))
