"""The examples in docstrings: every one is run, in a folder that holds some `recordings`."""

import doctest
import importlib
import importlib.util
import pkgutil
import re
import shutil
import warnings
from pathlib import Path

import pytest
import wordspot
from wordspot.data.errors import WordspotWarning

_ROOMS = ("data", "pipeline", "models", "tools")
_NOT_IMPORTED = (".bench", ".__main__")  # the one needs the extra `bench`, the other is a program
_NO_CALLS = ("RecordingError", "WordspotError", "Sound", "Detection", "AugmentSettings", "__version__")


def modules() -> list[str]:
    rooms = (importlib.import_module(f"wordspot.{room}") for room in _ROOMS)
    below = (
        module.name
        for room in rooms
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.", onerror=cannot_be_imported)
    )
    return ["wordspot", *sorted(name for name in below if not any(part in name for part in _NOT_IMPORTED))]


def cannot_be_imported(name: str) -> None:
    raise ImportError(name)


def written(name: str) -> int:
    """How many examples stand in the source of a module."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return len(re.findall(r"^\s*>>> ", Path(spec.origin).read_text(encoding="utf-8"), re.MULTILINE))


WITH_EXAMPLES = [name for name in modules() if written(name)]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name: str, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(recordings, tmp_path / "recordings")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WordspotWarning)  # notes about so few speakers and clips
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
    assert result.attempted == written(name)  # none is hidden where doctest does not look


def test_what_is_public_has_an_example() -> None:
    shown = wordspot.__doc__ or ""
    for name in set(wordspot.__all__) - set(_NO_CALLS):
        assert f"wordspot.{name}(" in shown or ">>>" in (getattr(wordspot, name).__doc__ or ""), name
