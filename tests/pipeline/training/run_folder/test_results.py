"""The report of a run, as Chromium shows and plays it."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.clips import read_clip_table
from wordspot.data.feature_set import SOURCE, read_feature_set
from wordspot.pipeline.curation.queue import read_review_clips
from wordspot.pipeline.scoring.predictions import read_predictions
from wordspot.pipeline.training.examples.batches import Classes, SplitClips
from wordspot.pipeline.training.network import load_network
from wordspot.pipeline.training.run_folder.results import write_results
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.training.settings import AugmentSettings

LISTEN = """
  const play = async audio => {
    const data = await (await fetch(audio.src)).arrayBuffer()
    const sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(data)
    return [audio.getAttribute("aria-label"), [...sound.getChannelData(0)]]
  }
  return {
    cards: page.querySelectorAll(".clips li").length,
    charts: page.querySelectorAll(".lines svg path:not(.dot)").length,
    sounds: await Promise.all([...page.querySelectorAll("audio")].map(play)),
    text: page.body.innerText,
  }
"""


def report_of(run: Path, features: Path, folder: Path) -> Path:
    """The report of a run that gets every example wrong, for its examples are labeled as the next class."""
    shutil.copytree(run, folder)
    feature_set = read_feature_set(features)
    classes = Classes.choose(feature_set, ["rise", "fall"])
    clips = SplitClips(feature_set, classes, "validation", AugmentSettings())
    right = clips.fixed_examples()
    wrong = dataclasses.replace(right, classes=(right.classes + 1) % len(classes.labels))
    write_results(Run(folder), load_network(folder / "model.keras"), 2, wrong, "validation", classes, feature_set)
    return folder / "report.html"


def test_every_mistake_of_a_clip_can_be_listened_to(
    run: Path, features: Path, clips: Path, tmp_path: Path, in_browser: Callable
) -> None:
    seen = in_browser(report_of(run, features, tmp_path / "run"), LISTEN)
    assert seen["charts"] == 4
    assert "The best epoch was chosen on these same clips" in seen["text"]
    silent = seen["text"].count("made of background noise")
    assert len(seen["sounds"]) == seen["cards"] - silent > 0
    for name, samples in seen["sounds"]:
        np.testing.assert_allclose(samples, soundfile.read(clips / name)[0], atol=1e-4)


def test_a_run_says_what_every_clip_was_recognized_as_and_how_to_hear_it(
    run: Path, features: Path, clips: Path, tmp_path: Path
) -> None:
    report = report_of(run, features, tmp_path / "run")
    rows = read_predictions(tmp_path / "run")
    recordings = {clip.file_name: clip.recording for clip in read_clip_table(clips)}
    assert rows
    assert all(one.recording == recordings[one.file_name] for one in rows)
    mistakes = sum(one.truth != one.predicted for one in rows)
    assert mistakes == sum(bool(clip.judged) for clip in read_review_clips(clips, tmp_path / "run"))
    assert f"wordspot review {clips} --run {tmp_path / 'run'}" in report.read_text()


@pytest.mark.parametrize("gone", ["the note of where they were", "the clips"])
def test_where_the_clips_are_not_known_the_page_says_so(run: Path, features: Path, tmp_path: Path, gone: str) -> None:
    copied = tmp_path / "features"
    shutil.copytree(features, copied)
    if gone == "the clips":
        (copied / SOURCE).write_text('{"clips": "/nowhere/clips"}')
    else:
        (copied / SOURCE).unlink()
    shutil.copytree(run, tmp_path / "run")
    config = (tmp_path / "run" / "config.json").read_text(encoding="utf-8")
    (tmp_path / "run" / "config.json").write_text(
        config.replace(str(features.resolve()), str(copied)), encoding="utf-8"
    )
    page = report_of(tmp_path / "run", copied, tmp_path / "again").read_text(encoding="utf-8")
    assert "Without sound: the run was trained on a feature set whose clean folder is not known" in page
    assert "<audio" not in page
