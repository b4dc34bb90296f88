"""Reading the negatives that ship; where they come from, and who may use them how, stands in README.md beside them."""

from collections.abc import Collection, Iterator
from pathlib import Path

from ..arrays import Samples
from ..audio import SAMPLE_RATE_HZ, read_sound
from ..clips import Clip
from ..errors import RecordingError, WordspotError
from ..tables import read_table

FOLDER = Path(__file__).parent
SPEECH_TABLE, SPEECH_COLUMNS = "speech.csv", ("file_name", "text")
WORD_TABLE, WORD_COLUMNS = "words.csv", ("label", "source", "speaker", "split")
CLIP_SAMPLES = SAMPLE_RATE_HZ  # of each word: a file of a word holds one clip after the other


def speech_files(without: Collection[str]) -> list[Path]:
    """The files of the speakers in whose sentences none of the words in `without` is said; their case does not matter.

    Raises
    ------
    WordspotError
        There are no files, or their table is damaged.
    """
    said = read_table(FOLDER / SPEECH_TABLE, SPEECH_COLUMNS)
    if not said:
        raise WordspotError(f"{FOLDER / SPEECH_TABLE} lists no speech: install wordspot again")
    phrases = [f" {word.casefold().replace('_', ' ')} " for word in without]
    return [FOLDER / row["file_name"] for row in said if not any(phrase in f" {row['text']} " for phrase in phrases)]


def shipped_speech(without: Collection[str]) -> Iterator[tuple[str, Samples]]:
    """The name and the samples, int16 [n] at 16 kHz, of half a minute of each speaker; see `speech_files`.

    Raises
    ------
    WordspotError
        A file is missing or damaged.
    """
    for path in speech_files(without):
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
