"""What people do: sessions of searches, what an engine that is not ours shows them, clicks, chats, purchases.

The engine knows which items fit (it is made), but drops some by the form of the query, adds neighbours and noise,
and prefers new and near items. A click needs a look (position bias, 1/position^0.7) and an attraction by grade.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.simulate.catalogue import CATALOGUE_DAYS, DAY_S, SOLD, Catalogue, Floats, Ints
from semsearch.simulate.intents import FORMS, LEAF, Intents, Levels, Queries
from semsearch.simulate.streams import pick, stream, zipf_weights

SHOWN = 12
"""Results on a page."""
_EXACT, _NEAR, _LOOSE = 12, 6, 5
"""Candidates drawn per search: that fit, that nearly fit, of the same leaf."""
_REACH = dict(zip(FORMS, (0.97, 0.7, 0.6, 0.6, 0.8, 0.75, 0.4, 0.12, 0.9), strict=True))
"""Share of the candidates that the engine finds for each form of a query."""
ATTRACTION = np.array([0.02, 0.13, 0.5])
CHAT = np.array([0.003, 0.012, 0.042])
FAVORITE = np.array([0.01, 0.03, 0.07])
LOG_DAYS = 30
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Searches:
    """Columns of the searches, by time."""

    at_s: Ints
    actor: Ints
    session: Ints
    query: Ints
    region: Ints


@dataclass(frozen=True, slots=True)
class Events:
    """Rows that follow from searches; `search` points at the one that they come from."""

    search: Ints
    item: Ints
    position: Ints
    grade: Ints
    at_s: Ints

    def take(self, chosen: NDArray[np.bool_], delay_s: Ints) -> Events:
        """The chosen rows, `delay_s` (for all rows) seconds later."""
        at_s = (self.at_s + delay_s)[chosen]
        return Events(self.search[chosen], self.item[chosen], self.position[chosen], self.grade[chosen], at_s)


@dataclass(frozen=True, slots=True)
class Log:
    """The whole log in columns."""

    searches: Searches
    n_results: Ints
    impressions: Events
    clicks: Events
    favorites: Events
    chats: Events
    purchases: Events


def live(
    catalogue: Catalogue,
    found: Levels,
    wants: Intents,
    asked: Queries,
    *,
    near: NDArray[np.bool_],
    n_searches: int,
    seed: int,
) -> Log:
    """Let people search `n_searches` times; `near` is bool[n_regions, n_regions]."""
    searches = _searches(wants, asked, len(near), n_searches, stream(seed, "sessions"))
    rng = stream(seed, "engine")
    parts = [
        _serve(catalogue, found, wants, asked, near=near, searches=searches, which=which, rng=rng)
        for which in np.array_split(np.arange(n_searches), range(_CHUNK, n_searches, _CHUNK))
    ]
    impressions = _joined([shown for shown, _ in parts])
    n_results = np.concatenate([counts for _, counts in parts]) if parts else np.empty(0, dtype=np.int64)
    acts = stream(seed, "acts")
    clicks = _clicks(catalogue, impressions, acts)
    favorites = clicks.take(acts.random(len(clicks.item)) < FAVORITE[clicks.grade], _delay(clicks, 5, 60, acts))
    chats = _alive_only(
        catalogue, clicks.take(acts.random(len(clicks.item)) < CHAT[clicks.grade], _delay(clicks, 20, 900, acts))
    )
    return Log(searches, n_results, impressions, clicks, favorites, chats, _purchases(catalogue, chats))


def _searches(wants: Intents, asked: Queries, n_regions: int, n: int, rng: np.random.Generator) -> Searches:
    lengths = 1 + (rng.random(n) < 0.35) + (rng.random(n) < 0.1)
    session = np.repeat(np.arange(n), lengths)[:n]
    turn = np.arange(n) - np.searchsorted(session, session)
    n_sessions = int(session[-1]) + 1 if n else 0
    n_actors = max(1, n // 6)
    actor = pick(rng, zipf_weights(n_actors, 0.5), n_sessions)
    intent = _wanted(wants, actor, n_actors, rng)[session]
    start = _moments(n_sessions, rng)
    gap = np.cumsum(15 + rng.exponential(40, n)).astype(np.int64)
    at_s = start[session] + gap - gap[np.searchsorted(session, session)]
    home = pick(rng, zipf_weights(n_regions, 0.4), n_actors)
    # the later searches of a session are repairs: they lean to the plain spelling, which comes first
    place = rng.random(n) * np.where(turn == 0, 1.0, 0.75)
    query = _queries(asked, asked.speaker[intent], place)
    by_time = np.argsort(at_s, kind="stable")
    who = actor[session]
    return Searches(at_s[by_time], who[by_time], session[by_time], query[by_time], home[who][by_time])


def _wanted(wants: Intents, actor: Ints, n_actors: int, rng: np.random.Generator) -> Ints:
    """An intent per session: by overall demand, or (40 %) from the leaf that the actor cares about."""
    overall = pick(rng, wants.demand, len(actor))
    order = np.argsort(wants.leaf, kind="stable")
    edges = np.concatenate([[0.0], np.cumsum(wants.demand[order])])
    first = np.searchsorted(wants.leaf[order], np.arange(int(wants.leaf.max()) + 2))
    leaf = wants.leaf[pick(rng, wants.demand, n_actors)][actor]
    low, high = edges[first[leaf]], edges[first[leaf + 1]]
    spot = np.searchsorted(edges, low + rng.random(len(actor)) * (high - low), side="right") - 1
    own = order[np.clip(spot, first[leaf], first[leaf + 1] - 1)]
    return np.asarray(np.where(rng.random(len(actor)) < 0.4, own, overall))


def _moments(n: int, rng: np.random.Generator) -> Ints:
    """Starts of sessions over the last LOG_DAYS days, more in the evening (UTC+9) than at night."""
    hours = np.array([3, 2, 1, 1, 1, 1, 2, 4, 5, 5, 5, 6, 7, 6, 6, 6, 6, 6, 7, 8, 10, 11, 10, 6], dtype=np.float64)
    day = rng.integers(0, LOG_DAYS, n)
    local = pick(rng, hours, n) * 3600 + rng.integers(0, 3600, n)
    first = (CATALOGUE_DAYS - LOG_DAYS) * DAY_S
    return np.asarray(first + day * DAY_S + (local - 9 * 3600) % DAY_S - 1800 * (day == LOG_DAYS - 1))


def _queries(asked: Queries, intent: Ints, place: Floats) -> Ints:
    """The query at `place` (0 to 1) of each intent's cumulative weights; every intent has at least one."""
    edges = np.cumsum(asked.weight)
    before = np.concatenate([[0.0], edges])[asked.starts]
    spot = before[intent] + place * (before[intent + 1] - before[intent])
    return np.asarray(
        np.clip(np.searchsorted(edges, spot, side="right"), asked.starts[intent], asked.starts[intent + 1] - 1)
    )


