"""One query through both legs of a release, before fusion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from semsearch.errors import UsageError
from semsearch.index.dense import Floats, Mask, Ranked, matching
from semsearch.records import LegScore

if TYPE_CHECKING:
    from semsearch.index.release import Release
    from semsearch.text.plan import QueryPlan

Mode = Literal["hybrid", "dense", "lexical"]
Fusion = Literal["rrf", "score"]
NOTHING = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which items may be found."""

    now: datetime
    """UTC-aware; items must be alive then."""
    where: str | None = None
    """A filter expression (index.where)."""
    near_region: str | None = None
    """A region by id or name; its neighbours are let in too."""
    include_ended: bool = False
    """Also items that are not alive."""


@dataclass(frozen=True, slots=True)
class Legs:
    """What each leg says of one query, over the allowed items only."""

    plan: QueryPlan
    vector: Floats | None
    """The encoded query; null in lexical mode and when the encoder knows nothing in it."""
    dense: Ranked
    lexical: Ranked
    all_lexical: Floats
    """Lexical score of every row, allowed or not; 0 is no match; empty in dense mode."""
    depth: int
    """Where both were cut; a leg with fewer rows has no more."""

    @property
    def complete(self) -> bool:
        """Whether neither leg has more rows below the cut."""
        return max(self.dense.rows.size, self.lexical.rows.size) < self.depth


def lexical_leg(release: Release, plan: QueryPlan, depth: int, allowed: Mask | None) -> tuple[Ranked, Floats]:
    """The best `depth` allowed rows that match a term, and the scores of all rows."""
    if not plan.terms:
        return NOTHING, np.zeros(len(release), np.float32)
    scores = release.lexical.scores(plan)
    return matching(scores, depth, allowed), scores


def check_mode(mode: str) -> Mode:
    """Raises UsageError for a word that is not a mode."""
    if mode not in get_args(Mode):
        raise UsageError(f"No mode '{mode}'.", f"Modes: {', '.join(get_args(Mode))}")
    return mode  # type: ignore[return-value]


def check_fusion(rule: str) -> Fusion:
    """Raises UsageError for a word that is not a fusion rule."""
    if rule not in get_args(Fusion):
        raise UsageError(f"No fusion rule '{rule}'.", f"Rules: {', '.join(get_args(Fusion))}")
    return rule  # type: ignore[return-value]


def lexical_place(legs: Legs, row: int, allowed: Mask | None) -> LegScore | None:
    """Rank of one row in the lexical leg, however deep, among the allowed rows; None without a match."""
    scores = legs.all_lexical
    if not scores.size or scores[row] <= 0:
        return None
    return _place(scores, row, allowed)


def dense_place(scores: Floats, row: int, allowed: Mask | None) -> LegScore | None:
    """Likewise for the dense leg, from the cosines of all rows; None without a vector."""
    return None if scores[row] == -np.inf else _place(scores, row, allowed)


def _place(scores: Floats, row: int, allowed: Mask | None) -> LegScore:
    """1 + the allowed rows that come before: a higher score, or the same one and a smaller row."""
    before = scores > scores[row]
    before[:row] |= scores[:row] == scores[row]
    ahead = before if allowed is None else before & allowed
    return LegScore(int(np.count_nonzero(ahead)) + 1, float(scores[row]))
