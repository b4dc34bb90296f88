"""The examples in docstrings: every one is run."""

import doctest
import importlib
import pkgutil

import pytest
import wordspot

_ROOMS = ("data", "pipeline", "models", "tools")


def _modules() -> list[str]:
    rooms = (importlib.import_module(f"wordspot.{room}") for room in _ROOMS)
    return [
        "wordspot",
        *sorted(
            module.name
            for room in rooms
            for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
            if ".bench" not in module.name  # needs the extra `bench`
        ),
    ]


def test_examples_run() -> None:
    attempted = 0
    for name in _modules():
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
        assert not result.failed, name
        attempted += result.attempted
    assert attempted > 20


def test_the_front_door_has_an_example_for_what_it_loads() -> None:
    assert ">>>" in (wordspot.__doc__ or "")
    assert ">>>" in (wordspot.load.__doc__ or "")
    assert ">>>" in (wordspot.Recognizer.__doc__ or "")


@pytest.mark.parametrize("name", ["wordspot.data.labels", "wordspot.pipeline.signal.window"])
def test_examples_are_found(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).attempted
