"""Wrong format behind the name: a FLAC file called `.wav`, an MP3 file called `.ogg`.

What: the container that decoding finds, beside the one that the file's ending promises.
Why: the file decodes here, but other tools go by the name and fail, or the name promises a conversion that never
happened (an MP3 file renamed to `.wav` still has the losses of MP3).
Measured: `wrong_format`: the real format and the promised one (`FLAC, not wav`), empty when they agree.
Limits: endings that promise nothing (`.dat`, none at all) are never wrong.
"""

import posixpath

from .check import Check
from .cut_recording import CutRecording
from .cut_stack import CutStack

_CONTAINERS = {
    "3gp": {"3GP", "MPEG-4"},
    "aac": {"AAC"},
    "aif": {"AIFF"},
    "aifc": {"AIFF"},
    "aiff": {"AIFF"},
    "amr": {"AMR"},
    "au": {"AU"},
    "caf": {"CAF"},
    "flac": {"FLAC", "OGG"},
    "m4a": {"3GP", "MPEG-4"},
    "mka": {"Matroska", "WebM"},
    "mp2": {"MP3"},
    "mp3": {"MPEG", "MP3"},
    "mp4": {"3GP", "MPEG-4"},
    "oga": {"OGG", "Ogg Speex"},
    "ogg": {"OGG", "Ogg Speex"},
    "opus": {"OGG"},
    "rf64": {"RF64"},
    "w64": {"W64"},
    "wav": {"WAV", "WAVEX", "RF64"},
    "wave": {"WAV", "WAVEX", "RF64"},
    "webm": {"WebM"},
    "wma": {"Windows Media"},
}


def measure(stack: CutStack) -> list[str]:
    """What each file is and what it is called, or nothing when they agree."""
    return [_mismatch(cut) for cut in stack.cuts]


def _mismatch(cut: CutRecording) -> str:
    ending = posixpath.splitext(cut.name)[1].lower().removeprefix(".")
    promised = _CONTAINERS.get(ending)
    return f"{cut.sound.container}, not {ending}" if promised and cut.sound.container not in promised else ""


CHECK = Check(
    name="wrong_format",
    title="wrong format behind the name",
    column="wrong_format",
    limit="",
    advice="The file is not what its ending says: rename it, and ask where it was converted.",
    measure=measure,
)
