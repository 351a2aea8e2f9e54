"""The bench of spam: which posts a language model is asked about, and that nothing is said where none was asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bench.spam_llm import WAYS, rows, some

from semsearch.records import Post
from semsearch.spam.worth.evaluating import HeldOut


def test_as_many_posts_of_each_side_keep_their_truth_and_flood():
    posts = tuple(Post("listing", f"p{n}", f"u{n}", datetime(2026, 1, 1, tzinfo=UTC), f"text {n}") for n in range(20))
    left = HeldOut(posts, tuple(n < 15 for n in range(20)), tuple(range(100, 120)), 3, 4)
    found = some(left, 6, seed=1)
    assert (found.truth.count(True), found.truth.count(False)) == (6, 5)
    assert all(flood - 100 == int(post.post_id[1:]) for post, flood in zip(found.posts, found.floods, strict=True))
    assert all(truth is (int(post.post_id[1:]) < 15) for post, truth in zip(found.posts, found.truth, strict=True))
    assert found == some(left, 6, seed=1) != some(left, 6, seed=2)
    assert (found.n_sampled, found.n_alike) == (3, 4)


def test_without_a_key_or_an_endpoint_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch):
    for name in WAYS:
        monkeypatch.delenv(name, raising=False)
    (told,) = rows({}, 0, n_posts=1, max_usd=1.0)
    assert told.startswith("No language model was asked")
