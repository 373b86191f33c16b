"""Reports through the command line: which sections a page has, and that what comes from data is shown, not run."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from tfrs_lab import data
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.display.svg import DARK, LIGHT
from tfrs_lab.experiments.reports.gains import gains_section
from tfrs_lab.experiments.reports.lists import KS, run_curve
from tfrs_lab.experiments.reports.runs import Run, read_runs
from tfrs_lab.experiments.reports.verdict import verdict_section
from tfrs_lab.experiments.storage.results import read_result

SCRIPT = "<script>alert(1)</script> $x$ & Ünï"
ALWAYS = ["Test", "Quality by length of the list", "Example users", "Factorized top-k", "Validation"]


class Page(HTMLParser):
    """Headings, plots, texts and elements of a page; complains about elements that don't match."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.headings, self.alts, self.texts, self.ids, self._open = [], [], [], [], [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        found = dict(attributes)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "svg" and found.get("role") == "img":
            self.alts.append(found["aria-label"])
        if tag not in ("meta", "link"):
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self._open.pop()

    def handle_endtag(self, tag):
        if tag == "p" and self._open[-1] != "p":
            return
        assert self._open.pop() == tag

    def handle_data(self, text):
        self.texts.append(text)
        if self._open and self._open[-1] == "h2":
            self.headings.append(text)


