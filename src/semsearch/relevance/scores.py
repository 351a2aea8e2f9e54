"""How a way of asking does on pairs that people graded: κ that nobody can raise by keeping silent, and its price.

Where people grade a pair and the machine does not (an abstention, or *ungradeable*), figures are the least that they
can be, whatever it would have said (`grade_tables.at_worst`): any answer is at least as good. Where a grade is open,
each of its ends counts half. Whole queries are resampled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.labels.agreement import GRADES
from semsearch.evaluation.labels.grade_tables import (
    KAPPA,
    SHARE,
    Estimate,
    Resampler,
    at_worst,
    codes_of,
    exact_of,
    kappa_of,
    of_share,
    summed,
    tables_with_silence,
)
from semsearch.progress import Progress, silent
from semsearch.relevance.asking.judging import Judging, blank
from semsearch.relevance.grading import Asks, Graded, grade_pairs
from semsearch.relevance.truths import Truth

Floats = NDArray[np.float64]
ENDS = ("low", "high")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way of asking that is tried."""

    name: str
    """Of the variant, or the id of the prompt."""
    judging: Judging


@dataclass(frozen=True, slots=True)
class Score:
    """How a candidate did on some pairs."""

    name: str
    prompt_hash: str
    weighted_kappa: Estimate
    """Cohen's, quadratic weights; what is chosen by. Like the others the least, where the machine was silent."""
    kappa: Estimate
    exact: Estimate
    """Share of pairs with the same grade."""
    constant_exact: float
    """The same share for a predictor that always says these pairs' commonest grade; its κ is 0."""
    n: int
    """Pairs that people graded."""
    n_queries: int
    n_graded: int
    """Of the pairs, those that the machine graded too."""
    n_open: int
    """Of these, those with two ends."""
    n_ungradeable: int
    """Pairs that the machine calls ungradeable."""
    causes: Mapping[str, int]
    """Abstentions by cause."""
    cost_usd: float
    """A pair, when it was asked; 0 for a model without a price."""
    n_tokens: float
    """A pair, sent and received."""
    tables: Floats = field(repr=False, compare=False)
    """[queries, 3, 4]: people's grades in rows, the machine's in columns, the last of which is silence."""


@dataclass(frozen=True, slots=True)
class Market:
    """Where candidates are tried."""

    asker: Asks
    clock: Callable[[], datetime]
    seed: int = 0
    """Of resamples."""
    resamples: int = RESAMPLES


def gradeable(truths: Iterable[Truth]) -> tuple[Truth, ...]:
    """Those that people could grade, and whose item has a text that a machine can be shown."""
    return tuple(each for each in truths if each.low is not None and not blank(each.pair))


def score(candidate: Candidate, truths: Sequence[Truth], market: Market, progress: Progress = silent) -> Score:
    """Ask about all pairs, which are `gradeable`. Errors as in asking.

    Answers are kept where the asker keeps them, labels nowhere: a trial is no judgement.
    """
    pairs = (each.pair for each in truths)
    graded: list[Graded] = []
    for each in grade_pairs(pairs, candidate.judging, market.asker, batch="tune", clock=market.clock):
        graded.append(each)
        progress(f"asking with {candidate.name}", len(graded), len(truths))
    tables = _tables(truths, graded)
    weighted, plain, exact = Resampler(market.seed, market.resamples).each(
        tables, ((_weighted, KAPPA), (_plain, KAPPA), (at_worst(exact_of), SHARE))
    )
    n = len(truths)
    return Score(
        name=candidate.name,
        prompt_hash=candidate.judging.prompt_hash,
        weighted_kappa=weighted,
        kappa=plain,
        exact=of_share(exact, len(tables)),
        constant_exact=float(tables.sum(axis=(0, 2)).max() / n) if n else np.nan,
        n=n,
        n_queries=len(tables),
        n_graded=sum(bool(each.label and each.label.grade_low is not None) for each in graded),
        n_open=sum(bool(each.label and each.label.grade_low != each.label.grade_high) for each in graded),
        n_ungradeable=sum(bool(each.label and each.label.grade_low is None) for each in graded),
        causes=dict(sorted(Counter(each.cause for each in graded if each.label is None).items())),
        cost_usd=sum(each.cost_usd for each in graded) / n if n else 0.0,
        n_tokens=sum(each.n_in + each.n_out for each in graded) / n if n else 0.0,
        tables=tables,
    )


def difference(one: Score, other: Score, market: Market) -> Estimate:
    """Weighted κ of one less that of the other on the same pairs; both are judged on the same resamples."""
    both = np.stack([one.tables, other.tables], axis=1)

    def less(tables: Floats) -> Floats:
        found = _weighted(tables)
        return np.asarray(found[..., 0] - found[..., 1])

    return Resampler(market.seed, market.resamples)(both, less)


_weighted = at_worst(lambda found: kappa_of(found, quadratic=True))
_plain = at_worst(lambda found: kappa_of(found, quadratic=False))


def _tables(truths: Sequence[Truth], graded: Sequence[Graded]) -> Floats:
    tables = np.zeros((len(truths), len(GRADES), len(GRADES) + 1))
    for end in ENDS:
        people = np.array([float(getattr(each, end)) for each in truths])
        machine = np.array([_said(each, end) for each in graded], np.float64)
        tables += tables_with_silence(people, machine, GRADES) / len(ENDS)
    return summed(tables, codes_of([each.key[0] for each in truths]))


def _said(graded: Graded, end: str) -> float:
    grade = getattr(graded.label, f"grade_{end}") if graded.label else None
    return np.nan if grade is None else float(grade)
