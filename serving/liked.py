"""What somebody liked of what they have rated: the only movies that are named as reasons."""

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
