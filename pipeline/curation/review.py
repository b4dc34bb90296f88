"""A listener before a clean folder: what was decided there so far, what is decided now, and what is taken back."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from ...data.audio import read_sound
from ...data.decisions import NOTHING, Decision, State, append, content_hash, now, read, standing
from ...data.errors import WordspotError
from ...data.labels import normalize_name
from ...data.votes import replay_agreed
from ..ingest.destination import cleaned_agreement
from .listener_progress import Progress, progress_in
from .probes import Probe, ProbeScore, choose_probes, probe_scores
from .queue import AUDIT_TABLE, QUEUES, Heard, read_audit, read_review_clips
from .remaining import Remaining, remaining

Answer = Literal["keep", "relabel", "drop", "unsure", "window"]
_ANSWERS = frozenset(get_args(Answer)) - {"window"}  # which says nothing of the label


class UnknownClipError(WordspotError):
    """There is no clip of that name, because the folder was cleaned again meanwhile."""


@dataclass(frozen=True)
class Said:
    """What a listener says of one clip.

    Attributes
    ----------
    file_name
        The clip, as the clip table has it.
    what
        The decision.
    after
        With `relabel`: the label that it is to have.
    shown
        The label that the listener saw, which somebody else may have changed meanwhile; empty for the one that stands.
    heard_s
        How many seconds of it were listened to.
    window_s
        With `window`: the seconds of the recording between which the clip is to be cut.
    """

    file_name: str
    what: Answer
    after: str = ""
    shown: str = ""
    heard_s: float = 0.0
    window_s: tuple[float, float] | None = None


class Review:
    """The clips of a clean folder and a log of decisions, for one listener.

    Several may work on the same log at once, each in a process of its own: what others add is seen at the next `refresh`.
    What is shown as decided is what cleaning would make of the log now: where the folder was cleaned with an `agreement` of
    several listeners, a clip on which fewer agree is unsure.

    Parameters
    ----------
    folder
        The clean folder.
    log
        The log of decisions; it is made with the first one.
    who
        The listener.
    judged
        A run or an evaluation, whose confusion matrix is a queue; None for none.
    with_probes
        Whether clips whose label is known are mixed into some queues, see `probes`.

    Attributes
    ----------
    clips
        All of them, in the order of the clip table. Others speak of them by their place in it.
    probes
        Their places follow those of the clips.

    Raises
    ------
    WordspotError
        No clean folder, or a damaged table or log.
    """

    def __init__(
        self, folder: Path, log: Path, who: str, judged: Path | None = None, *, with_probes: bool = False
    ) -> None:
        self.folder, self.log, self.who, self.judged = folder, log, who, judged
        self._agreement = cleaned_agreement(folder)
        self._audit = folder / AUDIT_TABLE
        self._audit_seen = _fingerprint(self._audit)
        self.clips = read_review_clips(folder, judged)
        self._place_of = {clip.clip.file_name: place for place, clip in enumerate(self.clips)}
        self._recordings = [clip.clip.recording for clip in self.clips]
        self._lock = threading.RLock()
        self._seen = (-1, -1)
        self.refresh()
        self.probes = choose_probes(self.clips, self.heard()) if with_probes else []
        self._place_of |= {f"/probe {number}": len(self.clips) + number for number in range(len(self.probes))}

    def refresh(self) -> None:
        """Reads the log if it has changed since."""
        with self._lock:
            if (seen := _fingerprint(self.log)) == self._seen:
                return
            decisions = read(self.log)
            self._seen = seen
            self._ids = {decision.id for decision in decisions}
            self._own = [one for one in standing(decisions) if one.who == self.who and one.queue]
            self._history: defaultdict[str, list[Decision]] = defaultdict(list)
            for decision in standing(decisions):
                self._history[decision.recording].append(decision)
            self._states = replay_agreed(decisions, self._agreement)
            self._find_recordings()
            self._places: defaultdict[str, list[int]] = defaultdict(list)
            for place, recording in enumerate(self._recordings):
                self._places[recording].append(place)
            self._labels, self._whats, self._answers = (
                [""] * len(self.clips),
                [""] * len(self.clips),
                [{}] * len(self.clips),
            )
            self._take_account(range(len(self.clips)))

    def refresh_audit(self) -> None:
        """Reads what the audit found if it has changed since. Raises `WordspotError` for a damaged table."""
        with self._lock:
            if (seen := _fingerprint(self._audit)) == self._audit_seen:
                return
            suspicions = read_audit(self._audit)
            self._audit_seen = seen
            self.clips = [replace(clip, suspicion=suspicions.get(clip.clip.file_name)) for clip in self.clips]

    def _find_recordings(self) -> None:
        """Of clips whose table does not say which content they are of, what was decided is known by their paths."""
        if all(self._recordings):
            return
        known = {one.path: recording for recording, history in self._history.items() for one in history}
        for place, clip in enumerate(self.clips):
            self._recordings[place] = self._recordings[place] or known.get(clip.path, "")

    def place(self, file_name: str) -> int:
        """Where a clip stands. Raises `UnknownClipError` where there is none of this name."""
        if file_name not in self._place_of:
            raise UnknownClipError(
                f"{self.folder} has no clip {file_name}: it was cleaned again, so load the page again"
            )
        return self._place_of[file_name]

    def probe(self, place: int) -> Probe | None:
        """The probe of a place; None for that of a clip."""
        return self.probes[place - len(self.clips)] if place >= len(self.clips) else None

    def answer(self, probe: Probe) -> str:
        """What this listener said a probe is, like `Heard.answers`; empty for nothing."""
        history = self._history.get(self._recordings[probe.place], ())
        said = [one.after for one in history if (one.who, one.note, one.before) == (self.who, probe.note, probe.shown)]
        return said[-1] if said else ""

    def scores(self) -> list[ProbeScore]:
        """How all listeners did on probes."""
        with self._lock:
            return probe_scores(one for history in self._history.values() for one in history if one.what == "note")

    def remaining(self) -> Remaining:
        """How many wrong labels are left."""
        with self._lock:
            decided = [self._history.get(recording, ()) if recording else () for recording in self._recordings]
            queues = [next((one.queue for one in reversed(history) if one.what in _ANSWERS), "") for history in decided]
            return remaining(self.clips, self.heard(), queues)

    def state(self, place: int) -> State:
        """What was decided of a clip."""
        return self._states.get(self._recordings[place], NOTHING)

    def open_vote(self, place: int) -> str:
        """Why a clip is unsure of which nobody said so: who says what, and how many must agree; empty where it is not."""
        answers = self._answers[place]
        if self._agreement <= 1 or self._whats[place] != "unsure" or not answers:
            return ""
        said = ", ".join(f"{who} says {answer}" for who, answer in answers.items())
        return f"{said}; {self._agreement} must agree"

    def heard(self) -> Heard:
        """What is known of all clips from people."""
        return Heard(self._labels, self._whats, self._answers)

    def _take_account(self, places: Iterable[int]) -> None:
        """Brings what is known of some clips in line with the decisions."""
        for place in places:
            self._labels[place] = self.state(place).label or self.clips[place].clip.label
            self._whats[place] = self._what(place)
            self._answers[place] = self._answers_of(place)

    def _what(self, place: int) -> str:
        """The last decision; of recordings with the same content only those are dropped whose paths were."""
        state, clip = self.state(place), self.clips[place]
        if clip.path in state.dropped:
            return "drop"
        if state.what == "drop" and any(
            self.clips[one].path in state.dropped for one in self._places[self._recordings[place]]
        ):
            return ""
        return state.what or clip.clip.decision

    def _answers_of(self, place: int) -> dict[str, str]:
        """{listener: what that one said last}."""
        history = self._history.get(self._recordings[place], ()) if self._recordings[place] else ()
        return {one.who: _answer(one) for one in history if one.what in _ANSWERS}

    def queue(self, name: str, value: str = "") -> list[int]:
        """Places of the clips of a queue, in its order. Raises `WordspotError` for a name that is none."""
        if name not in QUEUES:
            raise WordspotError(f"{name!r} is no queue; expected one of {', '.join(QUEUES)}")
        return QUEUES[name](self.clips, self.heard(), self.who, value)

    def decide(self, said: Sequence[Said], *, queue: str, suggested_by: str = "", step: str) -> None:
        """Writes decisions that are one step: they are on the disk when it returns, and one `undo` takes all of them back.

        Parameters
        ----------
        said
            What is decided.
        queue
            What offered the clips.
        suggested_by
            Whose suggestion was shown; empty where none was.
        step
            A text that no other step has. A step that is written already is not written again.

        Raises
        ------
        WordspotError
            No such clip, a clip that cannot be read, a label that is none, or a log that cannot be written.
        """
        with self._lock:
            self.refresh()
            when = now()
            lines = [
                self._decision(one, when, queue, suggested_by, f"{step}-{number:05}") for number, one in enumerate(said)
            ]
            self._write([line for line in lines if line.id not in self._ids])

    def _decision(self, said: Said, when: str, queue: str, suggested_by: str, id_: str) -> Decision:
        place = self.place(said.file_name)
        if probe := self.probe(place):
            return self._probe_answer(said, probe, when, queue, id_)
        before, after, what = self._labels[place], normalize_name(said.after), said.what
        if (what == "window") != (said.window_s is not None):
            raise WordspotError(f"{said.file_name}: a decided window needs its two edges, and nothing else has any")
        if what == "keep":
            after = normalize_name(said.shown) or before
        elif what == "relabel" and not after:
            raise WordspotError(f"{said.file_name}: there is no label to give it")
        if what in ("keep", "relabel"):
            what = "keep" if after == before else "relabel"
        return Decision(
            what,
            self._recording(place),
            self.clips[place].path,
            before,
            after if what == "relabel" else "",
            self.who,
            when,
            round(said.heard_s, 2),
            queue,
            suggested_by,
            said.window_s,
            id=id_,
        )

    def _probe_answer(self, said: Said, probe: Probe, when: str, queue: str, id_: str) -> Decision:
        """A note, which changes no label."""
        answers = {"keep": probe.shown, "relabel": normalize_name(said.after), "window": ""}  # which answers nothing
        after = answers.get(said.what, f"({said.what})")
        recording, path, heard_s = self._recording(probe.place), self.clips[probe.place].path, round(said.heard_s, 2)
        fields = {"before": probe.shown, "after": after, "who": self.who, "when": when, "heard_s": heard_s}
        return Decision("note", recording, path, **fields, queue=queue, note=probe.note, id=id_)

    def _recording(self, place: int) -> str:
        """The hash of the recording's content; where the table does not say it, that of the clip itself."""
        if not self._recordings[place]:
            sound = read_sound(self.folder / self.clips[place].clip.file_name)
            self._recordings[place] = content_hash(sound.native)
            self._places[self._recordings[place]].append(place)
        return self._recordings[place]

    def undo(self) -> list[str]:
        """Takes back this listener's last step; the files of its clips, [] where there is nothing to take back.

        Clips that cleaning has dropped since come back when the recordings are cleaned again; they are not among the files.
        """
        with self._lock:
            self.refresh()
            when = now()
            last = [one for one in self._own if one.when == self._own[-1].when]
            self._write(
                [
                    Decision("undo", one.recording, one.path, who=self.who, when=when, queue=one.queue, undoes=one.id)
                    for one in last
                ]
            )
            paths = {one.path for one in last if one.what != "note"}
            undone = {(one.path, one.before, one.note) for one in last}
            probes = [
                n for n, one in enumerate(self.probes) if (self.clips[one.place].path, one.shown, one.note) in undone
            ]
            files = [clip.clip.file_name for clip in self.clips if clip.path in paths] if paths else []
            return [*files, *(f"/probe {number}" for number in probes)]

    def _write(self, lines: list[Decision]) -> None:
        """Appends, and takes account of it without reading the log again."""
        append(self.log, lines)
        if lines:
            self._pass_over(len(lines))
        self._ids |= {line.id for line in lines}
        undone = {line.undoes for line in lines if line.what == "undo"}
        self._own = [one for one in self._own if one.id not in undone]
        for line in lines:
            history = self._history[line.recording]
            history[:] = [one for one in history if one.id not in undone] + [line] * (line.what != "undo")
            self._own += [line] * (line.what != "undo")
            self._states[line.recording] = replay_agreed(history, self._agreement).get(line.recording, NOTHING)
        self._take_account({place for line in lines for place in self._places[line.recording]})

    def _pass_over(self, count: int) -> None:
        """Takes the log as read if these lines are all that is new; else somebody else has written, too."""
        with open(self.log, "rb") as log:
            status = os.fstat(log.fileno())
            log.seek(self._seen[0])
            new = log.read(status.st_size - self._seen[0]).splitlines()
        if sum(bool(line) for line in new) == count:
            self._seen = (status.st_size, status.st_mtime_ns)

    def progress(self, queue: str) -> Progress:
        """How far the listener has come in a queue."""
        with self._lock:
            return progress_in(queue, self._own)


def _fingerprint(file: Path) -> tuple[int, int]:
    try:
        status = os.stat(file)
    except FileNotFoundError:
        return (0, 0)
    return status.st_size, status.st_mtime_ns


def _answer(decision: Decision) -> str:
    """What a listener says a clip is: a label, or what was done to it in brackets, which no label looks like."""
    if decision.what in ("drop", "unsure"):
        return f"({decision.what})"
    return normalize_name(decision.after or decision.before)
