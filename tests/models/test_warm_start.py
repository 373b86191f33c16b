import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import Interactions
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.warm_start import take_over, weights_of
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair

BEFORE = [("b", "x"), ("b", "y"), ("c", "x"), ("gone", "z")]
NOW = [("a", "w"), ("b", "x"), ("c", "x"), ("c", "z")]
KINDS = [
    {},
    {"bias": True, "objective": "softmax"},
    {"query": ("id", "history"), "combine": "mlp"},
    {"query": ("history",), "objective": "reconstruction", "tied": False, "normalize": False},
]


def pair_of(table, seed, **fields):
    rows = Interactions.from_ratings(pl.DataFrame(table, schema=["user_id", "movie_id"], orient="row"))
    return build_pair(PairConfig(dimension=4, **fields), TrainingData.without_features(rows), seed), rows


@pytest.mark.parametrize("fields", KINDS)
def test_who_was_known_keeps_their_vectors_and_who_is_new_keeps_the_initial_ones(fields):
    old, old_rows = pair_of(BEFORE, 0, **fields)
    new, new_rows = pair_of(NOW, 1, **fields)
    before = [variable.numpy() for variable in new.trainable_variables]
    take_over(new, new_rows, weights_of(old, old_rows))
    sides = {id(table): side for table, side in new.tables()}
    ids = {"user": (old_rows.users.ids, new_rows.users.ids), "movie": (old_rows.movies.ids, new_rows.movies.ids)}
    for variable, initial, source in zip(new.trainable_variables, before, old.trainable_variables, strict=True):
        if id(variable) not in sides:
            np.testing.assert_array_equal(variable, source)
            continue
        was, now = ids[sides[id(variable)]]
        for place, name in enumerate(now):
            expected = source.numpy()[was.index(name)] if name in was else initial[place]
            np.testing.assert_array_equal(variable.numpy()[place], expected)


def test_weights_of_other_towers_are_refused():
    old, old_rows = pair_of(BEFORE, 0)
    longer, rows = pair_of(NOW, 0, bias=True)
    with pytest.raises(ValueError, match="expected 3 weights of the same towers, got 2"):
        take_over(longer, rows, weights_of(old, old_rows))
    shorter, rows = pair_of(NOW, 0)
    weights = weights_of(old, old_rows)
    weights["weight-0"] = weights["weight-0"][:, :2]
    with pytest.raises(ValueError, match="expected weights of the shape"):
        take_over(shorter, rows, weights)
