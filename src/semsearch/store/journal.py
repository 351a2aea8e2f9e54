"""The journal of posts: appended before anything is made of them, never appended twice.

A revision is one text of one post. Which revision a post is follows from what is stored and from the post alone, so
that a batch that is appended again after a kill, or a file that is read again, adds nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select, update

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.store.database import Store
from semsearch.store.tables import batches, posts
from semsearch.store.times import from_us, to_us

PAGE = 1_000
"""Posts that are read, or looked for, in one statement."""
_BATCHES = 16
"""Batches whose posts are read at once."""
Key = tuple[str, str]
"""(namespace, post_id)."""


class Stored(NamedTuple):
    """A post of the journal; its `revision` is set."""

    seq: int
    post: Post


@dataclass(frozen=True, slots=True)
class Conflict:
    """A post whose given revision is stored with another text; it was left out."""

    namespace: str
    post_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What one batch added. `n_new + n_revised + n_known + len(conflicts)` are its posts."""

    first_seq: int
    """Of the first post that was added; the others follow without gaps. When none was: the next free one."""
    n_new: int
    """Posts that nobody had seen."""
    n_revised: int
    """New texts of known posts."""
    n_known: int
    """Seen before with the same text: left out."""
    conflicts: tuple[Conflict, ...] = ()
    stored: tuple[Stored, ...] = ()
    """What was added, in order."""

    @property
    def last_seq(self) -> int:
        """Of the last post that was added; `first_seq - 1` when none was."""
        return self.first_seq + self.n_new + self.n_revised - 1


class Journal:
    """Posts in the order of their arrival, numbered by `seq` over all namespaces, 1 and up."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, given: Sequence[Post]) -> Appended:
        """Add what is new of a batch, in its order and in one transaction. Raises UsageError for text that is no UTF-8.

        A post without a revision is known when its latest revision has the same text, or when any revision with that
        text was seen before and after it; else it is the next revision. A post with one is known by that number.
        """
        digests = [_digest(post) for post in given]
        with self._store.writing() as connection:
            draft = _Draft(_revisions(connection, given), _last_seq(connection) + 1)
            for post, digest in zip(given, digests, strict=True):
                draft.take(post, digest)
            draft.write(connection)
        return draft.appended()

    def after(self, namespace: str, seq: int, limit: int) -> list[Stored]:
        """The next posts of a namespace, at most `limit`, in order of `seq`."""
        wanted = _posts.where(posts.c.namespace == namespace, posts.c.seq > seq).order_by(posts.c.seq).limit(limit)
        return self._read(wanted)

    def batches(self, namespace: str, after_seq: int) -> Iterator[tuple[Stored, ...]]:
        """A namespace's posts after `after_seq` as they were appended, one batch after the other."""
        while True:
            ends = self._ends(after_seq)
            if not ends:
                return
            first, last = ends[0][0], ends[-1][1]
            span = (posts.c.namespace == namespace, posts.c.seq.between(max(first, after_seq + 1), last))
            found = deque(self._read(_posts.where(*span).order_by(posts.c.seq)))
            for _, end in ends:
                batch = []
                while found and found[0].seq <= end:
                    batch.append(found.popleft())
                if batch:
                    yield tuple(batch)
            after_seq = last

    def _ends(self, after_seq: int) -> list[tuple[int, int]]:
        """First and last `seq` of the next batches that end after `after_seq`."""
        wanted = select(batches.c.first_seq, batches.c.last_seq).where(batches.c.last_seq > after_seq)
        with self._store.reading() as connection:
            rows = connection.execute(wanted.order_by(batches.c.first_seq).limit(_BATCHES))
            return [(first, last) for first, last in rows]

    def between(self, namespace: str, start: datetime, end: datetime) -> Iterator[list[Stored]]:
        """Posts with `start <= created_at < end`, in order of `seq`, page by page."""
        period = (posts.c.namespace == namespace, posts.c.at_us >= to_us(start), posts.c.at_us < to_us(end))
        with self._store.reading() as connection:
            first, last = connection.execute(select(func.min(posts.c.seq), func.max(posts.c.seq)).where(*period)).one()
        while first is not None:
            wanted = _posts.where(*period, posts.c.seq.between(first, last)).order_by(posts.c.seq).limit(PAGE)
            page = self._read(wanted)
            if page:
                yield page
            first = page[-1].seq + 1 if len(page) == PAGE else None

    def get(self, seqs: Sequence[int]) -> dict[int, Post]:
        """Posts by `seq`; those that are not there are left out."""
        found: dict[int, Post] = {}
        for start in range(0, len(seqs), PAGE):
            found |= dict(self._read(_posts.where(posts.c.seq.in_(seqs[start : start + PAGE]))))
        return found

    def find(self, post_id: str, namespace: str | None = None) -> list[Stored]:
        """All revisions of a post, oldest first; of the same id in every namespace when none is named."""
        wanted = _posts.where(posts.c.post_id == post_id).order_by(posts.c.namespace, posts.c.revision)
        return self._read(wanted if namespace is None else wanted.where(posts.c.namespace == namespace))

    def by_author(self, author_id: str) -> list[Stored]:
        """An author's posts in all namespaces, in order of `seq`."""
        return self._read(_posts.where(posts.c.author_id == author_id).order_by(posts.c.seq))

    def last_seq(self, namespace: str) -> int:
        """Of the namespace's newest post; 0 when it has none."""
        with self._store.reading() as connection:
            newest = select(func.max(posts.c.seq)).where(posts.c.namespace == namespace)
            return connection.scalar(newest) or 0

    def _read(self, wanted: Select[*tuple[Any, ...]]) -> list[Stored]:
        with self._store.reading() as connection:
            return [_stored(row) for row in connection.execute(wanted)]


