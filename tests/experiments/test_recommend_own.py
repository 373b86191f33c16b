"""From a file of one's own ratings to recommendations by one command."""

import json

import polars as pl
import pytest

from experiments.cli import main


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
