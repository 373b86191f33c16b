"""Strong baselines for every comparison, by the name of their experiment.

model = BASELINES["ease"].fit(interactions, EaseConfig(regularization=200.0))
np.savez("ease.npz", **model.state())
model = BASELINES["ease"].restore(dict(np.load("ease.npz", allow_pickle=False)))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines import content, ease, ials, itemknn, popularity
from tfrs_lab.models.baselines.base import FittedBaseline, Range
from tfrs_lab.models.baselines.content import (
    ContentKNNConfig,
    FeatureModel,
    IALSRidgeConfig,
    MovieTable,
    UserRidgeConfig,
    fit_content_knn,
    fit_ials_ridge,
    fit_user_ridge,
)
from tfrs_lab.models.baselines.ease import EaseConfig, fit_ease
from tfrs_lab.models.baselines.ials import FactorModel, IALSConfig, fit_ials
from tfrs_lab.models.baselines.item_item import ItemItem
from tfrs_lab.models.baselines.itemknn import ItemKNNConfig, fit_itemknn
from tfrs_lab.models.baselines.lightfm import LightFMConfig, LightFMModel, fit_lightfm
from tfrs_lab.models.baselines.popularity import (
    PopularityConfig,
    RandomConfig,
    RandomScores,
    RecencyConfig,
    SameForAll,
    fit_popularity,
    fit_random,
    fit_recency,
)
from tfrs_lab.models.storage import State


@dataclass(frozen=True)
class Baseline:
    """How to configure, fit and restore one baseline.

    Attributes:
        config: Frozen dataclass of its settings.
        fitter: ``(interactions, config, seed=…, now=…)`` → recommender.
        restore: State → recommender; the inverse of `FittedBaseline.state`.
        by_content: Whether it knows movies by their features; the fitter then takes ``table=…`` too.
        ranges: Fields of ``config`` that are chosen on validation where they are None, see ``baselines.tuning``.
        prepare: Interactions → what fits of the same rows share, for the fitter's ``shared=…``; None for nothing.
        effort: (interactions, config) → about how many seconds a fit takes on two cores, a function of sizes alone.
        tuned_on: Numbers are chosen on this many movies, those with most rows; None for all.
    """

    config: type
    fitter: Callable[..., FittedBaseline]
    restore: Callable[[State], FittedBaseline]
    by_content: bool = False
    ranges: Mapping[str, Range[Any]] = field(default_factory=dict)
    prepare: Callable[[Interactions], Any] | None = None
    effort: Callable[[Interactions, Any], float] = lambda interactions, config: 0.0
    tuned_on: int | None = None

    def open(self, config: Any) -> dict[str, Range[Any]]:
        """What is to be chosen: the ranges of fields that the configuration leaves at None."""
        return {name: found for name, found in self.ranges.items() if getattr(config, name) is None}

    def settled(self, config: Any) -> Any:
        """The configuration with its defaults in place of what it leaves open."""
        return replace(config, **{name: found.default for name, found in self.open(config).items()})

    def fit(
        self,
        interactions: Interactions,
        config: Any = None,
        *,
        seed: int = 0,
        now: int | None = None,
        table: MovieTable | None = None,
        shared: Any = None,
    ) -> FittedBaseline:
        """Fits the baseline.

        ``config`` is an instance of ``self.config``, by default its defaults; ``now`` is what "recent" refers to, in
        seconds, by default the latest row; baselines by content need a ``table`` of all movies; ``shared`` is what
        ``prepare`` made of the same rows.

        Raises:
            TypeError: If the config is another baseline's.
            DataError: If the rows do not suffice, or a baseline by content has no features.
        """
        config = self.config() if config is None else config
        if not isinstance(config, self.config):
            raise TypeError(f"expected {self.config.__name__}, got {type(config).__name__}")
        more: dict[str, Any] = {} if shared is None else {"shared": shared}
        if self.by_content:
            if table is None:
                raise DataError("expected movies with features, such as genres and release dates, got ratings alone")
            more["table"] = table
        return self.fitter(interactions, config, seed=seed, now=now, **more)


_FACTORS: dict[str, Range[Any]] = {"regularization": ials.PENALTY, "alpha": ials.ALPHA, "factors": ials.FACTORS}

BASELINES: dict[str, Baseline] = {
    "random": Baseline(RandomConfig, fit_random, RandomScores.from_state),
    "popularity": Baseline(PopularityConfig, fit_popularity, SameForAll.from_state),
    "recency": Baseline(
        RecencyConfig, fit_recency, SameForAll.from_state, ranges={"half_life_days": popularity.HALF_LIFE}
    ),
    "itemknn": Baseline(
        ItemKNNConfig,
        fit_itemknn,
        ItemItem.from_state,
        ranges={"shrink": itemknn.SHRINK, "neighbours": itemknn.NEIGHBOURS},
        prepare=itemknn.prepare_itemknn,
        effort=itemknn.effort,
    ),
    "ease": Baseline(
        EaseConfig,
        fit_ease,
        ItemItem.from_state,
        ranges={"regularization": ease.REGULARIZATION},
        prepare=ease.prepare_ease,
        effort=ease.effort,
        tuned_on=2000,
    ),
    "ials": Baseline(IALSConfig, fit_ials, FactorModel.from_state, ranges=_FACTORS, effort=ials.effort),
    "contentknn": Baseline(
        ContentKNNConfig,
        fit_content_knn,
        ItemItem.from_state,
        by_content=True,
        ranges={"neighbours": content.NEIGHBOURS},
        effort=content.effort_of_knn,
    ),
    "userridge": Baseline(
        UserRidgeConfig,
        fit_user_ridge,
        FeatureModel.from_state,
        by_content=True,
        ranges={"regularization": content.USER_RIDGE},
    ),
    "ialsridge": Baseline(
        IALSRidgeConfig,
        fit_ials_ridge,
        FactorModel.from_state,
        by_content=True,
        ranges={**_FACTORS, "ridge": content.RIDGE},
        effort=ials.effort,
    ),
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
