"""Cards, read: which figures they claim, of what, and what is left unread; nothing of a card can do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.claim_cards import card, index
from textclf.errors import UserError
from textclf.hub.claims import rows
from textclf.hub.claims.card import read_card
from textclf.hub.claims.claim import DataNamed, make_claim, possible
from textclf.hub.claims.comment import comment
from textclf.hub.claims.text import claims_in_text
from textclf.hub.claims.wording import Named, metric_named, number_in, rows_in, split_in


@pytest.mark.parametrize(
    ("words", "value", "half", "percent"),
    [
        ("0.927", 0.927, 0.0005, False),
        ("0.90", 0.9, 0.005, False),
        ("**92.7** %", 0.927, 0.0005, True),
        ("92,7 %", 0.927, 0.0005, True),
        ("0.93 ± 0.01", 0.93, 0.005, False),
        ("92.7 ± 0.3 %", 0.927, 0.0005, True),
        ("0.8000 [0.7500, 0.8500]", 0.8, 0.00005, False),
        (".81", 0.81, 0.005, False),
        ("9.27e-1", 0.927, 0.0005, False),
        ("~0.9", 0.9, 0.05, False),
        ("−0.1", -0.1, 0.05, False),
    ],
)
def test_a_number_is_read_with_the_digits_it_is_written_in(words, value, half, percent):
    found = number_in(words)
    assert found.value == pytest.approx(value)
    assert found.half == pytest.approx(half)
    assert found.percent is percent


@pytest.mark.parametrize("words", ["", "–", "n/a", "12/20", "3rd place", "2024-01-05", "about the best", "see 0.93"])
def test_what_is_no_figure_is_not_read_as_one(words):
    assert number_in(words) is None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("Accuracy", Named("accuracy", None)),
        ("eval_accuracy", Named("accuracy", None)),
        ("F1 (macro)", Named("f1", "macro")),
        ("Macro-F1", Named("f1", "macro")),
        ("f1_weighted", Named("f1", "weighted")),
        ("F1 (글별 평균)", Named("f1", "samples")),
        ("정확도", Named("accuracy", None)),
        ("balanced accuracy", Named("balanced_accuracy", None)),
        ("평균 정밀도 (AP, micro)", Named("average_precision", "micro")),
        ("average precision (macro)", Named("average_precision", "macro")),
        ("subset accuracy (all labels right)", Named("subset_accuracy", None)),
        ("log loss (lower is better)", Named("log_loss", None)),
        ("Matthews correlation", Named("mcc", None)),
        ("label ranking average precision", Named("lrap", None)),
        ("라벨 순위 평균 정밀도 (LRAP)", Named("lrap", None)),
        ("ROC-AUC", Named("roc_auc", None)),
        ("Loss", None),
        ("accuracy of sport", None),
        ("accident", None),
        ("recalled products", None),
        ("Training Loss", None),
    ],
)
def test_a_metric_is_known_by_its_name_and_nothing_else(words, named):
    assert metric_named(words) == named


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ("on the SST-2 dev set", "validation"),
        ("Test accuracy", "test"),
        ("eval_accuracy", None),
        ("the evaluation set", None),
        ("trained on the train split, measured on the test split", "test"),
        ("fine-tuned after more training", None),
        ("validation and test", None),
        ("검증 데이터", "validation"),
        ("the latest contest", None),
    ],
)
def test_a_split_is_read_where_one_is_spoken_of(words, split):
    assert split_in(words) == split


@pytest.mark.parametrize(
    ("words", "n"),
    [
        ("Measured on the test split, n = 1,821.", 1821),
        ("on 872 validation examples", 872),
        ("the test set of 1,000 texts", 1000),
        ("테스트 데이터 340건으로 잰 값", 340),
        ("trained on 25,000 examples", None),
    ],
)
def test_the_number_of_texts_is_that_of_the_measured_ones(words, n):
    assert rows_in(words) == n


@pytest.mark.parametrize(
    ("metric", "written", "value", "can_be"),
    [
        ("accuracy", "92.7", 0.927, True),
        ("accuracy", "1.5", 0.015, True),
        ("ROC-AUC", "93", 0.93, True),
        ("ECE", "4.2", 0.042, True),
        ("mcc", "1.5", 1.5, False),
        ("mcc", "60.5", 60.5, False),
        ("mcc", "60.5 %", 0.605, True),
        ("mcc", "-1", -1, True),
        ("mcc", "-1.1", -1.1, False),
        ("mcc", "1.0", 1, True),
        ("brier", "1.9", 1.9, True),
        ("brier", "2.1", 2.1, False),
        ("log loss", "12.5", 12.5, True),
        ("log loss", "-0.2", -0.2, False),
        ("Cohen's kappa", "1.5", 1.5, True),  # not known here: nothing is said of it
        ("accuracy", "150", 150, False),
        ("accuracy", "-0.1", -0.1, False),
        ("accuracy", "100", 1, True),
        ("accuracy", "1", 1, True),
    ],
)
def test_only_a_share_is_read_in_hundredths_without_a_sign_that_says_so(metric, written, value, can_be):
    claim = make_claim(metric, written, number_in(written), DataNamed(), "text")
    assert claim.value == pytest.approx(value)
    assert possible(claim) is can_be


def test_columns_of_other_models_and_rows_of_labels_are_left_unread():
    rivals = "| Model | Accuracy |\n|---|---|\n| theirs | 0.97 |\n| tiny-sorter | 0.91 |\n"
    labels = "| label | precision | recall | F1 | texts |\n|---|---|---|---|---|\n| bad | 0.5 | 0.6 | 0.7 | 20 |\n"
    columns = "| metric | BERT | this model |\n|---|---|---|\n| F1 (macro) | 0.8 | 0.9 |\n"
    found = claims_in_text(f"{rivals}\n\n{labels}\n\n{columns}", "tiny-sorter", [])
    assert [(claim.metric, claim.value) for claim in found] == [("Accuracy", 0.91), ("F1 (macro)", 0.9)]


def test_rows_of_languages_and_settings_are_not_taken_for_the_whole_split():
    """A card that listed its accuracy by language was said to claim each of them for all texts."""
    languages = "| Language | Accuracy |\n|---|---|\n| Korean | 0.97 |\n| English | 0.91 |\n"
    splits = "| Split | Accuracy |\n|---|---|\n| validation | 0.92 |\n| test | 0.9 |\n"
    found = claims_in_text(f"{languages}\n\n{splits}", "m", [])
    assert [(claim.value, claim.data.split) for claim in found] == [(0.92, "validation"), (0.9, "test")]


def test_sentences_about_others_are_left_unread():
    body = (
        "It reaches an accuracy of 93.5 % on the test set. The baseline has an accuracy of 80 %. "
        "That is better than BERT, which reaches an accuracy of 91 %. Human accuracy is 97 %."
    )
    (claim,) = claims_in_text(body, "m", [])
    assert (claim.value, claim.data.split) == (0.935, "test")


def test_a_data_set_beside_a_figure_is_the_one_it_is_of():
    body = "| Dataset | Accuracy |\n|---|---|\n| ag_news | 0.94 |\n| yelp review full | 0.66 |\n"
    found = claims_in_text(body, "m", ["fancyzhx/ag_news", "Yelp/yelp_review_full"])
    assert [claim.data.dataset for claim in found] == ["fancyzhx/ag_news", "Yelp/yelp_review_full"]


def read(tmp_path, text):
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    return read_card(str(tmp_path))


def test_a_model_index_is_read_as_written_and_a_broken_result_hides_no_other(tmp_path):
    matter = index(("accuracy", "0.90"), ("f1", 91.25, {"args": {"average": "macro"}}), config="plain", revision="abc")
    matter["model-index"][0]["results"].insert(0, {"task": {"type": "text-classification"}, "metrics": []})
    found = read(tmp_path, card(matter))
    accuracy, f1 = found.claims
    assert (accuracy.value, accuracy.half) == (0.9, 0.005)
    assert (accuracy.data.config, accuracy.data.revision) == ("plain", "abc")
    assert (f1.value, f1.named, f1.percent) == (0.9125, Named("f1", "macro"), True)
    assert len(found.notes) == 1


def test_what_stands_in_index_and_text_is_one_claim_and_another_value_is_a_second_one(tmp_path):
    matter = {**index(("accuracy", 0.9271)), "datasets": ["data/reviews"]}
    found = read(tmp_path, card(matter, "## Test\n\n- Accuracy: 92.7 %\n- Accuracy: 0.95\n"))
    assert [claim.value for claim in found.claims] == [0.9271, 0.95]


@pytest.mark.parametrize("matter", ["model-index: 7", "model-index: [3]", "a: [", "datasets: {a: b}", "- x", ""])
def test_front_matter_that_is_none_stops_nothing(tmp_path, matter):
    assert read(tmp_path, f"---\n{matter}\n---\n\nText.").claims == []


def test_a_model_without_a_card_is_said_to_have_none(tmp_path):
    with pytest.raises(UserError, match=r"has no README\.md"):
        read_card(str(tmp_path))


@given(st.text(alphabet=st.sampled_from("|-: \n#*_`.0159%accurytesF1模정확도<>[]()"), max_size=200))
def test_any_text_can_be_read(body):
    claims_in_text(body, "m", ["a/b"])


def test_nothing_of_a_card_does_anything_in_the_comment():
    nasty = "x @everyone [a](http://evil.example) <img src=x> | ` ```"
    claimed = {"metric": nasty, "value": 0.5, "written": "0.5", "where": "text", "dataset": nasty}
    row = {"claimed": claimed, "measured": None, "verdict": "does not hold", "why": [nasty], "findings": []}
    found = {"model": "a/b", "revision": "c", "version": "1", "notes": [nasty], "findings": [], "claims": [row]}
    html = MarkdownIt("commonmark").enable("table").render(comment(found))
    outside = html.replace("<code>", "\0").replace("</code>", "\0").split("\0")[::2]
    assert "<a " not in html
    assert "<img" not in html
    assert not any("@everyone" in part for part in outside)
    assert html.count("<td>") + html.count("<td ") == 6


@pytest.mark.parametrize(
    ("cause", "said", "kind"),
    [
        ("GatedRepoError", "x", "data_gated"),
        ("DatasetNotFoundError", "It is gated.", "data_gated"),
        ("DatasetNotFoundError", "There is no x.", "data_missing"),
        ("RevisionNotFoundError", "x", "revision_missing"),
        ("RepositoryNotFoundError", "x", "data_missing"),
        ("HFValidationError", "no configuration", "data_missing"),
        (None, "a/b has no configuration 'x'; it has y.", "config_missing"),
        (None, "a/b has several configurations: x, y.", "config_not_named"),
        (None, "The file is broken.", "data_unreadable"),
    ],
)
def test_why_data_cannot_be_had_is_told_by_what_the_loader_met(cause, said, kind):
    error = UserError(said)
    if cause is not None:
        error.__cause__ = getattr(rows, cause).__new__(getattr(rows, cause))
    assert rows._kind_of(error) == kind
