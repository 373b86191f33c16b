"""Ids of any spelling can be named on the command line."""

import pytest

from tfrs_lab.data import DataError
from tfrs_lab.experiments.command_line.id_lists import parse_history, parse_ids

GAMES = {
    "Half-Life 2",
    "Half-Life 2:1",
    "Counter-Strike: Source",
    "Dawn of War 40,000",
    "e",
    "1,2",
    "1",
    "2",
    " x",
    '"q"',
}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["Half-Life 2:1"], [("Half-Life 2:1", None)]),
        (["Half-Life 2:1:4"], [("Half-Life 2:1", 4.0)]),
        (["Half-Life 2:1.0"], [("Half-Life 2", 1.0)]),
        (["Half-Life 2:3"], [("Half-Life 2", 3.0)]),
        (["Counter-Strike: Source"], [("Counter-Strike: Source", None)]),
        (["Counter-Strike: Source:2.5"], [("Counter-Strike: Source", 2.5)]),
        (["Dawn of War 40,000"], [("Dawn of War 40,000", None)]),
        (["e, Dawn of War 40,000:5 ,Half-Life 2"], [("e", None), ("Dawn of War 40,000", 5.0), ("Half-Life 2", None)]),
        (["1,2"], [("1,2", None)]),
        (["1", "2"], [("1", None), ("2", None)]),
        (["1,2,2:3"], [("1,2", None), ("2", 3.0)]),
        ([" x", '"q"'], [(" x", None), ('"q"', None)]),
        (["e:-1"], [("e", -1.0)]),
        (["no: such"], [("no: such", None)]),
        (["no such:4"], [("no such", 4.0)]),
    ],
)
def test_an_id_of_the_data_counts_as_it_stands_and_a_rating_is_read_otherwise(values, wanted):
    assert parse_history(values, GAMES) == wanted


def test_without_a_catalogue_commas_and_the_last_colon_decide():
    assert parse_history(["50:5, 172,a:b:3.5"], ()) == [("50", 5.0), ("172", None), ("a:b", 3.5)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["e,,1"], "--history 'e,,1': expected a movie id between commas, got nothing"),
        ([""], "expected a movie id between commas, got nothing"),
        (["e:five"], "expected a number after the colon of e, got 'five'"),
        (["e:nan"], "expected a number after the colon of e, got 'nan'"),
        (["e", "1,2,e:3"], "--history: expected each movie once, got 'e' again"),
    ],
)
def test_what_cannot_be_read_is_said(values, message):
    with pytest.raises(DataError) as raised:
        parse_history(values, GAMES)
    assert message in str(raised.value)


def test_lists_of_ids_alone_have_no_ratings():
    assert parse_ids(["e:5,1", "Half-Life 2:1"], GAMES, option="--remove") == ["e:5", "1", "Half-Life 2:1"]
