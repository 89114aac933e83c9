"""What those who run a server ask it: is it alive, is it ready, what does it measure, which model is it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, RedirectResponse

from .. import __version__
from .scoring import Scoring


def add_probes(app: FastAPI, scoring: Scoring) -> None:
    """Add /health, /ready, /metrics and /info; people who open / find the documentation."""
    ready, options = scoring.ready, scoring.options

    @app.get("/health", summary="Is the server alive?")
    async def health() -> dict[str, str]:
        """Answer as long as the server does; a model that is being started anew is no reason to end it."""
        return {"status": "ok"}

    @app.get("/ready", summary="Is there a model to answer?")
    async def is_ready() -> JSONResponse:
        """Answer 200 if calls are answered now, 503 while the model is started anew."""
        if scoring.held.alive:
            return JSONResponse({"status": "ready", "model": ready.name, "engine": ready.engine})
        return JSONResponse({"status": "the model is being started"}, 503, {"retry-after": "5"})

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        """Give calls, batches, queue and drift."""
        scoring.metrics.restarts.set(scoring.held.restarts)
        return Response(scoring.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/info", summary="The model and its limits, in the words of text-embeddings-inference")
    async def info() -> dict[str, Any]:
        """Say which model this is, its labels and what a call may hold."""
        labels = ready.labels
        id2label = {str(i): name for i, name in labels.id2label.items()}
        return {
            "model_id": ready.name,
            "model_sha": ready.revision,
            "model_dtype": "int8" if ready.engine.endswith("int8") else "float32",
            "model_type": {"classifier": {"id2label": id2label, "label2id": labels.label2id}},
            "problem_type": labels.problem_type,
            "engine": ready.engine,
            "max_concurrent_requests": options.max_waiting,
            "max_input_length": ready.max_length,
            "max_batch_tokens": options.max_batch_tokens,
            "max_batch_requests": None,
            "max_client_batch_size": options.max_texts,
            "auto_truncate": False,
            "tokenization_workers": 1,
            "version": __version__,
        }

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        """Answer that there is none: browsers ask for it on every page, and show an error where it is missing."""
        return Response(status_code=204)

    @app.get("/", include_in_schema=False)
    async def front() -> RedirectResponse:
        return RedirectResponse("/docs")
