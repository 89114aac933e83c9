"""Losses: values by hand, and one gradient however a batch is split."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments
from transformers.modeling_outputs import SequenceClassifierOutput

from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.models.class_weights import MOST, class_weights, label_counts
from textclf.models.losses import LOSSES, loss_function

THREE = LabelSpace(("부정", "중립", "긍정"), multi_label=False)
TAGS = LabelSpace(("econ", "sport", "it"), multi_label=True)
LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]])
IDS = torch.tensor([0, 2])
CELLS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])


def value(name, labels, gold, logits=LOGITS, **settings):
    return loss_function(name, labels, **settings)(SequenceClassifierOutput(logits=logits), gold).item()


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


P0 = math.exp(2) / (math.exp(2) + 1 + math.exp(-1))  # the gold class of row 0; of row 1 it is 1/3


def test_cross_entropy_is_the_mean_of_negative_log_probabilities():
    assert value("cross_entropy", THREE, IDS) == pytest.approx((-math.log(P0) + math.log(3)) / 2, abs=1e-6)


def test_label_smoothing_spreads_its_share_over_all_labels():
    logs = [2 - math.log(math.exp(2) + 1 + math.exp(-1)) - d for d in (0, 2, 3)]
    row0 = -(0.9 * logs[0] + 0.1 / 3 * sum(logs))
    row1 = math.log(3)
    assert value("cross_entropy", THREE, IDS, label_smoothing=0.1) == pytest.approx((row0 + row1) / 2, abs=1e-6)


def test_class_weighted_cross_entropy_divides_by_the_count_and_not_by_the_weights():
    weights = torch.tensor([0.5, 1.0, 4.0])
    expected = (-0.5 * math.log(P0) + 4 * math.log(3)) / 2
    assert value("cross_entropy", THREE, IDS, class_weights=weights) == pytest.approx(expected, abs=1e-6)


def test_smoothing_and_weights_weigh_a_text_by_its_own_label():
    """As PyTorch weighs the smoothed mass, a text of the common class was worth most as one of the rare class."""
    weights = torch.tensor([0.5, 1.0, 4.0])
    logs = [2 - math.log(math.exp(2) + 1 + math.exp(-1)) - d for d in (0, 2, 3)]
    row0 = -0.5 * (0.9 * logs[0] + 0.1 / 3 * sum(logs))
    row1 = 4 * math.log(3)
    found = value("cross_entropy", THREE, IDS, class_weights=weights, label_smoothing=0.1)
    assert found == pytest.approx((row0 + row1) / 2, abs=1e-6)


@pytest.mark.parametrize("name", [name for name, row in LOSSES.items() if "label_smoothing_factor" in row.reads])
def test_smoothing_still_learns_the_common_class(name):
    """At 50 : 1 nothing but the rare class was predicted, with class weights as with adjusted logits (now refused)."""
    labels = LabelSpace(("common", "rare"), multi_label=False)
    gold = torch.tensor([0] * 100 + [1] * 2)
    texts = torch.nn.functional.one_hot(gold, 2).float() + 0.1 * torch.randn(102, 2, generator=torch.manual_seed(0))
    weights = class_weights(["balanced"], labels, gold.numpy())
    more = {"class_weights": weights} if "class_weights" in LOSSES[name].reads else {}
    counts = label_counts(labels, gold.numpy())
    loss = loss_function(name, labels, label_smoothing=0.1, label_counts=counts, **more)
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss(SequenceClassifierOutput(logits=layer(texts)), gold).backward()
        optimizer.step()
    assert (layer(texts).argmax(dim=1) == gold).all()


def test_focal_loss_discounts_by_the_squared_miss():
    expected = (-((1 - P0) ** 2) * math.log(P0) + (2 / 3) ** 2 * math.log(3)) / 2
    assert value("focal", THREE, IDS) == pytest.approx(expected, abs=1e-6)


def test_focal_loss_without_gamma_is_cross_entropy():
    assert value("focal", THREE, IDS, gamma=0.0) == pytest.approx(value("cross_entropy", THREE, IDS), abs=1e-6)
    assert value("focal", TAGS, CELLS, gamma=0.0) == pytest.approx(value("bce", TAGS, CELLS), abs=1e-6)


def test_focal_loss_weighs_the_gold_class():
    weights = torch.tensor([0.5, 1.0, 4.0])
    expected = (-0.5 * (1 - P0) ** 2 * math.log(P0) + 4 * (2 / 3) ** 2 * math.log(3)) / 2
    assert value("focal", THREE, IDS, class_weights=weights) == pytest.approx(expected, abs=1e-6)


def test_bce_is_the_mean_over_label_cells():
    row0 = [-math.log(sigmoid(2)), -math.log(1 - sigmoid(0)), -math.log(1 - sigmoid(-1))]
    row1 = [-math.log(1 - sigmoid(0.5)), -math.log(sigmoid(0.5)), -math.log(sigmoid(0.5))]
    assert value("bce", TAGS, CELLS) == pytest.approx(sum(row0 + row1) / 6, abs=1e-6)


def test_bce_weights_count_positives_only():
    weights = torch.tensor([3.0, 1.0, 2.0])
    row0 = [-3 * math.log(sigmoid(2)), -math.log(1 - sigmoid(0)), -math.log(1 - sigmoid(-1))]
    row1 = [-math.log(1 - sigmoid(0.5)), -math.log(sigmoid(0.5)), -2 * math.log(sigmoid(0.5))]
    assert value("bce", TAGS, CELLS, class_weights=weights) == pytest.approx(sum(row0 + row1) / 6, abs=1e-6)


def test_multi_label_focal_loss_treats_each_cell_as_its_own_choice():
    truth = [sigmoid(2), 1 - sigmoid(0), 1 - sigmoid(-1), 1 - sigmoid(0.5), sigmoid(0.5), sigmoid(0.5)]
    expected = sum(-((1 - p) ** 2) * math.log(p) for p in truth) / 6
    assert value("focal", TAGS, CELLS) == pytest.approx(expected, abs=1e-6)


def test_asymmetric_loss_shifts_and_focuses_negatives_only():
    def negative(z):
        shifted = max(sigmoid(z) - 0.05, 0)
        return -(shifted**4) * math.log(1 - shifted)

    cells = [-math.log(sigmoid(2)), negative(0), negative(-1), negative(0.5)] + [-math.log(sigmoid(0.5))] * 2
    assert value("asymmetric", TAGS, CELLS) == pytest.approx(sum(cells) / 6, abs=1e-6)
    easy = torch.tensor([[-9.0, -9.0, -9.0]])
    assert value("asymmetric", TAGS, torch.zeros(1, 3), logits=easy) == 0.0


def test_logit_adjustment_adds_the_log_share_of_each_label():
    counts = torch.tensor([6, 3, 1])
    adjusted = [[math.exp(z) * c for z, c in zip(row, (6, 3, 1), strict=True)] for row in LOGITS.tolist()]
    expected = (-math.log(adjusted[0][0] / sum(adjusted[0])) - math.log(adjusted[1][2] / sum(adjusted[1]))) / 2
    assert value("logit_adjusted", THREE, IDS, label_counts=counts) == pytest.approx(expected, abs=1e-6)


def test_logit_adjustment_survives_a_label_without_training_rows():
    assert math.isfinite(value("logit_adjusted", THREE, IDS, label_counts=torch.tensor([6, 3, 0])))


def every_loss():
    for name, row in LOSSES.items():
        if row.single:
            yield pytest.param(name, THREE, id=f"{name}-one")
        if row.multi:
            yield pytest.param(name, TAGS, id=f"{name}-several")


@pytest.mark.parametrize(("name", "labels"), every_loss())
def test_the_gradient_does_not_depend_on_how_a_step_is_split(name, labels):
    rng = np.random.default_rng(0)
    features = torch.as_tensor(rng.normal(size=(32, 5)), dtype=torch.float64)
    gold = torch.as_tensor(rng.integers(0, 3, 32))
    if labels.multi_label:
        gold = torch.as_tensor(rng.integers(0, 2, (32, 3)), dtype=torch.float32)
    weights = torch.tensor([0.5, 1.0, 4.0]) if "class_weights" in LOSSES[name].reads else None
    loss = loss_function(name, labels, class_weights=weights, label_counts=torch.tensor([6, 3, 1]))

    def gradient(parts):
        layer = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
        for rows in torch.arange(32).split(32 // parts):
            loss(SequenceClassifierOutput(logits=features[rows] @ layer), gold[rows], gold.numel()).backward()
        return layer.grad

    whole = gradient(1)
    assert whole.abs().max() > 1e-3
    for parts in (2, 4):
        torch.testing.assert_close(gradient(parts), whole, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("name", "labels"), every_loss())
def test_losses_stay_finite_at_extreme_logits(name, labels):
    gold = torch.ones(2, 3) if labels.multi_label else torch.tensor([2, 2])
    logits = torch.tensor([[60.0, -60.0, -60.0], [-60.0, 60.0, 60.0]], requires_grad=True)
    loss = loss_function(name, labels, label_counts=torch.tensor([6, 3, 1]))(
        SequenceClassifierOutput(logits=logits), gold
    )
    loss.backward()
    assert math.isfinite(loss.item())
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("labels", [THREE, TAGS])
def test_focal_loss_with_a_small_gamma_has_a_finite_gradient_on_certain_texts(labels):
    gold = torch.tensor([[1.0, 0.0, 0.0]]) if labels.multi_label else torch.tensor([0])
    logits = torch.tensor([[200.0, -200.0, -200.0]], requires_grad=True)
    loss_function("focal", labels, gamma=0.5)(SequenceClassifierOutput(logits=logits), gold).backward()
    assert torch.isfinite(logits.grad).all()


def test_trained_by_it_the_right_class_wins():
    for name in ("cross_entropy", "focal", "logit_adjusted"):
        logits = torch.zeros(3, 3, requires_grad=True)
        loss = loss_function(name, THREE, label_counts=torch.tensor([8, 1, 1]))
        optimizer = torch.optim.SGD([logits], lr=5.0)
        for _ in range(30):
            optimizer.zero_grad()
            loss(SequenceClassifierOutput(logits=logits), torch.arange(3)).backward()
            optimizer.step()
        assert logits.argmax(dim=1).tolist() == [0, 1, 2]


def test_balanced_weights_are_those_of_scikit_learn():
    gold = np.array([0] * 7 + [1] * 2 + [2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=gold)
    np.testing.assert_allclose(class_weights(["balanced"], THREE, gold).numpy(), expected, rtol=1e-6)


def test_balanced_weights_of_several_labels_are_negatives_over_positives():
    gold = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0]])
    assert class_weights(["balanced"], TAGS, gold).tolist() == pytest.approx([1 / 3, 3, 3])
    assert label_counts(TAGS, gold).tolist() == [3, 1, 1]


def test_balanced_weights_of_a_rare_label_end_somewhere(caplog):
    """One text in 10,000 weighed 9,999 of the others."""
    caplog.set_level("INFO")
    gold = np.zeros((10_000, 3), dtype=np.int64)
    gold[:5000, 0], gold[:1, 1], gold[:2000, 2] = 1, 1, 1
    assert class_weights(["balanced"], TAGS, gold).tolist() == pytest.approx([1, MOST, 4])
    assert "1 rare label held to a weight of 10." in caplog.text
    one = np.array([0] * 9995 + [1] * 4 + [2])  # of one label a text: 10,000 / (3 * 4) and 10,000 / 3
    assert class_weights(["balanced"], THREE, one).tolist() == pytest.approx([10_000 / 29_985, MOST, MOST])
    assert "2 rare labels held to a weight of 10." in caplog.text


def test_weights_are_read_in_label_order():
    assert class_weights(["1", "2.5", "0.5"], THREE, np.array([0])).tolist() == [1, 2.5, 0.5]
    assert class_weights([], THREE, np.array([0])) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1", "2"], "Expected 3, found 2"),
        (["1", "2", "heavy"], "'balanced' or 3 numbers"),
        (["1", "2", "-1"], "positive"),
        (["1", "2", "nan"], "positive"),
        (["balanced"], "긍정 has none"),
    ],
)
def test_wrong_class_weights_are_refused(words, said):
    with pytest.raises(UserError, match=said):
        class_weights(words, THREE, np.array([0, 1]))


@pytest.mark.parametrize(
    ("name", "labels", "settings", "said"),
    [
        ("focal_loss", THREE, {}, "Did you mean 'focal'"),
        ("bce", THREE, {}, "choose one of cross_entropy"),
        ("cross_entropy", TAGS, {}, "several labels; choose one of focal, bce"),
        ("bce", TAGS, {"label_smoothing": 0.1}, r"smoothing_factor; leave it out: no loss for several labels can\.$"),
        ("asymmetric", TAGS, {"gamma": 3.0}, r"cannot use --focal_gamma; leave it out, or choose focal\.$"),
        ("asymmetric", TAGS, {"class_weights": torch.ones(3)}, r"choose focal or bce\.$"),
        ("logit_adjusted", THREE, {"class_weights": torch.ones(3)}, r"choose cross_entropy or focal\.$"),
        ("logit_adjusted", THREE, {"label_smoothing": 0.1}, r"leave it out, or choose cross_entropy\.$"),
        ("auto", TAGS, {"label_smoothing": 0.1}, "--loss bce cannot use --label_smoothing_factor"),
        ("focal", THREE, {"label_smoothing": 0.1}, "cannot use --label_smoothing_factor"),
        ("asymmetric", TAGS, {"class_weights": torch.ones(3)}, "cannot use --class_weights"),
        ("logit_adjusted", THREE, {"class_weights": torch.ones(3)}, "cannot use --class_weights"),
        ("cross_entropy", THREE, {"gamma": 3.0}, "choose focal"),
        ("focal", THREE, {"gamma": -1.0}, "0 or more"),
    ],
)
def test_a_setting_that_the_loss_cannot_use_is_refused(name, labels, settings, said):
    with pytest.raises(UserError, match=said):
        loss_function(name, labels, **settings)


def test_trainer_takes_the_same_step_however_it_accumulates(tiny_model, tmp_path):
    """Without the divisor of the whole step, loss and gradient were 4 times too large at 8 x 4."""
    texts = [{"input_ids": [2, 10 + i, 40 + i, 3], "labels": i % 3} for i in range(32)]
    norms = {}
    for size, accumulation in ((32, 1), (16, 2), (8, 4)):
        model = AutoModelForSequenceClassification.from_pretrained(
            tiny_model("bert", labels=THREE.names), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        args = TrainingArguments(
            str(tmp_path),
            per_device_train_batch_size=size,
            gradient_accumulation_steps=accumulation,
            max_steps=1,
            logging_steps=1,
            save_strategy="no",
            use_cpu=True,
            train_sampling_strategy="sequential",
            disable_tqdm=True,
        )
        loss = loss_function("cross_entropy", THREE, class_weights=torch.tensor([0.5, 1.0, 4.0]))
        tokenizer = AutoTokenizer.from_pretrained(tiny_model("bert", labels=THREE.names))
        trainer = Trainer(
            model=model, args=args, train_dataset=texts, compute_loss_func=loss, processing_class=tokenizer
        )
        trainer.train()
        step = trainer.state.log_history[0]
        norms[size, accumulation] = (step["loss"], step["grad_norm"])
    assert norms[16, 2] == pytest.approx(norms[32, 1], rel=1e-3)
    assert norms[8, 4] == pytest.approx(norms[32, 1], rel=1e-3)
