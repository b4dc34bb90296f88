"""A public set as it lies on the disk: what it lists, where its sounds are, and under which license."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import WordspotError
from .entries import Entry

FORMATS = ("mswc", "common-voice", "folder-csv")  # that can be imported
REPORT = "import_report.csv"  # what was left out, beside the recordings


@dataclass(frozen=True)
class Listing:
    """A set that has been found.

    Attributes
    ----------
    title
        For people.
    folder
        What the paths of its entries are relative to.
    tables
        The files that list it.
    entries
        Reads them, from the first row on, as often as it is called; nothing is checked yet.
    archives
        Where the sounds are that do not lie in `folder` yet.
    language
        As the names of archives in these have it; empty for any.
    license, citation
        Empty where nothing is known.
    """

    title: str
    folder: Path
    tables: tuple[Path, ...]
    entries: Callable[[], Iterator[Entry]]
    archives: tuple[Path, ...] = ()
    language: str = ""
    license: str = ""
    citation: str = ""


def one_language(found: dict[str, Path], language: str, source: Path) -> str:
    """The language asked for, or the only one; `found` is {language: where it was found}.

    Raises
    ------
    WordspotError
        The one asked for is not there, or none is asked for and there are several.
    """
    names = ", ".join(sorted(found))
    if language and language not in found:
        raise WordspotError(f"{source} has no language {language!r}; found {names or 'none'}")
    if not language and len(found) > 1:
        raise WordspotError(f"{source} has several languages ({names}): say which language to import")
    return language or next(iter(found))
