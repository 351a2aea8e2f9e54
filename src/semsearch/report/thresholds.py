"""From which likeness two words are one, by script and length, over how often that would happen by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from semsearch.report.svg import Scale, drawing

_LEFT, _RIGHT, _INSET = 52, 20, 20
_NAMES, _NAME = 250, 110
"""Where the names of the kinds begin, and how wide one is."""
_TOP, _MIDDLE, _LOWER, _FLOOR = 52, 200, 252, 354
_NONE = 30
"""Where words stand that no likeness ties."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One kind and length of words."""

    kind: str
    length: int
    """Key presses."""
    least: float | None
    """The likeness from which two words tie, 0..1; None: none does."""
    chance: float
    """Share of items in which an unrelated word would tie by chance."""


def thresholds(cells: Sequence[Threshold], most_chance: float, *, width: int = 880) -> Markup:
    """Two drawings over one another: likeness, then chance with a mark at the most allowed; one line a kind."""
    if not cells:
        return Markup("")
    lengths = sorted({cell.length for cell in cells})
    known = [cell.least for cell in cells if cell.least is not None]
    least = math.floor(min(known, default=0.8) * 20) / 20
    most = max(0.02, math.ceil(max(cell.chance for cell in cells) * 100) / 100)
    across = Scale(lengths[0], lengths[-1], _LEFT + _INSET, width - _RIGHT - _INSET)
    like, often = Scale(least, 1, _MIDDLE, _TOP), Scale(0, most, _FLOOR, _LOWER)
    parts = [_level(level, f"{level:.2f}", like, width) for level in _steps(least, 1.0)]
    parts += [_level(level, f"{level:.1%}".replace("%", " %"), often, width) for level in (0.0, most / 2, most)]
    parts += [
        _text(_LEFT, 8, "likeness from which words tie"),
        _text(_LEFT, _LOWER - 14, "share of items tied by chance"),
    ]
    parts += [_text(across(length), _FLOOR + 18, str(length), "middle") for length in lengths]
    parts.append(_text((_LEFT + width - _RIGHT) / 2, _FLOOR + 36, "key presses of the word", "middle"))
    mark = Markup('<line class="mark" x1="{}" x2="{}" y1="{y}" y2="{y}"/>')
    parts.append(mark.format(_LEFT, width - _RIGHT, y=often(most_chance)))
    for place, kind in enumerate(dict.fromkeys(cell.kind for cell in cells)):
        mine = sorted((cell for cell in cells if cell.kind == kind), key=lambda cell: cell.length)
        parts += _kind(mine, place, across, like, often)
        name = Markup('<text class="line{}" x="{}" y="{}">{}</text>')
        parts.append(name.format(place, _NAMES + _NAME * place, 8, kind))
    if len(known) < len(cells):
        parts.append(_text(_LEFT - 8, _NONE + 4, "never", "end"))
    told = ", ".join(f"{cell.kind} {cell.length}: {_said(cell)}" for cell in cells)
    return drawing(parts, width, _FLOOR + 44, f"likeness from which words tie, by key presses; {told}")


def _kind(cells: Sequence[Threshold], place: int, across: Scale, like: Scale, often: Scale) -> list[Markup]:
    """The two lines of one kind; a length that was not measured leaves a gap."""
    parts = []
    for left, right in pairwise(cells):
        if right.length != left.length + 1:
            continue
        ends = [(left.chance, right.chance, often)]
        if left.least is not None and right.least is not None:
            ends.append((left.least, right.least, like))
        parts += [
            Markup('<polyline class="line line{}" points="{},{} {},{}"/>').format(
                place, across(left.length), scale(first), across(right.length), scale(last)
            )
            for first, last, scale in ends
        ]
    return parts + [_marks(cell, place, across, like, often) for cell in cells]


def _marks(cell: Threshold, place: int, across: Scale, like: Scale, often: Scale) -> Markup:
    x, title = across(cell.length), f"{cell.kind}, {cell.length} key presses: {_said(cell)}"
    dot = Markup('<circle class="dot line{}" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>')
    if cell.least is None:
        shifted = float(x) + 9 * (place - 1)
        first = Markup('<text class="line{}" x="{:.1f}" y="{}" text-anchor="middle">×<title>{}</title></text>').format(
            place, shifted, _NONE + 5, title
        )
    else:
        first = dot.format(place, x, like(cell.least), title)
    return first + dot.format(place, x, often(cell.chance), title)


def _said(cell: Threshold) -> str:
    least = "none ties" if cell.least is None else f"ties from {cell.least:.2f}"
    return f"{least}, by chance {cell.chance:.2%}".replace("%", " %")


def _steps(least: float, most: float) -> list[float]:
    n = round((most - least) / 0.05)
    return [least + 0.05 * step for step in range(n + 1)]


def _level(level: float, label: str, scale: Scale, width: int) -> Markup:
    return Markup(
        '<line class="axis" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'
        '<text class="small" x="{}" y="{y}" text-anchor="end" dominant-baseline="middle">{}</text>'
    ).format(_LEFT, width - _RIGHT, _LEFT - 8, label, y=scale(level))


def _text(x: float | str, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text class="small" x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, text)
