"""On which devices and machines a network is trained; light to import, because the command line names them."""

import json
import os

from ...data.errors import WordspotError

STRATEGIES = ("mirrored", "multi-worker")
_EXAMPLE = '{"cluster": {"worker": ["host-a:12345", "host-b:12345"]}, "task": {"type": "worker", "index": 0}}'


def worker_number(strategy: str | None) -> int:
    """Which of the workers this process is; the first, 0, writes the run folder.

    Raises
    ------
    WordspotError
        There is no such strategy, or the environment variable TF_CONFIG does not name the workers.
    """
    if strategy not in (None, *STRATEGIES):
        raise WordspotError(f"there is no strategy {strategy!r}; expected one of {', '.join(STRATEGIES)}")
    return _number_in(os.environ.get("TF_CONFIG", "")) if strategy == "multi-worker" else 0


def _number_in(tf_config: str) -> int:
    try:
        config = json.loads(tf_config)
        workers, task = config["cluster"]["worker"], config["task"]
        number, right = int(task["index"]), task["type"] == "worker" and isinstance(workers, list)
    except (ValueError, KeyError, TypeError):
        number, workers, right = 0, [], False
    if not right or not 0 <= number < len(workers):
        raise WordspotError(
            f"the environment variable TF_CONFIG is {tf_config!r:.300}; it must name all workers, the same on each, and say "
            f"which of them this one is: {_EXAMPLE}"
        )
    return number
