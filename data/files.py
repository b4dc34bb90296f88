"""Writing files so that nobody ever sees half of one."""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import WordspotError

_TEMPORARY = ".tmp-"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path in the same folder; renames it to `path` at the end, or removes it on an error.

    The name is short whatever the length of `path`, so that a name at the limit of the file system still fits, and has
    the same ending, which some writers go by.
    """
    temporary = path.parent / f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}{path.suffix}"
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.filename and Path(os.fsdecode(error.filename)) == temporary:
            error.filename = str(path)  # the name that the user knows
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Removes the temporary files in `folder` that `replacing` left because its process was killed."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text under a temporary name, then renames it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as indented JSON, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object. Raises `WordspotError` for anything else."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WordspotError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise WordspotError(f"{path} must hold a JSON object")
    return values


def printable(text: str) -> str:
    r"""The text with control characters written as `\xXX` and undecodable bytes of file names as `\udcXX`.

    UTF-8 cannot hold the latter; of the former, a carriage return (macOS names files `Icon\r`) would break a CSV row.
    """
    if text.isascii() and text.isprintable():
        return text  # the very same object: there may be a hundred thousand of them
    escaped = re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", text)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")
