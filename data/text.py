"""Text for people and tables, whatever bytes and characters it comes from."""

import re


def printable(text: str) -> str:
    r"""The text with control characters written as `\xXX` and undecodable bytes of file names as `\udcXX`.

    UTF-8 cannot hold the latter; of the former, a carriage return (macOS names files `Icon\r`) would break a CSV row.
    """
    if text.isascii() and text.isprintable():
        return text  # the very same object: there may be a hundred thousand of them
    escaped = re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", text)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: str) -> str:
    r"""The text on one line, and `printable`: what a file holds must not take over a terminal.

    Examples
    --------
    >>> one_line("not readable:\n  \x1b[31mred")
    'not readable: \\x1b[31mred'
    """
    return printable(" ".join(line.strip() for line in text.splitlines()))
