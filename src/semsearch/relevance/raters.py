"""People's grades side by side, as far as they can be held against each other: the ceiling of any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.labels.agreement import AmongRaters, among
from semsearch.records import Label
from semsearch.store.labels import Key, pair_of, standing
from semsearch.store.labels.comparing import not_picked

Unit = tuple[Key, str, str]
"""A pair, the digest of its item as it was judged, and the rubric: what people compare on."""


@dataclass(frozen=True, eq=False)
class Raters:
    """What several people settled of the same item as they saw it, by the same rubric."""

    annotators: tuple[str, ...]
    """Who settled a grade, sorted; of these units or of others."""
    units: tuple[Unit, ...]
    """That two people settled, or more."""
    grades: NDArray[np.float64]
    """[annotators, units]: 2, 1 or 0, NaN where one gave none."""
    said: tuple[Label, ...]
    """The newest label of each person and pair, less those of pairs that were picked."""
    settled: tuple[Label, ...]
    """Those of them with one grade."""
    n_picked: int
    """Pairs that two people judged, left out because they were picked by what was known of them (`not_picked`)."""

    @classmethod
    def of(cls, labels: Iterable[Label]) -> Raters:
        """From labels as `by_people` gives them, or some of these."""
        drawn, n_picked = not_picked(list(labels))
        said = {(label.by, pair_of(label)): label for label in drawn}.values()
        settled = [label for label in said if label.grade_low is not None and label.grade_low == label.grade_high]
        annotators = tuple(sorted({label.by for label in settled}))
        units = tuple(unit for unit, n in Counter(map(unit_of, settled)).items() if n > 1)
        return cls(annotators, units, _matrix(settled, annotators, units), tuple(said), tuple(settled), n_picked)

    @property
    def queries(self) -> list[str]:
        """Of each unit."""
        return [query for (query, _), _, _ in self.units]

    def agreement(self, *, seed: int, resamples: int = RESAMPLES) -> AmongRaters:
        """How all agree together; intervals come from resampling queries."""
        return among(self.grades, self.queries, seed=seed, resamples=resamples)


def by_people(labels: Iterable[Label]) -> list[Label]:
    """Labels of people that stand, oldest first, without adjudications."""
    return standing(label for label in labels if label.source == "person" and label.role != "adjudication")


def unit_of(label: Label) -> Unit:
    """What a label can be compared on."""
    return pair_of(label), label.item_digest, label.rubric


def _matrix(settled: Iterable[Label], annotators: Iterable[str], units: Iterable[Unit]) -> NDArray[np.float64]:
    rows, columns = ({name: place for place, name in enumerate(names)} for names in (annotators, units))
    grades = np.full((len(rows), len(columns)), np.nan)
    for label in settled:
        if (column := columns.get(unit_of(label))) is not None:
            grades[rows[label.by], column] = label.grade_low
    return grades
