"""What hashing ids into smaller tables costs: ``python -m benchmarks.hashing [--epochs 25] [--write]``.

The in-batch pair of ``recs run retrieval --retrieval.parts in_batch``, trained on train of MovieLens-100K's stratified
split with vectors of users and movies from whole tables, or from tables of a half to an eighth of the rows, by one
hash or by four whose rows of a quarter of the length are put together (Coleman et al., "Unified embedding", NeurIPS
2023, but with a table for each side). Scored on validation, one seed.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.shared.record import Record, command, cores, versions_here
from tfrs_lab.data import Interactions, load, split
from tfrs_lab.evaluation import evaluate
from tfrs_lab.models.backend import tf
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit_part import as_recommender
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.model import build_pair

VARIANTS = [(1, 0), *((share, hashes) for share in (2, 4, 8) for hashes in (1, 4))]
"""Ids to a row, and how many hashes; none for a row to each id."""


class HashedIds(tf.keras.layers.Layer):
    """Vectors of ids, each from ``hashes`` rows of a table with fewer rows than ids."""

    def __init__(self, rows: int, dimension: int, feature: str, hashes: int) -> None:
        super().__init__()
        initializer = tf.keras.initializers.RandomNormal(stddev=0.03, seed=hashes)
        self.embedding = tf.keras.layers.Embedding(rows * hashes, dimension // hashes, initializer)
        self.embedding.build(None)
        self.hashers = [tf.keras.layers.Hashing(rows * hashes, salt=salt) for salt in range(1, hashes + 1)]
        self.feature = feature

    def call(self, features: dict[str, Any]) -> tf.Tensor:
        """[batch, dim] float32 from ids [batch] int32."""
        return tf.concat([self.embedding(hasher(features[self.feature])) for hasher in self.hashers], axis=1)


def ndcg(parts: Any, share: int, hashes: int, epochs: int) -> float:
    """Validation nDCG@10."""
    config = RetrievalConfig().in_batch
    data = TrainingData.without_features(Interactions.from_ratings(parts.train))
    tf.keras.utils.set_random_seed(0)
    pair = build_pair(config, data, 0)
    if hashes:
        pair.query_tower.parts = [HashedIds(data.users // share, config.dimension, "user", hashes)]
        pair.candidate_tower.parts = [HashedIds(data.movies // share, config.dimension, "movie", hashes)]
    pair.compile(optimizer=pair.new_optimizer(), steps_per_execution=16)
    pair.fit(pair.batches(0, 0, epochs), epochs=epochs, steps_per_epoch=pair.steps_per_epoch, verbose=0)
    found = evaluate(as_recommender(pair, data), parts.validation, seen=parts.train, bootstrap=0)
    return found.metrics["ndcg@10"]


def measure(epochs: int) -> Record:
    """All variants, the whole tables first."""
    parts = split(load("100k"), "stratified")
    columns = {"ids to a row": "", "hashes": "", "validation nDCG@10": ".4f", "against whole": "+.1%"}
    rows: list[dict[str, Any]] = []
    for share, hashes in VARIANTS:
        score = ndcg(parts, share, hashes, epochs)
        values = (share, hashes or "none", score, score / (rows[0]["validation nDCG@10"] if rows else score) - 1)
        rows.append(dict(zip(columns, values, strict=True)))
        print(rows[-1], flush=True)
    conditions = ["MovieLens-100K, stratified", "one seed", f"{epochs} epochs, fixed", cores()]
    return Record("hashing", columns, rows, conditions, versions_here("tensorflow"), [])


main = command(__doc__, measure, epochs=(RetrievalConfig().in_batch.epochs, "epochs of each"))


if __name__ == "__main__":
    sys.exit(main())
