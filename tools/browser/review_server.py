"""The server of `wordspot review`: the page, the clips' sound, and the decisions that it writes down."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import numpy as np

from ...data.audio import SAMPLE_RATE_HZ
from ...data.errors import WordspotError
from ...data.front_end import FrontEnd
from ...data.labels import is_word
from ...pipeline.curation.agreement import agreement
from ...pipeline.curation.probes import PROBED_QUEUES, Probe, mixed
from ...pipeline.curation.queue import (
    CLUSTERS,
    CONFUSION,
    KEPT_BY_LISTEN,
    MEASURED,
    QUEUES,
    SECOND_OPINION,
    ReviewClip,
    clearest,
    values_of,
)
from ...pipeline.curation.review import Answer, Review, Said, UnknownClipError
from .background_audit import BackgroundAudit
from .cluster_map import ClusterMap
from .edges import Edges
from .files import ServedFile, served
from .server import Address, Handler, Server

PAGE = (
    "index.html",
    "style.css",
    "review.js",
    "clusters.css",
    "clusters.js",
    "desk.js",
    "edges.css",
    "edges.js",
    "keys.js",
    "list.js",
    "matrix.js",
    "picture.js",
    "server.js",
    "sound.js",
    "wall.js",
)
_FOLDER = Path(__file__).parent
_LARGEST_REQUEST_BYTES = 1 << 20
_MOST_AT_ONCE = 500  # clips described in one answer, or decided in one step
_MARKS = {"": ".", "keep": "k", "relabel": "r", "drop": "d", "unsure": "u"}


@dataclass(frozen=True)
class Desk:
    """What the page is about: a listener's review, and whether label and suggestion are hidden until the first answer.

    An audit that runs meanwhile is what the queue of suspicious clips waits for.
    """

    review: Review
    blind: bool = False
    background: BackgroundAudit | None = None

    @cached_property
    def edges(self) -> Edges:
        """The recordings behind the clips."""
        return Edges(self.review)

    def start(self, query: dict[str, str]) -> dict[str, Any]:
        """What the page needs to know at first."""
        review = self.review
        review.refresh()
        review.refresh_audit()
        heard, values = review.heard(), values_of(review.clips, review.heard())
        if self.blind:
            values[CONFUSION] = values[CONFUSION][:1]  # all mistakes: any other says a label
            values["word"] = []  # nothing to choose
        counts = {name: len(review.queue(name)) for name in QUEUES if name not in values and name != CLUSTERS}
        suggested = {clip.suspicion.suggested for clip in review.clips if clip.suspicion and clip.suspicion.suggested}
        return {
            "folder": str(review.folder),
            "log": str(review.log),
            "who": review.who,
            "blind": self.blind,
            "clips": len(review.clips),
            "labels": sorted({clip.clip.label for clip in review.clips} | set(heard.labels) | suggested),
            "first": self._first(),
            "queues": [{"name": name, "clips": counts.get(name), "values": values.get(name)} for name in QUEUES],
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "front_end": FrontEnd().to_dict(),
        }

    def _first(self) -> str:
        """The queue that this was started for; empty for whichever has clips."""
        if self.review.judged:
            return CONFUSION
        return KEPT_BY_LISTEN if any(clip.kept for clip in self.review.clips) else ""

    def audit(self, query: dict[str, str]) -> dict[str, Any]:
        """Whether an audit runs, and what there is to say of it."""
        audit = self.background
        return {"running": audit.is_running, "note": audit.note()} if audit else {"running": False, "note": ""}

    def queue(self, query: dict[str, str]) -> dict[str, Any]:
        """The places of a queue's clips, and a letter for what was decided of each."""
        name = query.get("name", "")
        self.review.refresh()
        self.review.refresh_audit()
        places = self._with_probes(self.review.queue(name, query.get("value", "")), name)
        return {"places": places, "marks": self._marks(places, name), "progress": self._progress(name)} | self._left()

    def _with_probes(self, places: list[int], queue: str) -> list[int]:
        """Those that the listener has not answered yet, among what is not decided."""
        if queue not in PROBED_QUEUES or not self.review.probes:
            return places
        first, whats = len(self.review.clips), self.review.heard().whats
        probes = [first + n for n, probe in enumerate(self.review.probes) if not self.review.answer(probe)]
        return mixed(places, [not whats[place] for place in places], probes)

    def _left(self) -> dict[str, Any]:
        return {"left": dataclasses.asdict(self.review.remaining())}

    def _marks(self, places: list[int], queue: str) -> str:
        """Of a second opinion only the listener's own decisions count."""
        heard, who = self.review.heard(), self.review.who
        if any(self.review.probe(place) for place in places):
            return "".join(self._mark(place) for place in places)
        if queue == SECOND_OPINION:
            return "".join(("o" if who in heard.answers[place] else ".") for place in places)
        return "".join(_MARKS.get(heard.whats[place], ".") for place in places)

    def _mark(self, place: int) -> str:
        probe = self.review.probe(place)
        return _MARKS.get(self._probe_what(probe) if probe else self.review.heard().whats[place], ".")

    def _probe_what(self, probe: Probe) -> str:
        answer = self.review.answer(probe)
        if not answer or answer == probe.shown:
            return "keep" if answer else ""
        return answer.strip("()") if answer.startswith("(") else "relabel"

    def _progress(self, queue: str) -> dict[str, Any]:
        return dataclasses.asdict(self.review.progress(queue))

    def clips(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """All that is known of some clips."""
        return [self._describe(place, query.get("queue", "")) for place in self._places(query)]

    def _places(self, query: dict[str, str]) -> list[int]:
        places = [int(text) for text in query.get("places", "").split(",")][:_MOST_AT_ONCE]
        if not all(0 <= place < len(self.review.clips) + len(self.review.probes) for place in places):
            raise WordspotError(f"there are {len(self.review.clips)} clips: load the page again")
        return places

    def _describe(self, place: int, queue: str) -> dict[str, Any]:
        """All that is known of a clip; to a second opinion, nothing of what others said."""
        if probe := self.review.probe(place):
            return self._describe_probe(place, probe, queue)
        one, heard, state = self.review.clips[place], self.review.heard(), self.review.state(place)
        is_second = queue == SECOND_OPINION
        return {
            "place": place,
            "file_name": one.clip.file_name,
            "label": one.clip.label if is_second else heard.labels[place],
            "speaker": one.clip.speaker,
            "source": one.clip.source,
            "what": "" if is_second else heard.whats[place],
            "who": "" if is_second else state.who,
            "open": "" if is_second else self.review.open_vote(place),
            "findings": list(one.findings.values()),
            "measured": dict(zip(MEASURED, one.measured, strict=False)),
            "suspicion": _suspicion(one, queue),
        }

    def _describe_probe(self, place: int, probe: Probe, queue: str) -> dict[str, Any]:
        """A clip that looks like any other, with the label that it is shown with in its path, too."""
        clip = self.review.clips[probe.place]
        shown = dataclasses.replace(clip, suspicion=probe.suspicion(clip))
        inner = clip.path.partition("/")[2]
        return self._describe(probe.place, queue) | {
            "place": place,
            "file_name": f"/probe {place - len(self.review.clips)}",
            "label": probe.shown,
            "source": f"{probe.shown}/{inner}" if inner else "",
            "what": self._probe_what(probe),
            "who": "",
            "open": "",
            "findings": [],
            "suspicion": _suspicion(shown, queue),
        }

    def _heard_at(self, query: dict[str, str]) -> int:
        """The place of the clip that is heard, which a probe stands for."""
        (place,) = self._places(query)
        probe = self.review.probe(place)
        return probe.place if probe else place

    def sound(self, query: dict[str, str]) -> bytes:
        """A clip's samples: int16, little-endian, mono, 16 kHz."""
        samples = self.edges.sound(self._heard_at(query))
        return np.ascontiguousarray(samples, "<i2").tobytes()

    def clearest(self, query: dict[str, str]) -> dict[str, Any]:
        """The place of the clip that shows best how a word sounds; none where there is no other."""
        place = self._heard_at(query)
        return {"place": clearest(self.review.clips, self.review.heard(), query.get("word", ""), place)}

    def agreement(self, query: dict[str, str]) -> dict[str, Any]:
        """How far each two listeners agree, and how each did on probes."""
        self.review.refresh()
        pairs = agreement(self.review.heard().answers)
        return {
            name: [dataclasses.asdict(one) for one in found]
            for name, found in (("pairs", pairs), ("probes", self.review.scores()))
        }

    def decide(self, body: dict[str, Any]) -> dict[str, Any]:
        """Writes a step of decisions; they are on the disk when this returns."""
        said = [_said(one) for one in body["said"][:_MOST_AT_ONCE]]
        queue, step = str(body["queue"]), str(body["step"])
        if not said or not step.isalnum() or queue not in QUEUES:
            raise WordspotError("a step needs a name, a queue and what is decided")
        self.review.decide(said, queue=queue, suggested_by=str(body.get("suggested_by", "")), step=step)
        return self._after([self.review.place(one.file_name) for one in said], queue)

    def undo(self, body: dict[str, Any]) -> dict[str, Any]:
        """Takes the last step back."""
        files = self.review.undo()
        return self._after([self.review.place(file) for file in files], str(body["queue"]))

    def _after(self, places: list[int], queue: str) -> dict[str, Any]:
        return {
            "clips": [self._describe(place, queue) for place in places],
            "marks": self._marks(places, queue),
            "progress": self._progress(queue),
        }


def _suspicion(clip: ReviewClip, queue: str) -> dict[str, str] | None:
    """What speaks against a label in a queue: what it is instead, that in words, and who says so."""
    if queue == CONFUSION and clip.judged:
        one = clip.judged
        return _suggested(one.predicted, f"Recognized as “{one.predicted}” ({one.probability:.0%})", "network")
    if queue == KEPT_BY_LISTEN and clip.kept:
        kept = clip.kept
        what = "Detected" if kept.kind == "detection" else "A near miss, recognized"
        return _suggested(kept.recognized, f"{what} as “{kept.recognized}” ({kept.probability:.0%})", "listen")
    if (one := clip.suspicion) is None:
        return None
    sounds = f"Sounds like “{one.suggested}” ({one.probability:.0%})" if one.suggested else "Sounds odd"
    return _suggested(one.suggested, f"{sounds}: {one.reason}" if one.reason else sounds, "audit")


def _suggested(label: str, hint: str, by: str) -> dict[str, str]:
    """Other words and silence are no label to suggest."""
    return {"suggested": label if is_word(label) else "", "hint": hint, "by": by}


def _said(values: dict[str, Any]) -> Said:
    after, shown = (str(values.get(name, "")) for name in ("after", "shown"))
    window_s = (float(values["window_s"][0]), float(values["window_s"][1])) if "window_s" in values else None
    said = Said(str(values["file_name"]), values["what"], after, shown, float(values.get("heard_s", 0)), window_s)
    if said.what not in get_args(Answer) or not said.heard_s >= 0:
        raise WordspotError(f"{said.what!r} is no decision; expected one of {', '.join(get_args(Answer))}")
    return said


def review_files() -> dict[str, ServedFile]:
    """All files of the page by their path relative to its address; "" is the page itself."""
    files = {name: served(name, (_FOLDER / "review" / name).read_bytes()) for name in PAGE}
    files["icon.svg"] = served("icon.svg", (_FOLDER / "page" / "icon.svg").read_bytes())
    files[""] = files.pop("index.html")
    return files


class ReviewServer(Server):
    """Gives the page of a desk, and takes decisions from it. Every path begins with a token. See `Server`."""

    def __init__(self, desk: Desk, address: Address) -> None:
        self.desk = desk
        self.map = ClusterMap(desk.review, desk.blind)
        self.asked: dict[str, Callable[[dict[str, str]], Any]] = {
            "start": desk.start,
            "audit": desk.audit,
            "queue": desk.queue,
            "clips": desk.clips,
            "sound": desk.sound,
            "clearest": desk.clearest,
            "agreement": desk.agreement,
            "recording": desk.edges.recording,
            "around": desk.edges.around,
            "map": self.map.state,
            "points": self.map.points,
        }
        self.told: dict[str, Callable[[dict[str, Any]], Any]] = {"decide": desk.decide, "undo": desk.undo}
        self.told |= {"queue": desk.queue, "map": self.map.start}  # a group may be too long for an address
        super().__init__(review_files(), address, _Handler, always_token=True)

    def server_close(self) -> None:
        """Ends what works behind the page, too."""
        self.map.close()
        super().server_close()


class _Handler(Handler):
    server: ReviewServer  # type: ignore[assignment]

    def give_file(self) -> None:
        asked = urlsplit(self.path)
        call = self.server.asked.get(asked.path.removeprefix(self.server.prefix)) if self._has_token() else None
        if call is None:
            super().give_file()
        else:
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            self._answer(lambda: call(query))

    def do_POST(self) -> None:  # noqa: N802 the base class calls it so
        """Takes what the page says.

        No other page can: it knows no token, and no browser sends this type of content to another origin unasked.
        """
        self.close_connection = True  # whatever stands behind a request that is refused must not be read as the next
        call = self.server.told.get(self.path.removeprefix(self.server.prefix)) if self._has_token() else None
        length = self.headers.get("Content-Length", "")
        if not self.is_addressed():
            return
        if call is None:
            self.say(HTTPStatus.NOT_FOUND, "Nothing is here: use the whole address that wordspot printed")
        elif self.headers.get("Content-Type") != "application/json" or not self._is_from_the_page():
            self.say(HTTPStatus.FORBIDDEN, "Only the page of this address may decide")
        elif not length.isdecimal() or int(length) > _LARGEST_REQUEST_BYTES:
            self.say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_LARGEST_REQUEST_BYTES} bytes")
        else:
            content = self.rfile.read(int(length))
            self._answer(lambda: call(json.loads(content)))

    def _has_token(self) -> bool:
        return self.path.startswith(self.server.prefix)

    def _is_from_the_page(self) -> bool:
        origin = self.headers.get("Origin", "")
        return not origin or origin.partition("://")[2] == self.headers.get("Host")

    def _answer(self, call: Callable[[], Any]) -> None:
        """Sends what a call gives: bytes as they are, anything else as JSON; what is wrong in one line."""
        try:
            answer = call()
        except UnknownClipError as error:
            self.say(HTTPStatus.GONE, str(error))
        except WordspotError as error:
            self.say(HTTPStatus.CONFLICT, str(error))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.say(HTTPStatus.BAD_REQUEST, f"This is nothing that the page asks ({type(error).__name__})")
        except OSError as error:
            self.say(HTTPStatus.CONFLICT, f"{error.filename or ''}: {error.strerror or error}")
        else:
            content = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=True).encode()
            kind = "application/octet-stream" if isinstance(answer, bytes) else "application/json"
            self.send(HTTPStatus.OK, {"Content-Type": kind}, content)
