"""What Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from tfrs_lab.serving.http.watch import Watched

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LENGTHS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "recs_requests",
            "Requests by model, method and HTTP status.",
            ("model", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "recs_request_seconds",
            "Time from the request's head to its answer.",
            ("model", "method"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = Histogram(
            "recs_batch_rows",
            "Rows in one call of a model, after requests were put together.",
            ("model", "signature"),
            buckets=_ROWS,
            registry=self._registry,
        )
        self._version = Gauge(
            "recs_model_version", "Newest version that is served.", ("model",), registry=self._registry
        )
        self._loads = Counter(
            "recs_model_loads", "Versions that were loaded or failed to.", ("model", "outcome"), registry=self._registry
        )

        self._history = Histogram(
            "recs_history_length",
            "Movies in each history that came with a request.",
            ("model",),
            buckets=_LENGTHS,
            registry=self._registry,
        )
        self._movies = Counter(
            "recs_history_movies", "Movies in these histories.", ("model", "known"), registry=self._registry
        )
        self._scores = Summary(
            "recs_best_score", "Score of the best movie of each list.", ("model",), registry=self._registry
        )
        self._popularity = Histogram(
            "recs_shown_popularity",
            "Movies shown, by the share of all movies that were no more popular in training.",
            ("model",),
            buckets=_SHARES,
            registry=self._registry,
        )

    def request(self, model: str, method: str, status: int, seconds: float) -> None:
        """Counts one answer."""
        self._requests.labels(model, method, str(status)).inc()
        self._seconds.labels(model, method).observe(seconds)

    def batch(self, model: str, signature: str, rows: int) -> None:
        """Counts one call of a model."""
        self._rows.labels(model, signature).observe(rows)

    def lists(self, model: str, watched: Watched) -> None:
        """Counts what one request asked with and was shown."""
        for known, number in (("yes", watched.known), ("no", watched.unknown)):
            self._movies.labels(model, known).inc(number)
        for observed, values in (
            (self._history, watched.lengths),
            (self._scores, watched.scores),
            (self._popularity, watched.popularity),
        ):
            for value in values:
                observed.labels(model).observe(value)

    def load(self, model: str, version: int, loaded: bool) -> None:
        """Counts one attempt to load a version."""
        self._loads.labels(model, "loaded" if loaded else "failed").inc()
        if loaded:
            self._version.labels(model).set(version)

    def page(self) -> bytes:
        """All of them as text."""
        return generate_latest(self._registry)
