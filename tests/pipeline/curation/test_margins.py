import numpy as np
import pytest
from wordspot.data.clips import Clip
from wordspot.pipeline.curation.audit import judge
from wordspot.pipeline.curation.margins import margins


def hums(clips_per_word: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel frames of three words, each loud in bands of its own: float16 [n, 49, 40], int [n]."""
    rng = np.random.default_rng(1)
    classes = np.repeat(np.arange(3), clips_per_word)
    frames = rng.normal(-8, 1, (len(classes), 49, 40))
    for row, word in enumerate(classes):
        frames[row, 15:35, 10 * word : 10 * word + 10] += 6
    return frames.astype(np.float16), classes


def test_wrong_labels_have_the_smallest_margins_and_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordspot.pipeline.curation.margins._FEWEST_EXAMPLES", 0)
    frames, classes = hums()
    labels = classes.copy()
    labels[[3, 50, 90]] = [1, 2, 0]
    said: list[float] = []
    found = margins(frames, labels, on_pace=said.append)
    assert set(np.argsort(found)[:3]) == {3, 50, 90}
    assert len(said) == 1
    clips = [Clip(f"{word}/{i}.wav", f"word {word}", f"speaker {i % 7}") for i, word in enumerate(labels)]
    points = np.random.default_rng(2).normal(size=(len(clips), 4)).astype(np.float32)  # which say nothing
    audited = judge(points, clips, {}, found)
    assert sorted(one.suspicion for one in audited.suspicions) == sorted(
        one.suspicion for one in judge(points, clips, {}).suspicions
    )
    reasons = {one.file_name: one.reason for one in audited.suspicions}
    assert all("hardly learned" in reasons[clips[i].file_name] for i in (3, 50, 90))
