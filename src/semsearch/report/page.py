"""Report pages: one look, self-contained HTML, every value escaped.

A template extends `base.html` and fills its blocks; the drawing helpers of `svg.py` are there as `svg`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from semsearch.report import svg

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template_name: str, **context: Any) -> str:
    """The page of one template as a whole HTML document; raises jinja2 errors for a name that the template lacks."""
    return _environment().get_template(template_name).render(**context)


def number(value: float | None, digits: int = 3) -> str:
    """A figure for reading: `0.123`, `1,234` without fraction for whole numbers, a dash for unknown."""
    if value is None or math.isnan(value):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign: `+0.012`, `−0.034`; a dash for unknown."""
    if value is None or math.isnan(value):
        return "–"
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def probability(value: float) -> str:
    """A p-value: `0.034`, `< 0.001`."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("semsearch.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "signed": signed, "probability": probability}
    environment.globals["svg"] = svg
    return environment
