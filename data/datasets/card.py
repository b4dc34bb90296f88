"""The card of a data set: a README.md whose first lines say to Hugging Face what it is, and the rest to people."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

_LICENSES = frozenset(  # those that Hugging Face knows and that people give recordings
    ("apache-2.0", "mit", "unlicense", "odbl", "odc-by", "pddl", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0")
) | {f"cc-by-{kind}-4.0" for kind in ("nc", "nc-nd", "nc-sa", "nd", "sa")}
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_MOST_ROWS = 100  # of the table of labels


@dataclass(frozen=True)
class Origin:
    """The public set that recordings are of."""

    title: str
    license: str
    citation: str


@dataclass(frozen=True)
class Card:
    """What a card says.

    Attributes
    ----------
    title, license, language
        As `publish` is given them.
    counts
        {label: {split: clips}}.
    speakers
        How many are known.
    cleaned
        What `clean.json` of the clean folder holds; empty where there is none.
    decided
        {what people decided: recordings}.
    listeners
        How many people decided.
    origin
        The public set that the recordings are of; None for one's own.
    """

    title: str
    license: str
    language: str
    counts: dict[str, dict[str, int]]
    speakers: int
    cleaned: dict[str, Any]
    decided: dict[str, int]
    listeners: int
    origin: Origin | None

    @property
    def splits(self) -> dict[str, int]:
        """{split: clips}, of those that are not empty."""
        totals: Counter[str] = Counter()
        for its in self.counts.values():
            totals.update(its)
        return {split: count for split, count in totals.items() if count}


def license_id(name: str) -> str:
    """A license as Hugging Face spells it, where it knows it.

    Examples
    --------
    >>> license_id("CC BY 4.0"), license_id("CC0"), license_id("my own")
    ('cc-by-4.0', 'cc0-1.0', 'my own')
    """
    spelled = "-".join(name.casefold().split())
    spelled = "cc0-1.0" if spelled in ("cc0", "cc-0") else spelled
    return spelled if spelled in _LICENSES else name.strip()


def card_text(card: Card) -> str:
    """The whole file, front matter first."""
    parts = [_front_matter(card), f"# {card.title}\n", _about(card), _table(card), _made(card), _how_to_load()]
    if card.origin:
        parts.append(
            f"## Where the recordings are from\n\n{card.origin.title}, {card.origin.license}. Cite: {card.origin.citation}\n"
        )
    return "\n".join(parts)


def _front_matter(card: Card) -> str:
    """YAML; what people have written is quoted as JSON, which YAML is a superset of."""
    is_known = card.license in _LICENSES
    lines = [f"license: {card.license}" if is_known else f"license: other\nlicense_name: {json.dumps(card.license)}"]
    lines += [f"language:\n- {json.dumps(card.language)}", "task_categories:\n- audio-classification"]
    lines += ["tags:\n- keyword-spotting\n- wordspot", f"pretty_name: {json.dumps(card.title, ensure_ascii=False)}"]
    lines += [f"size_categories:\n- {_size(sum(card.splits.values()))}"]
    files = "".join(f"\n  - split: {split}\n    path: {split}/**" for split in card.splits)
    lines += [f"configs:\n- config_name: default\n  data_files:{files}"]
    return "---\n" + "\n".join(lines) + "\n---\n"


def _size(clips: int) -> str:
    return next((name for most, name in _SIZES if clips < most), "10M<n<100M")


def _about(card: Card) -> str:
    counts = ", ".join(f"{count:,} {split}" for split, count in card.splits.items())
    return (
        f"Spoken words, one per clip: {sum(card.splits.values()):,} clips of {len(card.counts):,} words by {card.speakers:,} "
        f"known speakers ({counts}). Each is one WAV: 16 kHz, mono, 16 bits.\n\n"
        "`label` is the word said. `speaker` tells people apart. `findings` are what the checks say of a clip, joined by `;`, "
        "and `decision` is what somebody decided who listened.\n"
    )


def _table(card: Card) -> str:
    rows = [
        f"| {_cell(label)} | {' | '.join(f'{its[split]:,}' for split in card.splits)} |"
        for label, its in card.counts.items()
    ]
    left = len(rows) - _MOST_ROWS
    rows = rows[:_MOST_ROWS] + ([f"| and {left:,} more |{' |' * len(card.splits)}"] if left > 0 else [])
    head = [f"| word | {' | '.join(card.splits)} |", f"| --- |{' ---: |' * len(card.splits)}"]
    return "## Clips\n\n" + "\n".join(head + rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _made(card: Card) -> str:
    total = sum(card.decided.values())
    decided = f"{_listed(Counter(card.decided))}, by {card.listeners:,} people" if total else "none"
    sentences = [*_cleaning(card.cleaned), f"Decisions of people who listened: {decided}."]
    return "## How it was cleaned\n\n" + "\n".join(sentences) + "\n"


def _cleaning(cleaned: dict[str, Any]) -> list[str]:
    if not cleaned:
        return []
    labels = cleaned["labels"].values()
    recordings = sum(label["recordings"] for label in labels)
    discarded, flagged = (
        sum((Counter(label[kind]) for label in labels), Counter()) for kind in ("discarded", "flagged")
    )
    version, settings = cleaned["versions"]["wordspot"], cleaned["settings"]
    return [
        f"Cut by wordspot {version} from {recordings:,} recordings, each to the {settings['window_ms'] / 1_000:g} s that hold "
        f"its word (window `{settings['window']}`).",
        f"Left out: {_listed(discarded)}. Flagged, but kept: {_listed(flagged)}.",
    ]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.most_common()) or "none"


def _how_to_load() -> str:
    code = 'from datasets import load_dataset\n\nclips = load_dataset("path/to/this/folder")'
    return f"## How to load it\n\n```python\n{code}\n```\n"
