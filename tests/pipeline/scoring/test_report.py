from pathlib import Path

import numpy as np
from wordspot.pipeline.pages.charts import Line, LineChart
from wordspot.pipeline.scoring.confusion import Confusion
from wordspot.pipeline.scoring.predictions import JudgedClip
from wordspot.pipeline.scoring.report import SHOWN_MISTAKES, JudgedReport, players_of, write_report

LABELS = ("down", "go", "_unknown_")
FEW = Confusion(LABELS, np.array([[12, 3, 0], [0, 3, 0], [0, 0, 0]]))
MANY = Confusion(LABELS, np.array([[900, 80, 20], [0, 0, 0], [0, 0, 0]]))


def page_of(folder: Path, confusion: Confusion = FEW, mistakes: tuple[JudgedClip, ...] = (), **given) -> str:
    report = JudgedReport("Some report", "A & B", "of 3 speakers", confusion, mistakes, {"Data": "x"}, **given)
    write_report(folder / "r.html", report)
    return (folder / "r.html").read_text(encoding="utf-8")


def test_it_fetches_nothing_and_escapes_what_files_are_called(tmp_path: Path) -> None:
    page = page_of(tmp_path, mistakes=(JudgedClip("<script>alert(1)</script>.wav", "down", "<b>", 0.93),))
    assert "://" not in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "A &amp; B" in page


def test_what_the_figures_hide_stands_before_them(tmp_path: Path) -> None:
    page = page_of(tmp_path, caveats=["These voices were trained on."])
    assert "83.3%</span> of 18 clips of 3 speakers" in " ".join(page.split())
    assert page.index("These voices were trained on.") < page.index("What was recognized as what")
    assert page.index("Only 18 clips were judged") < page.index("What was recognized as what")
    assert "clips were judged" not in page_of(tmp_path, MANY)


def test_the_most_confident_mistakes_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    mistakes = tuple(JudgedClip(f"down/{i}.wav", "down", "go", 1 - i / 100) for i in range(SHOWN_MISTAKES + 7))
    page = page_of(tmp_path, mistakes=mistakes, no_sound="Without sound: why.")
    assert page.count("<code>down/") == SHOWN_MISTAKES
    assert "7 less confident ones are not shown" in page
    assert "Without sound: why." in page
    assert "<audio" not in page
    noise = page_of(tmp_path, mistakes=(JudgedClip("", "_silence_", "go", 0.5),), no_sound="Without sound: why.")
    assert "made of background noise" in noise
    assert "Without sound" not in noise


def test_only_what_can_be_read_has_a_player() -> None:
    sound = np.random.default_rng(1).integers(-9_000, 9_000, 16_000).astype(np.int16)

    def read(name: str) -> np.ndarray:
        if name == "gone":
            raise FileNotFoundError(name)
        return sound[:0] if name == "empty" else sound

    mistakes = [JudgedClip(name, "down", "go", 0.5) for name in ("there", "gone", "empty", "")]
    assert set(players_of(mistakes, read)) == {"there"}


def test_the_charts_follow_the_colors_of_the_page(tmp_path: Path) -> None:
    chart = LineChart("Loss while training", "epoch", [Line("training", [(1, 2.0), (2, 1.0)])])
    page = page_of(tmp_path, charts=[chart])
    assert '<path class="solid" d="M0.00 0.00L100.00 100.00">' in page
    assert "data:image/png" not in page
    assert "prefers-color-scheme: dark" in page
