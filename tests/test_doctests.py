"""The examples in docstrings. Not by ``--doctest-modules``, which would import a room under the name of its folder."""

import doctest
import importlib
import pkgutil

ROOMS = ("data", "evaluation", "models", "serving", "experiments")


def modules() -> list[str]:
    names = []
    for room in ROOMS:
        package = importlib.import_module(f"tfrs_lab.{room}")
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"tfrs_lab.{room}.")]
    return names


def test_every_example_gives_what_it_says():
    tried = failed = 0
    for name in modules():
        if name.endswith("__main__"):
            continue
        result = doctest.testmod(importlib.import_module(name), verbose=False)
        tried += result.attempted
        failed += result.failed
    assert not failed
    assert tried > 100
