"""From a file of one's own ratings to recommendations by one command."""

import json
import shlex
from dataclasses import replace

import polars as pl
import pytest

from tfrs_lab.experiments.cli import main


@pytest.fixture
def shop(planted, tmp_path):
    """All but the withheld movies, under other names and between semicolons."""
    ratings = pl.concat([planted.train, planted.validation]).rename({"user_id": "customer", "movie_id": "film"})
    ratings.select("customer", "film").write_csv(tmp_path / "shop.csv", separator=";")
    return ["recommend", "--ratings", str(tmp_path / "shop.csv"), "--columns", "user_id=customer,movie_id=film"]


def test_a_user_gets_the_one_movie_of_the_group_that_is_left(shop, planted, capsys):
    left = dict(planted.test.select("user_id", "movie_id").iter_rows())
    assert main([*shop, "--user", "u01", "--k", "1", "--json"]) == 0
    assert [row["movie_id"] for row in json.loads(capsys.readouterr().out)] == [left["u01"]]


def test_without_a_user_it_is_for_somebody_who_is_named(shop, capsys):
    assert main([*shop, "--k", "2", "--model", "ials"]) == 0
    assert "ials recommends for user u" in capsys.readouterr().out


def test_lists_for_everybody(shop, planted, tmp_path, capsys):
    assert main([*shop, "--all-users", "--out", str(tmp_path / "lists.parquet"), "--k", "1"]) == 0
    found = pl.read_parquet(tmp_path / "lists.parquet").join(planted.test, on=["user_id", "movie_id"])
    assert found.height == 60
    assert "60 movies for 60 users" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["recommend", "--user", "1"], "either a run or an export, or --ratings"),
        (["recommend", ".", "--user", "1", "--columns", "user_id=u"], "together with --ratings"),
        (["recommend", "--ratings", "my.csv", "--model", "eas"], "did you mean ease?"),
    ],
)
def test_options_that_do_not_go_together(words, message, capsys):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_what_compare_and_run_suggest_next_works_on_these_data(shop, tmp_path, capsys):
    own = shop[1:]
    assert main(["compare", "popularity", "ease", *own, "--out", str(tmp_path / "both")]) == 0
    assert main(["run", "ease", *own, "--out", str(tmp_path / "one")]) == 0
    lines = [line.strip().removeprefix("next: ") for line in capsys.readouterr().out.splitlines()]
    suggested = [line.split()[1:] for line in lines if " recommend " in line]
    assert [words[2] for words in suggested] == ["--user", "--history", "--user"]
    assert [main(words) for words in suggested] == [0, 0, 0]


