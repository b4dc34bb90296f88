"""Epochs judged by what their networks fall for, with a network that takes every loud window for the word."""

import keras
import numpy as np
import pytest
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.training.examples.batches import Examples
from wordspot.pipeline.training.network import logits
from wordspot.pipeline.training.open_microphone import BUDGET_PER_HOUR, HeldOutNegatives, peaks

LABELS = ("go", "_unknown_", "_silence_")


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """The louder the first mel of a window is, the surer it is a word."""
    inputs = keras.Input((98, 40))
    level = keras.layers.Lambda(lambda frames: keras.ops.mean(frames[:, :, 0], axis=1, keepdims=True))(inputs)
    outputs = keras.layers.Lambda(lambda x: keras.ops.concatenate([x, 0 * x, 0 * x], axis=1))(level)
    return keras.Model(inputs, outputs)


def frames_at(levels: list[float]) -> np.ndarray:
    return np.stack([np.full((98, 40), level, np.float32) for level in levels])


def judged(network: keras.Model, parts: list[np.ndarray], levels: list[float]):
    validation = Examples(frames_at(levels), np.zeros(len(levels), int), [""] * len(levels))
    negatives = HeldOutNegatives(parts, FrontEnd(), LABELS)
    return negatives, negatives.judge(network, logits(network, validation.frames), validation)


def test_the_threshold_rises_until_the_budget_is_kept(network: keras.Model) -> None:
    quiet, loud = np.full((3_000, 40), -9, np.float16), np.full((98, 40), 3, np.float16)
    negatives, figures = judged(network, [quiet, loud], [2.0, 4.0])
    assert negatives.hours == pytest.approx((3_000 - 78 + 20) / 360_000, rel=0.01)
    assert int(BUDGET_PER_HOUR * negatives.hours) == 0
    probability = np.exp(3) / (np.exp(3) + 2)
    assert figures.threshold == pytest.approx(probability, abs=1e-3)
    assert figures.threshold > probability - 1e-6
    assert figures.miss_rate == 0.5
    assert figures.false_accepts_per_hour == pytest.approx(1 / negatives.hours)


def test_where_nothing_is_fallen_for_the_threshold_is_that_of_a_detector(network: keras.Model) -> None:
    _, figures = judged(network, [np.full((500, 40), -9, np.float16)], [-1.0, 4.0])
    assert (figures.threshold, figures.miss_rate, figures.false_accepts_per_hour) == (0.5, 0.5, 0.0)


def test_hours_of_negatives_are_cut_to_what_an_epoch_can_bear(network: keras.Model) -> None:
    long = HeldOutNegatives([np.full((360_000, 40), -9, np.float16)], FrontEnd(), LABELS)
    assert long.hours == pytest.approx(0.5, abs=0.01)


def test_a_long_false_accept_counts_once_per_hold_off() -> None:
    posteriors = np.zeros(40, np.float32)
    posteriors[10:24] = np.linspace(0.5, 0.9, 14)
    assert (peaks(posteriors, 7) > 0).sum() == 2
    assert peaks(posteriors, 7)[0] == np.float32(0.9)
