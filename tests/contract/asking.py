"""What the contract tests ask: a small prompt, posts told apart by one word, and an asker at a test's server."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

from pydantic import BaseModel, ConfigDict
from tests.contract.chat_replies import Asked, Reply, says
from tests.contract.chat_server import Server

from semsearch.llm.answers import Answer, Question
from semsearch.llm.asking import Asker, Leaving
from semsearch.llm.guard.guard import Guard
from semsearch.llm.prompts import Prompt
from semsearch.settings import LlmSettings
from semsearch.store.answers import Answers
from semsearch.store.database import Store

TEXT = """+++
id = "test-verdict"
version = 1
purpose = "For tests"
model = "small"
output = "test.verdict"

[parameters]
temperature = 0
max_tokens = 60

[variables]
post = "outside"
+++

# system

Say in JSON whether the post is spam: "reasoning", then "is_spam".

# user

{{ post }}
"""
PROMPT = Prompt.of(TEXT, Path("test-verdict.md"))
PRICES = {"scripted-small": {"input": 1.0, "output": 4.0}}
"""US dollars a million tokens."""


class Judged(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    reasoning: str
    is_spam: bool


def question(word: str) -> Question[Judged]:
    return Question(PROMPT, Judged, "listing", own={}, outside={"post": word}, approved={})


def questions(n: int) -> list[Question[Judged]]:
    return [question(f"post{i}") for i in range(n)]


def word(asked: Asked) -> str:
    """The word of the post that a request is about."""
    return re.findall(r"post(\w+)", asked.user)[-1]


def good(asked: Asked) -> Reply:
    """An answer that says which post it is for."""
    return verdict(word(asked))


def verdict(reasoning: str, **how: Any) -> Reply:
    return says({"reasoning": reasoning, "is_spam": False}, **how)


@contextmanager
def opened(
    server: Server | str, folder: Path, *, leaving: Leaving = lambda *_: None, local: bool = True, **changed: Any
) -> Iterator[Asker]:
    """An asker at a server, whose answers are kept in `folder`; `changed` are settings of [llm]."""
    url = server if isinstance(server, str) else server.url
    given = {"base_url": url, "small": "scripted-small", "prices": PRICES, "concurrency": 8, "timeout_s": 5, **changed}
    path = folder / "moderation.sqlite"
    if not path.exists():
        path.write_bytes(_migrated())
    with (
        Store.open(path, now=_now()) as store,
        Asker(
            LlmSettings(**given),
            Answers(store),
            Guard(),
            clock=_now,
            nonces=lambda: token_hex(8),
            allowed=lambda _: None,
            leaving=leaving,
            local=local,
        ) as asker,
    ):
        yield asker


def answers(server: Server, folder: Path, asked: list[Question[Judged]], **changed: Any) -> list[Answer[Judged]]:
    """All answers of one run."""
    with opened(server, folder, **changed) as asker:
        return list(asker.ask(asked))


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _migrated() -> bytes:
    """An empty database; a copy of it saves the migration."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "moderation.sqlite"
        Store.open(path, now=_now()).close()
        return path.read_bytes()
