"""Posts made by hand; two of different numbers have nothing in common."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from semsearch.records import Post

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def words(number: int, n: int = 10) -> str:
    """`n` words that no other number has."""
    rng = random.Random(f"words {number}")
    return " ".join("".join(chr(0xAC00 + rng.randrange(11_172)) for _ in range(3)) for _ in range(n))


def post(number: int, text: str | None = None, author: str | None = None, **given) -> Post:
    """Post p`number` by u`number`, a minute a number after NOW."""
    at = given.pop("at", NOW + timedelta(minutes=number))
    namespace = given.pop("namespace", "listing")
    return Post(namespace, f"p{number}", author or f"u{number}", at, words(number) if text is None else text, **given)


def posts(*numbers: int) -> list[Post]:
    return [post(number) for number in numbers]
