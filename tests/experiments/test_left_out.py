"""What the data does not allow of what was asked is said, once."""

from dataclasses import replace

import numpy as np
import pytest

from tests.experiments.lines import Lines
from tfrs_lab.data import DataError, Interactions, generate, split
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.models.closed_form.linear import LinearConfig
from tfrs_lab.models.closed_form.transitions import TransitionsConfig
from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit import fit_retrieval
from tfrs_lab.models.retrieval.left_out import left_out
from tfrs_lab.models.specification import FitContext
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig


@pytest.fixture(scope="module")
def rows(planted):
    return Interactions.from_ratings(planted.train)


def lines_of(rows, **fields) -> list[str]:
    features = np.eye(len(rows.movies), 2, dtype=np.float32)
    return left_out(RetrievalConfig(**fields), TrainingData(rows, np.zeros((len(rows.users), 0), np.float32), features))


def test_nothing_is_said_where_everything_can_be_learned(rows):
    assert lines_of(rows, parts=("joint", "linear", "transitions", "trend", "sequence", "history")) == []


def test_tasks_that_cannot_be_learned(rows):
    same = replace(rows, rating=np.full(len(rows), 4.0, np.float32))
    assert lines_of(same, parts=("joint",)) == ["joint: without the rating task: all ratings are 4"]
    bare = TrainingData.without_features(replace(rows, rating=None))
    assert left_out(RetrievalConfig(parts=("joint",)), bare) == [
        "joint: without the content task: no features that differ between movies are known",
        "joint: without the rating task: there are no ratings",
    ]


def test_movies_that_the_linear_part_leaves_out(rows):
    found = lines_of(rows, parts=("linear",), linear=LinearConfig(max_movies=12))
    assert len(found) == 1
    assert "linear: the 12 most rated of 20 movies take part" in found[0]
    assert "--retrieval.linear.max-movies" in found[0]


def test_time_that_is_not_there_or_tells_nothing(rows):
    parts = ("linear", "transitions", "trend", "sequence", "history")
    timeless = lines_of(replace(rows, timestamp=None), parts=parts)
    assert [line.split(":")[0] for line in timeless] == ["linear", "transitions", "trend"]
    every = lines_of(replace(rows, timestamp=None), parts=parts, towers="all")
    assert [line.split(":")[0] for line in every] == ["linear", "sequence", "transitions", "trend"]
    assert all("no timestamps" in line for line in timeless)
    assert "transitions: no timestamps: left out, nothing follows anything" in timeless
    equal = lines_of(replace(rows, timestamp=np.full(len(rows), 7)), parts=parts)
    assert all("all timestamps are equal" in line for line in equal)
    assert lines_of(replace(rows, timestamp=None), parts=("history",)) == []


def test_a_fit_says_it_once_and_the_fit_that_follows_its_plan_is_silent(planted, rows, tmp_path):
    config = RetrievalConfig(parts=("linear", "transitions", "trend"))
    timeless, said = replace(rows, timestamp=None), Lines()
    context = FitContext(seed=0, checkpoints=tmp_path / "c", tensorboard=tmp_path / "t", reporter=said)
    plan = fit_retrieval(config, timeless, context).plan
    assert sum("no timestamps" in line for line in said.lines) == 3
    assert "transitions" not in plan
    again = Lines()
    fit_retrieval(config, timeless, replace(context, plan=plan, reporter=again))
    assert again.lines == []


def test_a_run_says_that_it_learns_no_ratings(planted, tmp_path, capsys):
    files = []
    for part in ("train", "validation", "test"):
        file = tmp_path / f"{part}.csv"
        getattr(planted, part).select("user_id", "movie_id").write_csv(file)
        files += [f"--{part}", str(file)]
    words = ["--retrieval.parts", "joint", "--retrieval.joint.retrieval.epochs", "2", "--out", str(tmp_path / "run")]
    assert main(["run", "retrieval", *files, *words]) == 0
    said = capsys.readouterr().err
    assert said.count("joint: without the rating task: there are no ratings") == 1
    assert said.count("joint: without the content task") == 1


