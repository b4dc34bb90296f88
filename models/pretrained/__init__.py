"""The models that ship, trained on Speech Commands; their cards lie beside them. `make pretrained` repeats the training.

Each is there as `NAME.tflite` (float), `NAME_int8.tflite` and `NAME.npz` (its weights, to train on from).
"""

import hashlib
import json
from pathlib import Path

from ...data.errors import WordspotError

NAMES = ("small", "accurate")
DEFAULT = "small"
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
    wanted = json.loads(_CHECKSUMS.read_text(encoding="utf-8")).get(path.name)
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
        raise DamagedFileError(f"{path} is missing or damaged: install wordspot again")
    return path


def write_checksums(folder: Path = FOLDER) -> None:
    """Writes the SHA-256 of every model file of the folder into its `checksums.json`."""
    files = sorted([*folder.glob("*.tflite"), *folder.glob("*.npz")])
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (folder / _CHECKSUMS.name).write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")