def page_of(file):
    return Page(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data")
    made = data.generate(users=60, movies=50, ratings=1500, seed=0)
    made.ratings.write_parquet(directory / "ratings.parquet")
    most = made.ratings["movie_id"].value_counts(sort=True)["movie_id"][0]
    named = pl.when(pl.col("movie_id") == most).then(pl.lit(SCRIPT)).otherwise(pl.col("movie_title"))
    made.movies.with_columns(movie_title=named).write_parquet(directory / "movies.parquet")
    return ["--ratings", str(directory / "ratings.parquet"), "--movies", str(directory / "movies.parquet")]


@pytest.fixture(scope="module")
def comparison(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "<b>compare"
    small = ["--ranking.dimension", "4", "--ranking.epochs", "2", "--ranking.head", "ordinal"]
    words = ["popularity", "ials", "ranking", *files, "--split", "random", "--out", str(out), *small]
    assert main(["compare", *words]) == 0
    return out


def test_a_comparison_has_a_page_with_what_its_runs_hold(comparison):
    page = page_of(comparison / "report.html")
    assert page.headings == [
        "In short",
        "Test",
        "Paired differences",
        "Who gains and who loses against ials",
        "Quality by length of the list",
        "Accuracy against coverage and novelty",
        "Quality by length of the history",
        "Quality by popularity of the movie",
        "Calibration of predicted ratings",
        "Learning curves",
        "Map of the movies",
        "Example users",
        "Factorized top-k",
        "Validation",
        "Settings and environment",
    ]
    shown = json.loads((comparison / "comparison.json").read_text())
    paired = next(iter(shown["differences"]["paired"].values()))
    assert f"{paired['difference']:+.3f}" in page.texts
    assert page.elements.count("figure") == page.elements.count("figcaption") >= 7
    assert len(page.ids) == len(set(page.ids))
    assert all(len(alt) > 30 for alt in page.alts)


def test_the_verdict_says_what_is_best_by_how_much_and_for_how_many(comparison):
    said = " ".join(page_of(comparison / "report.html").texts)
    found = json.loads((comparison / "comparison.json").read_text())
    best = max(found["runs"], key=lambda name: found["runs"][name]["test"]["ndcg@10"])
    assert f"{best} ranks best, with nDCG@10 of {found['runs'][best]['test']['ndcg@10']:.3f}" in said
    alone = page_of(comparison / "ials" / "report.html")
    assert alone.headings[0] == "In short"
    precision = found["runs"]["ials"]["test"]["precision@10"]
    assert f"Of ten movies that ials recommends, {10 * precision:.1f} are among those held out" in " ".join(alone.texts)


def test_a_model_above_the_baselines_is_set_against_the_best_of_them(comparison):
    """Of three users one gains, one stays and one loses; ranks are those of the lists."""
    ours, theirs = (read_result(comparison / name) for name in ("ranking", "ials"))
    users = theirs.per_user["user_id"][:3].to_list()
    values = {"ranking": [0.9, 0.5, 0.1], "ials": [0.2, 0.5, 0.3]}
    runs = []
    for place, (name, result) in enumerate({"ranking": ours, "ials": theirs}.items()):
        few = pl.DataFrame({"user_id": users, "ndcg@10": values[name]})
        test = {**result.metrics["test"], "ndcg@10": sum(values[name]) / 3}
        metrics = {**result.metrics, "test": test, "validation": {"ndcg@10": 0.1}}
        runs.append(Run(replace(result, metrics=metrics, per_user=few), name, place, alone=False))
    said = " ".join(Page(verdict_section(runs).html()).texts)
    assert "ranking ranks best, with nDCG@10 of 0.500; ials cannot be told from it." in said
    assert "Against ials, the best baseline, that is +0.167 (+50%)" in said
    assert "33% of users get a better list and 33% a worse one." in said
    gains = Page(gains_section(runs).html())
    assert {"1 (33%)", "+0.167"} <= set(gains.texts)
    opened = [text for text in gains.texts if text.startswith("User ")]
    assert [text.split(", ")[0] for text in opened] == [
        f"User {users[0]}: nDCG@10 0.200 → 0.900",
        f"User {users[2]}: nDCG@10 0.300 → 0.100",
    ]
    assert gains_section(runs[1:]) is None


def test_what_differs_from_the_default_comes_before_all_settings(comparison):
    texts = page_of(comparison / "ranking" / "report.html").texts
    at = texts.index("ranking.dimension")
    assert texts[at : at + 3] == ["ranking.dimension", "4", "128"]
    assert "ranking.learning_rate" not in texts


def test_a_run_has_the_page_that_the_command_writes(comparison, tmp_path, capsys):
    for name, more in (("popularity", []), ("ials", ["Map of the movies"]), ("ranking", ["Learning curves"])):
        own = comparison / name / "report.html"
        headings = page_of(own).headings
        assert {*ALWAYS, *more} <= set(headings)
        assert ("Map of the movies" in headings) == (name != "popularity")
        assert "Paired differences" not in headings
        assert main(["report", str(comparison / name), "--out", str(tmp_path / "page.html")]) == 0
        assert f"report of {name}:" in capsys.readouterr().out
        assert (tmp_path / "page.html").read_bytes() == own.read_bytes()


def test_nothing_is_fetched_and_nothing_from_the_data_is_run(comparison):
    text = (comparison / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not {"script", "img", "iframe", "object"} & set(page.elements)
    links = re.findall(r"""(?:href|src)=["']?([^"'> ]+)""", text)
    assert {link[0] for link in links if link != "data:,"} == {"#"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(page.ids)
    assert not re.search(r"url\((?!#)", text)
    assert sum(SCRIPT in shown for shown in page.texts) >= 2  # as an example, and on the map


def test_plots_take_the_colours_of_the_page(comparison):
    text = (comparison / "report.html").read_text(encoding="utf-8")
    plots = "".join(re.findall(r"<svg role.*?</svg>", text, flags=re.DOTALL))
    assert "currentColor" in plots
    assert "var(--c0)" in plots
    assert not re.search("|".join([*LIGHT, *DARK, "#010203", "#000000", "#1f77b4"]), plots)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_metrics_by_length_are_those_of_the_protocol(comparison):
    for run in read_runs([comparison]):
        curve = run_curve(run)
        assert curve["k"] == [k for k in KS if k <= max(curve["k"])]
        for k in (5, 10, 20):
            for name in ("precision", "recall", "ndcg"):
                value = curve[name][curve["k"].index(k)]
                assert value == pytest.approx(run.result.metrics["test"][f"{name}@{k}"], abs=1e-12)


def test_new_users_and_movies_draws_and_thresholds(files, tmp_path):
    words = [*files, "--draws", "2", "--threshold", "3"]
    for split, section in (("cold-users", "Quality by number of revealed ratings"), ("cold-items", ALWAYS[1])):
        out = tmp_path / split
        assert main(["run", "ials", *words, "--split", split, "--revealed", "0,2", "--out", str(out)]) == 0
        page = page_of(out / "report.html")
        assert section in page.headings
        assert any("Means of 2 runs" in text and "at least 3" in text for text in page.texts)
        run = read_runs([out])[0]
        curve = run_curve(run)
        assert curve["ndcg"][curve["k"].index(5)] == pytest.approx(run.result.metrics["test"]["ndcg@5"], abs=1e-12)


def test_clicks_without_ratings_times_or_titles(files, tmp_path):
    clicks = tmp_path / "clicks.csv"
    pl.read_parquet(files[1]).select("user_id", "movie_id").write_csv(clicks)
    assert main(["run", "ials", "--ratings", str(clicks), "--out", str(tmp_path / "run")]) == 0
    page = page_of(tmp_path / "run" / "report.html")
    assert {*ALWAYS, "Map of the movies"} <= set(page.headings)
    assert "Known" in page.texts
    assert not any("main genre" in text for text in page.texts)


def test_the_curve_of_the_cold_start_offset_and_of_the_index(comparison, tmp_path):
    run = shutil.copytree(comparison / "ials", tmp_path / "run")
    points = [{"offset": k, "warm_ndcg@10": 0.3 - k / 10, "cold_recall@10": k / 5, "ndcg@10": 0.2} for k in (0.0, 1.0)]
    (run / "plan.json").write_text(json.dumps({"curve": points, "calibration": {"offset": 1.0}}))
    trial = {"setting": {"kind": "scann"}, "recall": 0.9, "queries_per_second": 100.0}
    tuning = {"k": 10, "target_recall": 0.9, "chosen": trial, "brute_force": trial, "curve": [trial]}
    (run / "index.json").write_text(json.dumps({"tuning": tuning}))
    assert main(["report", str(run)]) == 0
    page = page_of(run / "report.html")
    assert {"New movies against rated ones", "Index: recall against speed"} <= set(page.headings)
    assert "offset 1" in page.texts
    assert "100" in page.texts  # queries per second, not a formula
    assert not any("mathdefault" in text for text in page.texts)


def test_the_same_experiment_twice_is_told_apart_and_other_data_is_said(comparison, files, tmp_path):
    out = tmp_path / "other"
    assert main(["run", "popularity", *files, "--out", str(out)]) == 0
    assert main(["report", str(out), str(comparison / "popularity"), "--out", str(tmp_path / "page.html")]) == 0
    page = page_of(tmp_path / "page.html")
    assert {"popularity (other)", "popularity (popularity)"} <= set(page.texts)
    assert any("numbers do not compare" in text for text in page.texts)
    assert "Paired differences" not in page.headings


def test_runs_with_other_test_rows_of_the_same_users_are_not_paired(files, tmp_path):
    runs = [str(tmp_path / f"seed-{seed}") for seed in (0, 1)]
    for seed, run in enumerate(runs):
        assert main(["run", "popularity", *files, "--split", "random", "--seed", str(seed), "--out", run]) == 0
    assert main(["report", *runs, "--out", str(tmp_path / "page.html")]) == 0
    page = page_of(tmp_path / "page.html")
    assert any("numbers do not compare" in text for text in page.texts)
    assert "Paired differences" not in page.headings


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda run, at: at, "expected a run directory with config.json, got none"),
        (lambda run, at: run / "popularity" / "metrics.json", "expected a run directory with config.json, got none"),
        (lambda run, at: _without(run, at, "comparison.json"), "expected a finished comparison"),
        (lambda run, at: _without(run / "ials", at, "metrics.json"), "expected a finished run"),
        (lambda run, at: _without(run / "ials", at, "per_user.parquet"), "expected a whole run directory"),
    ],
)
def test_what_is_no_finished_run_is_said_in_one_line(comparison, tmp_path, capsys, make, expected):
    assert main(["report", str(make(comparison, tmp_path / "x"))]) == 1
    error = capsys.readouterr().err
    assert expected in error
    assert len(error.strip().splitlines()) == 1


def _without(run, copy, name):
    shutil.copytree(run, copy)
    (copy / name).unlink()
    return copy


def test_the_same_run_twice_and_a_directory_to_write_to_are_refused(comparison, tmp_path, capsys):
    assert main(["report", str(comparison), str(comparison / "ials")]) == 1
    assert "each run once" in capsys.readouterr().err
    assert main(["report", str(comparison), "--out", str(tmp_path)]) == 1
    assert "--out: expected the name of a file" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report"])


SIZES = {
    "light": {"viewport": {"width": 1200, "height": 900}},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_in_a_browser(comparison, browser, size):
    context = browser.new_context(**SIZES[size])
    page = context.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or troubles.append(asked.url))
    page.goto((comparison / "report.html").resolve().as_uri())
    assert page.title() == "popularity, ials and ranking on ratings"
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["viewport"]["width"]
    plots = page.get_by_role("img")
    assert plots.count() >= 12
    assert all(plot.bounding_box()["height"] > 150 for plot in plots.all())
    ink = page.evaluate("getComputedStyle(document.querySelector('svg[role=img] text')).fill")
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ink)[:3])) > 382) == (size == "dark")
    assert (sum(map(int, re.findall(r"\d+", back)[:3])) < 382) == (size == "dark")
    context.close()
    assert troubles == []
