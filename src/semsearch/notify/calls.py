"""Calls to Slack: bounded in time, and their failures told apart into those that pass and those that a person mends.

What is raised names neither token nor address. slack_sdk's own retries stay off: they sleep, and a post that was sent
but not answered would be sent again without a look.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, TypeVar

from semsearch.notify.sink import Later, SinkError, Stops

T = TypeVar("T")
TIMEOUT_S = 5.0
PACE_S = 1.2
"""Slack takes about a new message a second and channel, and 50 edits a minute."""
LONGEST_S = 86_400.0
TOO_MANY = 429
SERVER_ERROR = 500
WITHOUT_NUMBER_S = 30.0
"""Wait after a 429 that does not say how long."""
NOT_SLACK = "What answers in Slack's place does not answer as Slack does."
TRANSIENT = {
    "ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable",
    "request_timeout", "team_added_to_org", "rollup_error",
}  # fmt: skip
TOKEN = {
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
    "no_permission", "org_login_required", "not_allowed_token_type", "ekm_access_denied", "invalid_token", "no_service",
    "no_team", "team_disabled", "user_not_found", "accesslimited",
}  # fmt: skip
CHANNEL = {
    "channel_not_found", "not_in_channel", "is_archived", "channel_is_archived", "restricted_action",
    "restricted_action_read_only_channel", "restricted_action_non_threadable_channel", "action_prohibited",
    "posting_to_general_channel_denied", "mcp_channel_not_found", "is_inactive", "user_not_in_channel",
}  # fmt: skip


class Unsure(Later):
    """No clear answer: what was sent may have arrived all the same."""


def quiet() -> logging.Logger:
    """A logger for slack_sdk that says nothing: its messages would go to the terminal, and could name the address."""
    logger = logging.getLogger("semsearch.notify.quiet")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def bounded(call: Callable[[], T], seconds: float = TIMEOUT_S) -> T:
    """What `call` returns or raises, within `seconds`; raises Unsure when it takes longer.

    A socket's own time-out starts anew with every byte and does not cover the look-up of a name, hence the thread; one
    that is given up ends by itself.
    """
    outcome: list[tuple[bool, Any]] = []

    def run() -> None:
        try:
            outcome.append((True, call()))
        except BaseException as error:  # handed to the caller's thread
            outcome.append((False, error))

    thread = threading.Thread(target=run, daemon=True, name="notify")
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise Unsure(f"Slack does not answer within {seconds:g} s.")
    fine, value = outcome[0]
    if fine:
        return value  # type: ignore[no-any-return]
    if isinstance(value, (OSError, HTTPException)):
        raise Unsure(f"Slack cannot be reached: {_reason(value)}.") from value
    raise value


def check_status(status: int, headers: Mapping[str, Any]) -> None:
    """Raise Later for what HTTP alone tells: too many requests (with the wait asked for), or a server error."""
    if status == TOO_MANY:
        raise Later("Slack asks to wait (429).", _retry_after(headers))
    if status >= SERVER_ERROR:
        raise Unsure(f"Slack has trouble of its own ({status}).")


def refusal(code: str, where: str, channel_step: str, token_step: str) -> Later | SinkError:
    """What Slack's error `code` means to whoever sent a message to `where`."""
    if code in TRANSIENT:
        return Later(f"Slack says {code}.")
    if not code.isascii() or not code.replace("_", "").isalnum():  # such as a proxy's page
        return Unsure(NOT_SLACK)
    step, stops = _remedy(code, channel_step, token_step)
    return SinkError(f"Slack refuses the message to {where}: {code}.", step, stops)


def _remedy(code: str, channel_step: str, token_step: str) -> tuple[str, Stops]:
    if code in TOKEN:
        return token_step, "sink"
    if code in CHANNEL:
        return channel_step, "lane"
    return "Next: semsearch alerts retry; where it says the same again, tell the makers of semsearch", "notice"


def _retry_after(headers: Mapping[str, Any]) -> float:
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    text = str(found[0] if isinstance(found, list) else found)
    return min(float(text), LONGEST_S) if text.isdigit() else WITHOUT_NUMBER_S


def _reason(error: Exception) -> str:
    """What went wrong with a connection, in words that cannot hold an address."""
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return "it takes too long"
    return str(getattr(inner, "strerror", None) or type(inner).__name__)
