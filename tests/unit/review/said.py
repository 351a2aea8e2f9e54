"""Verdicts on posts of a journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from semsearch.records import Post, Verdict
from semsearch.store.appending import digest_of
from semsearch.store.database import Store
from semsearch.store.journal import Journal
from semsearch.store.verdicts import Verdicts

ASKED = datetime(2026, 2, 28, tzinfo=UTC)


def say(store: Store, post_id: str, is_spam: bool | None = True, *, namespace: str = "listing", **more: Any) -> Verdict:
    """Keep a verdict on the newest text of a post."""
    return said_of(store, Journal(store).find(post_id, namespace)[-1].post, is_spam, **more)


def said_of(store: Store, post: Post, is_spam: bool | None = True, **more: Any) -> Verdict:
    """Keep a verdict on a post, in the journal or not."""
    about = (post.namespace, post.post_id, digest_of(post), post.author_id, post.created_at)
    told = {"profile_id": "pA", "prompt_hash": "h", "model": "m", "reason": "상점 말투", "at": ASKED}
    made = Verdict(*about, is_spam=is_spam, **(told | more))
    Verdicts(store).keep([made])
    return made
