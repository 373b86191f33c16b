"""A small servable whose scores are sums of a product and of what follows, and the same scores in plain numpy."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from tests.serving.conftest import MOVIES, USERS, make_servable, seen_by
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.queries import MeanQuery, count

LATEST, COUNTS = 3, 1.5


class Transitions(tf.Module):
    """What stands in a table, half as much for each movie that came later; of the latest three movies."""

    def __init__(self, rows, values):
        super().__init__()
        self.rows = tf.Variable(rows, dtype=tf.int32, trainable=False)
        self.values = tf.Variable(values, dtype=tf.float32, trainable=False)

    def __call__(self, movies):
        real = movies >= 0
        later = tf.cumsum(tf.cast(real, tf.float32), axis=1, reverse=True, exclusive=True)
        counts = tf.where(real & (later < LATEST), 0.5**later, 0.0)[:, :, None]
        rows = tf.where(counts > 0, tf.gather(self.rows, tf.maximum(movies, 0)), -1)
        values = tf.where(rows >= 0, counts * tf.gather(self.values, tf.maximum(movies, 0)), 0.0)
        flat = [tf.shape(movies)[0], tf.shape(movies)[1] * self.rows.shape[1]]
        return tf.reshape(rows, flat), tf.reshape(values, flat)

    def sums(self, history):
        """[movies] of rows in order, each once, by hand."""
        found = np.zeros(MOVIES, np.float32)
        for later, movie in enumerate(history[::-1][:LATEST]):
            for row, value in zip(self.rows.numpy()[movie], self.values.numpy()[movie], strict=True):
                if row >= 0:
                    found[row] += 0.5**later * value
        return found


class CountedMean(tf.Module):
    """A mean of vectors, and what follows counts one and a half times."""

    def __init__(self, candidates, stranger):
        super().__init__()
        self.mean, self.stranger = MeanQuery(candidates, empty=stranger), tf.constant(stranger)

    def __call__(self, movies, rating):
        query = self.mean(movies, rating)
        counted = tf.concat([query[:, :-1], tf.fill([tf.shape(movies)[0], 1], COUNTS)], axis=1)
        return tf.where(count(movies) > 0, counted, self.stranger)


def with_following(seed=0, **changed):
    """The small servable, whose users saw movies in any order; up to six movies, some of them twice, follow each."""
    random = np.random.default_rng(seed)
    base = make_servable()
    candidates, queries = base.candidates.copy(), base.queries.copy()
    candidates[:, -1], queries[:, -1] = 0, random.choice([0, 0.5, 1, 2], USERS)
    values, starts = base.seen
    seen = np.concatenate([random.permutation(values[slice(*ends)]) for ends in pairwise(starts)])
    rows, added = random.integers(-1, MOVIES, (MOVIES, 6)), random.lognormal(0, 1.5, (MOVIES, 6))
    fields = {
        "queries": queries,
        "candidates": candidates,
        "seen": (seen, starts),
        "history": CountedMean(candidates, base.stranger),
        "following": Transitions(rows, np.where(rows < 0, 0, added)),
    }
    return replace(base, **{**fields, **changed})


def score(servable, query, history):
    """[movies] of everything."""
    return servable.candidates @ query + query[-1] * servable.following.sums(history)


def of_history(servable, history):
    if not history:
        return servable.stranger
    return np.append(servable.candidates[history].mean(axis=0)[:-1], COUNTS).astype(np.float32)


def best_of(scores, gone, k):
    """The k best rows and their scores without those that are gone, padded."""
    left = scores.astype(np.float32)
    left[list(gone)] = -np.inf
    order = np.argsort(-left, kind="stable")[:k]
    rows = [int(row) if np.isfinite(left[row]) else -1 for row in order]
    return rows + [-1] * (k - len(rows)), [*left[order], *[-np.inf] * (k - len(rows))]


def rows_of(answer):
    return [[int(movie[1:]) if movie else -1 for movie in row] for row in answer["movie_id"].numpy().astype(str)]


def assert_best(answer, scores, gone, k):
    """Each row of an answer is the best of its scores."""
    wanted = [best_of(*each, k) for each in zip(scores, gone, strict=True)]
    assert rows_of(answer) == [rows for rows, _ in wanted]
    np.testing.assert_allclose(answer["score"], [values for _, values in wanted], rtol=1e-4, atol=1e-5)


def stored(servable, users):
    """Scores of known users and of strangers, -1."""
    return [
        servable.candidates @ servable.stranger
        if user < 0
        else score(servable, servable.queries[user], seen_by(servable, user))
        for user in users
    ]