def _serve(
    catalogue: Catalogue,
    found: Levels,
    wants: Intents,
    asked: Queries,
    *,
    near: NDArray[np.bool_],
    searches: Searches,
    which: Ints,
    rng: np.random.Generator,
) -> tuple[Events, Ints]:
    """One chunk of searches: the pages shown, and how many results each had."""
    query, at_s = searches.query[which], searches.at_s[which]
    intent = asked.intent[query]
    rows, sizes = _candidates(found, wants, intent, rng)
    reach = np.array([_REACH[f] for f in FORMS])[asked.form[query]]
    kept = _alive(catalogue, rows, at_s[:, None]) & (rng.random(rows.shape) < reach[:, None]) & _first_of(rows)
    exact = found.keys[wants.level[intent][:, None], rows] == wants.key[intent][:, None]
    nearly = found.keys[wants.near_level[intent][:, None], rows] == wants.near_key[intent][:, None]
    grade = np.where(exact, 2, np.where(nearly, 1, 0))
    age = (at_s[:, None] - catalogue.created_s[rows]) / (CATALOGUE_DAYS * DAY_S)
    local = near[searches.region[which][:, None], catalogue.region[rows]]
    score = 0.9 * grade - 0.6 * age + 0.3 * local + rng.normal(0, 0.7, rows.shape)
    page = np.argsort(np.where(kept, -score, np.inf), axis=1, kind="stable")[:, :SHOWN]
    shown = np.take_along_axis(kept, page, axis=1)
    line, column = np.nonzero(shown)
    picked = page[line, column]
    total = np.where(shown.any(axis=1), np.maximum(kept.sum(axis=1), (sizes * reach * 0.8).astype(np.int64)), 0)
    return Events(which[line], rows[line, picked], column + 1, grade[line, picked], at_s[line]), total


