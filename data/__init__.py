"""Where ratings come from: MovieLens through TFDS, archives, files → tables → splits. Imports no TensorFlow."""

from tfrs_lab.data.catalogue import NAMES
from tfrs_lab.data.dataset import Dataset, fingerprint
from tfrs_lab.data.errors import DataError, printable
from tfrs_lab.data.evaluation_tasks import REVEALED, EvaluationTask, answerable, evaluation_task
from tfrs_lab.data.hints import did_you_mean
from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.data.names import parse_columns
from tfrs_lab.data.reading.feature_files import read_columns
from tfrs_lab.data.reading.files import load_files, load_split_files
from tfrs_lab.data.reading.parquet import read_table
from tfrs_lab.data.reading.ratings import read_ratings_file
from tfrs_lab.data.sources.loading import load
from tfrs_lab.data.sources.tfds_bridge import prepare as prepare_tfds
from tfrs_lab.data.splits.detection import described, detect_split
from tfrs_lab.data.splits.kinds import SPLITS, Split, folds, split
from tfrs_lab.data.splits.validation import held_out, with_validation
from tfrs_lab.data.summary import info
from tfrs_lab.data.synthetic import generate

__all__ = [
    "NAMES",
    "REVEALED",
    "SPLITS",
    "DataError",
    "Dataset",
    "EvaluationTask",
    "Interactions",
    "Split",
    "Vocabulary",
    "answerable",
    "described",
    "detect_split",
    "did_you_mean",
    "evaluation_task",
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
    "read_columns",
    "read_ratings_file",
    "read_table",
    "split",
    "with_validation",
]
