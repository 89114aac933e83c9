"""Where the layers of encoders of BERT's kind stand, and what adds to a token's state in them."""

from __future__ import annotations

from typing import NamedTuple


class Layer(NamedTuple):
    """Where an encoder's layers stand in its classifier, and the parts of one, as paths."""

    layers: str
    query: str
    key: str
    value: str
    out: str
    feed_forward: tuple[str, str]
    norms: tuple[str, str]


def _bert_like(encoder: str, projection: str = "") -> Layer:
    query, key, value = (f"attention.self.{name}{projection}" for name in ("query", "key", "value"))
    return Layer(
        f"{encoder}.encoder.layer",
        query,
        key,
        value,
        "attention.output.dense",
        ("intermediate.dense", "output.dense"),
        ("attention.output.LayerNorm", "output.LayerNorm"),
    )


LAYERS = {
    "bert": _bert_like("bert"),
    "roberta": _bert_like("roberta"),
    "xlm-roberta": _bert_like("roberta"),
    "electra": _bert_like("electra"),
    "deberta-v2": _bert_like("deberta", "_proj"),
    "distilbert": Layer(
        "distilbert.transformer.layer",
        "attention.q_lin",
        "attention.k_lin",
        "attention.v_lin",
        "attention.out_lin",
        ("ffn.lin1", "ffn.lin2"),
        ("sa_layer_norm", "output_layer_norm"),
    ),
}
