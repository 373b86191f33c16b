import numpy as np

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.diversity import diversify


def greedy(scores, vectors, wish, k):
    """Maximal marginal relevance in plain Python."""
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    chosen = []
    while len(chosen) < min(k, len(scores)):
        rest = [m for m in range(len(scores)) if m not in chosen]
        closest = [max([-1.0, *(vectors[m] @ vectors[c] for c in chosen)]) for m in rest]
        value = [(1 - wish) * relevance[m] - wish * near for m, near in zip(rest, closest, strict=True)]
        chosen.append(rest[int(np.argmax(value))])
    return chosen


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def run(vectors, scores, rows, wish, k):
    arguments = (tf.constant(scores, tf.float32), tf.constant(rows, tf.int32), tf.constant(wish), tf.constant(k))
    return [value.numpy() for value in diversify([tf.constant(vectors)], *arguments)]


def test_it_chooses_as_the_paper_says():
    random = np.random.default_rng(0)
    vectors = unit(random.normal(size=(30, 4)))
    scores = -np.sort(-random.normal(size=(3, 12)), axis=1)
    rows = np.stack([random.permutation(30)[:12] for _ in range(3)])
    for wish in (0.2, 0.5, 1.0):
        values, found = run(vectors, scores, rows, wish, 6)
        for row in range(3):
            chosen = greedy(scores[row], vectors[rows[row]], wish, 6)
            np.testing.assert_array_equal(found[row], rows[row][chosen])
            np.testing.assert_allclose(values[row], scores[row][chosen], rtol=1e-6)


def test_of_twins_only_one_is_shown_to_who_wants_variety():
    vectors = unit(np.array([[1, 0.01], [1, 0.02], [1, 0.03], [0, 1], [0.1, 1]]))
    scores, rows = [[5.0, 4.9, 4.8, 4.0, 3.0]], [[0, 1, 2, 3, 4]]
    assert run(vectors, scores, rows, 0.0, 2)[1].tolist() == [[0, 1]]
    assert run(vectors, scores, rows, 0.6, 2)[1].tolist() == [[0, 3]]


def test_padding_comes_last():
    vectors = unit(np.random.default_rng(0).normal(size=(5, 3)))
    values, rows = run(vectors, [[2.0, 1.0, -np.inf, -np.inf]], [[3, 1, -1, -1]], 0.5, 4)
    assert sorted(rows[0][:2]) == [1, 3]
    assert rows[0][2:].tolist() == [-1, -1]
    assert np.isneginf(values[0][2:]).all()
