"""What found the sanctioned accounts: verdicts of the LLM, alerts of look-alike campaigns, and what others reported.

Everything is counted in accounts. An account is *sanctioned* from its first imported sanction, or from the first
confirmation in force that covers a post of its own, unless a person allowed it. A route has *found* it when it pointed
at it by then, in the time of posts: the LLM by the first post that a verdict flagged, look-alike when a post of the
account was in a campaign with an alert (the later of the two), an imported route when its report or sanction says so.
So both count as if each post had been judged and scanned when it was written: when an alert of an old log was raised
by the clock on the wall is written nowhere. When the LLM was asked is; what it found in hindsight is counted beside.
What points at an account later has not found it. A verdict that members of a campaign have by reference points at
nobody, nor does one of a profile that people took back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from semsearch.evaluation.intervals import Interval, wilson
from semsearch.records import Decision
from semsearch.review.cases import Cases
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.reports import Reports
from semsearch.store.times import to_us

LLM = "llm"
LOOK_ALIKE = "look-alike"
BY_POSTS = (LLM, LOOK_ALIKE)
"""Routes that point in the time of posts."""
Times = Mapping[str, int]
"""Account to microseconds UTC."""


class Pointing(NamedTuple):
    """A route pointed at an account."""

    route: str
    author_id: str
    at_us: int
    """Microseconds UTC."""
    by_sanction: bool = False
    """Whether only a sanction says so: of a route's sanctions all are sanctioned, which tells nothing of precision."""
    said_us: int | None = None
    """When it was said, where that is known and may be another time."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. Shares without a denominator are None: unknown, not 0."""

    route: str
    n_pointed: int
    """Accounts that it pointed at; `n_found + n_late + n_wrong + n_undecided`."""
    n_found: int
    """Sanctioned, and not before it pointed at them."""
    n_hindsight: int | None
    """Of these: said only after the sanction, of posts from before it. Null where nobody knows when it was said."""
    n_late: int
    """Sanctioned before."""
    n_wrong: int
    """Not sanctioned: a person dismissed what there was of them, or allowed them, since it pointed at them."""
    n_undecided: int
    n_judged: int
    """What precision is a share of: those found that it reported itself (not by a sanction alone), and the wrong."""
    precision: float | None
    precision_interval: Interval | None
    """Wilson, 95 %."""
    share: float | None
    """Found, of all sanctioned accounts."""
    share_interval: Interval | None
    """Wilson, 95 %."""
    n_alone: int
    """Found by no other route."""
    n_first: int
    """Found by no other route of its clock earlier; those of the same moment count for each.

    The LLM and look-alike, which go by the time of posts, are compared with each other; the others, which go by what
    they report, with each other.
    """
    overlap: Mapping[str, int]
    """Accounts that it and another route found, by route; by its own name `n_found`."""


@dataclass(frozen=True, slots=True)
class Routes:
    """The table."""

    n_sanctioned: int
    n_unfound: int
    """Sanctioned accounts that no route had pointed at by then."""
    routes: tuple[Route, ...]
    """llm and look-alike first, then the others, those that found most first."""


def routes(store: Store, now: datetime) -> Routes:
    """The table of a workspace."""
    cases = Cases(store, now)
    flagged = cases.flags.authors()
    imported = Reports(store).pointings()
    names = _names(each.route for each in imported)
    pointings = [Pointing(LLM, each.author_id, each.posted_us, said_us=each.asked_us) for each in flagged]
    pointings += [Pointing(LOOK_ALIKE, *one) for one in cases.campaigns.alerted_authors().items()]
    pointings += [
        Pointing(names[each.route], each.author_id, each.at_us, each.kind == "sanction", each.at_us)
        for each in imported
    ]
    allowed = {name: to_us(decision.at) for name, decision in cases.allowances().items()}
    confirmed = [one for one in _decided(store, cases.confirmations()) if one[0] not in allowed]
    sanctions = [(each.author_id, each.at_us) for each in imported if each.kind == "sanction"]
    dismissed = _decided(store, cases.dismissals())
    return route_table(pointings, _each(min, sanctions + confirmed), _each(max, [*dismissed, *allowed.items()]))


