"""Distributions of then and now."""

import math

import numpy as np
import pytest

from tfrs_lab.evaluation.drift import of_lengths, of_values, stability_index

random = np.random.default_rng(0)


def test_the_index_is_that_of_the_formula():
    p, q = np.array([60.5, 40.5]) / 101, np.array([10.5, 90.5]) / 101
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert stability_index(np.array([60, 40]), np.array([10, 90])) == pytest.approx(expected)


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "stable"), (0.4, "shifting"), (1.5, "changed")])
def test_values_that_move_are_told(shift, verdict):
    found = of_values("score", random.normal(size=5000), random.normal(shift, size=5000))
    assert found.verdict == verdict
    assert found.now - found.then == pytest.approx(shift, abs=0.1)


def test_lengths_are_compared_by_group_and_zero_is_one():
    same = of_lengths("length", [0, 3, 3, 30, 500] * 100, [0, 4, 4, 40, 900] * 100)
    assert (same.verdict, same.index) == ("stable", pytest.approx(0))
    assert of_lengths("length", [30] * 100, [0] * 100).verdict == "changed"


def test_of_nothing_nothing_is_said():
    found = of_values("score", [], [1.0])
    assert math.isnan(found.then)
    assert found.verdict == ""
