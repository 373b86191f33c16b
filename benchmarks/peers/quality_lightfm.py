"""LightFM with WARP loss, as in its quickstart; 32 components and 10 epochs are best on validation."""

from __future__ import annotations

import numpy as np
from lightfm import LightFM
from scipy.sparse import coo_matrix

from benchmarks.peers.lists import read_rows, write_lists


def main() -> None:
    """Trains and writes lists."""
    users, movies = read_rows()
    model = LightFM(loss="warp", no_components=32, random_state=0)
    model.fit(coo_matrix((np.ones(len(users), np.float32), (users, movies))), epochs=10, num_threads=2)
    user_bias, user_vectors = model.get_user_representations()
    movie_bias, movie_vectors = model.get_item_representations()
    write_lists(user_vectors @ movie_vectors.T + user_bias[:, None] + movie_bias, users, movies)


if __name__ == "__main__":
    main()
