"""EASE of RecTools, with the penalty that was best on validation of this split."""

from __future__ import annotations

import pandas as pd
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel

from benchmarks.peers.lists import read_rows, write_lists


def main() -> None:
    """Trains and writes lists."""
    users, movies = read_rows()
    named = {Columns.User: users, Columns.Item: movies, Columns.Weight: 1.0, Columns.Datetime: "2000-01-01"}
    dataset = Dataset.construct(pd.DataFrame(named))
    model = EASEModel(regularization=800.0)
    model.fit(dataset)
    scores = dataset.get_user_item_matrix() @ model.weight
    order = dataset.user_id_map.convert_to_internal(range(scores.shape[0]))
    columns = dataset.item_id_map.convert_to_internal(range(scores.shape[1]))
    write_lists(scores[order][:, columns], users, movies)


if __name__ == "__main__":
    main()
