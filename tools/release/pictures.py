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
from .steps import RECORDINGS

_FOLDER = Path(__file__).parent / "pictures"
_SIZE = "1000,760"
_COLORS = 64
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@declare
@argument("data", metavar="SHARED", help="Folder with the recordings of Speech Commands.")
def command(data: Path) -> None:
    """Clean the recordings, judge the small model on their validation speakers, and write the pictures as PNG."""
    _FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        clips = [Path(scratch) / source for source in RECORDINGS]
        for source, destination in zip(RECORDINGS, clips, strict=True):
            clean(data / source, destination)
        page = Path(scratch) / "page.html"
        report = (clips[0] / REPORT).read_text(encoding="utf-8")
        page.write_text(report.replace(str((data / RECORDINGS[0]).resolve()), "recordings"), encoding="utf-8")
        _write(_FOLDER / "cleaning_report.png", _screenshot(page, Path(scratch)))
        _write(_FOLDER / "confusion.png", confusion_png(evaluate("small", clips[1], "validation").confusion))


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
