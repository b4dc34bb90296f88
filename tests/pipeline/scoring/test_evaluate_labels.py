"""Which clips `evaluate` counts for which label of the model."""

import shutil
from pathlib import Path

import pytest
from wordspot.data.errors import WordspotWarning
from wordspot.pipeline.scoring.evaluate import evaluate


def test_a_label_with_a_space_is_the_models_word(model: Path, clips: Path, tmp_path: Path) -> None:
    shutil.copytree(clips / "rise", tmp_path / "data" / "rise ")
    shutil.copytree(clips / "fall", tmp_path / "data" / "fall")
    with pytest.warns(WordspotWarning, match="trained on some of these clips"):
        result = evaluate(model, tmp_path / "data")
    assert result.confusion.matrix.sum() == 48
    assert result.confusion.labels[:2] == ("rise", "fall")
    assert list(result.confusion.matrix[:2].sum(axis=1)) == [24, 24]


def test_a_label_that_differs_only_in_case_is_noted_and_counts_as_unknown(
    model: Path, clips: Path, tmp_path: Path
) -> None:
    for source, label in (("rise", "RISE"), ("fall", "fall"), ("hum", "Hum"), ("hum", "hum")):
        shutil.copytree(clips / source, tmp_path / "data" / label)
    with pytest.warns(WordspotWarning) as noted:
        result = evaluate(model, tmp_path / "data")
    (text,) = [str(note.message) for note in noted if "count as" in str(note.message)]
    assert text.startswith("clips of RISE count as _unknown_, for the model knows rise")
    assert list(result.confusion.matrix[:2].sum(axis=1)) == [0, 24]
