"""What a named person decides: on an alert as it is, on who belongs together, and on authors.

Every function appends decisions and changes nothing else: the machine follows them from its next batch on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from semsearch.errors import UsageError
from semsearch.records import Decision
from semsearch.review.cases import Case, Cases
from semsearch.review.flagged import KIND
from semsearch.review.near import unknown
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal
from semsearch.store.rulings import VERDICTS

WORDS = (*VERDICTS, "snooze")
Pair = tuple[str, int]


def decide(
    store: Store,
    alert_id: str,
    verdict: str,
    *,
    by: str,
    now: datetime,
    reason: str = "",
    until: datetime | None = None,
    remember: bool = False,
) -> tuple[Decision, ...]:
    """Confirm, dismiss or snooze an alert, for the members of its campaign as they are, or a flagged post.

    `remember` makes a dismissed campaign a benign one: it raises no alert until `until`, or for good. A verdict that
    stands already for all members adds nothing and gives nothing. Raises UsageError.
    """
    _check(verdict, until, now, remember=remember)
    name = _named(by)
    cases = Cases(store, now)
    case = _decidable(cases.of(alert_id), remember=remember)
    if case.decision and case.decision.kind == verdict and verdict != "snooze" and not case.new and not remember:
        return ()
    about = {"namespace": case.alert.namespace}
    about |= {"campaign": case.campaign_id} if case.alert.kind != KIND else {}
    pairs = tuple((each.post_id, each.revision) for each in case.members)
    end = until if verdict == "snooze" else None
    made = [_decision(name, now, verdict, alert_id, members=pairs, reason=reason, until=end, detail=about)]
    if remember:
        about |= {"alert": alert_id, "dismissal": str(cases.version + 1)}
        made.append(_decision(name, now, "benign", case.campaign_id, reason=reason, until=until, detail=about))
    return Decisions(store).append(*made, after=cases.version)


def undo(store: Store, decision: str, *, by: str, now: datetime, reason: str = "") -> tuple[Decision, Decision]:
    """Take a decision back, by its number or the last one in force on an alert; gives the undoing and what it undid.

    Undoing an undoing brings the decision back. Raises UsageError when there is nothing to take back.
    """
    name = _named(by)
    cases = Cases(store, now)
    undone = _number(cases, decision) if decision.isdigit() else _last(cases, decision)
    made = _decision(name, now, "undo", str(undone.decision_id), reason=reason)
    return Decisions(store).append(made, after=cases.version)[0], undone


def split(
    store: Store, campaign_id: str, post_ids: Sequence[str], *, by: str, now: datetime, reason: str = ""
) -> Decision:
    """Take posts out of a campaign into a new one, named in `detail["to"]`; what looks like them follows them there.

    All revisions of a post go. Raises UsageError for a post that is not in it, or when none would stay.
    """
    from semsearch.campaigns.detector import campaign_id as named_after

    name = _named(by)
    cases = Cases(store, now)
    namespace, campaign_id, members = cases.campaign(campaign_id)
    wanted = set(post_ids)
    for missing in sorted(wanted - {each.post_id for each in members}):
        raise unknown(
            f"post of {campaign_id} with the id",
            missing,
            [m.post_id for m in members],
            f"semsearch campaigns show {campaign_id}",
        )
    moved = [each for each in members if each.post_id in wanted]
    if not moved or len(moved) == len(members):
        told = "all of its posts" if moved else "no post"
        raise UsageError(f"A split of {campaign_id} with {told} leaves it as it is.", "Next: name some of its posts")
    taken = cases.campaign_ids()
    names = (named_after(namespace, each.post_id, each.revision) for each in moved)
    target = next((one for one in names if one not in taken), None) or named_after(
        namespace, moved[0].post_id, -1 - cases.version
    )
    origins = " ".join(sorted({each.campaign_id for each in moved}))
    about = {"namespace": namespace, "to": target, "from": origins}
    pairs = tuple((each.post_id, each.revision) for each in moved)
    made = _decision(name, now, "split", campaign_id, members=pairs, reason=reason, detail=about)
    return Decisions(store).append(made, after=cases.version)[0]


def merge(store: Store, campaign_id: str, into: str, *, by: str, now: datetime, reason: str = "") -> Decision:
    """Make one campaign part of another of its namespace. Raises UsageError when it is part of it already."""
    name = _named(by)
    cases = Cases(store, now)
    namespace, source, members = cases.campaign(campaign_id)
    other, target, _ = cases.campaign(into)
    if namespace != other:
        raise UsageError(
            f"{campaign_id} is in {namespace} and {into} in {other}: namespaces are never mixed.",
            "Next: semsearch campaigns list",
        )
    if source == target:
        raise UsageError(f"{campaign_id} and {into} are one campaign already.", "Next: semsearch campaigns list")
    pairs = tuple((each.post_id, each.revision) for each in members)
    about = {"namespace": namespace, "into": target}
    made = _decision(name, now, "merge", source, members=pairs, reason=reason, detail=about)
    return Decisions(store).append(made, after=cases.version)[0]


def lead(
    store: Store, post_id: str, *, by: str, now: datetime, namespace: str | None = None, reason: str = ""
) -> Decision:
    """Make a post the leader of a campaign of its own, named in `detail["to"]`: look-alikes join it from then on.

    It leaves the campaign that it is in. Raises UsageError for an unknown post, one of several namespaces, or a leader.
    """
    from semsearch.campaigns.detector import campaign_id as named_after

    name = _named(by)
    cases = Cases(store, now)
    found = Journal(store).find(post_id, namespace)
    if not found:
        raise unknown("post", post_id, [], "semsearch hunt 'SOME OF ITS WORDS', to find its id")
    if len({each.post.namespace for each in found}) > 1:
        raise UsageError(f"Several namespaces have a post {post_id}.", f"Next: --namespace {found[0].post.namespace}")
    seq, post = found[-1]
    target = named_after(post.namespace, post.post_id, post.revision or 0)
    origins = " ".join(each.campaign_id for each in cases.campaigns.members_at([seq]))
    if origins == target or target in cases.campaign_ids():
        raise UsageError(f"Post {post_id} leads {target} already.", f"Next: semsearch campaigns show {target}")
    about = {"namespace": post.namespace, "to": target, "from": origins}
    pair = (post.post_id, post.revision or 0)
    made = _decision(name, now, "lead", target, members=(pair,), reason=reason, detail=about)
    return Decisions(store).append(made, after=cases.version)[0]


def allow(
    store: Store, author_id: str, *, by: str, now: datetime, reason: str, until: datetime | None = None
) -> Decision:
    """Let an author's posts join campaigns without counting as growth, until `until` or for good."""
    name = _named(by)
    _later(until, now)
    if not reason.strip():
        raise UsageError("An allowance needs a reason: it is kept with it.", "Next: --reason TEXT")
    decisions = Decisions(store)
    made = _decision(name, now, "allow", _clean(author_id, "AUTHOR_ID"), reason=reason, until=until)
    return decisions.append(made)[0]


