"""The hybrid by id dropout: features stand for ids that are dropped, and for movies that have none."""

from dataclasses import replace

import numpy as np
import pytest

from tfrs_lab.data import DataError, evaluation_task, generate, split
from tfrs_lab.evaluation import evaluate
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.models.id_dropout.config import IdDropoutConfig
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.left_out import minutes_per_epoch
from tfrs_lab.models.two_tower.config import PairConfig

SMALL = IdDropoutConfig(replace(IdDropoutConfig().pair, dimension=16, batch_size=32, epochs=12, learning_rate=0.01))


@pytest.fixture(scope="module")
def cold():
    dataset = generate(150, 120, 4500, tastes=4, noise=0.1, seed=2)
    return dataset, split(dataset, "cold-items", seed=0)


@pytest.fixture(scope="module")
def model(cold, tmp_path_factory):
    dataset, parts = cold
    fits = fit_on_split(
        specification("iddropout"),
        SMALL,
        parts,
        FitSetup(tmp_path_factory.mktemp("iddropout"), dataset=dataset),
    )
    return fits.final.recommender


def test_new_movies_are_ranked_by_planted_tastes(model, cold):
    _, parts = cold
    asked = evaluation_task("cold-items", parts.train_and_validation, parts.test)
    known = {"seen": asked.seen, "candidates": asked.candidates, "ks": (3,), "bootstrap": 0}
    by_id = replace(model, candidates=np.zeros_like(model.candidates))
    assert (
        evaluate(model, asked.rows, **known).metrics["ndcg@3"]
        > 0.15 + evaluate(by_id, asked.rows, **known).metrics["ndcg@3"]
    )


def test_all_movies_have_vectors_of_one_length(model, cold):
    dataset, _ = cold
    assert set(model.movies.ids) >= set(dataset.ratings["movie_id"])
    np.testing.assert_allclose(np.linalg.norm(model.candidates, axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("change", [{"candidate": ("id",)}, {"combine": "mlp"}, {"bias": True}])
def test_dropping_ids_needs_features_that_stand_for_them(change):
    with pytest.raises(ValueError, match="id_dropout: expected 0 but for a sum of id and features"):
        replace(SMALL.pair, **change)
    with pytest.raises(ValueError, match=r"pair\.id_dropout: expected a share above 0"):
        IdDropoutConfig(PairConfig())


def test_as_many_epochs_are_trained_as_there_is_time_for(cold, tmp_path):
    dataset, parts = cold
    epoch = minutes_per_epoch(parts.encoded("train"))

    def fit(epochs):
        config = replace(SMALL, budget=(epochs + 0.5) * epoch)
        return fit_on_split(
            specification("iddropout"), config, parts, FitSetup(tmp_path / str(epochs), dataset=dataset)
        )

    chosen = fit(3).chosen
    assert chosen.plan["most_epochs"] == 3
    assert len(chosen.history) <= 3
    with pytest.raises(DataError, match=r"2 epochs over .* would take about 0 minutes; --iddropout.budget MINUTES"):
        fit(1)
