"""What the commands do, step by step: learn, look, approve, detect, evaluate. Each keeps what it has made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from semsearch.errors import MissingPart, UsageError
from semsearch.llm.answers import Estimate
from semsearch.progress import Progress, silent
from semsearch.records import NAMESPACES, Decision, Post, Profile, Verdict
from semsearch.spam import approving, decided, detecting, drift, evaluating, kept, leaders, learning, proving, sampling
from semsearch.spam.kept import Labelled
from semsearch.store.campaigns import CampaignStore
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal
from semsearch.store.profiles import Profiles
from semsearch.store.verdicts import Text, Verdicts, text_of

if TYPE_CHECKING:
    from semsearch.llm.asking import Asker
    from semsearch.llm.prompts import Prompt, Prompts
    from semsearch.settings import Settings
    from semsearch.store.database import Store
    from semsearch.workspace import Workspace

LEARN = "Next: semsearch spam learn --normal FILE --sellers FILE"
SEED = 0
"""Of bootstraps."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every step works with."""

    workspace: Workspace
    settings: Settings
    store: Store
    prompts: Prompts
    asker: Asker
    clock: Callable[[], datetime]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All that are known."""
        return tuple(dict.fromkeys((*NAMESPACES, *self.settings.campaigns.namespaces)))


@dataclass(frozen=True, slots=True)
class Learned:
    """A draft, and the posts that it was written from."""

    draft: learning.Draft
    sample: sampling.Sample


@dataclass(frozen=True, slots=True)
class Looked:
    """A profile with all that a person wants to see before approving it."""

    profile: Profile
    current: Profile | None
    """The active one of its name."""
    changes: tuple[str, ...]
    """Lines of a unified diff from the current one."""
    evaluation: Mapping[str, Any] | None
    """How it did on held-out posts, as JSON data; null when nobody asked yet, or with another version of the prompt."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A profile, and who approved it when it is active."""

    profile: Profile
    by: str | None


def drawn(parts: Parts, given: decided.Given, *, seed: int, remedy: str = LEARN) -> sampling.Sample:
    """The sample that a profile is written from; errors as for `sampling.sample`."""
    return sampling.sample(
        given.ordinary, given.sellers, parts.settings.spam, seed=seed, campaigns=given.campaigns, remedy=remedy
    )


def of_files(parts: Parts, ordinary: Sequence[Post], sellers: Sequence[Post]) -> decided.Given:
    """Posts of two files, with the campaigns that the journal knows of them."""
    both = [*ordinary, *sellers]
    known = decided.known_campaigns(parts.store, both[0].namespace, both) if both else {}
    return decided.Given(tuple(ordinary), tuple(sellers), known, 0)


def price_learning(parts: Parts, sample: sampling.Sample, name: str) -> Estimate:
    """What `learn` and `evaluate_draft` would cost at most: a profile is as long as one can be."""
    longest = Profile("", name, sample.namespace, "?" * learning.TEXT_CHARS, parts.clock())
    posts = _asked(parts, sample.behind.held_out)
    questions = detecting.questions((post for post, _ in posts.pairs), [longest], _prompt(parts, detecting.PROMPT))
    return _sum(
        parts.asker.price([learning.question(sample, _prompt(parts, learning.PROMPT))]), parts.asker.price(questions)
    )


def learn(parts: Parts, sample: sampling.Sample, *, name: str) -> Learned:
    """Have the large model write a draft, and keep it with its posts; errors as for `learning.learn`."""
    draft = learning.learn(sample, parts.asker, _prompt(parts, learning.PROMPT), name=name, now=parts.clock())
    _keep(parts, draft.profile, sample.behind)
    return Learned(draft, sample)


def prove(parts: Parts, learned: Learned, progress: Progress = silent) -> proving.Proof:
    """Ask of each feature whether it shows in held-out posts; errors as for `proving.prove`."""
    posts = _asked(parts, learned.sample.behind.held_out)
    prompt, namespace = _prompt(parts, proving.PROMPT), learned.sample.namespace
    return proving.prove(learned.draft.features, posts, parts.asker, prompt, namespace=namespace, progress=progress)


def edit(parts: Parts, profile_id: str, text: str, *, by: str) -> Profile:
    """Keep a person's text as a profile of its own, behind which are the posts of the one that it comes from."""
    before = approving.found(parts.store, profile_id)
    behind = kept.kept(parts.workspace, profile_id)
    profile = learning.edited(before, text, by=by, now=parts.clock(), sample=behind.sample)
    _keep(parts, profile, behind)
    return profile


