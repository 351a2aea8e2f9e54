"""What LLMs said of posts: one verdict a text, profile, prompt and model. People decide; nothing here acts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Row, Select, and_, delete, func, or_, select, tuple_

from semsearch.records import Post, Verdict
from semsearch.store.appending import digest_of
from semsearch.store.database import Store
from semsearch.store.tables import posts, verdicts
from semsearch.store.times import from_us, to_us

PAGE = 500
"""Rows or values of one statement."""
Text = tuple[str, str, bytes]
"""(namespace, post_id, digest): one text of one post, which is what a verdict is about."""
_Value = TypeVar("_Value")
_NUSD = 1_000_000_000
"""Billionths of a US dollar."""


class Revision(NamedTuple):
    """Where the journal holds a text."""

    seq: int
    revision: int


class Verdicts:
    """All verdicts that were kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, given: Sequence[Verdict]) -> None:
        """Keep verdicts in one transaction; each takes the place of an earlier one of the same key.

        The key: text, profile, prompt and model. Of several with one key in `given` the last one stays.
        """
        rows = list({_key(each): _row(each) for each in given}.items())
        columns = tuple_(*(verdicts.c[name] for name in _KEY))
        with self._store.writing() as connection:
            for page in _pages(rows):
                connection.execute(delete(verdicts).where(columns.in_([key for key, _ in page])))
                connection.execute(verdicts.insert(), [row for _, row in page])

    def of(self, given: Iterable[Post]) -> dict[Text, list[Verdict]]:
        """The verdicts of these posts' texts as they are, in the order in which they were asked."""
        wanted = {text_of(post) for post in given}
        found: dict[Text, list[Verdict]] = {}
        column = tuple_(verdicts.c.namespace, verdicts.c.post_id)
        for page in _pages(sorted({each[:2] for each in wanted})):
            for verdict in self._read(_verdicts.where(column.in_(page)).order_by(*_ASKED)):
                if about(verdict) in wanted:
                    found.setdefault(about(verdict), []).append(verdict)
        return found

    def by_author(self, author_id: str) -> list[Verdict]:
        """The verdicts of an author's posts, in the order in which they were asked."""
        return self._read(_verdicts.where(verdicts.c.author_id == author_id).order_by(*_ASKED))

    def flagged(self, namespace: str | None = None, profile_ids: Collection[str] | None = None) -> list[Verdict]:
        """What stands as spam, newest post first; with only these profiles when they are given.

        A later answer of the same profile to the same text (by another prompt or model) takes the place of an earlier
        one, an abstention does not. Several profiles may flag one text: a verdict each.
        """
        wanted = _verdicts.where(verdicts.c.is_spam.is_(True), ~_denied().exists())
        wanted = wanted if namespace is None else wanted.where(verdicts.c.namespace == namespace)
        wanted = wanted if profile_ids is None else wanted.where(verdicts.c.profile_id.in_(sorted(profile_ids)))
        newest = (verdicts.c.posted_us.desc(), verdicts.c.namespace, verdicts.c.post_id, *_ASKED)
        return self._read(wanted.order_by(*newest))

    def latest(self, limit: int, namespace: str | None = None) -> list[Verdict]:
        """The verdicts that were asked last, newest first, abstentions too; at most `limit`."""
        wanted = _verdicts if namespace is None else _verdicts.where(verdicts.c.namespace == namespace)
        order = [column.desc() for column in _ASKED]
        return self._read(wanted.order_by(*order).limit(limit))

    def revisions(self, given: Iterable[Verdict]) -> dict[Text, Revision]:
        """Where the journal holds the texts of these verdicts; the newest revision of a text that came back.

        Texts that were never scanned, or were erased since, are left out.
        """
        wanted = {about(each) for each in given}
        column = tuple_(posts.c.namespace, posts.c.post_id)
        shown = select(posts.c.namespace, posts.c.post_id, posts.c.digest, posts.c.seq, posts.c.revision)
        found: dict[Text, Revision] = {}
        with self._store.reading() as connection:
            for page in _pages(sorted({each[:2] for each in wanted})):
                for *text, seq, revision in connection.execute(shown.where(column.in_(page)).order_by(posts.c.seq)):
                    if (key := (text[0], text[1], text[2])) in wanted:
                        found[key] = Revision(seq, revision)
        return found

    def counts(self) -> dict[bool | None, int]:
        """How many say yes, no, or abstain (None)."""
        with self._store.reading() as connection:
            counted = select(verdicts.c.is_spam, func.count()).group_by(verdicts.c.is_spam)
            return {said: n for said, n in connection.execute(counted)}  # noqa: C416 - rows are no pairs to mypy

    def _read(self, wanted: Select[*tuple[Any, ...]]) -> list[Verdict]:
        with self._store.reading() as connection:
            return [_verdict(row) for row in connection.execute(wanted)]


_KEY = ("namespace", "post_id", "digest", "profile_id", "prompt_hash", "model")
_verdicts = select(verdicts)
_ASKED = (verdicts.c.at_us, verdicts.c.profile_id, verdicts.c.prompt_hash, verdicts.c.model)
"""When a verdict was asked; what was asked at once, by name."""


def text_of(post: Post) -> Text:
    """What a verdict about this post as it is would be about; raises UsageError for text that is no UTF-8."""
    return post.namespace, post.post_id, digest_of(post)


def about(verdict: Verdict) -> Text:
    """The text that a verdict is about."""
    return verdict.namespace, verdict.post_id, verdict.digest


def _denied() -> Select[*tuple[Any, ...]]:
    """Later answers of the same profile to the same text; those of the same moment count when they deny."""
    other = verdicts.alias("other")
    same = [other.c[name] == verdicts.c[name] for name in ("namespace", "post_id", "digest", "profile_id")]
    at_once = and_(other.c.at_us == verdicts.c.at_us, other.c.is_spam.is_(False))
    later = and_(other.c.at_us > verdicts.c.at_us, other.c.is_spam.is_not(None))
    return select(other.c.post_id).where(*same, or_(later, at_once)).correlate(verdicts)


def _pages(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    return (values[start : start + PAGE] for start in range(0, len(values), PAGE))


def _key(verdict: Verdict) -> tuple[Any, ...]:
    return tuple(getattr(verdict, name) for name in _KEY)


def _row(verdict: Verdict) -> dict[str, Any]:
    told = {name: getattr(verdict, name) for name in (*_KEY, *_AS_IT_IS)}
    return told | {
        "posted_us": to_us(verdict.posted_at),
        "quotes": json.dumps(verdict.quotes, ensure_ascii=False),
        "cost_nusd": round(verdict.cost_usd * _NUSD),
        "at_us": 0 if verdict.at is None else to_us(verdict.at),
    }


_AS_IT_IS = ("author_id", "is_spam", "reason", "cause", "instructed", "n_in", "n_out")


def _verdict(row: Row[*tuple[Any, ...]]) -> Verdict:
    held = {name: getattr(row, name) for name in (*_KEY, *_AS_IT_IS)}
    return Verdict(
        **held,
        posted_at=from_us(row.posted_us),
        quotes=tuple(json.loads(row.quotes)),
        cost_usd=row.cost_nusd / _NUSD,
        at=from_us(row.at_us) if row.at_us else None,
    )
