"""Which way of asking agrees best with people: tried on one part of their labels, chosen on another.

The four tactics are factors: each is switched off once, so that its effect is what it adds to the three others. Two
that do the same job then look useless one by one: the variant without all that did not help is therefore never taken on
that alone, but goes on as a whole to the selection part, with what is not clearly worse than the best. Other prompts,
such as paraphrases, stand beside them. There the highest weighted κ wins; within `TIE` of it, the cheapest.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from shlex import quote
from typing import TYPE_CHECKING, Protocol

from semsearch.errors import MissingPart
from semsearch.evaluation.labels.grade_tables import Estimate
from semsearch.llm.answers import Estimate as Price
from semsearch.progress import Progress, silent
from semsearch.relevance.asking.judging import Judging, blank, questions
from semsearch.relevance.asking.variants import TACTICS, WHOLE, Variant, ablations
from semsearch.relevance.scores import Candidate, Market, Score, difference, gradeable, score
from semsearch.relevance.splits import SHARES, Part
from semsearch.relevance.truths import Truth, Truths

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from semsearch.llm.answers import Question

TIE = 0.01
"""Of weighted κ: what is nearer to the best is as good."""
FEWEST = 2
"""Queries of a part, and grades in it, below which nothing can be told."""
JudgingOf = Callable[[Variant], Judging]


class Prices(Protocol):
    """What says what questions would cost, as `llm.asking.Asker` does."""

    def price(self, questions: Iterable[Question[Any]], /) -> Price:
        """At most; nothing is sent."""
        ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What a tactic, or another prompt, is worth on the tuning part."""

    name: str
    """The tactic that is switched off, or the id of the other prompt."""
    gain: Estimate
    """Weighted κ with the tactic less that without it; of another prompt, its κ less that of the whole one."""
    tokens: float
    """Of a pair, as a multiple of what the whole variant takes: below 1 it is cheaper without."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was tried, and what was chosen."""

    tuning: tuple[Score, ...]
    """The whole variant first."""
    effects: tuple[Effect, ...]
    selection: tuple[Score, ...]
    chosen: Candidate
    tied: tuple[str, ...]
    """Others as good on the selection part, and dearer."""
    undecided: tuple[str, ...]
    """Others whose difference to the chosen one has an interval around 0: more labels may tell them apart."""


def ready(truths: Truths) -> Mapping[Part, tuple[Truth, ...]]:
    """The pairs of each part that can be used; raises MissingPart when one has too few to tell anything."""
    found = {part: gradeable(truths.of(part)) for part in SHARES}
    for part, pairs in found.items():
        n_queries, grades = len({each.key[0] for each in pairs}), {each.low for each in pairs}
        if min(n_queries, len(grades)) < FEWEST:
            raise MissingPart(
                f"People graded {len(pairs):,} pairs of {n_queries:,} queries in the {part} part, with {len(grades)} "
                f"different grades; it takes {FEWEST} of each, and many more to tell prompts apart.{_unused(truths)}",
                _more_labels(truths),
            )
    return found


def _unused(truths: Truths) -> str:
    """What people said and does not count, in words; empty when all does."""
    told = {
        "pairs without an item that is known": _without_item(truths),
        "pairs that cannot be graded": sum(each.low is None for each in truths.pairs),
        "pairs on which people differ": truths.n_disputed,
        "labels given after the machine's": truths.n_shown,
        "labels by another rubric": truths.n_other_rubric,
    }
    counted = ", ".join(f"{n:,} {what}" for what, n in told.items() if n)
    return f" Not counted: {counted}." if counted else ""


def _without_item(truths: Truths) -> int:
    return sum(each.low is not None and blank(each.pair) for each in truths.pairs)


def _more_labels(truths: Truths) -> str:
    """The step that brings the most."""
    batches = Counter(each.labels[-1].batch for each in truths.pairs if each.labels[-1].origin != "imported")
    steps = {
        "semsearch import items FILE, with the items of these labels": _without_item(truths),
        "semsearch label adjudicate --by NAME": truths.n_disputed,
    }
    most = max(steps, key=lambda step: steps[step])
    if steps[most] > sum(batches.values()):
        return f"Next: {most}"
    go_on = f"semsearch label session {quote(next((name for name, _ in batches.most_common(1)), 'BATCH'))} --by NAME"
    return f"Next: {go_on}; or semsearch label sample ANOTHER --run RUN, for pairs of more queries"


