import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from statistics import mean, stdev

import optuna
import pytest

from benchmarks.pages import tables
from tfrs_lab.data import SPLITS, DataError, Split, generate, split
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.tuning import search as searching
from tfrs_lab.experiments.tuning.folds import validation_folds
from tfrs_lab.experiments.tuning.record import best_settings, make_record
from tfrs_lab.experiments.tuning.search import Task, finished, search
from tfrs_lab.experiments.tuning.spaces import SPACES, Choice
from tfrs_lab.experiments.tuning.study import open_study
from tfrs_lab.models.config_fields import flatten, value_of, with_values
from tfrs_lab.models.registry import specification

POOR = ["--ease.regularization", "5000"]


@pytest.fixture(scope="module")
def dataset():
    return generate(users=120, movies=60, ratings=2500, seed=0)


@pytest.fixture(scope="module")
def files(dataset, tmp_path_factory):
    file = tmp_path_factory.mktemp("generated") / "ratings.parquet"
    dataset.ratings.write_parquet(file)
    return ["--ratings", str(file), "--split", "stratified"]


@pytest.fixture(scope="module")
def tuned(files, tmp_path_factory):
    """A search that starts from a poor regularisation."""
    out = tmp_path_factory.mktemp("tuned") / "record.json"
    words = ["tune", "ease", *files, *POOR, "--trials", "10", "--study", str(out.with_suffix(".db"))]
    assert main([*words, "--out", str(out)]) == 0
    return words, out


class Told(searching.Reporter):
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []

    def step(self, task, done, total, text):
        self.lines.append(text)


def task_of(dataset, start=800.0, folds=3, seed=0):
    cut = split(dataset, "stratified", seed=0)
    ease = specification("ease")
    found = validation_folds(cut, dataset, folds, seed=0)
    return Task(ease, ease.config(regularization=start), SPACES["ease"], found, seed, None)


def new_study():
    """In memory: a file takes a quarter of a second per trial to be safe on disk."""
    return optuna.create_study(direction="maximize")


def run_search(study, task, trials, timeout=None, reporter=None):
    """Searches and returns what became of each trial."""
    search(study, task, trials=trials, timeout=timeout, reporter=reporter or Told())
    return [(trial.params, trial.state.name, trial.user_attrs.get("folds")) for trial in finished(study)]


def planted_score(task, config, fold):
    """Best at a regularization of 100; folds differ in level."""
    place = next(number for number, one in enumerate(task.folds) if one is fold)
    return 0.5 + 0.01 * place - abs(config.regularization - 100) / 10_000


@pytest.mark.parametrize("name", SPACES)
def test_every_space_names_fields_and_holds_their_defaults(name):
    config = specification(name).settled(specification(name).config())
    for dotted, domain in SPACES[name].items():
        assert domain.contains(value_of(config, dotted)), dotted


def test_dotted_names_reach_into_nested_configurations():
    @dataclass(frozen=True)
    class Tower:
        dimension: int = 8

    @dataclass(frozen=True)
    class Model:
        id: Tower = field(default_factory=Tower)
        history: Tower = field(default_factory=Tower)
        rate: float = 0.1

    changed = with_values(Model(), {"id.dimension": 16, "rate": 0.5})
    assert changed == Model(id=Tower(16), rate=0.5)
    assert flatten(changed) == {"id.dimension": 16, "history.dimension": 8, "rate": 0.5}
    assert value_of(changed, "id.dimension") == 16
    for name in ("id.size", "size", "rate.x"):
        with pytest.raises(ValueError, match="expected a field of"):
            with_values(Model(), {name: 1})


def test_choices_may_be_tuples(dataset, tmp_path, monkeypatch):
    @dataclass(frozen=True)
    class Config:
        towers: tuple[str, ...] = ("id",)
        negatives: int | None = 8

    monkeypatch.setattr(searching, "_score", lambda task, config, fold: 0.1 * len(config.towers))
    space = {"towers": Choice((("id",), ("id", "history"))), "negatives": Choice((None, 8))}
    model = replace(specification("ease"), config=Config)
    task = Task(model, Config(), space, task_of(dataset).folds, 0, None)
    for trials in (3, 10):
        with open_study(tmp_path / "study.db", {}) as study:
            run_search(study, task, trials)
            record = make_record(study, task)
    assert record["best"]["values"]["towers"] == ("id", "history")
    assert best_settings(record, task)["towers"] == ("id", "history")


