"""The two-tower retrieval model."""

from functools import partial

import numpy as np

from models.backend import tf, tfrs
from models.config import RetrievalConfig
from models.towers import EmbeddingTower


class TwoTower(tfrs.Model):
    """Scores a user and a movie by the dot product of their towers' vectors.

    Trained with a softmax over the movies of the batch (Yi et al., "Sampling-bias-corrected neural modeling for
    large corpus item recommendations", RecSys 2019).

    Args:
        query_tower: From ``user`` indices [batch] to vectors [batch, dim].
        candidate_tower: From ``movie`` indices [batch] to vectors [batch, dim].
        task: The in-batch softmax.
        movie_probability: [movies] float32, the probability that a training row holds the movie, from train only;
            None leaves in-batch negatives uncorrected.
    """

    def __init__(
        self,
        query_tower: "tf.keras.Model",
        candidate_tower: "tf.keras.Model",
        task: "tfrs.tasks.Retrieval",
        movie_probability: np.ndarray | None,
    ) -> None:
        super().__init__()
        self.query_tower = query_tower
        self.candidate_tower = candidate_tower
        self.task = task
        self.mean_loss = tf.keras.metrics.Mean(name="loss")
        self.movie_probability = None if movie_probability is None else tf.constant(movie_probability, tf.float32)

    def compute_loss(self, inputs: dict[str, "tf.Tensor"], training: bool = False) -> "tf.Tensor":
        """Mean in-batch softmax loss of the rows.

        Args:
            inputs: ``user`` and ``movie``, both [batch] int32.
            training: Unused, TFRS passes it.

        Returns:
            Scalar float32.
        """
        user, movie = inputs["user"], inputs["movie"]
        probability = None if self.movie_probability is None else tf.gather(self.movie_probability, movie)
        return self.task(
            query_embeddings=self.query_tower(user),
            candidate_embeddings=self.candidate_tower(movie),
            candidate_ids=movie,
            candidate_sampling_probability=probability,
            compute_metrics=False,
        )

    def train_step(self, inputs: dict[str, "tf.Tensor"]) -> dict[str, "tf.Tensor"]:
        """One step; reports the epoch's mean loss, where TFRS reports the last batch's."""
        logs = super().train_step(inputs)
        self.mean_loss.update_state(logs["loss"], sample_weight=tf.shape(inputs["user"])[0])
        return {"loss": self.mean_loss.result()}


def build_two_tower(config: RetrievalConfig, users: int, movie_counts: np.ndarray, seed: int) -> TwoTower:
    """An untrained model.

    Args:
        config: What to build.
        users: Number of users in train.
        movie_counts: [movies] how often each movie occurs in train.
        seed: Seed of the initial vectors.
    """
    tower = partial(EmbeddingTower, dimension=config.dimension, normalize=config.normalize)
    task = tfrs.tasks.Retrieval(
        # The mean over rows, where TFRS sums: so that losses of different batch sizes compare.
        loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True),
        temperature=config.temperature,
        remove_accidental_hits=config.remove_accidental_hits,
    )
    return TwoTower(
        query_tower=tower(users, seed=2 * seed, name="query_tower"),
        candidate_tower=tower(len(movie_counts), seed=2 * seed + 1, name="candidate_tower"),
        task=task,
        movie_probability=movie_counts / movie_counts.sum() if config.logq else None,
    )
