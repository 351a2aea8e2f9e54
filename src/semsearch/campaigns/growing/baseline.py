"""How busy a namespace is: posts by hour and category, and what an hour usually brings."""

from __future__ import annotations

HOUR_US = 3_600_000_000
"""One hour in microseconds."""
_DAY_H, _WEEK_H = 24, 168
_THIN = 200
"""A category with fewer finished posts than this is judged by the whole namespace."""


class Baseline:
    """Volumes of one namespace in the last `days`, for asking how much ordinary business lies in a span of time.

    Only *finished* hours count as they were: those before the hour that is asked about. That hour itself is taken to
    bring what the same hour of the week brought (of the day, while there is no such week; else the hour before). So
    the answer does not depend on how posts come in batches, nor on the very posts that are judged.
    """

    def __init__(self, days: float) -> None:
        self._reach = int(days * _DAY_H)
        self._hours: dict[int, dict[str, int]] = {}
        self._totals: dict[int, int] = {}
        self._finished: dict[str | None, int] = {None: 0}
        self._latest = self._first = 0
        self._current: dict[str, int] = {}
        self._changed: set[tuple[int, str]] = set()

    @property
    def since_us(self) -> int:
        """Start of what is kept; nothing before it counts (0 before the first post)."""
        return max(self._latest - self._reach, 0) * HOUR_US

    @property
    def reach_us(self) -> int:
        """Length of what is kept, whole hours in microseconds."""
        return self._reach * HOUR_US

    def saw(self, at_us: int, category: str | None) -> None:
        """Count one post. One that is older than what is kept is left out."""
        hour, name = at_us // HOUR_US, category or ""
        if hour < self._latest:
            self._late(hour, name)
            return
        if hour > self._latest:
            self._open(hour)
        self._current[name] = self._current.get(name, 0) + 1
        self._changed.add((hour, name))

    def put(self, hour_us: int, category: str, n_posts: int) -> None:
        """Take over a stored count; hours must come in ascending order."""
        if hour_us // HOUR_US > self._latest:
            self._open(hour_us // HOUR_US)
        self._current[category] = n_posts

    def take_changed(self) -> dict[tuple[int, str], int]:
        """(start of the hour in microseconds, category) → posts, of all that changed since the last call.

        Whole counts, not differences. A post without category is counted under the empty one.
        """
        changed, self._changed = self._changed, set()
        kept = ((hour, name) for hour, name in sorted(changed) if hour in self._hours)
        return {(hour * HOUR_US, name): self._hours[hour][name] for hour, name in kept}

    def business(self, since_us: int, until_us: int, category: str | None) -> tuple[float, float]:
        """Hours of ordinary business in (since, until], and before `since`, as far back as volumes are kept.

        One such hour is as many posts as the mean finished hour brought, of the category when it has enough of them.
        The first hour is left out: nobody knows when in it the stream began. Without another finished hour the
        clock's own hours are returned, and none before.
        """
        hour, name = until_us // HOUR_US, category or None
        total = self._before(hour, name)
        if name and total < _THIN:
            name, total = None, self._before(hour, None)
        n_hours = sum(1 for h in self._hours if self._first < h < hour)
        if not total or not n_hours:
            return (until_us - since_us) / HOUR_US, 0.0
        mean = total / n_hours
        since = self._reached(since_us, hour, name)
        return max(self._reached(until_us, hour, name) - since, 0.0) / mean, since / mean

    def _open(self, hour: int) -> None:
        """Finish the current hour, start another, drop what is out of reach."""
        self._totals[self._latest] = sum(self._current.values())
        self._add(self._current, 1)
        self._latest, self._current = hour, {}
        self._hours[hour] = self._current
        for old in [h for h in self._hours if h < hour - self._reach]:
            self._add(self._hours.pop(old), -1)
            del self._totals[old]
        self._first = min(self._hours)

    def _add(self, cell: dict[str, int], sign: int) -> None:
        for name, n_posts in cell.items():
            self._finished[name] = self._finished.get(name, 0) + sign * n_posts
            self._finished[None] += sign * n_posts

    def _late(self, hour: int, name: str) -> None:
        if hour < self._latest - self._reach:
            return
        cell = self._hours.setdefault(hour, {})
        cell[name] = cell.get(name, 0) + 1
        self._totals[hour] = self._totals.get(hour, 0) + 1
        self._add({name: 1}, 1)
        self._changed.add((hour, name))
        self._first = min(self._first, hour)

    def _volume(self, hour: int, name: str | None) -> int:
        if name is None:
            return self._totals.get(hour, 0)
        return self._hours.get(hour, self._current).get(name, 0) if hour in self._hours else 0

    def _before(self, hour: int, name: str | None) -> int:
        """Posts of finished hours after the first and before `hour`, summed from the nearer end."""
        if hour - self._first < self._latest - hour:
            return sum(self._volume(h, name) for h in range(self._first + 1, hour))
        later = sum(self._volume(h, name) for h in range(hour, self._latest))
        return self._finished.get(name, 0) - self._volume(self._first, name) - later

    def _reached(self, at_us: int, now: int, name: str | None) -> float:
        """Posts up to a moment, as seen from hour `now`, which is not finished."""
        hour = at_us // HOUR_US
        if hour <= self._first:
            return 0.0
        volume = self._usual(hour, name) if hour == now else self._volume(hour, name)
        return self._before(hour, name) + volume * (at_us - hour * HOUR_US) / HOUR_US

    def _usual(self, hour: int, name: str | None) -> float:
        for step in (_WEEK_H, _DAY_H):
            past = [self._volume(h, name) for h in range(hour - step, self._first - 1, -step)]
            if past:
                return sum(past) / len(past)
        return float(self._volume(hour - 1, name))
