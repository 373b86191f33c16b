"""What is fitted is a function of train and validation: other test rows change not a single weight."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.experiments.odd_data import CONFIGS, NAMES, TRAINED
from tfrs_lab.data import Split, generate, split
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.models.registry import specification


def other_test(parts: Split) -> pl.DataFrame:
    """Test rows of the same users about movies that they have not rated, with other ratings and times."""
    movies = parts.train["movie_id"].unique().sort().to_list()
    known = {user: set() for user in parts.test["user_id"].unique()}
    for table in (parts.train, parts.validation, parts.test):
        for user, movie in table.select("user_id", "movie_id").iter_rows():
            known.get(user, set()).add(movie)
    rows = []
    for user, rating, time in parts.test.select("user_id", "user_rating", "timestamp").iter_rows():
        movie = next((one for one in movies if one not in known[user]), None)
        if movie is not None:
            known[user].add(movie)
            rows.append((user, movie, 6.0 - rating, time + 1))
    return pl.DataFrame(rows, schema=parts.test.schema, orient="row")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in TRAINED else []) for name in NAMES]
)
def test_other_test_rows_change_nothing(name, tmp_path):
    dataset = generate(40, 60, 1000, seed=0)
    parts = replace(split(dataset, "temporal-user"), rows=None)  # rows in the same order for both
    changed = replace(parts, test=other_test(parts))
    assert changed.test.join(parts.test, on=["user_id", "movie_id"]).is_empty()
    found = []
    for number, one in enumerate((parts, changed)):
        everything = pl.concat([one.train, one.validation, one.test])
        fits = fit_on_split(
            specification(name),
            specification(name).config(**CONFIGS.get(name, {})),
            one,
            FitSetup(tmp_path / str(number), dataset=replace(dataset, ratings=everything)),
        )
        found.append((fits.chosen.plan, fits.chosen.recommender.state(), fits.final.recommender.state()))
    (plan, chosen, final), (other_plan, other_chosen, other_final) = found
    assert plan == other_plan
    for state, other in ((chosen, other_chosen), (final, other_final)):
        assert state.keys() == other.keys()
        for key in state:
            np.testing.assert_array_equal(state[key], other[key], err_msg=key)
