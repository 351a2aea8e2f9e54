"""What the tests of detection ask over HTTP: the shipped prompt, small profiles, answers that go by words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contract.asking import opened
from tests.contract.chat_replies import Asked, Reply, cut_by_length, filtered, not_json, refuses, says, wrong_shape
from tests.contract.chat_server import Server

from semsearch.llm.prompts import Prompts
from semsearch.records import Post, Profile
from semsearch.settings import Settings
from semsearch.spam.parts import Parts
from semsearch.spam.verdicts.detecting import Judged, Keep, detect
from semsearch.store.database import Store
from semsearch.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROMPT = Prompts.open(None).get("spam-verdict")
SMALL, LARGE = "scripted-small", "scripted-large"
PRICES = {name: {"input": 1.0, "output": 4.0} for name in (SMALL, LARGE)}
FAULTS = {"refuse": refuses, "filter": filtered, "prose": not_json, "shape": wrong_shape}


def post(post_id: str, text: str, namespace: str = "listing", minute: int = 0) -> Post:
    return Post(namespace, post_id, f"u{post_id}", NOW + timedelta(minutes=minute), text)


def profile(name: str, text: str | None = None, namespace: str = "listing") -> Profile:
    """By default one that matches posts in which its name stands."""
    return Profile(f"id-{name}", name, namespace, text or f"They write {name}.", NOW)


def said(is_spam: bool | None, *quotes: str, reasoning: str = "because") -> Reply:
    return says({"reasoning": reasoning, "quotes": list(quotes), "is_spam": is_spam})


def parts(asked: Asked) -> tuple[str, str]:
    """Profile (empty without one) and post as they were sent, without marks."""
    plain = asked.user.replace("¦", "")
    texts = re.findall(r"<<TEXT:\w+>>\n(.*?)\n<<END:\w+>>", plain, re.S)
    return (texts[0], texts[1]) if len(texts) == 2 else ("", texts[0])


def by_words(asked: Asked) -> Reply:
    """Spam when the post has the profile's last word; unknown when it says `unclear`; else by the fault that it names.

    Without a profile spam is what says `spam`.
    """
    written, text = parts(asked)
    for fault, reply in FAULTS.items():
        if fault in text:
            return reply()
    if "long" in text:
        return cut_by_length(said(is_spam=True))
    word = written.rstrip(".").split()[-1] if written else "spam"
    return said(None if "unclear" in text else word in text, reasoning=f"{word} in {text}")


def judged(
    server: Server,
    folder: Path,
    posts: Iterable[Post],
    profiles: Sequence[Profile],
    keep: Keep | None = None,
    *,
    without_profile: bool = False,
    **changed: Any,
) -> list[Judged]:
    """One run of `detect` at a server, whose answers are kept in `folder`."""
    with opened(server, folder, **changed) as asker:
        return list(
            detect(
                posts, profiles, PROMPT, asker,
                max_chars=4_000, clock=lambda: NOW, keep=keep, without_profile=without_profile,
            )
        )  # fmt: skip


@contextmanager
def at(workspace: Workspace, server: Server, **llm: object) -> Iterator[Parts]:
    """Parts at a server, as the wiring makes them."""
    given = {"small": SMALL, "large": LARGE, "prices": PRICES, "retries": 0, "base_url": server.url} | llm
    settings = Settings().override("llm", **given).override("spam", sample=4, least=2)
    with (
        opened(server, workspace.root, **given) as asker,
        Store.open(workspace.moderation_path, now=NOW) as store,
    ):
        yield Parts(workspace, settings, store, Prompts.open(workspace.root), asker, lambda: NOW)
