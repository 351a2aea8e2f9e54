"""Qrels: graded judgements per query."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from semsearch.errors import UsageError
from semsearch.records import Judgement


@dataclass(frozen=True)
class Qrels:
    """Graded judgements. A pair that is not in here is unjudged, which is not the same as grade 0."""

    grades: Mapping[str, Mapping[str, float]]
    """query_id → item_id → grade (finite; 0 and below is not relevant)."""

    @classmethod
    def of(cls, judgements: Iterable[Judgement]) -> Qrels:
        """Qrels from judgements; raises UsageError when there are none or when two of one pair disagree."""
        return cls.of_placed((f"judgement {n}", judgement) for n, judgement in enumerate(judgements, start=1))

    @classmethod
    def of_placed(cls, judgements: Iterable[tuple[str, Judgement]]) -> Qrels:
        """As `of`; each judgement comes with the place that an error names, such as `qrels.txt:12`."""
        grades: dict[str, dict[str, float]] = {}
        for place, judgement in judgements:
            _add(grades, place, judgement)
        if not grades:
            raise UsageError("The qrels hold no judgement.", "Next: give a file with query, item and grade on a line")
        return cls(grades)

    def __len__(self) -> int:
        return len(self.grades)

    @property
    def n_judgements(self) -> int:
        """Judged pairs over all queries."""
        return sum(map(len, self.grades.values()))

    def __iter__(self) -> Iterator[Judgement]:
        for query_id, items in self.grades.items():
            for item_id, grade in items.items():
                yield Judgement(query_id, item_id, grade)

    def of_queries(self, query_ids: Iterable[str]) -> Qrels:
        """The judgements of these queries only; may be empty."""
        wanted = set(query_ids)
        return Qrels({query_id: items for query_id, items in self.grades.items() if query_id in wanted})


def _add(grades: dict[str, dict[str, float]], place: str, judgement: Judgement) -> None:
    if not math.isfinite(judgement.grade):
        raise UsageError(f"{place}: grade {judgement.grade} is not a finite number.", "Next: correct this line")
    items = grades.setdefault(judgement.query_id, {})
    before = items.setdefault(judgement.item_id, judgement.grade)
    if before != judgement.grade:
        raise UsageError(
            f"{place}: query '{judgement.query_id}' and item '{judgement.item_id}' are judged "
            f"{before:g} and {judgement.grade:g}.",
            "Next: keep one grade for each pair; adjudicate where raters differ",
        )
