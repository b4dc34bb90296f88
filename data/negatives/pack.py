"""Reading the negatives that ship; where they come from, and who may use them how, stands in README.md beside them."""

from collections.abc import Collection, Iterator
from pathlib import Path

from ..arrays import Samples
from ..audio import SAMPLE_RATE_HZ, read_sound
from ..clips import Clip
from ..errors import RecordingError, WordspotError
from ..tables import read_table

FOLDER = Path(__file__).parent
WORD_TABLE, WORD_COLUMNS = "words.csv", ("label", "source", "speaker", "split")
CLIP_SAMPLES = SAMPLE_RATE_HZ  # of each word: a file of a word holds one clip after the other


def shipped_speech() -> Iterator[tuple[str, Samples]]:
    """The name and the samples, int16 [n] at 16 kHz, of each speaker's half a minute.

    Raises
    ------
    WordspotError
        A file is missing or damaged.
    """
    paths = sorted((FOLDER / "speech").glob("*.opus"))
    if not paths:
        raise WordspotError(f"{FOLDER / 'speech'} holds no speech: install wordspot again")
    for path in paths:
        yield f"speech/{path.name}", _read(path)


def shipped_words(without: Collection[str]) -> Iterator[tuple[Clip, Samples]]:
    """Each clip, and its samples, int16 [16000]; no clip of a word in `without`, whose case does not matter.

    Raises
    ------
    WordspotError
        A file is missing, damaged or not as long as the table says.
    """
    left_out = {word.casefold() for word in without}
    rows = [row for row in read_table(FOLDER / WORD_TABLE, WORD_COLUMNS) if row["label"].casefold() not in left_out]
    for label in dict.fromkeys(row["label"] for row in rows):
        yield from _clips_of(FOLDER / "words" / f"{label}.opus", [row for row in rows if row["label"] == label])


def _clips_of(path: Path, rows: list[dict[str, str]]) -> Iterator[tuple[Clip, Samples]]:
    samples = _read(path)
    if len(samples) != len(rows) * CLIP_SAMPLES:
        raise WordspotError(
            f"{path} has {len(samples)} samples, not {len(rows)} clips of a second: install wordspot again"
        )
    for place, row in enumerate(rows):
        clip = Clip(f"shipped/{row['source']}", row["label"], row["speaker"], row["source"], row["split"])
        yield clip, samples[place * CLIP_SAMPLES : (place + 1) * CLIP_SAMPLES]


def _read(path: Path) -> Samples:
    try:
        return read_sound(path).samples
    except (RecordingError, FileNotFoundError) as error:
        raise WordspotError(f"{path} is missing or damaged ({error}): install wordspot again") from error