@pytest.mark.parametrize("kind", [kind for kind in SPLITS if kind != "k-fold"])
def test_folds_cut_what_is_known_as_the_split_would(dataset, kind):
    cut = split(dataset, kind, seed=0)
    found, again = (validation_folds(cut, dataset, 3, seed=0, revealed=(0,)) for _ in range(2))
    known = cut.train_and_validation
    assert found[0].train.equals(cut.train)
    assert found[0].validation.rows.equals(cut.validation)
    for fold, same in zip(found, again, strict=True):
        assert fold.validation.rows.equals(same.validation.rows)
        both = [fold.train, fold.validation.rows]
        assert all(part.join(known, on=["user_id", "movie_id"], how="anti").is_empty() for part in both)
        assert fold.train.join(fold.validation.rows, on=["user_id", "movie_id"]).is_empty()
    assert not found[1].validation.rows.equals(found[2].validation.rows)
    if kind.startswith("temporal"):
        for earlier, later in zip(found[1:], found, strict=False):
            assert len(earlier.train) + len(earlier.validation.rows) == len(later.train)
    if kind == "temporal-global":
        for fold in found:
            assert fold.train["timestamp"].max() <= fold.validation.rows["timestamp"].min()
    if kind == "cold-items":
        for fold in found:
            assert not set(fold.train["movie_id"]) & set(fold.validation.rows["movie_id"])


def test_there_are_no_folds_for_k_fold(dataset):
    with pytest.raises(DataError, match="one test part"):
        validation_folds(split(dataset, "k-fold"), dataset, 3, seed=0)


def test_it_finds_better_settings_than_a_poor_start(tuned):
    _, out = tuned
    record = json.loads(out.read_text())
    assert record["start"]["values"] == {"regularization": 5000.0}
    assert record["best"]["values"]["regularization"] < 1000
    assert record["best"]["mean"] > record["start"]["mean"] + 0.02
    for trial in (record["start"], record["best"]):
        assert trial["mean"] == pytest.approx(mean(trial["folds"]))
        assert trial["standard_error"] == pytest.approx(stdev(trial["folds"]) / 3**0.5)
    assert record["gain"]["mean"] == pytest.approx(record["best"]["mean"] - record["start"]["mean"])
    assert sum(record["trials"].values()) == 10
    assert record["space"] == {"regularization": {"low": 20, "high": 5000, "log": True}}
    assert (record["kind"], record["seed"], len(record["folds"])) == ("tuning", 0, 3)


def test_a_run_reads_the_best_settings(tuned, files, tmp_path):
    _, out = tuned
    run = tmp_path / "run"
    assert main(["run", "ease", *files, "--config", str(out.with_suffix(".toml")), "--out", str(run)]) == 0
    settings = json.loads((run / "config.json").read_text())["settings"]
    assert settings["ease"]["regularization"] == json.loads(out.read_text())["best"]["values"]["regularization"]


def test_the_first_fold_is_what_a_run_calls_validation(tuned, files, tmp_path):
    _, out = tuned
    assert main(["run", "ease", *files, *POOR, "--out", str(tmp_path / "run")]) == 0
    validation = json.loads((tmp_path / "run" / "metrics.json").read_text())["validation"]
    assert json.loads(out.read_text())["start"]["folds"][0] == pytest.approx(validation["ndcg@10"])


