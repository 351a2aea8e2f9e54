"""A notice as a Slack message: Block Kit, with a plain line for notifications and screen readers."""

from __future__ import annotations

import re
from typing import Any

from semsearch.notify.message import Notice, details, headline, next_step

HEADER_CHARS = 150
"""Slack refuses longer headers."""
SIGNS = {"high": ":red_circle:", "medium": ":large_orange_circle:", "low": ":large_yellow_circle:"}
DECIDED = ":ballot_box_with_check:"


def message(notice: Notice) -> dict[str, Any]:
    """`text` and `blocks` of one message, as chat.postMessage, chat.update and webhooks take them."""
    sign = SIGNS[notice.severity] if notice.waits else DECIDED
    fields = [_marked(f"*{name}*\n{_safe(value)}") for name, value in details(notice).items()]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": f"{sign} {headline(notice)}"[:HEADER_CHARS]}},
        {"type": "section", "fields": fields},
        {"type": "section", "text": _marked(f"`{_safe(next_step(notice))}`")},
        {"type": "context", "elements": [_marked(f"Raised {_when(notice)}. {_stage(notice)}")]},
    ]
    status = f" [{notice.status}]" if notice.decided else ""
    return {"text": _safe(headline(notice) + status), "blocks": blocks}


def moved(notice: Notice) -> dict[str, Any]:
    """What is left of a message whose alert is told in another channel now."""
    text = f"{_safe(headline(notice))}. It is followed in another channel: `{_safe(next_step(notice))}`"
    return {"text": text, "blocks": [{"type": "section", "text": _marked(text)}]}


def _stage(notice: Notice) -> str:
    """Where it stands, for whoever might think that a machine has acted."""
    if not notice.decided:
        return "A person decides; nothing was done yet."
    return "A person decided; others joined since." if notice.waits else "A person decided."


def _when(notice: Notice) -> str:
    """The time in each reader's own zone, UTC where that cannot be shown."""
    plain = notice.at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(notice.at.timestamp())}^{{date_short_pretty}} {{time}}|{plain}>"


def _marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _safe(text: str) -> str:
    """`text` that can neither mention anyone nor link anywhere, nor end what is shown as code."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[`\x00-\x1f]", " ", plain)
