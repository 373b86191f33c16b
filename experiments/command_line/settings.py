"""From options to the command line and back: settings files, stored runs and ``--resume`` go through one parser."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from tfrs_lab.data import DataError
from tfrs_lab.experiments.command_line.options import DataOptions, RunOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.models.config_fields import flatten
from tfrs_lab.models.registry import specification

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Options = TypeVar("Options", bound=DataOptions)


@dataclasses.dataclass(frozen=True)
class Settings(Generic[Options]):
    """All that a run is told; ``options`` are those of the command."""

    options: Options
    configs: dict[str, Any]


def parse_settings(
    kind: type[Options], names: Sequence[str], arguments: Sequence[str], *, prog: str, description: str = ""
) -> Settings[Options]:
    """Reads options and the configurations of the named experiments from command-line words.

    A ``--config`` file counts as words before the others, so the command line has precedence. A usage error ends the
    process with exit status 2, as tyro does.
    """
    fields: list[Any] = [("options", Annotated[kind, tyro.conf.arg(name="")])]
    fields += [(name, specification(name).config) for name in names]
    whole = dataclasses.make_dataclass("Settings", fields, frozen=True)
    defaults = whole(kind(), *(specification(name).config() for name in names))
    configs = {name: getattr(defaults, name) for name in names}
    taken = {field.name for field in dataclasses.fields(defaults.options)}
    file = value_after("--config", arguments)
    words = [*(to_words(read_settings_file(file)) if file else ()), *with_owners(arguments, configs, taken)]
    parsed: Any = parse_options(whole, words, prog=prog, own=kind, default=defaults, description=description)
    return Settings(parsed.options, {name: getattr(parsed, name) for name in names})


def value_after(option: str, words: Sequence[str]) -> Path | None:
    """The path that an option names among the words, where it is there and names one."""
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == option and following is not None:
            return Path(following)
        if word.startswith(f"{option}="):
            return Path(word.removeprefix(f"{option}="))
    return None


def with_owners(words: Sequence[str], configs: Mapping[str, Any], taken: Collection[str]) -> list[str]:
    """Words in which a field's bare name stands for it in each configuration that has one, at the top or nearest to it.

    >>> from tfrs_lab.models.hybrid.config import HybridConfig
    >>> with_owners(["--budget", "5", "--seed", "1"], {"hybrid": HybridConfig()}, {"seed"})
    ['--hybrid.retrieval.budget', '5', '--seed', '1']

    Args:
        words: As they were written; what is no bare name, or one of several fields, stays.
        configs: Name of an experiment → its configuration.
        taken: Names that options of the command have.
    """
    found: list[str] = []
    starts = [place for place, word in enumerate(words) if word.startswith("--")]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        option, equals, value = words[start].partition("=")
        bare = option[2:].replace("-", "_")
        owners = (
            [] if bare in taken else [f"{name}.{field}" for name in configs if (field := _nearest(configs[name], bare))]
        )
        for written in [f"--{owner}".replace("_", "-") for owner in owners] or [option]:
            found += [f"{written}{equals}{value}", *words[start + 1 : end]]
    return [*words[: starts[0] if starts else len(words)], *found]


def _nearest(config: Any, name: str) -> str | None:
    """The field of that name that is nearest to the top; None where there is none, or several."""
    fields = [field for field in flatten(config) if field.rpartition(".")[2] == name]
    depths = [field.count(".") for field in fields]
    return fields[depths.index(min(depths))] if fields and depths.count(min(depths)) == 1 else None


def read_settings_file(path: Path) -> dict[str, Any]:
    """Reads TOML or JSON.

    Raises:
        DataError: The file is missing, or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"expected a readable TOML or JSON file, got: {error}", file=path) from None
    try:
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise DataError(f"expected {kind}, got: {error}", file=path) from None
    if not isinstance(content, dict):
        raise DataError(f"expected named values, got a {type(content).__name__}", file=path)
    return content


