"""Baselines: features against scikit-learn, the label axis of the space, choices on validation, the cache."""

import json
import unicodedata
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from scipy import sparse
from scipy.special import expit
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from textclf.arguments import ModelArguments
from textclf.errors import UserError
from textclf.evaluation.baselines import rows as baseline_rows
from textclf.evaluation.baselines.cache import digest_texts
from textclf.evaluation.baselines.fitted import best_baseline, fit_baselines
from textclf.evaluation.baselines.treatment import Treatment
from textclf.evaluation.fold_scores import FoldScores
from textclf.evaluation.report import measure
from textclf.labels import LabelSpace
from textclf.models import linear
from textclf.models.baselines import BASELINES
from textclf.models.linear import support_vectors
from textclf.models.newton_svm import NewtonSVM
from textclf.models.text_features import CharacterNgrams, as_string, words_and_characters, words_syllables_and_jamo

POLITICS = [
    "국회 예산안 통과",
    "정부와 국회가 협상을 시작했다",
    "대통령이 장관을 임명했다",
    "여야 합의로 법안이 통과됐다",
]
SPORTS = [
    "축구 대표팀이 결승골로 이겼다",
    "야구 경기 연장 끝에 승리",
    "대표팀 감독이 선수를 뽑았다",
    "선수가 두 골을 넣었다",
]
ENGLISH = [
    "Parliament passed the budget",
    "The striker scored a late goal",
    "Ministers met in parliament",
    "A goal won it",
]
NAMES = ("정치", "스포츠", "날씨")  # no text is about the weather
SINGLE = LabelSpace(NAMES, multi_label=False)
SEVERAL = LabelSpace(NAMES, multi_label=True)


def split_of(texts, labels, several=False, pairs=None):
    label = ClassLabel(names=list(NAMES))
    features = {"text": Value("string"), "labels": List(label) if several else label}
    rows = {"text": texts, "labels": labels}
    if pairs is not None:
        features, rows = {**features, "text_pair": Value("string")}, {**rows, "text_pair": pairs}
    return Dataset.from_dict(rows, features=Features(features))


TRAIN = split_of(POLITICS * 3 + SPORTS * 3 + ENGLISH, [0] * 12 + [1] * 12 + [0, 1, 0, 1])
VALIDATION = split_of(["국회에서 법안 통과", "선수 골 승리", "정부가 장관 임명", "대표팀 경기"], [0, 1, 0, 1])
TEXTS = ["국회 법안", "골을 넣은 선수", "the budget", "", "😀"]


def tags(texts):
    return [[i for i, word in enumerate(("국회", "선수")) if word in text] for text in texts]


MANY = [f"{first} {second}" for first in POLITICS + SPORTS for second in POLITICS + SPORTS]
TRAIN_SEVERAL = split_of(MANY, tags(MANY), several=True)
VALIDATION_SEVERAL = split_of(MANY[::-3], tags(MANY[::-3]), several=True)


def test_character_counts_are_those_of_scikit_learn():
    texts = [*POLITICS, *ENGLISH, "a", "  ", "Goal goal GOAL"]
    ours = CharacterNgrams((1, 4))
    found = ours.fit_transform(texts).toarray()
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2)
    expected = theirs.fit_transform(texts).toarray()
    names = ours.counter.get_feature_names_out()[ours.kept]
    assert names.tolist() == theirs.get_feature_names_out().tolist()
    np.testing.assert_array_equal(found, expected)
    new = ["새 법안 통과 Goals", ""]
    np.testing.assert_array_equal(ours.transform(new).toarray(), theirs.transform(new).toarray())


def test_jamo_counts_are_those_of_scikit_learn_on_decomposed_words():
    texts = [*POLITICS, *SPORTS, *ENGLISH, "했다 한다 할까 ㅋㅋㅋ", "café"]
    ours = CharacterNgrams((3, 7), jamo=True)
    found = ours.fit_transform(texts).toarray()
    theirs = CountVectorizer(
        analyzer="char_wb",
        ngram_range=(3, 7),
        min_df=2,
        preprocessor=lambda t: unicodedata.normalize("NFD", t.lower()),
    )
    np.testing.assert_array_equal(found, theirs.fit_transform(texts).toarray())
    assert ours.counter.get_feature_names_out()[ours.kept].tolist() == theirs.get_feature_names_out().tolist()


