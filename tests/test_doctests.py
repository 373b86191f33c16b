"""The examples in docstrings. Not by ``--doctest-modules``, which would import a room under the name of its folder."""

import doctest
import importlib
import pkgutil

PACKAGES = (*(f"tfrs_lab.{room}" for room in ("data", "evaluation", "models", "serving", "experiments")), "benchmarks")
PEERS = ("benchmarks.contenders.training_keras_rs",)
"""What needs the packages of peers, and Keras 3."""


def modules() -> list[str]:
    names = []
    for name in PACKAGES:
        package = importlib.import_module(name)
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{name}.")]
    return names


def test_every_example_gives_what_it_says():
    tried = failed = 0
    for name in modules():
        if name.endswith("__main__") or name in PEERS:
            continue
        result = doctest.testmod(importlib.import_module(name), verbose=False)
        tried += result.attempted
        failed += result.failed
    assert not failed
    assert tried > 100
