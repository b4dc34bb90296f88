"""The server of `wordspot review`, asked over real connections."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wordspot.data.decisions import read
from wordspot.pipeline.curation.review import Review, Said
from wordspot.tools.browser.review_server import Desk, ReviewServer
from wordspot.tools.browser.server import Address

STEP = {"queue": "random", "step": "a1", "said": [{"file_name": "fall/speaker00_nohash_0.wav", "what": "keep"}]}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture
def server(clips: Path, log: Path) -> Iterator[ReviewServer]:
    with ReviewServer(Desk(Review(clips, log, "anna")), Address(port=0)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def request(server: ReviewServer, name: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    told = {"Host": f"localhost:{server.server_port}", "Content-Type": "application/json"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
    connection.request(method, name if name.startswith("/") else server.prefix + name, content, told)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def ask(server: ReviewServer, name: str, body: Any = None) -> Any:
    status, content = request(server, name, body)
    assert status == 200, content
    return json.loads(content)


def test_the_page_of_a_folder_and_its_clips(server: ReviewServer, clips: Path) -> None:
    assert request(server, "")[1].startswith(b"<!doctype html>")
    start = ask(server, "start")
    assert start["labels"] == ["fall", "hum", "rise", "whistle"]
    queue = ask(server, "queue?name=word&value=rise")
    assert len(queue["places"]) == len(queue["marks"]) == 24
    (clip,) = ask(server, f"clips?places={queue['places'][0]}")
    assert (clip["label"], clip["suspicion"], clip["what"]) == ("rise", None, "")
    status, content = request(server, f"sound?places={clip['place']}")
    samples, _ = soundfile.read(clips / clip["file_name"], dtype="int16")
    assert status == 200
    np.testing.assert_array_equal(np.frombuffer(content, "<i2"), samples)
    other = ask(server, f"clearest?places={clip['place']}&word=hum")["place"]
    assert ask(server, f"clips?places={other}")[0]["label"] == "hum"


def test_the_recording_around_a_clip_holds_the_clip(server: ReviewServer, clips: Path) -> None:
    told = ask(server, "recording?places=3")
    assert (told["why"], told["length"], told["samples"]) == ("", 16_000, 24_000)
    begin, end = told["start"], told["start"] + told["length"]
    content = request(server, f"around?places=3&begin={begin - 100}&end={end}")[1]
    assert content[200:] == request(server, "sound?places=3")[1]
    assert ask(server, "map")["state"] == "none"  # nothing is made before somebody wants it


def test_a_step_that_is_sent_again_is_written_once(server: ReviewServer, log: Path) -> None:
    for _ in range(2):
        assert ask(server, "decide", STEP)["progress"]["decided"] == 1
    assert [line.what for line in read(log)] == ["keep"]
    assert ask(server, "undo", {"queue": "random"})["clips"][0]["file_name"] == "fall/speaker00_nohash_0.wav"
    assert ask(server, "undo", {"queue": "random"})["clips"] == []


def test_only_the_page_may_decide(server: ReviewServer, log: Path) -> None:
    assert request(server, "/decide", STEP)[0] == 404  # without the token
    assert request(server, "/start")[0] == 404
    assert request(server, "decide", STEP, Host="evil.example")[0] == 421
    assert request(server, "decide", STEP, Origin="http://evil.example")[0] == 403
    assert request(server, "decide", STEP, Content_Type="text/plain")[0] == 403
    assert request(server, "decide", STEP, Content_Length="99999999")[0] == 413
    assert not log.exists()
    origin = f"http://localhost:{server.server_port}"
    assert request(server, "decide", STEP, Origin=origin)[0] == 200


def test_a_probe_looks_like_any_clip_and_its_answer_changes_no_label(clips: Path, log: Path) -> None:
    first = Review(clips, log, "ben")
    first.decide([Said(clip.clip.file_name, "keep") for clip in first.clips[:30]], queue="word", step="a")
    desk = Desk(Review(clips, log, "anna", with_probes=True))
    with ReviewServer(desk, Address(port=0)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        queue = ask(server, "queue?name=random")
        assert [place for place in queue["places"] if place < 96] == first.queue("random")
        places = [place for place in queue["places"] if place >= 96]
        assert places
        assert len(queue["marks"]) == len(queue["places"])
        place = next(one for one in places if desk.review.probes[one - 96].shown != desk.review.probes[one - 96].truth)
        probe = desk.review.probes[place - 96]
        (clip,) = ask(server, f"clips?places={place}&queue=random")
        assert (clip["label"], clip["what"], clip["source"].split("/")[0]) == (probe.shown, "", probe.shown)
        assert probe.truth not in json.dumps({name: clip[name] for name in clip if name != "suspicion"})
        assert request(server, f"sound?places={place}") == request(server, f"sound?places={probe.place}")
        said = [{"file_name": clip["file_name"], "what": "keep", "shown": clip["label"]}]
        answer = ask(server, "decide", {"queue": "random", "step": "b", "said": said})
        assert (answer["marks"], answer["progress"]["decided"]) == ("k", 0)
        assert read(log)[-1].what == "note"
        assert ask(server, "agreement")["probes"] == [
            {"listener": "anna", "right": 0, "kept": 0, "wrong": 1, "found": 0}
        ]
        assert place not in ask(server, "queue?name=random")["places"]
        assert ask(server, "undo", {"queue": "random"})["clips"][0]["place"] == place
        assert ask(server, "queue?name=word&value=fall")["places"] == first.queue("word", "fall")
        server.shutdown()


def test_how_many_wrong_labels_are_left_is_said_after_thirty_at_random(server: ReviewServer) -> None:
    assert ask(server, "queue?name=random")["left"] == {"clips": 96, "wrong": None, "most": None, "missing": 30}
    places = ask(server, "queue?name=random")["places"][:30]
    clips = ask(server, f"clips?places={','.join(map(str, places))}")
    said = [{"file_name": one["file_name"], "what": "drop" if n < 3 else "keep"} for n, one in enumerate(clips)]
    ask(server, "decide", {"queue": "random", "step": "a", "said": said})
    left = ask(server, "queue?name=random")["left"]
    assert (left["clips"], left["missing"], left["wrong"]) == (66, 0, pytest.approx(6.6))
    assert 6.6 < left["most"] < 20


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("queue?name=nonsense", None, 409),
        ("clips?places=9999", None, 409),
        ("clips?places=-1", None, 409),
        ("clips?places=x", None, 400),
        ("sound?places=1,2", None, 400),
        ("recording?places=9999", None, 409),
        ("around?places=0&begin=0&end=0", None, 409),
        ("around?places=0&begin=0&end=99999999", None, 409),
        ("around?places=0&begin=0", None, 400),
        ("points", None, 409),
        ("queue", {"name": "clusters", "value": "-1"}, 409),
        ("decide", STEP | {"said": [STEP["said"][0] | {"what": "window"}]}, 409),
        ("decide", STEP | {"said": [STEP["said"][0] | {"what": "window", "window_s": [2, 1]}]}, 409),
        ("decide", STEP | {"said": [STEP["said"][0] | {"what": "window", "window_s": "x"}]}, 400),
        ("decide", [], 400),
        ("decide", {}, 400),
        ("decide", STEP | {"said": [{"file_name": "fall/none.wav", "what": "keep"}]}, 410),
        ("decide", STEP | {"said": [{"file_name": "../x", "what": "keep"}]}, 410),
        ("decide", STEP | {"said": [STEP["said"][0] | {"what": "undo"}]}, 409),
        ("decide", STEP | {"said": [STEP["said"][0] | {"what": "relabel", "after": " "}]}, 409),
        ("decide", STEP | {"step": "../.."}, 409),
    ],
)
def test_what_no_page_asks_is_refused_in_one_line(
    server: ReviewServer, log: Path, name: str, body: Any, status: int
) -> None:
    answered, content = request(server, name, body)
    assert answered == status
    assert len(content.decode().strip().splitlines()) == 1
    assert not log.exists()
