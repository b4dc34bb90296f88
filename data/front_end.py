"""How a waveform becomes log-mel frames: the settings that features, networks and model files share."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from .errors import WordspotError
from .settings import Settings, setting

_FIXED = {"window": "hann_periodic", "centred": False}  # how every front end of ours cuts frames


@dataclass(frozen=True)
class FrontEnd(Settings):
    """How a waveform becomes log-mel frames.

    Frames of `window_ms` every `hop_ms`, none centered or padded: n samples give 1 + (n - window) // hop frames. Each is
    weighted by a periodic Hann window, zero-padded at its end to `fft_size`, and its power spectrum |rfft|^2 summed by
    `n_mels` triangles (`librosa.filters.mel`); the value is ln(max(power, log_floor)) of samples in [-1, 1).

    Examples
    --------
    >>> front_end = FrontEnd(clip_ms=500, n_mels=32)
    >>> front_end.n_frames, front_end.n_mels
    (48, 32)
    """

    sample_rate_hz: int = setting(16_000, "Rate of the waveform.", minimum=8_000, maximum=48_000)
    clip_ms: float = setting(1000.0, "Length of a clip.", minimum=100, maximum=10_000)
    window_ms: float = setting(30.0, "Length of a frame.", minimum=5, maximum=100)
    hop_ms: float = setting(10.0, "Time from frame to frame.", minimum=2, maximum=100)
    fft_size: int = setting(512, "Length of the Fourier transform, a power of two.", minimum=128, maximum=8192)
    n_mels: int = setting(40, "Mel bands.", minimum=8, maximum=128)
    f_min_hz: float = setting(20.0, "Lower edge of the first band.", minimum=0, maximum=20_000)
    f_max_hz: float = setting(7600.0, "Upper edge of the last band.", minimum=100, maximum=24_000)
    mel_scale: str = setting("htk", "`htk` or `slaney`.")
    mel_norm: str | None = setting(None, "None: triangles with a peak of 1; `slaney`: with equal area.")
    log_floor: float = setting(1e-6, "Smallest power; 16-bit rounding noise has about 1e-8.", minimum=1e-12, maximum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = {
            f"fft_size is {self.fft_size}; it must be a power of two": self.fft_size & (self.fft_size - 1),
            f"a window of {self.window_samples} samples is longer than fft_size {self.fft_size}": (
                self.window_samples > self.fft_size
            ),
            f"f_max_hz is {self.f_max_hz:g}; it must lie above f_min_hz and at most at half of sample_rate_hz": (
                not self.f_min_hz < self.f_max_hz <= self.sample_rate_hz / 2
            ),
            f"mel_scale is {self.mel_scale!r}; expected 'htk' or 'slaney'": self.mel_scale not in ("htk", "slaney"),
            f"mel_norm is {self.mel_norm!r}; expected null or 'slaney'": self.mel_norm not in (None, "slaney"),
            f"a clip of {self.clip_ms:g} ms is shorter than a window": self.clip_samples < self.window_samples,
        }
        for problem, is_so in problems.items():
            if is_so:
                raise WordspotError(f"front end: {problem}")

    @property
    def clip_samples(self) -> int:
        """Length of a clip in samples."""
        return round(self.clip_ms * self.sample_rate_hz / 1000)

    @property
    def window_samples(self) -> int:
        """Length of a frame in samples."""
        return round(self.window_ms * self.sample_rate_hz / 1000)

    @property
    def hop_samples(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_ms * self.sample_rate_hz / 1000)

    @property
    def n_frames(self) -> int:
        """Frames in a clip."""
        return 1 + (self.clip_samples - self.window_samples) // self.hop_samples

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `front_end.json` and in model files."""
        return dataclasses.asdict(self) | _FIXED

    def unlike(self, other: "FrontEnd") -> str:
        """What differs, for people: `n_mels 40, not 64; f_max_hz 7600.0, not 4000`."""
        mine, theirs = self.to_dict(), other.to_dict()
        return "; ".join(f"{name} {mine[name]}, not {theirs[name]}" for name in mine if mine[name] != theirs[name])

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str) -> "FrontEnd":
        """The reverse of `to_dict`; `where` names the file in errors. Raises `WordspotError` for what it cannot mean."""
        values = dict(values)
        for name, fixed in _FIXED.items():
            if values.pop(name, fixed) != fixed:
                raise WordspotError(f"{where}: {name} must be {fixed!r}, no other kind of frame is supported")
        unknown = sorted(values.keys() - cls.__dataclass_fields__.keys())
        if unknown:
            raise WordspotError(f"{where}: {unknown[0]!r} is not a setting of the front end")
        try:
            return cls(**values)
        except TypeError as error:
            raise WordspotError(f"{where}: a value has the wrong type ({error})") from error
        except WordspotError as error:
            raise WordspotError(f"{where}: {error}") from error
