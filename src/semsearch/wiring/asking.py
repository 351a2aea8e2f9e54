"""Who asks the language models: an asker with its cache, its guard, its log of what leaves, and where texts may go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

from semsearch.settings import Settings
from semsearch.wiring.prompts import open_prompts
from semsearch.wiring.serving import load_settings
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    import httpx2

    from semsearch.llm.answers import Question
    from semsearch.llm.asking import Asker, Leaving
    from semsearch.llm.guard.departures import Departures
    from semsearch.llm.messages import Rendered
    from semsearch.llm.prompts import Prompts
    from semsearch.store.database import Store

Clock = Callable[[], datetime]


@contextmanager
def open_asker(
    workspace: Workspace,
    settings: Settings,
    *,
    clock: Clock,
    nonces: Callable[[], str] = token_hex,
    store: Store | None = None,
    max_usd: float | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Iterator[Asker]:
    """Asks the models of `[llm]`; answers are kept in the workspace's database, departures in its `logs/`.

    `nonces` gives an unguessable text each time; `store` is the database when the caller has it open; `max_usd` goes
    before the setting; `transport` stands in for the network. No key is asked for here. Raises UsageError for an
    address that is none and for a database that cannot be opened.
    """
    from semsearch.llm.asking import Asker
    from semsearch.llm.endpoint import address
    from semsearch.llm.guard.departures import Departures
    from semsearch.llm.guard.guard import Guard
    from semsearch.llm.guard.providers import check_allowed, host_of, is_local
    from semsearch.store.answers import Answers
    from semsearch.store.database import Store

    llm = settings.override("llm", max_usd=max_usd).llm
    host = host_of(address(llm))
    with (
        nullcontext(store) if store else Store.open(workspace.moderation_path, now=clock()) as opened,
        Departures(workspace.path("logs", "llm-sent.jsonl")) as departures,
        Asker(
            llm,
            Answers(opened),
            Guard(max_chars=llm.max_chars),
            clock=clock,
            nonces=nonces,
            allowed=lambda namespace: check_allowed(namespace, address(llm), llm.allowed(namespace)),
            leaving=_noting(departures, host, clock),
            local=is_local(host),
            transport=transport,
        ) as asker,
    ):
        yield asker


class Opened(NamedTuple):
    """What every room that asks models works with."""

    workspace: Workspace
    settings: Settings
    store: Store
    prompts: Prompts
    asker: Asker


@contextmanager
def open_asking(
    workspace: Workspace, settings: Settings | None, *, clock: Clock, transport: httpx2.AsyncBaseTransport | None
) -> Iterator[Opened]:
    """A workspace's settings, database (made when there is none), prompts and asker; errors as for `open_asker`."""
    from semsearch.store.database import Store

    chosen = settings or load_settings(workspace)
    with (
        Store.open(workspace.moderation_path, now=clock()) as store,
        open_asker(workspace, chosen, store=store, clock=clock, transport=transport) as asker,
    ):
        yield Opened(workspace, chosen, store, open_prompts(workspace), asker)


def _noting(departures: Departures, host: str, clock: Clock) -> Leaving:
    from semsearch.llm.guard.departures import Departure

    def note(question: Question[Any], rendered: Rendered, model: str, key: str) -> None:
        n_chars = sum(len(message["content"]) for message in rendered.messages)
        prompt = question.prompt
        told = (host, model, prompt.id, prompt.prompt_hash, question.namespace, key)
        departures.note(Departure(clock(), *told, n_chars, rendered.placeholders))

    return note
