import base64
import io

import numpy as np
import soundfile
from PIL import Image
from wordspot.pipeline.pages.players import Player, make_player, within_budget


def test_a_player_holds_every_sample_and_a_picture() -> None:
    samples = np.random.default_rng(1).integers(-32_768, 32_768, 16_000).astype(np.int16)
    player = make_player(samples)
    image, sound = (address.partition(",") for address in (player.image, player.sound))
    assert image[0] == "data:image/png;base64"
    assert sound[0] == "data:audio/flac;base64"
    assert Image.open(io.BytesIO(base64.b64decode(image[2]))).size == (320, 128)
    decoded, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(sound[2])), dtype="int16")
    np.testing.assert_array_equal(decoded, samples)
    assert rate_hz == 16_000


def test_the_first_that_fit_are_kept_and_each_use_counts() -> None:
    def player(size: int) -> Player:
        return Player(b"p", b"f" * (size - 1))

    uses = {"a": 2, "silent": 1, "too large": 3, "b": 1, "no room": 1}
    kept = within_budget(uses, [player(30), None, player(30), player(40), player(1)], budget_bytes=100)
    assert set(kept) == {"a", "b"}
