"""Whether the features of a draft stand in held-out posts: of each, how often it shows on either side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semsearch.errors import UsageError
from semsearch.evaluation.intervals import Interval, wilson
from semsearch.llm.answers import Answer, Question
from semsearch.progress import Progress, silent
from semsearch.spam.drafts.learning import text_of
from semsearch.spam.kept import Labelled
from semsearch.spam.shapes import FeatureSeen, SellerFeature

if TYPE_CHECKING:
    from semsearch.llm.asking import Asker
    from semsearch.llm.prompts import Prompt

PROMPT = "spam-feature"


@dataclass(frozen=True, slots=True)
class Seen:
    """How often one feature shows in posts of one side."""

    n: int
    """Posts that were asked about."""
    n_present: int
    n_abstained: int
    """Answers that say neither; they are in no share."""

    @property
    def n_told(self) -> int:
        """Posts of which an answer says yes or no."""
        return self.n - self.n_abstained

    @property
    def share(self) -> float:
        """Of the told ones, 0 to 1; NaN without one."""
        return self.n_present / self.n_told if self.n_told else math.nan

    @property
    def interval(self) -> Interval:
        """Wilson's, of the share."""
        return wilson(self.n_present, self.n_told)


@dataclass(frozen=True, slots=True)
class Proven:
    """One feature on held-out posts."""

    feature: SellerFeature
    ordinary: Seen
    sellers: Seen
    difference: float
    """Share among sellers less share among ordinary people; NaN when a side has no told post."""
    interval: Interval
    """Of the difference, 95 %, for this feature alone: of forty that show nothing, about one separates by chance."""

    @property
    def separates(self) -> bool:
        """Whether it shows in more sellers' posts than others, by the lower end."""
        return self.interval.low > 0


@dataclass(frozen=True, slots=True)
class Proof:
    """All features of a draft, in its order, and what it took."""

    features: tuple[Proven, ...]
    n_questions: int
    n_cached: int
    """Answered before, at no cost now."""
    cost_usd: float
    """Of the others."""

    @property
    def separating(self) -> tuple[Proven, ...]:
        """Those that do, in the draft's order."""
        return tuple(each for each in self.features if each.separates)


def asked_of(held_out: Labelled, most: int) -> Labelled:
    """As many held-out posts of each side, at most `most`, in the order of the draw."""
    size = min(most, len(held_out.ordinary), len(held_out.sellers))
    return Labelled(held_out.ordinary[:size], held_out.sellers[:size])


def questions(
    features: Sequence[SellerFeature], posts: Labelled, prompt: Prompt, namespace: str
) -> Iterator[Question[FeatureSeen]]:
    """Each feature of each post: feature by feature, ordinary people's posts first."""
    for feature in features:
        described = text_of([feature])
        for post, _ in posts.pairs:
            outside = {"feature": described, "post": post.text}
            yield Question(prompt, FeatureSeen, namespace, {}, outside, {})


def prove(
    features: Sequence[SellerFeature],
    posts: Labelled,
    asker: Asker,
    prompt: Prompt,
    *,
    namespace: str,
    progress: Progress = silent,
) -> Proof:
    """Ask of each feature whether it stands in `posts`, which the profile was not written from (see `asked_of`).

    Answers are paid for one by one and kept: a proof that was stopped goes on where it was. Raises UsageError when a
    side has no post, and what asking raises.
    """
    if not posts.ordinary or not posts.sellers:
        raise UsageError(
            "No post is held out: the sample took all.",
            "Next: semsearch spam learn with more posts, or with a smaller [spam] sample in semsearch.toml",
        )
    total = len(features) * len(posts)
    asked: list[Answer[FeatureSeen]] = []
    for answer in asker.ask(questions(features, posts, prompt, namespace)):
        asked.append(answer)
        progress("answers", len(asked), total)
    proven = []
    for number, feature in enumerate(features):
        own = asked[number * len(posts) : (number + 1) * len(posts)]
        proven.append(_proven(feature, own[: len(posts.ordinary)], own[len(posts.ordinary) :]))
    n_cached, cost_usd = sum(each.cached for each in asked), sum(each.cost_usd for each in asked if not each.cached)
    return Proof(tuple(proven), total, n_cached, cost_usd)


def difference(ordinary: Seen, sellers: Seen) -> Interval:
    """95 % interval of the share among sellers less that among ordinary people; -1 to 1 when a side told nothing.

    Method 10 of Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17, 1998: from the ends of both Wilson intervals.
    """
    if not ordinary.n_told or not sellers.n_told:
        return Interval(-1.0, 1.0)
    gap = sellers.share - ordinary.share
    up, down = sellers.interval, ordinary.interval
    low = math.hypot(sellers.share - up.low, down.high - ordinary.share)
    high = math.hypot(up.high - sellers.share, ordinary.share - down.low)
    return Interval(gap - low, gap + high)


def _proven(
    feature: SellerFeature, ordinary: Sequence[Answer[FeatureSeen]], sellers: Sequence[Answer[FeatureSeen]]
) -> Proven:
    sides = _seen(ordinary), _seen(sellers)
    return Proven(feature, *sides, sides[1].share - sides[0].share, difference(*sides))


def _seen(answers: Sequence[Answer[FeatureSeen]]) -> Seen:
    said = [None if answer.value is None else answer.value.present for answer in answers]
    return Seen(len(said), said.count(True), said.count(None))
