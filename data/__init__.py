"""Where ratings come from: MovieLens through TFDS, archives, files → tables → splits. Imports no TensorFlow."""

from data.catalogue import NAMES
from data.dataset import Dataset
from data.errors import DataError
from data.interactions import Interactions, Vocabulary
from data.load import load
from data.splits import SPLITS, Split, folds, holdout, split

__all__ = [
    "NAMES",
    "SPLITS",
    "DataError",
    "Dataset",
    "Interactions",
    "Split",
    "Vocabulary",
    "folds",
    "holdout",
    "load",
    "split",
]