def test_the_same_command_again_adds_nothing_and_says_the_same(tuned, capsys, monkeypatch):
    words, out = tuned
    monkeypatch.setattr(searching, "_score", lambda *arguments: pytest.fail("scored again"))
    assert main([*words, "--json", "--out", str(out.with_name("again.json"))]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(out.read_text())


def test_test_rows_are_never_touched(dataset, files, tmp_path, monkeypatch):
    from tfrs_lab.experiments.runs import replicates as parts

    hidden = split(dataset, "stratified", seed=0).test
    shown = []

    class Guarded(Split):
        guard = False

        def __getattribute__(self, name):
            assert name != "test" or not Guarded.guard, "test rows were read"
            return super().__getattribute__(name)

    def guarded_split(*arguments, **options):
        found = split(*arguments, **options)
        guarded = Guarded(found.kind, found.train, found.validation, found.test, found.rows)
        Guarded.guard = True
        return guarded

    def watched(recommender, validation, *, seen, **options):
        shown.extend([validation, seen])
        return real_evaluate(recommender, validation, seen=seen, **options)

    class Watched(searching.Interactions):
        @classmethod
        def from_ratings(cls, rows, *arguments, **options):
            shown.append(rows)
            return super().from_ratings(rows, *arguments, **options)

    def watched_fit(*arguments):
        shown.append(arguments[-1].dataset.ratings)
        return real_fit(*arguments)

    real_evaluate, real_fit = searching.evaluate, searching.fit_chosen
    monkeypatch.setattr(parts, "split", guarded_split)
    monkeypatch.setattr(searching, "evaluate", watched)
    monkeypatch.setattr(searching, "fit_chosen", watched_fit)
    monkeypatch.setattr(searching, "Interactions", Watched)
    words = ["--trials", "2", "--folds", "2", "--study", str(tmp_path / "study.db")]
    assert main(["tune", "ease", *files, *words]) == 0
    assert len(shown) == 2 * 2 * 4  # trials × folds × (dataset, fitted, seen, validation)
    for rows in shown:
        assert rows.join(hidden, on=["user_id", "movie_id"]).is_empty()


def test_a_search_in_pieces_is_the_search_in_one_go(dataset, monkeypatch):
    monkeypatch.setattr(searching, "_score", planted_score)
    task, pieces = task_of(dataset), new_study()
    whole = run_search(new_study(), task, 14)
    assert run_search(new_study(), task, 14) == whole
    assert len({params["regularization"] for params, _, _ in whole}) == 14
    for trials in (1, 4, 14):
        found = run_search(pieces, task, trials)
    assert found == whole
    assert run_search(new_study(), task_of(dataset, seed=1), 14)[1] != whole[1]


@pytest.mark.parametrize("done", [0, 3])
def test_an_interrupted_trial_is_done_again(dataset, tmp_path, monkeypatch, done):
    monkeypatch.setattr(searching, "_score", planted_score)
    task = task_of(dataset)
    whole = run_search(new_study(), task, 5)
    calls = []

    def killed(task, config, fold):
        calls.append(config)
        if len(calls) == 3 * done + 2:
            raise KeyboardInterrupt
        return planted_score(task, config, fold)

    monkeypatch.setattr(searching, "_score", killed)
    with pytest.raises(KeyboardInterrupt), open_study(tmp_path / "study.db", {}) as study:
        run_search(study, task, 5)
    monkeypatch.setattr(searching, "_score", planted_score)
    with open_study(tmp_path / "study.db", {}) as study:
        assert run_search(study, task, 5) == whole


def test_a_study_has_one_process_at_a_time(tmp_path):
    with (
        open_study(tmp_path / "study.db", {}),
        pytest.raises(DataError, match="another process"),
        open_study(tmp_path / "study.db", {}),
    ):
        pass


def test_poor_trials_are_given_up_and_the_start_never(dataset, monkeypatch):
    monkeypatch.setattr(searching, "_score", planted_score)
    told = Told()
    outcome = run_search(new_study(), task_of(dataset, start=5000.0), 20, reporter=told)
    assert outcome[0] == ({"regularization": 5000.0}, "COMPLETE", pytest.approx([0.01, 0.02, 0.03]))
    pruned = [folds for _, state, folds in outcome if state == "PRUNED"]
    assert pruned
    assert all(len(folds) < 3 for folds in pruned)
    assert all(state == "COMPLETE" for _, state, _ in outcome[:5])
    assert sum("pruned after" in line for line in told.lines) == len(pruned)


def test_a_trial_that_can_not_be_fitted_counts_as_failed(dataset, monkeypatch):
    def fragile(task, config, fold):
        if config.regularization < 400:
            raise FloatingPointError("training diverged")
        return planted_score(task, config, fold)

    monkeypatch.setattr(searching, "_score", fragile)
    task, study = task_of(dataset), new_study()
    run_search(study, task, 8)
    record = make_record(study, task)
    assert record["trials"]["failed"] > 0
    assert sum(record["trials"].values()) == 8
    assert record["best"]["values"]["regularization"] >= 400
    with pytest.raises(FloatingPointError):  # but if not even the start works, that is the user's to know
        run_search(new_study(), task_of(dataset, start=300.0), 8)


def test_no_trial_begins_after_the_timeout_but_the_start(dataset, monkeypatch):
    monkeypatch.setattr(searching, "_score", planted_score)
    assert len(run_search(new_study(), task_of(dataset), 8, timeout=0)) == 1


def test_importances_say_what_mattered(dataset, monkeypatch):
    def by_alpha(task, config, fold):
        return 0.5 - abs(config.alpha - 10) / 100

    monkeypatch.setattr(searching, "_score", by_alpha)
    ials, study = specification("ials"), new_study()
    folds = validation_folds(split(dataset, "stratified"), dataset, 2, seed=0)
    task = Task(ials, ials.settled(ials.config()), SPACES["ials"], folds, 0, None)
    run_search(study, task, 40)
    shares = make_record(study, task)["importances"]
    assert set(shares) == set(SPACES["ials"])
    assert next(iter(shares)) == "alpha"
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["itemknn"], 'expected experiment "itemknn", got "ease"'),
        (["ease", "--seed", "1"], "expected seed 1, got 0"),
        (["ease", "--split", "random"], 'expected split "random", got "stratified"'),
        (["ease", "--ease.regularization", "700"], "expected start"),
    ],
)
def test_a_study_of_something_else_is_refused(tuned, files, words, expected, capsys):
    study = ["--study", str(tuned[1].with_suffix(".db")), "--folds", "3"]
    start = POOR if words == ["ease", "--seed", "1"] else []
    assert main(["tune", words[0], *files, *start, *words[1:], *study]) == 1
    error = capsys.readouterr().err
    assert expected in error
    assert "choose another --study" in error


