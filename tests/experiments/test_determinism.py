"""Equal seeds, equal numbers; other seeds, other numbers where anything is drawn."""

import numpy as np
import pytest
from test_experiments import CONFIGS, NAMES

from tfrs_lab.data import Interactions, generate
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import FitContext

pytestmark = pytest.mark.slow
DRAWN = ("random", "ials", "ialsridge", "retrieval", "iddropout", "hybrid", "ranking")


def scores(name, seed, directory):
    dataset = generate(40, 30, 600, tastes=4, seed=0)
    rows = Interactions.from_ratings(dataset.ratings)
    context = FitContext(seed, directory / "checkpoints", directory / "tensorboard", dataset=dataset)
    model = specification(name).fit(specification(name).config(**CONFIGS.get(name, {})), rows, context).recommender
    return model.score(np.arange(-1, 40, dtype=np.int32))


@pytest.mark.parametrize("name", NAMES)
def test_seeds(name, tmp_path):
    first = scores(name, 0, tmp_path / "first")
    np.testing.assert_array_equal(scores(name, 0, tmp_path / "again"), first)
    if name in DRAWN:
        assert not np.array_equal(scores(name, 1, tmp_path / "other"), first)