def test_jamo_know_a_stem_whose_syllable_is_new():
    """이겼다 and 이긴 share one syllable, and three jamo: those of 이 and the ㄱ after it."""
    texts, stem = ["이겼다", "이긴"], unicodedata.normalize("NFD", "이기")[:3]
    kept = {}
    for jamo, lengths in ((False, (1, 4)), (True, (3, 7))):
        features = CharacterNgrams(lengths, jamo=jamo)
        features.fit(texts)
        kept[jamo] = features.counter.get_feature_names_out()[features.kept]
    assert stem in kept[True]
    assert {name.strip() for name in kept[False]} == {"", "이"}
    assert len(words_syllables_and_jamo().fit(texts).transform(texts).toarray()[0]) > len(kept[True])


def test_decomposed_hangul_has_the_features_of_composed():
    features = words_and_characters().fit([as_string(text) for text in POLITICS])
    both = [as_string(unicodedata.normalize(form, POLITICS[0])) for form in ("NFC", "NFD")]
    first, second = features.transform(both).toarray()
    np.testing.assert_array_equal(first, second)


def test_pairs_are_read_whole_and_an_empty_second_field_is_none():
    assert as_string(("제목", "본문")) == "제목\n본문"
    assert as_string(("제목", None)) == as_string(("제목", "")) == as_string("제목")


def test_svm_logits_are_scikit_learns_and_an_absent_label_is_never_the_best():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 5))
    gold = np.where(features[:, 0] > 0, 2, 0)  # label 1 has no rows
    found = support_vectors(features, gold, SINGLE, 0.5, 0).logits(features)
    decision = (
        LinearSVC(C=0.5, random_state=0, max_iter=100_000, tol=1e-9).fit(features, gold).decision_function(features)
    )
    np.testing.assert_allclose(found[:, 2] - found[:, 0], decision, atol=1e-5)
    assert 1 not in found.argmax(axis=1)


@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("rows", [2, 40, 400])
def test_newtons_svm_is_liblinears_to_the_last_digits_on_features_that_hang_together(rows, c):
    rng = np.random.default_rng(rows)
    features = (rng.normal(size=(rows, 12)) @ rng.normal(size=(12, 30)) * np.logspace(-1, 1, 30)).astype(np.float32)
    features[rows // 2 :] = features[: rows - rows // 2]  # the same texts under several labels
    gold = rng.permutation(np.arange(rows) % 4)
    found = NewtonSVM(c).fit(features, gold)
    for column, label in enumerate(np.unique(gold)[int(rows == 2) :]):
        signs = np.where(gold == label, 1, -1)
        decision = features @ found.coef_[column] + found.intercept_[column]
        within = np.maximum(0, 1 - signs * decision)  # at a minimum the gradient is zero, and there is one minimum
        slope = found.coef_[column] - 2 * c * (within * signs) @ features
        assert np.abs(slope).max() < 1e-6 * max(1, c * rows * np.abs(features).max())
        assert found.intercept_[column] == pytest.approx(2 * c * (within * signs).sum(), abs=1e-6 * max(1, c * rows))
        if rows < 400 and c < 100:  # LIBLINEAR does not get there beyond
            other = LinearSVC(C=c, tol=1e-10, max_iter=1_000_000).fit(features.astype(np.float64), gold == label)
            np.testing.assert_allclose(decision, other.decision_function(features), atol=1e-5)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ["svm", "logistic"])
def test_of_fewer_texts_than_dense_features_a_fit_in_their_span_is_the_whole_one(kind, several):
    rng = np.random.default_rng(3)
    features = rng.normal(size=(20, 50))
    gold = (features[:, :3] + rng.normal(size=(20, 3)) > 0).astype(np.int64) if several else np.arange(20) % 3
    labels, others = SEVERAL if several else SINGLE, rng.normal(size=(7, 50))
    fit = support_vectors if kind == "svm" else partial(linear.logistic, tolerance=1e-9)
    fitted = fit(features, gold, labels, 0.1, 0)
    assert fitted.weights.shape == (50, 3)
    if kind == "svm":
        own = [NewtonSVM(0.1).fit(features, (gold[:, k] if several else gold == k).astype(int)) for k in range(3)]
    elif several:
        own = [LogisticRegression(C=0.1, tol=1e-10, solver="newton-cg").fit(features, gold[:, k]) for k in range(3)]
    else:
        whole = LogisticRegression(C=0.1, tol=1e-10, solver="newton-cg").fit(features, gold)
        own = [
            SimpleNamespace(coef_=w[None], intercept_=[b]) for w, b in zip(whole.coef_, whole.intercept_, strict=True)
        ]
    expected = np.stack([others @ each.coef_[0] + each.intercept_[0] for each in own], axis=1)
    np.testing.assert_allclose(fitted.logits(others), expected, atol=2e-5)
    constant = linear.logistic(features, np.full(20, 1), SINGLE, 0.1, 0)
    assert set(constant.logits(others).argmax(axis=1)) == {1}


