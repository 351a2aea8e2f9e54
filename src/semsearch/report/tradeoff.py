"""Policies as points: what they catch against what they cost, with the line of those that no other beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from semsearch.report.svg import Scale, drawing

_LEFT, _RIGHT, _TOP, _FLOOR = 52, 150, 20, 300


@dataclass(frozen=True, slots=True)
class Spot:
    """One policy."""

    name: str
    cost: float
    """False alerts a day; fewer is better."""
    gain: float
    """Share of campaigns caught; more is better."""
    own: bool = False
    """The one in force: drawn apart."""


def front(spots: Sequence[Spot]) -> list[Spot]:
    """Those that no other beats in both, by cost; of equal ones the first."""
    best: list[Spot] = []
    for spot in sorted(spots, key=lambda each: (each.cost, -each.gain)):
        if not best or spot.gain > best[-1].gain:
            best.append(spot)
    return best


def tradeoff(spots: Sequence[Spot], *, width: int = 880) -> Markup:
    """Caught share upwards, false alerts a day to the right; labels that would overlap are left to the table."""
    if not spots:
        return Markup("")
    most = max(spot.cost for spot in spots)
    stop = _round_up(most) if most else 1.0
    least = min(0.9, math.floor(min(spot.gain for spot in spots) * 10) / 10)
    n_levels = round((1 - least) * 10) * (2 if least > 0.7 else 1)
    across, up = Scale(0, stop, _LEFT, width - _RIGHT), Scale(least, 1, _FLOOR, _TOP)
    parts = [_level(least + (1 - least) * step / n_levels, up, width) for step in range(n_levels + 1)]
    parts += [_tick(stop * step / 4, across) for step in range(5)]
    best = front(spots)
    path = " ".join(f"{across(spot.cost)},{up(spot.gain)}" for spot in best)
    parts.append(Markup('<polyline class="line line0 front" points="{}"/>').format(path))
    parts += _dots(spots, set(best), across, up)
    axis = Markup('<text class="small" x="{}" y="{}" text-anchor="middle">false alerts a day</text>')
    parts.append(axis.format((_LEFT + width - _RIGHT) / 2, _FLOOR + 38))
    told = ", ".join(f"{spot.name}: {spot.gain:.2f} caught at {spot.cost:.2f}" for spot in best)
    return drawing(parts, width, _FLOOR + 46, f"caught against false alerts a day; {told}")


def _dots(spots: Sequence[Spot], best: set[Spot], across: Scale, up: Scale) -> list[Markup]:
    """The one in force first in the queue for a label, and on top of the others."""
    drawn, taken = list[Markup](), list[tuple[float, float, float]]()
    for spot in sorted(spots, key=lambda each: (not each.own, each not in best)):
        x, y = float(across(spot.cost)), float(up(spot.gain))
        tone = "down" if spot.own else "" if spot in best else "open"
        drawn.insert(
            0,
            Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>').format(
                tone, x, y, 6 if spot.own else 4.5, f"{spot.name}: {spot.gain:.3f} at {spot.cost:.2f}"
            ),
        )
        wide = 7.0 * len(spot.name)
        free = all(abs(y - other) >= 15 or x > right or x + wide < left for left, right, other in taken)
        if free and (spot.own or spot in best):
            taken.append((x, x + wide + 14, y))
            drawn.append(Markup('<text class="small" x="{:.1f}" y="{:.1f}">{}</text>').format(x + 9, y + 14, spot.name))
    return drawn


def _level(level: float, up: Scale, width: int) -> Markup:
    return Markup(
        '<line class="axis" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'
        '<text class="small" x="{}" y="{y}" text-anchor="end" dominant-baseline="middle">{}</text>'
    ).format(_LEFT, width - _RIGHT, _LEFT - 8, f"{level:.0%}", y=up(level))


def _tick(value: float, across: Scale) -> Markup:
    return Markup(
        '<line class="axis" x1="{x}" x2="{x}" y1="{}" y2="{}"/>'
        '<text class="small" x="{x}" y="{}" text-anchor="middle">{}</text>'
    ).format(_TOP, _FLOOR, _FLOOR + 18, f"{value:g}", x=across(value))


def _round_up(value: float) -> float:
    """The next number with one digit, or a half of one."""
    step: float = 10.0 ** math.floor(math.log10(value)) / 2
    return math.ceil(value / step - 1e-9) * step
