"""The Multilingual Spoken Words Corpus: one-second Opus clips of words cut from Common Voice, with speakers and splits.

Published per language as two archives, `audio/en.tar.gz` (`en/clips/<word>/<clip>.opus`, `en/version.txt`) and
`splits/en.tar.gz` (`en_splits.csv` with the columns SET, LINK, WORD, VALID, SPEAKER, GENDER; `en_train.csv`, `en_dev.csv` and
`en_test.csv` with the same but SET; `version.txt`); two languages as one archive, `mswc_microset.tar.gz`
(`mswc_microset/en/clips/...`, `mswc_microset/en/en_splits.csv`); and all languages as one archive of those archives,
`mswc.tar.gz` (`mswc/audio/en.tar.gz`, `mswc/splits/en.tar.gz`, `mswc/alignments/en.tar.gz`).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import WordspotError
from ..labels import normalize_name
from ..tables import iterate_table
from .entries import Entry, known_speaker
from .listing import Listing, one_language
from .places import SOUNDS, archive_stem, homes, packed_sounds, unpack_tables

ADDRESS = "https://mswc.mlcommons-storage.org"
_LICENSE = "CC BY 4.0"
_CITATION = "Mazumder et al.: Multilingual Spoken Words Corpus, NeurIPS Datasets and Benchmarks 2021"
_COLUMNS = ("LINK", "WORD", "VALID", "SPEAKER")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?")
_WHOLE, _PARTS = "_splits.csv", ("train", "dev", "test")


def find_mswc(source: Path, language: str, scratch: Path) -> Listing:
    """Finds one language of the corpus.

    Parameters
    ----------
    source
        A folder in which it was unpacked or downloaded, or one archive with all of it (`mswc_microset.tar.gz`, `mswc.tar.gz`).
    language
        As the corpus names it (`en`, `zh-CN`); empty for the only one.
    scratch
        Where the tables of archives are written; their sounds belong there, too.

    Raises
    ------
    WordspotError
        No such language, no tables, or neither sounds nor archives.
    """
    packed = packed_sounds(source, language)
    places = homes(source) if source.is_dir() else []
    found = _languages(places)
    named = {stem: file for file in packed if _LANGUAGE.fullmatch(stem := archive_stem(file.name))}
    if len(named) > 1:
        one_language(named, language, source)
    inside: dict[str, Path] = {}
    for archive in packed:  # the smallest first: the tables have an archive of their own
        if not found:
            inside |= dict.fromkeys(unpack_tables(archive, scratch, language), archive)
            found = _languages(homes(scratch))
    if inside and not found:
        one_language(inside, language, source)
    if not found:
        name = language or "en"
        raise WordspotError(
            f"{source} has no table {name}{_WHOLE}: download {ADDRESS}/splits/{name}.tar.gz and audio/{name}.tar.gz beside "
            "it into one folder, and name that"
        )
    chosen = one_language(found, language, source)
    folder = scratch if packed else _home_of_sounds(places, found[chosen], chosen, source)
    tables = _tables(found[chosen], chosen)
    title = f"Multilingual Spoken Words Corpus, {chosen}"
    return Listing(title, folder, tables, lambda: _entries(tables), tuple(packed), chosen, _LICENSE, _CITATION)


def _languages(places: list[Path]) -> dict[str, Path]:
    names = (f"_{part}.csv" for part in ("splits", *_PARTS))
    return {
        file.name.removesuffix(name): place
        for name in reversed([*names])
        for place in places
        for file in place.glob(f"*{name}")
    }


def _tables(home: Path, language: str) -> tuple[Path, ...]:
    """The table with all splits, or one for each."""
    if (whole := home / f"{language}{_WHOLE}").is_file():
        return (whole,)
    return tuple(file for part in _PARTS if (file := home / f"{language}_{part}.csv").is_file())


def _home_of_sounds(places: list[Path], of_tables: Path, language: str, source: Path) -> Path:
    """The folder with a folder `clips`: that of the tables, or the one whose path has the language."""
    having = [place for place in places if (place / SOUNDS).is_dir()]
    of_language = [place for place in having if language in place.parts]
    if of_tables in having:
        return of_tables
    if not having or (not of_language and len(having) > 1):
        raise WordspotError(
            f"{source} has no folder {language}/{SOUNDS}: unpack {ADDRESS}/audio/{language}.tar.gz in it, or leave the "
            "archive in it as it is"
        )
    return (of_language or having)[0]


def _entries(tables: tuple[Path, ...]) -> Iterator[Entry]:
    for table in tables:
        part = next((part for part in _PARTS if table.stem.endswith(f"_{part}")), "")
        for line, row in iterate_table(table, _COLUMNS if part else (*_COLUMNS, "SET")):
            entry = Entry(
                f"{SOUNDS}/{row['LINK']}",
                normalize_name(row["WORD"]),
                known_speaker(row["SPEAKER"]),
                part or row["SET"],
                where=f"{table.name}, line {line}",
            )
            is_valid = row["VALID"].strip().casefold() == "true"
            yield entry if is_valid else entry.with_fault("not valid", "the corpus says so")
