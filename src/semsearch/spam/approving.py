"""Which profiles are active: of each name the one that a named person approved last. All follows from decisions."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from semsearch.errors import Damaged, MismatchError, UsageError
from semsearch.records import Decision, Profile
from semsearch.spam.drafts.steering import check_steering
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.profiles import Profiles, text_digest
from semsearch.store.rulings import in_force

APPROVE = "approve"
_LEARN = "Next: semsearch spam learn --normal FILE --sellers FILE"


@dataclass(frozen=True, slots=True)
class Active:
    """A profile that posts are judged with, and the decision that says so."""

    profile: Profile
    decision: Decision

    @property
    def prompt_hash(self) -> str:
        """Of the prompt that it was approved for."""
        return self.decision.detail["prompt"]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback did."""

    undoing: Decision
    undone: Decision
    """The approval that was the last one."""
    now: Decision | None
    """The approval that holds again; None when there was none before: no profile of that name is active."""


def active(store: Store, namespace: str, prompt_hash: str | None = None) -> list[Active]:
    """The active profiles of a namespace, by name.

    Raises MismatchError when one was approved for another version of the prompt than `prompt_hash`, Damaged when a
    profile is missing or its text is not the approved one.
    """
    return _active(store, Decisions(store).all(), namespace, prompt_hash)


def approve(
    store: Store, profile_id: str, *, by: str, now: datetime, prompt_hash: str, reason: str = ""
) -> Decision | None:
    """Make a profile the active one of its name; None when it is that already, for this version of the prompt.

    `prompt_hash` is of the prompt that posts are judged with, as it is. Which prompt a draft was written by does not
    matter: the person approves the text. Raises UsageError without a name or for an unknown profile, Refused for a text
    that reads like instructions, Busy.
    """
    decisions = Decisions(store)
    version = decisions.version()
    _named(by, "An approval", f"Next: semsearch spam approve {profile_id} --by NAME")
    profile = found(store, profile_id)
    check_steering(profile.text, profile_id)
    standing = _newest(decisions.all(), profile.namespace).get(profile.name)
    detail = {
        "namespace": profile.namespace,
        "name": profile.name,
        "prompt": prompt_hash,
        "text": text_digest(profile.text),
    }
    if standing and standing.subject == profile_id and dict(standing.detail) == detail:
        return None
    made = Decision(0, now, by.strip(), APPROVE, profile_id, reason=reason.strip(), detail=detail)
    return decisions.append(made, after=version)[0]


def rollback(store: Store, namespace: str, name: str, *, by: str, now: datetime, reason: str = "") -> RolledBack:
    """Undo the last approval of a name: the one before it is active again, or none.

    Raises UsageError without a person's name and when no profile of that name is active, Busy.
    """
    decisions = Decisions(store)
    version, all_ = decisions.version(), decisions.all()
    last = _newest(all_, namespace).get(name)
    if last is None:
        names = ", ".join(sorted(_newest(all_, namespace)))
        told = f"active are {names}" if names else "none is"
        raise UsageError(f"No profile '{name}' is active in {namespace}: {told}.", "Next: semsearch spam show")
    _named(by, "A rollback", f"Next: semsearch spam rollback {name} --by NAME")
    made = Decision(0, now, by.strip(), "undo", str(last.decision_id), reason=reason.strip())
    undoing = decisions.append(made, after=version)[0]
    return RolledBack(undoing, last, _newest([*all_, undoing], namespace).get(name))


def current(store: Store, profile: Profile) -> Active | None:
    """The active profile of the same name and namespace; None when there is none."""
    newest = _newest(Decisions(store).all(), profile.namespace).get(profile.name)
    return None if newest is None else _held(Profiles(store), newest)


def changes(before: Profile | None, after: Profile) -> tuple[str, ...]:
    """The lines of a unified diff between two texts, all of them; empty when the texts are equal."""
    old, name = (before.text, before.profile_id) if before else ("", "(none)")
    lines = difflib.unified_diff(
        old.splitlines(), after.text.splitlines(), name, after.profile_id, n=10_000, lineterm=""
    )
    return tuple(lines)


def found(store: Store, profile_id: str) -> Profile:
    """A profile by its id; raises UsageError for an unknown one, naming those that are there."""
    profiles = Profiles(store)
    profile = profiles.get(profile_id)
    if profile is None:
        known = [each.profile_id for each in profiles.all()]
        near = difflib.get_close_matches(profile_id, known, n=3, cutoff=0.75) or known[:3]
        told = f" Known {'are' if near[1:] else 'is'} {', '.join(near)}." if near else ""
        step = "Next: semsearch spam show" if known else _LEARN
        raise UsageError(f"There is no profile '{profile_id}'.{told}", step)
    return profile


def _active(store: Store, given: Sequence[Decision], namespace: str, prompt_hash: str | None) -> list[Active]:
    profiles = Profiles(store)
    held = [_held(profiles, decision) for _, decision in sorted(_newest(given, namespace).items())]
    for each in held:
        if prompt_hash not in (None, each.prompt_hash):
            raise MismatchError(
                f"Profile '{each.profile.name}' ({each.profile.profile_id}) was approved for another version of the "
                f"prompt: spam-verdict is {prompt_hash}, it was {each.prompt_hash}.",
                f"Next: semsearch spam approve {each.profile.profile_id} --by NAME, or put the prompt back",
            )
    return held


def _newest(given: Sequence[Decision], namespace: str) -> dict[str, Decision]:
    """The last approval in force of each name."""
    return {
        each.detail["name"]: each
        for each in in_force(given)
        if each.kind == APPROVE and each.detail["namespace"] == namespace
    }


def _held(profiles: Profiles, decision: Decision) -> Active:
    profile = profiles.get(decision.subject)
    if profile is None or text_digest(profile.text) != decision.detail["text"]:
        wrong = "it is missing" if profile is None else "its text is not the one that was approved"
        step = f"Next: semsearch spam rollback {decision.detail['name']} --by NAME"
        raise Damaged(f"Profile {decision.subject}", f"{wrong} (decision {decision.decision_id}, {decision.by}).", step)
    return Active(profile, decision)


def _named(by: str, what: str, step: str) -> None:
    if not by.strip():
        raise UsageError(f"{what} needs the name of the person who makes it (or SEMSEARCH_REVIEWER).", step)
