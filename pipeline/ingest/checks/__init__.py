"""What cleaning looks for: one file per check, named like it."""

from importlib import import_module

from ..check_names import CHECK_NAMES
from .check import Check, Value
from .cut_recording import CutRecording
from .cut_stack import CutStack, stacks

CHECKS: tuple[Check, ...] = tuple(import_module(f".{name}", __package__).CHECK for name in CHECK_NAMES)

__all__ = ["CHECKS", "Check", "CutRecording", "CutStack", "Value", "stacks"]
