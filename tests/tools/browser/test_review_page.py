"""`wordspot review` as a person meets it: in Chromium, with keys, with sound that plays."""

import csv
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordspot.data.audio import read_sound
from wordspot.data.decisions import DECISIONS, replay, standing
from wordspot.data.tables import read_table
from wordspot.pipeline.device.recognizer import Prediction, Recognizer
from wordspot.pipeline.device.stream import Detection, LoneWord
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.scoring.evaluate import evaluate, write_evaluation
from wordspot.tools.listening.recorder import ClipRecorder

SAVED = "document.querySelector('#saved').textContent === 'Saved'"
COLORS = """
(() => {
  const canvas = document.querySelector("#spectrogram")
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  return new Set(new Uint32Array(data.buffer)).size
})()
"""
OVERFLOW = """
[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)
"""


@pytest.fixture
def folder(clips: Path, tmp_path: Path) -> Path:
    """A clean folder of one's own, with what an audit found of six clips of "fall"."""
    folder = tmp_path / "clips"
    shutil.copytree(clips, folder)
    rows = [
        [f"fall/speaker{n:02}_nohash_0.wav", "fall", 0.9 - n / 10, "rise", 0.8, "sounds like another word"]
        for n in range(6)
    ]
    with open(folder / "audit.csv", "w", newline="") as file:
        header = ["file_name", "label", "suspicion", "suggested", "suggested_probability", "reason"]
        csv.writer(file).writerows([header, *rows])
    return folder


def assert_nothing_foreign(tab: Any) -> None:
    """Nothing was asked of another host, nothing was forbidden by the policy, and nothing was thrown."""
    urls = [e["params"]["request"]["url"] for e in tab.events if e["method"] == "Network.requestWillBeSent"]
    assert urls
    assert all(url.startswith(tab.run("location.origin")) for url in urls)
    assert [e for e in tab.events if e["method"] == "Runtime.exceptionThrown"] == []
    logged = [e["params"]["entry"] for e in tab.events if e["method"] == "Log.entryAdded"]
    assert [entry for entry in logged if entry["level"] == "error"] == []


def test_every_key_decides_plays_the_next_and_is_saved(folder: Path, review: Callable) -> None:
    page = review(folder, "--listener", "anna")
    tab = page.tab
    assert (page.label(), tab.text("#place")) == ("fall", "1 of 6")
    assert "rise" in tab.text("#hint")
    kept = page.decide("k")
    assert (kept.what, kept.path, kept.before, kept.who) == ("keep", "fall/speaker00_nohash_0.wav", "fall", "anna")
    assert (kept.queue, kept.suggested_by) == ("suspicious", "audit")
    assert kept.recording
    relabeled = page.decide("3")  # the labels are fall, hum, rise, whistle
    assert (relabeled.what, relabeled.before, relabeled.after) == ("relabel", "fall", "rise")
    assert page.decide("1").what == "keep"  # its own label
    assert page.decide("d").what == "drop"
    assert page.decide("s").what == "unsure"
    assert tab.text("#place") == "6 of 6"
    page.wait_for_sound()
    tab.wait_for("document.querySelector('#cursor').hidden")
    page.key(" ")
    page.wait_for_sound()
    for key, place in (
        ("ArrowLeft", "5 of 6"),
        ("ArrowUp", "4 of 6"),
        ("ArrowRight", "5 of 6"),
        ("ArrowDown", "6 of 6"),
    ):
        page.key(key)
        tab.wait_for(f"document.querySelector('#place').textContent === '{place}'")
    page.wait_for_sound()
    page.key("c")
    tab.wait_for("document.querySelector('#status').textContent === 'A clear “fall”'")
    tab.wait_for("document.querySelector('#status').textContent === 'A clear “rise”'")
    page.key("?")
    assert tab.run("document.querySelector('#help').open")
    assert tab.run(COLORS) > 30
    assert len(page.lines()) == 5
    assert "5 decided by anna" in tab.text("#progress")
    assert "2 of the last 5" in tab.text("#progress")
    assert_nothing_foreign(tab)


def test_a_key_before_the_sound_decides_nothing(folder: Path, review: Callable) -> None:
    page = review(folder)
    page.tab.run("AudioContext.prototype.resume = () => new Promise(() => {}); 0")
    page.tab.run("Object.defineProperty(AudioContext.prototype, 'state', {get: () => 'suspended'}); 0")
    page.key("ArrowRight")
    page.tab.wait_for("document.querySelector('#status').textContent.startsWith('Press Space')")
    page.key("k")
    page.tab.wait_for("document.querySelector('#status').textContent.startsWith('Listen first')")
    assert page.lines() == []
    assert page.tab.text("#place") == "2 of 6"


