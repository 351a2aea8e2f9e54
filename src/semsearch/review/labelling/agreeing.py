"""How far people agree with each other, from their labels: the ceiling of any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from semsearch.errors import MissingPart
from semsearch.evaluation.labels.agreement import Agreement, AmongRaters, agree
from semsearch.records import Label
from semsearch.relevance.raters import Raters, by_people, unit_of
from semsearch.relevance.rubric import contradiction
from semsearch.store.labels import Key
from semsearch.store.labels.comparing import judged_by_two


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
    people = Raters.of(by_people(labels))
    said, settled, annotators, ratings = people.said, people.settled, people.annotators, people.grades
    duos = [
        Duo(annotators[a], annotators[b], agree(ratings[a], ratings[b], people.queries, seed=seed))
        for a, b in combinations(range(len(annotators)), 2)
        if not np.isnan(ratings[a] + ratings[b]).all()
    ]
    if not duos:
        raise _nobody_shares(settled)
    return PeopleAgreement(
        together=people.agreement(seed=seed),
        duos=tuple(sorted(duos, key=lambda duo: -duo.agreement.n)),
        annotators=annotators,
        n_open=sum(label.grade_low != label.grade_high for label in said),
        n_ungradeable=sum(label.grade_low is None for label in said),
        n_changed=_several((pair, digest) for pair, digest, _ in map(unit_of, settled)),
        rubrics=tuple(sorted({rubric for _, _, rubric in people.units})),
        n_rubrics=_several((pair, rubric) for pair, _, rubric in map(unit_of, settled)),
        n_picked=people.n_picked,
        n_lost=len(judged_by_two(said) - judged_by_two(settled)),
        n_contradicting=sum(contradiction(label) is not None for label in said),
        n_shown=sum(label.shown for label in settled),
    )


def _nobody_shares(settled: Sequence[Label]) -> MissingPart:
    n = len(judged_by_two(settled))
    why = "but of two versions of the item, or by two rubrics (imported labels have none)"
    more = f" Of {n:,} there are grades by two, {why}." if n else ""
    return MissingPart(
        f"No pair was graded by two people, so nothing says how far people agree.{more}",
        "Next: semsearch label session BATCH --order second --by NAME, by another person",
    )


def _several(told: Iterable[tuple[Key, str]]) -> int:
    """Pairs that stand beside more than one version."""
    return sum(n > 1 for n in Counter(pair for pair, _ in set(told)).values())
