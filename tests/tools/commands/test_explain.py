import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from wordspot.data.errors import WordspotError
from wordspot.tools.commands.explain import command

RATE_HZ = 16_000


@pytest.fixture
def word(tmp_path: Path) -> Path:
    """Two seconds with a word that begins at 1.2 s."""
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.001, 2 * RATE_HZ)
    sound[19_200:24_000] += rng.uniform(-0.3, 0.3, 4_800)
    soundfile.write(tmp_path / "anna.wav", sound, RATE_HZ)
    return tmp_path / "anna.wav"


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What is printed of a file."""

    def printed(*arguments: object) -> str:
        command.main(list(map(str, arguments)), standalone_mode=False)
        return capsys.readouterr().out

    return printed


def results(text: str) -> dict[str, str]:
    """{check: result} of the table."""
    return dict(re.findall(r"^(.+?) {2,}(fine|flagged|discarded) {2,}\w", text, re.MULTILINE))


def test_the_first_line_says_what_would_become_of_it(word: Path, explained: Callable) -> None:
    assert explained(word).splitlines()[0] == f"{word}: fine"
    loud = soundfile.read(word)[0].clip(-0.1, 0.1) + 0.1
    soundfile.write(word, loud, RATE_HZ)
    assert explained(word).splitlines()[0] == f"{word}: flagged (clipped, DC offset)"
    text = explained(word, "--discard", "clipped")
    assert text.splitlines()[0] == f"{word}: discarded (clipped)"
    assert results(text) | {"clipped": "discarded", "DC offset": "flagged", "too short": "fine"} == results(text)
    assert "clipped: Overdriven" in text
    assert "DC offset: The waveform" in text


def test_it_gives_the_format_and_where_the_clip_is(word: Path, explained: Callable) -> None:
    found = re.search(r"WAV, 16,000 Hz, mono, 2.000 s; the clip is (\S+) s to (\S+) s", explained(word))
    assert found
    first, last = map(float, found.groups())
    assert first < 1.2 < 1.5 < last == pytest.approx(first + 1)
    soundfile.write(word, soundfile.read(word)[0][-RATE_HZ // 2 :, None].repeat(2, axis=1), 44_100)
    assert "WAV, 44,100 Hz, stereo, 0.181 s; the clip is all of it, between zeros" in explained(word)
    soundfile.write(word, np.full(RATE_HZ, 0.1), RATE_HZ)
    assert "1.000 s; the clip is all of it\n" in explained(word)


def test_in_a_pipe_there_is_neither_color_nor_picture(word: Path, explained: Callable) -> None:
    assert "\x1b" not in explained(word)
    assert "▀" not in explained(word)


def test_json_is_one_object(word: Path, explained: Callable) -> None:
    found = json.loads(explained(word, "--json"))
    assert found["outcome"] == "fine"
    assert found["checks"]["clipped"]["outcome"] == "fine"


def test_the_picture_is_a_png_with_the_clip_marked(word: Path, tmp_path: Path, explained: Callable) -> None:
    explained(word, "--picture", tmp_path / "long.PNG")
    soundfile.write(word, soundfile.read(word)[0][-RATE_HZ:], RATE_HZ)
    explained(word, "--picture", tmp_path / "whole.png")
    marked = []
    for name in ("long.PNG", "whole.png"):
        image = Image.open(tmp_path / name)
        assert (image.format, image.width > 1_000, image.height > 400) == ("PNG", True, True)
        colors = np.unique(np.asarray(image)[12, 20:1000], axis=0)
        marked.append(len(colors) > 2)
    assert marked == [True, False]
    assert set(os.listdir(tmp_path)) == {"anna.wav", "long.PNG", "whole.png"}


def test_what_cannot_be_decoded_is_explained_but_has_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    broken = tmp_path / b"\xff.wav".decode(errors="surrogateescape")
    broken.write_text("no sound")
    with pytest.raises(WordspotError, match=r"x.png was not written: .*udcff.wav cannot be decoded"):
        command.main([str(broken), "--picture", str(tmp_path / "x.png")], standalone_mode=False)
    found = capsys.readouterr().out
    assert r"\udcff.wav: discarded (unreadable)" in found
    assert "Format not recognised" in found
    assert "copy it again" in found
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("file", "picture", "message"),
    [
        ("", None, "is a folder; expected one recording"),
        ("anna.wav", "folder.png", "folder.png is a folder"),
        ("anna.wav", "nowhere/x.png", "nowhere does not exist"),
        ("anna.wav", "x.jpg", "does not end in .png"),
        ("anna.wav", "anna.wav", "does not end in .png"),
    ],
)
def test_mistakes_are_reported_before_anything_is_printed_or_written(
    word: Path, file: str, picture: str | None, message: str, capsys: pytest.CaptureFixture
) -> None:
    (word.parent / "folder.png").mkdir()
    before = word.read_bytes()
    options = ["--picture", str(word.parent / picture)] if picture else []
    with pytest.raises(WordspotError, match=message):
        command.main([str(word.parent / file), *options], standalone_mode=False)
    assert capsys.readouterr().out == ""
    assert set(os.listdir(word.parent)) == {"anna.wav", "folder.png"}
    assert word.read_bytes() == before


def on_a_terminal(path: Path, **environment: str) -> str:
    """What a terminal of that kind gets to see."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wordspot.tools.cli", "explain", path.name]
    usual = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM", "TERM")}
    with subprocess.Popen(
        command, cwd=path.parent, stdout=theirs, stderr=theirs, env={**usual, "COLUMNS": "60", **environment}
    ) as process:
        os.close(theirs)
        seen = bytearray()
        while part := _read(ours):
            seen += part
    os.close(ours)
    assert process.returncode == 0
    return seen.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # Linux says so when the other side has been closed
        return b""


def test_a_terminal_shows_the_picture_in_as_many_colors_as_it_has(word: Path) -> None:
    many = on_a_terminal(word, TERM="xterm-256color", COLORTERM="truecolor")
    assert "\x1b[38;2;" in many
    lines = [line for line in re.sub(r"\x1b\[[\d;]*m", "", many).splitlines() if "▀" in line]
    assert {len(line) for line in lines} == {60}
    assert len(lines) == 22
    assert re.search(r"^0 s +2 s$", re.sub(r"\x1b\[[\d;]*m", "", many), re.MULTILINE)
    assert "\x1b[38;5;" in on_a_terminal(word, TERM="xterm-256color")
    for plain in ({"TERM": "xterm"}, {"TERM": "dumb"}, {"TERM": "xterm-256color", "NO_COLOR": "1"}):
        seen = on_a_terminal(word, **plain)
        assert "anna.wav: " in seen
        assert "▀" not in seen
