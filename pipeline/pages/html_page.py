"""Filling templates."""

import math
from pathlib import Path
from typing import Any

import jinja2

from ...data.files import write_text

_UNITS = {"ms": "ms", "s": "s", "db": "dB", "dbfs": "dBFS", "hz": "Hz"}
_SPELLED = {"snr": "SNR", "dc": "DC", "edge": "level at the edge"}


def in_words(column: str) -> tuple[str, str]:
    """A column or a setting in words, and its unit, which may be empty.

    Examples
    --------
    >>> in_words("snr_db")
    ('SNR', 'dB')
    >>> in_words("clipped_share")
    ('clipped share', '')
    """
    parts = column.split("_")
    unit = _UNITS.get(parts[-1], "") if len(parts) > 1 else ""
    return " ".join(_SPELLED.get(part, part) for part in (parts[:-1] if unit else parts)), unit


def _named(column: str) -> str:
    """`gain in dB`."""
    return " in ".join(filter(None, in_words(column)))


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fills a template and writes the page.

    Parameters
    ----------
    path
        The HTML file.
    template
        Relative to `pipeline`. It extends `pages/page.html`, which has the style that all pages share.
    values
        What the template names.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[1]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value: "-" if math.isnan(value) else f"{100 * value:.1f}%"
    environment.filters["count"] = lambda value: f"{value:,}"
    environment.filters["number"] = lambda value: f"{value:.4g}".replace("-", "\N{MINUS SIGN}")
    environment.filters["named"] = _named
    write_text(path, environment.get_template(template).render(values))
