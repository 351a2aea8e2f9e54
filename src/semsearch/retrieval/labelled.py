"""What people and models said of the queries that `evaluate run --labels` is about, sorted."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from semsearch.errors import UsageError
from semsearch.evaluation.labels.draws import Draw
from semsearch.evaluation.labels.full_pools import FullPools, full_pools, qrels_by
from semsearch.evaluation.labels.labelled import by_rubric, check_one_judge, is_of, of_judge
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.records import Label
from semsearch.retrieval.saved_runs import saved_names
from semsearch.store.labels import Effective, Key, LabelFiles, blind, digests_of, effective, pair_of, query_key
from semsearch.store.labels.asked import asked_of
from semsearch.store.labels.batches import read_batches
from semsearch.store.labels.draws import draws_of
from semsearch.store.labels.pooled import Pooled, common, options_of, pooled, ranks_of
from semsearch.store.labels.pools import Lookup

if TYPE_CHECKING:
    from semsearch.store.labels.batches import Task
    from semsearch.workspace import Workspace


@dataclass(frozen=True)
class Labelled:
    """What people and models said of the queries that are evaluated."""

    people: Mapping[Key, Effective]
    machine: Mapping[Key, Effective]
    pools: FullPools
    ids: Mapping[str, str]
    """Query key → query_id."""
    queries: Queries
    judged: Qrels
    """What counts of each pair, people before the machine, at the low end."""
    drawn_alike: bool
    judge: str
    """Whose labels are rectified: MODEL@PROMPT@RUBRIC."""
    n_shown: int
    """Labels of people who saw the machine's opinion first: left out."""
    n_other_rubric: int
    """Labels of people by another version of the rubric than the machine's: left out."""
    pooled: Pooled | None = None
    """Of which hits a query's pool is: what all batches of people have. None where no run brought their pairs."""
    n_beyond: int = 0
    """Pairs with labels that are not in such pools: left out."""


def read_labelled(
    workspace: Workspace,
    lookup: Lookup,
    queries: Queries | None = None,
    *,
    drawn_alike: bool = False,
    judge: str | None = None,
) -> Labelled:
    """`labelled` of the labels of a workspace, by the items as they are now and by what its batches drew.

    Only pairs count that all batches of people would have pooled (`store.labels.pooled`). Raises as `labelled`, as
    `pooled.common`, and UsageError for a file of labels, a batch or a pool that cannot be read.
    """
    every = list(LabelFiles(workspace).read())
    batches, names = read_batches(workspace), {label.batch for label in every if label.source == "person"}
    begun = {name: batches[name] for name in sorted(batches.keys() & names)}
    pool = _common(begun)
    beyond = _beyond(pool, workspace, begun)
    said = [label for label in every if pair_of(label) not in beyond] if beyond else every
    now = digests_of(lookup({label.item_id for label in said}))
    concerned = [label for label in said if label.source == "person" or judge is None or is_of(label, judge)]
    asked, draws = asked_of(workspace, concerned, lookup, batches), draws_of(workspace, batches)
    found = labelled(
        said, now, queries, asked=asked.pairs - beyond, gone=asked.gone, draws=draws, drawn_alike=drawn_alike,
        judge=judge, step=to_grade(workspace, pool),
    )  # fmt: skip
    n_beyond = len({pair_of(label) for label in every} & beyond) if beyond else 0
    return replace(found, pooled=pool, n_beyond=n_beyond)


def to_grade(workspace: Workspace, pool: Pooled | None) -> str:
    """What `grade pairs` is to be given: the pool of people's batches, else all runs that are saved, else a file."""
    names = saved_names(workspace.root)
    if pool and set(pool.runs) <= set(names):
        return options_of(pool)
    return " ".join(f"--run {shlex.quote(name)}" for name in names) or "FILE"


def pooled_by_people(workspace: Workspace) -> Pooled | None:
    """What all batches that people began have in common. Raises as `read_labelled`."""
    names = {label.batch for label in LabelFiles(workspace).read() if label.source == "person"}
    return _common({name: tasks for name, tasks in read_batches(workspace).items() if name in names})


def _common(begun: Mapping[str, Sequence[Task]]) -> Pooled | None:
    return common({name: each for name, tasks in begun.items() if (each := pooled(tasks))})


def _beyond(pool: Pooled | None, workspace: Workspace, begun: Mapping[str, Sequence[Task]]) -> Set[Key]:
    """Pairs that some run brought, and none of those of the pool within its depth."""
    if pool is None:
        return frozenset()
    ranks = ranks_of(workspace, (task for tasks in begun.values() for task in tasks))
    return frozenset(key for key, each in ranks.items() if not pool.has(each))


def labelled(
    labels: Iterable[Label],
    digests: Mapping[str, str],
    queries: Queries | None = None,
    *,
    asked: Set[Key] = frozenset(),
    gone: Set[Key] = frozenset(),
    draws: Mapping[str, Draw] | None = None,
    drawn_alike: bool = False,
    judge: str | None = None,
    step: str = "FILE",
) -> Labelled:
    """Sort labels for `powered.evaluate_labelled`; `queries` limits them to its queries and gives these their ids.

    `asked`, `gone` and `draws` as in `full_pools`. `judge` is MODEL, MODEL@PROMPT or MODEL@PROMPT@RUBRIC: whose labels
    are rectified. `step` is what `grade pairs` is given next where nothing is graded. Raises UsageError when no model's
    label is left, for labels of several judges, and as `full_pools`.
    """
    stand, n_shown = blind(labels)
    persons, models = ([s for s in stand if (s.source == "person") is human] for human in (True, False))
    models = of_judge(models, judge) if judge is not None else models
    ids = {query_key(text): query_id for query_id, text in queries.texts.items()} if queries else None
    machine = _within(effective(models, digests), ids)
    if not machine:
        raise UsageError(
            "No model's label is here for these queries, and people's alone need no rectifying.",
            f"Next: semsearch grade pairs {step}, or semsearch label export qrels.txt --format trec, for --qrels",
        )
    one = check_one_judge(each.labels[-1] for each in machine.values())
    persons, n_other = by_rubric(persons, next(iter(machine.values())).labels[-1].rubric)
    people = _within(effective(persons, digests), ids)
    counting = _within(effective([*persons, *models], digests), ids)
    ids = ids or {query: query_id_of(each.query) for (query, _), each in counting.items()}
    pools = full_pools(people, machine, asked=asked, gone=gone, draws=draws, drawn_alike=drawn_alike)
    kept = {query: ids[query] for query in pools.machine}
    texts = {ids[query]: each.query.strip() for (query, _), each in counting.items() if query in kept}
    named = queries.of(kept.values()) if queries else Queries(texts)
    known = {key: each for key, each in counting.items() if each.gradeable and not each.stale}
    judged_by = qrels_by(known, kept, "low")
    return Labelled(people, machine, pools, kept, named, judged_by, drawn_alike, one, n_shown, n_other)


def _within(pairs: dict[Key, Effective], ids: Mapping[str, str] | None) -> dict[Key, Effective]:
    """The pairs of the queries that `ids` has; all without it."""
    return pairs if ids is None else {key: each for key, each in pairs.items() if key[0] in ids}
