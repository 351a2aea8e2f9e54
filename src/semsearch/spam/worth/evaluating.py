"""What verdicts are worth on labelled posts, beside the same prompt without a profile and beside a baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.spam.drafts.alike import floods
from semsearch.spam.drafts.sampling import blank
from semsearch.spam.kept import Labelled
from semsearch.spam.verdicts.detecting import EMPTY, Judged
from semsearch.spam.worth.baseline import BOUND, Baseline
from semsearch.spam.worth.figures import ABSTAINED, NO, YES, Difference, Estimate, Figures, Flags, Said, Share, figures

PROFILE, PLAIN, BASELINE = "profile", "no profile", "tf-idf"
"""Judges: the approved profiles, the same prompt without one, the baseline that learned from the same posts."""
_OTHERS = "Next: semsearch spam evaluate --normal FILE --sellers FILE, with posts that no profile was written from"


class Answered(NamedTuple):
    """What a judge says of one post."""

    is_spam: bool | None
    """Null: an abstention."""
    cause: str = ""
    """Of an abstention."""


Judge = Callable[[Sequence[Post]], Iterable[Answered]]
"""Posts to as many answers, in their order."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Labelled posts that a profile was not written from, and what was left out."""

    posts: tuple[Post, ...]
    truth: tuple[bool, ...]
    """Whether a professional seller wrote each."""
    floods: tuple[int, ...]
    """Equal for posts of one flood."""
    n_sampled: int
    """Left out: a profile was written from them."""
    n_alike: int
    """Left out: of one flood with a post that a profile was written from."""


@dataclass(frozen=True, slots=True)
class Part:
    """All posts, those of one namespace, or those of one month."""

    by: str
    """all, namespace or month."""
    name: str
    """The namespace, or the month as 2026-03 (UTC); empty for all."""
    figures: tuple[Figures, ...]
    """One a judge."""
    differences: tuple[Difference, ...]
    """The first judge beside each other one."""


@dataclass(frozen=True, slots=True)
class SpamEvaluation:
    """Judges side by side on the same posts."""

    n: int
    n_spam: int
    n_sampled: int
    n_alike: int
    parts: tuple[Part, ...]
    """All first; namespaces and months where there are several."""
    causes: Mapping[str, Mapping[str, int]]
    """Abstentions by judge and cause."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A table of figures: a row a part and judge, each figure with its ends and what it is a share of."""
        return [_row(part, each) for part in self.parts for each in part.figures]

    @property
    def differences(self) -> list[dict[str, Any]]:
        """A table of differences: a row a part, rival and figure."""
        return [_row(part, each) for part in self.parts for each in part.differences]


def held_out(labelled: Labelled, sample: Labelled, campaigns: Mapping[str, Mapping[str, str]] | None = None) -> HeldOut:
    """The labelled posts without those of `sample` and without those that are alike (see `alike.floods`).

    `campaigns` are known ones: namespace to post_id to campaign.
    Raises UsageError when posts are on both sides, or when none is left.
    """
    _apart(labelled)
    sampled = [post for post, _ in sample.pairs]
    pairs = labelled.pairs
    ids, texts = {_id(post) for post in sampled}, {(post.namespace, post.text) for post in sampled}
    in_sample = [_id(post) in ids or (post.namespace, post.text) in texts for post, _ in pairs]
    flood = _floods([*sampled, *(post for post, _ in pairs)], campaigns or {})
    known = set(flood[: len(sampled)])
    alike = [number in known for number in flood[len(sampled) :]]
    kept = [place for place in range(len(pairs)) if not (in_sample[place] or alike[place])]
    if not kept:
        raise UsageError("No labelled post is left that no profile was written from, nor is like one.", _OTHERS)
    return HeldOut(
        posts=tuple(pairs[place][0] for place in kept),
        truth=tuple(pairs[place][1] for place in kept),
        floods=tuple(flood[len(sampled) + place] for place in kept),
        n_sampled=sum(in_sample),
        n_alike=len(pairs) - len(kept) - sum(in_sample),
    )


