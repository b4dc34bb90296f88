import numpy as np
import pytest
from wordspot.data.errors import WordspotError

pytest.importorskip("espeakng_loader", reason="the `voices` extra is not installed")
from wordspot.tools.demo_voices.voices import ACCENTS, VARIANTS, Voice, synthesizer


def test_a_word_is_heard_and_two_voices_differ() -> None:
    said = [synthesizer().speak("left", Voice("en-us", variant)) for variant in ("m3", "f2")]
    for samples in said:
        assert samples.dtype == np.int16
        assert 0.2 < len(samples) / synthesizer().sample_rate_hz < 3
        assert np.abs(samples.astype(int)).max() > 3000
    assert len(said[0]) != len(said[1]) or not np.array_equal(said[0], said[1])


def test_the_same_words_sound_the_same_but_for_a_little_whatever_was_said_before() -> None:
    first = synthesizer().speak("right", Voice("en", "f2"))
    synthesizer().speak("something else", Voice("en-us", "m1"), words_per_minute=300, pitch=90)
    again = synthesizer().speak("right", Voice("en", "f2"))
    assert len(first) == pytest.approx(len(again), rel=0.02)


def test_a_faster_speaker_takes_less_time() -> None:
    slow, fast = (synthesizer().speak("seven", Voice("en", "m1"), words_per_minute=rate) for rate in (100, 300))
    assert len(fast) < 0.7 * len(slow)


def test_every_accent_and_every_variant_speaks() -> None:
    voices = [Voice("en-us", variant) for variant in VARIANTS] + [Voice(accent, "m1") for accent in ACCENTS]
    assert all(len(synthesizer().speak("no", voice)) > 1000 for voice in voices)


def test_an_unknown_voice_is_told() -> None:
    with pytest.raises(WordspotError, match="no voice xx"):
        synthesizer().speak("no", Voice("xx", "m1"))
