"""Runs of baselines choose their numbers on validation, say so, and never look at test rows."""

import json
from dataclasses import replace

import pytest

from tfrs_lab import fit
from tfrs_lab.data import Split, generate, split
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.experiments.storage.results import read_result
from tfrs_lab.models.registry import specification


@pytest.fixture(scope="module")
def dataset():
    return generate(users=120, movies=60, ratings=2500, seed=0)


@pytest.fixture(scope="module")
def files(dataset, tmp_path_factory):
    file = tmp_path_factory.mktemp("generated") / "ratings.parquet"
    dataset.ratings.write_parquet(file)
    return ["--ratings", str(file), "--split", "random"]


def fits_of(name, cut, tmp_path, dataset=None, **options):
    config = specification(name).config(**options)
    return fit_on_split(specification(name), config, cut, FitSetup(tmp_path, dataset=dataset))


def run(words, out):
    assert main(["run", *words, "--out", str(out)]) == 0
    return json.loads((out / "plan.json").read_text()), read_result(out)


def test_both_fits_take_what_was_chosen_and_it_is_said(dataset, tmp_path):
    fits = fits_of("itemknn", split(dataset, "random", seed=0), tmp_path)
    chosen = fits.chosen.plan["chosen"]
    assert chosen.keys() == {"neighbours", "shrink"}
    assert chosen != {"neighbours": 100, "shrink": 200.0}
    assert fits.final.plan is None
    best = max(fits.chosen.plan["tried"], key=lambda tried: tried["ndcg@10"])
    assert {name: best[name] for name in chosen} == chosen
    (said,) = fits.chosen.notes
    assert f"neighbours {chosen['neighbours']}" in said
    assert f"({len(fits.chosen.plan['tried'])} settings" in said
    given = fits_of("itemknn", split(dataset, "random", seed=0), tmp_path / "given", **chosen)
    assert given.chosen.plan is None
    for one, other in ((fits.chosen, given.chosen), (fits.final, given.final)):
        assert (one.recommender.weights != other.recommender.weights).nnz == 0


@pytest.mark.parametrize("name", ["ease", "itemknn", "ials", "recency", "contentknn", "userridge"])
def test_other_test_rows_change_no_choice(name, dataset, tmp_path):
    cut = split(dataset, "random", seed=0)
    halved = Split(cut.kind, cut.train, cut.validation, cut.test[::2])
    plans = [
        fits_of(name, one, tmp_path / str(place), dataset=dataset).chosen.plan
        for place, one in enumerate((replace(halved, test=cut.test), halved))
    ]
    assert plans[0] == plans[1]
    assert len(plans[0]["tried"]) > 2


@pytest.mark.parametrize("kind", ["cold-users", "cold-items", "mixed", "leave-one-out", "temporal-global"])
def test_every_split_can_choose(kind, dataset, tmp_path):
    plan = fits_of("ease", split(dataset, kind, seed=0), tmp_path).chosen.plan
    assert plan["chosen"].keys() == {"regularization"}
    if kind == "cold-items":  # movies that nobody rated are all alike to EASE
        assert plan["chosen"] == {"regularization": 800.0}
        assert len(plan["tried"]) == 3


def test_a_run_stores_and_shows_what_was_chosen(files, tmp_path):
    plan, result = run(["ease", *files], tmp_path / "run")
    assert result.config["settings"]["ease"]["regularization"] is None
    assert result.config["settings"]["tune_baselines"] is True
    assert "chosen on validation: regularization" in " ".join(result.notes)
    assert f"regularization {plan['chosen']['regularization']:.4g}" in " ".join(result.notes)
    assert "chosen on validation: regularization" in (tmp_path / "run" / "report.html").read_text()


def test_what_is_given_stays(files, tmp_path):
    plan, result = run(["ease", *files, "--ease.regularization", "800"], tmp_path / "run")
    assert plan == {}
    assert result.notes == []
    plan, result = run(["ials", *files, "--ials.factors", "16", "--ials.alpha", "2"], tmp_path / "ials")
    assert plan["chosen"].keys() == {"regularization"}
    assert "; given: alpha 2, factors 16" in result.notes[0]


def test_no_tune_baselines_takes_the_defaults(files, tmp_path):
    plan, result = run(["ease", *files, "--no-tune-baselines"], tmp_path / "plain")
    _, given = run(["ease", *files, "--ease.regularization", "800"], tmp_path / "given")
    assert plan == {}
    assert result.metrics["test"] == given.metrics["test"]
    assert result.metrics["test"] != run(["ease", *files], tmp_path / "tuned")[1].metrics["test"]


def test_a_run_is_repeated_with_the_same_choice(files, tmp_path):
    plan, result = run(["ials", *files], tmp_path / "run")
    assert main(["run", "--like", str(tmp_path / "run"), "--out", str(tmp_path / "again")]) == 0
    assert json.loads((tmp_path / "again" / "plan.json").read_text()) == plan
    assert read_result(tmp_path / "again").metrics == result.metrics


def test_a_run_of_an_earlier_version_is_repeated_with_its_number(files, tmp_path):
    _, result = run(["ease", *files, "--ease.regularization", "700"], tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    del config["settings"]["tune_baselines"]  # they stored a number and knew no such option
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    assert main(["run", "--like", str(tmp_path / "run"), "--out", str(tmp_path / "again")]) == 0
    assert read_result(tmp_path / "again").metrics["test"] == result.metrics["test"]


def test_each_seed_chooses_for_itself(files, tmp_path):
    assert main(["run", "ease", *files, "--seeds", "0,1", "--out", str(tmp_path / "run")]) == 0
    plans = [json.loads((tmp_path / "run" / f"seed-{seed}" / "plan.json").read_text()) for seed in (0, 1)]
    assert all(plan["chosen"] for plan in plans)
    assert plans[0]["tried"] != plans[1]["tried"]


def test_a_comparison_says_below_the_table_what_was_chosen(files, tmp_path, capsys):
    assert main(["compare", "ease", "itemknn", "popularity", *files, "--out", str(tmp_path / "both")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "ease: chosen on validation: regularization" in said
    assert "itemknn: chosen on validation: shrink" in said


def test_in_python(dataset):
    cut = split(dataset, "random", seed=0)
    tuned, plain = fit("ease", cut), fit("ease", cut, tune_baselines=False)
    assert abs(tuned.recommender.weights).sum() != abs(plain.recommender.weights).sum()
    assert (fit("ease", cut, regularization=800.0).recommender.weights == plain.recommender.weights).all()


def test_help_says_that_numbers_are_chosen(capsys):
    with pytest.raises(SystemExit):
        main(["run", "ease", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--no-tune-baselines" in said
