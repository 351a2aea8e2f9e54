"""Where the models are: a client is opened here, and its failures are put into our words."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from semsearch.errors import MissingService, SemsearchError, UsageError
from semsearch.llm.answers import DETAIL_CHARS, FILTER
from semsearch.llm.guard.providers import host_of, is_local
from semsearch.settings import LlmSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2
    from openai import APIStatusError, AsyncOpenAI, OpenAI

C = TypeVar("C")
CHECK = "Next: check [llm] in semsearch.toml, or SEMSEARCH_LLM__BASE_URL and OPENAI_API_KEY"
REFUSED = "Next: check [llm] structured and the model in semsearch.toml, and [parameters] of the prompt"
TRIPS = (ValueError, TypeError, AttributeError)
"""What the openai package's parser raises for an answer of another form."""
OFFICIAL = "https://api.openai.com/v1"
TIMEOUT_S = 60.0
CONNECT_S = 10.0
LONGEST_WAIT_S = 120.0
"""An endpoint that asks to wait longer is waited for by a person."""
TOO_MANY = 429
SERVER_ERROR = 500
MAYBE_BILLED = {408, 502, 504}
"""Somebody on the way gave up; the model may have answered."""
TIMES = {408, 409, TOO_MANY}
"""Statuses below 500 that may pass."""
NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached"}
_UNLIKE = "does not answer as it should: {}"
TOO_LONG = {"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"}


@dataclass(frozen=True, slots=True)
class Place:
    """Which model is asked where, for messages."""

    url: str
    model: str
    setting: str
    """Name of the model's setting in [llm]."""
    kind: str = "chat"

    def __str__(self) -> str:
        return f"The {self.kind} endpoint {self.url}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an attempt that failed means for the next one."""

    detail: str
    again: bool = True
    """Whether it may pass."""
    billed: bool = False
    """Whether the model may have worked for it."""
    wait_s: float | None = None
    """As the endpoint asks."""
    all_wait: bool = False
    """Whether it holds for every call."""
    filtered: bool = False
    """Whether a filter of the endpoint stopped the prompt."""
    of_question: bool = False
    """Whether it says nothing about the endpoint."""
    stop: SemsearchError | None = None
    """When no other call would do better."""


def address(settings: LlmSettings) -> str:
    """The endpoint's address: that of the settings, of OPENAI_BASE_URL, or OpenAI's own."""
    return settings.base_url or os.environ.get("OPENAI_BASE_URL") or OFFICIAL


def host_and_path(settings: LlmSettings) -> str:
    """Where the endpoint is, without scheme and credentials: `api.openai.com/v1`, `localhost:8080/v1`."""
    parts = urlsplit(address(settings))
    return parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")


def open_client(settings: LlmSettings) -> OpenAI:
    """A plain client, for embeddings; raises MissingService without a key for an endpoint that is not one's own.

    No redirect is followed, and no proxy stands before a local endpoint.
    """
    import httpx2
    from openai import DefaultHttpxClient, OpenAI

    transport = httpx2.HTTPTransport() if _is_local(settings) else None
    http = DefaultHttpxClient(transport=transport, timeout=TIMEOUT_S, follow_redirects=False)
    return _opened(settings, "embeddings", lambda **given: OpenAI(**given, timeout=TIMEOUT_S, http_client=http))


def open_async_client(settings: LlmSettings, transport: httpx2.AsyncBaseTransport | None = None) -> AsyncOpenAI:
    """A client that makes one attempt a call, for chat; `transport` stands in for the network. Raises as above.

    No redirect is followed, and no proxy stands before a local endpoint; before another one stands the proxy that the
    environment names, which reads along where the address is plain http.
    Only connecting is timed here, as a client's other time-outs start anew with every byte.
    """
    import httpx2
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    limits = httpx2.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
    timeout = httpx2.Timeout(None, connect=min(CONNECT_S, settings.timeout_s / 2))
    if transport is None and _is_local(settings):
        transport = httpx2.AsyncHTTPTransport(limits=limits)  # one that is given looks for no proxy
    http = DefaultAsyncHttpxClient(transport=transport, limits=limits, timeout=timeout, follow_redirects=False)
    once: dict[str, Any] = {"timeout": timeout, "max_retries": 0, "http_client": http}
    return _opened(settings, "chat", lambda **given: AsyncOpenAI(**given, **once))


