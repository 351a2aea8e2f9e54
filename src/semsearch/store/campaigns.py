"""What the machine found: members, alerts, volumes, and how far it has read. Rebuilt from the journal when lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, delete, func, select, tuple_, update

from semsearch.errors import Busy, MismatchError
from semsearch.plain import plain
from semsearch.records import Alert, Member
from semsearch.store.database import Store
from semsearch.store.outbox import DUE, alert_of, raised
from semsearch.store.tables import alert_events, alerts, cursors, members, outbox, posts, volumes

PAGE = 1_000
"""Values that one statement looks for."""
Hour = tuple[int, str]
"""(start of an hour in microseconds UTC, category, empty for none)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where the journal of one namespace is processed, and with what."""

    namespace: str
    last_seq: int
    encoder_id: str
    """Leaders of another encoder cannot be compared with."""
    policy_id: str
    """Digest of the settings that decided."""

    def require(self, encoder_id: str) -> None:
        """Raises MismatchError when campaigns were found with another encoder."""
        if self.encoder_id != encoder_id:
            raise MismatchError(
                f"Campaigns in {self.namespace} were found with encoder {self.encoder_id or 'none'}; "
                f"now it is {encoder_id or 'none'}.",
                f"Next: semsearch campaigns reembed --namespace {self.namespace}",
            )


@dataclass(frozen=True, slots=True)
class Standing:
    """What one namespace holds."""

    namespace: str
    n_posts: int
    """In the journal, revisions counted."""
    n_left: int
    """Of these not gone through yet: what a stopped scan left, until the next one."""
    n_alerts: int


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one batch: kept as a whole, or not at all."""

    namespace: str
    last_seq: int
    """Of the last post of the journal that was processed."""
    encoder_id: str = ""
    policy_id: str = ""
    members: Sequence[Member] = ()
    alerts: Sequence[Alert] = ()
    """Raises, in order; one that its alert has taken before (same level and kind) changes nothing."""
    volumes: Mapping[Hour, int] = field(default_factory=dict)
    """The hours that changed, with all their posts so far."""
    sinks: Sequence[str] = ()
    """Names of those that are told of each raise."""


