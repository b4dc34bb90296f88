"""Labels that stand in the names of files: `left_01.wav`, `left.ann.wav`, `7_ann_3.wav`."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

_LABEL = re.compile(r"([^\W\d_]+)(?=[\d._ -])|(\d{1,2})(?=[._ -])")  # letters, or the number of a spoken digit
_LABELLED_SHARE = 0.9  # of the files: a stray one does not change the picture


def labels_in_names(names: Iterable[str], files_per_label: int = 2) -> tuple[str, ...]:
    """The words that the names of files begin with, sorted; empty unless nearly all names begin with one of at least two.

    What many files begin with may as well be the name of a speaker: whoever calls this knows more of the folder. A word that
    fewer than `files_per_label` names begin with is none.

    Examples
    --------
    >>> labels_in_names(["left_01.wav", "left_02.wav", "right_01.wav", "right_02.wav"])
    ('left', 'right')
    >>> labels_in_names(["c50f55b8_nohash_0.wav", "c50f55b8_nohash_1.wav", "0ab3b47d_nohash_0.wav"])
    ()
    """
    stems = [PurePosixPath(name).stem + "." for name in names]
    counts = Counter(match[0] for stem in stems if (match := _LABEL.match(stem)))
    labels = {label: count for label, count in counts.items() if count >= files_per_label}
    enough = sum(labels.values()) >= _LABELLED_SHARE * len(stems)
    return tuple(sorted(labels)) if enough and len(labels) > 1 else ()


def sorting_hint(folder: Path, names: Iterable[str], files_per_label: int = 2) -> str:
    """What to run where the names of a folder's files begin with their label; empty where they do not.

    The command is one of POSIX shells and copies: `sorted/<label>/<file>` in the current folder.
    """
    labels = labels_in_names(names, files_per_label)
    if not labels:
        return ""
    shown = ", ".join(labels[:5])
    if not isinstance(folder, Path):  # a URL, of which no shell knows
        return (
            f"; the names of its files begin with {shown}: if these are the words, put them into folders of these names"
        )
    name = "${n%%" + ("[._ -]" if labels[0].isdecimal() else "[0-9._ -]") + "*}"
    loop = f'n=${{f##*/}}; mkdir -p "sorted/{name}"; cp "$f" "sorted/{name}/"'
    return (
        f"; the names of its files begin with {shown}: if these are the words, run "
        f"`for f in {shlex.quote(str(folder))}/*.*; do {loop}; done; wordspot clean sorted CLIPS`"
    )
