"""What a label is: a word, or one of the names with an underscore that stand for no word."""

SILENCE = "_silence_"
UNKNOWN = "_unknown_"
_RESERVED_PREFIX = "_"


def is_word(label: str) -> bool:
    """Whether a label is a word; a name that begins with `_` is not.

    `_silence_` and `_unknown_` are answers of a model, and folders such as `_background_noise_` hold long sound.
    """
    return not label.startswith(_RESERVED_PREFIX)
