"""Files and names that were made to do harm: every one becomes a clip or a discard, and nothing else happens."""

import csv
import itertools
import os
import re
import resource
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.audio import read_sound
from wordspot.data.clips import read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.data.files import printable
from wordspot.pipeline.ingest.clean import clean

RATE_HZ = 16_000
MOST_MEMORY_MB = 1000
MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(status)
"""
FORMATS = {
    "16.wav": {"subtype": "PCM_16"},
    "24.wav": {"subtype": "PCM_24"},
    "adpcm.wav": {"subtype": "IMA_ADPCM"},
    "a.flac": {},
    "a.ogg": {},
    "opus.ogg": {"subtype": "OPUS"},
    "a.mp3": {},
    "a.aiff": {},
    "a.w64": {},
    "a.caf": {},
}
BOUNDARIES = {  # where parts of a file begin: chunks, frames, pages
    ".wav": rb"RIFF|WAVE|fmt |fact|LIST|data",
    ".flac": rb"fLaC|\xff\xf8",
    ".ogg": rb"OggS|vorbis|Opus",
    ".mp3": rb"\xff[\xe0-\xff]",
    ".aiff": rb"FORM|AIFF|COMM|SSND|PEAK",
    ".w64": rb"riff|wave|fmt |data",
    ".caf": rb"caff|desc|data|free|chan",
}
MAGICS = (
    *(b"RIFF\xff\xff\0\0WAVE", b"RIFF\xff\xff\0\0WAVEfmt \x10\0\0\0\1\0\1\0", b"RIFX\0\0\xff\xffWAVE"),
    *(b"RF64\xff\xff\xff\xffWAVE", b"riff\x2e\x91\xcf\x11", b"FORM\0\0\xff\xffAIFF", b"FORM\0\0\xff\xffAIFC"),
    *(b"FORM\0\0\xff\xff8SVX", b"fLaC", b"fLaC\0\0\0\x22", b"OggS\0\2", b"ID3\3\0\0\0\0\x0f\x7f", b"\xff\xfb\x90\0"),
    *(b"\xff\xf3\x40\xc0", b"caff\0\1\0\0desc", b".snd\0\0\0\x18", b"\xf0\x7e\0\1", b"Creative Voice File\x1a"),
    *(b"NIST_1A\n   1024\n", b"MATLAB 5.0 MAT-file", b"Extended Instrument: "),
)


def speech(rate_hz: int, seconds: float = 0.5, seed: int = 0) -> np.ndarray:
    """Something like two syllables: twenty harmonics of a gliding voice that swells twice, in a little noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    phase = 2 * np.pi * np.cumsum(np.linspace(140 + seed % 50, 110, len(time_s))) / rate_hz
    voice = sum(np.sin(k * phase) / k for k in range(1, 21))
    return 0.2 * voice * np.sin(2 * np.pi * time_s / seconds) ** 2 + rng.normal(0, 0.002, len(time_s))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """{file name: an undamaged recording}."""
    folder = tmp_path_factory.mktemp("originals")
    for name, options in FORMATS.items():
        soundfile.write(folder / name, speech(RATE_HZ), RATE_HZ, **options)
    return {name: (folder / name).read_bytes() for name in FORMATS}