def evaluate_draft(parts: Parts, profile: Profile, progress: Progress = silent) -> evaluating.SpamEvaluation | None:
    """Judge a profile on its held-out posts, beside the baseline; keep what came of it. None when none is held out."""
    behind = kept.kept(parts.workspace, profile.profile_id)
    posts = _asked(parts, behind.held_out)
    if not len(posts):
        return None
    judges = {
        evaluating.PROFILE: evaluating.by_model(_judge(parts, [profile], progress=progress, total=len(posts))),
        evaluating.BASELINE: evaluating.by_baseline(behind.sample),
    }
    left = evaluating.held_out(posts, behind.sample, _campaigns(parts, posts, behind.sample))
    found = evaluating.evaluate(left, judges, seed=SEED)
    told = {"prompt": _prompt(parts, detecting.PROMPT).prompt_hash, "rows": found.rows, "causes": found.causes}
    with parts.workspace.writing(wait=True):
        kept.keep_evaluation(parts.workspace, profile.profile_id, told)
    return found


def listed(parts: Parts) -> list[Listed]:
    """All profiles, the newest first; raises Damaged for an active one that is not as it was approved."""
    active = [each for name in parts.namespaces for each in approving.active(parts.store, name)]
    by = {each.profile.profile_id: each.decision.by for each in active}
    return [Listed(each, by.get(each.profile_id)) for each in Profiles(parts.store).all()]


def look(parts: Parts, profile_id: str) -> Looked:
    """A profile, how it differs from the current one, and how it did; raises UsageError for an unknown id."""
    profile = approving.found(parts.store, profile_id)
    current = approving.current(parts.store, profile)
    before = current.profile if current else None
    evaluation = kept.kept_evaluation(parts.workspace, profile_id)
    if evaluation and evaluation.get("prompt") != _prompt(parts, detecting.PROMPT).prompt_hash:
        evaluation = None
    return Looked(profile, before, approving.changes(before, profile), evaluation)


def approve(parts: Parts, profile_id: str, *, by: str, reason: str) -> Decision | None:
    """Approve a profile for the prompts as they are; errors as for `approving.approve`."""
    verdict, writer = _prompt(parts, detecting.PROMPT), _prompt(parts, learning.PROMPT)
    return approving.approve(
        parts.store,
        profile_id,
        by=by,
        now=parts.clock(),
        verdict_prompt=verdict.prompt_hash,
        profile_prompt=writer.prompt_hash,
        reason=reason,
    )


def active_profiles(parts: Parts, namespace: str | None = None) -> list[Profile]:
    """The active profiles of one namespace or of all; raises MismatchError after a change of the prompt, Damaged."""
    names = parts.namespaces if namespace is None else (namespace,)
    prompt_hash = _prompt(parts, detecting.PROMPT).prompt_hash
    return [each.profile for name in names for each in approving.active(parts.store, name, prompt_hash)]


def price_detecting(parts: Parts, posts: Iterable[Post], profiles: Sequence[Profile]) -> Estimate:
    """What judging these posts would cost at most."""
    return parts.asker.price(detecting.questions(posts, profiles, _prompt(parts, detecting.PROMPT)))


def detect(parts: Parts, posts: Iterable[Post], profiles: Sequence[Profile]) -> Iterator[detecting.Judged]:
    """Judge posts and keep their verdicts as they come; errors as for `detecting.detect`."""
    return _judge(parts, profiles, keep=Verdicts(parts.store).keep)(posts)


def unjudged(parts: Parts, namespace: str, profiles: Sequence[Profile], since: timedelta) -> Iterator[Post]:
    """Posts of the journal within `since` of its newest that not all of `profiles` have judged, oldest first.

    Raises MissingPart when nothing of the namespace was scanned.
    """
    journal = Journal(parts.store)
    times = journal.times(namespace)
    if times is None:
        raise MissingPart(f"No post in {namespace} was scanned yet.", "Next: semsearch scan posts FILE")
    prompt_hash, model = _prompt(parts, detecting.PROMPT).prompt_hash, parts.settings.llm.small
    wanted = {(each.profile_id, prompt_hash, model) for each in profiles}
    end = times[1] + timedelta(microseconds=1)
    for page in journal.between(namespace, end - since, end):
        posts = [each.post for each in page]
        said = Verdicts(parts.store).of(posts)
        yield from (post for post in posts if not wanted <= _askings(said, post))


