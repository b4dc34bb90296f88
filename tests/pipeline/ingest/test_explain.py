import csv
from pathlib import Path

import pytest
from wordspot.data.files import printable
from wordspot.data.recordings.folders import scan_recordings
from wordspot.pipeline.ingest.checks import CHECKS
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.explain import Explanation, explain
from wordspot.pipeline.ingest.settings import CleanSettings

OF_SEVERAL = {"duplicate", "near_duplicate"}
STRICT = CleanSettings(discard="cut-off,narrow_band", flag="near_silent", window="loudest", window_ms=700)


def rows_of_cleaning(source: Path, destination: Path, settings: CleanSettings) -> dict[str, dict[str, str]]:
    clean(source, destination, settings)
    rows = {}
    for table in ("metadata.csv", "discarded.csv"):
        with (destination / table).open(newline="", encoding="utf-8") as file:
            rows |= {row["source"]: row for row in csv.DictReader(file)}
    return rows


def outcome(row: dict[str, str]) -> str:
    """What cleaning did, duplicates left aside."""
    if row.get("reason"):
        return "discarded"
    return "flagged" if set(filter(None, row["findings"].split(";"))) - OF_SEVERAL else "fine"


@pytest.mark.parametrize("settings", [CleanSettings(), STRICT])
def test_it_says_what_cleaning_does(messy: Path, tmp_path: Path, settings: CleanSettings) -> None:
    rows = rows_of_cleaning(messy, tmp_path / "clips", settings)
    seen = set()
    for recording in scan_recordings(messy):
        if recording.is_long_sound:
            continue
        explanation, row = explain(messy / recording.path, settings), rows[printable(recording.path)]
        assert explanation.outcome == outcome(row), recording.path
        found = {result.check.name for result in explanation.findings}
        assert found == set(filter(None, row["findings"].split(";"))) - OF_SEVERAL
        compare_values(explanation, row)
        seen.add(explanation.outcome)
    assert {"fine", "discarded"} <= seen


def compare_values(explanation: Explanation, row: dict[str, str]) -> None:
    if explanation.window_s is None:
        assert (row["reason"], row["detail"]) == ("unreadable", explanation.results[0].value)
        return
    assert explanation.window_s[0] == pytest.approx(float(row["window_start_s"]), abs=1e-5)
    for result in explanation.results:
        assert row[result.check.column] == str(result.value)


def test_every_check_of_one_recording_has_a_result_with_the_limit_that_was_used(messy: Path) -> None:
    explanation = explain(messy / "left/ann_nohash_0.wav", CleanSettings(min_volume=0.125))
    results = {result.check.name: result for result in explanation.results}
    assert results.keys() == {check.name for check in CHECKS} - OF_SEVERAL - {"unreadable"}
    assert results["near_silent"].check.limit == 0.125
    assert results["near_silent"].outcome == explanation.outcome == "discarded"


def test_as_json_it_has_all_there_is_to_know(messy: Path) -> None:
    path = messy / "left/bob_nohash_0.wav"  # 0.4 s, so the clip begins before it
    described = explain(path).as_dict()
    assert described["file"] == str(path)
    assert described["outcome"] == "fine"
    assert described["window_s"] == pytest.approx((-0.3, 0.7))
    assert described["checks"]["too_short"].keys() == {"value", "limit", "outcome"}
    assert described["checks"]["too_short"]["limit"] == 0.2
    broken = explain(messy / "right/notes.wav").as_dict()
    assert broken["window_s"] is None
    assert broken["checks"].keys() == {"unreadable"}


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        explain(tmp_path / "nowhere.wav")
