"""What counts of decisions where several listeners must agree before a label is changed or a recording dropped."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

from .decisions import Decision, State, replay, standing
from .labels import normalize_name

_DROP, _UNSURE = "/drop", "/unsure"  # answers that no label can be


def replay_agreed(decisions: Iterable[Decision], agreement: int) -> dict[str, State]:
    """What so many listeners agree on, {recording: its state}; see `decisions.replay`.

    Of each listener the last decision of a recording is an answer. An answer counts if at least `agreement` listeners gave
    it, and more than gave any other. Without one the recording is unsure, unless nobody says anything but that its label
    is right: one listener is enough for that. Where a window lies, and notes, are as the last one said.

    Parameters
    ----------
    decisions
        Of any number of listeners; `spreadsheet` is one of them.
    agreement
        How many; with 1 the last decision counts, whoever made it.

    Examples
    --------
    >>> anna, ben = (Decision("relabel", "ab", "on/1.wav", "on", "off", who) for who in ("anna", "ben"))
    >>> replay_agreed([anna], 2)["ab"].what, replay_agreed([anna, ben], 2)["ab"].label
    ('unsure', 'off')
    """
    if agreement <= 1:
        return replay(decisions)
    decisions = standing(decisions)
    states = replay(decisions)
    said: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.what not in ("note", "window"):
            said.setdefault(decision.recording, []).append(decision)
    return states | {recording: _agreed(states[recording], one, agreement) for recording, one in said.items()}


def _agreed(last: State, said: Sequence[Decision], agreement: int) -> State:
    """The state of one recording, of what was said of it, in order."""
    original = normalize_name(said[0].before)
    answers = {one.who: _answer(one) for one in said}
    answer = _winner(answers, original, agreement)
    what = {_DROP: "drop", _UNSURE: "unsure", original: "keep"}.get(answer, "relabel")
    who = " and ".join(sorted(who for who, one in answers.items() if one == answer)) or last.who
    label = answer if what == "relabel" else ""
    return dataclasses.replace(last, what=what, label=label, who=who, dropped=_dropped(said, agreement))


def _answer(decision: Decision) -> str:
    """What a recording is to somebody: a label, or one of the others."""
    if decision.what in ("drop", "unsure"):
        return f"/{decision.what}"
    return normalize_name(decision.after or decision.before)


def _winner(answers: dict[str, str], original: str, agreement: int) -> str:
    votes = Counter(answers.values())
    if set(votes) == {original}:
        return original
    (answer, count), *others = votes.most_common(2)
    is_tie = bool(others) and others[0][1] == count
    return _UNSURE if count < agreement or is_tie else answer


def _dropped(said: Sequence[Decision], agreement: int) -> frozenset[str]:
    """Paths that so many listeners have dropped: several recordings may have the same content."""
    last = {(one.who, one.path): one.what for one in said}
    counts = Counter(path for (_, path), what in last.items() if what == "drop")
    return frozenset(path for path, count in counts.items() if count >= agreement)