def test_a_hybrid_that_has_nothing_to_calibrate_on_says_whose_constants_it_takes(tmp_path):
    dataset, said = generate(60, 40, 1200, seed=0), Lines()
    history = PairConfig(query=("history",), objective="softmax", dimension=4, epochs=1)
    config = HybridConfig(retrieval=RetrievalConfig(parts=("history",), history=history))
    fit_on_split(
        specification("hybrid"),
        config,
        split(dataset, "cold-items"),
        FitSetup(tmp_path, reporter=said, dataset=dataset),
    )
    told = [line for line in said.lines if "MovieLens-100K" in line]
    assert len(told) == 1
    assert told[0].startswith("calibration: validation does not rank all movies")


def test_a_hybrid_without_movies_to_hide_says_so(tmp_path):
    dataset, said = generate(30, 4, 100, tastes=2, seed=0), Lines()  # a tenth of four movies is none
    history = PairConfig(query=("history",), objective="softmax", dimension=4, epochs=1)
    config = HybridConfig(retrieval=RetrievalConfig(parts=("history",), history=history))
    parts = split(dataset, "random")
    fit_on_split(
        specification("hybrid"),
        config,
        parts,
        FitSetup(tmp_path, reporter=said, dataset=dataset),
    )
    assert len(parts.train["movie_id"].unique()) == 4
    told = [line for line in said.lines if "MovieLens-100K" in line]
    assert [line.split(":")[1].strip() for line in told] == ["no movies can be hidden from train"]


def test_a_sequence_part_without_sequences_is_left_out_and_said(tmp_path):
    ratings = generate(60, 40, 900, seed=0).ratings.unique("user_id", keep="first", maintain_order=True)
    rows, said = Interactions.from_ratings(ratings), Lines()
    context = FitContext(0, tmp_path, tmp_path, reporter=said)
    trained = fit_retrieval(RetrievalConfig(parts=("sequence", "linear")), rows, context)
    assert set(trained.plan["weights"]) == {"taste"}
    assert trained.plan["epochs"] == {}
    assert "sequence: left out, no user has two movies, nothing follows anything" in said.lines
    with pytest.raises(DataError, match="sequence: no user has two movies"):
        fit_retrieval(RetrievalConfig(parts=("sequence", "transitions", "trend")), rows, context)


def test_without_the_package_implicit_ials_is_left_out_and_said(rows, tmp_path, monkeypatch):
    monkeypatch.setattr("tfrs_lab.models.retrieval.left_out.find_spec", lambda name: None)
    context = FitContext(0, tmp_path, tmp_path, reporter=Lines())
    trained = fit_retrieval(RetrievalConfig(parts=("linear", "ials")), rows, context)
    assert "ials" not in trained.plan
    said = "ials: left out, it needs the package implicit: pip install 'tfrs-lab[baselines]'"
    assert said in context.reporter.lines
    with pytest.raises(DataError, match="ials: it needs the package implicit"):
        fit_retrieval(RetrievalConfig(parts=("ials",)), rows, context)


def test_parts_that_go_by_time_alone_are_refused_without(rows, tmp_path):
    context = FitContext(0, tmp_path, tmp_path, reporter=Lines())
    with pytest.raises(DataError, match="expected timestamps for transitions, trend, got ratings without"):
        fit_retrieval(RetrievalConfig(parts=("transitions", "trend")), replace(rows, timestamp=None), context)


def test_transitions_of_users_with_one_movie_each_are_refused(tmp_path, planted):
    ratings = planted.train.unique("user_id", keep="first", maintain_order=True)
    rows, monitor = Interactions.from_ratings(ratings), Monitor(planted.validation, ratings)
    for context in (FitContext(0, tmp_path, tmp_path), FitContext(0, tmp_path, tmp_path, monitor=monitor)):
        with pytest.raises(DataError, match="transitions: no user has two movies, nothing follows anything"):
            fit_retrieval(RetrievalConfig(parts=("transitions",)), rows, context)


def test_a_shorter_reach_of_transitions_is_said(rows, monkeypatch):
    assert lines_of(rows, parts=("transitions",)) == []
    monkeypatch.setattr("tfrs_lab.models.closed_form.transitions.MOST_PAIRS", 7 * len(rows))
    said = ["transitions: of so many ratings what follows is counted 7 places ahead at most"]
    assert lines_of(rows, parts=("transitions",)) == said
    near = TransitionsConfig(reach=7, search=False)
    assert lines_of(rows, parts=("transitions",), transitions=near) == []
