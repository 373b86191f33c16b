"""Sequels and parts of series on MovieLens-100K: whoever asks for movies like the first wants to see the second."""

from pathlib import Path

import numpy as np

from tfrs_lab.experiments.storage.stored_model import load_model

PAIRS = (
    ("Star Wars (1977)", "Empire Strikes Back, The (1980)"),
    ("Empire Strikes Back, The (1980)", "Return of the Jedi (1983)"),
    ("Godfather, The (1972)", "Godfather: Part II, The (1974)"),
    ("Alien (1979)", "Aliens (1986)"),
    ("Terminator, The (1984)", "Terminator 2: Judgment Day (1991)"),
    ("Raiders of the Lost Ark (1981)", "Indiana Jones and the Last Crusade (1989)"),
    ("Die Hard (1988)", "Die Hard 2 (1990)"),
    ("Die Hard 2 (1990)", "Die Hard: With a Vengeance (1995)"),
    ("Star Trek: The Wrath of Khan (1982)", "Star Trek III: The Search for Spock (1984)"),
    ("Batman (1989)", "Batman Returns (1992)"),
    ("Jurassic Park (1993)", "Lost World: Jurassic Park, The (1997)"),
    ("Wrong Trousers, The (1993)", "Close Shave, A (1995)"),
    ("Three Colors: Red (1994)", "Three Colors: Blue (1993)"),
    ("Jean de Florette (1986)", "Manon of the Spring (Manon des sources) (1986)"),
    ("Free Willy (1993)", "Free Willy 2: The Adventure Home (1995)"),
)


def found_among(run: Path, k: int = 10) -> list[tuple[str, str]]:
    """The pairs whose second movie is among the k that the run's model holds most like the first."""
    model = load_model(run)
    ids = {title: movie_id for movie_id, title in model.titles.items()}
    first, second = (model.recommender.movies.encode([ids[pair[side]] for pair in PAIRS]) for side in (0, 1))
    alike = np.array(model.recommender.similarity(first))
    alike[np.arange(len(first)), first] = -np.inf
    rank = (alike > alike[np.arange(len(first)), second][:, None]).sum(axis=1)
    return [pair for pair, place in zip(PAIRS, rank, strict=True) if place < k]
