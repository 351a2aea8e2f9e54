"""Which pairs were to be judged, of queries that somebody began."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semsearch.records import Label
from semsearch.store.labels import Key, pair_of, query_key
from semsearch.store.labels.batches import Task
from semsearch.store.labels.pools import Lookup, Pair, read_pool
from semsearch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """Pairs that were to be judged, of queries that somebody began."""

    pairs: frozenset[Key] = frozenset()
    """That people are asked of, and those that a model was asked of and did not answer."""
    gone: frozenset[Key] = frozenset()
    """Of these, and of those that a model answered, those whose item is gone: they are nobody's task."""


def asked_of(
    workspace: Workspace, labels: Iterable[Label], lookup: Lookup, batches: Mapping[str, Sequence[Task]]
) -> Asked:
    """By the batches of people in which they labelled a query, and by the pools in which a model did.

    `batches` are all that there are, by name. Raises UsageError for a pool that cannot be read.
    """
    given = list(labels)
    people = _begun(label for label in given if label.source == "person")
    models = _begun(label for label in given if label.source == "model")
    answered = {pair_of(label) for label in given if label.source == "model"}
    tasks: list[Task | Pair] = [
        task
        for batch in sorted(people.keys() & batches.keys())
        for task in batches[batch]
        if task.key[0] in people[batch] and task.golden is None
    ]
    tasks += [
        pair for batch in sorted(models) for key, pair in read_pool(workspace, batch).items() if key[0] in models[batch]
    ]
    here = lookup({task.item_id for task in tasks if task.imported})
    gone = frozenset(task.key for task in tasks if task.imported and task.item_id not in here)
    wanted = frozenset(task.key for task in tasks if isinstance(task, Task) or task.key not in answered)
    return Asked(wanted - gone, gone)


def _begun(labels: Iterable[Label]) -> dict[str, set[str]]:
    """Batch → keys of the queries that were labelled in it."""
    begun: dict[str, set[str]] = defaultdict(set)
    for batch, query in {(label.batch, label.query) for label in labels if label.batch}:
        begun[batch].add(query_key(query))
    return begun
