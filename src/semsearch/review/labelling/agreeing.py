"""How far people agree with each other, from their labels: the ceiling of any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import MissingPart
from semsearch.evaluation.labels.agreement import Agreement, AmongRaters, agree, among
from semsearch.records import Label
from semsearch.relevance.rubric import contradiction
from semsearch.store.labels import Key, pair_of, standing
from semsearch.store.labels.comparing import not_picked

Unit = tuple[Key, str, str]
"""A pair, the version of the item that was judged, and that of the rubric."""


@dataclass(frozen=True, slots=True)
class Duo:
    """Two annotators on the pairs that both settled."""

    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class PeopleAgreement:
    """All annotators together, and every two that share pairs."""

    together: AmongRaters
    duos: tuple[Duo, ...]
    """Those with the most shared pairs first."""
    annotators: tuple[str, ...]
    n_open: int
    """Labels left out: their grade has an open end."""
    n_ungradeable: int
    """Labels left out: the person could not grade."""
    n_changed: int
    """Pairs that people judged on different versions of the item: not compared."""
    rubrics: tuple[str, ...]
    """Versions of the rubric of labels that are compared, each with its own alone; '' is that of imported ones."""
    n_rubrics: int
    """Pairs that people judged by different rubrics: not compared."""
    n_shown: int
    """Labels that count, and whose annotator saw the machine's opinion first."""
    n_picked: int
    """Pairs that two people judged, left out because they were picked by what was known of them (`not_picked`)."""
    n_lost: int
    """Pairs that two people judged and of which fewer settled the grade: not compared."""
    n_contradicting: int
    """Labels whose direct grade is not what their facets give; they are compared as they were given."""


def people_agreement(labels: Iterable[Label], *, seed: int) -> PeopleAgreement:
    """Agreement on the newest labels of each person and pair, without adjudications; machines' labels are passed over.

    Labels of pairs that were picked by what was known of them count only where no two people share one that was drawn.

    Only labels of one version of the item and of the rubric are compared. Intervals come from resampling queries, by
    `seed`. Raises MissingPart unless two people share a settled pair.
    """
    drawn, n_picked = not_picked(_given(labels))
    said = _newest(drawn)
    settled = [label for label in said if label.grade_low is not None and label.grade_low == label.grade_high]
    annotators = tuple(sorted({label.by for label in settled}))
    ratings, queries = _matrix(settled, annotators)
    duos = [
        Duo(annotators[a], annotators[b], agree(ratings[a], ratings[b], queries, seed=seed))
        for a, b in combinations(range(len(annotators)), 2)
        if not np.isnan(ratings[a] + ratings[b]).all()
    ]
    if not duos:
        raise _nobody_shares(settled)
    return PeopleAgreement(
        together=among(ratings, queries, seed=seed),
        duos=tuple(sorted(duos, key=lambda duo: -duo.agreement.n)),
        annotators=annotators,
        n_open=sum(label.grade_low != label.grade_high for label in said),
        n_ungradeable=sum(label.grade_low is None for label in said),
        n_changed=_several((pair, digest) for pair, digest, _ in _units(settled)),
        rubrics=_compared(settled),
        n_rubrics=_several((pair, rubric) for pair, _, rubric in _units(settled)),
        n_picked=n_picked,
        n_lost=len(_by_two(said) - _by_two(settled)),
        n_contradicting=sum(contradiction(label) is not None for label in said),
        n_shown=sum(label.shown for label in settled),
    )


def _nobody_shares(settled: Sequence[Label]) -> MissingPart:
    n = len(_by_two(settled))
    why = "but of two versions of the item, or by two rubrics (imported labels have none)"
    more = f" Of {n:,} there are grades by two, {why}." if n else ""
    return MissingPart(
        f"No pair was graded by two people, so nothing says how far people agree.{more}",
        "Next: semsearch label session BATCH --order second --by NAME, by another person",
    )


def _given(labels: Iterable[Label]) -> list[Label]:
    """Labels of people that stand, oldest first, without adjudications."""
    return standing(label for label in labels if label.source == "person" and label.role != "adjudication")


def _newest(labels: Iterable[Label]) -> list[Label]:
    return list({(label.by, pair_of(label)): label for label in labels}.values())


def _by_two(labels: Iterable[Label]) -> set[Key]:
    """Pairs that two people judged, or more."""
    times = Counter(pair for pair, _ in {(pair_of(label), label.by) for label in labels})
    return {pair for pair, n in times.items() if n > 1}


def _several(told: Iterable[tuple[Key, str]]) -> int:
    """Pairs that stand beside more than one version."""
    return sum(n > 1 for n in Counter(pair for pair, _ in set(told)).values())


def _compared(labels: Iterable[Label]) -> tuple[str, ...]:
    """Rubrics of the pairs that two people settled."""
    counts = Counter(_unit(label) for label in labels)
    return tuple(sorted({rubric for (_, _, rubric), n in counts.items() if n > 1}))


def _unit(label: Label) -> Unit:
    return pair_of(label), label.item_digest, label.rubric


def _units(labels: Iterable[Label]) -> dict[Unit, int]:
    units = dict.fromkeys(map(_unit, labels))
    return {unit: number for number, unit in enumerate(units)}


def _matrix(labels: Sequence[Label], annotators: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """Grades [annotators, n] with NaN where one gave none, and the query of each pair [n]."""
    places, units = {by: row for row, by in enumerate(annotators)}, _units(labels)
    ratings = np.full((len(annotators), len(units)), np.nan)
    for label in labels:
        if label.grade_low is not None:
            ratings[places[label.by], units[_unit(label)]] = label.grade_low
    return ratings, [query for (query, _), _, _ in units]
