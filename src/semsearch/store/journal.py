"""The journal of posts: appended before anything is made of them, never appended twice.

A revision is one text of one post. Which revision a post is follows from what is stored and from the post alone, so
that a batch that is appended again after a kill, or a file that is read again, adds nothing.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from semsearch.records import Post
from semsearch.store.appending import Appended, Conflict, Draft, Stored, digest_of, revisions_of
from semsearch.store.database import Store
from semsearch.store.tables import authored, authored_mark, batches, decision_members, posts
from semsearch.store.times import from_us, to_us

__all__ = ["Appended", "Conflict", "Journal", "Stored"]
PAGE = 1_000
"""Posts that are read in one statement."""
TAIL = 20_000
"""Posts that are searched for an author one by one before the index of authors goes on."""
CHUNK = 500_000
"""Posts that go into that index at once."""
_BATCHES = 16
"""Batches whose posts are read at once."""


class Journal:
    """Posts in the order of their arrival, numbered by `seq` over all namespaces, 1 and up."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, given: Sequence[Post]) -> Appended:
        """Add what is new of a batch, in its order and in one transaction. Raises UsageError for text that is no UTF-8.

        A post without a revision is known when its latest revision has the same text, or when any revision with that
        text was seen before and after it; else it is the next revision. A post with one is known by that number.
        """
        digests = [digest_of(post) for post in given]
        with self._store.writing() as connection:
            draft = Draft(revisions_of(connection, given), _last_seq(connection) + 1)
            for post, digest in zip(given, digests, strict=True):
                draft.take(post, digest)
            draft.write(connection)
        return draft.appended()

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

    def window_start(self, namespace: str, last_seq: int, span_us: int, n_posts: int) -> int:
        """The first `seq` of the batch at which a namespace's window up to `last_seq` starts.

        It goes back to the oldest post within `span_us` of the newest, or to the `n_posts`th from the end.
        """
        own = (posts.c.namespace == namespace, posts.c.seq <= last_seq)
        with self._store.reading() as connection:
            newest = connection.scalar(select(func.max(posts.c.at_us)).where(*own)) or 0
            recent = select(func.min(posts.c.seq)).where(*own, posts.c.at_us >= newest - span_us)
            counted = select(posts.c.seq).where(*own).order_by(posts.c.seq.desc()).offset(n_posts - 1).limit(1)
            first = max(connection.scalar(recent) or 1, connection.scalar(counted) or 1)
            batch = select(func.max(batches.c.first_seq)).where(batches.c.first_seq <= first)
            return connection.scalar(batch) or 1

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

    def covered(self, decision_ids: Sequence[int]) -> list[Stored]:
        """Posts that any of these decisions covers, each once as it was then, in order of `seq`."""
        named = decision_members.c
        same = (posts.c.post_id == named.post_id) & (posts.c.revision == named.revision)
        joined = posts.join(decision_members, same & (posts.c.namespace == named.namespace))
        found: dict[int, Stored] = {}
        for start in range(0, len(decision_ids), PAGE):
            page = named.decision_id.in_(decision_ids[start : start + PAGE])
            found |= {each.seq: each for each in self._read(_posts.select_from(joined).where(page))}
        return [found[seq] for seq in sorted(found)]

    def known(self, namespace: str, post_ids: Sequence[str]) -> set[str]:
        """Those of at most 1,000 posts of a namespace that are there, in any revision."""
        wanted = select(posts.c.post_id).where(posts.c.post_id.in_(post_ids), posts.c.namespace == namespace)
        with self._store.reading() as connection:
            return set(connection.scalars(wanted))

    def by_author(self, author_id: str) -> list[Stored]:
        """An author's posts in all namespaces, in order of `seq`.

        The index of authors is brought up to date here, not where posts are appended: authors come in no order, so
        that each row would cost a page of its own there (at 500,000 posts 16 instead of 7 ms a batch of 1,000).
        """
        indexed = self._indexed()
        of_old = select(authored.c.seq).where(authored.c.author_id == author_id)
        old = self._read(_posts.where(posts.c.seq.in_(of_old)).order_by(posts.c.seq))
        return old + self._read(
            _posts.where(posts.c.seq > indexed, posts.c.author_id == author_id).order_by(posts.c.seq)
        )

    def _indexed(self) -> int:
        """Up to which `seq` authors are indexed; what is not is a short tail, which is scanned."""
        with self._store.reading() as connection:
            indexed, newest = _mark(connection), _last_seq(connection)
        while newest - indexed > TAIL:
            end = min(indexed + CHUNK, newest)
            with self._store.writing() as connection:
                indexed = _mark(connection)
                added = select(posts.c.author_id, posts.c.seq).where(posts.c.seq > indexed, posts.c.seq <= end)
                ordered = added.order_by(posts.c.author_id, posts.c.seq)
                connection.execute(authored.insert().from_select(["author_id", "seq"], ordered))
                connection.execute(update(authored_mark).values(seq=max(indexed, end)))
                indexed = max(indexed, end)
        return indexed

    def times(self, namespace: str) -> tuple[datetime, datetime] | None:
        """Of the namespace's earliest and latest post; None when it has none."""
        ends = select(func.min(posts.c.at_us), func.max(posts.c.at_us)).where(posts.c.namespace == namespace)
        with self._store.reading() as connection:
            first, last = connection.execute(ends).one()
        return None if first is None else (from_us(first), from_us(last))

    def _read(self, wanted: Select[*tuple[Any, ...]]) -> list[Stored]:
        with self._store.reading() as connection:
            return [_stored(row) for row in connection.execute(wanted)]


_FIELDS = ("seq", *("at_us" if each.name == "created_at" else each.name for each in fields(Post)))
_AT, _ATTRIBUTES = _FIELDS.index("at_us"), _FIELDS.index("attributes")
_posts = select(*(posts.c[name] for name in _FIELDS))


def _stored(row: Sequence[Any]) -> Stored:
    values = list(row)
    values[_AT] = from_us(values[_AT])
    values[_ATTRIBUTES] = json.loads(values[_ATTRIBUTES]) if values[_ATTRIBUTES] else {}
    return Stored(values[0], Post(*values[1:]))


def _mark(connection: Connection) -> int:
    return connection.scalar(select(authored_mark.c.seq)) or 0


def _last_seq(connection: Connection) -> int:
    return connection.scalar(select(func.max(posts.c.seq))) or 0
