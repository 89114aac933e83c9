"""Thresholds: hand-computed cuts, and against brute force over every cut there is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.special import logit as inverse_sigmoid
from scipy.stats import binomtest, norm
from sklearn.metrics import fbeta_score, recall_score

from textclf.errors import UserError
from textclf.evaluation.score_intervals import exact
from textclf.evaluation.thresholds import AIM_LEVEL, RARE, Aim, bake, best_cut, choose, parse_aim
from textclf.labels import LabelSpace

LABELS = LabelSpace(("정치", "economy"), multi_label=True)


@st.composite
def scored(draw):
    """Scores on a grid, so that ties are common and different scores are far apart, and gold with a positive."""
    n = draw(st.integers(1, 40))
    scores = np.array(draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))) / 30
    gold = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    gold[draw(st.integers(0, n - 1))] = 1
    return scores, gold


def every_cut(scores):
    distinct = np.unique(scores)
    return [distinct[0] / 2, *((distinct[:-1] + distinct[1:]) / 2)]


@given(scored(), st.sampled_from([0.5, 1.0, 2.0]))
@settings(max_examples=60, deadline=None)
def test_no_cut_has_a_better_f_than_the_chosen_one(case, beta):
    scores, gold = case
    cut, missed = best_cut(scores, gold, parse_aim(f"f{beta}"))
    best = max(fbeta_score(gold, scores >= c, beta=beta, zero_division=0) for c in every_cut(scores))
    assert fbeta_score(gold, scores >= cut, beta=beta) == pytest.approx(best)
    assert not missed


def sure(hits, trials):
    """The share that is exceeded with 95 % confidence, by SciPy."""
    return binomtest(int(hits), int(trials)).proportion_ci(0.9, method="exact").low if trials else 0.0


@given(scored(), st.sampled_from([0.1, 0.3, 0.5, 0.75]))
@settings(max_examples=40, deadline=None)
def test_a_precision_is_reached_surely_with_the_highest_recall_there_is(case, share):
    scores, gold = case
    cut, missed = best_cut(scores, gold, parse_aim(f"precision>={share}"))
    bounds = {c: sure((gold * (scores >= c)).sum(), (scores >= c).sum()) for c in every_cut(scores)}
    reaching = [c for c, bound in bounds.items() if bound >= share]
    found = sure((gold * (scores >= cut)).sum(), (scores >= cut).sum())
    assert missed == (not reaching)
    if reaching:
        assert found >= share
        assert recall_score(gold, scores >= cut) == max(recall_score(gold, scores >= c) for c in reaching)
    else:
        assert found == pytest.approx(max(bounds.values()))


@given(scored(), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
@settings(max_examples=40, deadline=None)
def test_a_recall_is_reached_surely_with_the_fewest_decisions(case, share):
    scores, gold = case
    cut, missed = best_cut(scores, gold, parse_aim(f"recall>={share}"))
    total = gold.sum()
    assert missed == (sure(total, total) < share)
    if missed:
        assert recall_score(gold, scores >= cut) == 1.0
    else:
        assert sure((gold * (scores >= cut)).sum(), total) >= share
    fewer = [c for c in every_cut(scores) if (scores >= c).sum() < (scores >= cut).sum()]
    aimed = 1.0 if missed else share
    assert all(
        recall_score(gold, scores >= c) < 1 if missed else sure((gold * (scores >= c)).sum(), total) < aimed
        for c in fewer
    )


def test_an_aim_that_is_said_to_be_reached_is_reached_on_other_texts():
    """`precision>=0.9` held in 35 to 51 % of the runs, while 0 to 3 % were said to miss it."""
    rng, held, reached = np.random.default_rng(0), 0, 0
    for _ in range(200):
        gold = (rng.random(400) < 0.5).astype(int)
        scores = rng.normal(size=400) + 2.5 * gold
        cut, missed = best_cut(norm.cdf(scores / 4), gold, parse_aim("precision>=0.9"))
        place = norm.ppf(cut) * 4
        precision = norm.sf(place - 2.5) / (norm.sf(place - 2.5) + norm.sf(place))
        reached += not missed
        held += (not missed) and precision >= 0.9
    assert reached > 150
    assert held / reached > 0.88


def test_cuts_lie_half_way_between_scores_by_hand():
    # Descending: .9 yes, .8 no, .6 yes, .2 no. F1 after 1, 2, 3, 4: 2/3, 1/2, 4/5, 2/3.
    scores, gold = np.array([0.2, 0.9, 0.6, 0.8]), np.array([0, 1, 1, 0])
    assert best_cut(scores, gold, parse_aim("f1")) == (pytest.approx(0.4), False)
    # F0.5 = 1.25 hits / (said + .25 * 2): 1.25/1.5, 1.25/2.5, 2.5/3.5, 2.5/4.5
    assert best_cut(scores, gold, parse_aim("f0.5")) == (pytest.approx(0.85), False)
    # Surely right, after 1, 2, 3, 4 decisions: 1 of 1 is .05 (= .05 ** (1 / 1)), 1 of 2 .025, 2 of 3 .135, 2 of 4 .1.
    assert best_cut(scores, gold, parse_aim("precision>=0.09")) == (pytest.approx(0.1), False)
    assert best_cut(scores, gold, parse_aim("precision>=0.1")) == (pytest.approx(0.4), False)
    assert best_cut(scores, gold, parse_aim("precision>=0.2")) == (pytest.approx(0.4), True)
    assert best_cut(scores, gold, parse_aim("recall>=0.2")) == (pytest.approx(0.4), False)  # 2 of 2: .05 ** (1 / 2)
    assert best_cut(scores, gold, parse_aim("recall>=1")) == (pytest.approx(0.4), True)


def test_a_score_at_its_cut_is_decided_for():
    scores = np.array([[0.5, 0.3], [np.nextafter(0.5, 0), np.nextafter(0.3, 0)]])
    assert LABELS.decide(scores, np.array([0.5, 0.3])).tolist() == [[1, 1], [0, 0]]
    assert LABELS.decide(scores).tolist() == [[1, 0], [0, 0]]
    assert LABELS.decide(np.array([[0.5, 0.3]], dtype=np.float32)).tolist() == [[1, 0]]


def test_an_aim_that_is_reached_exactly_is_reached():
    """Two right of two are surely .05 ** (1 / 2), the aim itself."""
    scores, gold = np.array([0.9, 0.8, 0.1]), np.array([1, 1, 0])
    share = float(exact(2, 2, AIM_LEVEL)[0])
    assert share == pytest.approx(0.05**0.5)
    for kind in ("precision", "recall"):
        assert best_cut(scores, gold, Aim("", kind, share)) == (pytest.approx(0.45), False)
        assert best_cut(scores, gold, Aim("", kind, share + 1e-9)) == (pytest.approx(0.45), True)


@pytest.mark.parametrize("count", [RARE - 1, RARE])
def test_a_label_has_its_own_cut_from_five_texts_on(count):
    gold = np.zeros((40, 2), dtype=int)
    gold[:20, 0] = gold[:count, 1] = 1
    scores = np.stack([np.linspace(0.9, 0.1, 40), np.linspace(0.3, 0.1, 40)], axis=1)
    chosen = choose(scores, gold, "f1")
    own = best_cut(scores[:, 1], gold[:, 1], parse_aim("f1"))[0]
    assert chosen.pooled_labels == [1] * (count < RARE)
    assert (chosen.cuts[1] == own) == (count >= RARE)


def test_a_precision_out_of_reach_takes_the_most_precise_cut_and_says_so():
    scores = np.repeat([0.9, 0.7, 0.5, 0.3], 40)[:, None].repeat(2, axis=1)
    gold = np.stack([np.repeat([0, 1, 0, 0], 40), np.repeat([1, 0, 0, 0], 40)], axis=1)
    chosen = choose(scores, gold, "precision>=0.9")
    assert chosen.cuts.tolist() == pytest.approx([0.6, 0.8])
    assert chosen.record(LABELS)["aim_missed"] == ["정치"]


def test_scores_that_differ_by_rounding_only_are_never_parted():
    near = np.float32(0.7)
    scores = np.array([near, np.nextafter(near, np.float32(1)), 0.2], dtype=np.float32).astype(np.float64)
    cut, _ = best_cut(scores, np.array([0, 1, 0]), parse_aim("f1"))
    assert cut == pytest.approx(0.45)


def test_a_rare_label_takes_the_cut_of_all_cells():
    rng = np.random.default_rng(0)
    gold = np.zeros((60, 2), dtype=int)
    gold[:30, 0] = 1
    gold[: RARE - 1, 1] = 1
    scores = np.clip(0.3 * gold + rng.random((60, 2)) * 0.6, 0, 1)
    chosen = choose(scores, gold, "f1")
    assert chosen.pooled_labels == [1]
    assert chosen.record(LABELS)["pooled_labels"] == ["economy"]
    assert chosen.cuts[1] == best_cut(scores.ravel(), gold.ravel(), parse_aim("f1"))[0]
    assert chosen.cuts[0] == best_cut(scores[:, 0], gold[:, 0], parse_aim("f1"))[0]


def test_without_any_positive_the_cut_is_a_half_and_the_aim_missed():
    chosen = choose(np.full((8, 2), 0.3), np.zeros((8, 2), dtype=int), "f1")
    assert chosen.cuts.tolist() == [0.5, 0.5]
    assert chosen.missed_labels == [0, 1]


@given(scored())
@settings(max_examples=50, deadline=None)
def test_baked_shifts_make_a_half_the_cut(case):
    column, gold = case
    scores = np.clip(np.stack([column, column[::-1]], axis=1), 0.01, 0.99)
    chosen = choose(scores, np.stack([gold, gold], axis=1), "f1")
    shifted = expit(inverse_sigmoid(scores) + bake(chosen))
    np.testing.assert_array_equal(LABELS.decide(shifted), LABELS.decide(scores, chosen.cuts))


def test_shifts_are_finite_for_cuts_at_the_ends():
    chosen = choose(
        np.array([[0.0], [0.0], [1.0], [1.0], [1.0], [1.0], [1.0]]), np.ones((7, 1), dtype=int), "recall>=1"
    )
    assert chosen.cuts.tolist() == [0.0]
    assert np.isfinite(bake(chosen)).all()
    certain = replace(chosen, cuts=np.array([1.0]))
    assert bake(certain) == pytest.approx([-36.7], abs=0.1)  # -log(2^53), as far as a cut below 1 can lie


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [("f1", "f", 1), ("F0.5", "f", 0.5), ("precision >= 0.9", "precision", 0.9), ("recall>=.95", "recall", 0.95)],
)
def test_aims_are_read(text, kind, value):
    aim = parse_aim(text)
    assert (aim.kind, aim.value) == (kind, value)


@pytest.mark.parametrize("text", ["", "f", "f0", "f-1", "accuracy", "precision", "precision>0.9", "recall>=1.5"])
def test_other_aims_stop_with_what_there_is(text):
    with pytest.raises(UserError, match="--threshold_aim"):
        parse_aim(text)


def test_a_misspelt_aim_is_recognised():
    with pytest.raises(UserError, match=r"Did you mean 'precision>=0\.9'"):
        parse_aim("precison>=0.9")
