"""How a campaign grew, as an inline drawing: totals over time, posts a span of time beneath, raises as marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from semsearch.report.svg import Scale, drawing

_MINUTE_US = 60_000_000
_TICKS_MIN = (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10_080, 20_160, 43_200, 131_040, 525_600)
"""Minutes between two ticks, of which the shortest that leaves room is taken."""
_MOST_TICKS = 7
_N_BARS = 72
_MOST_POINTS = 1_500
_LEFT, _RIGHT = 52, 104
_TOP, _FLOOR = 30, 220
_BARS_TOP, _BARS_FLOOR = 258, 312


@dataclass(frozen=True, slots=True)
class Line:
    """A total that grows."""

    name: str
    at_us: Sequence[int]
    """When it grew by one, ascending."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to be marked."""

    at_us: int
    label: str


def growth(lines: Sequence[Line], marks: Sequence[Mark], *, width: int = 880) -> Markup:
    """Totals of up to four lines as steps, the first filled; its growth a span of time as bars beneath."""
    if not lines or not lines[0].at_us:
        return Markup("")
    start, stop = _span(lines, marks)
    across = Scale(start, stop, _LEFT, width - _RIGHT)
    top = _round_up(max(len(line.at_us) for line in lines))
    up = Scale(0, top, _FLOOR, _TOP)
    parts = [_level(level, up, width) for level in _levels(top)]
    parts += [_tick(at, text, across) for at, text in _ticks(start, stop)]
    parts += [_bars(lines[0].at_us, start, stop, across)]
    parts += [_area(lines[0], across, up, stop)]
    parts += _marks(marks, across)
    parts += _steps(lines, across, up, stop, width)
    told = ", ".join(f"{len(line.at_us)} {line.name}" for line in lines)
    return drawing(parts, width, _BARS_FLOOR + 28, f"growth over time: {told}; {len(marks)} raises")


