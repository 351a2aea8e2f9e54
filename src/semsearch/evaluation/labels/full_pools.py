"""Which queries people judged whole, of those that a machine judged, and for how many each drawn one stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from semsearch.evaluation.labels.draws import Draw, population, weights
from semsearch.evaluation.labels.labelled import End, Graded, chances
from semsearch.evaluation.qrels import Qrels
from semsearch.records import Judgement, Label

Key = tuple[str, str]
"""(query key, item_id)."""
HIGHEST = 2
"""Grade of the rubric that a pair may have of which nothing is known."""


class Told(Graded, Protocol):
    """What counts of one pair, with all that was ever said of it."""

    @property
    def history(self) -> Sequence[Label]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class FullPools:
    """Queries by who judged them; keys are query keys."""

    machine: tuple[str, ...]
    """That the machine judged and that people's batches were drawn from: what a mean is over."""
    drawn: Mapping[str, float | None]
    """Of these, those that people judged whole and that were drawn: for how many each stands, up to a common factor;
    null where all are alike."""
    n_partly: int
    """People judged some of the machine's pairs of the query, not all: the machine's values count."""
    n_on_purpose: int
    """People judged them whole, but they were picked on purpose: the machine's values count."""
    n_without_machine: int
    """People judged them, the machine did not: left out."""
    n_outside: int = 0
    """The machine judged them, but no batch of people could have drawn them: left out."""
    n_unanswered: int = 0
    """Pairs that it or people were asked, of which the machine says nothing, in queries of which it does."""


def full_pools(
    people: Mapping[Key, Told],
    machine: Mapping[Key, Told],
    *,
    asked: Set[Key] = frozenset(),
    gone: Set[Key] = frozenset(),
    draws: Mapping[str, Draw] | None = None,
    drawn_alike: bool = False,
) -> FullPools:
    """Sort queries; ungradeable labels count: who says so has judged.

    A query's pool is what the machine judged of it and what was `asked` of it. What is stale by either of them, or
    `gone`, is no part of it: nobody can judge it any more. A query was drawn when labels of each of its pairs tell a
    chance (`labelled.chances`); what it stands for then follows from what batches drew, `draws`, and queries that none
    of them could draw are left out. With `drawn_alike` all queries that people judged whole count, and alike: imported
    labels know no probability. Raises UsageError as `draws.weights`, without `drawn_alike`.
    """
    over = gone | {key for pairs in (people, machine) for key, each in pairs.items() if each.stale}
    pools, judged, also = (_by_query(key for key in keys if key not in over) for keys in (machine, people, asked))
    wanted = {query: items | also.get(query, set()) for query, items in pools.items()}
    whole = [query for query, items in wanted.items() if items <= judged.get(query, set())]
    told = {query: _chances(people[query, item] for item in wanted[query]) for query in whole}
    known = {query: chances for query, chances in told.items() if chances}
    inside = pools.keys() if drawn_alike else population(known, pools.keys(), draws or {})
    stands: Mapping[str, float | None] = (
        dict.fromkeys(whole)
        if drawn_alike
        else weights({q: known[q] for q in known if q in inside}, inside, draws or {})
    )
    drawn = {query: stands[query] for query in whole if query in stands}
    return FullPools(
        machine=tuple(query for query in pools if query in inside),
        drawn=drawn,
        n_partly=sum(query in judged and query not in told for query in inside),
        n_on_purpose=sum(query in inside for query in whole) - len(drawn),
        n_without_machine=len(judged.keys() - pools.keys()),
        n_outside=len(pools.keys() - inside),
        n_unanswered=sum((query, item) not in machine for query in inside for item in wanted[query]),
    )


def qrels_by(pairs: Mapping[Key, Graded], ids: Mapping[str, str], end: End) -> Qrels:
    """Judgements of the queries that `ids` names (query key → query_id).

    Of ungradeable and stale pairs nothing is known: they are 0 at the low end and `HIGHEST` at the high one.
    """
    unknown = 0 if end == "low" else HIGHEST
    grades: dict[str, dict[str, float]] = defaultdict(dict)
    for (query, item_id), each in pairs.items():
        grade = each.grade_low if end == "low" else each.grade_high
        if query in ids:
            grades[ids[query]][item_id] = float(unknown if grade is None or each.stale else grade)
    return Qrels.of(Judgement(query, item, grade) for query, of in grades.items() for item, grade in of.items())


def _by_query(pairs: Iterable[Key]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for query, item_id in pairs:
        found[query].add(item_id)
    return dict(found)


def _chances(pairs: Iterable[Told]) -> dict[str, float]:
    """Batch → the lowest chance that labels of a query's pairs tell; none when one of these was picked on purpose."""
    each = [chances(pair.history) for pair in pairs]
    names = {name for told in each for name in told} if all(each) else set()
    return {name: min(told[name] for told in each if name in told) for name in sorted(names)}
