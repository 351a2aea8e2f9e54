"""Judging, step by step: which posts, by which profiles, at what price, and what the verdicts are worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from semsearch.errors import MissingPart, UsageError
from semsearch.llm.answers import FAILED, Estimate
from semsearch.progress import Progress, silent
from semsearch.records import Post, Profile, Verdict
from semsearch.spam import approving, decided, kept
from semsearch.spam.kept import Labelled
from semsearch.spam.parts import SEED, Parts
from semsearch.spam.verdicts import detecting, leaders
from semsearch.spam.worth import drift, evaluating
from semsearch.store.campaigns import CampaignStore
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal
from semsearch.store.verdicts import Verdicts, text_of

PAGE = 1_000
"""Posts that the journal is asked for at once."""


def active_profiles(parts: Parts, namespace: str | None = None) -> list[Profile]:
    """The active profiles of one namespace or of all.

    Raises UsageError for an unknown namespace, MismatchError after a change of the prompt, Damaged.
    """
    if namespace not in (None, *parts.namespaces):
        known = ", ".join(parts.namespaces)
        raise UsageError(f"There is no namespace '{namespace}'. Known are {known}.", "Next: semsearch spam show")
    names = parts.namespaces if namespace is None else (namespace,)
    prompt_hash = parts.prompt().prompt_hash
    return [each.profile for name in names for each in approving.active(parts.store, name, prompt_hash)]


def other_namespaces(parts: Parts, namespace: str) -> list[str]:
    """Those beside this one with an active profile."""
    return [name for name in parts.namespaces if name != namespace and approving.active(parts.store, name)]


def price_detecting(parts: Parts, posts: Iterable[Post], profiles: Sequence[Profile]) -> Estimate:
    """What judging these posts would cost at most."""
    return parts.asker.price(detecting.questions(posts, profiles, parts.prompt()))


def detect(parts: Parts, posts: Iterable[Post], profiles: Sequence[Profile]) -> Iterator[detecting.Judged]:
    """Judge posts and keep their verdicts as they come; errors as for `detecting.detect`."""
    return judge(parts, profiles, keep=Verdicts(parts.store).keep)(posts)


def unjudged(parts: Parts, namespace: str, profiles: Sequence[Profile], since: timedelta) -> Iterator[Post]:
    """Posts of the journal within `since` of its newest that not all of `profiles` have judged, oldest first.

    A call that failed judged nothing. Raises MissingPart when nothing of the namespace was scanned.
    """
    journal = Journal(parts.store)
    start, end = _span(journal, namespace, since)
    wanted, judge = {each.profile_id for each in profiles}, parts.judge
    for page in journal.between(namespace, start, end):
        posts = [each.post for each in page]
        said = Verdicts(parts.store).of(posts)
        yield from (post for post in posts if wanted - _judged_by(said.get(text_of(post), ()), judge))


def unscanned(parts: Parts, posts: Iterable[tuple[str, str]]) -> int:
    """How many of these posts, (namespace, post_id), are not in the journal, so that no list can show them."""
    journal, given, n_known = Journal(parts.store), set(posts), 0
    for namespace in {name for name, _ in given}:
        names = sorted(post_id for name, post_id in given if name == namespace)
        n_known += sum(len(journal.known(namespace, names[at : at + PAGE])) for at in range(0, len(names), PAGE))
    return len(given) - n_known


def campaign_leaders(parts: Parts, namespace: str) -> Iterator[leaders.Led]:
    """The campaigns of a namespace with the posts that stand for them."""
    rulings = Decisions(parts.store).rulings(parts.clock(), namespace)
    return leaders.leaders(CampaignStore(parts.store), Journal(parts.store), namespace, rulings)


def detect_campaigns(
    parts: Parts, campaigns: Iterable[leaders.Led], profiles: Sequence[Profile]
) -> Iterator[leaders.JudgedCampaign]:
    """Judge the leaders of campaigns and keep their verdicts."""
    return leaders.judge(campaigns, judge(parts, profiles, keep=Verdicts(parts.store).keep))


def labelled(parts: Parts, profiles: Sequence[Profile]) -> Labelled:
    """The held-out posts of profiles, each once."""
    return _joined([kept.kept(parts.workspace, each.profile_id).held_out for each in profiles])


def decided_posts(parts: Parts, namespace: str) -> Labelled:
    """Posts of decided cases: of confirmed ones as sellers', of dismissed ones as ordinary people's.

    Raises UsageError when nobody has decided.
    """
    cases = decided.ruled(parts.store, namespace)
    sides = [tuple(post for each in cases if each.confirmed is said for post in each.posts) for said in (False, True)]
    if not any(sides):
        raise UsageError(f"Nobody has decided on a case of {namespace} yet.", decided.DECIDE)
    return Labelled(*sides)


def evaluate(
    parts: Parts, posts: Labelled, profiles: Sequence[Profile], progress: Progress = silent
) -> evaluating.SpamEvaluation:
    """Active profiles on labelled posts, beside the same prompt without one and beside the baseline."""
    sample = _joined([kept.kept(parts.workspace, each.profile_id).sample for each in profiles])
    total = len(posts)
    judges = {
        evaluating.PROFILE: evaluating.by_model(judge(parts, profiles, progress=progress, total=total)),
        evaluating.PLAIN: evaluating.by_model(judge(parts, (), without_profile=True, progress=progress, total=total)),
        evaluating.BASELINE: evaluating.by_baseline(sample),
    }
    return evaluating.evaluate(
        evaluating.held_out(posts, sample, campaigns_of(parts, posts, sample)), judges, seed=SEED
    )


def price_evaluating(parts: Parts, posts: Labelled, profiles: Sequence[Profile]) -> Estimate:
    """What `evaluate` would cost at most."""
    prompt, all_ = parts.prompt(), [post for post, _ in posts.pairs]
    plain = detecting.questions(all_, (), prompt, without_profile=True)
    return added(parts.asker.price(detecting.questions(all_, profiles, prompt)), parts.asker.price(plain))


def watched(parts: Parts, namespace: str) -> drift.Drift:
    """Whether reviewers still agree with the verdicts of a namespace's active profiles."""
    cases = decided.ruled(parts.store, namespace)
    said = Verdicts(parts.store).of(post for each in cases for post in each.posts)
    names = {each.profile.profile_id: each.profile.name for each in approving.active(parts.store, namespace)}
    return drift.watch(cases, said, names, parts.settings.spam)


