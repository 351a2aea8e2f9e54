"""What `grade tune` does, step by step: try, choose, look at the locked part, and only then go by the choice.

The choice comes into force together with what was reported of it: `tuning/choice.json` is replaced as a whole, after
the last answer. A run that was stopped before leaves the choice that was in force; the same command goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from semsearch.errors import UsageError
from semsearch.llm.answers import Estimate
from semsearch.progress import Progress, silent
from semsearch.relevance import locked
from semsearch.relevance.asking.judging import Judging
from semsearch.relevance.asking.variants import Variant
from semsearch.relevance.choice import Choice, choice, figure_of, keep_choice
from semsearch.relevance.locked import Looker, Opening, open_locked, openings
from semsearch.relevance.scores import Candidate, Score, score
from semsearch.relevance.shapes import NAME
from semsearch.relevance.splits import Part
from semsearch.relevance.steps import Parts, judging, kept, keys_of, market_of, model_of
from semsearch.relevance.truths import Truth, Truths, by_this_rubric, digest, with_items
from semsearch.relevance.tuning import trying
from semsearch.relevance.tuning.trying import Tuned


@dataclass(frozen=True, slots=True)
class Trial:
    """What there is to tune with."""

    parts: Mapping[Part, tuple[Truth, ...]]
    truths: Truths
    others: tuple[Candidate, ...]
    """Prompts that are tried beside the variants."""
    before: Choice | None
    """What is in force; null: nothing was chosen yet."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the chosen way of asking does on the locked part, and what is in force now."""

    score: Score | None
    """Null: it was not opened."""
    openings: tuple[Opening, ...]
    """All that there ever were."""
    before: Choice | None
    """What was in force until now; null: nothing was chosen."""
    now: Choice
    """What is in force; without a locked figure when it was never reported."""

    @property
    def changed(self) -> bool:
        """Whether pairs are asked about in another way than before."""
        return self.before is None or not self.now.same_as(self.before)


def trial(parts: Parts, prompt_ids: Sequence[str]) -> Trial:
    """The labels and the prompts to tune with; raises MissingPart with too few labels.

    Raises UsageError for a prompt that asks for something else, and for a damaged choice.
    """
    truths = with_items(by_this_rubric(kept(parts)), parts.lookup)
    others = tuple(_other(parts, each) for each in dict.fromkeys(prompt_ids))
    return Trial(trying.ready(truths), truths, others, choice(parts.workspace))


def price_tuning(parts: Parts, given: Trial) -> Estimate:
    """What `tune` and `report` would cost at most."""
    return trying.price(given.parts, _judging_of(parts), given.others, parts.asker)


def tune(parts: Parts, given: Trial, progress: Progress = silent) -> Tuned:
    """Try and choose; nothing goes by the choice before `report`. Errors as in asking."""
    return trying.tune(given.parts, _judging_of(parts), given.others, market_of(parts), progress)


def may_look(parts: Parts, *, by: str, again: bool) -> bool:
    """Whether the locked part will be opened; raises UsageError when it would be and nobody is named."""
    if openings(parts.workspace) and not again:
        return False
    locked.check(parts.workspace, "tune", by=by, again=again)
    return True


def report(
    parts: Parts, given: Trial, found: Tuned, *, by: str, again: bool, looks: bool, progress: Progress = silent
) -> Report:
    """Look at the locked part with what was chosen, and go by it from then on.

    The look is written down before anything is asked, the choice after the last answer, with its figure. Without
    `looks` only what was seen before is shown again: the same questions, examples too, and the same labels. Where it
    stays shut, a choice that is in force already keeps the figure that it has, and another one has none.
    """
    truths, chosen, before = given.parts["locked"], _choice(parts, found), given.before
    asked = digest(keys_of(parts, found.chosen.judging, [each.pair for each in truths]).values())
    looker = Looker(by.strip(), "tune", chosen.name, chosen.prompt_hash, chosen.model, asked)
    told = None
    if looks or locked.known(parts.workspace, looker, truths) is not None:
        opening = open_locked(parts.workspace, looker, truths, now=parts.clock(), again=again)
        told = score(found.chosen, truths, market_of(parts), progress)
        chosen = replace(chosen, locked=figure_of(told, opening))
    if before and chosen.same_as(before) and chosen.locked in (None, before.locked):
        chosen = before
    keep_choice(parts.workspace, chosen)
    return Report(told, tuple(openings(parts.workspace)), before, chosen)


def _other(parts: Parts, prompt_id: str) -> Candidate:
    how = judging(parts, Variant(), prompt_id)
    if how.prompt.output != NAME:
        raise UsageError(
            f"Prompt '{prompt_id}' does not ask for facets: its output is {how.prompt.output}, not {NAME}.",
            "Next: semsearch prompts show relevance-facets, for one to start from",
        )
    return Candidate(prompt_id, how)


def _judging_of(parts: Parts) -> Callable[[Variant], Judging]:
    """Variants with the same examples, which are read once."""
    whole = judging(parts, Variant())
    return lambda variant: replace(whole, prompt=parts.prompts.get(variant.prompt_id), variant=variant)


def _choice(parts: Parts, found: Tuned) -> Choice:
    how, at = found.chosen.judging, parts.clock().isoformat(timespec="seconds")
    return Choice(how.prompt.id, how.prompt_hash, model_of(parts, how), at, how.variant.name)
