"""Which queries people judged whole, of those that a machine judged, and with what chance each was drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from semsearch.evaluation.labelled import End, Graded
from semsearch.evaluation.qrels import Qrels
from semsearch.records import Judgement, Label

Key = tuple[str, str]
"""(query key, item_id)."""


class Told(Graded, Protocol):
    """What counts of one pair, with all that was ever said of it."""

    @property
    def history(self) -> Sequence[Label]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class FullPools:
    """Queries by who judged them; keys are query keys."""

    machine: tuple[str, ...]
    """All that the machine judged: what a mean is over."""
    drawn: Mapping[str, float | None]
    """Of these, those that people judged whole and that were drawn: the probability, null where all are alike."""
    n_partly: int
    """People judged some of the machine's pairs of the query, not all: the machine's values count."""
    n_on_purpose: int
    """People judged them whole, but they were picked on purpose: the machine's values count."""
    n_without_machine: int
    """People judged them, the machine did not: left out."""


def full_pools(people: Mapping[Key, Told], machine: Mapping[Key, Told], *, drawn_alike: bool = False) -> FullPools:
    """Sort queries; stale labels do not count, ungradeable ones do: who says so has judged.

    A pair was drawn when any label of a person says with which probability; of several, the lowest is a query's.
    With `drawn_alike` all queries that people judged whole count, and alike: imported labels know no probability.
    """
    pools, judged = _by_query(machine), _by_query(people)
    whole = [query for query, items in pools.items() if items <= judged.get(query, set())]
    chances = {query: _chance(people[query, item] for item in pools[query]) for query in whole}
    drawn = dict.fromkeys(whole) if drawn_alike else {q: chance for q, chance in chances.items() if chance is not None}
    return FullPools(
        machine=tuple(pools),
        drawn=drawn,
        n_partly=sum(query in judged and query not in chances for query in pools),
        n_on_purpose=len(whole) - len(drawn),
        n_without_machine=len(judged.keys() - pools.keys()),
    )


def qrels_by(pairs: Mapping[Key, Graded], ids: Mapping[str, str], end: End) -> Qrels:
    """Judgements of the queries that `ids` names (query key → query_id); ungradeable and stale pairs are left out."""
    grades: dict[str, dict[str, float]] = defaultdict(dict)
    for (query, item_id), each in pairs.items():
        grade = each.grade_low if end == "low" else each.grade_high
        if query in ids and grade is not None and not each.stale:
            grades[ids[query]][item_id] = float(grade)
    return Qrels.of(Judgement(query, item, grade) for query, of in grades.items() for item, grade in of.items())


def _by_query(pairs: Mapping[Key, Told]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for (query, item_id), each in pairs.items():
        if not each.stale:
            found[query].add(item_id)
    return dict(found)


def _chance(pairs: Iterable[Told]) -> float | None:
    """The lowest probability with which one of them was drawn; None when one was picked on purpose."""
    each = [_drawn(pair.history) for pair in pairs]
    known = [chance for chance in each if chance is not None]
    return min(known) if known and len(known) == len(each) else None


def _drawn(history: Sequence[Label]) -> float | None:
    chances = [label.inclusion_probability for label in history if label.source == "person"]
    return min((chance for chance in chances if chance is not None), default=None)
