"""Slack through an incoming webhook. It cannot edit: each step of an alert, and each decision, is a new message."""

from __future__ import annotations

import os

from semsearch.notify import blocks
from semsearch.notify.calls import PACE_S, TIMEOUT_S, bounded, check_status, quiet, refusal
from semsearch.notify.message import Notice
from semsearch.notify.sink import Receipt, SinkError
from semsearch.settings import NotifySettings

TAKEN = (200, "ok")
CODE_CHARS = 60


class WebhookSink:
    """The one channel that a webhook belongs to, whatever [notify.channels] says."""

    name = "webhook"
    every = False
    pace_s = PACE_S

    def __init__(self, settings: NotifySettings, *, timeout_s: float = TIMEOUT_S) -> None:
        self._variable = settings.webhook_env
        self._timeout_s = timeout_s

    def lane(self, notice: Notice) -> str:  # noqa: ARG002 - a webhook has one channel
        """Always the same."""
        return ""

    def send(self, notice: Notice, receipt: Receipt | None) -> Receipt:  # noqa: ARG002 - nothing can be edited
        """Post a message; the receipt tells nothing, as a webhook answers nothing."""
        from slack_sdk.errors import SlackClientError
        from slack_sdk.webhook import WebhookClient

        mend = f"Next: export {self._variable}=https://hooks.slack.com/services/…, then semsearch alerts retry"
        address = os.environ.get(self._variable, "").strip()
        if not address.startswith(("https://", "http://")):
            raise SinkError(f"No webhook's address in {self._variable}.", mend, "sink")
        client = WebhookClient(address, timeout=self._timeout_s, retry_handlers=[], logger=quiet())  # type: ignore[arg-type]
        body = {**blocks.message(notice), "unfurl_links": False, "unfurl_media": False}
        try:
            answer = bounded(lambda: client.send_dict(body), self._timeout_s)
        except (SlackClientError, ValueError):
            raise SinkError(f"The address in {self._variable} is none.", mend, "sink") from None
        check_status(answer.status_code, answer.headers)
        code = answer.body.strip()[:CODE_CHARS]
        if (answer.status_code, code) != TAKEN:
            raise refusal(code, "the webhook", mend, mend)
        return {}
