"""Verdicts where they meet the journal: posts for the review list, what stands of members, flagged authors.

Of one text and profile the latest answer stands, as in `Verdicts.flagged`. Only posts of the journal are looked at, by
its index of ids: nothing here reads all posts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from semsearch.store.database import Store
from semsearch.store.tables import members, posts, verdicts
from semsearch.store.verdicts import denied

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


class Said(NamedTuple):
    """What stands of one member of a campaign, over all profiles."""

    flagged: bool
    instructed: bool


class Flags:
    """What verdicts say of the journal's posts, without those of profiles that are `withdrawn`."""

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
                flagged = _flagged.where(*own, verdicts.c.is_spam.is_(True), ~denied().exists())
                for *row, profile_id, instructed in connection.execute(flagged):
                    _add(found, FlaggedPost._make((*row, (profile_id,), instructed)))
                for *row, _, instructed in connection.execute(_flagged.where(*own, verdicts.c.instructed.is_(True))):
                    _add(found, FlaggedPost._make((*row, (), instructed)))
        return sorted(found.values())

    def judged(self, campaign_ids: Sequence[str]) -> dict[int, Said]:
        """What stands of the members that the machine put in these campaigns, by `seq`; only those with an answer."""
        joined = _judged.join(members, members.c.seq == posts.c.seq)
        return self._said(joined, members.c.campaign_id, campaign_ids)

    def of(self, seqs: Sequence[int]) -> dict[int, Said]:
        """What stands of these posts of the journal, by `seq`; only those with an answer."""
        return self._said(_judged, posts.c.seq, seqs)

    def authors(self) -> dict[str, int]:
        """Everyone whose post a verdict ever flagged, in the journal or not, and when that was said first."""
        wanted = select(verdicts.c.author_id, func.min(verdicts.c.at_us)).where(verdicts.c.is_spam.is_(True))
        with self._store.reading() as connection:
            rows = connection.execute(wanted.group_by(verdicts.c.author_id))
            return {author_id: at_us for author_id, at_us in rows}  # noqa: C416 - rows are no pairs to mypy

    def _said(self, source: FromClause, column: ColumnElement[Any], values: Sequence[Any]) -> dict[int, Said]:
        named = (posts.c.seq, verdicts.c.profile_id, verdicts.c.at_us, verdicts.c.is_spam, verdicts.c.instructed)
        wanted = select(*named).select_from(source).where(self._in_force)
        found: dict[tuple[int, str], tuple[int, bool, bool]] = {}
        with self._store.reading() as connection:
            if connection.scalar(select(verdicts.c.post_id).limit(1)) is None:
                return {}
            for start in range(0, len(values), PAGE):
                page = wanted.where(column.in_(values[start : start + PAGE]))
                for seq, profile_id, at_us, is_spam, instructed in connection.execute(page):
                    held = found.get((seq, profile_id))
                    if is_spam is not None and (held is None or (at_us, not is_spam) > (held[0], not held[1])):
                        found[seq, profile_id] = (at_us, is_spam, instructed)
        return _over_profiles(found)


def _same_text() -> ColumnElement[bool]:
    same = (posts.c.post_id == verdicts.c.post_id) & (posts.c.namespace == verdicts.c.namespace)
    return same & (posts.c.digest == verdicts.c.digest)


_POST = ("seq", "namespace", "post_id", "revision", "digest", "author_id", "at_us", "recipient_id", "category")
_flagged = select(
    *(posts.c[name] for name in _POST), members.c.campaign_id, verdicts.c.profile_id, verdicts.c.instructed
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
        post = max(before, post)._replace(profile_ids=ids, instructed=before.instructed or post.instructed)
    found[key] = post


def _over_profiles(found: dict[tuple[int, str], tuple[Any, bool, bool]]) -> dict[int, Said]:
    """Any match counts."""
    over: dict[int, Said] = {}
    for (seq, _), (_, is_spam, instructed) in found.items():
        before = over.get(seq, Said(flagged=False, instructed=False))
        over[seq] = Said(before.flagged or is_spam, before.instructed or instructed)
    return over
