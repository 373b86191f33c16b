"""Where ratings come from: MovieLens through TFDS, archives, files → tables → splits. Imports no TensorFlow."""

from data.catalogue import NAMES
from data.dataset import Dataset, fingerprint
from data.errors import DataError, printable
from data.feature_files import read_columns
from data.files import load_files, load_split_files, read_ratings_file
from data.hints import did_you_mean
from data.interactions import Interactions, Vocabulary
from data.loading import load
from data.names import parse_columns
from data.parquet import read_table
from data.questions import REVEALED, Question, answerable, question
from data.split_detection import described, detect_split
from data.splits import SPLITS, Split, folds, split
from data.summary import info
from data.synthetic import generate
from data.tfds_bridge import prepare as prepare_tfds
from data.validation_cut import held_out, with_validation

__all__ = [
    "NAMES",
    "REVEALED",
    "SPLITS",
    "DataError",
    "Dataset",
    "Interactions",
    "Question",
    "Split",
    "Vocabulary",
    "answerable",
    "described",
    "detect_split",
    "did_you_mean",
    "fingerprint",
    "folds",
    "generate",
    "held_out",
    "info",
    "load",
    "load_files",
    "load_split_files",
    "parse_columns",
    "prepare_tfds",
    "printable",
    "question",
    "read_columns",
    "read_ratings_file",
    "read_table",
    "split",
    "with_validation",
]
