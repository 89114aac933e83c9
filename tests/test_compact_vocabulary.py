"""Training the embeddings of the tokens that occur gives the model that training all of them gives."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from tests.tiny_models import FAMILIES, KOREAN
from tests.training_runs import ONE, accuracy, arguments, built, rows, train
from textclf.training import assembly
from textclf.training import fit as fit_module
from textclf.training.compact_vocabulary import Vocabulary, occurring, only
from textclf.training.encoding import EncodedTexts, TokenLists, tokenise
from textclf.training.fit import fit

OPTIONS = {"num_train_epochs": 3, "learning_rate": 1e-2, "weight_decay": 0.3, "precision": "fp32", "keep_last": True}


def few_words(count=24, seed=0):
    """Rows of three Korean and three English sentences: most of the vocabulary does not occur."""
    split = rows(count, seed=seed)
    pick = [KOREAN[i % 3] if label == 0 else "This is bad, really bad." for i, label in enumerate(split["labels"])]
    return split.remove_columns("text").add_column("text", pick).select_columns(["text", "labels"]).cast(ONE)


def weights_of(run):
    return {name: load_file(run.path / name / "model.safetensors") for name in (".", "checkpoints/last")}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_trained_model_is_that_of_a_whole_vocabulary(family, tiny_model, tmp_path):
    runs = [
        train(tiny_model(family), tmp_path / name, few_words(), few_words(8), compact_vocabulary=compact, **OPTIONS)
        for name, compact in (("compact", True), ("whole", False))
    ]
    assert [run.training["embeddings_trained"] is None for run in runs] == [False, True]
    assert runs[0].selection["value"] == pytest.approx(runs[1].selection["value"])
    start = built(tiny_model(family), few_words())[0].state_dict()
    found, expected = (weights_of(run) for run in runs)
    for checkpoint, weights in expected.items():
        assert found[checkpoint].keys() == weights.keys()
        for name, weight in weights.items():
            torch.testing.assert_close(found[checkpoint][name], weight, atol=2e-5, rtol=1e-4, msg=name)
    embeddings = next(name for name in start if name.endswith(("word_embeddings.weight", "tok_embeddings.weight")))
    unused = (start[embeddings] * 0.98 - found["."][embeddings]).abs() < start[embeddings].abs() * 0.02 + 1e-6
    assert unused.all(1).sum() > 100, "what does not occur has decayed, and only that"


def test_ones_that_no_text_uses_tell_what_decay_did():
    whole = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    vocabulary = Vocabulary(torch.tensor([0, 2]), None, whole.clone(), "w")
    embedding = torch.nn.Embedding(4, 2, _weight=whole.clone())
    vocabulary.shrink(embedding)
    assert embedding.weight.tolist() == [[1, 2], [5, 6], [1, 1]]
    trained = torch.tensor([[9.0, 9.0], [6.0, 6.0], [0.5, 0.5]])
    assert vocabulary.expand(trained).tolist() == [[9, 9], [1.5, 2], [6, 6], [3.5, 4]]


def test_texts_keep_their_padding_and_get_other_numbers(tiny_model):
    split = few_words()
    model, tokenizer = built(tiny_model("roberta"), split)
    encoded = tokenise(split, tokenizer, 64)
    before = copy.deepcopy(model.state_dict())
    vocabulary = occurring(model, (encoded,), tokenizer.pad_token_id, arguments("x"))
    with only(vocabulary, model, (encoded,)) as (compact,):
        assert model.get_input_embeddings().num_embeddings == len(vocabulary.rows) + 1 < 300
        for ours, theirs in zip(compact, encoded, strict=True):
            assert vocabulary.rows[ours.input_ids].tolist() == theirs.input_ids.tolist()
        assert vocabulary.rows[tokenizer.pad_token_id] == tokenizer.pad_token_id
        assert compact.sorted_by_length()[0].input_ids.max() < len(vocabulary.rows)
        assert compact.digest() == encoded.digest(), "the same rows, whatever their numbers"
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_where_it_would_not_be_exact_or_not_pay_the_whole_vocabulary_is_trained(tiny_model):
    split = few_words()
    model, tokenizer = built(tiny_model("bert"), split)
    encoded = (tokenise(split, tokenizer, 64),)
    pad = tokenizer.pad_token_id
    assert occurring(model, encoded, pad, arguments("x")) is not None
    assert occurring(model, encoded, pad, arguments("x", compact_vocabulary=False)) is None
    assert occurring(model, encoded, pad, arguments("x", optim="adafactor")) is None
    assert occurring(model, encoded, len(tokenizer) - 1, arguments("x")) is None, "padding would change its number"
    for share, trained in ((0.7, True), (0.8, False)):
        ids = np.arange(int(share * model.config.vocab_size), dtype=np.int32)
        texts = EncodedTexts(TokenLists.of(ids, np.array([len(ids)])), None, np.array([0]))
        assert (occurring(model, (texts,), pad, arguments("x")) is not None) is trained
    adapted, _ = built(tiny_model("bert"), split, lora="lora")
    assert occurring(adapted, encoded, pad, arguments("x")) is None
    model.get_input_embeddings().weight.requires_grad_(False)
    assert occurring(model, encoded, pad, arguments("x")) is None


def test_a_killed_run_goes_on_with_the_same_tokens(tiny_model, tmp_path, monkeypatch):
    class KillAt(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == 5:
                raise SystemError

    whole = train(tiny_model("bert"), tmp_path / "whole", few_words(), few_words(8), **OPTIONS)
    original = assembly._learning_callbacks
    monkeypatch.setattr(assembly, "_learning_callbacks", lambda *args: [*original(*args), KillAt()])
    monkeypatch.setattr(fit_module.interruption, "leave_whole", lambda run: None)
    with pytest.raises(SystemError):
        train(tiny_model("bert"), tmp_path / "run", few_words(), few_words(8), **OPTIONS)
    monkeypatch.undo()
    model, tokenizer = built(tiny_model("bert"), few_words())
    args = arguments(tmp_path / "run", resume_from_checkpoint=str(tmp_path / "run"), **OPTIONS)
    found = fit(model, tokenizer, few_words(), few_words(8), args, max_length=64, metrics=accuracy)
    assert found.training["embeddings_trained"] == whole.training["embeddings_trained"]
    for name, weight in weights_of(whole)["."].items():
        assert torch.equal(weights_of(found)["."][name], weight)