def test_a_file_that_is_no_study_is_left_alone(files, tmp_path, capsys):
    file = tmp_path / "thesis.txt"
    file.write_text("years of work")
    assert main(["tune", "ease", *files, "--study", str(file)]) == 1
    assert "expected --study to be new or a study" in capsys.readouterr().err
    assert file.read_text() == "years of work"


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["popularity"], 2, "an experiment with a search space"),
        (["eaze"], 2, "did you mean ease"),
        (["ease", "--trials", "0"], 2, "--trials"),
        (["ease", "--folds", "1"], 2, "--folds"),
        (["ease", "--split", "k-fold"], 2, "single test part"),
        (["ease", "--only", "lambda"], 2, "regularization"),
        (["ease", "--out", "record.txt"], 2, "ends in .json"),
        (["ease", "--ease.regularization", "1"], 1, "expected a starting value in the space"),
    ],
)
def test_errors_say_what_was_expected(files, tmp_path, words, status, expected, capsys):
    data = [*files[:2], "--study", str(tmp_path / "study.db")]
    try:
        ended = main(["tune", words[0], *data, *words[1:]])
    except SystemExit as exit:
        ended = exit.code
    assert ended == status
    assert expected in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "study.db").exists()


def test_help_loads_neither_tensorflow_nor_optuna():
    code = (
        "import sys\nfrom tfrs_lab.experiments.cli import main\n"
        "try: main(['tune', 'retrieval', '--help'])\n"
        "finally: print('tensorflow' in sys.modules, 'optuna' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "--trials N" in done.stdout
    assert done.stdout.splitlines()[-1] == "False False"


def test_docs_show_a_record_by_its_kind(tuned, tmp_path, monkeypatch):
    results = tmp_path / "results"
    results.mkdir()
    shutil.copy(tuned[1], results / "tuning-ease.json")
    monkeypatch.setattr(tables, "RESULTS", results)
    lines = tables.table("tuning-ease").splitlines()
    assert lines[0] == "| field | searched | start | best | importance |"
    assert lines[2].startswith("| regularization | 20 to 5000, log | 5000 | ")
    assert lines[3].startswith("| validation nDCG@10 |  | 0.")
