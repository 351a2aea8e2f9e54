"""What a chat server may answer: values, and everything that goes wrong with real ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the server saw it."""

    number: int
    """1 and up, in the order of arrival."""
    body: dict[str, Any]
    key: str
    at_s: float
    """The server's monotonic clock."""
    n_in_flight: int
    """Requests that were being answered then, this one among them."""

    @property
    def system(self) -> str:
        return "\n".join(m["content"] for m in self.body["messages"] if m["role"] == "system")

    @property
    def user(self) -> str:
        return "\n".join(m["content"] for m in self.body["messages"] if m["role"] == "user")

    @property
    def schema(self) -> dict[str, Any] | None:
        asked = self.body.get("response_format", {})
        return asked["json_schema"]["schema"] if asked.get("type") == "json_schema" else None

    @property
    def max_tokens(self) -> int | None:
        return self.body.get("max_completion_tokens", self.body.get("max_tokens"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request. The default is an empty answer."""

    content: str | None = ""
    refusal: str | None = None
    finish_reason: str = "stop"
    fits: bool = True
    """Whether the content has to fit the schema that was asked for; a script that breaks it is a mistake."""
    choices: bool = True
    usage: bool = True
    status: int = 200
    error: str = ""
    """Message of an error in OpenAI's form; for any status but 200."""
    code: str = ""
    page: str = ""
    """Sent as it is, as HTML."""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    """Seconds between two hundredths of the body."""
    cut: bool = False
    """Whether the connection ends in the middle of the body; the work was done, and is billed."""


Answer = Callable[[Asked], Reply]


def says(value: object, **how: Any) -> Reply:
    """A valid answer."""
    return Reply(json.dumps(value, ensure_ascii=False), **how)


def slow(reply: Reply, delay_s: float) -> Reply:
    return replace(reply, delay_s=delay_s)


def too_many(**headers: str) -> Reply:
    """429; `too_many(retry_after="1")`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=429, error="Rate limit reached", code="rate_limit_exceeded", headers=named)


def http_date(seconds: float) -> str:
    """The time in so many seconds, as an HTTP date (whole seconds)."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def broken(status: int = 500) -> Reply:
    return Reply(status=status, error="The server had an error", code="server_error")


def out_of_quota() -> Reply:
    """429 that no waiting mends."""
    return Reply(status=429, error="You exceeded your current quota", code="insufficient_quota")


def proxy_page(status: int = 502) -> Reply:
    """A proxy's page instead of an answer; with status 200 it even looks like one."""
    return Reply(status=status, page="<html><head><title>Bad Gateway</title></head><body>nginx</body></html>")


def refuses(text: str = "I'm sorry, I can't help with that.") -> Reply:
    return Reply(None, refusal=text, fits=False)


def filtered() -> Reply:
    return Reply("", finish_reason="content_filter", fits=False)


def filtered_request() -> Reply:
    """How Azure's endpoint says that a filter stopped the prompt: 400, nothing billed."""
    return Reply(status=400, error="The response was filtered", code="content_filter")


def cut_by_length(reply: Reply) -> Reply:
    """Half of an answer; it is billed as the most that was asked for."""
    content = reply.content or ""
    return replace(reply, content=content[: len(content) // 2], finish_reason="length", fits=False)


def cut_connection(reply: Reply) -> Reply:
    return replace(reply, cut=True)


def dripping(reply: Reply, drip_s: float) -> Reply:
    """A body that comes by and by: each read is quick, the whole is not."""
    return replace(reply, drip_s=drip_s)


def not_json() -> Reply:
    return Reply("Sure! Here is the verdict: it looks like spam.", fits=False)


def wrong_shape() -> Reply:
    return says({"verdict": "maybe"}, fits=False)


def no_choices() -> Reply:
    return Reply(choices=False)


def no_usage(reply: Reply) -> Reply:
    return replace(reply, usage=False)


def first(faults: Iterable[Reply], then: Answer) -> Answer:
    """These for the first requests, in the order of arrival, then as `then` answers."""
    waiting = list(faults)

    def answer(asked: Asked) -> Reply:
        return waiting.pop(0) if waiting else then(asked)

    return answer
