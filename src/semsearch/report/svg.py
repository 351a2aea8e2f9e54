"""Small inline drawings: intervals, bars, distributions. Colours come from the page's CSS classes.

Every function returns markup that is safe to place; texts are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

_MAX_BARS = 240


def interval(
    mean: float,
    low: float,
    high: float,
    *,
    start: float,
    stop: float,
    zero: float | None = None,
    coloured: bool = True,
    width: int = 220,
) -> Markup:
    """A dot with its interval on a scale from `start` to `stop`, for one table cell.

    `zero` draws a line there; an interval wholly to its right is green, to its left red, if `coloured`.
    """
    if math.isnan(mean):
        return Markup("")
    height, pad = 22, 6
    scale = Scale(start, stop, pad, width - pad)
    parts = [Markup('<line class="axis" x1="{}" x2="{}" y1="11" y2="11"/>').format(pad, width - pad)]
    if zero is not None and start <= zero <= stop:
        parts.append(Markup('<line class="zero" x1="{0}" x2="{0}" y1="1" y2="21"/>').format(scale(zero)))
    tone = _tone(low, high, zero) if coloured else "open"
    parts.append(
        Markup('<line class="range {}" x1="{}" x2="{}" y1="11" y2="11"/>').format(tone, scale(low), scale(high))
    )
    parts.append(Markup('<circle class="dot {}" cx="{}" cy="11" r="4.5"/>').format(tone, scale(mean)))
    return drawing(parts, width, height, f"{mean:.3f}, interval {low:.3f} to {high:.3f}")


def above_half(share: float | None, *, width: int = 110) -> Markup:
    """A bar from 0.5 to `share` on a scale from 0 to 1, for one table cell; empty when it is not known."""
    if share is None or math.isnan(share):
        return Markup("")
    scale = Scale(0, 1, 1, width - 1)
    first, last = sorted((float(scale(0.5)), float(scale(share))))
    tone = "bar" if share >= 0.5 else "down"
    parts = [
        Markup('<line class="axis" x1="1" x2="{}" y1="8" y2="8"/>').format(width - 1),
        Markup('<rect class="{}" x="{:.1f}" y="3" width="{:.1f}" height="10" rx="2"/>').format(
            tone, first, last - first
        ),
        Markup('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="16"/>').format(scale(0.5)),
    ]
    return drawing(parts, width, 16, f"{share:.2f} against 0.5")


def bars(rows: Sequence[tuple[str, float]], *, stop: float | None = None, digits: int = 3, width: int = 880) -> Markup:
    """Labelled horizontal bars from 0; `stop` is the value of a full bar (the largest when left out)."""
    if not rows:
        return Markup("")
    top = stop or max(value for _, value in rows) or 1.0
    left, right, step = 190, 70, 28
    parts = []
    for i, (label, value) in enumerate(rows):
        y = i * step
        length = max(0.0, min(1.0, value / top)) * (width - left - right)
        parts.append(
            Markup(
                '<text class="label" x="{}" y="{}" text-anchor="end">{}</text>'
                '<rect class="bar" x="{}" y="{}" width="{:.1f}" height="16" rx="3"/>'
                '<text class="value" x="{:.1f}" y="{}">{}</text>'
            ).format(left - 10, y + 18, label, left, y + 5, length, left + length + 8, y + 18, f"{value:,.{digits}f}")
        )
    return drawing(parts, width, step * len(rows) + 4, "bars: " + ", ".join(f"{a} {b:.3g}" for a, b in rows[:20]))


def histogram(
    values: Iterable[float], *, start: float = 0.0, stop: float = 1.0, n_bins: int = 20, width: int = 880
) -> Markup:
    """How many values fall into each of `n_bins` equal bins between `start` and `stop`; NaN is left out."""
    known = np.asarray([value for value in values if not math.isnan(value)], np.float64)
    if not known.size:
        return Markup("")
    counts, edges = np.histogram(np.clip(known, start, stop), bins=n_bins, range=(start, stop))
    height, floor, pad = 170, 140, 16
    scale = Scale(start, stop, pad, width - pad)
    parts = []
    for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        tall = count / int(counts.max()) * (floor - 18)
        parts.append(
            Markup('<rect class="bar" x="{}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>').format(
                float(scale(left)) + 1, floor - tall, float(scale(right)) - float(scale(left)) - 2, tall
            )
        )
        if count:
            middle = (float(scale(left)) + float(scale(right))) / 2
            parts.append(
                Markup('<text class="small" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
                    middle, floor - tall - 4, count
                )
            )
    parts += _axis(start, stop, scale, floor)
    return drawing(parts, width, height, f"distribution of {known.size} values between {start:g} and {stop:g}")


def sorted_differences(values: Iterable[float], *, width: int = 880) -> Markup:
    """One bar a query, from the largest gain to the largest loss; many queries are thinned evenly."""
    known = np.sort(np.asarray([value for value in values if not math.isnan(value)], np.float64))[::-1]
    if not known.size:
        return Markup("")
    shown = known[np.linspace(0, known.size - 1, min(known.size, _MAX_BARS)).round().astype(int)]
    reach = max(0.1, math.ceil(float(np.abs(known).max()) * 10 - 1e-9) / 10)
    height, left, right = 200, 44, 8
    scale = Scale(-reach, reach, height - 14, 14)
    step = (width - left - right) / len(shown)
    parts = [_level(level, scale, left, width - right) for level in (-reach, -reach / 2, 0.0, reach / 2, reach)]
    for i, value in enumerate(shown.tolist()):
        y, zero = float(scale(value)), float(scale(0))
        parts.append(
            Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"/>').format(
                "up" if value > 0 else "down", left + i * step, min(y, zero), max(0.8, step * 0.82), abs(y - zero)
            )
        )
    better, worse = int((known > 0).sum()), int((known < 0).sum())
    return drawing(parts, width, height, f"{known.size} queries: {better} better, {worse} worse")


@dataclass(frozen=True, slots=True)
class Span:
    """One line of `spans`."""

    label: str
    note: str
    """Stands right, such as the number of queries."""
    middle: float
    low: float
    high: float
    bar: float
    """What the interval must not reach below; marked on its line."""
    tone: str
    """up, open or down."""


def spans(rows: Sequence[Span], *, width: int = 880) -> Markup:
    """Intervals under one another on one scale, with a line at 0 and a mark at each one's own bar."""
    known = [row for row in rows if not math.isnan(row.middle)]
    if not known:
        return Markup("")
    reach = _round_up(max(max(abs(row.low), abs(row.high), abs(row.bar)) for row in known) or 0.01)
    left, right, step, top = 150, 130, 34, 8
    floor = top + step * len(rows)
    scale = Scale(-reach, reach, left, width - right)
    parts = [
        Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            "axis" if level else "zero", scale(level), scale(level), top, floor
        )
        + Markup('<text class="small" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            scale(level), floor + 18, f"{level:+.3g}".replace("-", "−") if level else "0"
        )
        for level in (-reach, -reach / 2, 0.0, reach / 2, reach)
    ]
    for place, row in enumerate(rows):
        y = top + step * place + step / 2
        parts.append(_span(row, y, scale, left, width - right))
    return drawing(parts, width, floor + 26, "intervals: " + ", ".join(f"{r.label} {r.middle:+.4f}" for r in known))


