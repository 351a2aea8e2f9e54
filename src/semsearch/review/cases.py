"""Alerts and flagged posts as people left them: what was decided, over which members, and who joined since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from semsearch.errors import UsageError
from semsearch.records import Alert, Decision, Member
from semsearch.review.flagged import KIND, as_alert, as_member, case_id, withdrawn
from semsearch.review.near import unknown
from semsearch.review.places import Places
from semsearch.store.appending import digest_of
from semsearch.store.campaigns import CampaignStore
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.flagged import FlaggedPost, Flags
from semsearch.store.journal import Journal
from semsearch.store.rulings import MOVES, in_force, lasts, snoozes, standing
from semsearch.store.times import to_us

STATUSES = ("open", "confirmed", "dismissed", "snoozed", "merged")
_STATUS = {"confirm": "confirmed", "dismiss": "dismissed", "snooze": "snoozed"}


@dataclass(frozen=True, slots=True)
class Case:
    """One alert or flagged post, what was decided on it, and the members of its campaign as they are now."""

    alert: Alert
    status: str
    """open, confirmed, dismissed, snoozed, or merged: the campaign is part of another one that has an alert.

    A flagged post is merged when an alert has taken it over.
    """
    campaign_id: str
    """What the alert's campaign is part of now; itself when nobody merged it. Empty for a post in none."""
    members: tuple[Member, ...]
    covered: frozenset[tuple[str, int]]
    """(post_id, revision) that the decisions behind the status cover."""
    decision: Decision | None = None
    """The last one behind the status."""

    @property
    def new(self) -> tuple[Member, ...]:
        """Members that nobody has decided on: all of an open alert's."""
        return tuple(each for each in self.members if (each.post_id, each.revision) not in self.covered)

    @property
    def told(self) -> str:
        """The status in words, such as `confirmed (12 new)`."""
        late = len(self.new) if self.status in ("confirmed", "dismissed") else 0
        return f"{self.status} ({late:,} new)" if late else self.status


