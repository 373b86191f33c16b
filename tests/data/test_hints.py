"""What an unknown word may have meant."""

import pytest

from tfrs_lab.data.hints import did_you_mean, near_words


@pytest.mark.parametrize(
    ("word", "choices", "found"),
    [
        ("U1 ", ["u1", "u2"], ["u1"]),
        ("42", ["0042", "420"], ["0042"]),
        ("0042", ["42", "0043"], ["42"]),
        ("u007", ["u7", "u8"], ["u7"]),
        ("99999", ["9999", "99998"], []),
        ("customer-12", ["customer_12", "customer-13"], ["customer_12"]),
        ("Counter-Strike", ["Counter-Strike: Source", "Halo"], ["Counter-Strike: Source"]),
        ("toy storry", ["Toy Story (1995)", "GoldenEye (1995)"], ["Toy Story (1995)"]),
        ("100", ["1", "10"], []),
    ],
)
def test_the_nearest_spelling_is_found_and_numbers_are_near_no_other_number(word, choices, found):
    assert near_words(word, choices) == found


def test_of_very_many_only_those_of_the_same_beginning_are_compared():
    choices = [f"user{number:06}x" for number in range(30_000)] + ["zser000001x"]
    assert near_words("zser00000lx", choices) == ["zser000001x"]
    assert did_you_mean("entirely other", choices) == ""
