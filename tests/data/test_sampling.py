import numpy as np

from tfrs_lab.data.sampling import drawn


def test_a_draw_is_a_fair_sample_without_repetition_that_the_seed_decides():
    counts = np.zeros(50)
    for seed in range(2000):
        chosen = drawn(50, 10, seed)
        assert len(np.unique(chosen)) == 10
        assert (np.diff(chosen) > 0).all()
        counts[chosen] += 1
    assert np.abs(counts / 2000 - 0.2).max() < 0.05  # standard deviation .009
    np.testing.assert_array_equal(drawn(50, 10, 3), drawn(50, 10, 3))


def test_all_are_taken_where_they_are_few():
    assert drawn(4, 4, 0).tolist() == drawn(4, 9, 1).tolist() == [0, 1, 2, 3]
    assert drawn(0, 9, 0).tolist() == []
