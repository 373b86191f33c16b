"""Requests that wait together are computed together, and nobody can tell from the answers."""

import asyncio
import threading

import numpy as np
import pytest

from tfrs_lab.serving.http.batching import Batcher, merge, split
from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.signature import Signature, Tensor

RECOMMEND = Signature(
    "recommend",
    "tensorflow/serving/predict",
    {
        "exclude": Tensor("string", (None, None)),
        "k": Tensor("int32", ()),
        "user_id": Tensor("string", (None,)),
    },
    {"score": Tensor("float32", (None, None))},
)
RANK = Signature(
    "rank",
    "tensorflow/serving/predict",
    {"movie_id": Tensor("string", (None, None)), "user_id": Tensor("string", (None,))},
    {"score": Tensor("float32", (None, None))},
)


def recommend(*users: str, exclude=(), k=1):
    return {
        "exclude": np.array([[name.encode() for name in exclude]] * len(users), object).reshape(len(users), -1),
        "k": np.array(k, np.int32),
        "user_id": np.array([user.encode() for user in users], object),
    }


class Model:
    """Scores are the users' numbers; the first call waits until the test lets it go."""

    def __init__(self):
        self.calls = []
        self.go = threading.Event()

    def __call__(self, name, inputs):
        self.go.wait(30)
        users = [user.decode() for user in inputs["user_id"]]
        self.calls.append(users)
        if "bad" in users:
            raise ValueError("bad user")
        return {"score": np.array([[float(user)] for user in users], np.float32)}


async def gather(batcher, model, requests):
    """Starts one request, and the others while that one is computed."""
    first = asyncio.ensure_future(batcher.submit(RECOMMEND, recommend("0"), 1))
    await asyncio.sleep(0.05)
    others = [asyncio.ensure_future(batcher.submit(RECOMMEND, inputs, len(inputs["user_id"]))) for inputs in requests]
    await asyncio.sleep(0.05)
    model.go.set()
    return (await asyncio.gather(first, *others, return_exceptions=True))[1:]


def run(requests, **limits):
    model = Model()
    batcher = Batcher(model, **{"max_rows": 8, "max_waiting": 100, **limits})
    answers = asyncio.run(gather(batcher, model, requests))
    batcher.close()
    return model.calls[1:], answers


def scores(answers):
    return [answer["score"].ravel().tolist() for answer in answers]


def test_requests_that_wait_share_one_call():
    calls, answers = run([recommend("1"), recommend("2", "3"), recommend("4", exclude=["a", "b"])])
    assert calls == [["1", "2", "3", "4"]]
    assert scores(answers) == [[1.0], [2.0, 3.0], [4.0]]


def test_requests_with_another_k_do_not():
    calls, answers = run([recommend("1"), recommend("2", k=2), recommend("3")])
    assert calls == [["1", "3"], ["2"]]
    assert scores(answers) == [[1.0], [2.0], [3.0]]


def test_a_call_has_at_most_so_many_rows():
    calls, answers = run([recommend(str(user)) for user in range(1, 7)], max_rows=4)
    assert calls == [["1", "2", "3", "4"], ["5", "6"]]
    assert scores(answers) == [[float(user)] for user in range(1, 7)]


def test_an_endless_list_pads_nobody_elses(monkeypatch):
    monkeypatch.setattr("tfrs_lab.serving.http.batching._MOST_VALUES", 12)
    calls, answers = run(
        [recommend("1"), recommend("2", exclude=["a"] * 9), recommend("3"), recommend("4", exclude=["a"] * 4)]
    )
    assert calls == [["1", "3", "4"], ["2"]]  # three rows of four, and one of nine
    assert scores(answers) == [[1.0], [2.0], [3.0], [4.0]]


def test_only_the_culprit_fails():
    calls, answers = run([recommend("1"), recommend("bad"), recommend("3")])
    assert calls == [["1", "bad", "3"], ["1"], ["bad"], ["3"]]
    assert scores([answers[0], answers[2]]) == [[1.0], [3.0]]
    assert str(answers[1]) == "bad user"


def test_more_than_may_wait_are_turned_away():
    _, answers = run([recommend("1"), recommend("2"), recommend("3")], max_waiting=2)
    assert scores(answers[:2]) == [[1.0], [2.0]]
    assert isinstance(answers[2], ApiError)
    assert answers[2].status == 429


def test_shorter_rows_are_padded():
    one = {"movie_id": np.array([[b"a"]], object), "rating": np.array([[5.0]], np.float32)}
    two = {"movie_id": np.array([[b"b", b"c"]], object), "rating": np.array([[4.0, 3.0]], np.float32)}
    inputs = {"movie_id": Tensor("string", (None, None)), "rating": Tensor("float32", (None, None))}
    merged = merge([one, two], Signature("recommend_for_history", "", inputs, {}))
    assert merged["movie_id"].tolist() == [[b"a", b""], [b"b", b"c"]]
    assert merged["rating"].tolist() == [[5.0, 0.0], [4.0, 3.0]]
    assert merged["rating"].dtype == np.float32


@pytest.mark.parametrize("widths", [(1, 2), (2, 2)])
def test_where_an_input_gives_the_width_of_the_answer_only_equal_widths_share_a_call(widths):
    def model(name, inputs):
        widths_seen.append(inputs["movie_id"].shape)
        return {"score": np.zeros(inputs["movie_id"].shape, np.float32)}

    async def ask():
        batcher = Batcher(model, max_rows=8, max_waiting=8)
        requests = [{"movie_id": np.full((1, width), b"m"), "user_id": np.array([b"1"])} for width in widths]
        answers = await asyncio.gather(*(batcher.submit(RANK, inputs, 1) for inputs in requests))
        batcher.close()
        return [answer["score"].shape for answer in answers]

    widths_seen: list[tuple[int, ...]] = []
    assert asyncio.run(ask()) == [(1, width) for width in widths]
    assert widths_seen == ([(1, 1), (1, 2)] if widths == (1, 2) else [(2, 2)])


def test_outputs_without_rows_go_to_everybody():
    outputs = {"score": np.array([[1], [2], [3]]), "version": np.array(7)}
    first, second = split(outputs, [2, 1])
    assert first["score"].tolist() == [[1], [2]]
    assert second["score"].tolist() == [[3]]
    assert first["version"] == second["version"] == 7
