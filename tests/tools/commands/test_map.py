import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from wordspot.data.clips import read_clip_table
from wordspot.pipeline.curation.clip_map import make_map


def relabel(folder: Path, old: str, new: str, count: int) -> list[str]:
    """Gives the first clips of a label another one; their names."""
    with open(folder / "metadata.csv", newline="") as file:
        table = list(csv.DictReader(file))
    chosen = [row for row in table if row["label"] == old][:count]
    for row in chosen:
        row["label"] = new
    with open(folder / "metadata.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return [row["file_name"] for row in chosen]


def test_a_map_shows_every_clip_and_names_what_lies_among_another_word(
    clips: Path, tmp_path: Path, wordspot: Callable
) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    labels = sorted({clip.label for clip in read_clip_table(folder)})
    wrong = relabel(folder, labels[0], labels[1], 4)
    result = wordspot("map", folder, "--model", "small", "--projector", tmp_path / "logs")
    assert result.returncode == 0, result.stderr
    assert f"clips of {labels[1]}" in result.stdout
    assert f"lie among {labels[0]}" in result.stdout
    page = (folder / "map.html").read_text()
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])
    titles = [title.text or "" for title in svg.iter("title")]
    names = [clip.file_name for clip in read_clip_table(folder)]
    assert sorted(title.split(": ", 1)[1] for title in titles) == sorted(names)
    assert {name for name in wrong if f"{labels[1]}: {name}" in titles} == set(wrong)
    addresses = [link.attrib["href"] for link in svg.iter("a")]
    assert all((folder / address).is_file() for address in addresses)
    assert "<script" not in page
    assert len((tmp_path / "logs/clips.tsv").read_text().splitlines()) == len(names)
    assert (tmp_path / "logs/clips_metadata.tsv").read_text().splitlines()[0] == "label\tspeaker\tclip"


def test_the_same_clips_give_the_same_map(clips: Path) -> None:
    first, second = (make_map(clips, "small") for _ in range(2))
    assert (first.places == second.places).all()
    assert first.islands == second.islands


def test_too_few_clips_are_said(clips: Path, tmp_path: Path, wordspot: Callable) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    lines = (folder / "metadata.csv").read_text().splitlines(keepends=True)
    (folder / "metadata.csv").write_text("".join(lines[:3]))
    result = wordspot("map", folder)
    assert result.returncode == 1
    assert "a map needs at least 5" in result.stderr
    assert len(result.stderr.splitlines()) == 1
