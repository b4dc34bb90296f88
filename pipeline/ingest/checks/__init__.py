"""What cleaning looks for: one file a check."""

from . import (
    clipped,
    cut_off,
    dc_offset,
    dropouts,
    duplicate,
    low_snr,
    narrow_band,
    near_duplicate,
    near_silent,
    too_short,
    unreadable,
    wrong_format,
)
from .check import Check, Value
from .subject import Subject

CHECKS: tuple[Check, ...] = tuple(
    module.CHECK
    for module in (
        unreadable,
        too_short,
        near_silent,
        low_snr,
        clipped,
        cut_off,
        dropouts,
        dc_offset,
        narrow_band,
        wrong_format,
        duplicate,
        near_duplicate,
    )
)

__all__ = ["CHECKS", "Check", "Subject", "Value"]