def _span(lines: Sequence[Line], marks: Sequence[Mark]) -> tuple[int, int]:
    every = [at for line in lines for at in (line.at_us[0], line.at_us[-1])] + [mark.at_us for mark in marks]
    start, stop = min(every), max(every)
    room = max((stop - start) // 50, _MINUTE_US)
    return start - room, stop + room


def _round_up(n: int) -> int:
    """The next number that halves well."""
    step: int = max(2, 10 ** (len(str(n)) - 1) // 2)
    return -(-n // step) * step


def _levels(top: int) -> list[int]:
    return [0, top // 2, top]


def _level(level: int, up: Scale, width: int) -> Markup:
    return Markup(
        '<line class="{}" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'
        '<text class="small" x="{}" y="{y}" text-anchor="end" dominant-baseline="middle">{}</text>'
    ).format("axis" if level else "zero", _LEFT, width - _RIGHT, _LEFT - 8, f"{level:,}", y=up(level))


def _ticks(start: int, stop: int) -> list[tuple[int, str]]:
    """Places on the axis at whole spans of UTC, with what is written there."""
    minutes = next((m for m in _TICKS_MIN if (stop - start) / (m * _MINUTE_US) <= _MOST_TICKS), _TICKS_MIN[-1])
    step = minutes * _MINUTE_US
    places = range(-(-start // step) * step, stop + 1, step)
    shape = "%m-%d" if minutes >= 1440 else "%H:%M"
    ticks = []
    day = ""
    for at in places:
        moment = datetime.fromtimestamp(at / 1e6, UTC)
        text = moment.strftime(shape)
        if minutes < 1440 and moment.strftime("%m-%d") != day:
            day = moment.strftime("%m-%d")
            text = f"{day} {text}"
        ticks.append((at, text))
    return ticks


def _tick(at: int, text: str, across: Scale) -> Markup:
    return Markup(
        '<line class="axis" x1="{x}" x2="{x}" y1="{}" y2="{}"/>'
        '<text class="small" x="{x}" y="{}" text-anchor="middle">{}</text>'
    ).format(_TOP, _FLOOR, _FLOOR + 18, text, x=across(at))


def _area(line: Line, across: Scale, up: Scale, stop: int) -> Markup:
    path = f"M{across(line.at_us[0])},{up(0)} L{_path(line, across, up, stop)} L{across(stop)},{up(0)} Z"
    return Markup('<path class="area" d="{}"/>').format(path)


def _steps(lines: Sequence[Line], across: Scale, up: Scale, stop: int, width: int) -> list[Markup]:
    """The lines, each with its total at its end; totals that lie near each other are moved apart."""
    drawn = [
        Markup('<polyline class="line line{}" points="{}"/>').format(number, _path(line, across, up, stop))
        for number, line in reversed(list(enumerate(lines)))
        if line.at_us
    ]
    floor = _FLOOR + 16.0
    for number, line in sorted(enumerate(lines), key=lambda item: (len(item[1].at_us), -item[0])):
        y = min(float(up(len(line.at_us))), floor - 16)
        floor = y
        drawn.append(
            Markup('<text class="label line{}" x="{}" y="{:.1f}" dominant-baseline="middle">{} {}</text>').format(
                number, width - _RIGHT + 10, y, f"{len(line.at_us):,}", line.name
            )
        )
    return drawn


def _path(line: Line, across: Scale, up: Scale, stop: int) -> str:
    """Points of the steps; many are thinned evenly, the last one stays."""
    n = len(line.at_us)
    shown = np.unique(np.linspace(0, n - 1, min(n, _MOST_POINTS)).round().astype(int)).tolist() if n else []
    points, before = [], 0
    for place in shown:
        x = across(line.at_us[place])
        points += [f"{x},{up(before)}", f"{x},{up(place + 1)}"]
        before = place + 1
    return " ".join([*points, f"{across(stop)},{up(n)}"])


def _marks(marks: Sequence[Mark], across: Scale) -> list[Markup]:
    """Dashed lines; of labels that would lie on one another only the first is written."""
    drawn, free = [], -1e9
    for mark in sorted(marks, key=lambda each: each.at_us):
        x = float(across(mark.at_us))
        drawn.append(
            Markup('<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{}" y2="{}"/>').format(_TOP - 8, _FLOOR, x=x)
        )
        if x >= free:
            drawn.append(
                Markup('<text class="small raise" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                    x, _TOP - 13, mark.label
                )
            )
            free = x + 7 * len(mark.label) + 8
    return drawn


def _bars(at_us: Sequence[int], start: int, stop: int, across: Scale) -> Markup:
    """How many of the first line fell into each of equal spans of time."""
    counts, edges = _counted(at_us, start, stop)
    most = int(counts.max())
    parts = [
        Markup('<text class="small" x="{}" y="{}" text-anchor="end" dominant-baseline="middle">{}</text>').format(
            _LEFT - 8, _BARS_TOP + 4, f"{most:,}"
        ),
        Markup('<line class="zero" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
            across(start), across(stop), y=_BARS_FLOOR
        ),
    ]
    wide = float(across(edges[1])) - float(across(edges[0]))
    for count, left in zip(counts.tolist(), edges[:-1].tolist(), strict=True):
        if count:
            tall = count / most * (_BARS_FLOOR - _BARS_TOP)
            parts.append(
                Markup('<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    float(across(left)) + 0.5, _BARS_FLOOR - tall, max(1.0, wide - 1), tall
                )
            )
    minutes = (stop - start) / _N_BARS / _MINUTE_US
    each = (
        f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
    )
    parts.append(
        Markup('<text class="small" x="{}" y="{}">{}</text>').format(_LEFT, _BARS_FLOOR + 18, f"posts every {each}")
    )
    return Markup("").join(parts)


def _counted(at_us: Sequence[int], start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    counts, edges = np.histogram(np.asarray(at_us, np.float64), bins=_N_BARS, range=(start, stop))
    return counts.astype(np.int64), edges
