"""A batch to be labelled: queries drawn by stratum with all of their pairs, dealt to annotators, with golden pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from semsearch.errors import UsageError
from semsearch.records import Label
from semsearch.relevance.pools import Pool
from semsearch.relevance.rubric import RUBRIC
from semsearch.review.labelling.strata import DIMENSIONS, Drawn, draw, intents_of, values_of
from semsearch.settings import RelevanceSettings
from semsearch.store.labels import Key, effective, item_digest, query_key
from semsearch.store.labels.batches import Golden, Task
from semsearch.store.labels.draws import Draw, Frame, next_place
from semsearch.store.labels.pools import Lookup, Pair


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of queries beside their pairs."""

    labels: Sequence[Label] = ()
    """All that was ever said, by people and models: golden pairs and intents come from it."""
    columns: Mapping[str, Mapping[str, str]] | None = None
    """Dimension → query key → value, from a table of queries."""
    bands: Mapping[str, str] | None = None
    """Query key → band; None: there is no log."""
    draws: Mapping[str, Draw] = field(default_factory=dict)
    """What batches before drew, by their names: it is not drawn from runs again."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A batch that was drawn."""

    tasks: tuple[Task, ...]
    """Those of a query stand together; golden ones last."""
    drawn: Drawn
    gone: tuple[Key, ...]
    """(query, item_id) of pairs whose item is not there any more."""
    n_golden_wanted: int
    """By the setting; there may not be as many."""
    n_before: int = 0
    """Queries of the runs that were left out: a batch before drew them."""

    @property
    def n_golden(self) -> int:
        """Golden pairs in it."""
        return sum(task.golden is not None for task in self.tasks)

    @property
    def n_second(self) -> int:
        """Pairs that two people label."""
        return sum(task.golden is None and (task.second or len(task.annotators) > 1) for task in self.tasks)


def sample(
    pool: Pool,
    known: Known,
    settings: RelevanceSettings,
    *,
    batch: str,
    size: int | None,
    annotators: Sequence[str],
    lookup: Lookup,
    seed: int,
) -> Sampled:
    """Draw `size` queries (None: all) of a pool with all of their pairs.

    Queries of runs that were drawn before are left out. Pairs of a file keep the probability that the file says, times
    that of this draw, and those of a batch the queries that they were drawn from; without a probability they were
    picked on purpose: nobody knows of how many queries they are.
    With `annotators` each query is dealt to one of them, in turn; the overlap's share of the pairs gets a second one.
    Golden pairs are everybody's. Raises UsageError when no pair is left, and for a name twice.
    """
    frame = _frame(pool, known.draws)
    pool, n_before = _not_before(pool, known.draws)
    _check(pool, annotators, n_before)
    rng = np.random.default_rng(seed)
    queries: dict[str, list[Pair]] = defaultdict(list)
    for pair in pool.pairs:
        queries[pair.key[0]].append(pair)
    hits = {key: [pair.item for pair in pairs] for key, pairs in queries.items()}
    values = values_of(hits, columns=known.columns or {}, bands=known.bands, intents=intents_of(known.labels))
    drawn = draw(values, size, rng)
    here = lookup({pair.item_id for key in drawn.probabilities for pair in queries[key]})
    tasks = [
        Task(
            query=pair.query,
            item_id=pair.item_id,
            query_id=pair.query_id,
            item=pair.item,
            batch=batch,
            inclusion_probability=_probability(pair.inclusion_probability, drawn.probabilities[key]),
            frame=frame if pair.of_runs else _handed_on(pair.frame, known.draws),
            stratum=dict(zip(DIMENSIONS, values[key], strict=True)),
            imported=item_digest(here.get(pair.item_id, {})) == item_digest(pair.item),
            ranks=pair.ranks,
        )
        for key in sorted(drawn.probabilities)
        for pair in queries[key]
    ]
    dealt = _dealt(tasks, annotators, settings.overlap, rng)
    wanted = _n_golden(len(dealt), len(annotators), settings)
    golden = _golden(known.labels, {task.key for task in dealt}, batch, annotators, lookup)
    chosen = rng.choice(len(golden), min(wanted, len(golden)), replace=False).tolist() if golden else []
    return Sampled((*dealt, *(golden[i] for i in sorted(chosen))), drawn, pool.gone, wanted, n_before)


