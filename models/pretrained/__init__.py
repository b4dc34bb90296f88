"""The models that ship, trained on Speech Commands; their cards lie beside them. `make pretrained` repeats the training.

Each is there as `NAME.tflite` (float), `NAME_int8.tflite` and `NAME.npz` (its weights, to train on from).
"""

import hashlib
import json
from pathlib import Path

from ...data.errors import WordspotError

NAMES = ("small", "accurate")
DEFAULT = "small"
EMBEDDING = "accurate"  # whose body lays like sounds close together
FOLDER = Path(__file__).parent
_CHECKSUMS = FOLDER / "checksums.json"


class DamagedFileError(WordspotError):
    """A file that ships is missing or not the one that was trained."""


def path_of(name: str, suffix: str = ".tflite") -> Path:
    """The file of a model that ships, checked against its SHA-256.

    Parameters
    ----------
    name
        One of `NAMES`.
    suffix
        `.tflite`, `_int8.tflite` or `.npz`.

    Raises
    ------
    DamagedFileError
        The file is missing or differs from the one that was shipped.
    """
    path = FOLDER / f"{name}{suffix}"
    if not path.is_file() or _digest(path.read_bytes()) != _checksums().get(path.name):
        raise DamagedFileError(f"{path} is missing or damaged: install wordspot again")
    return path


def ships(content: bytes) -> bool:
    """Whether these are the bytes of a file that ships, wherever they were read."""
    return _digest(content) in _checksums().values()


def write_checksums(folder: Path = FOLDER) -> None:
    """Writes the SHA-256 of every model file of the folder into its `checksums.json`."""
    files = sorted([*folder.glob("*.tflite"), *folder.glob("*.npz")])
    sums = {path.name: _digest(path.read_bytes()) for path in files}
    (folder / _CHECKSUMS.name).write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


def _checksums() -> dict[str, str]:
    return json.loads(_CHECKSUMS.read_text(encoding="utf-8"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