def test_undo_has_no_end_not_even_a_restart(folder: Path, review: Callable) -> None:
    page = review(folder, "--listener", "anna")
    for key in "k3d":
        page.decide(key)
    page.kill()
    page.start()
    assert page.tab.text("#place") == "4 of 6"
    for place in (3, 2, 1):
        page.undo()
        page.tab.wait_for(f"document.querySelector('#place').textContent === '{place} of 6'")
        page.tab.run("document.querySelector('#saved').textContent = ''")
    assert standing(page.lines()) == []
    page.key("u")
    page.tab.wait_for("document.querySelector('#status').textContent.startsWith('There is nothing')")
    assert len(page.lines()) == 6
    assert page.decide("k").path == "fall/speaker00_nohash_0.wav"


def test_in_blind_mode_label_and_suggestion_are_hidden_until_the_first_answer(folder: Path, review: Callable) -> None:
    page = review(folder, "--blind")
    tab = page.tab
    seen = tab.run("document.body.innerText")
    assert "What do you hear?" in seen
    assert "speaker00_nohash" not in seen
    assert tab.run("document.querySelector('#queue option[value=word]').disabled")  # its values are labels
    assert tab.run("document.querySelectorAll('#labels .given, #labels .suggested').length") == 0
    assert tab.run("document.querySelector('#hint').hidden")
    page.wait_for_sound()
    page.key("k")
    tab.wait_for("document.querySelector('#status').textContent.startsWith('The label is hidden')")
    page.key("3")
    tab.wait_for("document.querySelector('#label').textContent === 'fall'")
    assert "rise" in tab.text("#hint")
    assert page.lines() == []
    assert page.decide("3").after == "rise"
    agreed = page.decide("1")  # the word that the label says, so that nothing has to be shown
    assert (agreed.what, agreed.suggested_by) == ("keep", "")


def test_a_killed_server_loses_nothing_saved_and_what_waits_is_sent_later(folder: Path, review: Callable) -> None:
    page = review(folder)
    page.decide("k")
    page.wait_for_sound()
    page.kill()
    page.key("d")
    page.tab.wait_for("!document.querySelector('#trouble').hidden")
    assert page.tab.text("#trouble").startswith("Not saved")
    assert page.tab.text("#saved") != "Saved"
    assert [line.what for line in page.lines()] == ["keep"]
    page.start()
    page.tab.wait_for(SAVED)
    assert [line.what for line in page.lines()] == ["keep", "drop"]


def test_a_full_disk_is_said_and_nothing_is_called_saved(folder: Path, review: Callable) -> None:
    (folder / DECISIONS).write_text("\n" * 4096)
    page = review(folder, before=("bash", "-c", 'ulimit -f 4; exec "$@"', "bash"))  # no file may grow beyond 4 kB
    page.wait_for_sound()
    page.key("k")
    page.tab.wait_for("!document.querySelector('#trouble').hidden")
    assert "cannot be written" in page.tab.text("#trouble")
    assert page.tab.text("#saved") != "Saved"
    assert page.lines() == []


def test_the_rest_of_a_wall_is_kept_in_one_step_that_one_undo_takes_back(folder: Path, review: Callable) -> None:
    page = review(folder)
    tab = page.tab
    page.key("w")
    tab.wait_for("document.querySelectorAll('.tile').length === 6")
    page.key("r")
    tab.wait_for("document.querySelector('#status').textContent.startsWith('Listen first')")
    assert page.lines() == []
    tab.wait_for("document.querySelectorAll('.tile.heard').length === 6")
    tab.run("document.querySelectorAll('.tile')[2].click()")
    tab.wait_for("document.querySelectorAll('.tile')[2].classList.contains('selected')")
    page.key("d")
    tab.wait_for("document.querySelectorAll('.tile.done').length === 1")
    tab.wait_for(SAVED)
    page.key("r")
    tab.wait_for("document.querySelector('#status').textContent.startsWith('All of this queue')")
    tab.wait_for(SAVED)
    assert [line.what for line in page.lines()] == ["drop", *["keep"] * 5]
    page.undo()
    tab.wait_for("document.querySelectorAll('.tile').length === 5")
    assert [line.what for line in standing(page.lines())] == ["drop"]


def test_a_second_listener_is_asked_about_what_the_first_said(folder: Path, review: Callable) -> None:
    first = review(folder, "--listener", "anna")
    first.decide("s")
    first.kill()
    page = review(folder, "--listener", "ben", tab=first.tab)
    page.tab.run("document.querySelector('#queue').value = 'second opinion'")
    page.tab.run("document.querySelector('#queue').dispatchEvent(new Event('change'))")
    page.tab.wait_for("document.querySelector('#place')?.textContent === '1 of 1'")
    assert page.label() == "fall"
    assert "anna" not in page.tab.text("main")
    assert page.decide("k").queue == "second opinion"