def test_titles_are_shown_as_they_are_written_but_command_no_terminal(planted, tmp_path, capsys):
    """Neither rich's markup nor a terminal's control characters are obeyed."""
    titles = ["[rec] (2007)", "a [/b]", "[link=x]y", ":smile:", "back\\"]
    movies = planted.train["movie_id"].unique().sort()
    named = [titles[place] if place < len(titles) else "\x1b[2Jgone" for place in range(len(movies))]
    pl.concat([planted.train, planted.validation]).write_csv(tmp_path / "ratings.csv")
    pl.DataFrame({"movie_id": movies, "movie_title": named}).write_csv(tmp_path / "movies.csv")
    own = ["--ratings", f"{tmp_path}/ratings.csv", "--movies", f"{tmp_path}/movies.csv"]
    for user in sorted(planted.train["user_id"].unique())[:3]:
        assert main(["recommend", *own, "--model", "popularity", "--user", user, "--k", str(len(movies))]) == 0
    assert main(["compare", "popularity", *own, "--out", str(tmp_path / "runs")]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "�[2Jgone" in shown
    assert [title for title in titles if title not in shown] == []


def write(path, head, rows):
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return str(path)


FIVE = [("u1", "a", 5, 100), ("u1", "b", 4, 200), ("u2", "a", 3, 300), ("u2", "c", 5, 400), ("u3", "b", 1, 500)]
TINY = {
    "one row": ([("u1", "a", 3, 100)], "u1", []),
    "five rows": (FIVE, "u1", ["c"]),
    "one movie": ([(f"u{n}", "a", 3, 100) for n in range(1, 4)], "u1", []),
    "one user": ([("u1", movie, n, 100 * n) for n, movie in enumerate("abcdefg")], "u1", []),
    "all identical": ([(f"u{n}", movie, 4, 7) for n in range(1, 30) for movie in "abc"], "u1", []),
    "five each": ([(f"u{n}", "abcdefg"[(n + i) % 7], 3, 100 * n + i) for n in range(7) for i in range(5)], "u1", "ag"),
}


@pytest.mark.parametrize("model", ["popularity", "random", "itemknn", "ease", "contentknn"])
@pytest.mark.parametrize("kind", TINY)
def test_any_file_is_learned_from_and_needs_no_split(kind, model, tmp_path, capsys):
    rows, user, wanted = TINY[kind]
    rows = [(who, movie, rating, 1_500_000_000 + time) for who, movie, rating, time in rows]
    file = write(tmp_path / "r.csv", "user_id,movie_id,user_rating,timestamp", rows)
    assert main(["recommend", "--ratings", file, "--user", user, "--k", "3", "--model", model, "--json"]) == 0
    said = capsys.readouterr()
    assert {row["movie_id"] for row in json.loads(said.out)} == set(wanted)
    movies = len({movie for _, movie, _, _ in rows})
    whole = "the only movie" if movies == 1 else f"all {movies} movies"
    assert (f"user u1 has rated {whole} that {model} knows: nothing is left to recommend" in said.err) is not wanted
    assert "collapsed" not in said.err


def test_a_model_that_chooses_takes_its_defaults_where_nothing_can_be_held_out(tmp_path, monkeypatch, capsys):
    from tfrs_lab.experiments.recommend import from_ratings as recommend_own
    from tfrs_lab.models.specification import Trained

    monitors = []
    real = recommend_own.specification("ease")

    def fit(config, rows, context):
        monitors.append(context.monitor)
        return Trained(real.fit(config, rows, context).recommender, plan={"epochs": 3})

    monkeypatch.setattr(recommend_own, "specification", lambda name: replace(real, fit=fit))
    file = write(tmp_path / "r.csv", "user_id,movie_id", [("u1", "a"), ("u2", "b")])
    assert main(["recommend", "--ratings", file, "--user", "u1"]) == 0
    assert "ease: too few ratings to hold some out and choose settings by them; the defaults are taken" in (
        capsys.readouterr().err
    )
    assert set(monitors) == {None}


@pytest.mark.parametrize(
    ("head", "rows", "line"),
    [
        ("user_id,movie_id,user_rating", [("u1", "a", 1), ("u1", "b", 5), ("u2", "c", 2)], "2 movies, highest: b, a"),
        ("user_id,movie_id,user_rating", [("u1", "a", 5), ("u1", "b", 5), ("u2", "c", 2)], "2 movies, in the history"),
        ("user_id,movie_id", [("u1", "a"), ("u2", "c")], "1 movie, in the history: a"),
        ("user_id,movie_id,timestamp", [("u1", "a", 10), ("u1", "b", 20), ("u2", "c", 30)], "2 movies, latest: b, a"),
        ("user_id,movie_id,timestamp", [("u1", "a", 10), ("u1", "b", 10), ("u2", "c", 30)], "in the history: a, b"),
    ],
)
def test_what_is_said_of_a_user_is_true(head, rows, line, tmp_path, capsys):
    if head.endswith("timestamp"):
        rows = [(user, movie, 1_500_000_000 + 10**6 * time) for user, movie, time in rows]
    file = write(tmp_path / "r.csv", head, rows)
    assert main(["recommend", "--ratings", file, "--user", "u1"]) == 0
    assert line in capsys.readouterr().out.splitlines()[0]


def test_a_user_who_is_not_there_is_told_with_those_who_may_be_meant(shop, capsys):
    assert main([*shop, "--user", "U-01", "--k", "2"]) == 0
    said = capsys.readouterr()
    assert "user U-01 is not in" in said.err
    assert "showing what is popular there; did you mean u01?" in said.err
    assert "ease recommends for user U-01" in said.out


def test_the_next_command_carries_what_was_needed_and_works(tmp_path, capsys):
    rows = [(f"u{n}", "abcdefghij"[(n + i) % 10], 1 + i % 5) for n in range(20) for i in range(6)]
    file = write(tmp_path / "my shop.csv", "customer,film,user_rating", [*rows, ("u1", "", 3)])
    own = ["--ratings", file, "--columns", "user_id=customer,movie_id=film", "--skip-bad-lines"]
    assert main(["recommend", *own, "--user", "u1"]) == 0
    said = capsys.readouterr().out
    words = shlex.split(next(line for line in said.splitlines() if line.startswith("next: ")))[2:]
    assert words == ["run", "ease", *own]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0


def test_a_comparison_names_its_runs(shop, tmp_path, capsys):
    out = tmp_path / "both"
    assert main(["compare", "popularity", "ease", *shop[1:], "--out", str(out)]) == 0
    for command in (["recommend", str(out), "--user", "u01"], ["export", str(out), str(tmp_path / "export")]):
        capsys.readouterr()
        assert main(command) == 1
        said = capsys.readouterr().err
        assert f"expected a run, got a comparison of several; its runs: {out}/popularity, {out}/ease" in said
    assert main(["recommend", f"{out}/ease", "--user", "u01"]) == 0


def test_movies_of_limits_that_are_not_known_are_told(shop, tmp_path, capsys):
    (tmp_path / "allow.csv").write_text("movie_id\nm00\nM 01\nm02\n")
    words = [*shop, "--all-users", "--out", str(tmp_path / "lists.parquet"), "--allow", str(tmp_path / "allow.csv")]
    assert main(words) == 0
    assert "--allow: 1 of its 3 movies are unknown, such as 'M 01'; did you mean m01?" in capsys.readouterr().err


def test_a_place_that_holds_no_run_says_what_it_holds(shop, tmp_path, capsys):
    assert main(["run", "popularity", *shop[1:], "--out", str(tmp_path / "runs" / "one")]) == 0
    for place, expected in (
        (tmp_path / "runs", f"got neither; runs in it: {tmp_path}/runs/one"),
        (tmp_path / "shop.csv", "got a file; --ratings takes ratings"),
        (tmp_path / "nothing", "got no such directory"),
    ):
        capsys.readouterr()
        assert main(["recommend", str(place), "--user", "u01"]) == 1
        assert expected in capsys.readouterr().err
