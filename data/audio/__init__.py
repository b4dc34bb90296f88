"""Any recording to 16-bit mono samples at one rate, by what its bytes say, and clips to WAV.

`decode` opens and mixes; `wav`, `mpeg` and `media` read the formats that libsndfile reads not, or not to the end;
`lengths` and `packets` find files that were cut short; `mono` sets right channels and scales.
"""

from ..arrays import FULL_SCALE
from .decode import read_sound, stream_sound
from .mono import Mixer
from .sound import LONGEST_S, RATES_HZ, SAMPLE_RATE_HZ, Note, Sound
from .wav import read_written, write_wav, written_samples

__all__ = [
    "FULL_SCALE",
    "LONGEST_S",
    "RATES_HZ",
    "SAMPLE_RATE_HZ",
    "Mixer",
    "Note",
    "Sound",
    "read_sound",
    "read_written",
    "stream_sound",
    "write_wav",
    "written_samples",
]
