"""The REST server: three protocols over one model, in batches, with limits, probes and metrics.

create_app(ModelProcess("runs/reviews"), ServeArguments())
TEXTCLF_MODEL=runs/reviews uvicorn --factory textclf.serving.api:app     the same, told by the environment
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from numpy.typing import NDArray

from .. import __version__
from ..inference.answers import activate, sigmoid, softmax
from .engine import ModelHere, ModelProcess
from .faults import add_faults, not_understood
from .guard import Guard
from .page import LazyPage
from .probes import add_probes
from .protocols import (
    Classified,
    ClassifyAnswer,
    ClassifyRequest,
    ErrorAnswer,
    HubRequest,
    LabelScore,
    PredictRequest,
)
from .scoring import Scored, Scoring
from .serve_arguments import TOKEN, ServeArguments, from_environment

FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer} for status in (400, 401, 408, 413, 422, 500, 503, 504)
}
MOST_ATTRIBUTIONS = 4  # texts a call: each takes as long as some hundred answers


def app() -> FastAPI:
    """Return the app that TEXTCLF_* variables describe, for `uvicorn --factory`."""
    model, options = from_environment(os.environ)
    process = ModelProcess(model, options.engine, revision=options.revision, trust_code=options.trust_remote_code)
    return create_app(process, options)


def create_app(held: ModelProcess | ModelHere, options: ServeArguments | None = None) -> FastAPI:
    """Return the app over a model; it waits until the model is loaded.

    Raises:
        UserError: the model cannot be loaded.
    """
    options = options or ServeArguments()
    scoring = Scoring(held, held.ready(), options)
    ready = scoring.ready

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(scoring.batcher.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            held.close()

    app = FastAPIOffline(  # its /docs reaches no other host for scripts, and works where there is no network
        redoc_url=None,
        static_url="/docs-assets",
        title=f"textclf: {ready.name}",
        version=__version__,
        summary="A text classifier, with the scores that were measured.",
        lifespan=lifespan,
        responses=FAULTS,
    )
    app.state.page_calls = set()  # streams of the page, which a shutdown has to end
    _add_protocols(app, scoring)
    add_probes(app, scoring)
    add_faults(app)
    token = os.environ.get(TOKEN) or None
    app.add_middleware(
        Guard,
        token=token,
        most_bytes=options.max_body_bytes,
        body_seconds=options.body_seconds,
        finished=scoring.metrics.call,
    )
    app.state.page = options.ui and token is None and LazyPage.possible()
    if app.state.page:
        app.add_middleware(LazyPage, scoring=scoring, calls=app.state.page_calls)
    return app


def _add_protocols(app: FastAPI, scoring: Scoring) -> None:
    labels = scoring.ready.labels

    @app.post("/", summary="The Hub's inference protocol")
    async def hub(request: HubRequest) -> list[list[LabelScore]]:
        """Answer as the Hub does: each text's labels, best first. `InferenceClient(base_url=...)` reads it."""
        asked = request.parameters
        scored = await scoring.score(request.texts)
        values = _applied(scored.logits, asked.function_to_apply if asked else None, labels.multi_label)
        return [_ranked(labels.names, row)[: asked.top_k if asked else None] for row in values]

    @app.post("/predict", summary="The protocol of text-embeddings-inference")
    async def predict(request: PredictRequest) -> list[LabelScore] | list[list[LabelScore]]:
        """Answer as text-embeddings-inference does, with a sigmoid each where a text may have several labels."""
        scored = await scoring.score(request.texts, cut=request.truncate)
        values = scored.logits if request.raw_scores else activate(scored.logits, labels)
        rows = [_ranked(labels.names, row) for row in values]
        return rows if request.batch else rows[0]

    @app.post("/v1/classify", summary="Decisions", response_model_exclude_none=True)
    async def classify(request: ClassifyRequest) -> ClassifyAnswer:
        """Decide on texts by the model's own thresholds; say what was cut, and on request which words decide."""
        texts = request.all_texts
        if request.attributions:
            _check_attributions(len(texts), request.label, labels.names)
        scored = await scoring.score(texts)
        rows = _decided(scored, scoring)
        if request.attributions:
            for row, text in zip(rows, texts, strict=True):
                row["attributions"] = await scoring.attributions(text, request.label)
        answers = [Classified(**row) for row in rows]
        return ClassifyAnswer(model=scoring.ready.name, revision=scoring.ready.revision, predictions=answers)


def _applied(logits: NDArray[np.float32], function: str | None, several: bool) -> NDArray[np.float32]:
    if function == "none":
        return logits
    return sigmoid(logits) if function == "sigmoid" or (function is None and several) else softmax(logits)


def _ranked(names: Sequence[str], row: NDArray[np.float32]) -> list[LabelScore]:
    order = np.argsort(-row, kind="stable")
    return [LabelScore(label=names[i], score=float(row[i])) for i in order]


def _check_attributions(n: int, label: str | None, names: Sequence[str]) -> None:
    if n > MOST_ATTRIBUTIONS:
        raise not_understood(f"Attributions are given for at most {MOST_ATTRIBUTIONS} texts a call; found {n}.")
    if label is not None and label not in names:
        raise not_understood(f"The model has no label {label!r}; it has {', '.join(names)}.")


def _decided(scored: Scored, scoring: Scoring) -> list[dict[str, Any]]:
    """Return, of each text, everything that `predict` gives, and what was cut."""
    ready = scoring.ready
    found = scoring.decide(scored.logits)
    return [
        {
            **prediction._asdict(),
            "tokens": None if measured is None else measured.tokens,
            "truncated": measured is not None and measured.tokens > ready.max_length,
        }
        for prediction, measured in zip(found, scored.measured, strict=True)
    ]