def cut(name: str, content: bytes) -> Iterator[bytes]:
    """Cut at the boundaries of its parts, one byte before and after, and between them; 24 parts at most."""
    begins = [match.start() for match in re.finditer(BOUNDARIES[Path(name).suffix], content)]
    begins = [*begins[:12], *begins[12 :: max(1, len(begins) // 12)], len(content)]
    between = [(begin + end) // 2 for begin, end in itertools.pairwise(begins)]
    places = {place + by for place in begins for by in (-1, 0, 1, 8)} | set(between)
    yield from (content[:place] for place in sorted(places) if 0 <= place < len(content))


def lying(content: bytes) -> Iterator[bytes]:
    """Every number that a header may hold, replaced by absurd ones; the numbers stand at even places."""
    for place in range(4, 60, 2):
        for value in (0, 0x8000_0000, 0xFFFF_FFFF):
            yield content[:place] + struct.pack("<I", value) + content[place + 4 :]
        yield content[:place] + struct.pack("<H", 0xFFFF) + content[place + 2 :]


def lying_wavs() -> Iterator[bytes]:
    """16-bit WAV whose format fields are absurd one by one, and files of a second that claim hours."""
    data = (speech(RATE_HZ) * 32_767).astype("<i2").tobytes()
    true = {
        "tag": 1,
        "channels": 1,
        "rate": RATE_HZ,
        "bytes a second": 32_000,
        "block": 2,
        "bits": 16,
        "data": len(data),
    }
    for field, values in {
        "tag": (0, 2, 3, 6, 0x11, 0x31, 0x55, 0xFFFE, 0xFFFF),
        "channels": (0, 2, 3, 1000, 1024, 1025, 65_535),
        "rate": (0, 1, 999, 1000, 8000, 767_999, 768_000, 768_001, 2**31, 2**32 - 1),
        "bytes a second": (0, 1, 2**31, 2**32 - 1),
        "block": (0, 1, 3, 64, 65_535),
        "bits": (0, 1, 7, 8, 15, 24, 32, 64, 65_535),
        "data": (0, 1, 2, len(data) - 1, len(data) + 1, 3600 * 32_000, 30 * 3600 * 32_000 % 2**32, 2**31, 2**32 - 1),
    }.items():
        for value in values:
            found = struct.pack("<HHIIHHxxxxI", *(true | {field: value}).values())
            head = b"fmt " + struct.pack("<I", 16) + found[:16] + b"data" + found[-4:]
            yield b"RIFF" + struct.pack("<I", len(head) + len(data) + 4) + b"WAVE" + head + data


def garbage() -> Iterator[bytes]:
    rng = np.random.default_rng(5)
    for magic in MAGICS:
        yield from (magic + rng.bytes(size) for size in (0, 40, 3_000, 40_000))
        yield magic + bytes(3_000)


def run_measured(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`wordspot clean`, which must not need more than a gigabyte in any of its processes."""
    command = [sys.executable, "-m", "wordspot.tools.cli", "clean", *map(str, arguments)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, timeout=280, check=False
    )
    *errors, peak_mb = done.stderr.splitlines()
    assert errors == []
    assert int(peak_mb) < MOST_MEMORY_MB
    return done


def outcomes(clips: Path) -> dict[str, str]:
    """{recording: why it was left out, empty for a clip}; each must be there once."""
    found: dict[str, str] = {}
    for name in ("metadata.csv", "discarded.csv"):
        with (clips / name).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert row["source"] not in found
                found[row["source"]] = row.get("reason", "")
    return found


def check_every_recording_is_accounted_for(source: Path, clips: Path) -> set[str]:
    """The outcomes that were seen."""
    found = outcomes(clips)
    assert set(found) == {printable(path.relative_to(source).as_posix()) for path in source.glob("*/*")}
    assert set(found.values()) <= {"", "unreadable", "near_silent", "too_short"}
    assert len(list(clips.glob("*/*.wav"))) == list(found.values()).count("")
    return set(found.values())


@pytest.mark.skipif(not Path("/proc").exists(), reason="the memory of a process is counted otherwise here")
def test_every_damaged_file_becomes_a_clip_or_a_discard_in_bounded_memory_and_silence(
    originals: dict[str, bytes], tmp_path: Path
) -> None:
    source = tmp_path / "damaged"
    kinds = {f"cut {name}": cut(name, content) for name, content in originals.items()}
    kinds |= {f"lying {name}": lying(content) for name, content in originals.items()}
    kinds |= {"lies.wav": lying_wavs(), "garbage.wav": garbage(), "garbage.mp3": garbage()}
    for kind, contents in kinds.items():
        (source / kind).mkdir(parents=True)
        for i, content in enumerate(contents):
            (source / kind / f"{i}{Path(kind).suffix}").write_bytes(content)
    done = run_measured(source, tmp_path / "clips", "--jobs", 2, "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    assert check_every_recording_is_accounted_for(source, tmp_path / "clips") >= {"", "unreadable"}


def write_sparse_wav(path: Path, seconds: float, rate_hz: int, channels: int) -> None:
    """A second of speech, then silence that takes no space on the disk."""
    sound = np.repeat(speech(rate_hz, 1.0)[:, None], channels, axis=1)
    soundfile.write(path, sound, rate_hz, subtype="PCM_16")
    size = round(seconds * rate_hz) * channels * 2
    with path.open("r+b") as file:
        file.truncate(44 + size)
        for place, value in ((4, 36 + size), (40, size)):
            file.seek(place)
            file.write(struct.pack("<I", value))


@pytest.mark.skipif(not Path("/proc").exists(), reason="the memory of a process is counted otherwise here")
def test_long_and_wide_recordings_need_less_than_a_gigabyte(tmp_path: Path) -> None:
    source = tmp_path / "large"
    for folder in ("word", "_noise_"):
        (source / folder).mkdir(parents=True)
    write_sparse_wav(source / "word/hour at 1 kHz.wav", 3600, 1_000, 1)
    write_sparse_wav(source / "word/hour at 8 kHz.wav", 3600, 8_000, 1)
    write_sparse_wav(source / "word/two hours.wav", 7200, RATE_HZ, 1)
    write_sparse_wav(source / "word/1000 channels.wav", 2, RATE_HZ, 1000)
    write_sparse_wav(source / "word/768 kHz.wav", 20, 768_000, 2)
    write_sparse_wav(source / "_noise_/hour.wav", 3600, 1_000, 2)
    with soundfile.SoundFile(source / "word/hour.flac", "w", RATE_HZ, 1) as file:
        file.write(speech(RATE_HZ, 1.0, seed=7))
        for _ in range(59):
            file.write(np.zeros(61 * RATE_HZ, np.int16))
    done = run_measured(source, tmp_path / "clips", "--jobs", 2, "--json")
    assert done.returncode == 0
    found = outcomes(tmp_path / "clips")
    assert {source: reason for source, reason in found.items() if reason} == {"word/two hours.wav": "unreadable"}
    assert soundfile.info(tmp_path / "clips/_noise_/hour.wav").duration == 3600


def damaged(content: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    """Bytes flipped, inserted or deleted at a share of its length."""
    changed = bytearray(content)
    for how, share, data in edits:
        place = int(share * len(changed))
        if how == "flip":
            changed[place : place + len(data)] = bytes(a ^ b for a, b in zip(changed[place:], data, strict=False))
        elif how == "insert":
            changed[place:place] = data
        else:
            del changed[place : place + (1 << len(data))]
    return bytes(changed)


SHARES = st.one_of(st.floats(0, 0.005), st.floats(0, 1))  # most headers lie in the first part
EDITS = st.tuples(st.sampled_from(("flip", "insert", "delete")), SHARES, st.binary(min_size=1, max_size=12))
DAMAGES = st.lists(st.tuples(st.sampled_from(tuple(FORMATS)), st.lists(EDITS, max_size=4)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damages=DAMAGES)
def test_any_damage_gives_a_clip_or_a_discard(
    originals: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, damages: list
) -> None:
    folder = tmp_path_factory.mktemp("damages")
    (folder / "source/word").mkdir(parents=True)
    for i, (name, edits) in enumerate(damages):
        (folder / f"source/word/{i}-{name}").write_bytes(damaged(originals[name], edits))
    clean(folder / "source", folder / "clips")
    check_every_recording_is_accounted_for(folder / "source", folder / "clips")


LABELS = (
    *("-rf", "a;b", "con", "$(touch hacked)", "`id`", "~", " b ", "%2e%2e%2f", "\\..\\up", "<b>bold", "=cmd()"),
    *("*", "n" * 255, "line\nbreak", "\x1b[31mred", "A", "a", "\u00e9", "e\u0301", "\u202egnp", "a,b\"c'"),
    os.fsdecode(b"\xff\xfe"),
)
LINKS = {  # {name: (target, why it is left out)}
    "file.wav": ("../../outside/secret.wav", ""),
    "folder": ("../../outside", ""),
    "up": ("..", None),
    "self.wav": ("self.wav", "unreadable"),
    "gone.wav": ("nowhere", "unreadable"),
    "zero.wav": ("/dev/zero", "unreadable"),
    "memory.wav": ("/proc/self/mem", "unreadable"),
    "kernel.wav": ("/proc/kcore", "unreadable"),
}


def snapshot(folder: Path, but: Path) -> dict[str, object]:
    """What each file, folder and link below is, when it was changed, and what it holds."""
    seen: dict[str, object] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(parent, name) != but]
        for path in (Path(parent, name) for name in (*folders, *files)):
            status = path.lstat()
            content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            seen[str(path)] = (status.st_ino, status.st_mode, status.st_mtime_ns, content)
    return seen


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A folder of recordings whose names and links are traps."""
    source = tmp_path / "source"
    (tmp_path / "outside").mkdir()
    soundfile.write(tmp_path / "outside/secret.wav", speech(RATE_HZ), RATE_HZ)
    for i, label in enumerate(LABELS):
        (source / label).mkdir(parents=True)
        soundfile.write(tmp_path / "sound.wav", speech(RATE_HZ, seed=i + 1), RATE_HZ)
        (tmp_path / "sound.wav").rename(source / label / os.fsdecode(os.fsencode(label)[:250] + b".wav"))
    (source / ".hidden").mkdir()
    (source / ".hidden/never.wav").write_bytes(b"seen")
    (source / "links").mkdir()
    for name, (target, _) in LINKS.items():
        (source / "links" / name).symlink_to(target)
    return source


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_strange_names_and_links_write_nothing_outside_of_the_destination(
    strange: Path, tmp_path: Path, wordspot: Callable
) -> None:
    clips = tmp_path / "clips"
    before = snapshot(tmp_path, but=clips)
    done = wordspot("clean", "source", "clips", "--jobs", 2, cwd=tmp_path)
    assert done.returncode == 0
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    changed = {path for path, seen in snapshot(tmp_path, but=clips).items() if before.get(path) != seen}
    assert changed <= {str(tmp_path)}
    assert len(before) == len(snapshot(tmp_path, but=clips))
    assert all(not path.is_symlink() and path.resolve().is_relative_to(clips) for path in clips.rglob("*"))
    found = outcomes(clips)
    links = {f"links/{name}": why for name, (_, why) in LINKS.items() if why is not None and name != "folder"}
    assert {path: why for path, why in found.items() if path.startswith("links/")} == links | {
        "links/folder/secret.wav": ""
    }
    assert len(found) == len(LABELS) + len(links) + 1
    table = read_clip_table(clips)
    assert len(table) == len(LABELS) + 2
    assert all((clips / clip.file_name).is_file() for clip in table)


def test_a_machine_in_trouble_is_not_taken_for_damaged_recordings(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, speech(RATE_HZ), RATE_HZ)
    read_sound(tmp_path / "a.flac")  # opens what decoding needs
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with (tmp_path / "a.wav").open("rb") as file:
        next_number = file.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_number, limits[1]))
    try:
        for name in ("a.wav", "a.flac"):
            with pytest.raises(OSError, match="Too many open files"):
                read_sound(tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("label", ["metadata.csv", "Discarded.csv", "report.html", "clean.json", "testing_list.txt"])
def test_a_label_with_the_name_of_a_file_that_cleaning_writes_is_refused(tmp_path: Path, label: str) -> None:
    (tmp_path / "source" / label).mkdir(parents=True)
    soundfile.write(tmp_path / "source" / label / "a.wav", speech(RATE_HZ), RATE_HZ)
    with pytest.raises(WordspotError, match="rename the folder"):
        clean(tmp_path / "source", tmp_path / "clips")
    assert not (tmp_path / "clips").exists()


def test_folders_nested_deeper_than_python_calls_are_read(tmp_path: Path) -> None:
    source = deepest = tmp_path / "source/word"
    deepest.mkdir(parents=True)
    for _ in range(1_000):
        deepest /= "d"
        deepest.mkdir()
    soundfile.write(tmp_path / "a.flac", speech(RATE_HZ), RATE_HZ)
    (tmp_path / "a.flac").rename(deepest / "a.flac")
    try:
        assert clean(source.parent, tmp_path / "clips").clips == 1
    finally:
        while deepest != source:  # shutil and pytest cannot remove it
            for path in deepest.iterdir():
                path.unlink() if path.is_file() else path.rmdir()
            deepest = deepest.parent
