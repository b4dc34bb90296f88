"""How far listeners agree about the clips that both of them heard, and how far that is more than chance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class WordAgreement:
    """Two listeners about one word.

    Attributes
    ----------
    word
        The word, or `(drop)`.
    clips
        Clips that at least one of them calls by it.
    agreement
        Share of all clips heard by both of which they agree whether it is this word, in [0, 1].
    kappa
        Cohen's kappa of that: 1 for full agreement, 0 for what chance gives; None where it is not defined, because both
        said the same of every clip.
    """

    word: str
    clips: int
    agreement: float
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """Two listeners about all clips that both heard, and were sure of.

    Attributes
    ----------
    listeners
        Who.
    clips
        How many clips both heard.
    agreement, kappa
        See `WordAgreement`; of the words as they said them.
    words
        Of each word that either of them said, sorted.
    """

    listeners: tuple[str, str]
    clips: int
    agreement: float
    kappa: float | None
    words: tuple[WordAgreement, ...]


def agreement(answers: Iterable[Mapping[str, str]]) -> list[Agreement]:
    """Of each two listeners with clips in common.

    Parameters
    ----------
    answers
        For each clip, {listener: what that one said it is}, see `queue.Heard`; `(unsure)` counts as not heard.

    Source: Cohen, J. (1960): A coefficient of agreement for nominal scales.

    Examples
    --------
    >>> one, = agreement([{"anna": "on", "ben": "on"}, {"anna": "on", "ben": "off"}, {"anna": "off", "ben": "off"}])
    >>> one.listeners, one.clips, round(one.agreement, 2), round(one.kappa, 2)
    (('anna', 'ben'), 3, 0.67, 0.4)
    """
    sure = [{who: said for who, said in one.items() if said != "(unsure)"} for one in answers]
    listeners = sorted({who for one in sure for who in one})
    found = []
    for first, second in combinations(listeners, 2):
        pairs = [(one[first], one[second]) for one in sure if first in one and second in one]
        if pairs:
            found.append(_of_two((first, second), pairs))
    return found


def _of_two(listeners: tuple[str, str], pairs: Pairs) -> Agreement:
    words = tuple(_of_word(word, pairs) for word in sorted({word for pair in pairs for word in pair}))
    return Agreement(listeners, len(pairs), _share(pairs), cohens_kappa(pairs), words)


def _of_word(word: str, pairs: Pairs) -> WordAgreement:
    yes_or_no = [(str(first == word), str(second == word)) for first, second in pairs]
    return WordAgreement(word, sum(word in pair for pair in pairs), _share(yes_or_no), cohens_kappa(yes_or_no))


def _share(pairs: Pairs) -> float:
    return sum(first == second for first, second in pairs) / len(pairs)


def cohens_kappa(pairs: Pairs) -> float | None:
    """(observed - expected) / (1 - expected) agreement of pairs of answers; None where chance alone agrees always.

    Examples
    --------
    >>> cohens_kappa([("a", "a"), ("b", "b")]), cohens_kappa([("a", "b"), ("b", "a")]), cohens_kappa([("a", "a")])
    (1.0, -1.0, None)
    """
    firsts, seconds = [first for first, _ in pairs], [second for _, second in pairs]
    expected = sum(firsts.count(word) * seconds.count(word) for word in set(firsts)) / len(pairs) ** 2
    return (_share(pairs) - expected) / (1 - expected) if expected < 1 else None
