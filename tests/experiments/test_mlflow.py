"""--mlflow, where MLflow is installed, and what is said where it is not."""

import json
import sys

import pytest

from tfrs_lab.experiments.cli import main


def test_without_mlflow_the_extra_is_named_before_anything_runs(planted_files, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    out = tmp_path / "run"
    assert main(["run", "popularity", *planted_files, "--out", str(out), "--mlflow", str(tmp_path / "records")]) == 1
    assert "tfrs-lab[mlflow]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_recorded_once_with_settings_metrics_and_report(planted_files, tmp_path):
    tracking = pytest.importorskip("mlflow.tracking")
    records, out = tmp_path / "records", tmp_path / "it's"
    words = [*planted_files, "--out", str(out), "--ease.regularization", "7", "--mlflow", str(records)]
    assert main(["run", "ease", *words]) == 0
    assert main(["run", "--resume", str(out), "--mlflow", str(records)]) == 0
    client = tracking.MlflowClient(tracking_uri=f"sqlite:///{records / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("train files")
    (run,) = client.search_runs([experiment.experiment_id])
    stored = json.loads((out / "metrics.json").read_text())
    assert run.data.params["ease.regularization"] == "7"
    assert "mlflow" not in run.data.params
    assert run.data.metrics["test/ndcg_at_10"] == pytest.approx(stored["test"]["ndcg@10"])
    assert run.data.metrics["validation/recall_at_5"] == pytest.approx(stored["validation"]["recall@5"])
    assert run.info.status == "FINISHED"
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert names == {"report.html", "config.json", "metrics.json"}
    assert len(list((records / "artifacts").rglob("report.html"))) == 1


def test_where_records_go_is_no_setting_of_the_run(planted_files, tmp_path):
    pytest.importorskip("mlflow.tracking")
    assert main(["run", "ease", *planted_files, "--out", str(tmp_path / "run"), "--mlflow", str(tmp_path / "m")]) == 0
    assert "mlflow" not in json.loads((tmp_path / "run" / "config.json").read_text())["settings"]
