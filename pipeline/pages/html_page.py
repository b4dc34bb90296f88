"""Filling templates."""

import math
from pathlib import Path
from typing import Any

import jinja2

from ...data.files import write_text


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
    write_text(path, environment.get_template(template).render(values))