_posts = select(
    posts.c.seq,
    posts.c.namespace,
    posts.c.post_id,
    posts.c.author_id,
    posts.c.at_us,
    posts.c.text,
    posts.c.revision,
    posts.c.image_path,
    posts.c.parent_id,
    posts.c.room_id,
    posts.c.recipient_id,
    posts.c.category,
    posts.c.attributes,
    posts.c.seller_type,
)
"""`seq`, then the fields of a post in their order."""


def _stored(row: Sequence[Any]) -> Stored:
    seq, namespace, post_id, author_id, at_us, text, *rest, attributes, seller_type = row
    read = json.loads(attributes) if attributes else {}
    return Stored(
        seq, Post(namespace, post_id, author_id, from_us(at_us), text, *rest, attributes=read, seller_type=seller_type)
    )


def _digest(post: Post) -> bytes:
    try:
        return hashlib.blake2b(post.text.encode(), digest_size=16).digest()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"Post {post.post_id} holds half a character (a lone surrogate), which no file can keep.",
            "Next: mend it, or leave it out",
        ) from error


@dataclass(slots=True)
class _Revision:
    """A stored revision: its number, the digest of its text, and when that text was seen first and last."""

    number: int
    digest: bytes
    first_us: int
    last_us: int
    stored: bool = True


def _last_seq(connection: Connection) -> int:
    return connection.scalar(select(func.max(posts.c.seq))) or 0


_known = select(posts.c.post_id, posts.c.revision, posts.c.digest, posts.c.first_us, posts.c.last_us).where(
    posts.c.post_id.in_(bindparam("ids", expanding=True)), posts.c.namespace == bindparam("namespace")
)


def _revisions(connection: Connection, given: Sequence[Post]) -> dict[Key, list[_Revision]]:
    """What is stored of these posts, revisions ascending."""
    ids: dict[str, set[str]] = {}
    for post in given:
        ids.setdefault(post.namespace, set()).add(post.post_id)
    found: dict[Key, list[_Revision]] = {}
    for namespace, wanted in ids.items():
        names = sorted(wanted)
        for start in range(0, len(names), PAGE):
            page = {"namespace": namespace, "ids": names[start : start + PAGE]}
            for post_id, *rest in connection.execute(_known, page):
                found.setdefault((namespace, post_id), []).append(_Revision(*rest))
    for revisions in found.values():
        revisions.sort(key=lambda each: each.number)
    return found


