"""Pictures of a recording: its waveform above its spectrogram."""

import io

import numpy as np
from PIL import Image, ImageDraw

from ...data.audio import SAMPLE_RATE_HZ
from .checks.subject import FRAME_SAMPLES, power_spectrum

_DEEPEST_DB = -70.0  # beside the loudest point of the picture
_COLORS = np.array([(13, 8, 40), (84, 15, 109), (187, 55, 84), (249, 142, 8), (252, 255, 164)], np.float32)
_PAPER, _INK, _CHOSEN = (247, 247, 245), (45, 75, 120), (255, 236, 190)


def picture(samples: np.ndarray, width: int, height: int, chosen: tuple[int, int] | None = None) -> Image.Image:
    """Waveform (upper two fifths) above spectrogram (0 to 8 kHz, the loudest point the lightest).

    Parameters
    ----------
    samples
        int16 [n], at 16 kHz.
    width, height
        Size in pixels.
    chosen
        First and one past the last sample of the window that became the clip, to be marked.
    """
    image = Image.new("RGB", (width, height), _PAPER)
    upper = 2 * height // 5
    draw = ImageDraw.Draw(image)
    edges = [round(edge * (width - 1) / max(1, len(samples))) for edge in chosen] if chosen else []
    if edges:
        draw.rectangle((edges[0], 0, edges[1], upper - 1), fill=_CHOSEN)
    _draw_waveform(draw, samples, width, upper)
    image.paste(_spectrogram(samples).resize((width, height - upper), Image.Resampling.BILINEAR), (0, upper))
    for edge in edges:
        draw.line((edge, 0, edge, height - 1), fill=(255, 255, 255) if edge else _CHOSEN)
        draw.line((edge, 0, edge, upper - 1), fill=_INK)
    return image


def with_scales(image: Image.Image, duration_s: float) -> Image.Image:
    """The picture with seconds below it and kilohertz beside its spectrogram."""
    framed = Image.new("RGB", (image.width + 56, image.height + 24), _PAPER)
    framed.paste(image, (0, 0))
    draw = ImageDraw.Draw(framed)
    upper = 2 * image.height // 5
    for khz in (0, 2, 4, 6, 8):
        y = upper + (image.height - upper - 1) * (1 - khz * 2_000 / SAMPLE_RATE_HZ)
        draw.line((image.width, y, image.width + 3, y), fill=_INK)
        draw.text((image.width + 6, y), f"{khz} kHz", fill=_INK, font_size=11, anchor="lt" if khz == 8 else "lm")
    step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600) if duration_s / step <= 10 or step == 600)
    for tick in np.arange(0, duration_s + 1e-9, step):
        x = tick / duration_s * (image.width - 1)
        draw.line((x, image.height, x, image.height + 3), fill=_INK)
        draw.text((x, image.height + 5), f"{tick:g} s", fill=_INK, font_size=11, anchor="lt" if x < 8 else "mt")
    return framed


def as_png(image: Image.Image, colors: int = 0) -> bytes:
    """The picture as PNG; with a palette of so many colors it is a third of the size."""
    stream = io.BytesIO()
    (image.quantize(colors, Image.Quantize.FASTOCTREE) if colors else image).save(stream, "PNG", optimize=not colors)
    return stream.getvalue()


def _draw_waveform(draw: ImageDraw.ImageDraw, samples: np.ndarray, width: int, height: int) -> None:
    """A line from the lowest to the highest sample for every column, scaled to the loudest."""
    if not len(samples):
        return
    scale = max(1, int(np.abs(samples.astype(np.int32)).max())) / ((height - 1) / 2)
    begins = np.arange(width) * len(samples) // width
    high, low = (function.reduceat(samples, begins).astype(np.float64) / scale for function in (np.maximum, np.minimum))
    middle = (height - 1) / 2
    for column in range(width):
        draw.line((column, middle - high[column], column, middle - low[column]), fill=_INK)


def _spectrogram(samples: np.ndarray) -> Image.Image:
    hop = max(FRAME_SAMPLES // 4, len(samples) // 1_000)
    power = power_spectrum(samples, hop)[:, ::-1].T
    level = 10 * np.log10(np.maximum(power, 1e-12) / max(float(power.max()), 1e-6))
    shade = np.clip(1 - level / _DEEPEST_DB, 0, 1) * (len(_COLORS) - 1)
    below = np.minimum(shade.astype(int), len(_COLORS) - 2)
    share = (shade - below)[..., None]
    return Image.fromarray(((1 - share) * _COLORS[below] + share * _COLORS[below + 1]).astype(np.uint8))
