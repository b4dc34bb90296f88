import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from wordspot.pipeline.pages.spectrograms import as_png, draw_sound, with_scales

RATE_HZ = 16_000
WIDTH, HEIGHT = 200, 100
UPPER = 40  # two fifths are the waveform's
PAPER = np.asarray(draw_sound(np.zeros(RATE_HZ, np.int16), WIDTH, HEIGHT))[0, 0].astype(int)


def tone(frequency_hz: float, seconds: float = 1.0, amplitude: float = 8_000) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.rint(amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16)


def pixels(samples: np.ndarray, chosen: tuple[int, int] | None = None) -> np.ndarray:
    return np.asarray(draw_sound(samples, WIDTH, HEIGHT, chosen)).astype(int)


def drawn(waveform: np.ndarray) -> np.ndarray:
    """How many pixels of each column are not paper."""
    return (waveform != PAPER).any(axis=2).sum(axis=0)


@pytest.mark.parametrize("frequency_hz", [500, 2_000, 4_000, 7_500])
def test_a_tone_is_a_bright_line_at_its_height(frequency_hz: float) -> None:
    brightness = pixels(tone(frequency_hz))[UPPER:].sum(axis=2)
    expected = (HEIGHT - UPPER) * (1 - frequency_hz / 8_000)
    np.testing.assert_allclose(brightness.argmax(axis=0), expected, atol=1.5)


def test_sound_appears_at_its_time_in_both_halves() -> None:
    samples = np.zeros(2 * RATE_HZ, np.int16)
    samples[8_000:12_000] = tone(1_000, 0.25)  # a quarter to three eighths of the width
    image = pixels(samples)
    heights, brightness = drawn(image[:UPPER]), image[UPPER:].sum(axis=(0, 2))
    assert set(np.flatnonzero(heights > 5)) == set(range(50, 75))
    loud = np.flatnonzero(brightness > brightness.min() + 500)
    assert 47 <= loud[0] <= 50
    assert 74 <= loud[-1] <= 77


def test_the_waveform_is_as_high_as_the_sound_is_loud_and_fills_its_part_whatever_the_level() -> None:
    samples = np.concatenate([tone(800, 0.5), tone(800, 0.5, amplitude=4_000)])
    heights = drawn(pixels(samples)[:UPPER])
    assert heights[10:90] == pytest.approx(UPPER, abs=1)
    assert heights[110:190] == pytest.approx(UPPER / 2, abs=2)
    np.testing.assert_array_equal(drawn(pixels(samples // 100)[:UPPER])[10:90], heights[10:90])


def test_silence_is_dark_with_a_line_through_it() -> None:
    image = pixels(np.zeros(RATE_HZ, np.int16))
    assert (drawn(image[:UPPER]) == 1).all()
    assert (image[UPPER:] == image[-1, -1]).all()


def test_what_was_chosen_is_marked_and_nothing_else() -> None:
    samples = tone(1_000)
    plain, marked = pixels(samples), pixels(samples, (4_000, 12_000))
    first, last = 50, 149
    np.testing.assert_array_equal(marked[:, :first], plain[:, :first])
    np.testing.assert_array_equal(marked[:, last + 1 :], plain[:, last + 1 :])
    np.testing.assert_array_equal(marked[UPPER:, first + 1 : last], plain[UPPER:, first + 1 : last])
    assert (marked[:, [first, last]] == marked[0, first]).all()
    silent = pixels(np.zeros(RATE_HZ, np.int16), (4_000, 12_000))
    assert (silent[0, first + 1 : last] != silent[0, 0]).any(axis=1).all()


def test_scales_stand_around_the_picture() -> None:
    samples = tone(1_000, 2.3)
    image = draw_sound(samples, WIDTH, HEIGHT)
    framed = with_scales(image, samples)
    assert framed.width > WIDTH
    assert framed.height > HEIGHT
    left, top = 16, 10
    inside = framed.crop((left, top, left + WIDTH, top + HEIGHT))
    assert inside.tobytes() == image.tobytes()
    margins = np.asarray(framed).astype(int)
    for part in (margins[:, left + WIDTH + 5 :], margins[top + HEIGHT + 5 :]):
        assert (part != margins[0, 0]).any()
    for edge in (margins[0], margins[-1], margins[:, 0], margins[:, -1]):
        assert (edge == margins[0, 0]).all(), "something runs off the picture"


@settings(deadline=None, max_examples=40)
@given(
    length=st.one_of(st.integers(1, 600), st.integers(1, 200_000)),
    width=st.integers(2, 150),
    height=st.integers(10, 90),
    seed=st.integers(0, 9),
)
def test_any_sound_has_a_picture_of_any_size(length: int, width: int, height: int, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-32_768, 32_768, length).astype(np.int16)
    image = draw_sound(samples, width, height, (length // 3, length))
    assert image.size == (width, height)
    with_scales(image, samples)


@pytest.mark.parametrize("colors", [0, 64])
def test_a_png_decodes_to_the_picture(colors: int) -> None:
    noise = np.random.default_rng(1).integers(-9_000, 9_000, RATE_HZ).astype(np.int16)
    image = draw_sound(noise, WIDTH, HEIGHT, (4_000, 12_000))
    decoded = Image.open(io.BytesIO(as_png(image, colors)))
    assert decoded.format == "PNG"
    difference = np.asarray(decoded.convert("RGB")).astype(int) - np.asarray(image).astype(int)
    assert np.abs(difference).mean() <= (6 if colors else 0)
    if colors:
        assert len(as_png(image, colors)) < len(as_png(image)) / 2