def to_words(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Values as command-line words; lists have commas among the options and spaces in configurations, as tyro has it.

    >>> to_words({"seed": 1, "ks": [5, 10], "json": True, "out": None, "retrieval": {"batch_size": 64}})
    ['--seed', '1', '--ks', '5,10', '--json', '--retrieval.batch-size', '64']
    >>> to_words({"retrieval": {"id": {"query": ["id", "history"]}}})
    ['--retrieval.id.query', 'id', 'history']
    """
    words: list[str] = []
    for name, value in values.items():
        option = "--from" if name == "from_run" else f"--{prefix}{name}".replace("_", "-")
        if isinstance(value, Mapping):
            words += to_words(value, f"{prefix}{name}.")
        elif isinstance(value, bool):
            words.append(option if value else f"--{prefix}no-{name}".replace("_", "-"))
        elif isinstance(value, (list, tuple)):
            texts = [str(item) for item in value]
            words += [option, *(texts if prefix else [",".join(texts)])]
        elif value is not None:
            words += [option, os.path.expanduser(value) if str(value).startswith("~/") else str(value)]
    return words


DATA_OPTIONS = ("dataset", "data_dir", "ratings", "movies", "users", "train", "test", "validation", "columns")
"""Options that say which data, beside ``skip_bad_lines``."""


def data_words(options: Any) -> list[str]:
    """The options of a command that another one needs to read the same data; ``shlex.join`` makes them fit to paste.

    >>> data_words(RunOptions(ratings=Path("my shop.csv"), skip_bad_lines=True))
    ['--ratings', 'my shop.csv', '--skip-bad-lines']
    """
    own = {name: getattr(options, name, None) for name in DATA_OPTIONS}
    if own["dataset"] == RunOptions.dataset or own["ratings"] or own["train"]:
        own["dataset"] = None
    flags = {"skip_bad_lines": True} if getattr(options, "skip_bad_lines", False) else {}
    return to_words({**own, **flags})


def to_json(settings: Settings) -> dict[str, Any]:
    """Every value in plain JSON types, as ``to_words`` takes them, but for those of ``NOT_STORED``."""
    options = {
        name: _plain(value) for name, value in dataclasses.asdict(settings.options).items() if name not in NOT_STORED
    }
    return {**options, **{name: dataclasses.asdict(config) for name, config in settings.configs.items()}}


NOT_STORED = ("out", "results", "resume", "like", "overwrite", "mlflow", "distribute", "json", "config", "debug")
"""Options that name a place, a form of output or who does the work, and decide no number."""


PLACES = frozenset(
    ("data_dir", "ratings", "movies", "users", "train", "test", "validation", "from_run", "resume", "like", "shards")
)
"""Options that are paths."""


def public(config: Mapping[str, Any]) -> dict[str, Any]:
    """A run's ``config.json`` for others to see: of files and directories, the names alone.

    >>> settings = {"ratings": "~/private/my.csv", "movies": None, "seed": 0}
    >>> public({"settings": settings, "dataset": {"source": "~/private/my.csv"}})
    {'settings': {'ratings': 'my.csv', 'movies': None, 'seed': 0}, 'dataset': {'source': 'my.csv'}}
    """
    settings, dataset = config.get("settings", {}), config.get("dataset", {})
    source = dataset.get("source", "unknown source")
    return {
        **config,
        "settings": {name: Path(value).name if value and name in PLACES else value for name, value in settings.items()},
        "dataset": {**dataset, "source": source if "://" in source else _FOLDERS.sub("", source)},
    }


_FOLDERS = re.compile(r"[~/][^,]*/")


def without_home(text: str) -> str:
    """Paths with ``~`` for the home directory, whose name is private."""
    return text.replace(f"{Path.home()}{os.sep}", "~/")


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return without_home(str(value.resolve()))
    return list(value) if isinstance(value, tuple) else value
