"""How well look-alike posts were joined and alerted, judged by the truth of a simulated stream.

A campaign of 20 posts or more counts as alerted at its n-th post when, before the next one comes, at least half of its
posts so far are in clusters for which an alert stands and that are mostly spam by then. An alert is false when less
than half of its cluster's members at its time are spam; kind `repost` on one author's own copies is right. False
alerts are counted once a cluster, and told per 100,000 posts: a day of 100,000 posts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semsearch.evaluation.intervals import Interval, poisson, student, wilson

EARLY = 20
"""A campaign is caught when it is alerted before its post of this number; smaller ones are not judged."""
A_DAY = 100_000
SPAM = ("campaign", "chat_flood")
_OWN_COPIES = "repost"


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert of a detector, or its raise."""

    cluster: Hashable
    at_us: int
    kind: str = "campaign"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A true campaign of EARLY posts or more."""

    name: str
    kind: str
    family: str
    strength: int
    speed: str
    n_posts: int
    alerted_at: int | None
    """How many posts it had when it was alerted."""

    @property
    def early(self) -> bool:
        return self.alerted_at is not None and self.alerted_at < EARLY


@dataclass(frozen=True, slots=True)
class Pairs:
    """Counts of pairs of posts."""

    both: int = 0
    joined: int = 0
    alike: int = 0

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(self.both + other.both, self.joined + other.joined, self.alike + other.alike)

    @property
    def precision(self) -> float:
        return self.both / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        return self.both / self.alike if self.alike else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.both / (self.joined + self.alike) if self.joined + self.alike else 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """What one stream, or several pooled, gave."""

    n_posts: int
    campaigns: tuple[Campaign, ...]
    false: tuple[str, ...]
    """The prevailing true kind of each false alert."""
    n_alerts: int
    """Clusters with an alert."""
    pairs: Pairs
    f1s: tuple[float, ...]
    """Of each stream."""

    @property
    def n_early(self) -> int:
        return sum(c.early for c in self.campaigns)

    @property
    def early(self) -> float:
        return self.n_early / len(self.campaigns) if self.campaigns else 0.0

    @property
    def early_interval(self) -> Interval:
        return wilson(self.n_early, len(self.campaigns))

    @property
    def median(self) -> float:
        """Posts that a campaign has when it is alerted; one that never is counts as infinite."""
        if not self.campaigns:
            return float("inf")
        return float(np.median([c.alerted_at or np.inf for c in self.campaigns]))

    @property
    def false_a_day(self) -> float:
        return len(self.false) * A_DAY / self.n_posts

    @property
    def false_interval(self) -> Interval:
        ends = poisson(len(self.false))
        return Interval(ends.low * A_DAY / self.n_posts, ends.high * A_DAY / self.n_posts)

    @property
    def f1_interval(self) -> Interval:
        """t over streams."""
        return student(np.array(self.f1s))


def score(
    truth: pl.DataFrame,
    at_us: Sequence[int] | NDArray[np.int64],
    clusters: Sequence[Hashable | None],
    alerts: Iterable[Raised],
    known_us: Sequence[int] | NDArray[np.int64] | None = None,
    pairs: Pairs | None = None,
) -> Score:
    """Judge one stream: rows of `truth`, times and clusters (None: alone) in the order of the posts.

    `known_us` says when it was known that a post is in its cluster, for methods that look back; else at its own time.
    `pairs` may be given where they were counted before.
    """
    times = np.asarray(at_us, np.int64)
    known = times if known_us is None else np.asarray(known_us, np.int64)
    found = _Found(truth, times, known, clusters, alerts)
    false = tuple(kind for name in found.first if (kind := found.false_kind(name)))
    pairs = pairs or pair_counts(clusters, truth["group"].to_list())
    return Score(len(truth), tuple(found.campaigns()), false, len(found.first), pairs, (pairs.f1,))


def pooled(scores: Sequence[Score]) -> Score:
    """Several streams as one."""
    return Score(
        sum(s.n_posts for s in scores),
        tuple(c for s in scores for c in s.campaigns),
        tuple(kind for s in scores for kind in s.false),
        sum(s.n_alerts for s in scores),
        sum((s.pairs for s in scores), Pairs()),
        tuple(f1 for s in scores for f1 in s.f1s),
    )


def pair_counts(clusters: Sequence[Hashable | None], groups: Sequence[Hashable]) -> Pairs:
    """Pairs of posts in one cluster and one group, in one cluster, in one group."""
    both = Counter((c, g) for c, g in zip(clusters, groups, strict=True) if c is not None)
    joined = Counter(c for c in clusters if c is not None)
    return Pairs(_pairs(both), _pairs(joined), _pairs(Counter(groups)))


def _pairs(counts: Counter[Hashable]) -> int:
    return sum(n * (n - 1) // 2 for n in counts.values())


@dataclass(frozen=True, slots=True)
class _Cluster:
    rows: NDArray[np.int64]
    """In the order in which they became known."""
    known: NDArray[np.int64]
    spam: NDArray[np.int64]
    """Running count."""

    def by(self, now_us: int) -> int:
        """Members that are known by then."""
        return int(np.searchsorted(self.known, now_us, side="right"))

    def mostly_spam(self, now_us: int) -> bool:
        n = self.by(now_us)
        return n > 0 and 2 * int(self.spam[n - 1]) >= n


class _Found:
    """What a detector gave, looked up by cluster."""

    def __init__(
        self,
        truth: pl.DataFrame,
        times: NDArray[np.int64],
        known: NDArray[np.int64],
        clusters: Sequence[Hashable | None],
        alerts: Iterable[Raised],
    ) -> None:
        self._truth, self._times, self._known, self._of = truth, times, known, clusters
        self._kinds = truth["kind"].to_list()
        self.first: dict[Hashable, Raised] = {}
        for raised in sorted(alerts, key=lambda each: each.at_us):
            self.first.setdefault(raised.cluster, raised)
        self._clusters = self._members()

    def _members(self) -> dict[Hashable, _Cluster]:
        """The clusters that have an alert."""
        rows: dict[Hashable, list[int]] = {name: [] for name in self.first}
        for row, name in enumerate(self._of):
            if name in rows:
                rows[name].append(row)
        return {name: self._cluster(np.array(own, np.int64)) for name, own in rows.items()}

    def _cluster(self, rows: NDArray[np.int64]) -> _Cluster:
        rows = rows[np.argsort(self._known[rows], kind="stable")]
        spam = np.array([self._kinds[row] in SPAM for row in rows], np.int64)
        return _Cluster(rows, self._known[rows], np.cumsum(spam))

    def false_kind(self, name: Hashable) -> str | None:
        """The true kind that prevails in a cluster whose first alert is false; None for one that is right."""
        raised, cluster = self.first[name], self._clusters[name]
        if cluster.mostly_spam(raised.at_us):
            return None
        members = cluster.rows[: cluster.by(raised.at_us)]
        if not len(members):
            return "nothing"
        kinds = Counter(self._kinds[row] for row in members)
        prevailing = max(sorted(kinds), key=lambda kind: kinds[kind])
        return None if prevailing == raised.kind == _OWN_COPIES else prevailing

    def campaigns(self) -> Iterable[Campaign]:
        numbered = self._truth.with_row_index("row").filter(pl.col("campaign").is_not_null())
        for (name,), own in numbered.group_by("campaign", maintain_order=True):
            if own.height >= EARLY:
                about = own.row(0, named=True)
                rows = own["row"].to_numpy().astype(np.int64)
                yield Campaign(
                    str(name), about["kind"], about["family"], about["strength"], about["speed"], own.height,
                    self._alerted_at(rows),
                )  # fmt: skip

    def _alerted_at(self, rows: NDArray[np.int64]) -> int | None:
        own: dict[Hashable, list[int]] = {}
        for row in rows.tolist():
            if self._of[row] in self.first:
                own.setdefault(self._of[row], []).append(row)
        if not own:
            return None
        ends = np.append(np.maximum(self._times[rows][1:] - 1, self._times[rows][:-1]), np.iinfo(np.int64).max)
        for n, end in enumerate(ends.tolist(), 1):
            if 2 * sum(self._covered(name, members, end) for name, members in own.items()) >= n:
                return n
        return None

    def _covered(self, name: Hashable, members: list[int], now_us: int) -> int:
        """Posts of a campaign that are known to be in one alerted, mostly spam cluster by then."""
        if self.first[name].at_us > now_us or not self._clusters[name].mostly_spam(now_us):
            return 0
        return int((self._known[members] <= now_us).sum())


# --- printing -------------------------------------------------------------------------------


def told(name: str, score: Score, rate: float | None = None) -> str:
    """One line: share alerted early, posts at the alert, false alerts a day, pairs, posts a second."""
    early, false, f1 = score.early_interval, score.false_interval, score.f1_interval
    ends = f" ({f1.low:.3f} to {min(1.0, f1.high):.3f})" if len(score.f1s) > 1 else ""
    return (
        f"{name:<34} early {score.early:6.1%} ({early.low:.1%} to {early.high:.1%}) of {len(score.campaigns)}, "
        f"median {score.median:3.0f}; false a day {score.false_a_day:5.2f} ({false.low:.2f} to {false.high:.2f}); "
        f"pairs P {score.pairs.precision:.3f} R {score.pairs.recall:.3f} F1 {score.pairs.f1:.3f}{ends}"
        + (f"; {rate:,.0f} posts/s" if rate else "")
    )


_SLICES: dict[str, Callable[[Campaign], str]] = {
    "kind": lambda c: c.kind,
    "strength": lambda c: str(c.strength),
    "speed": lambda c: c.speed,
    "family": lambda c: c.family,
}


def slices(score: Score) -> list[str]:
    """Lines: share alerted early and median by kind, strength, speed and family; false alerts by true kind."""
    lines = []
    for title, key in _SLICES.items():
        for value in sorted({key(c) for c in score.campaigns}):
            own = [c for c in score.campaigns if key(c) == value]
            n_early = sum(c.early for c in own)
            ends = wilson(n_early, len(own))
            median = float(np.median([c.alerted_at or np.inf for c in own]))
            lines.append(
                f"  {title} {value:<12} early {n_early / len(own):6.1%} ({ends.low:.1%} to {ends.high:.1%}) "
                f"of {len(own)}, median {median:.0f}"
            )
    false = ", ".join(f"{kind} {n}" for kind, n in Counter(score.false).most_common())
    return [*lines, f"  false alerts by true kind: {false or 'none'} (of {score.n_alerts} clusters with an alert)"]