def _candidates(found: Levels, wants: Intents, intent: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows [n, 23] drawn at the exact, near and leaf level; and how many items are exact or near."""
    leaf_level = np.full(len(intent), LEAF)
    plan = (
        (wants.level[intent], wants.key[intent], _EXACT),
        (wants.near_level[intent], wants.near_key[intent], _NEAR),
        (leaf_level, wants.leaf[intent], _LOOSE),
    )
    offset = np.concatenate([[0], np.cumsum([len(s) for s in found.starts])])
    starts = np.concatenate(found.starts)
    drawn = []
    for level, key, width in plan:
        low, high = starts[offset[level] + key], starts[offset[level] + key + 1]
        spot = low[:, None] + (rng.random((len(intent), width)) * (high - low)[:, None]).astype(np.int64)
        drawn.append(found.order[level[:, None], spot])
    level, key, _ = plan[1]
    return np.concatenate(drawn, axis=1), starts[offset[level] + key + 1] - starts[offset[level] + key]


def _first_of(rows: Ints) -> NDArray[np.bool_]:
    """Marks the first of equal entries in each line."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    fresh = np.ones(rows.shape, dtype=np.bool_)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    out = np.empty_like(fresh)
    np.put_along_axis(out, order, fresh, axis=1)
    return out


def _alive(catalogue: Catalogue, rows: Ints, at_s: Ints) -> NDArray[np.bool_]:
    ended = catalogue.ended_s[rows]
    return (catalogue.created_s[rows] <= at_s) & ((ended < 0) | (at_s < ended))


def _clicks(catalogue: Catalogue, shown: Events, rng: np.random.Generator) -> Events:
    appeal = np.exp(rng.normal(0, 0.35, catalogue.n))
    look = shown.position.astype(np.float64) ** -0.7
    clicked = rng.random(len(shown.item)) < np.minimum(look * ATTRACTION[shown.grade] * appeal[shown.item], 0.95)
    return shown.take(clicked, 2 + shown.position * 3)


def _delay(events: Events, shortest_s: int, mean_s: float, rng: np.random.Generator) -> Ints:
    return shortest_s + rng.exponential(mean_s, len(events.item)).astype(np.int64)


def _alive_only(catalogue: Catalogue, events: Events) -> Events:
    fine = _alive(catalogue, events.item, events.at_s) & (events.at_s < CATALOGUE_DAYS * DAY_S)
    return events.take(fine, np.zeros(len(fine), dtype=np.int64))


def _purchases(catalogue: Catalogue, chats: Events) -> Events:
    """Who chatted last about a sold item bought it, at the moment when it ended."""
    sold = catalogue.status[chats.item] == SOLD
    order = np.lexsort((chats.at_s, chats.item))
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = chats.item[order][1:] != chats.item[order][:-1]
    chosen = np.zeros(len(order), dtype=np.bool_)
    chosen[order[last]] = True
    return chats.take(chosen & sold, catalogue.ended_s[chats.item] - chats.at_s)


def _joined(parts: list[Events]) -> Events:
    if not parts:
        empty = np.empty(0, dtype=np.int64)
        return Events(empty, empty, empty, empty, empty)
    return Events(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("search", "item", "position", "grade", "at_s"))
    )
