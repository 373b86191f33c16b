"""Every experiment on data that is odd: it ends with numbers, or with one line that says why not."""

import numpy as np
import pytest

from tests.experiments.odd_data import CONFIGS, KINDS, NAMES, SPLITS, TRAINED, dataset, odd, table
from tfrs_lab.data import DataError, Interactions, evaluation_task
from tfrs_lab.evaluation import evaluate
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import FitContext

QUICK = ("everybody identical",)
CASES = [
    pytest.param(name, kind, marks=[pytest.mark.slow] if name in TRAINED and kind not in QUICK else [])
    for name in NAMES
    for kind in (*KINDS, *SPLITS)
]
REFUSED = {
    ("ranking", "ids only"): "expected ratings to learn from",
    ("ranking", "ratings all equal"): "expected ratings that differ",
    ("ranking", "everybody identical"): "expected ratings that differ",
    ("recency", "ids only"): "needs timestamps",
    **{(name, "one movie"): "empty split" for name in NAMES},
}


def metrics(name, kind, directory) -> dict[str, float]:
    """Of an experiment, fitted as a run does."""
    data, parts = odd(kind)
    fits = fit_on_split(
        specification(name),
        specification(name).config(**CONFIGS.get(name, {})),
        parts,
        FitSetup(directory, dataset=data),
    )
    asked = evaluation_task(parts.asks, parts.train_and_validation, parts.test)
    model = fits.final.recommender
    assert np.isfinite(model.score(np.array([0, -1], np.int32))).all()
    return evaluate(model, asked.rows, seen=asked.seen, candidates=asked.candidates, ks=(10,), bootstrap=0).metrics


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_it_ends_with_numbers_or_says_why_not(name, kind, tmp_path):
    if (name, kind) in REFUSED:
        with pytest.raises(DataError, match=REFUSED[name, kind]):
            metrics(name, kind, tmp_path)
    else:
        assert all(np.isfinite(value) for value in metrics(name, kind, tmp_path).values())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in TRAINED else []) for name in NAMES]
)
def test_a_catalogue_of_one_movie_can_be_fitted(name, tmp_path):
    """As ``recs recommend`` does, which splits nothing."""
    data = dataset(table([(user, 0) for user in range(30)]))
    context = FitContext(seed=0, checkpoints=tmp_path / "c", tensorboard=tmp_path / "t", dataset=data)
    config = specification(name).config(**CONFIGS.get(name, {}))
    model = specification(name).fit(config, Interactions.from_ratings(data.ratings), context).recommender
    scores = model.score(np.array([0, -1], np.int32))
    assert scores.shape == (2, 1)
    assert np.isfinite(scores).all()
