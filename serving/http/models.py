"""All models of a server, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.metrics import Metrics
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.versions import Model


class Models:
    """Models by name; the first is the default."""

    def __init__(self, directories: Mapping[str, Path], settings: ServerSettings, metrics: Metrics):
        """Loads nothing yet.

        Args:
            directories: Model name → directory.
            settings: For all of them.
            metrics: Is told of loads, batches and lists.
        """
        self._models = {
            name: Model(
                name,
                directory,
                settings,
                on_load=metrics.load,
                observe=partial(metrics.batch, name),
                watch=partial(metrics.lists, name),
            )
            for name, directory in directories.items()
        }

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __contains__(self, name: str) -> bool:
        return name in self._models

    def get(self, name: str | None) -> Model | None:
        """A model, the first by default; None if there is none of that name."""
        return self._models.get(name) if name is not None else next(iter(self._models.values()))

    def named(self, name: str | None) -> Model:
        """A model, the first by default.

        Raises:
            ApiError: There is none of that name.
        """
        model = self.get(name)
        if model is None:
            raise ApiError(
                "NOT_FOUND", f"unknown model {str(name)[:100]!r}; expected one of: {', '.join(self._models)}"
            )
        return model

    def load(self) -> None:
        """Loads the newest versions of each.

        Raises:
            ValueError: A directory holds no version that can be loaded.
        """
        for model in self:
            model.poll()
            if not model.available():
                raise ValueError(_problem(model))

    def close(self) -> None:
        """Unloads everything."""
        for model in self:
            model.close()


def _problem(model: Model) -> str:
    directory = model.directory
    failed = [status for status in model.statuses() if status.error_code != "OK"]
    if failed:
        return f"{directory}: no version can be loaded; version {failed[0].version}: {failed[0].error_message}"
    if (directory / "saved_model.pb").is_file():
        return f"{directory}: expected a directory of versions, got one version; did you mean {directory.parent}?"
    found = "no such directory" if not directory.is_dir() else f"{len(list(directory.iterdir()))} other entries"
    return f"{directory}: expected <version>/saved_model.pb with a number as version, got {found}"
