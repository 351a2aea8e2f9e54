"""Verdicts where they meet the journal: posts for the review list, what stands of members, and flagged authors.

Of one text and profile the latest answer stands, as in `Verdicts.flagged`. That a text tries to instruct its reader
stands whatever was answered, and also when nothing was: who makes a model abstain has been heard. Posts and members
are those of the journal, found by its index of ids: nothing here reads all posts. Authors are those of all verdicts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from semsearch.store.database import Store
from semsearch.store.tables import members, posts, verdicts
from semsearch.store.verdicts import stands_as_spam

PAGE = 500
"""Values that one statement looks for."""


class FlaggedPost(NamedTuple):
    """A revision of a post that stands as spam with at least one profile, or that tries to instruct its reader."""

    seq: int
    namespace: str
    post_id: str
    revision: int
    """The newest with this text."""
    digest: bytes
    """Of its text."""
    author_id: str
    at_us: int
    """Microseconds UTC: the post's time."""
    recipient_id: str | None
    category: str | None
    campaign_id: str | None
    """Where the machine put it; None for no campaign."""
    profile_ids: tuple[str, ...]
    """Those that it matches, sorted."""
    instructed: bool
    """Whether it tries to instruct its reader."""
    answered: bool = True
    """Whether there is an answer; False when all abstained."""


class Said(NamedTuple):
    """What stands of one member of a campaign, over all profiles."""

    flagged: bool | None
    """Whether any matches; null when all abstained."""
    instructed: bool
    """Whether it tries to instruct its reader."""


class Pointed(NamedTuple):
    """An author of whom a verdict flagged a post."""

    author_id: str
    posted_us: int
    """Microseconds UTC: the time of the first such post."""
    asked_us: int
    """Microseconds UTC: when the first of these verdicts was given."""


class Flags:
    """What verdicts say, without those of profiles that are `withdrawn`."""

    def __init__(self, store: Store, withdrawn: Collection[str] = ()) -> None:
        self._store = store
        self._in_force = verdicts.c.profile_id.not_in(sorted(withdrawn))

    def posts(self, namespace: str | None = None, author_id: str | None = None) -> list[FlaggedPost]:
        """Flagged posts and such that instruct, of a namespace or an author when one is given; in order of `seq`.

        Whatever was said of a post that instructs its reader: it may have been heard.
        """
        found: dict[tuple[str, str, bytes], FlaggedPost] = {}
        with self._store.reading() as connection:
            spaces = [namespace] if namespace is not None else list(_namespaces(connection))
            for space in spaces:
                own = [verdicts.c.namespace == space, self._in_force]
                own += [] if author_id is None else [verdicts.c.author_id == author_id]
                flagged = _flagged.where(*own, stands_as_spam())
                for *row, profile_id, instructed, _ in connection.execute(flagged):
                    _add(found, FlaggedPost._make((*row, (profile_id,), instructed, True)))
                instructs = _flagged.where(*own, verdicts.c.instructed.is_(True))
                for *row, _, instructed, is_spam in connection.execute(instructs):
                    _add(found, FlaggedPost._make((*row, (), instructed, is_spam is not None)))
        return sorted(found.values())

    def judged(self, campaign_ids: Sequence[str]) -> dict[int, Said]:
        """What stands of the members that the machine put in these campaigns, by `seq`; only those asked about."""
        joined = _judged.join(members, members.c.seq == posts.c.seq)
        return self._said(joined, members.c.campaign_id, campaign_ids)

    def of(self, seqs: Sequence[int]) -> dict[int, Said]:
        """What stands of these posts of the journal, by `seq`; only those asked about."""
        return self._said(_judged, posts.c.seq, seqs)

    def authors(self) -> list[Pointed]:
        """Everyone of whom a verdict ever flagged a post, in the journal or not, by name.

        A later answer on the same text changes nothing of what was known at the time.
        """
        told = (verdicts.c.author_id, func.min(verdicts.c.posted_us), func.min(verdicts.c.at_us))
        wanted = select(*told).where(self._in_force, verdicts.c.is_spam.is_(True)).group_by(verdicts.c.author_id)
        with self._store.reading() as connection:
            return [Pointed(*row) for row in connection.execute(wanted.order_by(verdicts.c.author_id))]

    def _said(self, source: FromClause, column: ColumnElement[Any], values: Sequence[Any]) -> dict[int, Said]:
        named = (posts.c.seq, verdicts.c.profile_id, verdicts.c.at_us, verdicts.c.is_spam, verdicts.c.instructed)
        wanted = select(*named).select_from(source).where(self._in_force)
        with self._store.reading() as connection:
            if connection.scalar(select(verdicts.c.post_id).limit(1)) is None:
                return {}
            pages = (values[start : start + PAGE] for start in range(0, len(values), PAGE))
            return _over_profiles(
                _Row._make(row) for page in pages for row in connection.execute(wanted.where(column.in_(page)))
            )


class _Row(NamedTuple):
    """A verdict on a post of the journal."""

    seq: int
    profile_id: str
    at_us: int
    is_spam: bool | None
    instructed: bool


def _same_text() -> ColumnElement[bool]:
    same = (posts.c.post_id == verdicts.c.post_id) & (posts.c.namespace == verdicts.c.namespace)
    return same & (posts.c.digest == verdicts.c.digest)


_POST = ("seq", "namespace", "post_id", "revision", "digest", "author_id", "at_us", "recipient_id", "category")
_flagged = select(
    *(posts.c[name] for name in _POST),
    *(members.c.campaign_id, verdicts.c.profile_id, verdicts.c.instructed, verdicts.c.is_spam),
).select_from(verdicts.join(posts, _same_text()).outerjoin(members, members.c.seq == posts.c.seq))
_judged = posts.join(verdicts, _same_text())
"""With abstentions: asked to leave these out SQLite would take the index of flagged ones, and read all for each."""


def _namespaces(connection: Connection) -> Sequence[str]:
    """With verdicts; asked one by one, so that each is found by the index of flagged ones."""
    return connection.scalars(select(verdicts.c.namespace).distinct()).all()


def _add(found: dict[tuple[str, str, bytes], FlaggedPost], post: FlaggedPost) -> None:
    """One row of a post, which may have one a profile, prompt, model and revision with the same text."""
    key = (post.namespace, post.post_id, post.digest)
    before = found.get(key)
    if before is not None:
        ids = tuple(sorted({*before.profile_ids, *post.profile_ids}))
        told = (before.instructed or post.instructed, before.answered or post.answered)
        post = max(before, post)._replace(profile_ids=ids, instructed=told[0], answered=told[1])
    found[key] = post


def _over_profiles(rows: Iterable[_Row]) -> dict[int, Said]:
    """Of each profile the latest answer, of one moment the one that denies; any match counts."""
    latest: dict[tuple[int, str], _Row] = {}
    over: dict[int, Said] = {}
    for row in rows:
        before = over.get(row.seq, Said(flagged=None, instructed=False))
        over[row.seq] = before._replace(instructed=before.instructed or row.instructed)
        held = latest.get((row.seq, row.profile_id))
        if row.is_spam is not None and (held is None or (row.at_us, not row.is_spam) > (held.at_us, not held.is_spam)):
            latest[row.seq, row.profile_id] = row
    for row in latest.values():
        over[row.seq] = over[row.seq]._replace(flagged=bool(over[row.seq].flagged or row.is_spam))
    return over
