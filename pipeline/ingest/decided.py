"""What people decided of recordings, applied while cleaning: to the plan before the work, to the outcomes after it."""

import dataclasses
import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...data.decisions import DECISIONS, Decision, State, append, read, replay
from ...data.edits import is_news
from ...data.errors import WordspotWarning
from ...data.recordings.folders import Recording
from ...data.recordings.in_place import by_file
from ...data.votes import replay_agreed
from ..cluster import Cluster
from ..progress import Progress
from ..workers import mapping_lists
from .checks.unreadable import CHECK as UNREADABLE
from .clip_maker import ClipMaker
from .duplicates.search import DUPLICATE_CHECKS
from .journal import Journal
from .outcome import DROPPED, Outcome
from .plan import Plan, PlannedClip, plan_clips


def gather(
    destination: Path, file: Path | None, edits: Iterable[Decision] = (), *, agreement: int = 1, dry_run: bool = False
) -> dict[str, State]:
    """What counts of all decisions for a clean folder, {hash of a recording's content: its state}.

    The clean folder's own log gets what it lacks of one elsewhere, so that it is whole without that.

    Parameters
    ----------
    destination
        The clean folder.
    file
        A log in a place of one's own; None for that of the clean folder alone.
    edits
        Decisions of a table: those that do not count yet are added to both.
    agreement
        How many listeners must agree, see `votes.replay_agreed`.
    dry_run
        Write nothing.

    Warns
    -----
    WordspotWarning
        There is no such file, which may be a slip of the pen; edits were found.
    """
    own, edits = destination / DECISIONS, list(edits)
    decisions = read(own)
    elsewhere = file if file is not None and file.resolve() != own.resolve() else None
    if elsewhere and not elsewhere.exists():
        note = f"{elsewhere} does not exist: no decisions are read from it"
        warnings.warn(note, WordspotWarning, stacklevel=3)
    known = {decision.id for decision in decisions}
    missing = [decision for decision in read(elsewhere) if decision.id not in known] if elsewhere else []
    states = replay([*decisions, *missing])
    news = [decision for decision in edits if is_news(decision, states)]
    if not dry_run:
        append(elsewhere or own, news)
        append(own, [*missing, *(news if elsewhere else ())])
    if news:
        _tell(news, elsewhere or own)
    elif agreement <= 1:
        return states
    return replay_agreed([*decisions, *missing, *news], agreement)


def _tell(news: list[Decision], log: Path) -> None:
    counts = Counter(decision.what for decision in news)
    words = {"relabel": "labels changed", "drop": "rows deleted", "unsure": "clips unsure", "keep": "clips kept"}
    told = ", ".join(f"{counts[what]:,} {said}" for what, said in words.items() if counts[what])
    warnings.warn(
        f"the clip table was edited ({told}): these decisions are in {log} now", WordspotWarning, stacklevel=4
    )


def plan_decided(
    maker: ClipMaker,
    planned: Plan,
    states: Mapping[str, State],
    journal: Journal,
    jobs: int | Cluster,
    progress: Progress,
) -> Plan:
    """Plans the clips with what was decided of every recording; its content must be known for that."""
    if not states:
        return planned
    words = [recording for recording in planned.recordings if not recording.is_long_sound]
    return plan_clips(planned.recordings, _by_key(_hashes(maker, words, journal, jobs, progress), states))


def _hashes(
    maker: ClipMaker, recordings: list[Recording], journal: Journal, jobs: int | Cluster, progress: Progress
) -> dict[str, str]:
    """{key of a recording: hash of its content}; those that are new, or have changed, are decoded for it."""
    known = {
        recording.key: outcome.recording
        for recording in recordings
        if (outcome := journal.outcome(recording)) and (outcome.recording or outcome.discarded_for == UNREADABLE.name)
    }
    new = sorted((recording for recording in recordings if recording.key not in known), key=by_file)
    with mapping_lists(maker.content_hashes, new, jobs) as hashes:
        found = progress(hashes, len(new)) if new else hashes
        known.update(zip((recording.key for recording in new), found, strict=True))
    return known


def _by_key(hashes: Mapping[str, str], states: Mapping[str, State]) -> dict[str, State]:
    """{key of a recording: what was decided of its content}."""
    copies: dict[str, list[str]] = {}
    for key, content in hashes.items():
        if content in states:
            copies.setdefault(content, []).append(key)
    return {key: _of_copy(states[content], key, keys) for content, keys in copies.items() for key in keys}


def _of_copy(state: State, key: str, copies: list[str]) -> State:
    """Of several recordings with the same content only those are dropped whose paths were: somebody may want one of them."""
    if len(copies) == 1 or state.dropped.isdisjoint(copies):
        return state
    if key in state.dropped:
        return dataclasses.replace(state, what="drop")
    return dataclasses.replace(state, what="") if state.what == "drop" else state


def is_as_decided(clip: PlannedClip, outcome: Outcome, discarding: frozenset[str]) -> bool:
    """Whether an earlier outcome is what would come of a recording by what is decided now."""
    if outcome.decided_window != clip.decided_window:
        return False
    if clip.is_kept:
        return outcome.discarded_for in ("", UNREADABLE.name)
    return bool(outcome.discarded_for) or discarding.isdisjoint(outcome.findings)


def decided(clip: PlannedClip, outcome: Outcome) -> Outcome:
    """The outcome with what was decided of the recording; a dropped one has no duplicates."""
    if not clip.state.what and not outcome.decision:  # nearly always
        return outcome
    outcome = dataclasses.replace(outcome, decision=clip.state.what)
    if not clip.is_dropped:
        return outcome
    detail = f"by {clip.state.who or 'somebody'}, {clip.state.when}"
    return dataclasses.replace(outcome, discarded_for=DROPPED, detail=detail, fingerprint="")


def spared(clip: PlannedClip, outcome: Outcome) -> Outcome:
    """The outcome of a recording that is not left out as a duplicate if somebody has heard it and kept it."""
    if clip.is_kept and outcome.discarded_for in DUPLICATE_CHECKS:
        return dataclasses.replace(outcome, discarded_for="", detail="")
    return outcome


def checksum(planned: Iterable[PlannedClip]) -> str:
    """Of all that was decided of these recordings: another one for other decisions."""
    told = (
        (clip.recording.key, clip.file_name, _shown(clip)) for clip in planned if clip.state.what or clip.decided_window
    )
    return hashlib.sha256(repr(list(told)).encode("utf-8", "surrogateescape")).hexdigest()


def _shown(clip: PlannedClip) -> tuple[str, ...]:
    """What the tables say of it."""
    who_and_when = (clip.state.who, clip.state.when) if clip.is_dropped else ()
    return clip.state.what, clip.decided_window, *who_and_when
