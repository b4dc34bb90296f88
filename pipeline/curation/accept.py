"""What an audit is sure of, as decisions that nobody listened for: like those of people they can be taken back."""

from contextlib import nullcontext
from pathlib import Path

from ...data.bucket_lock import CLEANING, held_bucket
from ...data.buckets import Bucket, Folder, folder_at
from ...data.decisions import new_id
from ...data.near import near_log, near_tables
from ..ingest.destination import MARKER
from .audit import SURE, Audit
from .review import Review, Said

BY = "audit"  # who decided
QUEUE = "suspicious"


def accept(folder: Folder | str, log: Folder | str, found: Audit, model: str) -> tuple[int, int]:
    """Decides, unheard, on what is suspicious; clips that somebody has decided on stay as they are.

    The sure ones (a suspicion of 0.8 and more) get the label that is suggested; those that are doubtful after that are
    unsure, and so left out of training. Cleaning applies it, as it does every decision; one undo of the listener `audit` in
    `wordspot review` takes all of it back.

    Parameters
    ----------
    folder
        The clean folder that was audited, or its URL, see `data.buckets`.
    log
        The log of decisions, or its URL.
    found
        The audit.
    model
        Whose suggestions they are, for people.

    Returns
    -------
    How many clips were relabeled, and how many are unsure.

    Raises
    ------
    WordspotError
        A damaged table or log, or a log that cannot be written; somebody is cleaning into the bucket.
    """
    place = folder_at(folder)
    with (
        nullcontext() if isinstance(place, Path) else held_bucket(Bucket(place), CLEANING),
        near_tables(place, MARKER) as tables,
        near_log(log) as near,
    ):
        return _accept(Review(tables, near, BY), found, model)


def _accept(review: Review, found: Audit, model: str) -> tuple[int, int]:
    whats, doubtful = review.heard().whats, set(found.doubtful)
    open_ones = [one for one in found.suspicions if not whats[review.place(one.file_name)]]
    unsure = [Said(one.file_name, "unsure") for one in open_ones if one.file_name in doubtful]
    relabeled = [
        Said(one.file_name, "relabel", one.suggested)
        for one in open_ones
        if one.suspicion >= SURE and one.suggested and one.file_name not in doubtful
    ]
    review.decide(relabeled + unsure, queue=QUEUE, suggested_by=model, step=new_id())
    return len(relabeled), len(unsure)
