"""All models by name. Loads no TensorFlow: fits import it when they begin."""

from __future__ import annotations

import importlib

from tfrs_lab.data.hints import did_you_mean
from tfrs_lab.models.specification import Specification

BASELINES = (
    "popularity",
    "recency",
    "random",
    "itemknn",
    "ease",
    "ials",
    "contentknn",
    "userridge",
    "ialsridge",
    "lightfm",
)
_FAMILIES = {
    "retrieval": "retrieval",
    "ranking": "ranking",
    "cascade": "cascade",
    "content": "content",
    "iddropout": "id_dropout",
    "hybrid": "hybrid",
}
"""Name → folder; a new model is a line here."""

NAMES = (*BASELINES, *_FAMILIES)


def specification(name: str) -> Specification:
    """The specification of the model of that name.

    Raises:
        ValueError: There is none; nothing else is imported for a name read from a file.
    """
    if name == "towers":
        own: Specification = importlib.import_module("tfrs_lab.models.retrieval.specification").OWN_TOWERS
        return own
    if name not in NAMES:
        raise ValueError(f"expected an experiment ({', '.join(NAMES)}), got {name!r}{did_you_mean(name, NAMES)}")
    found: Specification
    if name in BASELINES:
        found = importlib.import_module("tfrs_lab.models.baselines.specification").SPECIFICATIONS[name]
    else:
        found = importlib.import_module(f"tfrs_lab.models.{_FAMILIES[name]}.specification").SPECIFICATION
    return found
