"""Slack through a bot token: one message a campaign, edited as it grows and when a person has decided.

Scopes: `chat:write`; `channels:history` (`groups:history` for private channels) lets it find its own message again
when a crash came between sending and noting. Messages carry the alert's id as metadata for that, which is what Slack
documents; `client_msg_id` is not documented to stop doubles, so it is not leant on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from semsearch.notify import blocks
from semsearch.notify.calls import NOT_SLACK, PACE_S, TIMEOUT_S, Unsure, bounded, check_status, quiet, refusal
from semsearch.notify.message import Notice
from semsearch.notify.sink import Later, Receipt, SinkError
from semsearch.settings import NotifySettings

if TYPE_CHECKING:
    from slack_sdk import WebClient

LOOKED_BACK = 100
"""Messages of a channel that are searched for our own after a crash."""
EVENT = "semsearch_alert"
CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
GONE = {
    "message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived",
    "not_in_channel", "is_inactive",
}  # fmt: skip
"""Answers to an edit after which the alert gets a new message."""


class SlackSink:
    """A bot in the channels of `settings`. Nothing is sent, and no token asked for, before the first notice."""

    name = "slack"
    every = False
    pace_s = PACE_S

    def __init__(self, settings: NotifySettings, *, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._ids: dict[str, str] = {}
        self._shown: dict[str, dict[str, str]] = {}

    def lane(self, notice: Notice) -> str:
        """The channel that the settings name for it; '' for none."""
        return self._settings.channel(notice.namespace, notice.severity)

    def send(self, notice: Notice, receipt: Receipt | None) -> Receipt:
        """Edit the alert's message, or post one where there is none (any more) in its channel.

        The receipt holds `channel` (an id), `ts` and `asked`, the channel as the settings name it.
        """
        asked = self.lane(notice)
        if not asked:
            kind = f"{notice.namespace}.{notice.severity}"
            raise SinkError(f"No channel is named for {kind}.", 'Next: set [notify.channels] default = "C…"', "lane")
        last = dict(receipt) if receipt and receipt.get("ts") else None
        stays = last is not None and asked in (last["asked"], last["channel"])
        here = last if stays else self._find(notice, asked)
        if here is None or not self._edit(here, notice, blocks.message(notice)):
            here = self._post(notice, asked)
        if last and not stays:
            self._leave(last, notice)
        return {name: here[name] for name in ("channel", "ts", "asked")}

    def _post(self, notice: Notice, asked: str) -> dict[str, Any]:
        try:
            answer = self._call(asked, "chat_postMessage", channel=asked, **self._content(notice))
            channel, ts = answer.get("channel"), answer.get("ts")
            if not channel or not ts:
                raise Unsure(NOT_SLACK)
        except Unsure:
            self._shown.pop(asked, None)  # it may be there: look before the next try
            raise
        self._ids[asked] = channel
        self._shown.setdefault(asked, {})[notice.alert_id] = ts
        return {"channel": channel, "ts": ts, "asked": asked}

    def _edit(self, known: Mapping[str, Any], notice: Notice, content: Mapping[str, Any]) -> bool:
        """Replace a message; False when it is not there to be edited."""
        given = {**self._content(notice), **content}
        try:
            self._call(known["asked"], "chat_update", channel=known["channel"], ts=known["ts"], **given)
        except _Gone:
            return False
        return True

    def _leave(self, known: Mapping[str, Any], notice: Notice) -> None:
        """Point from the old channel's message to the new one; the new one counts, so no failure does."""
        try:
            self._edit(known, notice, blocks.moved(notice))
        except (Later, SinkError):
            return

    def _find(self, notice: Notice, asked: str) -> dict[str, Any] | None:
        """The alert's message in `asked`, of which no receipt tells, as after a crash."""
        channel = asked if CHANNEL_ID.fullmatch(asked) else self._ids.get(asked)
        if channel is None:  # a name tells no id before the first post
            return None
        if asked not in self._shown:
            self._shown[asked] = self._own_messages(asked, channel)
        ts = self._shown[asked].get(notice.alert_id)
        return {"channel": channel, "ts": ts, "asked": asked} if ts else None

    def _own_messages(self, asked: str, channel: str) -> dict[str, str]:
        """`ts` by alert of what we posted lately; empty without the scope to look."""
        try:
            answer = self._call(
                asked, "conversations_history", channel=channel, limit=LOOKED_BACK, include_all_metadata=True
            )
        except (SinkError, _Gone):
            return {}
        found = [(m.get("metadata") or {}, m.get("ts", "")) for m in answer.get("messages") or []]
        return {m["event_payload"]["alert_id"]: ts for m, ts in reversed(found) if m.get("event_type") == EVENT}

    def _content(self, notice: Notice) -> dict[str, Any]:
        payload = {"alert_id": notice.alert_id, "level": notice.level}
        metadata = {"event_type": EVENT, "event_payload": payload}
        return {**blocks.message(notice), "metadata": metadata, "unfurl_links": False, "unfurl_media": False}

    def _call(self, asked: str, method: str, **arguments: Any) -> Any:
        """The answer of one Web API method; raises Later, SinkError or _Gone."""
        from slack_sdk.errors import SlackApiError, SlackClientError

        client = self._client()
        if method == "chat_update":
            arguments = {k: v for k, v in arguments.items() if not k.startswith("unfurl")}
        try:
            return bounded(lambda: getattr(client, method)(**arguments), self._timeout_s)
        except SlackApiError as error:
            response = error.response
            check_status(response.status_code, response.headers)
            code = str(response.data.get("error", "")) if isinstance(response.data, dict) else ""
            if method == "chat_update" and code in GONE:
                raise _Gone from None
            raise refusal(code, asked, self._channel_step(asked), self._token_step()) from None
        except SlackClientError:
            raise SinkError("Slack's address is none.", "Next: correct [notify] slack_url", "sink") from None
        except (AttributeError, TypeError, ValueError):  # what slack_sdk trips over in an answer
            raise Unsure(NOT_SLACK) from None

    def _client(self) -> WebClient:
        from slack_sdk import WebClient

        token = os.environ.get(self._settings.token_env, "").strip()
        if not token:
            raise SinkError(f"No bot token in {self._settings.token_env}.", self._token_step(), "sink")
        where = {"base_url": self._settings.slack_url} if self._settings.slack_url else {}
        return WebClient(token, timeout=self._timeout_s, retry_handlers=[], logger=quiet(), **where)  # type: ignore[arg-type]

    def _token_step(self) -> str:
        variable = self._settings.token_env
        return f"Next: export {variable}=xoxb-… of a bot with chat:write, then semsearch alerts retry"

    @staticmethod
    def _channel_step(asked: str) -> str:
        return f"Next: invite the bot to {asked}, or correct [notify.channels], then semsearch alerts retry"


class _Gone(Exception):
    """The message that was to be edited is not there."""
