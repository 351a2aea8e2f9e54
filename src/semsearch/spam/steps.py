"""Learning, step by step: draw, write, look, edit, approve. Each step keeps what it has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.llm.answers import Estimate
from semsearch.progress import Progress, silent
from semsearch.records import Decision, Post, Profile
from semsearch.spam import approving, decided, kept
from semsearch.spam.drafts import learning, proving, sampling
from semsearch.spam.drafts.steering import check_steering
from semsearch.spam.judging import added, campaigns_of, judge
from semsearch.spam.kept import Labelled
from semsearch.spam.parts import LEARN, SEED, Parts
from semsearch.spam.verdicts import detecting
from semsearch.spam.worth import evaluating
from semsearch.store.profiles import Profiles


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
    """How it did on held-out posts, as JSON data; null when nobody asked yet, or only another judge: another version of
    the prompt, another model."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A profile, and who approved it when it is active."""

    profile: Profile
    by: str | None


def drawn(parts: Parts, given: decided.Given, *, seed: int, remedy: str = LEARN) -> sampling.Sample:
    """The sample that a profile is written from; errors as for `sampling.sample`."""
    known, first = given.campaigns, given.dismissed
    return sampling.sample(
        given.ordinary, given.sellers, parts.settings.spam, seed=seed, campaigns=known, first=first, remedy=remedy
    )


def of_files(parts: Parts, ordinary: Sequence[Post], sellers: Sequence[Post]) -> decided.Given:
    """Posts of two files, with the campaigns that the journal knows of them."""
    both = [*ordinary, *sellers]
    known = decided.known_campaigns(parts.store, both[0].namespace, both) if both else {}
    return decided.Given(tuple(ordinary), tuple(sellers), known, 0)


def price_learning(parts: Parts, sample: sampling.Sample, name: str, *, prove: bool = False) -> Estimate:
    """What `learn`, `evaluate_draft` and with `prove` that would cost at most: a profile is as long as one can be."""
    features = learning.longest()
    longest = Profile("", name, sample.namespace, learning.text_of(features), parts.clock())
    posts = _asked(parts, sample.behind.held_out)
    judged = detecting.questions((post for post, _ in posts.pairs), [longest], parts.prompt())
    seen = proving.questions(features if prove else (), posts, parts.prompt(proving.PROMPT), sample.namespace)
    written = learning.question(sample, parts.prompt(learning.PROMPT))
    return added(parts.asker.price([written]), parts.asker.price(judged), parts.asker.price(seen))


def learn(parts: Parts, sample: sampling.Sample, *, name: str) -> Learned:
    """Have the large model write a draft, and keep it with its posts; errors as for `learning.learn`."""
    draft = learning.learn(sample, parts.asker, parts.prompt(learning.PROMPT), name=name, now=parts.clock())
    _keep(parts, draft.profile, sample.behind)
    return Learned(draft, sample)


def prove(parts: Parts, learned: Learned, progress: Progress = silent) -> proving.Proof:
    """Ask of each feature whether it shows in held-out posts; errors as for `proving.prove`."""
    posts = _asked(parts, learned.sample.behind.held_out)
    prompt, namespace = parts.prompt(proving.PROMPT), learned.sample.namespace
    return proving.prove(learned.draft.features, posts, parts.asker, prompt, namespace=namespace, progress=progress)


def edit(parts: Parts, profile_id: str, text: str, *, by: str) -> Profile:
    """Keep a person's text as a profile of its own, behind which are the posts of the one that it comes from.

    Raises Refused, and keeps nothing, for a text that reads like instructions; other errors as for `learning.edited`.
    """
    before = approving.found(parts.store, profile_id)
    behind = kept.kept(parts.workspace, profile_id)
    profile = learning.edited(before, text, by=by, now=parts.clock(), sample=behind.sample)
    check_steering(profile.text, profile_id)
    _keep(parts, profile, behind)
    return profile


def evaluate_draft(parts: Parts, profile: Profile, progress: Progress = silent) -> evaluating.SpamEvaluation | None:
    """Judge a profile on its held-out posts, beside the baseline; keep what came of it. None when none is held out.

    The draft goes into the prompt as an approved profile does, before anybody approved it. Raises Refused, and asks
    nothing, for one that reads like instructions.
    """
    check_steering(profile.text, profile.profile_id)
    behind = kept.kept(parts.workspace, profile.profile_id)
    posts = _asked(parts, behind.held_out)
    if not len(posts):
        return None
    judges = {
        evaluating.PROFILE: evaluating.by_model(judge(parts, [profile], progress=progress, total=len(posts))),
        evaluating.BASELINE: evaluating.by_baseline(behind.sample),
    }
    left = evaluating.held_out(posts, behind.sample, campaigns_of(parts, posts, behind.sample))
    found = evaluating.evaluate(left, judges, seed=SEED)
    sizes = {"read": behind.sample.sizes, "held_out": behind.held_out.sizes, "judged": posts.sizes}
    with parts.workspace.writing(wait=True):
        told = {"judge": parts.judge, "posts": sizes, "rows": found.rows, "causes": found.causes}
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
    if evaluation and evaluation.get("judge") != parts.judge:
        evaluation = None
    return Looked(profile, before, approving.changes(before, profile), evaluation)


def approve(parts: Parts, profile_id: str, *, by: str, reason: str) -> Decision | None:
    """Approve a profile for the prompt as it is; errors as for `approving.approve`."""
    prompt_hash = parts.prompt().prompt_hash
    return approving.approve(parts.store, profile_id, by=by, now=parts.clock(), prompt_hash=prompt_hash, reason=reason)


def _keep(parts: Parts, profile: Profile, behind: kept.Behind) -> None:
    with parts.workspace.writing(wait=True):
        kept.keep(parts.workspace, profile.profile_id, behind)
    Profiles(parts.store).keep(profile)


def _asked(parts: Parts, held_out: Labelled) -> Labelled:
    return proving.asked_of(held_out, parts.settings.spam.sample)
