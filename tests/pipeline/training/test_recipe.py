import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.pipeline.training.recipe import Recipe, read_recipe
from wordspot.pipeline.training.settings import TRANSFER_SETTINGS, WITHOUT_NEGATIVES, AugmentSettings, TrainSettings

PARTS = {"settings": TrainSettings, "augmentation": AugmentSettings}
FIELDS = [(part, field) for part, kind in PARTS.items() for field in dataclasses.fields(kind)]
NUMBERS = [(part, field) for part, field in FIELDS if field.type not in (str, bool)]
many = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, values: Any) -> Path:
    (folder / "recipe.json").write_text(json.dumps(values))
    return folder / "recipe.json"


@many
@given(st.sampled_from(NUMBERS), st.floats() | st.integers())
def test_a_value_is_taken_exactly_when_its_field_allows_it(
    tmp_path: Path, place: tuple[str, dataclasses.Field], value: float
) -> None:
    part, field = place
    low, high = field.metadata["minimum"], field.metadata["maximum"]
    assume(field.name != "max_snr_db" or value >= 0)  # that one must not lie below min_snr_db either
    assume(field.name != "min_snr_db" or value <= 30)
    path = written(tmp_path, {part: {field.name: value}})
    if low <= value <= high and not (field.type is int and isinstance(value, float)):
        assert getattr(getattr(read_recipe(path), part), field.name) == value
        return
    with pytest.raises(WordspotError) as refused:
        read_recipe(path)
    for what in (str(path), part, field.name, f"at least {low:g}", f"at most {high:g}"):
        assert what in str(refused.value)


@pytest.mark.parametrize(("part", "field"), FIELDS)
def test_a_value_of_the_wrong_type_is_named(tmp_path: Path, part: str, field: dataclasses.Field) -> None:
    for value in (None, [1], {"a": 1}, "3" if field.type in (int, float) else 3, 0 if field.type is bool else True):
        with pytest.raises(WordspotError, match=rf"{field.name} is .*; it must be (a|text|true)"):
            read_recipe(written(tmp_path, {part: {field.name: value}}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"settings": {"epohcs": 3}}, "recipe.json, settings: epohcs is not a setting; did you mean epochs?"),
        ({"settings": {"zzz": 3}}, "zzz is not a setting; did you mean batch_size or"),
        ({"setings": {}}, "setings is not known here; expected settings and augmentation"),
        ({"settings": [1]}, r"settings: this is \[1\]; expected names and values"),
        ([], "must hold a JSON object"),
        ({"settings": {"model": "resnet"}}, "settings: there is no model 'resnet'; expected one of ds_cnn"),
        ({"augmentation": {"min_snr_db": 40}}, "min_snr_db is 40; it must be at most max_snr_db, 30"),
        ({"settings": {"model": ["x" * 1000]}}, r'model is \["x+\.\.\.; it must be text$'),
    ],
)
def test_what_a_recipe_cannot_mean_is_named(tmp_path: Path, values: Any, message: str) -> None:
    with pytest.raises(WordspotError, match=message):
        read_recipe(written(tmp_path, values))


@pytest.mark.parametrize("text", ["", "{", '{"settings": {"epochs": ' + "9" * 5_000 + "}}", "[" * 100_000])
def test_what_is_not_json_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(WordspotError, match=r"recipe\.json is not JSON"):
        read_recipe(tmp_path / "recipe.json")


def test_what_it_lacks_is_that_of_the_defaults_given(tmp_path: Path) -> None:
    file = written(tmp_path, {"augmentation": {"min_snr_db": -5}, "settings": {"epochs": 3}})
    recipe = read_recipe(file, Recipe(TRANSFER_SETTINGS))
    assert recipe == Recipe(dataclasses.replace(TRANSFER_SETTINGS, epochs=3), AugmentSettings(min_snr_db=-5))


def test_a_runs_config_is_a_recipe_and_what_is_missing_has_its_default(run: Path, tmp_path: Path) -> None:
    assert read_recipe(run / "config.json") == Recipe(
        dataclasses.replace(WITHOUT_NEGATIVES, epochs=6, label_smoothing=0.05)
    )
    assert read_recipe(written(tmp_path, {})) == Recipe()
    assert read_recipe(written(tmp_path, {"augmentation": {"gain_db": 3}})).augmentation == AugmentSettings(gain_db=3)


def test_options_win_over_the_file(run: Path, features: Path, tmp_path: Path, wordspot: Callable) -> None:
    """A run that is gone on with names the first setting in which it differs: it would be the epochs, were they 7."""
    config = written(tmp_path, {"settings": {"epochs": 7, "batch_size": 50}})
    command = ("train", features, "--words", "rise,fall", "--run", run, "--resume", "--config", config)
    assert "settings.batch_size 100, not 50" in wordspot(*command, "--epochs", "6").stderr
