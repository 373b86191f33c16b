"""Simple recommenders that stand in every comparison, by the name of their experiment.

model = BASELINES["ease"].fit(interactions, EaseConfig(regularization=200.0))
np.savez("ease.npz", **model.state())
model = BASELINES["ease"].restore(dict(np.load("ease.npz", allow_pickle=False)))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data.errors import DataError
from data.interactions import Interactions
from evaluation.baselines.base import FittedBaseline, State
from evaluation.baselines.content import (
    ContentKNNConfig,
    FeatureModel,
    IALSRidgeConfig,
    MovieTable,
    UserRidgeConfig,
    fit_content_knn,
    fit_ials_ridge,
    fit_user_ridge,
)
from evaluation.baselines.ease import EaseConfig, fit_ease
from evaluation.baselines.ials import FactorModel, IALSConfig, fit_ials
from evaluation.baselines.item_item import ItemItem
from evaluation.baselines.itemknn import ItemKNNConfig, fit_itemknn
from evaluation.baselines.lightfm import LightFMConfig, LightFMModel, fit_lightfm
from evaluation.baselines.popularity import (
    PopularityConfig,
    RecencyConfig,
    SameForAll,
    fit_popularity,
    fit_recency,
)
from evaluation.baselines.random import RandomConfig, RandomScores, fit_random


@dataclass(frozen=True)
class Baseline:
    """How to configure, fit and restore one baseline.

    Attributes:
        config: Frozen dataclass of its settings; the defaults are tuned on MovieLens-100K.
        fitter: ``(interactions, config, seed=…, now=…)`` → recommender.
        restore: State → recommender; the inverse of `FittedBaseline.state`.
        by_content: Whether it knows movies by their features; the fitter then takes ``table=…`` too.
    """

    config: type
    fitter: Callable[..., FittedBaseline]
    restore: Callable[[State], FittedBaseline]
    by_content: bool = False

    def fit(
        self,
        interactions: Interactions,
        config: Any = None,
        *,
        seed: int = 0,
        now: int | None = None,
        table: MovieTable | None = None,
    ) -> FittedBaseline:
        """Fits the baseline.

        Args:
            interactions: Train rows.
            config: An instance of ``self.config``; None: its defaults.
            seed: Of everything random.
            now: Seconds; what "recent" refers to. Default: the latest row.
            table: All movies with their features, for baselines by content.

        Raises:
            TypeError: If the config is another baseline's.
            DataError: If the rows do not suffice, or a baseline by content has no features.
        """
        config = self.config() if config is None else config
        if not isinstance(config, self.config):
            raise TypeError(f"expected {self.config.__name__}, got {type(config).__name__}")
        if not self.by_content:
            return self.fitter(interactions, config, seed=seed, now=now)
        if table is None:
            raise DataError("expected movies with features, such as genres and release dates, got ratings alone")
        return self.fitter(interactions, config, table=table, seed=seed, now=now)


BASELINES: dict[str, Baseline] = {
    "random": Baseline(RandomConfig, fit_random, RandomScores.from_state),
    "popularity": Baseline(PopularityConfig, fit_popularity, SameForAll.from_state),
    "recency": Baseline(RecencyConfig, fit_recency, SameForAll.from_state),
    "itemknn": Baseline(ItemKNNConfig, fit_itemknn, ItemItem.from_state),
    "ease": Baseline(EaseConfig, fit_ease, ItemItem.from_state),
    "ials": Baseline(IALSConfig, fit_ials, FactorModel.from_state),
    "contentknn": Baseline(ContentKNNConfig, fit_content_knn, ItemItem.from_state, by_content=True),
    "userridge": Baseline(UserRidgeConfig, fit_user_ridge, FeatureModel.from_state, by_content=True),
    "ialsridge": Baseline(IALSRidgeConfig, fit_ials_ridge, FactorModel.from_state, by_content=True),
    "lightfm": Baseline(LightFMConfig, fit_lightfm, LightFMModel.from_state, by_content=True),
}

__all__ = [
    "BASELINES",
    "Baseline",
    "ContentKNNConfig",
    "EaseConfig",
    "FactorModel",
    "FeatureModel",
    "FittedBaseline",
    "IALSConfig",
    "IALSRidgeConfig",
    "ItemItem",
    "ItemKNNConfig",
    "LightFMConfig",
    "LightFMModel",
    "MovieTable",
    "PopularityConfig",
    "RandomConfig",
    "RandomScores",
    "RecencyConfig",
    "SameForAll",
    "UserRidgeConfig",
]
