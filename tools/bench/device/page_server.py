"""How long many browsers wait for the page of `wordspot web` when all of them ask for it at once."""

import http.client
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import click
import numpy as np

from ...browser.files import ServedFile
from ...browser.server import Address, Server
from ...terminal.console import OUT

_BYTES_PER_FILE = 300_000  # about the larger model that ships


@click.command()
@click.option("--clients", default=200, show_default=True, help="Browsers at once.")
@click.option("--rounds", default=5, show_default=True, help="How often.")
def command(clients: int, rounds: int) -> None:
    """Serve one file to many clients at once, over real connections, and print how long they waited."""
    files = {"": ServedFile(bytes(_BYTES_PER_FILE), "application/octet-stream", '"1"')}
    with Server(files, Address(port=0)) as server, ThreadPoolExecutor(clients) as pool:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        barrier = threading.Barrier(clients)
        visits = (pool.map(lambda _: _visit(server, barrier), range(clients)) for _ in range(rounds))
        waits_s = [wait_s for visit in visits for wait_s in visit]
        server.shutdown()
    median, late = statistics.median(waits_s), np.quantile(waits_s, 0.95)
    OUT.print(
        f"{clients} clients at once, {rounds} times, {_BYTES_PER_FILE:,} bytes each: median {median:.2f} s, 95% {late:.2f} s"
    )


def _visit(server: Server, barrier: threading.Barrier) -> float:
    barrier.wait()
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=60)
    connection.request("GET", "/", headers={"Host": "localhost"})
    assert len(connection.getresponse().read()) == _BYTES_PER_FILE
    connection.close()
    return time.perf_counter() - began


if __name__ == "__main__":
    command()
