"""Settings and results for TensorBoard's HParams tab, written without loading TensorFlow.

TensorBoard's own writers load it, which would cost the simple models more than their fit.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from tfrs_lab.data.storage import write_atomically
from tfrs_lab.models.config_fields import short

FILE = "events.out.tfevents.0.settings"
"""One name, so that a second call replaces what the first wrote."""


def write_settings(
    directory: Path,
    settings: Mapping[str, Any],
    metrics: Mapping[str, float],
    *,
    name: str | None = None,
    failed: bool = False,
) -> None:
    """Writes one row of the HParams tab: settings, and the metrics that they led to.

    Args:
        directory: Of the row's event file.
        settings: Name → value; what is neither a number, a word nor yes or no is written as a word.
        metrics: Tag → value, which are scalars too.
        name: Of the row; None to take it from the settings. Rows with one name are taken for repetitions and averaged.
        failed: Whether nothing came of it.
    """
    now = time.time()
    ended = _ended(STATUS_FAILURE if failed else STATUS_SUCCESS, now)
    started = hparams_pb({key: _plain(value) for key, value in settings.items()}, trial_id=name, start_time_secs=now)
    results = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in metrics.items()])
    events = [Event(file_version="brain.Event:2"), *(Event(summary=one) for one in (started, results, ended))]

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            records = RecordWriter(file)
            for event in events:
                event.wall_time = now
                records.write(event.SerializeToString())
            records.flush()

    write_atomically(directory / FILE, write)


def headline(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The metrics of ``metrics.json`` that get a column: those @10, and errors of ratings.

    >>> headline({"validation": {"ndcg@10": 0.2, "ndcg@5": 0.1}, "test": {"rmse": 0.9, "users": 3.0}})
    {'validation/ndcg@10': 0.2, 'test/rmse': 0.9}
    """
    return {
        f"{part}/{name}": value
        for part in ("validation", "test")
        for name, value in metrics[part].items()
        if name.endswith("@10") or name in ("rmse", "mae")
    }


def _plain(value: Any) -> bool | float | str:
    return value if isinstance(value, (bool, int, float, str)) else short(value)


def _ended(status: int, when: float) -> Summary:
    """As ``tensorboard.plugins.hparams.summary.session_end_pb``, whose module loads TensorFlow."""
    info = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=when))
    about = metadata.create_summary_metadata(info)
    return Summary(
        value=[Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)]
    )