@pytest.mark.parametrize("shape", [(60, 5), (60, 90)], ids=["more texts", "more features"])
def test_several_labels_get_scikit_learns_svm_each_and_the_same_every_time(shape):
    rng = np.random.default_rng(1)
    features = rng.normal(size=shape)
    gold = (features[:, :3] + rng.normal(size=(60, 3)) > 0).astype(np.int64)
    gold[:, 1] = 0  # no text has it
    labels = LabelSpace(("a", "b", "c"), multi_label=True)
    found = support_vectors(features, gold, labels, 0.5, 0)
    again = support_vectors(features, gold, labels, 0.5, 0)
    assert np.array_equal(found.weights, again.weights) and np.array_equal(found.intercept, again.intercept)
    for column in (0, 2):
        alone = LinearSVC(C=0.5, random_state=0, max_iter=100_000, tol=1e-9).fit(features, gold[:, column])
        np.testing.assert_allclose(found.logits(features)[:, column], alone.decision_function(features), atol=1e-5)
    assert (found.logits(features)[:, 1] == -1).all()


def test_large_fits_of_several_labels_share_out_among_processes_and_stay_the_same_to_the_bit(monkeypatch):
    rng = np.random.default_rng(2)
    features = sparse.random(
        120, 30_000, density=0.05, format="csr", random_state=rng
    )  # past what joblib maps from disk
    gold = rng.integers(0, 2, size=(120, 3))
    labels = LabelSpace(("a", "b", "c"), multi_label=True)
    alone = support_vectors(features, gold, labels, 0.5, 0)
    monkeypatch.setattr(linear, "WORTH_PROCESSES", 1)
    monkeypatch.setattr(linear, "cpu_count", lambda only_physical_cores: 4)
    monkeypatch.setattr(linear.torch, "get_num_threads", lambda: 2)
    assert linear._workers(features, 3).n_jobs == 2
    together = support_vectors(features, gold, labels, 0.5, 0)
    assert np.array_equal(alone.weights, together.weights) and np.array_equal(alone.intercept, together.intercept)
    monkeypatch.setattr(linear, "MOST_COPIED", features.nnz)  # room for one copy
    assert linear._workers(features, 3).n_jobs == 1


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "frozen_encoder"])
@pytest.mark.parametrize("several", [False, True], ids=["one label", "several"])
def test_every_baseline_scores_every_label_of_the_space(name, several):
    train, validation = (TRAIN_SEVERAL, VALIDATION_SEVERAL) if several else (TRAIN, VALIDATION)
    labels = SEVERAL if several else SINGLE
    (baseline,) = fit_baselines([name], train, validation, labels)
    scores = baseline.scores(TEXTS)
    assert scores.shape == (5, 3)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    if not several:
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    assert (baseline.thresholds is not None) == (several and name != "majority")
    report = measure(baseline, validation, draws=10)
    for metric in ("f1_macro", "log_loss"):
        assert report.metrics[metric]["value"] == pytest.approx(baseline.validation[metric])
    json.dumps(baseline.chosen, allow_nan=False)


def test_majority_and_prior_by_hand():
    train = split_of(["a"] * 5, [1, 1, 1, 0, 0])
    majority, prior = fit_baselines(["majority", "prior"], train, VALIDATION, SINGLE, Treatment(calibrate=False))
    assert majority.scores(["무엇이든"]).tolist() == [[0, 1, 0]]
    np.testing.assert_allclose(prior.scores(["무엇이든"])[0], [3 / 8, 4 / 8, 1 / 8], rtol=1e-6)


def test_majority_of_several_gives_what_half_the_texts_have_and_at_least_one():
    often = split_of(["a"] * 4, [[0, 1], [0, 1], [0], [2]], several=True)
    rarely = split_of(["a"] * 4, [[], [2], [], []], several=True)
    for train, given in ((often, [1, 1, 0]), (rarely, [0, 0, 1])):
        (majority,) = fit_baselines(["majority"], train, VALIDATION_SEVERAL, SEVERAL)
        assert majority.scores(["무엇이든"]).tolist() == [given]


def test_tfidf_learns_the_topics_of_korean_texts():
    (baseline,) = fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE)
    assert baseline.validation["accuracy"] == 1
    decided = SINGLE.decide(baseline.scores(["국회 예산", "축구 선수", "Parliament met", "a late goal"]))
    assert decided.tolist() == [0, 1, 0, 1]
    assert baseline.chosen["C"] in (0.1, 0.3, 1.0)
    assert baseline.chosen["calibration"]["fitted_on"] == "validation"


