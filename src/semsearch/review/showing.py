"""One alert or flagged post with all that a person wants to see before deciding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from semsearch.records import Alert, Decision, Post, Verdict
from semsearch.review.cases import Case, Cases
from semsearch.review.flagged import KIND
from semsearch.review.ranking import Judged, judged
from semsearch.store.database import Store
from semsearch.store.journal import Journal
from semsearch.store.outbox import Outbox, Owed
from semsearch.store.verdicts import Verdicts, text_of


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
    verdicts: Mapping[int, Sequence[Verdict]]
    """All that were given on the members' texts, by `seq`, in the order in which they were asked."""
    judged: Judged
    """What stands of them."""


def shown(store: Store, alert_id: str, now: datetime) -> Shown:
    """One alert or flagged post; raises UsageError for an id that there is none of."""
    cases = Cases(store, now)
    case = cases.of(alert_id)
    posts = Journal(store).get([each.seq for each in case.members])
    raises = [case.alert] if case.alert.kind == KIND else cases.campaigns.events(alert_id)
    given = Verdicts(store).of(posts.values())
    verdicts = {seq: given[text_of(post)] for seq, post in posts.items() if text_of(post) in given}
    said = cases.flags.of(list(verdicts))
    told = Outbox(store).of(alert_id)
    return Shown(case, posts, raises, cases.about(case), told, verdicts, judged(case.members, said))
