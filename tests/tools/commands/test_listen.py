"""`wordspot listen` as a person meets it: files and pipes, programs on a word, and what is kept of the sound."""

import csv
import dataclasses
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound
from wordspot.data.clips import list_clips
from wordspot.data.front_end import FrontEnd
from wordspot.models import pretrained
from wordspot.pipeline.device.model_description import ModelDescription
from wordspot.pipeline.device.model_file import pack_model
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import SETTINGS, Detector
from wordspot.tools.listening.recorder import COLUMNS, RecentSound

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def evening(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six words with quiet between them: 9 s of WAV."""
    quiet = np.random.default_rng(0).normal(0, 30, RATE_HZ // 2).astype(np.int16)
    files = [sorted((clips / word).glob("*.wav"))[i] for i in range(3) for word in ("rise", "fall")]
    path = tmp_path_factory.mktemp("evening") / "evening.wav"
    soundfile.write(
        path, np.concatenate([part for file in files for part in (quiet, read_sound(file).samples)]), RATE_HZ
    )
    return path


def listen(
    *arguments: object, sound: bytes | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "wordspot.tools.cli", "listen", *map(str, arguments)]
    return subprocess.run(command, input=sound, cwd=cwd, capture_output=True, check=False, timeout=120)


def found(result: subprocess.CompletedProcess[bytes]) -> list[dict]:
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(result: subprocess.CompletedProcess[bytes], status: int = 1) -> str:
    """The one line that a refusal is."""
    told = result.stderr.decode()
    assert result.returncode == status, told
    assert "Traceback" not in told
    if status == 1:
        assert told.count("\n") == 1, told
    return told


def raw(path: Path) -> bytes:
    return read_sound(path).samples.tobytes()


def as_wav(samples: np.ndarray, *, channels: int = 1, sample_bytes: int = 2, rate_hz: int = RATE_HZ) -> bytes:
    """A WAV file of int16 samples in another form."""
    values = np.repeat(samples.astype(np.int64), channels)
    form = {1: lambda: (values // 256 + 128).astype(np.uint8).tobytes(), 2: lambda: values.astype("<i2").tobytes()}
    form |= {4: lambda: (values * 65_536).astype("<i4").tobytes()}
    form |= {3: lambda: (values * 256).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()}
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(sample_bytes)
        written.setframerate(rate_hz)
        written.writeframes(form[sample_bytes]())
    return file.getvalue()


def test_a_setting_chooses_the_pauses_and_other_options_come_first(model: Path, evening: Path) -> None:
    def heard(*options: object) -> int:
        return len(found(listen(model, "--source", evening, "--json", *options)))

    in_between, alone = heard("--setting", "radio-on"), heard("--setting", "quiet-room")
    assert alone < in_between
    named = dataclasses.asdict(SETTINGS["radio-on"])
    options = [f"--{name.replace('_', '-')}={value}" for name, value in named.items()]
    assert heard(*options) == in_between
    assert heard("--setting", "quiet-room", *options) == in_between


def test_a_file_a_pipe_and_the_detector_agree(model: Path, evening: Path) -> None:
    detector = Detector(Recognizer.load(model))
    expected = detector.feed(read_sound(evening).samples) + detector.finish()
    from_file = found(listen(model, "--source", evening, "--json"))
    assert [(one["label"], one["time_s"]) for one in from_file] == [(one.label, one.time_s) for one in expected]
    assert {one["label"] for one in from_file} == {"rise", "fall"}
    assert found(listen(model, "--source", "-", "--json", sound=raw(evening))) == from_file
    assert found(listen(model, "--source", "-", "--json", sound=evening.read_bytes())) == from_file


@pytest.mark.parametrize("form", [{"channels": 2}, {"sample_bytes": 3}, {"sample_bytes": 4, "channels": 2}])
def test_wav_of_other_kinds_in_a_pipe(form: dict, model: Path, evening: Path) -> None:
    expected = found(listen(model, "--source", evening, "--json"))
    sound = as_wav(read_sound(evening).samples, **form)
    assert found(listen(model, "--source", "-", "--json", sound=sound)) == expected


def test_another_rate_is_resampled_and_too_little_is_told(model: Path, evening: Path) -> None:
    half = read_sound(evening, 8_000).samples
    result = listen(model, "--source", "-", "--json", sound=as_wav(half, rate_hz=8_000))
    assert len(found(result)) >= 4
    assert b"8000 Hz and 16 bits, less than the model was trained on" in result.stderr


def test_words_and_a_summary_for_a_person(model: Path, evening: Path) -> None:
    result = listen(model, "--source", evening)
    lines = result.stdout.decode().splitlines()
    assert len(lines) == len(found(listen(model, "--source", evening, "--json")))
    assert all(" s  rise  " in line or " s  fall  " in line for line in lines)
    assert result.stderr.decode() == f"wordspot: 9.0 s of sound, {len(lines)} detections\n"


def test_a_pipe_that_ends_in_the_middle_of_a_sample(model: Path, evening: Path) -> None:
    whole = listen(model, "--source", "-", "--json", sound=raw(evening))
    odd = listen(model, "--source", "-", "--json", sound=raw(evening) + b"\x01")
    assert found(odd) == found(whole)
    assert b"ended in the middle of a sample (1 of 2 bytes)" in odd.stderr


def test_without_a_model_the_small_one_that_ships_is_used() -> None:
    noise = np.random.default_rng(0).normal(0, 10, 2 * RATE_HZ).astype(np.int16).tobytes()
    for arguments in ((), ("small",), ("accurate",)):
        result = listen(*arguments, "--source", "-", "--json", sound=noise)
        assert found(result) == []
        assert b"2.0 s of sound" in result.stderr


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (b"", "0.00 s of sound came; the model needs 1 s"),
        (b"\x00" * 1_001, "0.03 s of sound came"),
        (b"RIFF\x00\x00\x00\x00WAVEjunk", "its header makes no sense"),
        (
            b"RIFF" + struct.pack("<I4s4sIHHIIHH4sI", 0, b"WAVE", b"fmt ", 16, 6, 1, 8_000, 8_000, 1, 8, b"data", 9),
            "WAV with A-law",
        ),
        (
            b"RIFF" + struct.pack("<I4s4sIHHIIHH4sI", 0, b"WAVE", b"fmt ", 16, 1, 1, 7, 14, 2, 16, b"data", 9),
            "a rate of 7 Hz",
        ),
    ],
)
def test_a_pipe_that_is_no_sound_is_told(sound: bytes, told: str) -> None:
    result = listen("small", "--source", "-", sound=sound)
    assert result.returncode == 1
    assert told in result.stderr.decode()
    assert b"Traceback" not in result.stderr


def test_files_that_are_no_sound_or_no_model_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "other.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3" + b"\x00" * 64)
    graph = b"\x1c\x00\x00\x00TFL3" + b"\x00" * 64
    (tmp_path / "hollow.tflite").write_bytes(pack_model(graph, ModelDescription(("a",), FrontEnd())))
    assert "text.wav" in refused(listen("--source", tmp_path / "text.wav"))
    assert "does not exist" in refused(listen("--source", tmp_path / "missing.wav"))
    assert "is not a .tflite model" in refused(listen(tmp_path / "text.wav", "--source", "-", sound=b""))
    assert "not one of wordspot's" in refused(listen(tmp_path / "other.tflite", "--source", "-", sound=b""))
    assert "cannot be run" in refused(listen(tmp_path / "hollow.tflite", "--source", "-", sound=b""))


def test_a_model_without_one_of_the_signatures_is_told(tmp_path: Path) -> None:
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder
    from wordspot.pipeline.device.model_file import read_model

    file = read_model(pretrained.path_of("small"))
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.content, 0))
    graph.signatureDefs = [one for one in graph.signatureDefs or () if one.signatureKey != b"features"]
    builder = Builder(len(file.content))
    builder.Finish(graph.Pack(builder), b"TFL3")
    (tmp_path / "deaf.tflite").write_bytes(pack_model(bytes(builder.Output()), file.description))
    told = refused(listen(tmp_path / "deaf.tflite", "--source", "-", sound=b""))
    assert "deaf.tflite cannot be run" in told
    assert "export it again" in told


def test_programs_run_without_a_shell_and_know_the_word(model: Path, evening: Path, tmp_path: Path) -> None:
    note = "import os; print(os.environ['WORDSPOT_LABEL'], os.environ['WORDSPOT_TIME_S'], file=open('heard', 'a'))"
    on = ("--on", "rise", "touch '$(a) b'", "--on", "fall", f'{sys.executable} -c "{note}"')
    result = listen(model, "--source", evening, "--json", *on, cwd=tmp_path)
    assert (tmp_path / "$(a) b").exists()
    falls = [f"fall {one['time_s']:.3f}" for one in found(result) if one["label"] == "fall"]
    assert sorted((tmp_path / "heard").read_text().splitlines()) == sorted(falls)


def test_a_program_that_fails_is_told_and_listening_goes_on(model: Path, evening: Path) -> None:
    result = listen(model, "--source", evening, "--json", "--on", "rise", "false")
    assert b"false ended with status 1" in result.stderr
    assert len(found(result)) >= 4


@pytest.mark.parametrize(
    ("on", "told"),
    [
        (("backward", "true"), "--on 'backward': the model's words are down, go, left"),
        (("left", "no-such-program"), "there is no program 'no-such-program'"),
        (("left", "'"), "No closing quotation"),
        (("left", ""), "needs a command"),
    ],
)
def test_programs_that_make_no_sense_are_told(on: tuple[str, str], told: str) -> None:
    assert told in refused(listen("--source", "-", "--on", *on, sound=b""))


@pytest.mark.parametrize("on", [("left", "--source", "x.wav"), ("left", "-h"), ("left",)])
def test_an_option_is_not_taken_for_a_program(on: tuple[str, ...]) -> None:
    expected = f"--on left takes a command, and {on[1]} is an option" if on[1:] else "requires 2 arguments"
    assert expected in " ".join(refused(listen("--on", *on), 2).split())


def test_a_program_that_never_ends_does_not_hold_up_the_end(model: Path, evening: Path, tmp_path: Path) -> None:
    code = "import os, pathlib, time; pathlib.Path(str(os.getpid())).touch(); time.sleep(600)"
    with open(tmp_path / "stderr", "wb") as stderr:
        command = [sys.executable, "-m", "wordspot.tools.cli", "listen", str(model), "--source", str(evening)]
        on = ["--on", "rise", f'{sys.executable} -c "{code}"']
        result = subprocess.run([*command, *on], cwd=tmp_path, stdout=subprocess.PIPE, stderr=stderr, timeout=120)
    started = {int(path.name) for path in tmp_path.iterdir() if path.name.isdecimal()}
    notes = (tmp_path / "stderr").read_text()
    try:
        assert result.returncode == 0, notes
        assert started
        for number in started:
            os.kill(number, 0)  # it still runs
            assert f"(process {number}) has not ended and is left running" in notes
    finally:
        for number in started:
            os.kill(number, signal.SIGKILL)


def test_what_programs_print_does_not_mix_with_detections(model: Path, evening: Path) -> None:
    result = listen(model, "--source", evening, "--json", "--on", "rise", "echo from the program")
    assert {one["label"] for one in found(result)} == {"rise", "fall"}
    assert b"from the program" in result.stderr


def test_ctrl_c_ends_a_pipe_with_one_line(model: Path, evening: Path) -> None:
    command = [sys.executable, "-m", "wordspot.tools.cli", "listen", str(model), "--source", "-", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(raw(evening))
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert re.fullmatch(rb"wordspot: \d.\d s of sound, \d detections\n", process.stderr.read())


def test_what_is_kept_is_a_clean_folder_of_what_was_heard(model: Path, evening: Path, tmp_path: Path) -> None:
    detections = found(listen(model, "--source", evening, "--json", "--save-detections", tmp_path / "kept"))
    samples = np.pad(read_sound(evening).samples, (0, RATE_HZ))  # as silence follows the end of a file
    clips = list_clips(tmp_path / "kept")
    assert sorted(clip.label for clip in clips) == sorted(one["label"] for one in detections)
    with open(tmp_path / "kept" / "metadata.csv", newline="") as file:
        rows = {row["time_s"]: row for row in csv.DictReader(file)}
    for one in detections:
        row = rows[f"{one['start_s'] + 1:.3f}"]  # where the kept second ends
        start = round(one["start_s"] * RATE_HZ)
        assert (row["kind"], row["recognized"], row["probability"]) == (
            "detection",
            one["label"],
            f"{one['probability']:.4f}",
        )
        kept = read_sound(tmp_path / "kept" / row["file_name"]).samples
        np.testing.assert_array_equal(kept, samples[start : start + RATE_HZ])


def test_corrected_labels_stay_when_more_is_kept(model: Path, evening: Path, tmp_path: Path) -> None:
    keep = ("--save-detections", tmp_path / "kept")
    listen(model, "--source", evening, *keep)
    table = tmp_path / "kept" / "metadata.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text(
        lines[0] + lines[1].replace(",rise,", ",hum,", 1).replace(",fall,", ",hum,", 1) + "".join(lines[2:])
    )
    second = evening.rename(evening.with_name("another.wav"))
    try:
        listen(model, "--source", second, *keep)
    finally:
        second.rename(evening)
    labels = [clip.label for clip in list_clips(tmp_path / "kept")]
    assert len(labels) == 2 * (len(lines) - 1)
    assert labels.count("hum") == 1


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "metadata.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_sound_again_replaces_no_clip_and_no_label(model: Path, evening: Path, tmp_path: Path) -> None:
    keep = ("--source", evening, "--save-detections", tmp_path / "kept")
    listen(model, *keep)
    table = tmp_path / "kept" / "metadata.csv"
    table.write_text(table.read_text().replace(",rise,", ",hum,", 1))
    for path in (tmp_path / "kept").rglob("*.wav"):
        path.write_bytes(b"edited")
    before = rows_of(tmp_path / "kept")
    assert listen(model, *keep).returncode == 0
    after = rows_of(tmp_path / "kept")
    assert after[: len(before)] == before
    assert len({row["file_name"] for row in after}) == len(after) == 2 * len(before)
    assert all((tmp_path / "kept" / row["file_name"]).read_bytes() == b"edited" for row in before)
    assert all((tmp_path / "kept" / row["file_name"]).stat().st_size > RATE_HZ for row in after[len(before) :])


def test_a_table_that_is_edited_while_listening_keeps_the_edits(model: Path, evening: Path, tmp_path: Path) -> None:
    kept, sound = tmp_path / "kept", raw(evening)
    command = [sys.executable, "-m", "wordspot.tools.cli", "listen", str(model), "--source", "-", "--json"]
    command += ["--save-detections", str(kept)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(sound)
        process.stdin.flush()
        detections = [process.stdout.readline()]
        assert "another `wordspot listen` keeps clips in" in refused(
            listen(model, "--source", "-", "--save-detections", kept, sound=sound)
        )
        while len(rows := rows_of(kept) if (kept / "metadata.csv").exists() else []) < 3:
            pass
        edited = [row | {"label": "hum", "note": "mine"} for row in rows]
        with open(kept / "metadata.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, edited[0])
            writer.writeheader()
            writer.writerows(edited)
        process.stdin.write(sound)
        process.stdin.close()
        detections += process.stdout.readlines()
        assert process.wait(60) == 0
    after = rows_of(kept)
    assert {row["file_name"] for row in after if row["note"] == "mine"} == {row["file_name"] for row in edited}
    assert {row["label"] for row in after if row["note"] == "mine"} == {"hum"}
    assert len(detections) > len(edited)
    assert len(list(kept.glob("*/*.wav"))) == len(detections)


def test_a_label_whose_folder_leads_elsewhere_is_refused(model: Path, evening: Path, tmp_path: Path) -> None:
    keep = ("--source", evening, "--save-detections", tmp_path / "kept")
    listen(model, *keep)
    (tmp_path / "kept" / "rise").rename(tmp_path / "outside")
    (tmp_path / "kept" / "rise").symlink_to(tmp_path / "outside")
    before = sorted((tmp_path / "outside").iterdir())
    result = listen(model, *keep)
    assert result.returncode == 1
    assert b"leads out of" in result.stderr
    assert sorted((tmp_path / "outside").iterdir()) == before


def test_recordings_are_not_mixed_with_what_is_heard(model: Path, evening: Path, tmp_path: Path) -> None:
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "mine.wav").write_bytes(b"precious")
    assert "holds something else" in refused(listen(model, "--source", evening, "--save-detections", tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["left", "mine.wav"]


def test_near_misses_are_kept_where_nothing_fired(model: Path, evening: Path, tmp_path: Path) -> None:
    keep = ("--save-detections", tmp_path / "kept", "--save-uncertain", 0.2, 1)
    assert found(listen(model, "--source", evening, "--json", "--threshold", 1, *keep)) == []
    with open(tmp_path / "kept" / "metadata.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert tuple(rows[0]) == COLUMNS
    assert {row["kind"] for row in rows} == {"uncertain"}
    assert all(0.2 <= float(row["probability"]) <= 1 for row in rows)


def test_options_that_make_no_sense_are_told(tmp_path: Path, clips: Path) -> None:
    assert "--save-detections" in refused(listen("--source", "-", "--save-uncertain", 0.3, 0.9, sound=b""), 2)
    keep = ("--source", "-", "--save-detections")
    assert "expected 0 <= LOW < HIGH" in refused(listen(*keep, tmp_path / "a", "--save-uncertain", 0.9, 0.3, sound=b""))
    assert "clip table of another kind" in refused(listen(*keep, clips, sound=b""))


def test_without_a_microphone_it_says_what_to_do() -> None:
    """Where there is one, it is listed; a machine for tests has none, or lacks even PortAudio."""
    result = listen("--list-devices")
    if result.returncode == 0:
        assert b"channels" in result.stdout
    else:
        assert "arecord" in refused(result)


def test_any_second_that_a_window_may_want_is_still_there() -> None:
    rng = np.random.default_rng(0)
    stream = rng.integers(-9_999, 9_999, 100_000).astype(np.int16)
    sound, seen = RecentSound(RATE_HZ), 0
    for block in np.split(stream, np.cumsum([1, 160, 37_000, 7])):
        for piece in sound.add(block):
            seen += len(piece)
            start = max(0, seen - len(piece) - RATE_HZ)
            expected = stream[start : min(seen, start + RATE_HZ)]
            np.testing.assert_array_equal(sound.second_from(start)[: len(expected)], expected)
    assert seen == len(stream)


def test_the_microphone_is_only_looked_for_when_wanted() -> None:
    code = (
        "import sys; import wordspot.tools.commands.listen; "
        "sys.exit('sounddevice' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
