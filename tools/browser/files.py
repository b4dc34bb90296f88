"""What the page of `wordspot web` is made of: every file that the server may give, and nothing else."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.errors import WordspotError

PAGE = (
    "index.html",
    "style.css",
    "app.js",
    "capture.js",
    "detector.js",
    "microphone.js",
    "recognizer.js",
    "spectrogram.js",
    "trouble.js",
    "view.js",
    "service-worker.js",
    "manifest.webmanifest",
    "icon.svg",
    "icon-192.png",
    "icon-512.png",
)
RUNTIME = ("litert.js", "wasm-utils.js", "litert_wasm_compat_internal.js", "litert_wasm_compat_internal.wasm")
LICENSE = "LICENSE"
_FOLDER = Path(__file__).parent
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".tflite": "application/octet-stream",
    "": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class ServedFile:
    """A file in memory, its media type, and a hash of its content that lets a browser keep it."""

    content: bytes
    media_type: str
    etag: str


def collect_files(name: str, model: bytes, description: dict[str, Any]) -> dict[str, ServedFile]:
    """All files of the page by their path relative to its address; "" is the page itself.

    Parameters
    ----------
    name
        What to call the model.
    model
        The bytes of the model file.
    description
        What the page needs to know of the model: it becomes `settings.json`, with the names of the files.

    Raises
    ------
    WordspotError
        LiteRT for the browser was not fetched.
    """
    # the name says which model it is, so that the labels of one are never used with the outputs of another
    model_name = f"model-{hashlib.sha256(model).hexdigest()[:16]}.tflite"
    contents = {path: (_FOLDER / "page" / path).read_bytes() for path in PAGE}
    contents[""] = contents.pop("index.html")
    contents |= {f"litert/{path}": _read_runtime(path) for path in (*RUNTIME, LICENSE)}
    contents[model_name] = model
    settings = {"name": name, "model": model_name, **description, "files": [*contents, "settings.json"]}
    contents["settings.json"] = json.dumps(settings, ensure_ascii=False).encode()
    return {path: served(path or "index.html", content) for path, content in contents.items()}


def _read_runtime(name: str) -> bytes:
    try:
        return (_FOLDER / "vendor" / name).read_bytes()
    except FileNotFoundError as error:
        raise WordspotError(
            f"LiteRT for the browser is not here (no {error.filename}): run `make web` in the checkout, which fetches it "
            "with npm, or install a wheel, which has it"
        ) from error


def served(name: str, content: bytes) -> ServedFile:
    """A file as it is served; its type is that of its name's ending."""
    return ServedFile(content, _TYPES[Path(name).suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
