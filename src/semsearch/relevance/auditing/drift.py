"""What changes when the prompt or the model does, and whether systems keep their order under a machine's grades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.labels.agreement import Agreement
from semsearch.evaluation.labels.labelled import judge_of
from semsearch.evaluation.labels.system_order import Order, system_order
from semsearch.evaluation.qrels import Qrels
from semsearch.records import Label
from semsearch.relevance.auditing.audit import Resampling, Shared
from semsearch.relevance.truths import Truth
from semsearch.store.labels import Key, pair_of, query_key, standing
from semsearch.store.labels.comparing import apart

if TYPE_CHECKING:
    from semsearch.evaluation.runs import Run

Floats = NDArray[np.float64]
Seen = tuple[Key, str]
"""A pair, and the digest of its item as it was judged."""
METRIC = "ndcg@10/judged"
"""That systems are ranked by: over what both people and machine graded."""


@dataclass(frozen=True, eq=False)
class Drift:
    """Two versions of the machine on the same pairs, each MODEL@PROMPT@RUBRIC. Low ends where open."""

    older: str
    newer: str
    """The one whose last label is the newer."""
    agreement: Agreement
    """Of the two: rows of the confusion are the older one's grades."""
    up: float
    """Share of pairs that the newer one grades higher."""
    down: float
    older_and_people: Agreement
    """On the pairs that people graded too."""
    newer_and_people: Agreement


@dataclass(frozen=True, eq=False)
class Ranked:
    """Systems ranked by people's and by the machine's grades of the same pairs, over the queries of all of them."""

    systems: tuple[str, ...]
    end: str
    """low or high, of what is open."""
    order: Order
    n_not_of_all: int
    """Queries that both graded, left out: one of the systems was not asked about them."""


def drifts(labels: Iterable[Label], pairs: Iterable[Shared], resampling: Resampling | None = None) -> list[Drift]:
    """Every two versions that judged the same pairs, the newest first."""
    told: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        if label.source == "model":
            told[judge_of(label)].append(label)
    judges = {judge: _newest(said) for judge, said in sorted(told.items())}
    order = sorted(judges, key=lambda judge: max(label.at for label in judges[judge].values()), reverse=True)
    people = {each.truth.key: each.truth for each in pairs}
    found = (
        _drift(older, newer, judges, people, resampling or Resampling()) for newer, older in combinations(order, 2)
    )
    return [each for each in found if each is not None]


def ranked(
    runs: Sequence[Run],
    texts: Sequence[Mapping[str, str]],
    pairs: Iterable[Shared],
    resampling: Resampling | None = None,
) -> Iterator[Ranked]:
    """Kendall's τ of the systems by people and by machine, over the pairs that both graded, at each end.

    `texts` are of each run query_id → query: queries are the same by their text, whatever id a run gives them. Raises
    UsageError when there is no query with a pair graded by both that all systems were asked about.
    """
    resampling = resampling or Resampling()
    both = [each for each in pairs if each.label and None not in (each.truth.low, each.label.grade_low)]
    graded = {each.truth.key[0] for each in both}
    asked = [{query_key(text) for text in of.values()} & graded for of in texts]
    wanted = set.intersection(*asked)
    if not wanted:
        raise UsageError(
            "There is no query that all these runs answer and of which people and machine graded a pair.",
            f"Next: semsearch grade pairs{''.join(f' --run {run.name}' for run in runs)}",
        )
    known = [_by_text(run, of, wanted) for run, of in zip(runs, texts, strict=True)]
    for end in ("low", "high"):
        grades = [{each.truth.key: each.ends(end)[who] for each in both} for who in (0, 1)]
        values = [_values(known, {key: of for key, of in told.items() if key[0] in wanted}) for told in grades]
        order = system_order(*values, seed=resampling.seed, resamples=resampling.resamples)
        yield Ranked(tuple(run.name for run in runs), end, order, len(set.union(*asked) - wanted))


def _by_text(run: Run, texts: Mapping[str, str], wanted: Set[str]) -> Run:
    """The run with query keys for ids; of two ids of one text the first."""
    hits: dict[str, list[tuple[str, float]]] = {}
    for place, query_id in enumerate(run.query_ids):
        key = query_key(texts[query_id]) if query_id in texts else ""
        if key in wanted and key not in hits:
            of = slice(run.offsets[place], run.offsets[place + 1])
            hits[key] = list(zip(run.item_ids[of].tolist(), run.scores[of].tolist(), strict=True))
    return run.of(hits, run.name)


def _newest(labels: Iterable[Label]) -> dict[Seen, Label]:
    """Of each pair and version of its item, the oldest first."""
    return {(pair_of(label), label.item_digest): label for label in standing(labels)}


def _drift(
    older: str,
    newer: str,
    judges: Mapping[str, Mapping[Seen, Label]],
    people: Mapping[Key, Truth],
    resampling: Resampling,
) -> Drift | None:
    """None when they share no pair that both graded; of several versions of an item the newest that both judged."""
    one, other = judges[older], judges[newer]
    shared = list({pair: (pair, digest) for pair, digest in one if (pair, digest) in other}.values())
    before, after = (_grades(said[seen].grade_low for seen in shared) for said in (one, other))
    known = ~np.isnan(before + after)
    if not known.any():
        return None
    told = _grades(_judged(people.get(seen[0]), one[seen]) for seen in shared)
    queries = [query for (query, _), _ in shared]
    moves = (after - before)[known]
    return Drift(
        older,
        newer,
        resampling.agree(before, after, queries),
        float(np.mean(moves > 0)),
        float(np.mean(moves < 0)),
        resampling.agree(told, np.where(known, before, np.nan), queries),
        resampling.agree(told, np.where(known, after, np.nan), queries),
    )


def _judged(truth: Truth | None, label: Label) -> int | None:
    """What people say of the item that the machine judged."""
    if truth is None or apart(label, truth.labels[-1].item_digest, ""):
        return None
    return truth.low


def _grades(given: Iterable[int | None]) -> Floats:
    return np.array([np.nan if grade is None else grade for grade in given], np.float64)


def _values(runs: Sequence[Run], grades: Mapping[Key, float]) -> Floats:
    """[systems, queries]: the metric by these grades; a query that a system does not answer is 0."""
    of_query: dict[str, dict[str, float]] = defaultdict(dict)
    for (query, item_id), grade in grades.items():
        of_query[query][item_id] = grade
    return np.stack([evaluate(run, Qrels(of_query), [METRIC]).values[METRIC] for run in runs])
