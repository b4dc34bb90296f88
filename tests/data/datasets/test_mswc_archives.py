"""The corpus as it is published: two archives for each language, and all languages' archives in one."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from wordspot.data.datasets.choosing import Choice
from wordspot.data.datasets.import_set import MARKER, ImportResult, import_set
from wordspot.data.errors import WordspotError
from wordspot.pipeline.progress import no_progress

_VERSION = b"version 1.0, Multilingual Spoken Words Corpus, https://mlcommons.org/en/multilingual-spoken-words\n"


def bring(source: Path, folder: Path, language: str = "", **options) -> ImportResult:
    return import_set("mswc", source, folder, Choice(("links", "haus")), language, progress=no_progress, **options)


@pytest.fixture(scope="session")
def published(mswc: Path, tmp_path_factory: pytest.TempPathFactory, tools: dict) -> Path:
    """`audio`, `splits` and `alignments` with an archive for each of two languages, which have all words in common."""
    folder = tmp_path_factory.mktemp("published")
    rows = (mswc / "de" / "de_splits.csv").read_text().splitlines()
    for language in ("de", "nl"):
        sounds: dict[str, Path | bytes] = {
            path.relative_to(mswc).as_posix().replace("de", language): path for path in sorted(mswc.rglob("*.opus"))
        }
        tools["pack"](sounds | {f"{language}/version.txt": _VERSION}, folder / "audio" / f"{language}.tar.gz")
        tables: dict[str, Path | bytes] = {
            f"{language}_{part}.csv": _lines(
                row.split(",", 1)[1] for row in rows if row.startswith(("SET", part.upper()))
            )
            for part in ("train", "dev", "test")
        }
        whole = _lines(row.replace("_de_", f"_{language}_") for row in rows)
        tables |= {f"{language}_splits.csv": whole, "version.txt": _VERSION}
        tools["pack"](tables, folder / "splits" / f"{language}.tar.gz")
        aligned = {f"{language}_alignments.csv": b"no table of recordings\n"}
        tools["pack"](aligned, folder / "alignments" / f"{language}.tar.gz")
    return folder


def _lines(rows: Iterable[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


@pytest.fixture(scope="session")
def whole(published: Path, tmp_path_factory: pytest.TempPathFactory, tools: dict) -> Path:
    """All of it as one archive."""
    files = {f"mswc/{path.relative_to(published)}": path for path in sorted(published.rglob("*.tar.gz"))}
    return tools["pack"](files, tmp_path_factory.mktemp("whole") / "mswc.tar.gz")


def made(folder: Path, contents: Callable) -> dict[str, bytes]:
    return {name: data for name, data in contents(folder).items() if name != MARKER}


def test_every_way_it_is_downloaded_gives_the_same(published: Path, whole: Path, tools: dict, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    (flat / "de.tar.gz").write_bytes((published / "audio" / "de.tar.gz").read_bytes())
    (flat / "de.tar.gz.1").write_bytes((published / "splits" / "de.tar.gz").read_bytes())  # as wget calls it
    (tmp_path / "around" / "mswc").mkdir(parents=True)
    (tmp_path / "around" / "mswc" / "mswc.tar.gz").write_bytes(whole.read_bytes())
    sources = (published, whole, flat, tmp_path / "around")
    results = [bring(source, tmp_path / f"words{place}", "de") for place, source in enumerate(sources)]
    assert results[0].labels == {"links": 10, "haus": 10}
    assert results[0].splits == {"training": 16, "validation": 2, "testing": 2}
    assert results[0].title == "Multilingual Spoken Words Corpus, de"
    all_made = [made(tmp_path / f"words{place}", tools["contents"]) for place in range(len(sources))]
    assert all(one == all_made[0] for one in all_made)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"flat", "around", *(f"words{place}" for place in range(len(sources)))}


def test_the_language_must_be_clear(published: Path, whole: Path, tmp_path: Path) -> None:
    for source in (published, whole):
        with pytest.raises(WordspotError, match=r"has several languages \(de, nl\): say which"):
            bring(source, tmp_path / "words")
        with pytest.raises(WordspotError, match="has no language 'fr'; found de, nl"):
            bring(source, tmp_path / "words", "fr")
    assert not list(tmp_path.iterdir())


def test_sounds_in_archives_cannot_be_used_in_place(published: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="is packed, and its sounds cannot be used where they are: unpack it first"):
        bring(published, tmp_path / "words", "de", in_place=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [0, 1, 40, -9_000])
def test_a_damaged_whole_is_one_line(kept: int, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "mswc.tar.gz").write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(
        WordspotError, match=r"mswc\.tar\.gz is a damaged archive \(.+\): remove it and download it again"
    ):
        bring(tmp_path / "mswc.tar.gz", tmp_path / "words", "nl")
    assert [path.name for path in tmp_path.iterdir()] == ["mswc.tar.gz"]


@pytest.mark.parametrize("folder", ["audio", "splits"])
def test_a_damaged_archive_inside_is_named(folder: str, published: Path, tools: dict, tmp_path: Path) -> None:
    files: dict[str, Path | bytes] = {
        f"mswc/{path.relative_to(published)}": path for path in sorted(published.rglob("*.tar.gz"))
    }
    name = f"mswc/{folder}/de.tar.gz"
    data = (published / folder / "de.tar.gz").read_bytes()
    files[name] = data[: len(data) // 2]
    archive = tools["pack"](files, tmp_path / "mswc.tar.gz")
    with pytest.raises(WordspotError, match=rf"damaged archive \(in it, {name}: "):
        bring(archive, tmp_path / "words", "de")
    assert bring(archive, tmp_path / "words", "nl").recordings == 20
    files[name] = b"<html>no such file</html>"
    archive = tools["pack"](files, tmp_path / "mswc.tar.gz")
    with pytest.raises(WordspotError, match=rf"damaged archive \(in it, {name}: "):
        bring(archive, tmp_path / "others", "de")


def test_tables_inside_cannot_leave_their_folder(published: Path, tools: dict, tmp_path: Path) -> None:
    inner = tools["pack"]({"../../evil_splits.csv": b"SET,LINK\n"}, tmp_path / "in" / "de.tar.gz")
    archive = tools["pack"]({"mswc/splits/de.tar.gz": inner}, tmp_path / "in" / "mswc.tar.gz")
    with pytest.raises(WordspotError, match=r"holds '\.\./\.\./evil_splits\.csv', which leaves the folder"):
        bring(archive, tmp_path / "words", "de")
    assert not list(tmp_path.rglob("*evil*"))
