"""What training begins with where nobody says."""

import shutil
from pathlib import Path

from wordspot.data.front_end import FrontEnd
from wordspot.models import pretrained
from wordspot.pipeline.device.model_file import read_model
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.training.recipe import Recipe
from wordspot.pipeline.training.settings import OTHER_PEOPLE, TRANSFER_SETTINGS, TrainSettings
from wordspot.pipeline.training.start import Start, choose_start


def test_few_clips_begin_with_what_ships_and_say_so(clips: Path, run: Path, tmp_path: Path) -> None:
    chosen = choose_start(clips, ["rise", "fall"])
    assert chosen.network == "small"
    assert chosen.why == "24 clips per word are few: begins with small, which ships (transfer learning)"
    assert chosen.recipe == Recipe(TRANSFER_SETTINGS)
    front_end = read_model(pretrained.path_of("small")).description.front_end
    extract(clips, tmp_path / "fits", front_end)
    assert choose_start(tmp_path / "fits").network == "small"
    assert choose_start(clips, ["rise"], run) == Start(None)  # a run goes on with what it was begun with


def test_clips_of_few_people_also_stand_for_others(clips: Path, tmp_path: Path) -> None:
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "metadata.csv"
    for speaker in range(24):
        table.write_text(table.read_text().replace(f",speaker{speaker:02},", f",voice{speaker % 3},"))
    assert choose_start(tmp_path / "clips").recipe == Recipe(TRANSFER_SETTINGS, OTHER_PEOPLE)


def test_features_of_another_front_end_begin_with_random_weights_and_say_why(clips: Path, tmp_path: Path) -> None:
    extract(clips, tmp_path / "features", FrontEnd(n_mels=24))
    chosen = choose_start(tmp_path / "features")
    assert chosen.network is None
    assert "another front end than small" in chosen.why
    assert chosen.recipe.settings == TrainSettings()


def test_many_clips_begin_with_random_weights(clips: Path, tmp_path: Path) -> None:
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "metadata.csv"
    head, *rows = table.read_text().splitlines()
    copies = [row.replace("/", f"/{copy}_", 1) for row in rows for copy in range(3)]
    table.write_text("\n".join([head, *copies]) + "\n")
    assert choose_start(tmp_path / "clips") == Start(None)


def test_what_is_no_data_is_left_to_training_to_refuse(recordings: Path) -> None:
    assert choose_start(recordings) == Start(None)
    assert choose_start(recordings / "nowhere") == Start(None)
