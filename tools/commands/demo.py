"""`wordspot demo`: the main job on recordings it makes itself."""

import os
import shlex
import time
from pathlib import Path

from ...data.feature_set import is_feature_set
from ..cli import run
from ..demo_voices.recordings import all_voices, speak_recordings
from ..terminal.console import OUT
from ..terminal.options import argument, declare
from ..terminal.progress import progress_bar

_WORDS: str = "down,go,left,no,off,on,right,stop,up,yes"
_OTHERS: str = "bed,bird,cat,dog,eight,five,four,happy,house,marvin,nine,one,seven,sheila,six,three,tree,two,wow,zero"
_UNSEEN_VOICES = 10
_SEED = 1
_EPOCHS = 30


@declare
@argument("folder", metavar="FOLDER", default=Path("wordspot-demo"), help="Where to put everything.")
def command(folder: Path) -> None:
    """See all of it work, on recordings it makes itself: a few minutes, offline.

    Synthetic voices (espeak-ng) say ten command words and twenty others into messy recordings, which are cleaned,
    trained on, and recognized, the last on voices that were not trained on. Interrupted, the same command goes on.

    Examples:
        wordspot demo
        wordspot demo /tmp/try
    """
    began = time.monotonic()
    _speak(folder)
    recordings, clips, features, trained = folder / "recordings", folder / "clips", folder / "features", folder / "run"
    model, unseen, unseen_clips = folder / "model.tflite", folder / "unseen", folder / "unseen-clips"
    _run("cut each recording to the second that holds its word, leave out what holds none", "clean", recordings, clips)
    if not is_feature_set(features):
        _run("turn the clips into log-mel spectrograms", "extract", clips, features)
    train = ("train", features, "--words", _WORDS, "--epochs", _EPOCHS, "--run", trained)
    if not (trained / "metrics.json").exists():
        resume = ["--resume"] if (trained / "config.json").exists() else []
        _run("train, and see what is confused with what", *train, *resume)
    _run("one file for a Raspberry Pi, a phone or a laptop", "export", trained, "--int8", "--out", model)
    _run("the same for voices that were not trained on", "clean", unseen, unseen_clips)
    _run("how good is it on them?", "evaluate", model, unseen_clips, "--report", folder / "unseen.html")
    some = [sorted((unseen / word).glob("*_nohash_1.*"))[0] for word in ("left", "stop")]
    _run("and which word is this?", "predict", model, *some)
    _say_goodbye(folder, time.monotonic() - began)


def _speak(folder: Path) -> None:
    OUT.rule("recordings by synthetic voices", align="left")
    voices = all_voices()
    takes: dict[str, int] = {}
    takes |= dict.fromkeys(_WORDS.split(","), 2) | dict.fromkeys(_OTHERS.split(","), 1)
    # every sixth, so that accents, men and women are among both
    unseen = voices[::6][:_UNSEEN_VOICES]
    for name, group in (("recordings", [voice for voice in voices if voice not in unseen]), ("unseen", unseen)):
        path = folder / name
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            spoken = speak_recordings(path, group, takes, seed=_SEED, jobs=os.cpu_count() or 1)
            count = sum(progress_bar("speaking")(spoken, len(group)))
            OUT.print(f"{path}: {len(group)} voices, {count:,} recordings of {len(takes)} words, and a broken one")
        else:
            OUT.print(f"{path} is there already")


def _run(why: str, *arguments: object) -> None:
    """Shows a command line, and runs it."""
    words = [str(argument) for argument in arguments]
    OUT.print()
    OUT.rule(why, align="left")
    OUT.print(f"$ wordspot {shlex.join(words)}", style="bold")
    run(words)


def _say_goodbye(folder: Path, seconds: float) -> None:
    OUT.print()
    OUT.rule(f"done in {seconds / 60:.1f} minutes", align="left")
    OUT.print(
        f"The report is {folder / 'run' / 'report.html'}, the model {folder / 'model.tflite'}. Now your own words: put "
        "recordings into recordings/<word>/, one folder per word, and type\n"
        "  wordspot clean recordings clips\n"
        "  wordspot train clips --run runs/mine\n"
        "  wordspot export runs/mine --out mine.tflite\n"
        "  wordspot predict mine.tflite some.wav",
    )
