"""What a word that is not known may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

MANY = 20_000
"""With more choices than this, only those of about the same length and beginning are compared letter by letter."""


def did_you_mean(word: str, choices: Iterable[str], count: int = 1) -> str:
    """A hint at what may have been meant, to end a message with; empty where nothing is near.

    >>> did_you_mean("retreival", ["ease", "retrieval"])
    '; did you mean retrieval?'
    >>> did_you_mean("U 7", ["u7", "u8"]), did_you_mean("7", ["0007", "8"]), did_you_mean("99", ["98", "97"])
    ('; did you mean u7?', '; did you mean 0007?', '')

    Args:
        word: What came.
        choices: What is known.
        count: Most choices to name.
    """
    close = near_words(word, choices, count)
    shown = (one if re.fullmatch(r"[\w.-]+", one) else repr(one) for one in close)
    return f"; did you mean {' or '.join(shown)}?" if close else ""


def near_words(word: str, choices: Iterable[str], count: int = 1) -> list[str]:
    """The choices that are spelled most like a word, the nearest first.

    What differs only in case, spaces, punctuation or leading zeros is nearest. Numbers are near nothing else: 98 is not
    a misspelled 99.
    """
    everything = list(choices)
    plain = _plain(word)
    same = [choice for choice in everything if _plain(choice) == plain]
    if same or plain.isdigit():
        return same[:count]
    if len(everything) > MANY:
        everything = [one for one in everything if abs(len(one) - len(word)) <= 1 and one[:2] == word[:2]]
    folded = {choice.casefold(): choice for choice in reversed(everything)}
    return [folded[close] for close in difflib.get_close_matches(word.casefold(), folded, n=count)]


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case, numbers without leading zeros."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]+", "", text.casefold()))
