"""The names of the checks: apart from the checks, so that the command line can name them without loading NumPy."""

CHECK_NAMES = (
    "unreadable",
    "too_short",
    "near_silent",
    "low_snr",
    "clipped",
    "cut_off",
    "speech_outside",
    "dropouts",
    "dc_offset",
    "narrow_band",
    "wrong_format",
    "odd_scale",
    "odd_channels",
    "duplicate",
    "near_duplicate",
)
