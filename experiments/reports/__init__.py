"""One self-contained HTML page about a run, or about several side by side.

Each module here but the first three makes one kind of section from finished runs, and nothing where the runs hold
nothing for it:

    runs, html, page          what is read, and how sections and the whole come about
    numbers                   tables of metrics, paired differences
    learning, lists, groups   learning curves, quality by length of the list, by users and movies
    ratings, cold             predicted ratings; new users and new movies
    movie_map, index          where the model puts movies; what the index costs in recall
    examples, environment     some users' lists; settings, versions, machine
"""

from tfrs_lab.experiments.reports.numbers import compared
from tfrs_lab.experiments.reports.page import page, write_report
from tfrs_lab.experiments.reports.runs import Run, as_runs, asked_of, comparable, read_runs

__all__ = ["Run", "as_runs", "asked_of", "comparable", "compared", "page", "read_runs", "write_report"]