def test_of_a_label_on_which_too_few_agree_what_holds_is_shown(
    recordings: Path, tmp_path: Path, review: Callable
) -> None:
    folder = tmp_path / "clips"
    clean(recordings, folder, agreement=2)
    page = review(folder, "--listener", "anna")
    words = sorted(path.name for path in recordings.iterdir() if not path.name.startswith("_"))
    label = page.label()
    other = next(word for word in words if word != label)
    page.decide(str(1 + words.index(other)))
    page.key("ArrowLeft")
    page.tab.wait_for(f"document.querySelector('#label').innerText.includes('unsure: anna says {other}; 2 must agree')")
    assert page.label().split(" unsure")[0] == label
    page.kill()
    ben = review(folder, "--listener", "ben", tab=page.tab)
    ben.tab.run("document.querySelector('#queue').value = 'unsure'")
    ben.tab.run("document.querySelector('#queue').dispatchEvent(new Event('change'))")
    ben.tab.wait_for("document.querySelector('#place').textContent === '1 of 1'")
    ben.decide(str(1 + words.index(other)))
    ben.key("ArrowLeft")
    ben.tab.wait_for(f"document.querySelector('#label').innerText.startsWith('{other} relabeled by anna and ben')")


def test_a_cell_of_the_confusion_matrix_is_pressed_and_its_clips_are_heard(
    folder: Path, tmp_path: Path, review: Callable
) -> None:
    model = Recognizer.load("small")  # which knows none of these words
    result = evaluate(model, folder)
    write_evaluation(tmp_path / "judged", result, model, folder)
    counts = Counter((one.truth, one.predicted) for one in result.judged)
    (truth, predicted), most = max(
        ((pair, n) for pair, n in counts.items() if len(set(pair)) == 2), key=lambda one: one[1]
    )
    page = review(folder, "--evaluation", str(tmp_path / "judged"))
    tab = page.tab
    wrong = sum(count for pair, count in counts.items() if len(set(pair)) == 2)
    assert tab.text("#place") == f"1 of {wrong}"
    assert "Recognized as" in tab.text("#hint")
    assert tab.run("document.querySelector('#value').options[1].value") == f"{truth}/{predicted}"
    tab.press(f"#matrix button[aria-label^='{truth} recognized as {predicted}:']")
    tab.wait_for(f"document.querySelector('#place').textContent === '1 of {most}'")
    assert tab.run("document.querySelectorAll('#matrix [aria-pressed=true]').length") == 1
    decided = page.decide("d")
    assert (decided.queue, decided.suggested_by) == ("confusion", "network")
    judged = {one.file_name: (one.truth, one.predicted) for one in result.judged}
    assert judged[decided.path] == (truth, predicted)
    assert tab.run(OVERFLOW.replace('"body *"', '"body *:not(#matrix *)"')) == []
    assert_nothing_foreign(tab)
    page.kill()
    blind = review(folder, "--evaluation", str(tmp_path / "judged"), "--blind", tab=tab)
    assert tab.text("#place") == f"1 of {wrong}"
    assert tab.run("document.querySelector('#matrix').hidden")
    assert tab.run("document.querySelectorAll('#value option').length") == 1  # any cell would say a label
    assert " → " not in str(tab.run("fetch('start').then(answer => answer.text())"))
    assert blind.label() == "What do you hear?"


def test_what_listen_kept_is_heard_the_least_likely_first(clips: Path, tmp_path: Path, review: Callable) -> None:
    folder, model = tmp_path / "kept", Recognizer.load("small")
    samples = np.concatenate([read_sound(path).samples for path in sorted((clips / "hum").iterdir())])
    with ClipRecorder(folder, "evening", "microphone", model, (0.01, 0.02)) as recorder:
        for number, probability in enumerate((0.9, 0.6, 0.7)):
            found = Detection("left", number + 1.0, float(number), probability)
            word = LoneWord(16_000 * number, 16_000 * number, Prediction("left", probability, {}), found)
            recorder.keep(word, samples[16_000 * number : 16_000 * (number + 1)])
    (folder / "audit.csv").write_text("file_name,suspicion,suggested,suggested_probability,reason\n")
    page = review(folder)
    assert page.tab.run("document.querySelector('#queue').value") == "kept by listen"
    assert (page.label(), page.tab.text("#place")) == ("left", "1 of 3")
    dropped, kept = page.decide("d"), page.decide("k")
    assert (dropped.what, kept.what, kept.queue) == ("drop", "keep", "kept by listen")
    probability = {row["file_name"]: row["probability"] for row in read_table(folder / "metadata.csv")}
    assert [probability[one.path] for one in (dropped, kept)] == ["0.6000", "0.7000"]
    page.undo()
    page.tab.wait_for("document.querySelector('#place').textContent === '2 of 3'")
    result = clean(folder, tmp_path / "clips", decisions=folder / DECISIONS)
    assert result.clips == 2