def _round_up(value: float) -> float:
    """The next number with one digit or a half, so that ticks can be read: 0.0304 becomes 0.035."""
    step = 10.0 ** math.floor(math.log10(value)) / 2
    return math.ceil(value / step - 1e-9) * step


def _span(row: Span, y: float, scale: Scale, left: float, right: float) -> Markup:
    names = Markup(
        '<text class="label" x="{}" y="{}" text-anchor="end" dominant-baseline="middle">{}</text>'
        '<text class="small" x="{}" y="{}" dominant-baseline="middle">{}</text>'
    ).format(left - 12, y, row.label, right + 12, y, row.note)
    if math.isnan(row.middle):
        return names
    mark = Markup('<line class="mark" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(scale(row.bar), y - 11, y + 11)
    drawn = Markup(
        '<line class="range {0}" x1="{1}" x2="{2}" y1="{3}" y2="{3}"/>'
        '<circle class="dot {0}" cx="{4}" cy="{3}" r="4.5"/>'
    ).format(row.tone, scale(row.low), scale(row.high), y, scale(row.middle))
    return names + (mark if row.bar else Markup("")) + drawn


def curves(lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], *, width: int = 880) -> Markup:
    """Named lines through (x, y) points over one x axis; y runs from 0 to the highest point."""
    known = [(name, points) for name, points in lines if points]
    if not known:
        return Markup("")
    every = [point for _, points in known for point in points]
    top = max(0.1, math.ceil(max(y for _, y in every) * 10 - 1e-9) / 10)
    places = sorted({x for x, _ in every})
    last = max(1.0, places[-1])
    height, left, right, floor = 240, 44, 190, 206
    across, up = Scale(0.0, last, left, width - right), Scale(0.0, top, floor, 14)
    parts = [_level(level, up, left, width - right) for level in (0.0, top / 2, top)]
    parts += [
        Markup('<text class="small" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            across(x), floor + 18, f"{x:g}"
        )
        for x in sorted({x for x, _ in every})
    ]
    ends: list[float] = []
    for number, (name, points) in enumerate(known):
        path = " ".join(f"{across(x)},{up(y)}" for x, y in points)
        end = float(up(points[-1][1]))
        end += next((16.0 for other in ends if abs(other - end) < 14), 0.0)
        ends.append(end)
        parts.append(
            Markup('<polyline class="line line{}" points="{}"/><text class="label" x="{}" y="{:.1f}">{}</text>').format(
                number, path, width - right + 8, end + 4, name
            )
        )
    return drawing(parts, width, height, "lines: " + ", ".join(name for name, _ in known))


