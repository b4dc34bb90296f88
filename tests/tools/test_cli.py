"""The command line as a user meets it: every command in a process of its own."""

import csv
import errno
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.tools.cli import COMMANDS


def one_line(result) -> str:
    """The only line of standard error; there is no traceback."""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(command: str, wordspot: Callable) -> None:
    result = wordspot(command, "--help")
    assert result.returncode == 0
    assert "Examples:" in result.stdout
    assert f"wordspot {command}" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_lists_every_command_and_the_version_is_printed(wordspot: Callable) -> None:
    listed = wordspot("--help").stdout
    assert all(command in listed for command in COMMANDS)
    assert wordspot("--version").stdout.strip() == "0.1.0"
    assert wordspot("nonsense").returncode == 2
    assert wordspot("clean", "only-one").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Missing argument 'SRC'"),
        (("recordings",), "Missing argument 'DST'"),
        (("recordings", "clips", "more"), "unexpected extra argument (more)"),
        (("recordings", "clips", "--jobs", "0"), "--jobs"),
        (("recordings", "clips", "--window", "longest"), "--window"),
        (("recordings", "clips", "--explain"), "No such option"),
    ],
)
def test_usage_is_explained(arguments: tuple[str, ...], expected: str, tmp_path: Path, wordspot: Callable) -> None:
    result = wordspot("clean", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Usage: wordspot clean" in result.stderr
    assert expected in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_parses(name: str) -> None:
    """An example without quotes that the shell would expand, and without its pipes, is a command line of that command."""
    command = import_module(f"wordspot.tools.commands.{name.replace('-', '_')}").command
    lines = (command.help or "").partition("Examples:\n")[2]
    examples = [shlex.split(line) for line in lines.splitlines() if "wordspot " in line]
    assert examples
    for words in examples:
        command_line = words[words.index("wordspot") + 1 :]
        assert command_line[0] in COMMANDS
        other = import_module(f"wordspot.tools.commands.{command_line[0].replace('-', '_')}").command
        other.make_context(command_line[0], command_line[1:])


def test_examples_can_be_copied(wordspot: Callable) -> None:
    lines = [line.strip() for line in wordspot("clean", "--help").stdout.splitlines()]
    assert "wordspot clean recordings clips --speaker-pattern '^([^/]+)/'" in lines


def test_one_recording_is_explained(recordings: Path, tmp_path: Path, wordspot: Callable) -> None:
    path = recordings / "rise" / "speaker03_nohash_0.wav"
    result = wordspot("explain", path, "--picture", "anna.png", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{path}: ")
    assert [entry.name for entry in tmp_path.iterdir()] == ["anna.png"]
    verdicts = json.loads(wordspot("explain", path, "--min-volume", "0.9", "--json").stdout)
    assert verdicts["checks"]["near_silent"]["outcome"] == verdicts["outcome"] == "discarded"


def test_clean_prints_a_table_and_json(recordings: Path, tmp_path: Path, wordspot: Callable) -> None:
    source = tmp_path / "source"
    shutil.copytree(recordings, source)
    soundfile.write(source / "hum" / "quiet.wav", np.full(16_000, 0.001), 16_000)
    (source / "hum" / "broken.wav").write_text("no sound")
    shutil.copy(source / "hum" / "quiet.wav", source / "stray.wav")
    dry = wordspot("clean", source, tmp_path / "clips", "--dry-run")
    assert "Nothing was written" in dry.stdout
    assert not (tmp_path / "clips").exists()
    result = wordspot("clean", source, tmp_path / "clips")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["label", "recordings", "clips", "near-silent", "unreadable"] in rows
    assert ["hum", "26", "24", "1", "1"] in rows
    assert ["all", "98", "96", "1", "1"] in rows
    assert "stray.wav" in result.stderr
    again = wordspot("clean", source, tmp_path / "clips")
    assert "nothing to do" in again.stdout
    figures = json.loads(wordspot("clean", source, tmp_path / "clips", "--json").stdout)
    hum = figures["labels"]["hum"]
    assert (hum["recordings"], hum["clips"], hum["discarded"]) == (26, 24, {"near_silent": 1, "unreadable": 1})
    assert figures["already_clean"]
    quiet = wordspot("clean", source, tmp_path / "more", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_the_whole_path_on_a_folder(recordings: Path, tmp_path: Path, wordspot: Callable) -> None:
    steps = [
        ("clean", recordings, "clips"),
        ("extract", "clips", "features"),
        ("train", "features", "--words", "rise,fall", "--run", "run", "--epochs", "4"),
        ("export", "run", "--out", "model.tflite"),
        (
            "evaluate",
            "model.tflite",
            "clips",
            "--split",
            "validation",
            "--json",
            "figures.json",
            "--report",
            "report.html",
        ),
        ("predict", "model.tflite", recordings / "rise" / "speaker00_nohash_0.wav", "--json"),
    ]
    results = {step[0]: wordspot(*step, cwd=tmp_path) for step in steps}
    for command, result in results.items():
        assert result.returncode == 0, (command, result.stderr)
        if command != "export":
            assert result.stderr == "", command
    assert "careful guesses" in one_line(results["export"])  # four minutes of speech that ships tell little
    matrix_head = [line for line in results["train"].stdout.splitlines() if line.startswith("truth")]
    assert matrix_head
    assert all(name in matrix_head[0] for name in ("rise", "fall", "unknown", "silence", "prec", "rec", "F1"))
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert {"accuracy", "interval", "labels", "confusion", "per_label", "split"} <= figures.keys()
    assert figures.keys() >= json.loads((tmp_path / "run" / "metrics.json").read_text()).keys() - {
        "best_epoch",
        "open_microphone",
        "parameters",
        "speakers_known",
    }
    assert (tmp_path / "report.html").exists()
    assert set(tmp_path.iterdir()) == {
        tmp_path / name for name in ("clips", "features", "run", "model.tflite", "figures.json", "report.html")
    }


def test_predict_takes_any_file_and_says_where_it_listened(
    model: Path, recordings: Path, tmp_path: Path, wordspot: Callable
) -> None:
    sound, rate = soundfile.read(recordings / "rise" / "speaker03_nohash_0.wav")
    late = np.concatenate([np.zeros(3 * rate), sound])
    soundfile.write(tmp_path / "stereo.flac", np.stack([late, late], axis=1), rate)
    soundfile.write(tmp_path / "short.wav", sound[:4000], rate)
    (tmp_path / "broken.wav").write_text("no sound")
    files = [tmp_path / name for name in ("stereo.flac", "short.wav", "broken.wav", "missing.wav")]
    result = wordspot("predict", model, *files)
    assert result.returncode == 1  # two could not be judged, the others were
    told = result.stdout.splitlines()
    assert len(told) == 2
    assert "judged on the 1 s from 3." in told[0]
    assert "judged" not in told[1]
    assert "broken.wav" in result.stderr
    assert "missing.wav: there is no such file" in result.stderr
    predictions = json.loads(wordspot("predict", model, files[0], "--json").stdout)
    assert predictions[0]["window_start_s"] >= 3
    assert sum(predictions[0]["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_evaluate_counts_other_labels_as_unknown_and_finds_known_folders(
    model: Path, recordings: Path, tmp_path: Path, wordspot: Callable
) -> None:
    for label, word in (("rise", "rise"), ("other", "hum"), ("_unknown_", "whistle")):
        (tmp_path / "data" / label / "deep").mkdir(parents=True)
        for speaker in range(4):
            name = f"speaker{speaker:02}_nohash_0.wav"
            shutil.copy(recordings / word / name, tmp_path / "data" / label / "deep" / name)
    (tmp_path / "data" / "_silence_").mkdir()
    soundfile.write(tmp_path / "data" / "_silence_" / "zeros.wav", np.zeros(16_000), 16_000)
    shutil.copytree(recordings / "_background_noise_", tmp_path / "data" / "_background_noise_")
    (tmp_path / "data" / "rise" / "broken.wav").write_text("no sound")
    result = wordspot("evaluate", model, tmp_path / "data", "--json", "-")
    figures = json.loads(result.stdout)
    clips = {label: row["clips"] for label, row in figures["per_label"].items()}
    assert clips == {"rise": 4, "fall": 0, "_unknown_": 8, "_silence_": 1}
    assert figures["per_label"]["_silence_"]["recall"] == 1.0
    assert len(figures["unreadable"]) == 1


def test_evaluate_says_when_it_flatters(model: Path, clips: Path, wordspot: Callable) -> None:
    assert "was trained on some of these clips" in wordspot("evaluate", model, clips).stderr
    assert wordspot("evaluate", model, clips, "--split", "testing").stderr == ""


def test_unknown_folders_do_not_move_the_speakers_of_a_split(
    model: Path, clips: Path, tmp_path: Path, wordspot: Callable
) -> None:
    shutil.copytree(clips, tmp_path / "clips")
    with (clips / "metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["split"] = "testing" if row["speaker"] == "speaker05" else "training"
    with (tmp_path / "clips" / "metadata.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "clips" / "_unknown_").mkdir()
    for number in range(20):
        shutil.copy(clips / "hum" / "speaker00_nohash_0.wav", tmp_path / "clips" / "_unknown_" / f"{number}.wav")
    figures = json.loads(wordspot("evaluate", model, tmp_path / "clips", "--split", "testing", "--json", "-").stdout)
    spoken = {label: row["clips"] for label, row in figures["per_label"].items()}
    assert spoken["rise"] == spoken["fall"] == 1
    assert 2 <= spoken["_unknown_"] < 22


def test_a_split_without_clips_names_those_that_have_some(
    model: Path, clips: Path, tmp_path: Path, wordspot: Callable
) -> None:
    shutil.copytree(clips, tmp_path / "clips")
    head, *rows = (clips / "metadata.csv").read_text().splitlines()
    text = "\n".join([f"{head},split", *(f"{row},training" for row in rows)])
    (tmp_path / "clips" / "metadata.csv").write_text(text + "\n")
    result = wordspot("evaluate", model, tmp_path / "clips", "--split", "testing")
    assert result.returncode == 1
    assert "no clips to judge of testing speakers; there is split training (" in result.stderr


def test_standard_output_is_json_alone_and_nothing_readable_is_a_failure(
    model: Path, recordings: Path, tmp_path: Path, wordspot: Callable
) -> None:
    result = wordspot("evaluate", model, recordings, "--json", "-", "--report", tmp_path / "report.html")
    assert json.loads(result.stdout)["clips"] == 96
    assert (tmp_path / "report.html").exists()
    (tmp_path / "bad" / "rise").mkdir(parents=True)
    (tmp_path / "bad" / "rise" / "a.wav").write_text("no sound")
    result = wordspot("evaluate", model, tmp_path / "bad")
    assert result.returncode == 1
    assert "no clip that can be read" in one_line(result)


def test_extracting_onto_a_full_disk_ends_in_words(clips: Path, tmp_path: Path, wordspot: Callable) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", tmp_path], check=False).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        result = wordspot("extract", clips, tmp_path / "features")
        assert result.returncode == 1
        assert "the disk is full" in one_line(result)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_mistakes_are_listed_most_confident_first(
    model: Path, recordings: Path, tmp_path: Path, wordspot: Callable
) -> None:
    (tmp_path / "data").mkdir()
    shutil.copytree(recordings / "rise", tmp_path / "data" / "fall")  # every label is wrong
    result = wordspot("evaluate", model, tmp_path / "data")
    told = [line for line in result.stdout.splitlines() if "recognized as" in line]
    shares = [int(line.rsplit("(", 1)[1].rstrip("%)")) for line in told]
    assert len(told) == 10
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("clean", "nowhere", "out"), "nowhere does not exist"),
        (("clean", "file.txt", "out"), "file.txt is a file"),
        (("clean", "flat", "out"), "flat has no label folders"),
        (("clean", "words", "words/out"), "lies inside"),
        (("clean", "words", "full"), "full holds something else"),
        (("clean", "words", "out", "--speaker-pattern", "("), "not a regular expression"),
        (("clean", "words", "out", "--speaker-pattern", "x"), "needs a group"),
        (("clean", "words", "out", "--discard", "loud"), "no check is named loud; there are: unreadable, too_short"),
        (
            ("clean", "words", "out", "--discard", "cut-off", "--flag", "cut_off"),
            "cut_off: named by discard and by flag",
        ),
        (("clean", "words", "out", "--flag", "unreadable"), "unreadable recordings cannot be kept"),
        (("explain", "nowhere.wav"), "nowhere.wav: No such file"),
        (("explain", "words"), "words is a folder"),
        (("explain", "words/left/a.wav", "--picture", "full"), "full does not end in .png"),
        (("explain", "file.txt", "--picture", "x.png", "--json"), "file.txt cannot be decoded"),
        (("extract", "words", "out"), "run `wordspot clean words CLIPS`"),
        (("extract", "{clips}", "out", "--fft-size", "500"), "power of two"),
        (("extract", "{clips}", "out", "--f-max-hz", "9000"), "half of sample_rate_hz"),
        (("train", "words", "--run", "out"), "neither a clean folder nor a feature set"),
        (("train", "{features}", "--run", "out", "--words", "ryse"), "did you mean rise"),
        (("train", "{features}", "--run", "full"), "full holds something else"),
        (("train", "{features}", "--run", "{run}", "--words", "rise,fall"), "holds a finished run"),
        (("train", "{features}", "--run", "out", "--config", "file.txt"), "file.txt is not JSON"),
        (("train", "{features}", "--run", "out", "--config", "none.json"), "none.json: No such file"),
        (("tune", "words", "--out", "out", "--trials", "2"), "neither a clean folder nor a feature set"),
        (("tune", "{features}", "--out", "full", "--trials", "2"), "full holds something else"),
        (("tune", "{features}", "--out", "out", "--trials", "2", "--words", "ryse"), "did you mean rise"),
        (
            ("tune", "{features}", "--out", "out", "--trials", "2", "--storage", "sqlite:////no/where.db"),
            "the storage at storage_url cannot be used: unable to open database file",
        ),
        (("export", "words"), "is not a run folder"),
        (("evaluate", "file.txt", "words"), "not a .tflite model"),
        (("evaluate", "{model}", "nowhere"), "nowhere does not exist"),
        (("evaluate", "{model}", "words", "--split", "some"), "split is 'some'"),
        (("evaluate", "{model}", "words", "--json", "full"), "full is a folder"),
        (("evaluate", "{model}", "words", "--report", "nowhere/r.html"), "nowhere does not exist"),
        (("evaluate", "{model}", "words", "--out", "full"), "full holds something else"),
        (("export", "{run}", "--out", "full"), "full is a folder"),
        (("train", "{features}", "--run", "out", "--words", " , "), "--words names no word"),
        (("predict", "file.tflite"), "name the sound files behind it"),
        (("predict", "{run}", "words/left/a.wav"), "is not a .tflite model: `wordspot export RUN`"),
        (("predict", "model.keras", "words/left/a.wav"), "is not a .tflite model: `wordspot export RUN`"),
        (
            ("predict", "big", "words/left/a.wav"),
            "neither a model nor a sound file big; the models that ship are small or",
        ),
        (("predict", "model.bin", "words/left/a.wav"), "does not end in .tflite: rename it"),
        (("evaluate", "{run}", "words"), "is a folder, not a .tflite model"),
        (("evaluate", "none.tflite", "words"), "none.tflite does not exist"),
        (
            ("train", "{features}", "--run", "out", "--words", "rise", "--from", "{model}"),
            "the run folder",
        ),
        (("score-stream", "{model}", "words/left/a.wav"), "needs a label file"),
    ],
)
def test_a_users_mistake_ends_in_one_line_and_changes_nothing(
    arguments: tuple[str, ...], told: str, tmp_path: Path, request: pytest.FixtureRequest, wordspot: Callable
) -> None:
    (tmp_path / "file.txt").write_text("hello")
    (tmp_path / "model.bin").write_bytes(b"\x1c\0\0\0TFL3 and more")
    (tmp_path / "flat").mkdir()
    (tmp_path / "words" / "left").mkdir(parents=True)
    soundfile.write(tmp_path / "words" / "left" / "a.wav", np.full(16_000, 0.1), 16_000)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    given = [
        str(request.getfixturevalue(argument.strip("{}"))) if argument.startswith("{") else argument
        for argument in arguments
    ]
    result = wordspot(*given, cwd=tmp_path)
    assert result.returncode == 1
    assert told in one_line(result)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_table_edited_by_a_spreadsheet_still_trains(clips: Path, tmp_path: Path, wordspot: Callable) -> None:
    shutil.copytree(clips, tmp_path / "clips")
    with (clips / "metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "clips" / "metadata.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, [*rows[0], "my notes"], dialect="excel")
        writer.writeheader()
        writer.writerows({**row, "my notes": "fine, I think"} for row in reversed(rows))
    assert wordspot("extract", tmp_path / "clips", tmp_path / "features").returncode == 0


def test_a_missing_extra_is_named(clips: Path, tmp_path: Path, wordspot: Callable) -> None:
    """A base install has no TensorFlow: here a folder on the path makes the import fail in the same way."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('tensorflow', 'keras', 'librosa', 'espeakng_loader', 'optuna'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
    )
    paths = (str(tmp_path), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    for arguments, extra in (
        (("train", clips, "--run", tmp_path / "run"), "train"),
        (("demo",), "voices"),
    ):
        result = wordspot(*arguments, env=environment)
        assert result.returncode == 1
        assert f"pip install 'wordspot[{extra}]'" in one_line(result)
    assert wordspot("--help", env=environment).returncode == 0
    assert wordspot("extract", clips, tmp_path / "features", env=environment).returncode == 0


def test_help_loads_nothing_that_only_work_needs(wordspot: Callable) -> None:
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "COLUMNS": "80"}
    for command in ((), ("clean",)):
        result = wordspot(*command, "--help", env=environment)
        loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in result.stderr.splitlines() if "|" in line}
        assert "click" in loaded
        assert loaded.isdisjoint(
            {"typer", "jinja2", "PIL", "soxr", "concurrent", "multiprocessing", "markdown_it", "pygments"}
        )


def test_the_disk_is_full_in_words() -> None:
    from wordspot.tools.cli import _in_words

    assert "the disk is full" in _in_words(OSError(errno.ENOSPC, "No space left on device", "clips/a.wav"))
    assert "choose a folder" in _in_words(OSError(errno.EROFS, "Read-only file system", "clips"))
