"""Killed runs, failing disks and two processes at once, in their short form."""

import errno

from soak import disks, kills


def test_a_killed_run_finishes_with_the_same_numbers():
    found = kills.hunt(0, kills=2, neural=False)
    assert [failure.what for failure in found.failures] == []
    assert found.counts["resumed"] + found.counts["run again"] == 2


def test_a_disk_that_fails_at_any_write_leaves_the_earlier_run():
    found = disks.hunt(0, pairs=0, errors=(errno.ENOSPC,))
    assert [failure.what for failure in found.failures] == []
    assert found.counts["faults"] > 10


def test_two_processes_with_one_output_or_one_cache():
    found = disks.hunt(0, pairs=2, errors=())
    assert [failure.what for failure in found.failures] == []
    assert found.counts["pairs"] == 2
