"""Fetches LiteRT for the browser from npm into `vendor/`: `make web` runs it, before a wheel is built too.

Nothing is installed: `npm pack` downloads two archives, whose hashes stand here, and the files that the page needs are
taken out of them.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...data.errors import WordspotError
from ...data.files import replacing
from .files import LICENSE, RUNTIME

_APACHE = Path(__file__).resolve().parents[2] / "LICENSE"
_SAYS = """{packages}
Copyright Google LLC. Licensed under the Apache License, Version 2.0, as their package.json says; the archives hold no
file of the license, whose text follows. In litert.js the name after `from` in one import was changed to a path.

"""


@dataclass(frozen=True)
class Archive:
    """A package of npm at a version, with the SHA-512 of its archive as npm writes it."""

    name: str
    version: str
    integrity: str


_CORE = Archive(
    "@litertjs/core",
    "2.5.3",
    "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
)
_UTILS = Archive(
    "@litertjs/wasm-utils",
    "2.5.3",
    "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
)
# `compat` needs SIMD but not relaxed SIMD, which Safari and older phones lack, and is no slower on models this small.
_MEMBERS = {
    "litert.js": (_CORE, "package/dist/index.js"),
    "wasm-utils.js": (_UTILS, "package/dist/index.js"),
    "litert_wasm_compat_internal.js": (_CORE, "package/wasm/litert_wasm_compat_internal.js"),
    "litert_wasm_compat_internal.wasm": (_CORE, "package/wasm/litert_wasm_compat_internal.wasm"),
}
# browsers find modules by path: there is no bundler here, and an import map would be an inline script
_BARE, _BY_PATH = b'from "@litertjs/wasm-utils"', b'from "./wasm-utils.js"'


def fetch(folder: Path) -> None:
    """Fetches the files of `files.RUNTIME` into `folder`; the license, written last, says that all are there.

    Raises
    ------
    WordspotError
        npm is missing or fails, or an archive is not the one whose hash stands here.
    """
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        archives = {archive: _pack(archive, Path(temporary)) for archive in (_CORE, _UTILS)}
        for name in RUNTIME:
            archive, member = _MEMBERS[name]
            _write(folder / name, _read_member(archives[archive], member))
    packages = "\n".join(f"{archive.name} {archive.version}" for archive in (_CORE, _UTILS))
    _write(folder / LICENSE, _SAYS.format(packages=packages).encode() + _APACHE.read_bytes())


def _pack(archive: Archive, folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{archive.name}@{archive.version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except FileNotFoundError as error:
        raise WordspotError("npm is not installed: install Node.js, which brings it, and try again") from error
    except subprocess.TimeoutExpired as error:
        raise WordspotError(f"npm did not bring {archive.name} within five minutes: try again") from error
    if done.returncode:
        raise WordspotError(f"npm could not fetch {archive.name}@{archive.version}: {done.stderr.strip()}")
    path = folder / done.stdout.split()[-1]
    return check(path, archive.integrity)


def check(path: Path, integrity: str) -> Path:
    """The path again, if the file has this SHA-512 (as npm writes it); raises `WordspotError` if it has another."""
    seen = "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if seen != integrity:
        raise WordspotError(f"{path.name} has the hash {seen}, wanted {integrity}: it is not used")
    return path


def _read_member(archive: Path, member: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(member)
        assert file is not None
        return file.read()


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content.replace(_BARE, _BY_PATH))


if __name__ == "__main__":
    try:
        fetch(Path(__file__).parent / "vendor")
    except WordspotError as error:
        sys.exit(f"wordspot: {error}")