class Cases:
    """All that was decided, read once."""

    def __init__(self, store: Store, now: datetime) -> None:
        decisions = Decisions(store)
        self.campaigns = CampaignStore(store)
        self.version = decisions.version()
        self.decisions = decisions.all()
        self.forced = in_force(self.decisions)
        self.places = Places(self.forced)
        self.flags = Flags(store, withdrawn(self.decisions, self.forced))
        self._journal = Journal(store)
        self._now = now
        self._standing = standing(self.forced)
        self._snoozes = snoozes(self.forced, now)

    def all(
        self, namespace: str | None = None, severity: str | None = None, within: Collection[str] | None = None
    ) -> list[Case]:
        """Every alert, the newest raise first; only of campaigns `within` these when they are given."""
        found = self.campaigns.alerts(namespace, severity)
        wanted = [each for each in found if within is None or self.places.now(each.campaign_id) in within]
        campaigns = {(each.namespace, self.places.now(each.campaign_id)) for each in wanted}
        held = self.places.sorted_into(self.campaigns, campaigns)
        return [self._case(each, held[each.namespace, self.places.now(each.campaign_id)]) for each in wanted]

    def flagged(self, namespace: str | None = None, author_id: str | None = None) -> list[FlaggedPost]:
        """Flagged posts that are in no alert, of a namespace or an author when one is given, in order of `seq`."""
        alerted = self._alerted(namespace)
        found = self.flags.posts(namespace, author_id)
        return [each for each in found if not each.campaign_id or self._place(each) not in alerted]

    def case(self, post: FlaggedPost) -> Case:
        """A flagged post that is in no alert as a case of its own."""
        return self._decided(as_alert(post), self._place(post)[1], (as_member(post),))

    def is_decided(self, alert_id: str) -> bool:
        """Whether a decision makes the status of an alert or of a flagged post."""
        return bool(self._behind(alert_id))

    def of(self, alert_id: str) -> Case:
        """One alert or flagged post; raises UsageError for an id that there is none of."""
        alert = self.campaigns.alert(alert_id)
        if alert is None:
            post = self._post(alert_id) if alert_id.startswith("v") else None
            if post is not None:
                taken = self._place(post) in self._alerted(post.namespace)
                return replace(self.case(post), status="merged") if taken else self.case(post)
            known = [each.alert_id for each in self.campaigns.alerts()]
            raise unknown("alert", alert_id, known, "semsearch alerts list")
        return self._case(alert, self.members(alert.namespace, self.places.now(alert.campaign_id)))

    def status(self, alert_id: str) -> str:
        """The status of one alert in words."""
        return self.of(alert_id).told

    def about(self, case: Case) -> list[Decision]:
        """Decisions about an alert or its campaign, undone ones and undoings too, oldest first."""
        subjects = {case.alert.alert_id}
        if case.alert.kind != KIND:
            subjects |= {case.alert.campaign_id, *self.places.origins(case.campaign_id)}
        about: dict[str, Decision] = {}
        for each in self.decisions:
            if each.subject in (about if each.kind == "undo" else subjects):
                about[str(each.decision_id)] = each
        return list(about.values())

    def members(self, namespace: str, campaign_id: str) -> list[Member]:
        """All that are in a campaign now, in order of `seq`."""
        return self.places.members(self.campaigns, namespace, campaign_id)

    def sized(self, namespace: str | None = None) -> list[tuple[str, str, list[Member]]]:
        """(campaign, namespace, members) of all campaigns as they are now, the largest first."""
        found: dict[tuple[str, str], list[Member]] = {}
        for own in sorted({each for each in self.namespaces().values() if namespace in (None, each)}):
            for member in self.campaigns.members(own):
                found.setdefault((self.places.of(own, member), own), []).append(member)
        return sorted(
            ((name, own, each) for (name, own), each in found.items()), key=lambda one: (-len(one[2]), one[0])
        )

    def campaign(self, campaign_id: str) -> tuple[str, str, list[Member]]:
        """(namespace, the campaign that it is part of now, members); raises UsageError for an unknown id."""
        known = self.namespaces()
        if campaign_id not in known:
            raise unknown("campaign", campaign_id, sorted(known), "semsearch campaigns list")
        namespace, name = known[campaign_id], self.places.now(campaign_id)
        return namespace, name, self.members(namespace, name)

    def namespaces(self) -> dict[str, str]:
        """Every campaign, found by the machine or made by people, and its namespace."""
        made = {each.detail["to"]: each.detail["namespace"] for each in self.forced if each.kind in MOVES}
        return made | self.campaigns.namespaces()

    def campaign_ids(self) -> set[str]:
        """Every name of a campaign that was ever given, undone ones too."""
        return set(self.campaigns.namespaces()) | {each.detail["to"] for each in self.decisions if "to" in each.detail}

    def confirmations(self) -> list[Decision]:
        """Those that hold."""
        return [each for held in self._standing.values() for each in held if each.kind == "confirm"]

    def dismissals(self) -> list[Decision]:
        """Those that hold."""
        return [each for held in self._standing.values() for each in held if each.kind == "dismiss"]

    def allowances(self) -> dict[str, Decision]:
        """Those that hold, by author."""
        lasting = (each for each in self.forced if each.kind == "allow" and lasts(each, self._now))
        return {each.subject: each for each in lasting}

    def undoings(self) -> list[Decision]:
        """Undoings in force."""
        gone: set[str] = set()
        found = []
        for each in reversed(self.decisions):
            if each.kind == "undo" and str(each.decision_id) not in gone:
                gone.add(each.subject)
                found.append(each)
        return found

    def _case(self, alert: Alert, members: Sequence[Member]) -> Case:
        now_in = self.places.now(alert.campaign_id)
        if now_in != alert.campaign_id and self.campaigns.alerts(campaign_id=now_in):
            merges = (each for each in reversed(self.forced) if each.kind == "merge")
            merged = next(each for each in merges if each.subject == alert.campaign_id)
            return Case(alert, "merged", now_in, (), frozenset(), merged)
        return self._decided(alert, now_in, tuple(members))

    def _decided(self, alert: Alert, campaign_id: str, members: tuple[Member, ...]) -> Case:
        behind = self._behind(alert.alert_id)
        status = _STATUS[behind[-1].kind] if behind else "open"
        covered = frozenset(pair for each in behind for pair in each.members)
        return Case(alert, status, campaign_id, members, covered, behind[-1] if behind else None)

    def _alerted(self, namespace: str | None) -> set[tuple[str, str]]:
        """(namespace, campaign) of all that have an alert."""
        return {(each.namespace, self.places.now(each.campaign_id)) for each in self.campaigns.alerts(namespace)}

    def _place(self, post: FlaggedPost) -> tuple[str, str]:
        """(namespace, campaign) that a post is in; an empty one for none."""
        return post.namespace, self.places.of(post.namespace, as_member(post))

    def _post(self, alert_id: str) -> FlaggedPost | None:
        """A post by the id of its case: one that is flagged, or that was when a person decided on it."""
        found = next((each for each in self.flags.posts() if case_id(each) == alert_id), None)
        decided = next((each for each in self.decisions if each.subject == alert_id and each.members), None)
        return self._covered(decided) if found is None and decided else found

    def _covered(self, decision: Decision) -> FlaggedPost | None:
        """The post of a decision on a flagged post; None when it was erased."""
        (post_id, revision), *_ = decision.members
        stored = self._journal.find(post_id, decision.detail["namespace"])
        for seq, post in (each for each in stored if each.post.revision == revision):
            campaign_id = next((each.campaign_id for each in self.campaigns.members_at([seq])), None)
            at = (digest_of(post), post.author_id, to_us(post.created_at), post.recipient_id, post.category)
            return FlaggedPost(seq, post.namespace, post_id, revision, *at, campaign_id, (), False)
        return None

    def _behind(self, alert_id: str) -> Sequence[Decision]:
        """The decisions that make the status; none for an open alert."""
        snoozed = self._snoozes.get(alert_id)
        return (snoozed,) if snoozed else self._standing.get(alert_id, ())


def filtered(cases: Sequence[Case], status: str) -> list[Case]:
    """Those with a status, or, for `new`, those that were decided on before others joined. Raises UsageError."""
    if status == "new":
        return [case for case in cases if case.status in ("confirmed", "dismissed") and case.new]
    if status not in STATUSES:
        raise UsageError(
            f"There is no status '{status}': there are {', '.join(STATUSES)}, and new for later joiners.",
            "Next: --status open",
        )
    return [case for case in cases if case.status == status]
