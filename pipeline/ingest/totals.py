"""How many recordings, clips, discards and flags, label by label."""

from collections import Counter
from typing import Any


class Totals:
    """Counts rows as they pass."""

    def __init__(self) -> None:
        self.long_sounds = 0
        self._recordings: Counter[str] = Counter()
        self._discarded: dict[str, Counter[str]] = {}
        self._flagged: dict[str, Counter[str]] = {}

    def add(self, row: dict[str, Any]) -> None:
        """Counts one recording."""
        label = row["label"]
        if label.startswith("_") and "reason" not in row:
            self.long_sounds += 1
            return
        self._recordings[label] += 1
        discarded = self._discarded.setdefault(label, Counter())
        flagged = self._flagged.setdefault(label, Counter())
        if "reason" in row:
            discarded[row["reason"]] += 1
        else:
            flagged.update(filter(None, row["findings"].split(";")))

    @property
    def labels(self) -> dict[str, dict[str, Any]]:
        """{label: {"recordings": n, "clips": n, "discarded": {check: n}, "flagged": {check: n}}}, sorted by label."""
        return {
            label: {
                "recordings": recordings,
                "clips": recordings - self._discarded[label].total(),
                "discarded": dict(sorted(self._discarded[label].items())),
                "flagged": dict(sorted(self._flagged[label].items())),
            }
            for label, recordings in sorted(self._recordings.items())
        }