def _check(verdict: str, until: datetime | None, now: datetime, *, remember: bool) -> None:
    if verdict not in WORDS:
        raise UsageError(
            f"There is no verdict '{verdict}': there are {', '.join(WORDS)}.",
            "Next: semsearch alerts decide ALERT_ID confirm --by NAME",
        )
    if remember and verdict != "dismiss":
        raise UsageError(f"--remember is for dismiss, not for {verdict}.", "Next: leave --remember away")
    if verdict == "snooze" and until is None:
        raise UsageError("A snooze needs an end.", "Next: --for 3d")
    if until is not None and verdict != "snooze" and not remember:
        what = "A dismissal ends only with --remember" if verdict == "dismiss" else "A confirmation has no end"
        raise UsageError(f"{what}: --until has nothing to say here.", "Next: leave --until and --for away")
    _later(until, now)


def _later(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        week = (now + timedelta(days=7)).date()
        raise UsageError(f"{until.astimezone(UTC).isoformat()} is over already.", f"Next: --until {week}")


def _named(by: str) -> str:
    if not by.strip():
        raise UsageError(
            "A decision needs the name of the person who makes it (or SEMSEARCH_REVIEWER).", "Next: --by NAME"
        )
    return _clean(by, "--by")


def _clean(text: str, what: str) -> str:
    """`text` as it can be kept. Raises UsageError for half a character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} is no UTF-8.", f"Next: write {what} anew") from error
    return text.strip()


def _decidable(case: Case, *, remember: bool) -> Case:
    if case.alert.kind == KIND and remember:
        raise UsageError(
            f"--remember is for a campaign, and {case.alert.alert_id} is a single post.", "Next: leave --remember away"
        )
    if case.alert.kind == KIND and case.status == "merged":
        raise UsageError(
            f"The post of {case.alert.alert_id} is in campaign {case.campaign_id}, which has an alert of its own.",
            "Next: semsearch alerts list, and decide on the alert of that campaign",
        )
    if case.status == "merged":
        number = case.decision.decision_id if case.decision else 0
        raise UsageError(
            f"The campaign of {case.alert.alert_id} is part of {case.campaign_id} since decision {number}.",
            "Next: semsearch alerts list, and decide on the alert of that campaign",
        )
    return case


def _number(cases: Cases, number: str) -> Decision:
    found = next((each for each in cases.decisions if str(each.decision_id) == number.lstrip("0")), None)
    if found is None:
        raise UsageError(
            f"There is no decision {number}; the last one is {cases.version}.", "Next: semsearch alerts list"
        )
    gone = next((each for each in cases.undoings() if each.subject == str(found.decision_id)), None)
    if gone is not None:
        raise UsageError(
            f"Decision {number} was undone by {gone.by} (decision {gone.decision_id}).",
            f"Next: semsearch alerts undo {gone.decision_id}, to bring it back",
        )
    return found


def _last(cases: Cases, alert_id: str) -> Decision:
    case = cases.of(alert_id)
    if case.decision is None:
        raise UsageError(f"Nobody has decided on {alert_id}.", f"Next: semsearch alerts show {alert_id}")
    return case.decision


def _decision(
    by: str,
    now: datetime,
    kind: str,
    subject: str,
    *,
    members: tuple[Pair, ...] = (),
    reason: str = "",
    until: datetime | None = None,
    detail: Mapping[str, str] | None = None,
) -> Decision:
    return Decision(0, now, by, kind, subject, members, _clean(reason, "--reason"), until, dict(detail or {}))
