"""Makes the negatives that ship, `data/negatives`, from the recordings; what was chosen stands in `words.csv` there."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ, read_sound
from ...data.clips import Clip
from ...data.files import replacing
from ...data.labels import is_word
from ...data.negatives.pack import SPEECH_COLUMNS, SPEECH_TABLE, WORD_COLUMNS, WORD_TABLE
from ...data.splits import assign_splits, hash_percent
from ...data.tables import read_table, write_table
from ...pipeline.ingest.clean import clean
from ..terminal.console import OUT
from ..terminal.options import argument, declare
from .negatives import training_files
from .steps import RECORDINGS, WORDS

_SPEECH_SECONDS = 31  # of each speaker
_CLIPS_PER_WORD = 60
_COMPRESSION = 0.96  # of libsndfile's scale: about 16 kbit/s
_SPEAKERS_PER_ROUND, _VALIDATES, _TESTS = 8, 0, 4  # of the speakers of the words, by their hash


@declare
@argument("shared", metavar="SHARED", help="Folder with Speech Commands and read_speech.")
@argument("out", metavar="OUT", help="Folder for the negatives.")
def command(shared: Path, out: Path) -> None:
    """Cut half a minute of every speaker that may be trained on, and up to 60 clips of every word that is no command."""
    for folder in (out, out / "speech", out / "words"):
        folder.mkdir(parents=True, exist_ok=True)
    said = []
    for path in training_files(shared / "read_speech"):
        _write(out / "speech" / path.name, read_sound(path).samples[: _SPEECH_SECONDS * SAMPLE_RATE_HZ])
        said.append({"file_name": f"speech/{path.name}", "text": _words_of(path.with_suffix(".txt"))})
    write_table(out / SPEECH_TABLE, SPEECH_COLUMNS, said)
    with tempfile.TemporaryDirectory() as folder:
        clips_folder = Path(folder) / "clips"
        clean(shared / RECORDINGS[0], clips_folder)
        chosen = _chosen(clips_folder)
        for label in dict.fromkeys(clip.label for clip in chosen):
            sounds = [read_sound(clips_folder / clip.file_name).samples for clip in chosen if clip.label == label]
            _write(out / "words" / f"{label}.opus", np.concatenate(sounds))
    splits = _splits([clip.speaker for clip in chosen])
    rows = [{name: getattr(clip, name) for name in WORD_COLUMNS} | {"split": splits[clip.speaker]} for clip in chosen]
    write_table(out / WORD_TABLE, WORD_COLUMNS, rows)
    size = sum(path.stat().st_size for path in out.rglob("*.opus"))
    OUT.print(f"{len(chosen)} clips of {len(splits)} speakers, {size / 1e6:.1f} MB in {out}")


def _words_of(text: Path) -> str:
    """All that the speaker says, more than is cut: where in it a word is said is not known."""
    return " ".join(text.read_text(encoding="utf-8").casefold().split())


def _chosen(clips_folder: Path) -> list[Clip]:
    """Clips without a finding of training speakers, one a speaker and word, ordered by word and the hash of the speaker."""
    rows = read_table(clips_folder / "metadata.csv")
    clips = [Clip(row["file_name"], row["label"], row["speaker"], row["source"]) for row in rows]
    splits = assign_splits(clips, clips_folder)
    fit = [
        clip
        for clip, split, row in zip(clips, splits, rows, strict=True)
        if split == "training" and not row["findings"] and is_word(clip.label) and clip.label not in WORDS
    ]
    chosen = []
    for label in sorted({clip.label for clip in fit}):
        of_speaker = {clip.speaker: clip for clip in fit if clip.label == label}
        ranked = sorted(of_speaker, key=lambda speaker: hash_percent(f"{label} {speaker}"))[:_CLIPS_PER_WORD]
        chosen += [of_speaker[speaker] for speaker in sorted(ranked, key=hash_percent)]
    return chosen


def _splits(speakers: Sequence[str]) -> dict[str, str]:
    """All of them trained the models that ship; whoever trains on these clips judges by speakers of their own."""
    names = {_VALIDATES: "validation", _TESTS: "testing"}
    ranked = sorted(set(speakers), key=hash_percent)
    return {speaker: names.get(i % _SPEAKERS_PER_ROUND, "training") for i, speaker in enumerate(ranked)}


def _write(path: Path, samples: Samples) -> None:
    with replacing(path) as temporary:
        soundfile.write(
            temporary, samples, SAMPLE_RATE_HZ, format="OGG", subtype="OPUS", compression_level=_COMPRESSION
        )


if __name__ == "__main__":
    command()
