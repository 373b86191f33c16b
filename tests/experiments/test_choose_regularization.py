"""The closed-form part is regularized as validation says, where it says it reliably."""

from __future__ import annotations

import numpy as np

from tfrs_lab.data import Interactions, Split, generate, split
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.closed_form.linear import LinearConfig
from tfrs_lab.models.retrieval.choose_regularization import choose_regularization
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit import fit_retrieval


def monitor_of(parts: Split) -> Monitor:
    return Monitor(parts.validation, parts.train)


def test_sparse_data_want_more_than_next_to_nothing() -> None:
    parts = split(generate(400, 150, 6_000, tastes=4, seed=0), "random")
    rows = Interactions.from_ratings(parts.train)
    chosen = choose_regularization(LinearConfig(regularization=1.0, apart=1.0), rows, monitor_of(parts), seed=0)
    assert chosen.regularization == 4.0


def test_what_is_not_reliably_better_changes_nothing() -> None:
    parts = split(generate(400, 150, 6_000, tastes=4, seed=0), "random")
    rows = Interactions.from_ratings(parts.train)
    monitor = monitor_of(parts)
    noise = np.random.default_rng(0)
    monitor.per_user = lambda recommender: noise.random(300)  # type: ignore[method-assign]
    assert choose_regularization(LinearConfig(), rows, monitor, seed=0) == LinearConfig()


def test_the_final_fit_takes_what_the_first_chose(tmp_path) -> None:
    from tfrs_lab.models.specification import FitContext

    parts = split(generate(400, 150, 6_000, tastes=4, seed=0), "random")
    config = RetrievalConfig(parts=("linear",), linear=LinearConfig(regularization=1.0, apart=1.0))
    rows = Interactions.from_ratings(parts.train)
    first = fit_retrieval(config, rows, FitContext(0, tmp_path, tmp_path, monitor=monitor_of(parts)))
    assert first.plan is not None
    assert first.plan["regularization"] == 4.0
    again = fit_retrieval(config, rows, FitContext(0, tmp_path, tmp_path, plan=first.plan))
    np.testing.assert_array_equal(first.recommender.queries, again.recommender.queries)
