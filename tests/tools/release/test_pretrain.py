import json
from pathlib import Path

import numpy as np
from wordspot.data.feature_set import read_feature_set
from wordspot.models.pretrained import NAMES
from wordspot.pipeline.training.examples.batches import Classes, Examples, SplitClips
from wordspot.pipeline.training.settings import AugmentSettings
from wordspot.tools.release.model_card import write_card
from wordspot.tools.release.steps import STEPS


def validation_examples(features: Path) -> Examples:
    feature_set = read_feature_set(features)
    classes = Classes.choose(feature_set, ["rise", "fall"])
    return SplitClips(feature_set, classes, "validation", AugmentSettings()).fixed_examples()


def test_a_teacher_is_trained_before_its_pupils() -> None:
    assert {name for name, step in STEPS.items() if step.ships} == set(NAMES)
    for name, step in STEPS.items():
        assert step.teacher in {None, *list(STEPS)[: list(STEPS).index(name)]}


def test_the_card_tells_how_it_was_made_and_how_accurate_it_is(
    run: Path, model: Path, int8_model: Path, features: Path, tmp_path: Path
) -> None:
    examples = validation_examples(features)
    real = np.arange(len(examples.classes)) % 2 == 0
    write_card(tmp_path / "tiny.md", [run], {"float": model, "int8": int8_model}, examples, real)
    card = (tmp_path / "tiny.md").read_text()
    assert card.startswith("# tiny\n")
    assert "- Settings: model ds_cnn, epochs 6, " in card
    assert "Taught" not in card
    assert f"On {len(examples.classes):,} clips of validation speakers" in card
    assert f"| int8 | {int8_model.stat().st_size:,} |" in card
    for label in ("rise", "fall", "_unknown_", "_silence_"):
        assert f"\n| {label} | " in card
    assert "all seeds" not in card


def test_the_card_tells_what_other_seeds_came_to(
    run: Path, model: Path, int8_model: Path, features: Path, tmp_path: Path
) -> None:
    other = tmp_path / "run_seed_1"
    other.mkdir()
    accuracy = json.loads((run / "metrics.json").read_text())["accuracy"]
    (other / "metrics.json").write_text(json.dumps({"accuracy": accuracy - 0.02}))
    examples = validation_examples(features)
    real = np.arange(len(examples.classes)) % 2 == 0
    write_card(tmp_path / "tiny.md", [run, other], {"float": model, "int8": int8_model}, examples, real)
    figures = f"{accuracy - 0.01:.2%} ± 1.41% ({accuracy:.2%}, {accuracy - 0.02:.2%})"
    assert f"; all seeds tried, this one first: {figures}. Of them" in (tmp_path / "tiny.md").read_text()