def campaign_leaders(parts: Parts, namespace: str) -> Iterator[leaders.Led]:
    """The campaigns of a namespace with the posts that stand for them."""
    rulings = Decisions(parts.store).rulings(parts.clock(), namespace)
    return leaders.leaders(CampaignStore(parts.store), Journal(parts.store), namespace, rulings)


def detect_campaigns(
    parts: Parts, campaigns: Iterable[leaders.Led], profiles: Sequence[Profile]
) -> Iterator[leaders.JudgedCampaign]:
    """Judge the leaders of campaigns and keep their verdicts."""
    return leaders.judge(campaigns, _judge(parts, profiles, keep=Verdicts(parts.store).keep))


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
        evaluating.PROFILE: evaluating.by_model(_judge(parts, profiles, progress=progress, total=total)),
        evaluating.PLAIN: evaluating.by_model(_judge(parts, (), without_profile=True, progress=progress, total=total)),
        evaluating.BASELINE: evaluating.by_baseline(sample),
    }
    return evaluating.evaluate(evaluating.held_out(posts, sample, _campaigns(parts, posts, sample)), judges, seed=SEED)


def price_evaluating(parts: Parts, posts: Labelled, profiles: Sequence[Profile]) -> Estimate:
    """What `evaluate` would cost at most."""
    prompt, all_ = _prompt(parts, detecting.PROMPT), [post for post, _ in posts.pairs]
    plain = detecting.questions(all_, (), prompt, without_profile=True)
    return _sum(parts.asker.price(detecting.questions(all_, profiles, prompt)), parts.asker.price(plain))


def watched(parts: Parts, namespace: str) -> drift.Drift:
    """Whether reviewers still agree with the verdicts of a namespace's active profiles."""
    cases = decided.ruled(parts.store, namespace)
    said: dict[Text, list[Verdict]] = Verdicts(parts.store).of(post for each in cases for post in each.posts)
    names = {each.profile.profile_id: each.profile.name for each in approving.active(parts.store, namespace)}
    return drift.watch(cases, said, names, parts.settings.spam)


def _campaigns(parts: Parts, *given: Labelled) -> dict[str, dict[str, str]]:
    """What the journal knows of these posts' campaigns: namespace to post_id to campaign."""
    posts: dict[str, list[Post]] = {}
    for post, _ in (pair for each in given for pair in each.pairs):
        posts.setdefault(post.namespace, []).append(post)
    return {name: decided.known_campaigns(parts.store, name, own) for name, own in posts.items()}


def _judge(
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
        prompt=_prompt(parts, detecting.PROMPT),
        asker=parts.asker,
        max_chars=parts.settings.llm.max_chars,
        clock=parts.clock,
        keep=keep,
        without_profile=without_profile,
    )

    def judge(posts: Iterable[Post]) -> Iterator[detecting.Judged]:
        what = "posts judged without a profile" if without_profile else "posts judged"
        for number, judged in enumerate(judging(posts), 1):
            progress(what, number, total)
            yield judged

    return judge


def _keep(parts: Parts, profile: Profile, behind: kept.Behind) -> None:
    with parts.workspace.writing(wait=True):
        kept.keep(parts.workspace, profile.profile_id, behind)
    Profiles(parts.store).keep(profile)


def _asked(parts: Parts, held_out: Labelled) -> Labelled:
    return proving.asked_of(held_out, parts.settings.spam.sample)


def _prompt(parts: Parts, prompt_id: str) -> Prompt:
    return parts.prompts.get(prompt_id)


def _askings(said: Mapping[Text, Sequence[Verdict]], post: Post) -> set[tuple[str, str, str]]:
    return {(each.profile_id, each.prompt_hash, each.model) for each in said.get(text_of(post), ())}


def _joined(given: Sequence[Labelled]) -> Labelled:
    """All their posts, each once."""
    return Labelled(_once(each.ordinary for each in given), _once(each.sellers for each in given))


def _once(given: Iterable[Sequence[Post]]) -> tuple[Post, ...]:
    return tuple({(post.namespace, post.post_id, post.revision): post for posts in given for post in posts}.values())


def _sum(*given: Estimate) -> Estimate:
    return Estimate(
        sum(each.n for each in given),
        sum(each.n_cached for each in given),
        sum(each.n_calls for each in given),
        sum(each.worst_usd for each in given),
    )
