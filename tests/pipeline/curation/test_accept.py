import csv
import shutil
from pathlib import Path

from wordspot.data.decisions import read, replay
from wordspot.pipeline.curation.accept import accept
from wordspot.pipeline.curation.audit import Audit, Suspicion
from wordspot.pipeline.curation.review import Review, Said


def test_the_sure_are_relabeled_and_one_undo_takes_it_back(clips: Path, tmp_path: Path) -> None:
    folder, log = shutil.copytree(clips, tmp_path / "clips"), tmp_path / "log"
    with open(folder / "metadata.csv", newline="") as file:
        table = list(csv.DictReader(file))
    rows, other = table[:4], next(row["label"] for row in table if row["label"] != table[0]["label"])
    found = Audit(
        tuple(
            Suspicion(row["file_name"], row["label"], suspicion, other, 0.9, "")
            for row, suspicion in zip(rows, (0.95, 0.9, 0.6, 0.9), strict=True)
        ),
        (),
        (rows[3]["file_name"],),
    )
    Review(folder, log, "anna").decide([Said(rows[1]["file_name"], "keep")], queue="random", step="one")
    assert accept(folder, log, found, "accurate") == (1, 1)
    assert [(one.who, one.what, one.after) for one in read(log)] == [
        ("anna", "keep", ""),
        ("audit", "relabel", other),
        ("audit", "unsure", ""),
    ]
    assert accept(folder, log, found, "accurate") == (0, 0)
    assert Review(folder, log, "audit").undo() == [rows[0]["file_name"], rows[3]["file_name"]]
    assert [state.label for state in replay(read(log)).values() if state.label == other] == []