def test_an_audit_runs_behind_the_page_where_there_was_none(clips: Path, tmp_path: Path, review: Callable) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    page = review(folder, audits=True)
    tab = page.tab
    assert tab.run("document.querySelector('#queue').value") == "random"
    tab.wait_for("!document.querySelector('#queue option[value=suspicious]').disabled")
    assert (folder / "audit.csv").is_file()
    tab.wait_for("document.querySelector('#audit').hidden")
    tab.run("document.querySelector('#queue').value = 'suspicious'")
    tab.run("document.querySelector('#queue').dispatchEvent(new Event('change'))")
    tab.wait_for("document.querySelector('#hint').textContent.startsWith('Sounds like')")
    (folder / "audit.csv").write_text("file_name,suspicion,suggested,suggested_probability,reason\n")
    tab.run("document.querySelector('#queue').dispatchEvent(new Event('change'))")
    tab.wait_for("document.querySelector('#label').textContent === 'Nothing here'")


def test_ten_thousand_clips_scroll_and_only_some_are_fetched(clips: Path, tmp_path: Path, review: Callable) -> None:
    folder = tmp_path / "many"
    sources = sorted((clips / "fall").glob("*.wav"))
    with open(folder.parent / "metadata.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", "label", "speaker"])
        for number in range(10_000):
            target = folder / f"word{number % 20}" / f"{number}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(sources[number % len(sources)], target)
            rows.writerow([target.relative_to(folder).as_posix(), target.parent.name, f"someone{number % 50}"])
    (folder.parent / "metadata.csv").rename(folder / "metadata.csv")
    (folder / "audit.csv").write_text("file_name,suspicion,suggested,suggested_probability,reason\n")
    page = review(folder)
    tab = page.tab
    assert tab.text("#place") == "1 of 10,000"
    tab.run("document.querySelector('#list').scrollTop = 44 * 7000")
    tab.wait_for("[...document.querySelectorAll('#list li')].some(row => row.dataset.index === '7000')")
    tab.wait_for("[...document.querySelectorAll('#list .name')].every(name => name.textContent.startsWith('word'))")
    assert tab.run("document.querySelectorAll('#list li').length") < 100
    tab.run("document.querySelector('#list li[data-index=\"7000\"]').click()")
    tab.wait_for("document.querySelector('#place').textContent === '7,001 of 10,000'")
    decided = page.decide("k")
    assert decided.recording  # the table does not say it
    assert replay(page.lines())[decided.recording].what == "keep"
    sounds = [e for e in tab.events if "/sound?" in e.get("params", {}).get("request", {}).get("url", "")]
    assert 20 <= len(sounds) < 100


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_nothing_sticks_out_and_buttons_fit_a_thumb(folder: Path, review: Callable, width: int, scheme: str) -> None:
    page = review(folder)
    tab = page.tab
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 500)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    assert tab.run(OVERFLOW) == []
    sizes = tab.run(
        "[...document.querySelectorAll('.decide button:not([hidden]), #labels button')]"
        ".map(e => { const r = e.getBoundingClientRect(); return Math.min(r.width, r.height) })"
    )
    assert min(sizes) >= 44
    tab.press(".again")
    page.wait_for_sound()
    tab.press(".keep")
    tab.wait_for(SAVED)
    assert len(page.lines()) == 1


def test_real_clips_are_played_and_what_was_decided_is_what_cleaning_does(
    speech_commands: Path, tmp_path: Path, review: Callable
) -> None:
    recordings, folder = tmp_path / "recordings", tmp_path / "clips"
    for word in ("bed", "cat"):
        (recordings / word).mkdir(parents=True)
        for path in sorted((speech_commands / word).iterdir())[:8]:
            shutil.copy(path, recordings / word)
    clean(recordings, folder)
    page = review(folder)
    relabeled, dropped = (page.decide(key) for key in ("2" if page.label() == "bed" else "1", "d"))
    page.kill()
    clean(recordings, folder)
    with open(folder / "metadata.csv", newline="") as file:
        labels = {row["source"]: row["label"] for row in csv.DictReader(file)}
    assert labels[relabeled.path] == relabeled.after != relabeled.before
    assert dropped.path not in labels
