"""Common Voice: MP3 clips of read sentences by volunteers, of which those that are one word are recordings of words.

Published per language as `cv-corpus-<version>-<date>-<language>.tar.gz`, or all languages of the single-word target segment as
`cv-corpus-7.0-singleword.tar.gz`: `<corpus>/<language>/clips/*.mp3`, and beside it `validated.tsv`, `train.tsv`, `dev.tsv`
and `test.tsv` (client_id, path, sentence, ..., locale, segment), tabs between cells that are never quoted.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from ..errors import WordspotError
from ..labels import normalize_name
from ..tables import iterate_table
from .entries import Entry, known_speaker
from .listing import Listing, one_language
from .places import SOUNDS, homes, packed_sounds, unpack_tables

ADDRESS = "https://commonvoice.mozilla.org/datasets"
_LICENSE = "CC0 1.0"
_CITATION = "Ardila et al.: Common Voice: A Massively-Multilingual Speech Corpus, LREC 2020, arXiv 1912.06670"
_COLUMNS = ("client_id", "path", "sentence")
_ALL, _PARTS = "validated.tsv", ("train.tsv", "dev.tsv", "test.tsv")
_AROUND_WORDS = " \t.,!?…:;-–—'\"’‘“”„«»()¡¿。、，！？"


def find_common_voice(source: Path, language: str, scratch: Path, wanted: Collection[str] = ()) -> Listing:
    """Finds one language of the corpus.

    Parameters
    ----------
    source
        A folder in which it was unpacked or downloaded, or one archive.
    language
        As the corpus names it (`en`, `zh-TW`); empty for the only one.
    scratch
        Where the tables of an archive are written; its sounds belong there, too.
    wanted
        Sentences of several words that count as well, without upper case.

    Raises
    ------
    WordspotError
        No such language, no tables, or neither sounds nor archives.
    """
    packed = packed_sounds(source, language)
    for archive in packed:
        unpack_tables(archive, scratch)
    found = {_locale(home): home for home in homes(scratch if packed else source) if (home / _ALL).is_file()}
    if not found:
        raise WordspotError(
            f"{source} has no {_ALL} beside a folder {SOUNDS}, and no archive that has: download Common Voice, or its "
            f"single-word target segment, from {ADDRESS}"
        )
    chosen = one_language(found, language, source)
    home = found[chosen]
    tables = tuple(file for name in (_ALL, *_PARTS) if (file := home / name).is_file())
    folder = scratch if packed else home
    title, read = f"Common Voice, {chosen}", lambda: _entries(tables, frozenset(wanted))
    return Listing(title, folder, tables, read, tuple(packed), license=_LICENSE, citation=_CITATION)


def _locale(home: Path) -> str:
    """The language of the first recording; the folder's name where the table does not say."""
    rows = iterate_table(home / _ALL, _COLUMNS, quoted=False)
    return next((row.get("locale", "") for _, row in rows), "") or home.name


def _entries(tables: tuple[Path, ...], wanted: frozenset[str]) -> Iterator[Entry]:
    """Everything that was validated, with the split of the part that names it, if one does."""
    everything, *parts = tables
    splits = {
        row["path"]: part.stem
        for part in parts
        for _, row in iterate_table(part, _COLUMNS, quoted=False)
        if row["path"]
    }
    for line, row in iterate_table(everything, _COLUMNS, quoted=False):
        word = " ".join(normalize_name(row["sentence"]).strip(_AROUND_WORDS).split())
        if not word or (" " in word and word.casefold() not in wanted):
            continue
        path = row["path"] if "." in row["path"] else f"{row['path']}.mp3"  # the first releases left it out
        split = splits.get(row["path"], "")
        speaker = known_speaker(row["client_id"])
        yield Entry(f"{SOUNDS}/{path}", word, speaker, split, where=f"{everything.name}, line {line}")
