"""Few clips, and none of background noise: what is chosen, and what is said of it."""

import shutil
import warnings
from pathlib import Path

import pytest
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import StreamSettings, thresholds_of
from wordspot.pipeline.scoring.stream_mix import MixSettings
from wordspot.pipeline.scoring.stream_report import FEWEST_CLIPS, choose_thresholds, score_streams
from wordspot.pipeline.scoring.streams import StreamSource

MIX = MixSettings(hours=0.1, stream_minutes=3, words_per_hour=900)


def folder_of(clips: Path, folder: Path, counts: dict[str, int]) -> Path:
    """So many clips of each word, and no background noise."""
    for word, count in counts.items():
        (folder / word).mkdir(parents=True)
        for path in sorted((clips / word).glob("*.wav"))[:count]:
            shutil.copy(path, folder / word)
    return folder


@pytest.fixture
def recognizer(model: Path) -> Recognizer:
    """Of rise and fall."""
    return Recognizer.load(model)


def test_a_word_of_few_clips_keeps_its_threshold_and_what_is_missing_is_said(
    recognizer: Recognizer, clips: Path, tmp_path: Path
) -> None:
    source = StreamSource(folder_of(clips, tmp_path / "few", {"rise": 12, "fall": 1, "hum": 12}), split="all")
    with pytest.warns(WordspotWarning) as noted:
        choice = choose_thresholds(recognizer, source, 1, MIX)
    texts = [str(note.message) for note in noted]
    assert any("synthetic noise takes its place" in text for text in texts)
    assert any("fewer than 10 clips of fall (1)" in text for text in texts)
    assert any("the model was trained on some of these clips" in text for text in texts)
    assert choice.few == ["fall"]
    assert choice.thresholds.keys() == {"rise"}
    assert choice.clips == {"rise": 12, "fall": 1}
    of_fall = choice.score.per_label["fall"]
    assert of_fall.said > 0
    assert choice.kept_false_accepts_per_hour == of_fall.false_accepts / choice.score.hours


def test_streams_are_judged_with_the_threshold_that_a_word_of_few_clips_keeps(
    recognizer: Recognizer, clips: Path, tmp_path: Path
) -> None:
    source = StreamSource(folder_of(clips, tmp_path / "few", {"rise": 12, "fall": 1, "hum": 12}), split="all")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WordspotWarning)
        report = score_streams(recognizer, source, MIX)[0]
    kept = thresholds_of(recognizer, StreamSettings().threshold)[recognizer.labels.index("fall")]
    assert report.few == ["fall"]
    for point in report.chosen.values():
        assert point.thresholds[recognizer.labels.index("fall")] == kept
    assert report.to_dict()["words_with_too_few_clips"] == ["fall"]


def test_where_every_word_has_few_clips_nothing_is_chosen(recognizer: Recognizer, clips: Path, tmp_path: Path) -> None:
    few = {"rise": FEWEST_CLIPS - 1, "fall": FEWEST_CLIPS - 1}
    source = StreamSource(folder_of(clips, tmp_path / "few", few), split="all")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WordspotWarning)
        assert score_streams(recognizer, source, MIX)[0].chosen == {}
        with pytest.raises(WordspotError, match="fewer than 5 clips of each of the model's words"):
            choose_thresholds(recognizer, source, 1, MIX)
