"""What a batch adds to the journal: which of its posts are new, which are revisions, which were seen before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.store.tables import batches, posts
from semsearch.store.times import to_us

PAGE = 1_000
"""Posts that are looked for in one statement."""
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


def digest_of(post: Post) -> bytes:
    """Of its text, 16 bytes; raises UsageError for text that is no UTF-8."""
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


_known = select(posts.c.post_id, posts.c.revision, posts.c.digest, posts.c.first_us, posts.c.last_us).where(
    posts.c.post_id.in_(bindparam("ids", expanding=True)), posts.c.namespace == bindparam("namespace")
)


def revisions_of(connection: Connection, given: Sequence[Post]) -> dict[Key, list[_Revision]]:
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


class Draft:
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
            self._revisions[key] = [_Revision(number, digest, at_us, at_us)]
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
        revisions.append(_Revision(number, digest, at_us, at_us))
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
        self._stored.append(Stored(seq, post if post.revision == number else _numbered(post, number)))
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


def _numbered(post: Post, number: int) -> Post:
    """`dataclasses.replace`, in a third of its time."""
    return Post(
        post.namespace, post.post_id, post.author_id, post.created_at, post.text, number, post.image_path,
        post.parent_id, post.room_id, post.recipient_id, post.category, post.attributes, post.seller_type,
    )  # fmt: skip


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True)