def route_table(pointings: Iterable[Pointing], sanctioned: Times, cleared: Times) -> Routes:
    """The table from who pointed at whom, when accounts were sanctioned first, and when people cleared them last.

    Of an account that is in both the sanction counts.
    """
    first: dict[str, dict[str, int]] = {LLM: {}, LOOK_ALIKE: {}}
    said: dict[str, dict[str, int]] = {}
    reported: dict[str, set[str]] = {}
    for route, author_id, at_us, by_sanction, said_us in pointings:
        _keep_first(first.setdefault(route, {}), author_id, at_us)
        if said_us is not None:
            _keep_first(said.setdefault(route, {}), author_id, said_us)
        reported.setdefault(route, set()).update(() if by_sanction else (author_id,))
    found = {route: _in_time(held, sanctioned) for route, held in first.items()}
    ends = Ends(sanctioned, {name: at_us for name, at_us in cleared.items() if name not in sanctioned})
    told = ((route, held, Told(said.get(route, {}), reported.get(route, set()))) for route, held in first.items())
    rows = [_route(route, held, found, each, ends) for route, held, each in told]
    rows.sort(key=lambda row: (row.route != LLM, row.route != LOOK_ALIKE, -row.n_found, row.route))
    n_found = len({name for held in found.values() for name in held})
    return Routes(len(sanctioned), len(sanctioned) - n_found, tuple(rows))


class Ends(NamedTuple):
    """What was decided on accounts, and when; none is in both."""

    sanctioned: Times
    cleared: Times


class Told(NamedTuple):
    """What is known of how a route pointed."""

    said: Times
    """When it was said first; not of all."""
    reported: Collection[str]
    """Accounts that it pointed at by more than a sanction."""


def _route(route: str, held: Times, found: Mapping[str, Times], told: Told, ends: Ends) -> Route:
    own, (sanctioned, cleared) = found[route], ends
    others = {name: times for name, times in found.items() if name != route}
    comparable = [times for name, times in others.items() if (name in BY_POSTS) == (route in BY_POSTS)]
    late, wrong = len(held.keys() & sanctioned.keys()) - len(own), _in_time(held, cleared)
    n_right = len(own.keys() & set(told.reported))
    n_judged = n_right + len(wrong)
    return Route(
        route,
        n_pointed=len(held),
        n_found=len(own),
        n_hindsight=sum(told.said[name] > sanctioned[name] for name in own) if own.keys() <= told.said.keys() else None,
        n_late=late,
        n_wrong=len(wrong),
        n_undecided=len(held) - len(own) - late - len(wrong),
        n_judged=n_judged,
        precision=n_right / n_judged if n_judged else None,
        precision_interval=wilson(n_right, n_judged) if n_judged else None,
        share=len(own) / len(sanctioned) if sanctioned else None,
        share_interval=wilson(len(own), len(sanctioned)) if sanctioned else None,
        n_alone=sum(not any(name in times for times in others.values()) for name in own),
        n_first=sum(all(at_us <= times.get(name, at_us) for times in comparable) for name, at_us in own.items()),
        overlap={name: len(own.keys() & times.keys()) for name, times in found.items()},
    )


def _keep_first(held: dict[str, int], name: str, at_us: int) -> None:
    held[name] = min(at_us, held.get(name, at_us))


def _in_time(held: Times, ended: Times) -> Times:
    """Those that were pointed at by the time at which it was decided on them."""
    return {name: at_us for name, at_us in held.items() if name in ended and at_us <= ended[name]}


def _decided(store: Store, decisions: Sequence[Decision]) -> list[tuple[str, int]]:
    """(author of a covered post, when it was decided)."""
    at_us = {each.decision_id: to_us(each.at) for each in decisions}
    return [(author, at_us[number]) for author, number, _ in Decisions(store).authors(decisions)]


def _each(choose: Callable[[int, int], int], given: Iterable[tuple[str, int]]) -> dict[str, int]:
    """One time an account."""
    found: dict[str, int] = {}
    for name, at_us in given:
        found[name] = choose(at_us, found.get(name, at_us))
    return found


def _names(given: Iterable[str]) -> dict[str, str]:
    """Each imported name and the one that it counts under: case and runs of white space tell no routes apart."""
    spellings: dict[str, str] = {LLM: LLM, LOOK_ALIKE: LOOK_ALIKE}
    return {name: spellings.setdefault(" ".join(name.split()).casefold(), name) for name in sorted(set(given))}
