"""Makes the pictures of the README: the cleaning report and a confusion matrix, of real recordings."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from ...data.errors import WordspotError
from ...data.files import replacing
from ...pipeline.ingest.clean import clean
from ...pipeline.ingest.destination import REPORT
from ...pipeline.scoring.charts import confusion_png
from ...pipeline.scoring.evaluate import evaluate
from ..terminal.console import OUT
from ..terminal.options import argument, declare

_FOLDER = Path(__file__).parent / "pictures"
_SIZE = "1000,760"
_COLORS = 64
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@declare
@argument("source", metavar="DATA", help="Folder of recordings of Speech Commands.")
def command(source: Path) -> None:
    """Clean the recordings, judge the small model on their validation speakers, and write the pictures as PNG."""
    _FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        clips = Path(scratch) / "clips"
        clean(source, clips)
        _write(_FOLDER / "cleaning_report.png", _screenshot(clips / REPORT, Path(scratch)))
        _write(_FOLDER / "confusion.png", confusion_png(evaluate("small", clips, "validation").confusion))


def _screenshot(page: Path, scratch: Path) -> bytes:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise WordspotError("Chromium is not installed: it renders the page that is photographed")
    target = scratch / "page.png"
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    profile = f"--user-data-dir={scratch / 'browser'}"
    size, shot = f"--window-size={_SIZE}", f"--screenshot={target}"
    subprocess.run([browser, *flags, profile, size, shot, page.as_uri()], check=True, capture_output=True)
    return target.read_bytes()


def _write(path: Path, png: bytes) -> None:
    """With a palette, which makes a third of it."""
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLORS)
    with replacing(path) as temporary:
        image.save(temporary, "PNG", optimize=True)
    OUT.print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    command()
