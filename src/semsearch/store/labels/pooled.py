"""Which hits of which runs people's batches were pooled from, and what all of them have in common.

A query's pool decides its figures: of a deeper one the best ranking that there could be is another. So a figure from
labels is about one pool for every query, that which all batches of people have, and what was judged beyond it is left
out.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semsearch.errors import UsageError
from semsearch.store.labels.batches import Task
from semsearch.store.labels.counting import Key
from semsearch.store.labels.pools import pool_of

if TYPE_CHECKING:
    from semsearch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Pooled:
    """The first hits of some runs."""

    runs: tuple[str, ...]
    """Their names, sorted."""
    depth: int
    """Hits of each run and query."""

    def has(self, ranks: Mapping[str, int]) -> bool:
        """Whether a pair with these ranks is among them; one that no run is known to have brought is taken to be."""
        return not ranks or any(ranks.get(run, self.depth + 1) <= self.depth for run in self.runs)

    def __str__(self) -> str:
        return f"the first {self.depth:,} hits of {' and '.join(self.runs)}"


def pooled(tasks: Iterable[Task]) -> Pooled | None:
    """What a batch was pooled from, by its pairs; None for pairs of a file."""
    deepest: dict[str, int] = defaultdict(int)
    for task in tasks:
        for run, rank in task.ranks.items():
            deepest[run] = max(deepest[run], rank)
    return Pooled(tuple(sorted(deepest)), max(deepest.values())) if deepest else None


def common(batches: Mapping[str, Pooled]) -> Pooled | None:
    """What all of these batches have, None without any; raises UsageError when no run is in all of them."""
    if not batches:
        return None
    runs = set.intersection(*(set(each.runs) for each in batches.values()))
    if not runs:
        told = "; ".join(f"{name}: {each}" for name, each in batches.items())
        (_, first), *_ = batches.items()
        raise UsageError(
            f"People's batches were pooled from other runs each ({told}): figures over their queries would be of "
            "several pools.",
            f"Next: semsearch label sample BATCH {options_of(first)} --size 60, and label it as the others",
        )
    return Pooled(tuple(sorted(runs)), min(each.depth for each in batches.values()))


def options_of(pooled: Pooled) -> str:
    """Options of `label sample` and `grade pairs` that pool the same."""
    return " ".join([*(f"--run {shlex.quote(run)}" for run in pooled.runs), f"--depth {pooled.depth}"])


def ranks_of(workspace: Workspace, tasks: Iterable[Task]) -> dict[Key, Mapping[str, int]]:
    """Pair → its rank in each run that is known to have brought it, by these batches and by all pools of models.

    Raises UsageError as `pool_of`.
    """
    found: dict[Key, dict[str, int]] = defaultdict(dict)
    for task in tasks:
        found[task.key] |= task.ranks
    for path in sorted(workspace.path("labels", "pools").glob("*.jsonl")):
        for key, pair in pool_of(path).items():
            found[key] |= pair.ranks
    return dict(found)