def test_what_validation_chose_is_fitted_on_validation_too_where_the_model_learns_it(tmp_path):
    """The setting and the calibration stay; the weights are those of a fit on all rows, as scikit-learn's show."""
    for cache in (None, tmp_path, tmp_path):  # made, stored, recalled
        treatment = Treatment(cache=cache)
        (before,) = fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE, treatment)
        (after,) = fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE, treatment, learn_validation=True)
        assert after.chosen == before.chosen | {"trained_on": len(TRAIN) + len(VALIDATION)}
        assert after.validation == before.validation
        c, scale = before.chosen["C"], 1 / before.chosen["calibration"]["temperature"]
        texts = [*TRAIN["text"], *VALIDATION["text"]]
        features = words_and_characters().fit(texts)
        gold = np.array([*TRAIN["labels"], *VALIDATION["labels"]])
        svm = LinearSVC(C=c, random_state=treatment.seed, max_iter=5000).fit(features.transform(texts), gold)
        margins = svm.decision_function(features.transform(TEXTS))
        scores = after.scores(TEXTS)
        np.testing.assert_allclose(np.log(scores[:, 1] / scores[:, 0]), margins * scale, atol=1e-4)
        assert np.abs(scores - before.scores(TEXTS)).max() > 1e-3


def test_rows_out_of_fold_choose_the_cuts_of_labels_that_validation_hardly_has():
    """스포츠 stands in no validation text and takes the cut of all cells; 8 texts that folds told give it its own."""
    validation = split_of(POLITICS, [[0]] * 4, several=True)
    gold = np.array([[0, 1, 0]] * 8 + [[1, 0, 0]] * 8)
    logits = np.where(gold == 1, 3.0, 2.0).astype(np.float32)  # well above all that the baseline itself says
    plain = Treatment(calibrate=False)
    told = FoldScores(np.zeros_like(logits), gold, {"tfidf_svm": logits})
    alone, helped = (
        fit_baselines(["tfidf_svm"], TRAIN_SEVERAL, validation, SEVERAL, plain, rows)[0] for rows in (None, told)
    )
    assert "스포츠" in alone.chosen["thresholds"]["pooled_labels"]
    assert "스포츠" not in helped.chosen["thresholds"]["pooled_labels"]
    assert expit(2.0) < helped.thresholds[1] < expit(3.0)
    assert helped.chosen["thresholds"]["chosen_on"] == "validation (4) and out-of-fold training rows (16)"
    untold = fit_baselines(["tfidf_svm"], TRAIN_SEVERAL, validation, SEVERAL, plain, FoldScores(logits, gold))[0]
    np.testing.assert_array_equal(untold.thresholds, alone.thresholds)  # folds that left this baseline out


def test_with_one_class_in_train_that_class_is_always_said():
    (baseline,) = fit_baselines(["tfidf_svm"], split_of(POLITICS, [0] * 4), VALIDATION, SINGLE)
    assert SINGLE.decide(baseline.scores(TEXTS)).tolist() == [0] * 5


def test_pairs_reach_every_baseline_kind():
    train = split_of(["제목"] * 8, [0] * 4 + [1] * 4, pairs=POLITICS + SPORTS)
    validation = split_of(["제목"] * 2, [0, 1], pairs=[POLITICS[0], SPORTS[0]])
    for baseline in fit_baselines(["prior", "tfidf_svm", "word2vec_cbow"], train, validation, SINGLE):
        assert baseline.scores([("제목", POLITICS[1]), ("제목", None)]).shape == (2, 3)


def test_the_models_cleaning_is_applied_in_training_and_in_scoring():
    treatment = Treatment(clean=lambda text: text.replace("국회", "").strip())
    (baseline,) = fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE, treatment)
    np.testing.assert_array_equal(baseline.scores(["국회 선수"]), baseline.scores(["선수"]))


