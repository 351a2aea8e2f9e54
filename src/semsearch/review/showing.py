"""One alert with all that a person wants to see before deciding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from semsearch.records import Alert, Decision, Post
from semsearch.review.cases import Case, Cases
from semsearch.store.database import Store
from semsearch.store.journal import Journal
from semsearch.store.outbox import Outbox, Owed


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert, its evidence, and what became of it."""

    case: Case
    posts: Mapping[int, Post]
    """The members' posts by `seq`."""
    raises: Sequence[Alert]
    """Each step of the ladder that it took, oldest first."""
    decisions: Sequence[Decision]
    """About it or its campaign, undone ones and undoings too, oldest first."""
    told: Sequence[Owed]
    """What sinks were told, or are owed."""


def shown(store: Store, alert_id: str, now: datetime) -> Shown:
    """One alert; raises UsageError for an id that there is none of."""
    cases = Cases(store, now)
    case = cases.of(alert_id)
    posts = Journal(store).get([each.seq for each in case.members])
    return Shown(case, posts, cases.campaigns.events(alert_id), cases.about(case), Outbox(store).of(alert_id))
