import base64
import csv
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from wordspot.data.audio import read_sound
from wordspot.data.files import printable
from wordspot.data.recordings.folders import Recording
from wordspot.pipeline.ingest.checks import CHECKS
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.clip_maker import ClipMaker
from wordspot.pipeline.ingest.outcome import Outcome
from wordspot.pipeline.ingest.report.highlights import Highlights
from wordspot.pipeline.ingest.report.page import write_report
from wordspot.pipeline.ingest.result import CleanResult, DuplicateGroups, LabelCounts
from wordspot.pipeline.ingest.settings import CleanSettings

RATE_HZ = 16_000
BY_NAME = {check.name: check for check in CHECKS}
HOSTILE = "<script>alert(1)</script>\"' onerror=x &amp; {{ 7 * 7 }}.wav".replace("/", "\N{DIVISION SLASH}")
VOID = {"meta", "img"}
MEASURED: dict[str, float | str] = {"volume": 0.25, "snr_db": 1.0, "duration_s": 30.0, "peak_dbfs": 0.0}
NOTHING = CleanResult({}, 0, DuplicateGroups())


class Page(HTMLParser):
    """What a page holds: its elements, its text, and the cards of its sections in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.sections: dict[str, list[dict[str, str]]] = {}
        self.texts: list[str] = []
        self.style = ""
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert self._open == []

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "h3":
            self.sections[given["id"]] = []
        if self.sections and tag == "li":
            [*self.sections.values()][-1].append({})
        if tag in ("img", "audio"):
            self._note(tag, given["src"])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.style += data
            return
        self.texts.append(data)
        if self.sections and "li" in self._open and self._open[-1] in ("code", "strong"):
            self._note(self._open[-1], data)

    def _note(self, tag: str, text: str) -> None:
        """Of a card; what stands in the box of its original as `original code`, `original audio`, ..."""
        [*self.sections.values()][-1][-1]["original " * ("div" in self._open) + tag] = text


def embedded(address: str, kind: str) -> io.BytesIO:
    head, _, data = address.partition(",")
    assert head == f"data:{kind};base64"
    return io.BytesIO(base64.b64decode(data, validate=True))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def word(rng: np.random.Generator, seconds: float = 1.0) -> np.ndarray:
    """A glide between half a hundred kinds of silence: nothing is wrong with it."""
    sound = rng.normal(0, 0.002, round(seconds * RATE_HZ))
    time_s = np.arange(RATE_HZ // 3) / RATE_HZ
    glide = np.cumsum(np.linspace(300, 6_000, len(time_s)) * rng.uniform(0.8, 1.2)) / RATE_HZ
    start = len(sound) // 3
    sound[start : start + len(time_s)] += 0.3 * np.sin(2 * np.pi * glide) * np.hanning(len(time_s))
    return sound


def put(path: Path, sound: np.ndarray, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, RATE_HZ, **options)


def make_flawed(folder: Path) -> None:
    """Recordings with nearly everything that is looked for; of one flaw more than are shown."""
    rng = np.random.default_rng(5)
    for number in range(30):
        put(folder / "left" / f"quiet{number}.wav", word(rng) * 0.0005 * (1 + number * 7 % 30))
    for number in range(5):
        put(folder / "left" / f"fine{number}.wav", word(rng, 1 + number / 4))
        put(folder / "left" / f"loud{number}.wav", np.clip(word(rng) * (2 + number), -0.4, 0.4))
        put(folder / "right" / f"offset{number}.wav", word(rng) + 0.02 * (1 + number))
    gap = word(rng)
    gap[7_500:7_700] = 0
    put(folder / "right" / "gap.wav", gap)
    put(folder / "right" / "short.wav", word(rng)[6_000:6_100])
    put(folder / "right" / "half.wav", word(rng)[4_000:12_000])
    put(folder / "right" / HOSTILE, word(rng) + 0.05)
    same = word(rng)
    for path in ("left/same.wav", "left/same again.wav", "right/same.wav"):
        put(folder / path, same)
    put(folder / "right" / "flac.wav", word(rng), format="FLAC")
    (folder / "right" / "broken.wav").write_text("no sound")
    (folder / "right" / b"\xff\xfe.wav".decode(errors="surrogateescape")).write_text("no sound")


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, CleanResult]:
    """Flawed recordings, their clean folder, and what came of it."""
    folder = tmp_path_factory.mktemp("report")
    make_flawed(folder / "recordings")
    return folder / "recordings", folder / "clips", clean(folder / "recordings", folder / "clips")


@pytest.fixture(scope="module")
def page(cleaned: tuple[Path, Path, CleanResult]) -> Page:
    """The page of the flawed recordings."""
    return Page(cleaned[1] / "report.html")


def test_the_page_fetches_nothing_and_runs_nothing(page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form", "source"})
    for tag, given in page.elements:
        assert not [name for name in given if name.startswith("on")], (tag, given)
        assert re.match("data:(image/png|audio/flac);base64,", given.get("src", "data:image/png;base64,"))
        assert given.get("href", "#").startswith("#")
        assert {"srcset", "poster", "action", "background", "xlink:href"}.isdisjoint(given)
    assert "url(" not in page.style
    assert "@import" not in page.style
    policy = next(given["content"] for tag, given in page.elements if given.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_every_reason_has_its_section_its_numbers_and_its_advice(
    page: Page, cleaned: tuple[Path, Path, CleanResult]
) -> None:
    counts = cleaned[2].labels.values()
    for how, words in (("discarded", "left out"), ("flagged", "flagged")):
        for name in {name for label in counts for name in getattr(label, how)}:
            number = sum(getattr(label, how).get(name, 0) for label in counts)
            check = BY_NAME[name]
            assert f"{check.title[0].upper()}{check.title[1:]} " in page.text
            assert f"{number} {words}" in page.text
            assert check.advice in page.text
            assert len(page.sections[name]) <= 20
    found = {name for label in counts for how in ("discarded", "flagged") for name in getattr(label, how)}
    assert set(page.sections) == found
    assert {"unreadable", "near_silent", "clipped", "dc_offset", "dropouts", "duplicate", "wrong_format"} <= found
    assert f"{cleaned[2].clips} clips from {sum(label.recordings for label in counts)} recordings" in page.text


def test_the_labels_have_their_counts(page: Page, cleaned: tuple[Path, Path, CleanResult]) -> None:
    for label, counts in cleaned[2].labels.items():
        flagged = [row for row in rows(cleaned[1] / "metadata.csv") if row["label"] == label and row["findings"]]
        share = 100 * (1 - counts.clips / counts.recordings)
        assert f"{label} {counts.recordings} {counts.clips} {share:.1f}% {len(flagged)} " in page.text


def test_the_worst_come_first_and_are_the_worst_of_all(page: Page, cleaned: tuple[Path, Path, CleanResult]) -> None:
    table = [*rows(cleaned[1] / "metadata.csv"), *rows(cleaned[1] / "discarded.csv")]
    for name, cards in page.sections.items():
        check = BY_NAME[name]
        found = [row for row in table if row.get("reason", name) == name and name in row["findings"].split(";")]
        assert len(cards) == min(20, len(found))
        assert {card["code"] for card in cards} <= {row["source"] for row in found}
        if isinstance(check.limit, float):
            values = sorted((float(row[check.column]) for row in found), reverse=not check.below)
            texts = [card["strong"].replace("\N{MINUS SIGN}", "-") for card in cards]
            shown = [float(re.findall(r"-?[\d.]+", text)[0]) for text in texts]
            assert not any("_" in text for text in texts)  # words, not columns
            assert shown == pytest.approx(values[: len(shown)])
    assert len(page.sections["near_silent"]) == 20
    assert page.sections["duplicate"][0]["strong"].startswith("duplicate of ")
    assert "Format not recognised" in page.sections["unreadable"][0]["strong"]


def test_duplicates_under_another_label_come_first(page: Page) -> None:
    pairs = [(card["code"], card["strong"].removeprefix("duplicate of ")) for card in page.sections["duplicate"]]
    differ = [mine.split("/")[0] != other.split("/")[0] for mine, other in pairs]
    assert any(differ)
    assert differ == sorted(differ, reverse=True)


def test_beside_a_duplicate_stands_its_original_with_its_sound(page: Page) -> None:
    assert page.sections["duplicate"]
    for name, cards in page.sections.items():
        for card in cards:
            original = card["strong"].partition("duplicate of ")[2] if "duplicate" in name else None
            assert card.get("original code") == original
            if name == "duplicate":
                assert card["original audio"] == card["audio"]  # the same samples


def test_every_clip_can_be_heard_and_seen_as_it_is(page: Page, cleaned: tuple[Path, Path, CleanResult]) -> None:
    source, destination, _ = cleaned
    clips = {row["source"]: destination / row["file_name"] for row in rows(destination / "metadata.csv")}
    cards = [card for section in page.sections.values() for card in section]
    assert any("audio" in card and card["code"] not in clips for card in cards)
    for card in cards:
        if "audio" not in card:
            assert card in page.sections["unreadable"]
            continue
        image = Image.open(embedded(card["img"], "image/png"))
        assert len(image.convert("RGB").getcolors() or []) > 2
        samples, rate_hz = soundfile.read(embedded(card["audio"], "audio/flac"), dtype="int16")
        assert rate_hz == RATE_HZ
        sound = read_sound(source / card["code"]).samples
        if card["code"] in clips and len(sound) >= RATE_HZ:
            np.testing.assert_array_equal(samples, soundfile.read(clips[card["code"]], dtype="int16")[0])
        else:
            np.testing.assert_array_equal(samples, sound)


def test_names_are_shown_as_they_are_whatever_they_hold(page: Page) -> None:
    assert f"right/{HOSTILE}" in [card["code"] for card in page.sections["dc_offset"]]
    assert printable("right/\udcff\udcfe.wav") in [card["code"] for card in page.sections["unreadable"]]


def lines_of(path: Path) -> dict[str, float]:
    """{text of a limit: where its line is drawn, in percent}."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r'<div class="line[^"]*" style="left: ([\d.]+)%"><span>limit ([^<]+)</span>', text)
    return {limit: float(left) for left, limit in found}


def test_limits_are_drawn_where_they_lie(tmp_path: Path) -> None:
    put(tmp_path / "source" / "left" / "a.wav", word(np.random.default_rng(1)))
    clean(tmp_path / "source", tmp_path / "usual")
    clean(tmp_path / "source", tmp_path / "own", CleanSettings(min_volume=0.0001))
    clean(tmp_path / "source", tmp_path / "none", CleanSettings(min_volume=0))
    usual, own, none = (lines_of(tmp_path / name / "report.html") for name in ("usual", "own", "none"))
    axis = re.findall(r">(\N{MINUS SIGN}?\d+)</span>", (tmp_path / "own" / "report.html").read_text(encoding="utf-8"))
    assert "\N{MINUS SIGN}80" in axis
    assert own["\N{MINUS SIGN}80"] == 0
    assert len(usual) == len(own) == 3
    assert none.keys() == {"0.2", f"{BY_NAME['low_snr'].limit:.4g}"}
    assert all(0 <= left <= 100 for left in usual.values())


def test_nothing_found_is_said(tmp_path: Path) -> None:
    put(tmp_path / "source" / "left" / "a.wav", word(np.random.default_rng(1)))
    clean(tmp_path / "source", tmp_path / "clips")
    page = Page(tmp_path / "clips" / "report.html")
    assert "What was found Nothing." in page.text
    assert "Worth listening to" not in page.text
    assert page.sections == {}


def worst_case(folder: Path) -> Path:
    """The page of more labels and findings, longer names and longer clips than anybody has."""
    rng = np.random.default_rng(2)
    put(folder / "noise.wav", rng.uniform(-0.5, 0.5, 30 * RATE_HZ))
    maker = ClipMaker(folder, CleanSettings(window_ms=10_000))
    highlights = Highlights(maker.checks)
    name = '"' * 255
    for number in range(20):
        for place, check in enumerate(CHECKS):
            measured = {**MEASURED, "window_start_s": 1.6 * place + number / 20}
            measured[check.column] = name if check.limit == "" else number / 10
            outcome = Outcome("", name, "", f"{name}/{number}" + "/<&" * 300, (check.name,), measured=measured)
            highlights.add(Recording("noise.wav", 0, 0), outcome)
    counts = LabelCounts(9, 5, {check.name: 1 for check in CHECKS})
    labels = {f"{number}{name}": counts for number in range(5_000)}
    write_report(folder / "report.html", maker, dataclasses.replace(NOTHING, labels=labels), highlights, jobs=1)
    return folder / "report.html"


def test_the_page_stays_small_and_gives_every_check_its_share(tmp_path: Path) -> None:
    path = worst_case(tmp_path)
    assert path.stat().st_size < 20_000_000
    page = Page(path)
    assert all(len(cards) == 20 for cards in page.sections.values())
    with_sound = {name: sum("audio" in card for card in cards) for name, cards in page.sections.items()}
    assert set(with_sound) == set(BY_NAME)
    assert min(with_sound.values()) >= 1
    assert max(with_sound.values()) - min(with_sound.values()) <= 1
    assert "And 4,500 more labels" in page.text


def test_a_recording_that_was_changed_since_has_no_sound(tmp_path: Path) -> None:
    maker = ClipMaker(tmp_path, CleanSettings())
    highlights = Highlights(maker.checks)
    put(tmp_path / "short.wav", np.full(100, 0.1))
    (tmp_path / "broken.wav").write_text("no sound")
    for name in ("short.wav", "broken.wav"):
        measured = {**MEASURED, "window_start_s": 0.5, "clipped_share": 0.1}
        highlights.add(Recording(name, 0, 0), Outcome(name, "left", "", name, ("clipped",), measured=measured))
    write_report(tmp_path / "report.html", maker, NOTHING, highlights, jobs=1)
    assert Page(tmp_path / "report.html").sections == {
        "clipped": [{"code": name, "strong": "clipped share 0.10000"} for name in ("short.wav", "broken.wav")]
    }
