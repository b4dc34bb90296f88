import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from wordspot.data.errors import WordspotError
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.training.run_folder.run_config import RunConfig
from wordspot.pipeline.training.settings import WITHOUT_NEGATIVES, AugmentSettings

OF_VERSION_0_1 = {  # as that version wrote it
    "data": "/home/me/clips",
    "words": ["left", "right"],
    "classes": ["left", "right", "_unknown_", "_silence_"],
    "settings": {"model": "bc_resnet_1", "epochs": 7, "learning_rate": 0.004},
    "augmentation": {"gain_db": 3.0},
    "clips": "0123456789ab",
    "front_end": {"n_mels": 32, "window": "hann_periodic", "centred": False},
    "versions": {"wordspot": "0.1.0", "numpy": "2.0"},
}


def test_a_config_is_read_as_it_was_written(run: Path) -> None:
    text = (run / "config.json").read_text(encoding="utf-8")
    config = Run(run).read_config()
    assert json.dumps(config.to_dict(), indent=2, ensure_ascii=False) + "\n" == text
    assert RunConfig.from_dict(config.to_dict(), "config.json") == config


def test_what_an_older_version_did_not_have_takes_its_default() -> None:
    config = RunConfig.from_dict(OF_VERSION_0_1, "config.json")
    assert config.settings == dataclasses.replace(WITHOUT_NEGATIVES, model="bc_resnet_1", epochs=7, learning_rate=0.004)
    assert config.augmentation == AugmentSettings(gain_db=3.0)
    assert config.front_end == FrontEnd(n_mels=32)
    assert (config.start, config.teacher) == (None, None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data": 1}, "config.json lacks 'data', or holds something else"),
        ({"classes": "down"}, "lacks 'classes', or holds something else"),
        ({"start": 3}, "lacks 'start', or holds something else"),
        ({"versions": None}, "lacks 'versions', or holds something else"),
        ({"words": ["up"]}, "the word 'up' is not among the classes left, right, _unknown_, _silence_"),
        ({"settings": {"epochs": 0}}, "config.json, settings: epochs is 0; it must be at least 1"),
        ({"augmentation": {"gain": 1}}, "config.json, augmentation: gain is not a setting; did you mean"),
        ({"front_end": {"fft_size": 500}}, "config.json: front end: fft_size is 500"),
    ],
)
def test_what_a_config_cannot_mean_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(WordspotError, match=message):
        RunConfig.from_dict({**OF_VERSION_0_1, **values}, "config.json")


def test_the_first_difference_is_named() -> None:
    config = RunConfig.from_dict(OF_VERSION_0_1, "config.json")
    config.check_same(dataclasses.replace(config), "runs/first")
    for change, message in (
        ({"settings": dataclasses.replace(config.settings, epochs=9)}, r"settings\.epochs 7, not 9"),
        ({"teacher": "small"}, "teacher None, not 'small'"),
        ({"versions": {"wordspot": "0.1.0"}}, None),  # nothing that the new one has is another
    ):
        other = dataclasses.replace(config, **change)
        if message is None:
            config.check_same(other, "runs/first")
            continue
        with pytest.raises(WordspotError, match=f"runs/first was begun with {message}: resume it with the same"):
            config.check_same(other, "runs/first")
