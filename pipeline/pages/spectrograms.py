"""A sound drawn: its waveform above its spectrogram."""

import io

import numpy as np
from PIL import Image, ImageDraw

from ...data.audio import FULL_SCALE, SAMPLE_RATE_HZ
from ..signal.spectrum import FRAME_SAMPLES, power_spectrum

_DEEPEST_DB = -70.0  # beside the loudest point of the picture
_QUIETEST_POWER = 1e-5  # a loudest point below this is silence, and stays dark
_STOPS = ((13, 8, 40), (84, 15, 109), (187, 55, 84), (249, 142, 8), (252, 255, 164))
_SHADES = np.array([np.interp(np.linspace(0, 4, 256), range(5), part) for part in zip(*_STOPS, strict=True)], np.uint8)
_PAPER, _INK = (13, 8, 40), (250, 190, 110)
_CHOSEN, _EDGE = (62, 52, 110), (235, 235, 240)
_LEFT, _TOP, _RIGHT, _BOTTOM = 16, 10, 76, 26  # margins of a picture with scales
_STEPS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)


def draw_sound(samples: np.ndarray, width: int, height: int, chosen: tuple[int, int] | None = None) -> Image.Image:
    """Waveform (upper two fifths, as high as it is loud) above spectrogram (0 to 8 kHz, the loudest point the lightest).

    Parameters
    ----------
    samples
        int16 [n] with n >= 1, at 16 kHz.
    width, height
        Size in pixels.
    chosen
        First and one past the last sample of a part to be marked.
    """
    image = Image.new("RGB", (width, height), _PAPER)
    upper = _upper(height)
    draw = ImageDraw.Draw(image)
    edges = [round(edge * (width - 1) / len(samples)) for edge in chosen or ()]
    if edges:
        draw.rectangle((edges[0], 0, edges[1], upper - 1), fill=_CHOSEN)
    _draw_waveform(image, samples, width, upper)
    image.paste(_spectrogram(samples).resize((width, height - upper), Image.Resampling.BILINEAR), (0, upper))
    for edge in edges:
        draw.line((edge, 0, edge, height - 1), fill=_EDGE)
    return image


def with_scales(image: Image.Image, samples: np.ndarray) -> Image.Image:
    """A picture of these samples with seconds below it, and peak and kilohertz beside it."""
    framed = Image.new("RGB", (_LEFT + image.width + _RIGHT, _TOP + image.height + _BOTTOM), _PAPER)
    framed.paste(image, (_LEFT, _TOP))
    draw = ImageDraw.Draw(framed)
    right, bottom, upper = _LEFT + image.width, _TOP + image.height, _upper(image.height)
    peak = max(1, int(np.abs(samples.astype(np.int32)).max()))
    draw.text(
        (right + 7, _TOP + 6), f"{20 * np.log10(peak / FULL_SCALE):.1f} dBFS", fill=_EDGE, font_size=12, anchor="lm"
    )
    for khz in (0, 2, 4, 6, 8):
        y = bottom - 1 - (image.height - upper - 1) * khz * 2_000 / SAMPLE_RATE_HZ
        draw.line((right, y, right + 3, y), fill=_EDGE)
        draw.text((right + 7, y), f"{khz} kHz", fill=_EDGE, font_size=12, anchor="lm")
    for second in _ticks(len(samples) / SAMPLE_RATE_HZ):
        x = _LEFT + second * SAMPLE_RATE_HZ / len(samples) * (image.width - 1)
        draw.line((x, bottom, x, bottom + 3), fill=_EDGE)
        draw.text((x, bottom + 7), f"{second:g} s", fill=_EDGE, font_size=12, anchor="mt")
    return framed


def as_png(image: Image.Image, colors: int = 0) -> bytes:
    """The picture as PNG; with a palette of so many colors it is a third of the size, and made quickly."""
    stream = io.BytesIO()
    if colors:
        image.quantize(colors, Image.Quantize.FASTOCTREE).save(stream, "PNG", compress_level=4)
    else:
        image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _upper(height: int) -> int:
    """How much of the height is the waveform's."""
    return 2 * height // 5


def _ticks(duration_s: float) -> list[float]:
    """Round seconds from 0 on, at most eleven."""
    step = next((step for step in _STEPS_S if duration_s / step <= 10), _STEPS_S[-1])
    return [count * step for count in range(int(duration_s / step + 1e-9) + 1)]


def _draw_waveform(image: Image.Image, samples: np.ndarray, width: int, height: int) -> None:
    """A line from the lowest to the highest sample for every column, scaled to the loudest, without gaps between them."""
    middle = (height - 1) / 2
    scale = middle / max(1, int(np.abs(samples.astype(np.int32)).max()))
    begins = np.arange(width) * len(samples) // width
    high, low = (np.rint(middle - scale * extreme.reduceat(samples, begins)) for extreme in (np.maximum, np.minimum))
    high[1:], low[1:] = np.minimum(high[1:], low[:-1]), np.maximum(low[1:], high[:-1])  # y counts from the top
    rows = np.arange(height)[:, None]
    image.paste(_INK, (0, 0), Image.fromarray((rows >= high) & (rows <= low)))


def _spectrogram(samples: np.ndarray) -> Image.Image:
    """A column a frame, the first around the first sample and the last around the last."""
    hop = max(FRAME_SAMPLES // 4, len(samples) // 1_000)
    power = power_spectrum(np.pad(samples, FRAME_SAMPLES // 2, mode="reflect"), hop)[:, ::-1].T
    level = 10 * np.log10(np.maximum(power, 1e-12) / max(float(power.max()), _QUIETEST_POWER))
    shade = np.clip(255 * (1 - level / _DEEPEST_DB), 0, 255)
    return Image.fromarray(_SHADES.T[shade.astype(np.uint8)])
