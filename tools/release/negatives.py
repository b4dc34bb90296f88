"""The running speech that the models that ship may be trained on."""

from pathlib import Path

import numpy as np

from ...data.arrays import LogMel, to_waveform
from ...data.audio import read_sound
from ...data.front_end import FrontEnd
from ...pipeline.features.log_mel import log_mel

HELD_OUT_EACH = 3  # every third speaker of the running speech is kept from training, to judge on


def training_files(folder: Path) -> list[Path]:
    """Each speaker's file that may be trained on: all but every third, by name."""
    return [path for place, path in enumerate(sorted(folder.glob("*.opus"))) if place % HELD_OUT_EACH]


def training_speech(folder: Path, front_end: FrontEnd) -> list[LogMel]:
    """Frames float16 [frames, mels] of each speaker's file that may be trained on."""
    return [
        log_mel(to_waveform(read_sound(path).samples), front_end).astype(np.float16) for path in training_files(folder)
    ]
