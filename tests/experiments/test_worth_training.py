"""Which towers are trained: those that are worth it, and those that the budget allows."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.experiments.lines import Lines
from tests.models.timed_rows import ring
from tfrs_lab.data import DataError, Interactions
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit import fit_parts, fit_retrieval
from tfrs_lab.models.retrieval.left_out import affordable, order_leads
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.specification import FitContext
from tfrs_lab.models.two_tower.config import PairConfig

PARTS = ("id", "history", "linear", "sequence", "transitions", "trend")
PAIR = PairConfig(objective="softmax", dimension=4, epochs=1)
CONFIG = RetrievalConfig(
    parts=PARTS,
    dimension=8,
    id=PAIR,
    history=replace(PAIR, query=("history",)),
    sequence=SequenceConfig(dimension=4, epochs=1),
)


@pytest.fixture(scope="module")
def ordered():
    """On a ring of movies the next one is wanted, which one movie knows better than all of them together."""
    histories = ring(users=80, movies=60, length=12)
    schema = {"user_id": pl.String, "movie_id": pl.String, "timestamp": pl.Int64}
    rows = [(f"u{u:02}", f"m{m:02}", 86_400 * day) for u, one in enumerate(histories) for day, m in enumerate(one)]
    every = pl.DataFrame(rows, schema=schema, orient="row")
    last = pl.col("timestamp") == 86_400 * 11
    return Interactions.from_ratings(every.filter(~last)), Monitor(every.filter(last), every.filter(~last))


@pytest.fixture(scope="module")
def tasted(planted):
    """Two tastes, and no order."""
    return Interactions.from_ratings(planted.train), Monitor(planted.validation, planted.train)


def fit(config, data, directory):
    rows, monitor = data
    context = FitContext(0, directory, directory, reporter=Lines(), monitor=monitor)
    return fit_retrieval(config, rows, context), context


def left_out_lines(context):
    lines = [line for line in context.reporter.lines if ": left out, " in line]
    return {name: line for line in lines for name in line.split(":")[0].split(", ")}


def test_where_order_predicts_better_the_sequence_is_trained_and_the_towers_of_taste_are_not(ordered, tmp_path):
    trained, context = fit(CONFIG, ordered, tmp_path)
    assert list(trained.plan["epochs"]) == ["sequence"]
    lines = left_out_lines(context)
    assert list(lines) == ["id", "history"]
    assert all("what follows what predicts better than taste (" in line for line in lines.values())
    assert all(line.endswith("; --retrieval.towers all trains it") for line in lines.values())
    assert set(trained.plan["weights"]) == {"taste", "sequence", "trend", "transitions"}


def test_where_taste_predicts_better_it_is_the_other_way_round(tasted, tmp_path):
    trained, context = fit(CONFIG, tasted, tmp_path)
    assert list(trained.plan["epochs"]) == ["id", "history"]
    lines = left_out_lines(context)
    assert list(lines) == ["sequence"]
    assert "what follows what predicts no better than taste (" in lines["sequence"]


def test_all_towers_are_trained_where_all_are_asked_for(ordered, tmp_path):
    trained, context = fit(replace(CONFIG, towers="all"), ordered, tmp_path)
    assert list(trained.plan["epochs"]) == ["id", "history", "sequence"]
    assert left_out_lines(context) == {}


@pytest.mark.parametrize("parts", [("id", "linear", "sequence"), ("id", "sequence", "transitions")])
def test_without_both_there_is_nothing_to_compare_and_all_are_trained(tasted, tmp_path, parts):
    assert list(fit(replace(CONFIG, parts=parts), tasted, tmp_path)[0].plan["epochs"]) == ["id", "sequence"]


def test_the_fit_that_follows_the_plan_trains_what_it_says_and_nothing_else(ordered, tmp_path):
    trained, _ = fit(CONFIG, ordered, tmp_path / "first")
    rows, _ = ordered
    again = fit_retrieval(CONFIG, rows, FitContext(0, tmp_path, tmp_path, reporter=Lines(), plan=trained.plan))
    assert again.plan == trained.plan
    users = np.arange(len(rows.users), dtype=np.int32)
    np.testing.assert_allclose(again.recommender.score(users), trained.recommender.score(users), atol=1e-3)


def test_without_timestamps_neither_transitions_nor_the_sequence_take_part(tasted, tmp_path):
    rows, monitor = tasted
    trained, context = fit(CONFIG, (replace(rows, timestamp=None), monitor), tmp_path)
    assert list(trained.plan["epochs"]) == ["id", "history"]
    assert "transitions" not in trained.plan
    assert trained.recommender.neighbours is None
    assert list(left_out_lines(context)) == ["transitions", "sequence"]


def test_without_validation_nothing_is_trained_that_would_count_nothing(ordered, tmp_path):
    rows, _ = ordered
    context = FitContext(0, tmp_path, tmp_path, reporter=Lines())
    trained = fit_retrieval(CONFIG, rows, context)
    assert list(trained.plan["epochs"]) == ["id", "history"]
    assert trained.plan["weights"] == {"taste": 1.0}
    assert "sequence: left out, there is no validation to say what order counts" in context.reporter.lines
    alone = fit_retrieval(replace(CONFIG, parts=("sequence", "transitions")), rows, context)
    assert list(alone.plan["epochs"]) == ["sequence"]


def test_order_leads_by_more_than_a_standard_error():
    taste = np.full(100, 0.2)
    clear, noisy = taste + 0.1, taste + np.resize([2.1, -1.9], 100)
    assert order_leads([taste, clear])[0]
    assert not order_leads([taste, noisy])[0]  # the same gain
    assert not order_leads([taste, taste])[0]
    assert order_leads([taste]) == (False, "nothing follows anything")
    assert "(0.300 against 0.200)" in order_leads([taste, clear])[1]


def minutes(users, movies, epochs):
    """As estimated for the two fits of a catalogue-wide part."""
    return 2 * epochs * users * movies * 1.3e-7 / 60


def test_towers_of_taste_are_trained_together_or_not_at_all(tasted):
    rows, _ = tasted
    both = 2 * minutes(60, 20, 1)
    few = replace(CONFIG, budget=0.9 * both)
    _, found = affordable(few, rows, ("sequence",))
    assert list(found) == ["id", "history"]
    assert found["history"] == "would take about 0 minutes together; --retrieval.budget MINUTES allows it"
    assert not affordable(few, rows, ("id", "sequence"))[1]  # what is out takes none of it
    assert not affordable(replace(CONFIG, budget=1.1 * both), rows, ("sequence",))[1]
    assert not affordable(replace(CONFIG, parts=("linear", "transitions", "trend"), budget=1e-9), rows, ())[1]


def test_the_sequence_is_trained_as_long_as_there_is_time(tasted, ordered, tmp_path):
    rows, _ = tasted
    epoch = 2 * len(rows) * 1.5e-4 / 60
    six = replace(CONFIG, parts=("sequence", "linear"), sequence=replace(CONFIG.sequence, epochs=6))
    for epochs, expected in [(8.5, 6), (4.5, 4), (2.5, 2)]:
        config, found = affordable(replace(six, budget=epochs * epoch), rows, ())
        assert (config.sequence.epochs, found) == (expected, {})
    assert list(affordable(replace(six, budget=1.5 * epoch), rows, ())[1]) == ["sequence"]
    short = 3.5 * 2 * len(ordered[0]) * 1.5e-4 / 60
    trained, context = fit(replace(CONFIG, sequence=six.sequence, budget=short), ordered, tmp_path)
    assert f"sequence: 3 of 6 epochs fit into {short:g} minutes" in context.reporter.lines
    assert trained.plan["sequence_epochs"] == 3
    assert trained.plan["epochs"]["sequence"] <= 3


def test_what_does_not_fit_into_the_budget_is_left_out_and_said(tasted, tmp_path):
    rows, _ = tasted
    said = Lines()
    context = FitContext(0, tmp_path, tmp_path, reporter=said)
    config = replace(CONFIG, parts=("id", "linear"), budget=minutes(60, 20, 1) / 2)
    trained = fit_retrieval(config, rows, context)
    assert trained.plan["epochs"] == {}
    assert "id: left out, would take about 0 minutes; --retrieval.budget MINUTES allows it" in said.lines
    again = fit_retrieval(config, rows, replace(context, plan=trained.plan))
    np.testing.assert_array_equal(again.recommender.queries, trained.recommender.queries)
    with pytest.raises(DataError, match=r"id: would take about 0 minutes; --retrieval.budget MINUTES allows it"):
        fit_retrieval(replace(config, parts=("id",)), rows, context)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"towers": "some"}, "towers: expected 'auto' or 'all', got 'some'"),
        ({"budget": 0.0}, "budget: expected a number above 0"),
        ({"parts": ("trend",)}, "parts: expected another part beside trend"),
        ({"parts": ("linear", "recency")}, "parts: expected one of in_batch, id, .* got 'recency'"),
    ],
)
def test_nonsense_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **values)


def test_the_final_fit_makes_nothing_that_counts_nothing(ordered, tmp_path):
    config = replace(CONFIG, parts=(*PARTS, "spectral"), towers="all")
    plan = fit(config, ordered, tmp_path / "first")[0].plan
    weights = {"taste": 0.0, "spectral": 0.0, "sequence": 1.0, "transitions": 0.0, "trend": 0.0}
    context = FitContext(0, tmp_path, tmp_path, reporter=Lines(), plan={**plan, "weights": weights})
    found = fit_parts(config, ordered[0], context)
    assert list(found.trained) == ["sequence"]
    assert (found.taste, found.transitions) == ({}, None)
    again = fit_retrieval(config, ordered[0], context)
    assert again.plan == context.plan
    assert again.recommender.neighbours is None


def many_small_interests():
    """Forty pairs of movies, everybody knowing a few pairs: forty directions, of which two hold next to nothing."""
    random = np.random.default_rng(0)
    pairs = [random.choice(40, 4, replace=False) for _ in range(400)]
    table = pl.DataFrame(
        [
            (f"u{user:03}", f"m{2 * pair + side:02}")
            for user, own in enumerate(pairs)
            for pair in own
            for side in (0, 1)
        ],
        schema=["user_id", "movie_id"],
        orient="row",
    )
    hidden = table.with_row_index().group_by("user_id", maintain_order=True).first().select("index")
    train = table.with_row_index().join(hidden, on="index", how="anti").drop("index")
    held = table.with_row_index().join(hidden, on="index", how="semi").drop("index")
    return Interactions.from_ratings(train), Monitor(held, train)


def test_where_vectors_lose_too_much_the_linear_part_is_a_table(tmp_path, tasted):
    rows, _ = data = many_small_interests()
    narrow = replace(RetrievalConfig().linear, dimension=2)
    config = replace(CONFIG, parts=("linear", "ials"), linear=narrow)
    trained, _ = fit(config, data, tmp_path)
    assert trained.plan["table"] == "linear"
    assert trained.plan["weights"]["linear"] == 1.0
    model = trained.recommender
    assert model.neighbours is not None
    again = fit_retrieval(config, rows, FitContext(0, tmp_path, tmp_path, reporter=Lines(), plan=trained.plan))
    users = np.arange(len(rows.users), dtype=np.int32)
    np.testing.assert_allclose(again.recommender.score(users), model.score(users), atol=1e-3)
    unordered = rows.matrix.astype(bool).astype(np.float32)
    np.testing.assert_allclose(model.score_history(unordered), model.score(users), atol=2e-2)
    wide = fit(replace(config, linear=replace(narrow, dimension=80)), tasted, tmp_path / "tasted")[0]
    assert "table" not in wide.plan
