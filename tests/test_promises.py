"""Promises in a checkpoint: what `config.json` says, and what a classifier then answers."""

import numpy as np
import pytest

from textclf.errors import UserError
from textclf.inference.answers import predictions
from textclf.inference.promises import Promises
from textclf.labels import LabelSpace

ONE = LabelSpace(("부정", "긍정"), multi_label=False)
SEVERAL = LabelSpace(("부정", "긍정"), multi_label=True)
SCORES = np.array([[0.9, 0.1], [0.45, 0.55]], dtype=np.float32)


def test_a_checkpoint_without_promises_is_always_sure_and_gives_no_sets():
    sure, torn = predictions(SCORES, ONE, None, Promises.of({}, ONE))
    assert (sure.labels, sure.unsure, sure.label_set) == (["부정"], [], None)
    assert (torn.labels, torn.unsure, torn.label_set) == (["긍정"], [], None)


def test_below_the_cut_the_model_says_that_it_is_not_sure():
    promises = Promises.of({"abstain": {"score_below": 0.6, "risk": 0.05, "confidence": 0.95, "n": 100}}, ONE)
    sure, torn = predictions(SCORES, ONE, None, promises)
    assert (sure.labels, sure.unsure) == (["부정"], [])
    assert (torn.labels, torn.unsure) == (["긍정"], ["긍정"])


def test_a_score_at_the_cut_is_answered():
    promises = Promises.of({"abstain": {"score_below": 0.55}}, ONE)
    assert predictions(np.array([[0.45, 0.55]]), ONE, None, promises)[0].unsure == []


def test_several_labels_are_unsure_one_by_one():
    promises = Promises.of({"abstain": {"score_below": {"긍정": 0.7}}}, SEVERAL)
    (found,) = predictions(np.array([[0.8, 0.6]]), SEVERAL, np.array([0.5, 0.5]), promises)
    assert found.labels == ["부정", "긍정"]
    assert found.unsure == ["긍정"]  # of "부정" nothing is promised


@pytest.mark.parametrize("stored", [{"cut": 0.4}, {"cuts": {"부정": 0.4, "긍정": 0.2}}])
def test_sets_hold_every_label_from_its_cut_on(stored):
    first, second = predictions(SCORES, ONE, None, Promises.of({"label_sets": stored}, ONE))
    assert first.label_set == ["부정"]
    assert second.label_set == ["부정", "긍정"]


@pytest.mark.parametrize("broken", [{"score_below": "0.6"}, {}, {"score_below": {"없음": 0.5}}, {"score_below": True}])
def test_cuts_that_cannot_be_read_are_named(broken):
    with pytest.raises(UserError, match="'abstain'"):
        Promises.of({"abstain": broken}, ONE)
