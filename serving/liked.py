"""What somebody liked of what they have rated, which reasons are named of, and what they disliked."""

from __future__ import annotations

from collections.abc import Sequence


def liked(history: Sequence[tuple[str, float | None]]) -> list[str]:
    """Ids of the movies that were rated no lower than the mean of the history, and of those without a rating.

    >>> liked([("a", 5.0), ("b", 1.0), ("c", None)])
    ['a', 'c']
    >>> liked([("a", 3.0), ("b", 3.0)])
    ['a', 'b']
    """
    ratings = [rating for _, rating in history if rating]
    mean = sum(ratings) / max(len(ratings), 1)
    return [movie_id for movie_id, rating in history if not rating or rating >= mean]


def disliked_below(lowest: float, highest: float) -> float | None:
    """The end of the lowest quarter of a scale: what is rated below says what somebody does not want.

    None where ratings do not differ, or 0 is one, which in requests stands for none.

    >>> disliked_below(1.0, 5.0)
    2.0
    >>> disliked_below(1.0, 1.0) is disliked_below(0.0, 1.0) is None
    True
    """
    return lowest + (highest - lowest) / 4 if 0 < lowest < highest else None
