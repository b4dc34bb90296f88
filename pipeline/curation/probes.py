"""Clips whose label is known, some of them shown with a wrong one: how well a listener hears."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...data.decisions import Decision
from ...data.errors import WordspotError
from .queue import Heard, ReviewClip, Suspicion

RIGHT, WRONG = "probe: the label shown is right", "probe: the label shown is wrong"
"""What the note of an answer says; it changes no label."""
PROBED_QUEUES = ("suspicious", "random")  # others hold clips of a kind that a probe would not be of
_NO_ANSWER = ("", "(unsure)")  # the first: only its window was moved
_MOST = 20
_SEED = 5
_TRUSTED = 0.1  # below this suspicion a label counts as known
_GAPS = (4, 14)  # undecided clips between two probes


@dataclass(frozen=True)
class Probe:
    """A clip that measures whoever hears it.

    Attributes
    ----------
    place
        Of the clip.
    shown
        The label that it is shown with.
    truth
        The label that it has.
    """

    place: int
    shown: str
    truth: str

    @property
    def note(self) -> str:
        """What the log says of an answer."""
        return RIGHT if self.shown == self.truth else WRONG

    def suspicion(self, clip: ReviewClip) -> Suspicion | None:
        """What the audit would say of it: of a wrong label that it sounds like the right one."""
        if self.shown == self.truth or clip.suspicion is None:
            return clip.suspicion
        return Suspicion(1.0, self.truth, 1 - clip.suspicion.probability, f"sounds like {self.truth}")


@dataclass(frozen=True)
class ProbeScore:
    """How a listener did: of so many right labels kept, of so many wrong ones found; what was unsure does not count."""

    listener: str
    right: int
    kept: int
    wrong: int
    found: int


def choose_probes(clips: Sequence[ReviewClip], heard: Heard) -> list[Probe]:
    """At most twenty clips that somebody kept or relabeled, or that the audit trusts; every other one with a wrong label.

    A wrong label is the word that the audit finds likeliest besides, else any other.

    Raises
    ------
    WordspotError
        No label is known yet, or there is a single word.
    """
    labels = sorted(set(heard.labels))
    known = [place for place, clip in enumerate(clips) if _is_known(clip, heard.whats[place])]
    if len(known) < 2 or len(labels) < 2:
        raise WordspotError(
            f"{len(known)} clips have a label that is known, of {len(labels)} words: probes take two and more of each, so "
            "decide some first, or run `wordspot audit`"
        )
    rng = random.Random(_SEED)
    chosen = rng.sample(known, min(_MOST, len(known)))
    return [
        _probe(clips[place], place, heard.labels[place], labels, rng if n % 2 else None)
        for n, place in enumerate(chosen)
    ]


def _is_known(clip: ReviewClip, what: str) -> bool:
    if what:
        return what in ("keep", "relabel")
    return clip.suspicion is not None and clip.suspicion.value < _TRUSTED and not clip.findings


def _probe(clip: ReviewClip, place: int, truth: str, labels: Sequence[str], rng: random.Random | None) -> Probe:
    """With a wrong label where there is a generator."""
    if rng is None:
        return Probe(place, truth, truth)
    likeliest = clip.suspicion.suggested if clip.suspicion else ""
    others = [label for label in labels if label != truth]
    return Probe(place, likeliest if likeliest in others else rng.choice(others), truth)


def mixed(places: Sequence[int], is_open: Sequence[bool], probes: Sequence[int]) -> list[int]:
    """The places of a queue with those of probes among the ones that are not decided, at gaps that nobody can guess.

    Parameters
    ----------
    places, is_open
        Of the queue, and whether each is still to be decided.
    probes
        What stands for the probes; those that find no room are left out.
    """
    rng, left, found = random.Random(len(probes)), list(probes), []
    gap = rng.randint(*_GAPS)
    for place, is_undecided in zip(places, is_open, strict=True):
        found.append(place)
        gap -= is_undecided
        if gap <= 0 and left:
            found.append(left.pop(0))
            gap = rng.randint(*_GAPS)
    return found


def probe_scores(decisions: Iterable[Decision]) -> list[ProbeScore]:
    """Of each listener who has answered probes, by name."""
    answers = [one for one in decisions if one.note in (RIGHT, WRONG) and one.after not in _NO_ANSWER]
    return [_score(who, [one for one in answers if one.who == who]) for who in sorted({one.who for one in answers})]


def _score(who: str, answers: Sequence[Decision]) -> ProbeScore:
    kept = [one.note for one in answers if one.after == one.before]
    right, wrong = (sum(one.note == note for one in answers) for note in (RIGHT, WRONG))
    return ProbeScore(who, right, kept.count(RIGHT), wrong, wrong - kept.count(WRONG))
