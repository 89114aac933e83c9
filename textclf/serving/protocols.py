"""What clients send and get: the Hub's inference protocol, that of text-embeddings-inference, and our own.

Every text becomes a string or a pair of strings here; nothing of this module knows how they are scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from ..inference.answers import Text

_TEXT = "배송이 빠르고 포장도 꼼꼼해요"
_LABELS = [{"label": "good", "score": 0.93}, {"label": "bad", "score": 0.07}]

# Path -> field -> the shapes that it takes, in words for whoever sends another one.
_ONE = 'a string or {"text": ..., "text_pair": ...}'
EXPECTED = {
    "/": {"inputs": f"{_ONE}, or a list of these"},
    "/predict": {"inputs": "a string, a pair [string, string], or a batch [[string], [string, string], ...]"},
    "/v1/classify": {"text": _ONE, "texts": f"a list, each {_ONE}"},
}


class Body(BaseModel):
    """A request: unknown fields are mistakes, and said to be."""

    model_config = ConfigDict(extra="forbid")


class TextAndPair(Body):
    """Two fields, as a model that was trained on two columns reads them."""

    text: StrictStr
    text_pair: StrictStr | None = None

    def as_text(self) -> Text:
        """Return what a classifier takes."""
        return (self.text, self.text_pair) if self.text_pair else self.text


One = StrictStr | TextAndPair


def as_input(text: One) -> Text:
    """Return what a classifier takes."""
    return text if isinstance(text, str) else text.as_text()


class HubParameters(BaseModel):
    """Parameters of the Hub's text-classification task; `huggingface_hub.InferenceClient` may send new ones."""

    top_k: Annotated[StrictInt, Field(ge=1)] | None = None
    function_to_apply: Literal["sigmoid", "softmax", "none"] | None = None


class HubRequest(BaseModel):
    """`POST /` as the Hub's inference clients send it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputs": _TEXT, "parameters": {"top_k": 2}}]})
    inputs: One | Annotated[list[One], Field(min_length=1)]
    parameters: HubParameters | None = None

    @property
    def texts(self) -> list[Text]:
        """Return the texts: one, or those of the list."""
        return [as_input(each) for each in (self.inputs if isinstance(self.inputs, list) else [self.inputs])]


class LabelScore(BaseModel):
    """A label and its score."""

    label: str
    score: float


class PredictRequest(BaseModel):
    """`POST /predict` as text-embeddings-inference takes it: `["a", "b"]` is a pair, `[["a"], ["b"]]` a batch."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"inputs": _TEXT}, {"inputs": [["first text"], ["title", "body"]]}]}
    )
    inputs: (
        StrictStr
        | Annotated[list[StrictStr], Field(min_length=1, max_length=2)]
        | Annotated[list[Annotated[list[StrictStr], Field(min_length=1, max_length=2)]], Field(min_length=1)]
    ) = Field(description="a string, a pair of strings, or a batch: [[string], [string, string], ...]")
    raw_scores: StrictBool = Field(False, description="give the last layer's output, before softmax or sigmoid")
    truncate: StrictBool = Field(False, description="cut texts that are too long; else they are refused (413)")
    truncation_direction: Literal["Right", "right"] = Field("Right", description="texts are cut at their end")

    @property
    def batch(self) -> bool:
        """Say whether a list of answers is expected."""
        return isinstance(self.inputs, list) and isinstance(self.inputs[0], list)

    @property
    def texts(self) -> list[Text]:
        """Return the texts, in order."""
        if isinstance(self.inputs, str):
            return [self.inputs]
        rows: Sequence[str | list[str]] = self.inputs if self.batch else [self.inputs]  # type: ignore[list-item]
        return [row if isinstance(row, str) else row[0] if len(row) == 1 else (row[0], row[1]) for row in rows]


class ClassifyRequest(Body):
    """`POST /v1/classify`: a text, or several."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": _TEXT}, {"texts": ["good", "bad"]}]}
    )
    text: One | None = None
    texts: Annotated[list[One], Field(min_length=1)] | None = None
    attributions: StrictBool = Field(False, description="also say which words speak for the label, and how strongly")
    label: StrictStr | None = Field(None, description="the label that attributions explain (default: the likeliest)")

    @model_validator(mode="after")
    def _either(self) -> ClassifyRequest:
        if (self.text is None) == (self.texts is None):
            raise ValueError("give either 'text' or 'texts'")
        if self.label is not None and not self.attributions:
            raise ValueError("'label' is for 'attributions': true")
        return self

    @property
    def all_texts(self) -> list[Text]:
        """Return the texts, in order."""
        return [as_input(each) for each in (self.texts if self.texts is not None else [self.text or ""])]


class WordScore(BaseModel):
    """A word and how far it moves the label's log-odds: above 0 towards the label."""

    text: str
    start: int
    end: int
    part: int = Field(description="0: in the text, 1: in its pair")
    score: float
    read: bool = Field(description="false: cut off, the model never saw it")


class Explanation(BaseModel):
    """Integrated gradients of one label."""

    label: str
    words: list[WordScore]
    completeness_error: float


class Classified(BaseModel):
    """What the model says of one text."""

    model_config = ConfigDict(extra="allow")  # what a model ships besides: abstention, label sets
    labels: list[str] = Field(description="the best label, or every label that reaches its threshold")
    scores: dict[str, float]
    unsure: list[str] = Field(default=[], description="those of `labels` below the cut of the model's promise")
    label_set: list[str] | None = Field(
        default=None, description="holds the truth as often as the model promises; null where it promises no sets"
    )
    tokens: int | None = Field(description="tokens of the whole text; null where the tokenizer cannot be asked")
    truncated: bool = Field(description="whether the model read only the beginning")
    attributions: Explanation | None = None


class ClassifyAnswer(BaseModel):
    """The predictions of a call, in the order of its texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "reviews",
                    "revision": "9f86d081",
                    "predictions": [
                        {
                            "labels": ["good"],
                            "scores": {"good": 0.93, "bad": 0.07},
                            "tokens": 9,
                            "truncated": False,
                        }
                    ],
                }
            ]
        }
    )
    model: str
    revision: str
    predictions: list[Classified]


class ErrorAnswer(BaseModel):
    """Every error, of every protocol."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"error": "inputs: expected a string; found a number.", "error_type": "Tokenizer"}]
        }
    )
    error: str
    error_type: Literal["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]
