"""When a growing campaign is told again: at each doubling, never twice for one fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2
from typing import Any, Literal

from semsearch.records import Alert

Side = Literal["many", "one"]
"""Growth by many authors, or one author's own: facts that are told apart."""


@dataclass(frozen=True, slots=True)
class Rung:
    """How far up the ladder a campaign was raised."""

    level: int
    """1 and up, a doubling each."""
    many: float
    """Excess over what was expected at the last raise for many authors; 0 if there was none."""
    one: float
    """The same for one author's posts or recipients."""
    at_us: int
    """Time of the last raise."""


def climb(rung: Rung | None, side: Side, excess: float, at_us: int, memory_us: int) -> Rung | None:
    """The next rung if `excess` is news, else None.

    The first excess is; a later one when it is at least double. Falling and coming back to the same height is not
    (hysteresis). One author's growth inside what was raised for many is no news of its own, the other way round it is.
    `memory_us` after the last raise all that was raised has left the long window: what grows then is something else.
    """
    reached = needed(rung, side, at_us, memory_us)
    if excess < reached:
        return None
    steps = 1 + int(log2(excess / reached)) if reached else 1
    kept = (
        rung
        if rung is not None and at_us - rung.at_us < memory_us
        else Rung(rung.level if rung else 0, 0.0, 0.0, at_us)
    )
    many, one = (excess, kept.one) if side == "many" else (kept.many, excess)
    return Rung(kept.level + steps, many, one, max(kept.at_us, at_us))


def needed(rung: Rung | None, side: Side, at_us: int, memory_us: int) -> float:
    """The excess that would be news; 0 if any would be."""
    if rung is None or at_us - rung.at_us >= memory_us:
        return 0.0
    return 2 * (rung.many if side == "many" else max(rung.many, rung.one))


def kept_by(rung: Rung) -> dict[str, Any]:
    """What the reasons of an alert keep of a rung."""
    return {"many": rung.many, "one": rung.one}


def rung_of(alert: Alert) -> Rung:
    """The rung of a stored alert, from what `kept_by` put into its reasons."""
    kept: Mapping[str, float] = alert.reasons["ladder"]
    return Rung(alert.level, float(kept["many"]), float(kept["one"]), alert.at_us)


def rungs_of(alerts: Iterable[Alert], merged: Mapping[str, str]) -> dict[str, Rung]:
    """campaign → its rung; of campaigns that people merged the higher one counts, so that nothing is told twice."""
    rungs: dict[str, Rung] = {}
    for alert in alerts:
        campaign, rung = merged.get(alert.campaign_id, alert.campaign_id), rung_of(alert)
        rungs[campaign] = max(rungs.get(campaign, rung), rung, key=lambda r: (r.many, r.one, r.level, r.at_us))
    return rungs