def evaluate(left: HeldOut, judges: Mapping[str, Judge], *, seed: int = 0) -> SpamEvaluation:
    """Ask every judge about all posts; the first one is compared with each other. `seed` is of the bootstrap."""
    answers = {name: list(judge(left.posts)) for name, judge in judges.items()}
    said = {name: np.array([_code(each) for each in given], np.int8) for name, given in answers.items()}
    truth, flood = np.array(left.truth, np.bool_), np.array(left.floods, np.int64)
    causes = {name: Counter(each.cause for each in given if each.is_spam is None) for name, given in answers.items()}
    return SpamEvaluation(
        n=len(left.posts),
        n_spam=sum(left.truth),
        n_sampled=left.n_sampled,
        n_alike=left.n_alike,
        parts=tuple(_parts(left.posts, truth, said, flood, seed)),
        causes={name: dict(sorted(counted.items())) for name, counted in causes.items()},
    )


def by_model(detect: Callable[[Iterable[Post]], Iterator[Judged]]) -> Judge:
    """The judge that `detecting.detect` is, with all but the posts given."""
    return lambda posts: (Answered(each.is_spam, each.cause) for each in detect(posts))


def by_baseline(sample: Labelled) -> Judge:
    """The judge that learns from a sample alone (see `Baseline`); it abstains from what has no text, as models do."""
    baseline = Baseline.fit(sample)

    def judge(posts: Sequence[Post]) -> Iterator[Answered]:
        chances = baseline.chances([post.text for post in posts])
        for post, chance in zip(posts, chances.tolist(), strict=True):
            yield Answered(None, EMPTY) if blank(post.text) else Answered(chance >= BOUND)

    return judge


def _parts(
    posts: Sequence[Post], truth: Flags, said: Mapping[str, Said], flood: NDArray[np.int64], seed: int
) -> Iterator[Part]:
    columns = {
        "all": [""] * len(posts),
        "namespace": [post.namespace for post in posts],
        "month": [f"{post.created_at:%Y-%m}" for post in posts],
    }
    for by, column in columns.items():
        names = sorted(set(column))
        for name in names if len(names) > 1 or by == "all" else ():
            within = np.array([each == name for each in column])
            answers = {judge: given[within] for judge, given in said.items()}
            yield Part(by, name, *figures(truth[within], answers, flood[within], seed=seed))


def _code(answered: Answered) -> int:
    return {True: YES, False: NO, None: ABSTAINED}[answered.is_spam]


def _row(part: Part, told: Figures | Difference) -> dict[str, Any]:
    row: dict[str, Any] = {"by": part.by, "part": part.name}
    for each in fields(told):
        name, value = each.name, getattr(told, each.name)
        if isinstance(value, (Share, Estimate)):
            ends = asdict(value)
            row[name] = ends.pop("value")
            row |= {f"{name}_{end}": number for end, number in ends.items()}
        else:
            row[name] = value
    return row


def _floods(posts: Sequence[Post], campaigns: Mapping[str, Mapping[str, str]]) -> list[int]:
    """The flood of each post; those of two namespaces are never one."""
    found = [0] * len(posts)
    for namespace in {post.namespace for post in posts}:
        own = [place for place, post in enumerate(posts) if post.namespace == namespace]
        for place, first in zip(own, floods([posts[p] for p in own], campaigns.get(namespace, {})), strict=True):
            found[place] = own[first]
    return found


def _id(post: Post) -> tuple[str, str, int]:
    return post.namespace, post.post_id, post.revision or 0


def _apart(labelled: Labelled) -> None:
    both = sorted({_id(post) for post in labelled.ordinary} & {_id(post) for post in labelled.sellers})
    if both:
        told = "post is" if len(both) == 1 else "posts are"
        raise UsageError(
            f"{len(both):,} {told} labelled as both, such as {both[0][1]}.",
            "Next: leave them out of one of the files: a post is by one side",
        )