def tune(
    parts: Mapping[Part, Sequence[Truth]],
    judging_of: JudgingOf,
    others: Sequence[Candidate],
    market: Market,
    progress: Progress = silent,
) -> Tuned:
    """Try all on the tuning part, choose on the selection part; the locked part is not looked at.

    `parts` are of `ready`; `others` are other prompts. Errors as in asking: what was answered is kept.
    """
    candidates = [*_ablated(judging_of), *others]
    tried = tuple(score(each, parts["tuning"], market, progress) for each in candidates)
    effects = tuple(_effects(tried, market))
    going_on = [each for each, told in zip(candidates, tried, strict=True) if _may_be_best(told, tried, market)]
    known = {each.name for each in candidates}
    going_on += [each for each in _combined(effects, judging_of) if each.name not in known]
    final = tuple(score(each, parts["selection"], market, progress) for each in going_on)
    best = choose(final)
    undecided = [each.name for each in final if each is not best and _around_0(difference(best, each, market))]
    chosen = next(each for each in going_on if each.name == best.name)
    tied = [each.name for each in _as_good(final) if each is not best]
    return Tuned(tried, effects, final, chosen, tuple(tied), tuple(undecided))


def choose(scores: Sequence[Score]) -> Score:
    """The one with the highest weighted κ; of those within `TIE` of it the cheapest, by money, else by tokens."""
    return min(_as_good(scores), key=lambda each: (each.cost_usd, each.n_tokens, -each.weighted_kappa.value))


def price(
    parts: Mapping[Part, Sequence[Truth]], judging_of: JudgingOf, others: Sequence[Candidate], prices: Prices
) -> Price:
    """What `tune` and one look at the locked part would cost at most: all go on, and the dearest is chosen."""

    def of(judging: Judging, part: Part) -> Price:
        return prices.price(questions((each.pair for each in parts[part]), judging))

    tried = [each.judging for each in (*_ablated(judging_of), *others)]
    mixed = [judging_of(Variant(*on)) for on in product((True, False), repeat=len(TACTICS))]
    sums = [price for each in tried for price in (of(each, "tuning"), of(each, "selection"))]
    sums.append(max((of(each, "selection") for each in mixed), key=_dear))
    sums.append(max((of(each, "locked") for each in (*mixed, *tried)), key=_dear))
    n, n_cached, n_calls = (sum(getattr(each, name) for each in sums) for name in ("n", "n_cached", "n_calls"))
    return Price(n, n_cached, n_calls, sum(each.worst_usd for each in sums))


def _dear(price: Price) -> tuple[float, int]:
    return price.worst_usd, price.n_calls


def _ablated(judging_of: JudgingOf) -> Iterator[Candidate]:
    return (Candidate(each.name, judging_of(each)) for each in ablations())


def _effects(tried: Sequence[Score], market: Market) -> Iterator[Effect]:
    whole = tried[0]
    tactics = {Variant().without(tactic).name: tactic for tactic in TACTICS}
    for each in tried[1:]:
        tactic = tactics.get(each.name)
        gain = difference(whole, each, market) if tactic else difference(each, whole, market)
        yield Effect(tactic or each.name, gain, each.n_tokens / whole.n_tokens if whole.n_tokens else 1.0)


def _combined(effects: Sequence[Effect], judging_of: JudgingOf) -> Iterator[Candidate]:
    """The variant without all tactics that gained nothing on the tuning part and cost something."""
    useless = [each.name for each in effects if each.name in TACTICS and each.gain.value < TIE and each.tokens < 1]
    variant = Variant(**{tactic: tactic not in useless for tactic in TACTICS})
    if variant.name != WHOLE:
        yield Candidate(variant.name, judging_of(variant))


def _may_be_best(told: Score, tried: Sequence[Score], market: Market) -> bool:
    best = max(tried, key=_height)
    return told is best or not difference(told, best, market).high < 0


def _as_good(scores: Sequence[Score]) -> list[Score]:
    best = max(map(_height, scores))
    return [each for each in scores if _height(each) >= best - TIE]


def _height(score: Score) -> float:
    """κ, the lowest of all when it is not defined."""
    value = score.weighted_kappa.value
    return float("-inf") if math.isnan(value) else value


def _around_0(gap: Estimate) -> bool:
    return not (gap.low > 0 or gap.high < 0)
