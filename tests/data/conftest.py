"""Shared by the tests of `data`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_NOBODY = 65_534


@pytest.fixture
def unprivileged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, in a process that file permissions hold for: they do not for root."""
    monkeypatch.chdir(tmp_path)  # a relative path, because the folders above may be closed to others
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(tmp_path, _NOBODY, _NOBODY)
        os.seteuid(_NOBODY)
    try:
        yield Path()
    finally:
        if is_root:
            os.seteuid(0)