_seen = (
    update(posts)
    .where(
        posts.c.namespace == bindparam("in_namespace"),
        posts.c.post_id == bindparam("of_post"),
        posts.c.revision == bindparam("number"),
    )
    .values(first_us=bindparam("first"), last_us=bindparam("last"))
)


class _Draft:
    """A batch on its way into the journal."""

    def __init__(self, revisions: dict[Key, list[_Revision]], first_seq: int) -> None:
        self._revisions = revisions
        self._first_seq = first_seq
        self._rows: list[tuple[Any, ...]] = []
        self._stored: list[Stored] = []
        self._widened: dict[tuple[Key, int], _Revision] = {}
        self._n_new = self._n_known = 0
        self._conflicts: list[Conflict] = []

    def take(self, post: Post, digest: bytes) -> None:
        """Decide on one post."""
        key = (post.namespace, post.post_id)
        at_us = to_us(post.created_at)
        revisions = self._revisions.get(key)
        if revisions is None:
            self._n_new += 1
            number = post.revision or 0
            self._revisions[key] = [_Revision(number, digest, at_us, at_us, stored=False)]
            self._add(post, number, at_us, digest)
        elif post.revision is None:
            self._count(post, digest, at_us, revisions)
        else:
            self._compare(post, post.revision, digest, at_us, revisions)

    def _count(self, post: Post, digest: bytes, at_us: int, revisions: list[_Revision]) -> None:
        latest = revisions[-1]
        if latest.digest == digest:
            self._n_known += 1
            self._widen(post, latest, at_us)
        elif any(r.digest == digest and r.first_us <= at_us <= r.last_us for r in revisions):
            self._n_known += 1
        else:
            self._revise(post, latest.number + 1, digest, at_us, revisions)

    def _compare(self, post: Post, number: int, digest: bytes, at_us: int, revisions: list[_Revision]) -> None:
        same = next((r for r in revisions if r.number == number), None)
        if same is None:
            self._revise(post, number, digest, at_us, revisions)
            revisions.sort(key=lambda each: each.number)
        elif same.digest == digest:
            self._n_known += 1
        else:
            self._conflicts.append(Conflict(post.namespace, post.post_id, number))

    def _revise(self, post: Post, number: int, digest: bytes, at_us: int, revisions: list[_Revision]) -> None:
        revisions.append(_Revision(number, digest, at_us, at_us, stored=False))
        self._add(post, number, at_us, digest)

    def _widen(self, post: Post, revision: _Revision, at_us: int) -> None:
        if revision.first_us <= at_us <= revision.last_us:
            return
        revision.first_us = min(revision.first_us, at_us)
        revision.last_us = max(revision.last_us, at_us)
        self._widened[(post.namespace, post.post_id), revision.number] = revision

    def _add(self, post: Post, number: int, at_us: int, digest: bytes) -> None:
        seq = self._first_seq + len(self._rows)
        attributes = _json(post.attributes) if post.attributes else None
        self._stored.append(Stored(seq, post if post.revision == number else replace(post, revision=number)))
        self._rows.append(
            (seq, post.namespace, post.post_id, number, post.author_id, at_us, at_us, at_us, digest, post.text,
             post.image_path, post.parent_id, post.room_id, post.recipient_id, post.category, attributes,
             post.seller_type)
        )  # fmt: skip

    def write(self, connection: Connection) -> None:
        """Into the tables, one statement for all rows: values in the order of the columns."""
        if self._rows:
            statement = str(posts.insert().compile(dialect=connection.dialect))
            connection.exec_driver_sql(statement, self._rows)
            ends = {"first_seq": self._first_seq, "last_seq": self._rows[-1][0]}
            connection.execute(batches.insert(), ends)
        for (key, number), revision in self._widened.items():
            seen = {"in_namespace": key[0], "of_post": key[1], "number": number}
            connection.execute(_seen, seen | {"first": revision.first_us, "last": revision.last_us})

    def appended(self) -> Appended:
        """What it came to."""
        n_revised = len(self._rows) - self._n_new
        return Appended(
            self._first_seq, self._n_new, n_revised, self._n_known, tuple(self._conflicts), tuple(self._stored)
        )


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True)