def judge(
    parts: Parts,
    profiles: Sequence[Profile],
    *,
    keep: detecting.Keep | None = None,
    without_profile: bool = False,
    progress: Progress = silent,
    total: int = 0,
) -> leaders.Detect:
    """`detecting.detect` for these profiles, or for the prompt alone."""
    judging = partial(
        detecting.detect,
        profiles=profiles,
        prompt=parts.prompt(),
        asker=parts.asker,
        max_chars=parts.settings.llm.max_chars,
        clock=parts.clock,
        keep=keep,
        without_profile=without_profile,
    )

    def judged(posts: Iterable[Post]) -> Iterator[detecting.Judged]:
        what = "posts judged without a profile" if without_profile else "posts judged"
        for number, each in enumerate(judging(posts), 1):
            progress(what, number, total)
            yield each

    return judged


def campaigns_of(parts: Parts, *given: Labelled) -> dict[str, dict[str, str]]:
    """What the journal knows of these posts' campaigns: namespace to post_id to campaign."""
    posts: dict[str, list[Post]] = {}
    for post, _ in (pair for each in given for pair in each.pairs):
        posts.setdefault(post.namespace, []).append(post)
    return {name: decided.known_campaigns(parts.store, name, own) for name, own in posts.items()}


def added(*given: Estimate) -> Estimate:
    """The price of several batches."""
    return Estimate(
        sum(each.n for each in given),
        sum(each.n_cached for each in given),
        sum(each.n_calls for each in given),
        sum(each.worst_usd for each in given),
    )


def _span(journal: Journal, namespace: str, since: timedelta) -> tuple[datetime, datetime]:
    times = journal.times(namespace)
    if times is None:
        raise MissingPart(f"No post in {namespace} was scanned yet.", "Next: semsearch scan posts FILE")
    end = times[1] + timedelta(microseconds=1)
    return end - since, end


def _judged_by(said: Iterable[Verdict], judge: Mapping[str, str]) -> set[str]:
    """Profiles with which this judge spoke of a text; of one with nothing to read it says so without a model."""
    return {
        each.profile_id
        for each in said
        if each.prompt_hash == judge["prompt"]
        and (each.cause == detecting.EMPTY or (each.model == judge["model"] and each.cause != FAILED))
    }


def _joined(given: Sequence[Labelled]) -> Labelled:
    """All their posts, each once."""
    return Labelled(_once(each.ordinary for each in given), _once(each.sellers for each in given))


def _once(given: Iterable[Sequence[Post]]) -> tuple[Post, ...]:
    return tuple({(post.namespace, post.post_id, post.revision): post for posts in given for post in posts}.values())
