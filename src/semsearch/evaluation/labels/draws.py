"""For how many queries each stands that people judged: of one draw, or of several in turn.

A batch draws queries of a frame, each with a known chance, from what the batches before it left. So the queries that
these drew, counted once, and its own, counted 1 / chance, add up to the total of the frame on average, whatever was
drawn before; and so does any mixture of such sums of several batches. The mixture here is the one in which queries that
were all drawn with the same chance count the same. Batches are taken in the order in which they were drawn
(`Draw.place`); their names decide nothing. One that drew queries of another batch again speaks for these.
Source: Des Raj, "Some estimators in sampling with varying probabilities without replacement", JASA 51, 1956.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import Protocol

from semsearch.errors import UsageError


class Frame(Protocol):
    """The queries that a batch was drawn from."""

    @property
    def queries(self) -> int: ...  # noqa: D102
    @property
    def digest(self) -> str: ...  # noqa: D102
    @property
    def before(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def again_of(self) -> str: ...  # noqa: D102
    @property
    def keys(self) -> Set[str] | None: ...  # noqa: D102


class Draw(Protocol):
    """What one batch drew, as `store.labels.draws` tells it."""

    @property
    def chances(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def frame(self) -> Frame | None: ...  # noqa: D102
    @property
    def place(self) -> tuple[float, int, tuple[str, ...]]: ...  # noqa: D102


def population(judged: Mapping[str, Mapping[str, float]], wanted: Set[str], draws: Mapping[str, Draw]) -> Set[str]:
    """Of the wanted queries those that people's labels speak for: of the frame that the last batch was drawn from.

    `judged` and errors as in `weights`. All of them when nobody kept which queries that were, or nothing was drawn.
    """
    last = _leading(judged, draws)
    frame = draws[last].frame if last and last in draws else None
    return wanted if frame is None or frame.keys is None else wanted & frame.keys


def weights(judged: Mapping[str, Mapping[str, float]], wanted: Set[str], draws: Mapping[str, Draw]) -> dict[str, float]:
    """Query key → for how many queries it stands, up to a common factor.

    `judged` are the drawn queries that people judged whole: key → name of each batch in which they did, to the chance
    that their labels tell. `wanted` are all queries that a mean is over, `draws` the batches of which there are files.
    The queries of a batch that were not judged are taken for a random part of it.

    Raises UsageError when no batch drew from what all others had left, when one of these was not judged at all, and
    when more queries are wanted than there were to draw from.
    """
    last = _leading(judged, draws)
    if last is None:
        return {}
    parts = _parts(last, wanted, draws)
    _check(last, parts, judged, wanted, draws)
    if len(parts) == 1:
        return {query: 1 / (told.get(last) or draws[last].chances[query]) for query, told in judged.items()}
    shares = {name: len(part & judged.keys()) / max(len(part), 1) for name, part in parts.items()}
    mixed = _mixture(last, shares, draws)
    return {
        query: stands * sum(alpha * _stands(query, of, draws) for of, alpha in mixed.items())
        for name, part in parts.items()
        for query, stands in _within(name, part, judged, draws).items()
    }


def _leading(judged: Mapping[str, Mapping[str, float]], draws: Mapping[str, Draw]) -> str | None:
    """The batch that the weights go by: one that all queries are of, else that which left out what all others drew."""
    names = _in_order({name for chances in judged.values() for name in chances}, draws)
    together = [name for name in names if all(name in chances for chances in judged.values())]
    if together or not names:
        return min(together, key=lambda name: sum(chances[name] for chances in judged.values()), default=None)
    frames = {name: draws[name].frame for name in names if name in draws}
    whole = {frame.again_of if (frame := frames.get(name)) and frame.again_of in draws else name for name in names}
    found = next((name for name in whole if whole - {name} <= _before(name, draws).keys()), None)
    if found is None:
        raise _apart(judged)
    return found


def _in_order(names: Iterable[str], draws: Mapping[str, Draw]) -> list[str]:
    """As they were drawn; those of which there is no file last."""
    return sorted(names, key=lambda name: (0, draws[name].place) if name in draws else (1, name))


def _before(name: str, draws: Mapping[str, Draw]) -> Mapping[str, int]:
    """Batches that were drawn before this one, to how many queries of its frame they drew."""
    frame = draws[name].frame if name in draws else None
    return frame.before if frame else {}


def _parts(last: str, wanted: Set[str], draws: Mapping[str, Draw]) -> dict[str, Set[str]]:
    """Batches in the order in which they drew, the last of them `last`, to their wanted queries; each query once."""
    before = _before(last, draws)
    if gone := next((name for name, n in before.items() if n and name not in draws), None):
        raise UsageError(
            f"Batch '{last}' was drawn from what '{gone}' had left, and labels/batches/{gone}.jsonl is not there.",
            "Next: bring the file back from git, then semsearch evaluate run --labels",
        )
    found: dict[str, Set[str]] = {}
    left = set(wanted)
    for name in (*_in_order(before.keys() & draws.keys(), draws), last):
        part = left & draws[name].chances.keys() if name in draws else set()
        if part or name == last:
            found[name] = part
            left -= part
    return found


def _mixture(last: str, shares: Mapping[str, float], draws: Mapping[str, Draw]) -> dict[str, float]:
    """Batch → the share of its sum, up to a common factor, of those that drew from the same frame as the last.

    Shares follow from sizes alone: from the last batch back, each is what it adds to a chance that is the same for all.
    `shares` are those of each batch's queries that were judged, in the order in which they drew.
    """
    frame, found, later = draws[last].frame, {}, 0.0
    for name in reversed(list(shares)):
        own = draws[name].frame
        if frame is None or own is None or own.digest != frame.digest:
            continue
        rate = len(draws[name].chances) / max(own.queries - sum(own.before.values()), 1)
        found[name] = max(0.0, rate * (shares[name] - later))
        later += found[name]
    return found


def _stands(query: str, of: str, draws: Mapping[str, Draw]) -> float:
    """What a query counts in the sum of batch `of`."""
    if query in draws[of].chances:
        return 1 / draws[of].chances[query]
    return float(any(name in draws and query in draws[name].chances for name in _before(of, draws)))


def _within(
    name: str, part: Set[str], judged: Mapping[str, Mapping[str, float]], draws: Mapping[str, Draw]
) -> dict[str, float]:
    """Judged queries of a batch's part → for how many of the part each stands.

    As drawn again, when all were judged in one batch that did so; else they are taken for a random part.
    """
    found = [query for query in judged if query in part]
    again = [
        draws[other].chances
        for other in _in_order(draws, draws)
        if (frame := draws[other].frame) and frame.again_of == name and all(other in judged[q] for q in found)
    ]
    if not found or not again:
        return dict.fromkeys(found, len(part) / max(len(found), 1))
    stands = len(part & again[-1].keys()) / len(found)
    return {query: stands * draws[name].chances[query] / again[-1][query] for query in found}


def _check(
    last: str,
    parts: Mapping[str, Set[str]],
    judged: Mapping[str, Mapping[str, float]],
    wanted: Set[str],
    draws: Mapping[str, Draw],
) -> None:
    frame = draws[last].frame if last in draws else None
    if frame and len(wanted) > frame.queries:
        raise UsageError(
            f"The model judged {len(wanted):,} queries, and batch '{last}' was drawn from {frame.queries:,}: the "
            "others could not be drawn, so people's labels do not speak for them.",
            "Next: semsearch evaluate run --labels --queries FILE, with the queries that the batch was drawn from",
        )
    if any(len(parts[name]) > n for name, n in _before(last, draws).items() if name in parts):
        raise _apart(judged)
    if idle := next((name for name, part in parts.items() if name != last and not part & judged.keys()), None):
        raise UsageError(
            f"Batch '{last}' was drawn from what '{idle}' had left, and people judged no query of '{idle}' whole: "
            "nobody speaks for what it drew.",
            f"Next: semsearch label session {idle} --by NAME",
        )


def _apart(judged: Mapping[str, Mapping[str, float]]) -> UsageError:
    counts = Counter(name for chances in judged.values() for name in chances)
    told = ", ".join(f"{n:,} in {name or 'no batch'}" for name, n in counts.most_common())
    return UsageError(
        f"Queries that people judged were drawn in several batches ({told}), and none of them was drawn from what the "
        "others had left of the same queries: there are no weights for all.",
        "Next: semsearch label sample BATCH --run RUN --size 60, with the runs of all these queries, and label it: it "
        "speaks for those that were not drawn. Or --drawn-alike, if every query had the same chance in each batch",
    )
