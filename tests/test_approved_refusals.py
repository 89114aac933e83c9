"""Refusals of what was handed over, each with the sentence that was read: what was expected and what was found."""

from types import SimpleNamespace

import numpy as np
from datasets import ClassLabel, Dataset, Features, List, Value

from tests.approved import check_approved
from textclf.arguments import MeasureArguments, PublishArguments
from textclf.data.labelling.label_numbers import said_pairs
from textclf.errors import UserError
from textclf.evaluation.attribution import attribute
from textclf.evaluation.baselines.fitted import check_baselines
from textclf.evaluation.calibration import fit_scales
from textclf.evaluation.intervals import check_draws
from textclf.evaluation.matching import match_labels
from textclf.evaluation.predictions import check_place
from textclf.evaluation.promises import check_promises
from textclf.evaluation.report import measure
from textclf.evaluation.thresholds import parse_aim
from textclf.hub.publish import check_all, check_before_training
from textclf.hub.push_arguments import PushArguments
from textclf.hub.space import check_space
from textclf.labels import LabelSpace
from textclf.metrics.text_classification.checks import checked
from textclf.training.chat_protocol import address_of
from textclf.training.machine import check_precision, choose_precision

AB = LabelSpace(("a", "b"), False)
SEVERAL = LabelSpace(("a", "b"), True)


def split(count, names=("a", "b"), several=False):
    label = ClassLabel(names=list(names))
    features = Features({"text": Value("string"), "labels": List(label) if several else label})
    rows = {"text": ["t"] * count, "labels": [[0] if several else 0] * count}
    return Dataset.from_dict(rows, features=features)


def scorer(value=0.5, labels=AB):
    scores = lambda texts: np.full((len(texts), len(labels)), value, dtype=np.float32)  # noqa: E731
    return SimpleNamespace(labels=labels, thresholds=None, scores=scores)


def promised(**options):
    return lambda folder: check_promises(MeasureArguments(**options))


CASES = {
    "a slow tokenizer": lambda _: attribute(None, SimpleNamespace(is_fast=False, pad_token_id=0), "t", label="a"),
    "no padding": lambda _: attribute(None, SimpleNamespace(is_fast=True, pad_token_id=None), "t", label="a"),
    "a baseline": lambda _: check_baselines(["majority", "tfidf_svn"]),
    "calibration on nothing": lambda _: fit_scales(np.zeros((0, 2)), np.zeros(0, dtype=int), AB),
    "calibration of NaN": lambda _: fit_scales(np.array([[0.0, np.nan]]), np.zeros(1, dtype=int), AB),
    "199 draws": lambda _: check_draws(199),
    "200 draws": lambda _: check_draws(200),
    "several against one": lambda _: match_labels(split(2), SEVERAL),
    "one against several": lambda _: match_labels(split(2, several=True), AB),
    "a file as a place": lambda folder: check_place(str(folder / "file")),
    "a model as a place": lambda folder: check_place(str(folder)),
    "a new place": lambda folder: check_place(str(folder / "new")),
    "a risk of 0": promised(abstain_risk=0.0),
    "a risk of 1": promised(abstain_risk=1.0),
    "a confidence of 1": promised(abstain_risk=0.1, abstain_confidence=1.0),
    "a coverage of 1": promised(set_coverage=1.0),
    "a confidence alone": promised(abstain_confidence=0.9),
    "by label alone": promised(set_by_label=True),
    "a promise": promised(abstain_risk=0.1, abstain_confidence=0.9, set_coverage=0.9, set_by_label=True),
    "other labels": lambda _: measure(scorer(), split(2, names=("b", "a"))),
    "no rows to measure": lambda _: measure(scorer(), split(0)),
    "scores that are NaN": lambda _: measure(scorer(np.nan), split(2)),
    "an aim": lambda _: parse_aim("precison>=0.9"),
    "a beta of 0": lambda _: parse_aim("f0"),
    "a beta of 11": lambda _: parse_aim("f11"),
    "a recall of 0": lambda _: parse_aim("recall>=0"),
    "figures of nothing": lambda _: checked([], [], None, None, False),
    "more answers than texts": lambda _: checked([0, 1], [0], None, None, False),
    "fewer columns than labels": lambda _: checked([0], [0], [[0.5, 0.5]], 3, False),
    "rows longer than the axis": lambda _: checked([[0, 1, 0]], [[0, 1, 0]], [[0.5, 0.5]], None, True),
    "an id behind the axis": lambda _: checked([0], [2], [[0.5, 0.5]], None, False),
    "rows of several lengths": lambda _: checked([[0], [0, 1]], [[0], [0, 1]], None, None, True),
    "scores for answers": lambda _: checked([0.2], [0], None, None, False),
    "ids for marks": lambda _: checked([[0, 2]], [[0, 1]], None, None, True),
    "an id below 0": lambda _: checked([0], [-1], None, None, False),
    "scores of one text": lambda _: checked([0, 1], [0, 1], [[0.5, 0.5]], None, False),
    "logits for scores": lambda _: checked([0], [0], [[2.5, -1.0]], None, False),
    "scores that are rounded": lambda _: checked([0], [0], [[1 + 1e-7, -1e-7]], None, False).num_labels,
    "an address without a scheme": lambda _: address_of("localhost:8000/v1"),
    "an address with a password": lambda _: address_of("https://me:pass@host/v1"),
    "an address with a key": lambda _: address_of("https://host/v1?key=x"),
    "an address": lambda _: address_of("https://host/v1/"),
    "fp16 on a processor": lambda _: choose_precision("fp16", True),
    "fp16 of a family": lambda _: check_precision("fp16", "modernbert"),
    "a Space of no model": lambda _: check_before_training(PublishArguments(space="a/demo")),
    "a push to nowhere": lambda _: check_all(PushArguments()),
    "hardware": lambda _: check_space(PushArguments(space="a/demo", space_hardware="t4-smal")),
    "no Space": lambda _: check_space(PushArguments()),
    "a name without a value": lambda _: said_pairs(["=one"], "label_names"),
    "two names of a value": lambda _: said_pairs(["1=one", "1=two"], "label_names"),
    "a name twice": lambda _: said_pairs(["1=one", "1=one"], "label_names"),
}


def test_what_is_refused_is_refused_in_the_sentences_that_were_looked_at(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "config.json").touch()
    lines = []
    for name, call in CASES.items():
        try:
            said = f"taken: {call(tmp_path)}"
        except (UserError, ValueError) as error:
            said = f"{type(error).__name__}: {error}"
        lines.append(f"{name}\n    {said.replace(str(tmp_path), 'HERE')}")
    check_approved("refusals.txt", "\n".join(lines).replace("here: bf16", "here: fp32"))
