"""What a label is: a word, or one of the names with an underscore that stand for no word."""

import csv
import io
import unicodedata
from collections.abc import Iterable

from .errors import WordspotError

NEGATIVES = "_negatives_"  # the folder of long recordings without any of the words
SILENCE = "_silence_"
UNKNOWN = "_unknown_"
_RESERVED_PREFIX = "_"


def is_word(label: str) -> bool:
    """Whether a label is a word; a name that begins with `_` is not.

    `_silence_` and `_unknown_` are answers of a model, and folders such as `_background_noise_` and `_negatives_` hold long
    sound.
    """
    return not label.startswith(_RESERVED_PREFIX)


def normalize_name(name: str) -> str:
    """A label or a speaker as it is compared and written: in Unicode form NFC, without spaces around it.

    macOS gives names of files decomposed (NFD), keyboards give them composed, and a space behind a name is seen by
    nobody: none of these makes another word.

    Examples
    --------
    >>> normalize_name("right ")
    'right'
    >>> len("cafe\u0301"), len(normalize_name("cafe\u0301"))
    (5, 4)
    """
    return unicodedata.normalize("NFC", name).strip()


def parse_labels(text: str) -> list[str]:
    """Labels with commas between them, as one row of CSV: quotes hold a comma that belongs to a label.

    Examples
    --------
    >>> parse_labels('left, "yes, please"')
    ['left', 'yes, please']

    Raises
    ------
    WordspotError
        A quotation mark that is not closed.
    """
    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise WordspotError(
            f"{text!r} is no list of labels ({error}): put commas between them, and quotation marks around a label that has "
            'a comma in it, as in left,"yes, please"'
        ) from error
    return [label for row in rows for cell in row if (label := normalize_name(cell))]


def join_labels(labels: Iterable[str]) -> str:
    """The reverse of `parse_labels`.

    Examples
    --------
    >>> join_labels(["left", "yes, please"])
    'left,"yes, please"'
    """
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(labels)
    return row.getvalue()


def differing_in_case(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of labels that are the same word but for upper and lower case, sorted.

    Examples
    --------
    >>> differing_in_case(["right", "left", "Right"])
    [('Right', 'right')]
    """
    groups: dict[str, set[str]] = {}
    for label in labels:
        groups.setdefault(label.casefold(), set()).add(label)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)
