"""Prometheus metrics: calls, batches, the queue, and what texts and answers look like beside the training rows.

Nothing of a text is kept but its length, its share of unknown tokens and its script, each as a count in a bin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..evaluation.text_profile import SCORE_EDGES, TOKEN_EDGES, UNKNOWN_EDGES, Measured, script_of
from ..inference.answers import Prediction, Text
from .batching import Listener

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics(Listener):
    """The metrics of one app."""

    def __init__(self, labels: Sequence[str], profile: Mapping[str, Any], waiting: Callable[[], int]) -> None:
        """Take the label names, the training rows' profile ({} where there is none), and who knows the queue."""
        disable_created_metrics()  # a line more for each, which no dashboard reads
        self.registry = CollectorRegistry()
        self.calls = Counter("textclf_requests", "Calls", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "textclf_request_seconds", "Seconds a call took", ["route"], buckets=SECONDS, registry=self.registry
        )
        self.batch_texts = Histogram(
            "textclf_batch_texts", "Texts computed at once", buckets=COUNTS, registry=self.registry
        )
        self.batch_tokens = Histogram(
            "textclf_batch_tokens", "Tokens computed at once", buckets=TOKEN_EDGES, registry=self.registry
        )
        self.batch_seconds = Histogram(
            "textclf_batch_seconds", "Seconds a batch took", buckets=SECONDS, registry=self.registry
        )
        self.queue_seconds = Histogram(
            "textclf_queue_seconds",
            "Seconds the oldest text of a batch waited",
            buckets=SECONDS,
            registry=self.registry,
        )
        Gauge("textclf_queue_texts", "Texts that wait or are computed", registry=self.registry).set_function(waiting)
        self.restarts = Gauge(
            "textclf_model_restarts", "Times the model's process was replaced", registry=self.registry
        )
        self._drift(labels)
        self.registry.register(RecordedProfile(profile))

    def _drift(self, labels: Sequence[str]) -> None:
        registry = self.registry
        self.predicted = Counter("textclf_predicted", "Labels given", ["label"], registry=registry)
        self.best_score = Histogram(
            "textclf_best_score", "Score of the best label", buckets=SCORE_EDGES, registry=registry
        )
        self.tokens = Histogram("textclf_text_tokens", "Tokens of a text", buckets=TOKEN_EDGES, registry=registry)
        self.unknown = Histogram(
            "textclf_text_unknown",
            "Share of a text's tokens that are unknown",
            buckets=UNKNOWN_EDGES,
            registry=registry,
        )
        self.scripts = Counter("textclf_text_script", "Texts by script", ["script"], registry=registry)
        for label in labels:
            self.predicted.labels(label)  # there from the start, at 0

    def batch(self, texts: int, tokens: int, seconds: float, waited: float) -> None:
        """Take note of a batch."""
        self.batch_texts.observe(texts)
        self.batch_tokens.observe(tokens)
        self.batch_seconds.observe(seconds)
        self.queue_seconds.observe(max(0.0, waited))

    def call(self, route: str, status: int, seconds: float) -> None:
        """Take note of a call."""
        self.calls.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def answered(
        self, texts: Sequence[Text], measured: Sequence[Measured | None], predictions: Sequence[Prediction]
    ) -> None:
        """Take note of what texts look like and what was said of them."""
        for text, each, prediction in zip(texts, measured, predictions, strict=True):
            if each is not None:
                self.tokens.observe(each.tokens)
                self.unknown.observe(each.unknown)
            self.scripts.labels(script_of(text)).inc()
            self.best_score.observe(max(prediction.scores.values()))
            for label in prediction.labels:
                self.predicted.labels(label).inc()

    def page(self) -> bytes:
        """Return the metrics as Prometheus reads them."""
        return generate_latest(self.registry)


class RecordedProfile(Collector):
    """The training rows' profile under `textclf_training_*`, in the bins of the live metrics."""

    def __init__(self, profile: Mapping[str, Any]) -> None:
        """Take `training_profile` of an evaluation.json; {} gives no metrics."""
        self._profile = profile

    def collect(self) -> Iterator[Metric]:
        """Yield the recorded distributions."""
        texts, answers = self._profile.get("texts", {}), self._profile.get("answers", {})
        for name, of, key in (
            ("text_tokens", texts, "tokens"),
            ("text_unknown", texts, "unknown"),
            ("best_score", answers, "best_score"),
        ):
            if key in of:
                yield _histogram(f"textclf_training_{name}", of[key])
        for name, label, counts in (
            ("text_script", "script", texts.get("scripts")),
            ("predicted", "label", answers.get("predicted")),
        ):
            if counts:
                family = CounterMetricFamily(f"textclf_training_{name}", "As recorded in the run", labels=[label])
                for value, count in counts.items():
                    family.add_metric([value], count)
                yield family


def _histogram(name: str, recorded: Mapping[str, Sequence[float]]) -> HistogramMetricFamily:
    total, buckets = 0.0, []
    for edge, count in zip([*map(str, map(float, recorded["edges"])), "+Inf"], recorded["counts"], strict=True):
        total += count
        buckets.append((edge, total))
    family = HistogramMetricFamily(name, "As recorded in the run")
    family.add_metric([], buckets, sum_value=None)
    return family
