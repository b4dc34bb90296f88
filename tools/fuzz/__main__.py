"""`python -m wordspot.tools.fuzz [KIND ...]`: tries cases, counts what becomes of them, and keeps what goes wrong."""

import argparse
import hashlib
import itertools
import sys
from pathlib import Path

import numpy as np

from .kinds import KINDS, SLOWER
from .trial import Counts, Trial


def fuzz(kind: str, cases: int, seed: int, trial: Trial) -> Counts:
    """Tries so many cases of a kind, of a slow kind fewer, which follow from the seed."""
    counts, cases = Counts(), cases // SLOWER.get(kind, 1)
    for name, content in itertools.islice(KINDS[kind].cases(np.random.default_rng(seed)), cases):
        result = trial.run(kind, content)
        counts.tried += 1
        counts.accepted += result == "accepted"
        counts.refused += result == "refused"
        if result not in ("accepted", "refused"):
            counts.faults.append((name, content, result))
    return counts


def keep(corpus: Path, kind: str, content: bytes) -> Path:
    """Writes content into the corpus, which the tests replay, under a name that is its hash."""
    path = corpus / kind / hashlib.sha256(content).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def main() -> int:
    """The command line; the status is 1 where anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m wordspot.tools.fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all without")
    parser.add_argument("--cases", type=int, default=2_000, help="of each kind, a tenth of models and journals")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpus"), help="where faults are kept")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - set(KINDS):
        parser.error(f"{', '.join(sorted(unknown))}: the kinds are {', '.join(KINDS)}")
    faults = 0
    with Trial() as trial:
        for kind in arguments.kinds or KINDS:
            counts = fuzz(kind, arguments.cases, arguments.seed, trial)
            survived = counts.accepted + counts.refused
            print(
                f"{kind}: {counts.tried} tried, {survived} survived ({counts.accepted} read, {counts.refused} refused)"
            )
            for name, content, seen in counts.faults:
                print(f"{keep(arguments.corpus, kind, content)} ({name}): {seen}", file=sys.stderr)
            faults += len(counts.faults)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
