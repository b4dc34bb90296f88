"""Negatives as examples: where windows are cut, what they train, and what is drawn more often."""

import numpy as np
import pytest
from wordspot.data.labels import SILENCE, UNKNOWN
from wordspot.pipeline.training.examples.negatives import (
    MADE,
    RUN_TOGETHER,
    SPEECH,
    NegativeExamples,
    RunningSpeech,
    clicks,
    hums,
    made_sounds,
    run_together,
    tones,
)

LABELS = ("go", UNKNOWN, SILENCE)


def speech_with_pause() -> np.ndarray:
    """float16 [600, 40]: loud, with two seconds of pause from frame 200 on."""
    frames = np.random.default_rng(0).normal(-5, 1, (600, 40))
    frames[200:400] -= 12
    return frames.astype(np.float16)


def examples(mined_share: float = 0.5, labels: tuple[str, ...] = LABELS) -> NegativeExamples:
    clips = np.random.default_rng(1).normal(-8, 3, (6, 98, 40)).astype(np.float16)
    return NegativeExamples(RunningSpeech([speech_with_pause()], 98), clips, np.arange(6), labels, mined_share)


def test_windows_begin_at_every_frame_but_never_cross_recordings() -> None:
    parts = [np.full((length, 4), length, np.float16) for length in (98, 100, 120)]
    speech = RunningSpeech(parts, 98)
    assert len(speech.starts) == 1 + 3 + 23
    for window in speech.windows(speech.starts):
        assert len(np.unique(window)) == 1


def test_speech_trains_unknown_and_a_pause_of_it_silence() -> None:
    speech = examples().speech
    assert speech is not None
    assert not speech.are_quiet(np.array([0, 150, 350, 500])).any()
    assert speech.are_quiet(np.array([200, 250, 302])).all()
    frames, labels = examples().draw(SPEECH, 300, np.random.default_rng(0))
    assert frames.shape == (300, 98, 40)
    assert set(labels) == {UNKNOWN, SILENCE}
    quiet = np.array(labels) == SILENCE
    assert frames[quiet].max() < -10 < frames[~quiet].max(axis=(1, 2)).min()


def test_words_run_together_train_unknown_and_made_sounds_silence() -> None:
    rng = np.random.default_rng(2)
    for kind, label in ((RUN_TOGETHER, UNKNOWN), (MADE, SILENCE)):
        frames, labels = examples().draw(kind, 7, rng)
        assert frames.shape == (7, 98, 40)
        assert np.isfinite(frames).all()
        assert labels == [label] * 7


def test_only_kinds_that_the_network_has_a_label_for_are_counted() -> None:
    assert examples().counts(100) == {SPEECH: 70, RUN_TOGETHER: 20, MADE: 10}
    assert examples(labels=("go", SILENCE)).counts(100) == {MADE: 10}


def test_what_the_network_falls_for_comes_more_often() -> None:
    negatives = examples()

    def answer(frames: np.ndarray) -> np.ndarray:  # any window with a pause in it is the word
        falls_for = frames.min(axis=(1, 2)) < -10
        return np.stack([falls_for, ~falls_for, np.zeros(len(frames))], axis=1)

    before = negatives.draw(SPEECH, 2_000, np.random.default_rng(0)).frames.min(axis=(1, 2)) < -10
    negatives.mine(answer, np.random.default_rng(0))
    assert negatives.speech is not None
    assert len(negatives.speech.hard) > 100
    after = negatives.draw(SPEECH, 2_000, np.random.default_rng(0)).frames.min(axis=(1, 2)) < -10
    assert after.mean() == pytest.approx(0.5 + before.mean() / 2, abs=0.05)
    spared = examples(mined_share=0.0)
    spared.mine(answer, np.random.default_rng(0))
    assert spared.speech is not None
    assert len(spared.speech.hard) == 0


@pytest.mark.parametrize("make", [clicks, hums, tones, made_sounds])
def test_made_sounds_differ_and_depend_on_the_generator_alone(make) -> None:
    first, again = (make((98, 40), 6, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (6, 98, 40)
    assert len(np.unique(first.mean(axis=(1, 2)))) == 6


def test_words_run_together_leave_no_pause_between_them() -> None:
    clip = np.full((98, 40), -14.0)
    clip[30:60] = -4
    made = run_together(clip[None].repeat(4, axis=0).astype(np.float16), 5, np.random.default_rng(0))
    loud = made.max(axis=2) > made.max(axis=(1, 2))[:, None] - 5
    longest = max(len(run) for row in loud for run in "".join("x" if one else "." for one in row).split("x"))
    assert longest <= 4