def in_our_words(error: Exception, place: Place) -> SemsearchError:
    """What a failure of the openai package means to a person."""
    import openai

    said = _short(error)
    told: dict[type[Exception], tuple[str, str]] = {
        openai.APIConnectionError: (f"cannot be reached: {said}", CHECK),
        openai.AuthenticationError: ("refuses the key.", CHECK),
        openai.PermissionDeniedError: (f"does not permit it: {said}", CHECK),
        openai.NotFoundError: (f"has no model '{place.model}' (404).", _other_model(place)),
    }
    if getattr(error, "code", None) in NO_MONEY:
        return MissingService(f"{place} says that no money is left for this key: {said}", "Next: fill up the account")
    if isinstance(error, (openai.BadRequestError, openai.UnprocessableEntityError)):
        return UsageError(f"{place} refuses the request: {said}", REFUSED)
    words, step = next((told[kind] for kind in told if isinstance(error, kind)), (_UNLIKE.format(said), CHECK))
    return MissingService(f"{place} {words}", step)


def trouble_of(error: Exception, place: Place, *, heard: bool, now: datetime) -> Trouble:
    """What a failed attempt means. `heard`: this endpoint has answered before, so it is there and takes our calls."""
    import openai

    stop = None if heard else in_our_words(error, place)
    if isinstance(error, TimeoutError):
        return Trouble("no answer in time", billed=True)
    if isinstance(error, openai.APIConnectionError):
        unsent = _unsent(error)
        return Trouble(_short(error), billed=not unsent, stop=stop if unsent else None)
    if isinstance(error, openai.APIStatusError):
        return _told_by_status(error, place, stop, now)
    return Trouble(f"no readable answer: {_short(error)}", billed=True)


def _told_by_status(error: APIStatusError, place: Place, stop: SemsearchError | None, now: datetime) -> Trouble:
    import openai

    status, code = error.status_code, error.code or error.type or ""
    detail = _short(error)
    if isinstance(error, (openai.AuthenticationError, openai.NotFoundError)) or code in NO_MONEY:
        return Trouble(detail, stop=in_our_words(error, place))
    if code == FILTER:
        return Trouble(detail, again=False, filtered=True)
    if status in TIMES or status >= SERVER_ERROR:
        wait_s = retry_after(error.response.headers, now)
        if wait_s is not None and wait_s > LONGEST_WAIT_S:
            said = f"{place} asks to wait for {wait_s:,.0f} s ({status})."
            return Trouble(detail, stop=MissingService(said, "Next: the same command after that time"))
        all_wait = status == TOO_MANY or wait_s is not None
        return Trouble(detail, billed=status in MAYBE_BILLED, wait_s=wait_s, all_wait=all_wait)
    if code in TOO_LONG:
        return Trouble(detail, again=False, of_question=True)
    return Trouble(detail, again=False, stop=stop)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a server asks to wait, by retry-after-ms, or Retry-After in seconds or as a date; else None.

    A date is compared with the server's own where it tells one.
    """
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    at = _date(headers.get("retry-after", ""))
    return None if at is None else max(0.0, (at - (_date(headers.get("date", "")) or now)).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _is_local(settings: LlmSettings) -> bool:
    return is_local(host_of(address(settings)))


def _opened(settings: LlmSettings, kind: str, client: Callable[..., C]) -> C:
    from openai import OpenAIError

    own_server = settings.base_url or os.environ.get("OPENAI_BASE_URL")
    key = os.environ.get("OPENAI_API_KEY") or ("none" if own_server else None)
    _check_port(own_server or OFFICIAL)
    if key and not (key.isascii() and key.isprintable()):  # what trips over it would print it
        raise MissingService("OPENAI_API_KEY holds signs that no key has.", "Next: export OPENAI_API_KEY=…")
    try:
        return client(api_key=key, base_url=settings.base_url or None)
    except OpenAIError as error:
        step = "Next: export OPENAI_API_KEY=…, or SEMSEARCH_LLM__BASE_URL=http://… for a server of your own"
        raise MissingService(f"No key for the {kind} endpoint.", step) from error


def _check_port(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise UsageError(f"'{url}' is no address of an endpoint: {error}.", CHECK) from error


def _other_model(place: Place) -> str:
    setting = place.setting
    where = f"SEMSEARCH_LLM__{setting.upper()}"
    return f"Next: correct [llm] {setting} in semsearch.toml, or {where}; or the address, SEMSEARCH_LLM__BASE_URL"


def _short(error: Exception) -> str:
    """What an error says, without the page that a proxy may have put there."""
    cause = error.__cause__ or error
    said = " ".join((str(getattr(cause, "message", "") or cause) or type(cause).__name__).split())
    return said if len(said) <= DETAIL_CHARS else f"{said[: DETAIL_CHARS - 1]}…"


def _unsent(error: Exception) -> bool:
    """Whether a connection failed before the request was on its way."""
    import httpx2

    before = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    return isinstance(error.__cause__, (*before, httpx2.UnsupportedProtocol, httpx2.InvalidURL))
