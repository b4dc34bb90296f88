"""64-bit ARM without the hardware: `predict` and `listen` in an arm64 Debian under qemu, beside what this machine answers.

qemu emulates the processor of a Raspberry Pi 4, so that an instruction that only newer ones have would be found. About
speed it says nothing.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ....data.errors import WordspotError
from ....data.recordings.folders import scan_recordings
from ....models import pretrained
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .. import run_wordspot

_CPU = "cortex-a72"
_DEBIAN, _PYTHON = "bookworm", "3.11"
_WHEELS_FOR = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
_BINFMT, _RULE = Path("/proc/sys/fs/binfmt_misc"), Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_CHECKOUT = Path(__file__).resolve().parents[2]
_NEAR_S = 0.3
_EVERY = 250  # of the recordings one is predicted
_STREAM = ("--hours", 0.05, "--stream-minutes", 3)
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "QEMU_CPU": _CPU}  # nothing of this machine's settings


@declare
@argument("source", help="Folder of recordings with background noise.")
@argument("work", help="Folder for the Debian; kept, so that the next time takes less.")
def command(source: Path, work: Path) -> None:
    """Install the wheel in an arm64 Debian and compare its answers with this machine's (root on Debian or Ubuntu)."""
    debian = work.resolve() / "debian"
    _register_qemu()
    if not (debian / "usr/bin/python3").exists():
        options = ("--arch=arm64", "--variant=minbase", "--include=python3-venv")
        _run("debootstrap", *options, _DEBIAN, debian)
    _install(debian)
    clips, stream = _make_sounds(source, debian / "sounds")
    OUT.print(_inside(debian, "sh", "-c", ". /etc/os-release; uname -m; echo $PRETTY_NAME; /venv/bin/python --version"))
    OUT.print(_inside(debian, "/venv/bin/pip", "list", "--format=freeze"))
    for name in pretrained.NAMES:
        for suffix in (".tflite", "_int8.tflite"):
            _compare(debian, name + suffix, clips, stream)


def _register_qemu() -> None:
    """Lets Linux start programs for arm64."""
    if not _RULE.exists():
        raise WordspotError("qemu is not here: apt install debootstrap qemu-user-static")
    if not (_BINFMT / "register").exists():
        _run("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    if not (_BINFMT / "qemu-aarch64").exists():
        (_BINFMT / "register").write_text(_RULE.read_text())


def _install(debian: Path) -> None:
    """The wheel of this checkout and what pip brings for it on an arm64 machine, in a fresh environment."""
    wheels = debian / "wheels"
    for folder in (wheels, debian / "venv"):
        shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", wheels, _CHECKOUT)
    wheel = next(wheels.glob("wordspot-*.whl"))
    platforms = [part for name in _WHEELS_FOR for part in ("--platform", name)]
    versions = ("--python-version", _PYTHON, "--constraint", _CHECKOUT / "constraints.txt")
    options = ("--quiet", "--only-binary=:all:", *platforms, *versions, "--dest", wheels)
    _run(sys.executable, "-m", "pip", "download", *options, wheel)
    _inside(debian, "python3", "-m", "venv", "/venv")
    _inside(debian, "/venv/bin/pip", "install", "--no-index", "--find-links", "/wheels", f"/wheels/{wheel.name}")


def _make_sounds(source: Path, folder: Path) -> tuple[list[Path], Path]:
    """Some recordings, and a stream of words in noise."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    clips = []
    for recording in [one for one in scan_recordings(source) if not one.is_long_sound][::_EVERY]:
        clips.append(folder / recording.path.replace("/", "-"))
        shutil.copyfile(source / recording.path, clips[-1])
    run_wordspot("score-stream", source, *_STREAM, "--out", folder)
    return clips, next(folder.glob("*.wav"))


def _compare(debian: Path, model: str, clips: list[Path], stream: Path) -> None:
    packages = f"/venv/lib/python{_PYTHON}/site-packages/wordspot"
    for name, arguments in (("predict", clips), ("listen", ["--source", stream])):
        inside = [f"/{one.relative_to(debian)}" if isinstance(one, Path) else one for one in arguments]
        here = [sys.executable, "-m", "wordspot.tools.cli", name, Path(pretrained.__file__).parent / model, *arguments]
        there = ["/venv/bin/wordspot", name, f"{packages}/models/pretrained/{model}", *inside]
        answers = _answers(_run(*here, "--json")), _answers(_inside(debian, *there, "--json"))
        alike = _tell(f"{model}, {name}", *answers)
        if not alike and "int8" not in model:  # whose answers hang on how each processor's kernels round
            raise WordspotError(f"{model}: {name} answers differently on arm64")


def _answers(text: str) -> list[dict[str, Any]]:
    """`predict` prints an array, `listen` a line each."""
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]


def _tell(what: str, here: list[dict[str, Any]], there: list[dict[str, Any]]) -> bool:
    """Prints how far the answers are apart; whether they are the same words, those of a stream at the same times."""
    pairs = list(zip(here, there, strict=False))
    same = sum(a["label"] == b["label"] and a.get("time_s") == b.get("time_s") for a, b in pairs)
    near = sum(any(_is_near(a, b) for b in there) for a in here) if "time_s" in here[0] else same
    apart = max((abs(a["probability"] - b["probability"]) for a, b in pairs), default=0.0)
    OUT.print(
        f"{what}: {len(here)} answers, {len(there)} on arm64, {same} the same, {near} within {_NEAR_S:g} s; "
        f"probabilities at most {apart:.1e} apart"
    )
    return same == len(here) == len(there)


def _is_near(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a["label"] == b["label"] and abs(a["time_s"] - b["time_s"]) <= _NEAR_S


def _inside(debian: Path, *command: object) -> str:
    """Runs a program of the Debian, which sees only its own files, and gives its output."""
    script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'  # the mount ends with the program
    return _run("unshare", "--mount", "sh", "-c", script, debian, *command, environment=_ENVIRONMENT)


def _run(*command: object, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True, env=environment)
    except FileNotFoundError as error:
        raise WordspotError(f"{command[0]} is not here: apt install debootstrap qemu-user-static") from error
    except subprocess.CalledProcessError as error:
        raise WordspotError(f"{command[0]} ended with status {error.returncode}: is this run as root?") from error
    return done.stdout


if __name__ == "__main__":
    try:
        command()
    except WordspotError as error:
        sys.exit(f"wordspot: {error}")
