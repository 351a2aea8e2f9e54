"""Qrels from labels: judgements at one end of what is open, with the texts of their queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.records import Judgement

End = Literal["low", "high"]


class Graded(Protocol):
    """What counts of one pair, as the store of labels tells it."""

    @property
    def query(self) -> str: ...  # noqa: D102
    @property
    def item_id(self) -> str: ...  # noqa: D102
    @property
    def grade_low(self) -> int | None: ...  # noqa: D102
    @property
    def grade_high(self) -> int | None: ...  # noqa: D102
    @property
    def stale(self) -> bool: ...  # noqa: D102


def qrels_of(effective: Mapping[Any, Graded], end: End = "low") -> Qrels:
    """Judgements under the ids of `query_id_of`; ungradeable and stale pairs are left out: they are unjudged.

    Raises UsageError when none is left.
    """
    kept = (each for each in effective.values() if not each.stale)
    grades = ((each, each.grade_low if end == "low" else each.grade_high) for each in kept)
    return Qrels.of(
        Judgement(query_id_of(each.query), each.item_id, float(grade)) for each, grade in grades if grade is not None
    )


def queries_of(effective: Mapping[Any, Graded]) -> Queries:
    """The texts of the queries, as in `qrels_of`."""
    return Queries({query_id_of(each.query): each.query.strip() for each in effective.values()})