def _frame(pool: Pool, draws: Mapping[str, Draw]) -> Frame:
    """The queries of a pool of runs, those too all items of which are gone by now: another day has others gone."""
    return Frame.of({pair.key[0] for pair in pool.pairs} | {query_key(query) for query, _ in pool.gone}, draws)


def _handed_on(frame: Frame | None, draws: Mapping[str, Draw]) -> Frame | None:
    """That of a batch whose queries are drawn again, later than all others."""
    return frame and replace(frame, place=next_place(draws))


def _not_before(pool: Pool, draws: Mapping[str, Draw]) -> tuple[Pool, int]:
    """The pool without queries of runs that were drawn before, and how many these are."""
    drawn = {key for draw in draws.values() for key in draw.chances}
    before = {pair.key[0] for pair in pool.pairs if pair.of_runs} & drawn
    kept = tuple(pair for pair in pool.pairs if pair.key[0] not in before)
    return replace(pool, pairs=kept), len(before)


def _probability(before: float | None, of_draw: float) -> float | None:
    """With which a pair got here; None: its file does not say."""
    return None if before is None else before * of_draw


def _check(pool: Pool, annotators: Sequence[str], n_before: int) -> None:
    if n_before and not pool.pairs:
        raise UsageError(
            f"All {n_before:,} queries of these runs were drawn in batches before.",
            "Next: semsearch label session BATCH --by NAME, or runs of other queries",
        )
    if not pool.pairs:
        raise UsageError(
            f"There is no pair to label: {len(pool.gone):,} items are gone.", "Next: semsearch import items FILE"
        )
    if twice := next((name for name in annotators if annotators.count(name) > 1), None):
        raise UsageError(f"Annotator '{twice}' is named twice.", "Next: name each once")


def _dealt(tasks: Sequence[Task], annotators: Sequence[str], overlap: float, rng: np.random.Generator) -> list[Task]:
    """Queries in turn to each annotator, in a random order; a random share of the pairs to a second one."""
    twice = set(rng.choice(len(tasks), round(overlap * len(tasks)), replace=False).tolist())
    if not annotators:
        return [replace(task, second=i in twice) for i, task in enumerate(tasks)]
    keys = list(dict.fromkeys(task.key[0] for task in tasks))
    turn = {keys[i]: place % len(annotators) for place, i in enumerate(rng.permutation(len(keys)).tolist())}
    dealt = []
    for i, task in enumerate(tasks):
        first = turn[task.key[0]]
        others = [name for place, name in enumerate(annotators) if place != first]
        second = [others[int(rng.integers(len(others)))]] if i in twice and others else []
        dealt.append(replace(task, annotators=(annotators[first], *second)))
    return dealt


def _n_golden(n_pairs: int, n_annotators: int, settings: RelevanceSettings) -> int:
    """So many that they are the setting's share of what one annotator sees."""
    each = n_pairs * (1 + settings.overlap) / n_annotators if n_annotators > 1 else n_pairs
    return round(each * settings.golden / (1 - settings.golden))


def _golden(
    labels: Iterable[Label], taken: set[Key], batch: str, annotators: Sequence[str], lookup: Lookup
) -> list[Task]:
    """Pairs whose grade was adjudicated or given by this rubric, with the item as it was then; sorted."""
    said = effective(labels)
    found: dict[Key, Task] = {}
    for key, each in sorted(said.items()):
        telling = [label for label in each.labels if label.role in ("golden", "adjudication") and label.item]
        comparable = telling and telling[-1].rubric in (RUBRIC, "")
        if key in taken or each.disputed or not comparable:
            continue
        shown = telling[-1]
        found[key] = Task(
            query=shown.query,
            item_id=shown.item_id,
            query_id="",
            item=shown.item,
            batch=batch,
            annotators=tuple(annotators),
            golden=Golden(each.grade_low, each.grade_high, tuple(sorted({label.by for label in each.history
                                                                        if label.source == "person"}))),
        )  # fmt: skip
    here = lookup({item_id for _, item_id in found})
    return [replace(task, imported=item_digest(here.get(task.item_id, {})) == task.item_digest)
            for task in found.values()]  # fmt: skip
