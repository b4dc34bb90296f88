import json
from collections.abc import Callable

from wordspot.models import NETWORKS


def test_every_network_is_listed_whole_in_eighty_columns(wordspot: Callable) -> None:
    lines = wordspot("models", check=True).stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(NETWORKS)
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[0] == "network"


def test_as_json_the_costs_are_numbers(wordspot: Callable) -> None:
    networks = {network["network"]: network for network in json.loads(wordspot("models", "--json", check=True).stdout)}
    assert networks["bc_resnet_1"]["parameters"] == 9_232
    assert networks["bc_resnet_1"]["multiply_accumulates"] > 1_000_000
