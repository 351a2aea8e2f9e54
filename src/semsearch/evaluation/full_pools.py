"""Which queries people judged whole, of those that a machine judged, and with what chance each was drawn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from semsearch.errors import UsageError
from semsearch.evaluation.labelled import End, Graded
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
    """All that the machine judged: what a mean is over."""
    drawn: Mapping[str, float | None]
    """Of these, those that people judged whole and that were drawn: the probability, null where all are alike."""
    n_partly: int
    """People judged some of the machine's pairs of the query, not all: the machine's values count."""
    n_on_purpose: int
    """People judged them whole, but they were picked on purpose: the machine's values count."""
    n_without_machine: int
    """People judged them, the machine did not: left out."""
    n_unanswered: int = 0
    """Pairs that it or people were asked, of which the machine says nothing, in queries of which it does."""


def full_pools(
    people: Mapping[Key, Told],
    machine: Mapping[Key, Told],
    *,
    asked: Mapping[str, Set[str]] | None = None,
    drawn_alike: bool = False,
) -> FullPools:
    """Sort queries; stale labels do not count, ungradeable ones do: who says so has judged.

    A query's pool is what the machine judged of it and what `asked` (query key → item_ids) says was asked of it.
    A pair was drawn when any label of a person says with which probability; of several, the lowest is a query's.
    With `drawn_alike` all queries that people judged whole count, and alike: imported labels know no probability.
    Raises UsageError for queries of several batches, without `drawn_alike`: a batch knows the chances of its own draw.
    """
    pools, judged = _by_query(machine), _by_query(people)
    wanted = {query: items | (asked or {}).get(query, set()) for query, items in pools.items()}
    whole = [query for query, items in wanted.items() if items <= judged.get(query, set())]
    chances = {query: _chance(people[query, item] for item in pools[query]) for query in whole}
    drawn = dict.fromkeys(whole) if drawn_alike else {q: chance for q, chance in chances.items() if chance is not None}
    if not drawn_alike:
        _check_one_draw({query: [people[query, item] for item in pools[query]] for query in drawn})
    return FullPools(
        machine=tuple(pools),
        drawn=drawn,
        n_partly=sum(query in judged and query not in chances for query in pools),
        n_on_purpose=len(whole) - len(drawn),
        n_without_machine=len(judged.keys() - pools.keys()),
        n_unanswered=sum((query, item) not in machine for query, items in wanted.items() for item in items),
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


def _by_query(pairs: Mapping[Key, Told]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for (query, item_id), each in pairs.items():
        if not each.stale:
            found[query].add(item_id)
    return dict(found)


def _check_one_draw(drawn: Mapping[str, Sequence[Told]]) -> None:
    """Refuse queries that no one batch drew all of."""
    batches = {
        query: {label.batch for pair in pairs for label in pair.history if label.inclusion_probability is not None}
        for query, pairs in drawn.items()
    }
    if batches and not set.intersection(*batches.values()):
        counts = Counter(batch for names in batches.values() for batch in names)
        told = ", ".join(f"{n:,} in {batch or 'no batch'}" for batch, n in counts.most_common())
        raise UsageError(
            f"Queries that people judged were drawn in several batches ({told}), and a batch does not know "
            "with what chance another one would have drawn its queries: there are no weights for all.",
            "Next: semsearch evaluate run --labels --drawn-alike, if every query had the same chance in each batch",
        )


def _chance(pairs: Iterable[Told]) -> float | None:
    """The lowest probability with which one of them was drawn; None when one was picked on purpose."""
    each = [_drawn(pair.history) for pair in pairs]
    known = [chance for chance in each if chance is not None]
    return min(known) if known and len(known) == len(each) else None


def _drawn(history: Sequence[Label]) -> float | None:
    chances = [label.inclusion_probability for label in history if label.source == "person"]
    return min((chance for chance in chances if chance is not None), default=None)