def _tone(low: float, high: float, zero: float | None) -> str:
    """`up` or `down` where the whole interval lies on one side of `zero`."""
    if zero is None:
        return "plain"
    return "up" if low > zero else "down" if high < zero else "open"


def _level(level: float, scale: Scale, left: float, right: float) -> Markup:
    y = scale(level)
    text = f"{level:+.2f}".replace("-", "−") if level else "0"
    return Markup(
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="small" x="{}" y="{}" text-anchor="end" dominant-baseline="middle">{}</text>'
    ).format("axis" if level else "zero", left, right, y, y, left - 6, y, text)


def _axis(start: float, stop: float, scale: Scale, floor: float) -> list[Markup]:
    ticks = np.linspace(start, stop, 6).tolist()
    line = Markup('<line class="zero" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
        scale(start), scale(stop), floor, floor
    )
    labels = [
        Markup('<text class="small" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            scale(tick), floor + 18, f"{tick:.1f}"
        )
        for tick in ticks
    ]
    return [line, *labels]


class Scale:
    """Maps values to pixels, as text with one decimal."""

    def __init__(self, start: float, stop: float, first: float, last: float) -> None:
        self._start, self._first = start, first
        self._factor = (last - first) / ((stop - start) or 1.0)

    def __call__(self, value: float) -> str:
        """The place of a value."""
        return f"{self._first + (value - self._start) * self._factor:.1f}"


def drawing(parts: Iterable[Markup], width: int, height: int, label: str) -> Markup:
    """One drawing of parts; `label` is read aloud in its place."""
    return Markup('<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>').format(
        width, height, width, height, label, Markup("").join(parts)
    )
