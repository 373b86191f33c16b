"""Frozen sentence vectors of titles, from any encoder, computed once per title."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tfrs_lab.data.sources.cache import cache_root


class SentenceEncoder(Protocol):
    """Anything that makes vectors of sentences."""

    def encode(self, sentences: list[str]) -> Any:
        """[n, dim] floats from n sentences."""


class WordLlamaEncoder:
    """WordLlama: means of token vectors distilled from large language models; 256 numbers, weights in its package.

    Raises:
        ImportError: The extra ``sentences`` is not installed.
    """

    def __init__(self) -> None:
        try:
            import wordllama
        except ImportError as error:
            raise ImportError("sentence vectors need an encoder: pip install 'tfrs-lab[sentences]'") from error
        inside = Path(wordllama.__file__).parent  # where the package looks for its tokenizer only if it is told to
        self.model = wordllama.WordLlama.load(cache_dir=inside, disable_download=True)

    def encode(self, sentences: list[str]) -> np.ndarray:
        """[n, 256] float32 of unit length from n sentences."""
        vectors: np.ndarray = self.model.embed(sentences, norm=True)
        return vectors


ENCODERS: dict[str, Callable[[], SentenceEncoder]] = {"wordllama": WordLlamaEncoder}
"""Encoders by name: ``ENCODERS["mine"] = MyEncoder`` makes ``sentences="mine"`` work."""


def sentence_vectors(sentences: Sequence[str], name: str, *, cache_dir: Path | None = None) -> np.ndarray:
    """Vectors of sentences; only those that the cache lacks are computed.

    Args:
        sentences: [n] str; an empty one has a vector of zeros.
        name: Of an encoder in ``ENCODERS``, which is not called where the cache has everything.
        cache_dir: Where vectors are kept; default: where datasets are.

    Returns:
        [n, dim] float32; dim is 0 if no sentence says anything.

    Raises:
        ImportError: The encoder is needed and not installed.
        ValueError: There is no such encoder, or it does not give one vector per sentence.
    """
    if name not in ENCODERS:
        raise ValueError(f"sentences: expected one of {', '.join(ENCODERS)}, got {name!r}")
    keys = [hashlib.sha256(sentence.encode()).hexdigest()[:32] for sentence in sentences]
    file = cache_root(cache_dir) / "sentences" / f"{name}.npz"
    known = _read(file)
    missing = {key: text for key, text in zip(keys, sentences, strict=True) if text and key not in known}
    if missing:
        vectors = np.asarray(ENCODERS[name]().encode(list(missing.values())), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(missing):
            raise ValueError(f"{name}: expected {len(missing)} vectors, got an array of shape {vectors.shape}")
        known |= dict(zip(missing, vectors, strict=True))
        _write(file, known)
    nothing = np.zeros(len(next(iter(known.values()), ())), np.float32)
    rows = [known[key] if text else nothing for key, text in zip(keys, sentences, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(nothing))


def _read(file: Path) -> dict[str, np.ndarray]:
    if not file.exists():
        return {}
    try:
        with np.load(file, allow_pickle=False) as stored:
            return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}  # a cache that is damaged is made again


def _write(file: Path, known: dict[str, np.ndarray]) -> None:
    """Replaces the file in one step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".partial", delete=False) as partial:
        np.savez(partial, keys=np.array(list(known)), vectors=np.array(list(known.values())))
    os.replace(partial.name, file)