def test_the_frozen_encoder_is_the_runs_own(tiny_model):
    treatment = Treatment(model=ModelArguments(model=str(tiny_model("bert"))))
    (baseline,) = fit_baselines(["frozen_encoder"], TRAIN, VALIDATION, SINGLE, treatment)
    together = baseline.scores(TEXTS)
    alone = np.concatenate([baseline.scores([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert baseline.chosen["C"] in (0.001, 0.01, 0.1)


def test_the_best_is_the_best_on_validation_by_the_metric():
    found = fit_baselines(["majority", "tfidf_svm"], TRAIN, VALIDATION, SINGLE)
    assert best_baseline(found).name == "tfidf_svm"
    assert best_baseline(found[::-1], "log_loss").name == "tfidf_svm"
    assert best_baseline(found, "not defined").name == "majority"  # the first of equals


def test_unknown_names_stop_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'tfidf_svm'"):
        fit_baselines(["majority", "tfidf-svm"], TRAIN, VALIDATION, SINGLE)


def test_very_many_texts_are_sampled_and_the_record_says_so(monkeypatch):
    monkeypatch.setattr(baseline_rows, "MOST_TEXTS", 10)
    (baseline,) = fit_baselines(["prior"], TRAIN, VALIDATION, SINGLE)
    assert baseline.chosen["trained_on"] == 10
    assert baseline.chosen["sample"] == "fitted on a random sample of 10 of 28 training texts, seed 0"


@pytest.fixture
def fits(monkeypatch):
    made = []
    original = BASELINES["tfidf_svm"]
    monkeypatch.setitem(BASELINES, "tfidf_svm", lambda rows: made.append(1) or original(rows))
    return made


def scores_of(cache, train=TRAIN, validation=VALIDATION, labels=SINGLE, **treatment):
    (baseline,) = fit_baselines(["tfidf_svm"], train, validation, labels, Treatment(cache=cache, **treatment))
    return baseline.scores(TEXTS), baseline.chosen, baseline.thresholds


@pytest.mark.parametrize("several", [False, True], ids=["one label", "several"])
def test_a_cache_hit_equals_recomputation_and_fits_nothing(tmp_path, fits, several):
    data = (TRAIN_SEVERAL, VALIDATION_SEVERAL, SEVERAL) if several else (TRAIN, VALIDATION, SINGLE)
    plain = scores_of(None, *data)
    first, second = scores_of(tmp_path, *data), scores_of(tmp_path, *data)
    assert len(fits) == 2
    for other in (first, second):
        np.testing.assert_array_equal(other[0], plain[0])
        assert other[1] == plain[1]
        np.testing.assert_array_equal(other[2], plain[2])
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npy"}


def test_texts_that_were_not_scored_before_are_scored_by_the_same_model(tmp_path):
    scores_of(tmp_path)
    (baseline,) = fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE, Treatment(cache=tmp_path))
    (fresh,) = fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE)
    np.testing.assert_array_equal(baseline.scores(["새로운 법안"]), fresh.scores(["새로운 법안"]))


def test_a_changed_row_label_or_treatment_misses_the_cache(tmp_path, fits):
    scores_of(tmp_path)
    rows = list(TRAIN["text"]), list(TRAIN["labels"])
    changes = [
        {"train": split_of(["국회 예산안 부결", *rows[0][1:]], rows[1])},
        {"train": split_of(rows[0], [1, *rows[1][1:]])},
        {"validation": split_of(["다른 글", *VALIDATION["text"][1:]], VALIDATION["labels"])},
        {"metric": "accuracy"},
        {"calibrate": False},
        {"seed": 1},
    ]
    for expected, change in enumerate(changes, start=2):
        scores_of(tmp_path, **change)
        assert len(fits) == expected, change
    for told in (np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)):  # what folds told, too
        rows = FoldScores(told, np.array([0, 1]), {"tfidf_svm": told})
        fit_baselines(["tfidf_svm"], TRAIN, VALIDATION, SINGLE, Treatment(cache=tmp_path), rows)
    assert len(fits) == len(changes) + 3


@pytest.mark.parametrize("cached", [False, True])
def test_features_of_a_few_texts_at_a_time_give_the_same_scores(tmp_path, monkeypatch, cached):
    """N-grams of all validation or test texts stood in one matrix: 7 GB for a million texts of 100 words."""
    folder = tmp_path if cached else None
    plain = scores_of(None)
    monkeypatch.setattr(baseline_rows, "TEXTS_AT_ONCE", 3)
    seen = []
    original = BASELINES["tfidf_svm"]

    def watched(rows):
        made = original(rows)
        return replace(made, features=lambda texts: (seen.append(len(texts)), made.features(texts))[1])

    monkeypatch.setitem(BASELINES, "tfidf_svm", watched)
    found = scores_of(folder)
    np.testing.assert_allclose(found[0], plain[0], atol=1e-6)
    assert found[1] == plain[1]
    assert max(seen) == 3
    assert sum(seen) == len(VALIDATION) + len(TEXTS)


def test_texts_are_one_key_of_the_cache_however_they_are_cut_into_pieces():
    texts = ["가 나", ("title", None), ("title", "body"), "b"]
    whole = digest_texts([texts])
    assert whole == digest_texts([texts[:1], texts[1:]])
    assert len({whole, digest_texts([texts[::-1]]), digest_texts([texts[:3]]), digest_texts([])}) == 4
