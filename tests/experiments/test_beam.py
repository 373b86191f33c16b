"""Lists for everybody by Apache Beam, as docs/distributed.md shows it: BEAM_PYTHON is a Python that has it."""

import os
import re
import subprocess
from pathlib import Path

import polars as pl
import pytest

from tfrs_lab.data import generate
from tfrs_lab.experiments.cli import main

PAGE = Path(__file__).parent.parent.parent / "docs" / "distributed.md"


@pytest.mark.slow
@pytest.mark.skipif("BEAM_PYTHON" not in os.environ, reason="BEAM_PYTHON: no environment with Apache Beam")
def test_beam_writes_the_lists_of_all_users(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = generate(80, 60, 2_000)
    dataset.ratings.write_parquet("ratings.parquet")
    Path("users.txt").write_text("\n".join(dataset.users["user_id"]) + "\n")
    words = ["--retrieval.parts", "in_batch", "--retrieval.in-batch.epochs", "1"]
    assert main(["run", "retrieval", "--ratings", "ratings.parquet", *words, "--out", "run"]) == 0
    assert main(["export", "run", "exports/movies", "--index", "brute-force"]) == 0
    code = re.search(r"```python\n(import apache_beam.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    Path("lists.py").write_text(code[1])
    subprocess.run([os.environ["BEAM_PYTHON"], "lists.py"], check=True)
    lists = pl.concat([pl.read_csv(file) for file in tmp_path.glob("lists-*.csv")])
    assert lists.group_by("user_id").len()["len"].to_list() == [10] * 80
