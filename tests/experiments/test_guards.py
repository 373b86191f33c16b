"""Faults that make a model wrong without a sound, planted one by one."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from tfrs_lab import fit
from tfrs_lab.data import DataError, Interactions, Split, Vocabulary, generate, split
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.experiments.runs.guards import same_lists, unknown_share
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import Specification, Trained
from tfrs_lab.models.training.reporter import Reporter

EASE = specification("ease")


@pytest.fixture(scope="module")
def parts():
    return split(generate(40, 30, 600, seed=0), "random", seed=0)


def run(fitted: Specification, parts: Split, directory, reporter=None):
    return fit_on_split(fitted, fitted.config(), parts, FitSetup(directory, reporter=reporter or Reporter()))


def test_without_a_fault_nothing_is_said(parts, tmp_path):
    run(EASE, parts, tmp_path)
    assert unknown_share(parts) is None


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_held_out_row_in_train(parts, tmp_path, part):
    leaking = replace(parts, train=pl.concat([parts.train, getattr(parts, part).head(1)]), rows=None)
    with pytest.raises(DataError, match=f"leakage: expected {part} rows that are not in train, got 1 that are"):
        run(EASE, leaking, tmp_path)
    with pytest.raises(DataError, match="leakage"):
        fit("ease", leaking)


@pytest.mark.parametrize("column", ["user_id", "movie_id"])
def test_ids_that_are_in_test_only(parts, tmp_path, column):
    other = parts.test.with_columns(pl.format("x{}", column).alias(column))
    with pytest.raises(DataError, match=f"ids that are in test only: expected some {column} .* written alike"):
        run(EASE, replace(parts, kind="files", test=other), tmp_path)
    with pytest.raises(DataError, match=rf"expected some {column} of test to be in train, got none, .* beside '\d+'$"):
        run(EASE, replace(parts, test=other), tmp_path)


@pytest.mark.parametrize("written", ["x{}", "00{}"])
def test_users_whom_two_files_write_in_two_ways_are_no_new_users(parts, tmp_path, written):
    files = Split("files", parts.train, parts.validation, parts.test)
    other = files.test.with_columns(user_id=pl.format(written, "user_id"))
    assert replace(files, test=other).asks == "cold-users"
    with pytest.raises(DataError, match=r"ids that are in test only: expected some user_id .* alike in both files"):
        run(EASE, replace(files, test=other), tmp_path)


def test_many_ids_that_are_in_test_only_are_told(parts, tmp_path):
    half = parts.test.with_columns(
        movie_id=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.format("x{}", "movie_id")).otherwise("movie_id")
    )
    said = []
    reporter = Reporter()
    reporter.line = said.append
    run(EASE, replace(parts, test=half), tmp_path, reporter)
    assert said[0] == "50% of the test rows are about movies that train does not have"


@dataclass
class Planted:
    """A model with a vocabulary and scores of its own."""

    users: Vocabulary
    movies: Vocabulary
    alike: bool = False

    def score(self, users):
        rows = np.zeros(len(users), int) if self.alike else np.asarray(users)
        return np.random.default_rng(0).normal(size=(len(self.users), len(self.movies))).astype(np.float32)[rows]


def planting(**faults):
    def fit_planted(config, rows, context):
        model = Planted(faults.get("users", rows.users), faults.get("movies", rows.movies), "alike" in faults)
        return Trained(model, history=faults.get("history", []))

    return replace(EASE, fit=fit_planted)


@pytest.mark.parametrize("what", ["users", "movies"])
def test_a_vocabulary_built_on_test(parts, tmp_path, what):
    column = {"users": "user_id", "movies": "movie_id"}[what]
    everything = Vocabulary.from_ids([*parts.train_and_validation[column].unique(), "only in test"])
    with pytest.raises(
        DataError, match=rf"vocabulary beyond train: .* the {what} .* got 1 more, such as 'only in test'"
    ):
        run(planting(**{what: everything}), parts, tmp_path)


def test_a_model_that_gives_everybody_the_same_list(parts, tmp_path):
    trained = planting(alike=True, history=[{"loss": 0.1}])
    with pytest.raises(FloatingPointError, match="ease has collapsed: it gives everybody the same order"):
        run(trained, parts, tmp_path)
    run(replace(trained, personal=False), parts, tmp_path)


def test_one_without_epochs_is_told_of(parts, tmp_path):
    said = []
    reporter = Reporter()
    reporter.line = said.append
    run(planting(alike=True), parts, tmp_path, reporter)
    assert "warning: ease has collapsed" in said[0]


def test_few_users_may_well_be_alike():
    rows = Interactions.from_ratings(pl.DataFrame({"user_id": ["a", "b"], "movie_id": ["m", "n"]}))
    assert not same_lists(Planted(rows.users, rows.movies, alike=True), rows)


def test_users_who_differ_in_nothing_are_rightly_alike():
    """Twelve users of the same two movies, or of one movie each; alike is wrong for twelve with two of their own."""
    people = [f"u{number:02}" for number in range(12)]
    tables = {
        "all the same": [(user, movie) for user in people for movie in ("a", "b")],
        "one each": [(user, f"m{place % 5}") for place, user in enumerate(people)],
        "two each": [(user, f"m{place + step}") for place, user in enumerate(people) for step in (0, 1)],
    }
    found = {}
    for name, pairs in tables.items():
        rows = Interactions.from_ratings(pl.DataFrame(pairs, schema=["user_id", "movie_id"], orient="row"))
        found[name] = same_lists(Planted(rows.users, rows.movies, alike=True), rows)
    assert found == {"all the same": False, "one each": False, "two each": True}


def test_a_candidate_that_is_there_twice():
    with pytest.raises(DataError, match="duplicated candidates: expected each id once in a vocabulary, got '50' again"):
        Vocabulary(["1", "50", "50"])
