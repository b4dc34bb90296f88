import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from wordspot.data.errors import WordspotError
from wordspot.data.recordings.folders import scan_recordings

pytest.importorskip("espeakng_loader", reason="the `voices` extra is not installed")
from wordspot.tools.demo_voices.recordings import all_voices, speak_recordings

SPEAK = """
import sys
from pathlib import Path
from wordspot.tools.demo_voices.recordings import all_voices, speak_recordings
takes = {"left": 2, "right": 1}
print(list(speak_recordings(Path(sys.argv[1]), all_voices()[:6], takes, seed=3, jobs=int(sys.argv[2]))))
"""


def speak(folder: Path, jobs: int) -> str:
    """Six voices, in a process of its own, because it forks."""
    command = [sys.executable, "-c", SPEAK, str(folder), str(jobs)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {recording.path: (folder / recording.path).read_bytes() for recording in scan_recordings(folder)}


def test_a_folder_of_messy_recordings_appears(tmp_path: Path) -> None:
    assert speak(tmp_path / "a", 2) == "[3, 3, 3, 3, 3, 3]\n"
    files = contents(tmp_path / "a")
    spoken = [name for name in files if "_nohash_" in name and "broken" not in name]
    assert len(spoken) == 18
    assert all(1.99 <= soundfile.info(tmp_path / "a" / name).duration <= 3.01 for name in spoken)
    assert soundfile.info(tmp_path / "a/_background_noise_/room.wav").duration == 60
    assert files["left/broken_nohash_0.wav"] == b"this is no sound"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_same_seed_says_the_same_words_and_noise_whatever_the_number_of_jobs(tmp_path: Path) -> None:
    for jobs in (1, 3):
        speak(tmp_path / str(jobs), jobs)
    one, three = contents(tmp_path / "1"), contents(tmp_path / "3")
    assert one.keys() == three.keys()
    assert one["_background_noise_/room.wav"] == three["_background_noise_/room.wav"]
    assert [name for name in one if one[name] != three[name]] == []


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(WordspotError, match="is not empty"):
        list(speak_recordings(tmp_path, all_voices(), {"left": 1}, seed=3, jobs=1))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_every_voice_is_another_person() -> None:
    assert len({voice.variant for voice in all_voices()}) == len(all_voices()) > 50
