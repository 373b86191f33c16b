"""TFRS Lab: recommenders on TensorFlow Recommenders, compared honestly and served.

    import tfrs_lab as tl

    split = tl.split(tl.load("100k"))
    model = tl.fit("retrieval", split)
    tl.compare(["ease", model], split)

Importing it loads no TensorFlow; it sets ``TF_USE_LEGACY_KERAS=1``, because TensorFlow Recommenders is written for
Keras 2. That works before and after ``import tensorflow``, as long as ``tf.keras`` has not been used yet.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfrs_lab.comparing import compare
    from tfrs_lab.data import Dataset, Split
    from tfrs_lab.datasets import from_frames, load, read, split
    from tfrs_lab.evaluating import evaluate
    from tfrs_lab.evaluation import Evaluation
    from tfrs_lab.experiments.display.explorer import Explorer
    from tfrs_lab.exploring import explore
    from tfrs_lab.fitting import fit
    from tfrs_lab.model import Model
    from tfrs_lab.opening import open
    from tfrs_lab.towers import from_tfrs, from_towers

os.environ["TF_USE_LEGACY_KERAS"] = "1"

__all__ = [
    "Dataset",
    "Evaluation",
    "Explorer",
    "Model",
    "Split",
    "compare",
    "evaluate",
    "explore",
    "fit",
    "from_frames",
    "from_tfrs",
    "from_towers",
    "load",
    "open",
    "read",
    "split",
]

_MODULES = {
    "Dataset": "data",
    "Evaluation": "evaluation",
    "Explorer": "experiments.display.explorer",
    "Model": "model",
    "Split": "data",
    "compare": "comparing",
    "evaluate": "evaluating",
    "explore": "exploring",
    "fit": "fitting",
    "from_frames": "datasets",
    "from_tfrs": "towers",
    "from_towers": "towers",
    "load": "datasets",
    "open": "opening",
    "read": "datasets",
    "split": "datasets",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for when it is first asked for."""
    if name in _MODULES:
        return getattr(importlib.import_module(f"tfrs_lab.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