class CampaignStore:
    """Members, alerts, volumes and cursors of all namespaces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def cursor(self, namespace: str) -> Cursor | None:
        """How far a namespace is processed; None before its first step."""
        with self._store.reading() as connection:
            return _cursor(connection, namespace)

    def commit(self, step: Step) -> None:
        """Keep one step in one transaction.

        Raises MismatchError when the cursor names another encoder, Busy when another scan has gone further.
        """
        with self._store.writing() as connection:
            _advance(connection, step)
            if step.members:
                rows = [(each.seq, step.namespace, *_member_row(each)) for each in step.members]
                connection.exec_driver_sql(str(members.insert().compile(dialect=connection.dialect)), rows)
            for alert in step.alerts:
                _raise(connection, alert, step.sinks)
            _count(connection, step)

    def members(self, namespace: str, since_us: int | None = None) -> list[Member]:
        """Members of a namespace in order of `seq`; only those with `at_us >= since_us` when that is given."""
        wanted = _members.where(members.c.namespace == namespace).order_by(members.c.seq)
        return self._members(wanted if since_us is None else wanted.where(members.c.at_us >= since_us))

    def members_of(self, campaign_ids: Sequence[str]) -> list[Member]:
        """Members that the machine put in these campaigns, in order of `seq`."""
        return self._paged(members.c.campaign_id, sorted(set(campaign_ids)))

    def members_at(self, seqs: Sequence[int]) -> list[Member]:
        """Members among these posts of the journal, in order of `seq`."""
        return self._paged(members.c.seq, sorted(set(seqs)))

    def members_before(self, namespace: str, first_seq: int) -> list[int]:
        """Members before `first_seq` of campaigns that grew from there on."""
        own = members.c.namespace == namespace
        grown = select(members.c.campaign_id).where(own, members.c.seq >= first_seq).distinct()
        wanted = select(members.c.seq).where(own, members.c.seq < first_seq, members.c.campaign_id.in_(grown))
        with self._store.reading() as connection:
            return list(connection.scalars(wanted.order_by(members.c.seq)))

    def alerts(
        self, namespace: str | None = None, severity: str | None = None, campaign_id: str | None = None
    ) -> list[Alert]:
        """Alerts as they were raised last, newest raise first."""
        wanted = select(*(alerts.c[name] for name in _ALERT)).order_by(alerts.c.at_us.desc(), alerts.c.alert_id)
        given = {"namespace": namespace, "severity": severity, "campaign_id": campaign_id}
        for name, value in given.items():
            wanted = wanted if value is None else wanted.where(alerts.c[name] == value)
        with self._store.reading() as connection:
            return [alert_of(row) for row in connection.execute(wanted)]

    def alert(self, alert_id: str) -> Alert | None:
        """One alert as it was raised last; None when there is none of that id."""
        wanted = select(*(alerts.c[name] for name in _ALERT)).where(alerts.c.alert_id == alert_id)
        with self._store.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else alert_of(row)

    def events(self, alert_id: str) -> list[Alert]:
        """Every step of the ladder that an alert took, oldest first."""
        joined = alert_events.join(alerts, alerts.c.alert_id == alert_events.c.alert_id)
        wanted = select(*raised()).select_from(joined).where(alert_events.c.alert_id == alert_id)
        with self._store.reading() as connection:
            return [alert_of(row) for row in connection.execute(wanted.order_by(alert_events.c.event_id))]

    def alerted_authors(self) -> dict[str, int]:
        """Everyone who has a post that counts in a campaign with an alert, and since when, in microseconds UTC.

        The later of the first raise and the post; campaigns as the machine found them.
        """
        since = case((members.c.at_us > alerts.c.first_us, members.c.at_us), else_=alerts.c.first_us)
        joined = alerts.join(members, members.c.campaign_id == alerts.c.campaign_id)
        wanted = select(members.c.author_id, func.min(since)).select_from(joined).where(members.c.counts)
        with self._store.reading() as connection:
            rows = connection.execute(wanted.group_by(members.c.author_id))
            return {author_id: at_us for author_id, at_us in rows}  # noqa: C416 - rows are no pairs to mypy

    def volumes(self, namespace: str, since_us: int | None = None) -> dict[Hour, int]:
        """Posts by hour and category, oldest hour first."""
        wanted = select(volumes.c.hour_us, volumes.c.category, volumes.c.n_posts)
        wanted = wanted.where(volumes.c.namespace == namespace)
        wanted = wanted if since_us is None else wanted.where(volumes.c.hour_us >= since_us)
        with self._store.reading() as connection:
            rows = connection.execute(wanted.order_by(volumes.c.hour_us, volumes.c.category))
            return {(hour, category): n for hour, category, n in rows}

    def namespaces(self) -> dict[str, str]:
        """Every campaign that has members or an alert, and its namespace."""
        with self._store.reading() as connection:
            return {
                campaign_id: namespace
                for table in (members, alerts)
                for campaign_id, namespace in connection.execute(
                    select(table.c.campaign_id, table.c.namespace).distinct()
                )
            }

    def standing(self) -> list[Standing]:
        """What each namespace holds, by name."""
        left = func.coalesce(func.sum(case((posts.c.seq > func.coalesce(cursors.c.last_seq, 0), 1), else_=0)), 0)
        counted = (
            select(posts.c.namespace, func.count(), left)
            .select_from(posts.outerjoin(cursors, cursors.c.namespace == posts.c.namespace))
            .group_by(posts.c.namespace)
            .order_by(posts.c.namespace)
        )
        raised = select(alerts.c.namespace, func.count()).group_by(alerts.c.namespace)
        with self._store.reading() as connection:
            n_alerts = {name: n for name, n in connection.execute(raised)}  # noqa: C416 - rows are no pairs to mypy
            return [Standing(name, n, late, n_alerts.get(name, 0)) for name, n, late in connection.execute(counted)]

    def reembed(self, namespace: str, encoder_id: str) -> None:
        """Let a namespace go on with another encoder; what was found stays."""
        with self._store.writing() as connection:
            connection.execute(update(cursors).where(cursors.c.namespace == namespace), {"encoder_id": encoder_id})

    def _paged(self, column: ColumnElement[Any], values: Sequence[Any]) -> list[Member]:
        found: list[Member] = []
        for start in range(0, len(values), PAGE):
            found += self._members(_members.where(column.in_(values[start : start + PAGE])))
        return sorted(found, key=lambda member: member.seq)

    def _members(self, wanted: Select[*tuple[Any, ...]]) -> list[Member]:
        with self._store.reading() as connection:
            return [Member(*row) for row in connection.execute(wanted)]


_MEMBER = tuple(each.name for each in fields(Member))
_ALERT = tuple(each.name for each in fields(Alert))
_RAISED = ("kind", "level", "severity", "at_us", "n_posts", "n_authors", "n_recipients")
_members = select(*(members.c[name] for name in _MEMBER))


def _member_row(member: Member) -> tuple[Any, ...]:
    return (
        member.campaign_id, member.post_id, member.revision, member.author_id, member.at_us, member.net,
        member.strength, member.detail, member.recipient_id, member.category, member.disguised, member.counts,
    )  # fmt: skip


def _cursor(connection: Connection, namespace: str) -> Cursor | None:
    wanted = select(*(cursors.c[each.name] for each in fields(Cursor))).where(cursors.c.namespace == namespace)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else Cursor(*row)


def _advance(connection: Connection, step: Step) -> None:
    before = _cursor(connection, step.namespace)
    new = {"last_seq": step.last_seq, "encoder_id": step.encoder_id, "policy_id": step.policy_id}
    if before is None:
        connection.execute(cursors.insert(), new | {"namespace": step.namespace})
        return
    before.require(step.encoder_id)
    if before.last_seq > step.last_seq:
        raise Busy(
            f"Another scan of {step.namespace} has gone on to post {before.last_seq}.",
            "Next: wait for it, then run the command again",
        )
    connection.execute(update(cursors).where(cursors.c.namespace == step.namespace), new)


def _raise(connection: Connection, alert: Alert, sinks: Sequence[str]) -> None:
    same = (alert_events.c.alert_id == alert.alert_id, alert_events.c.level == alert.level)
    taken = select(alert_events.c.event_id).where(*same, alert_events.c.kind == alert.kind)
    if connection.scalar(taken) is not None:
        return
    told: dict[str, Any] = {name: getattr(alert, name) for name in _RAISED}
    told["reasons"] = json.dumps(plain(alert.reasons), ensure_ascii=False, sort_keys=True)
    stored = connection.scalar(select(alerts.c.level).where(alerts.c.alert_id == alert.alert_id))
    if stored is None:
        about = {"alert_id": alert.alert_id, "campaign_id": alert.campaign_id, "namespace": alert.namespace}
        connection.execute(alerts.insert(), about | {"first_us": alert.at_us} | told)
    elif alert.level >= stored:
        connection.execute(update(alerts).where(alerts.c.alert_id == alert.alert_id), told)
    event_id = connection.scalar(
        alert_events.insert().returning(alert_events.c.event_id), {"alert_id": alert.alert_id} | told
    )
    owed = {"event_id": event_id, "alert_id": alert.alert_id, "state": DUE, "attempts": 0, "due_us": 0, "error": ""}
    if sinks:
        connection.execute(outbox.insert(), [owed | {"sink": sink} for sink in sinks])


def _count(connection: Connection, step: Step) -> None:
    """Replace the changed hours: removed, then written, which every database can."""
    if not step.volumes:
        return
    rows = [
        {"namespace": step.namespace, "hour_us": hour, "category": category, "n_posts": n}
        for (hour, category), n in step.volumes.items()
    ]
    keys = [(row["namespace"], row["hour_us"], row["category"]) for row in rows]
    held = tuple_(volumes.c.namespace, volumes.c.hour_us, volumes.c.category)
    for start in range(0, len(keys), 500):
        connection.execute(delete(volumes).where(held.in_(keys[start : start + 500])))
    connection.execute(volumes.insert(), rows)
