"""A small Slack: the Web API methods and the webhook that are used, over real HTTP on loopback.

It keeps channels and their messages, answers with Slack's own error codes, takes a post only in the shape that Slack
takes (blocks read by slack_sdk's models, their limits checked), and can be told to misbehave.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.models.blocks import Block

TOKEN = "xoxb-right-token"
HOOK = "/services/T000/B000/secret"
CHANNELS = {"#abuse": "C000ABUSE1", "#abuse-urgent": "C00URGENT1", "#elsewhere": "C0ELSEWHE1"}


@dataclass
class Trouble:
    """What the next `times` calls of `method` ('' any) meet instead of an answer."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    method: str = ""
    times: int = 1_000_000
    after: bool = False
    """Whether the call takes effect all the same."""
    drip_s: float = 0.0
    """Seconds between two bytes of the answer."""
    drop: bool = False
    """Whether the connection is cut without an answer."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        method = "webhook" if self.path == HOOK else self.path.rpartition("/")[2]
        self.server.bodies.append(raw)
        self.server.calls.append(method)
        trouble = self.server.meets(method)
        if trouble is None or trouble.after:
            status, body = self.server.answers(method, raw, self.headers)
        if trouble is None:
            return self.answer(status, body, {})
        time.sleep(trouble.hang_s)
        if trouble.drop:
            self.close_connection = True
            return None
        return self.answer(trouble.status, trouble.body, trouble.headers, trouble.drip_s)

    def answer(self, status: int, body: str, headers: dict[str, str], drip_s: float = 0.0) -> None:
        raw = body.encode()
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            for i in range(len(raw)) if drip_s else ():
                self.wfile.write(raw[i : i + 1])
                time.sleep(drip_s)
            self.wfile.write(b"" if drip_s else raw)
        except OSError:
            pass  # the caller gave up

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Use as a context manager: `with Server() as slack: slack.url`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[str] = []
        self.bodies: list[bytes] = []
        self.messages: dict[str, dict[str, dict[str, Any]]] = {channel: {} for channel in CHANNELS.values()}
        self.hooked: list[dict[str, Any]] = []
        self.trouble: Trouble | None = None
        self.may_read = True
        self._n = 0
        self._methods = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
        }
        where = f"http://127.0.0.1:{self.server_address[1]}"
        self.url, self.hook = f"{where}/api/", where + HOOK

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()

    def texts(self, name: str = "#abuse") -> list[str]:
        return [message["text"] for message in self.messages[CHANNELS[name]].values()]

    def shown(self) -> list[dict[str, Any]]:
        return [message for channel in self.messages.values() for message in channel.values()]

    def meets(self, method: str) -> Trouble | None:
        found = self.trouble
        if found is None or found.times < 1 or found.method not in ("", method):
            return None
        found.times -= 1
        return found

    def answers(self, method: str, raw: bytes, headers: Any) -> tuple[int, str]:
        if method == "webhook":
            return self._hook(json.loads(raw))
        if method not in self._methods:
            return 404, "no_service"
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 200, json.dumps({"ok": False, "error": "invalid_auth"})
        given = asked(raw, headers)
        result = self._methods[method](given)
        return 200, json.dumps(result if isinstance(result, dict) else {"ok": False, "error": result})

    def _hook(self, given: dict[str, Any]) -> tuple[int, str]:
        if wrong := refused(given):
            return 400, wrong
        self.hooked.append(given)
        return 200, "ok"

    def _post(self, given: dict[str, Any]) -> dict[str, Any] | str:
        channel = CHANNELS.get(given["channel"], given["channel"])
        if channel not in self.messages:
            return "channel_not_found"
        if wrong := refused(given):
            return wrong
        self._n += 1
        ts = f"1700000000.{self._n:06d}"
        self.messages[channel][ts] = {"ts": ts, **given, "n_edits": 0}
        return {"ok": True, "channel": channel, "ts": ts, "message": {}}

    def _update(self, given: dict[str, Any]) -> dict[str, Any] | str:
        if given["channel"] not in self.messages:  # an edit takes ids alone
            return "channel_not_found"
        if given["ts"] not in self.messages[given["channel"]]:
            return "message_not_found"
        if wrong := refused(given):
            return wrong
        old = self.messages[given["channel"]][given["ts"]]
        old.update(given, n_edits=old["n_edits"] + 1)
        return {"ok": True, "channel": given["channel"], "ts": given["ts"]}

    def _history(self, given: dict[str, Any]) -> dict[str, Any] | str:
        if not self.may_read:
            return "missing_scope"
        if given["channel"] not in self.messages:
            return "channel_not_found"
        newest = sorted(self.messages[given["channel"]].values(), key=lambda m: m["ts"], reverse=True)
        return {"ok": True, "messages": newest[: int(given["limit"])], "has_more": False}


def asked(raw: bytes, headers: Any) -> dict[str, Any]:
    """Arguments of one call, given as JSON or as a form."""
    if headers["Content-Type"].startswith("application/json"):
        return dict(json.loads(raw))
    form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
    return {k: json.loads(v) if k in ("blocks", "metadata") else v for k, v in form.items()}


def refused(given: dict[str, Any]) -> str:
    """Slack's code for a message that it would not take; '' for a good one."""
    if not given.get("text"):
        return "no_text"
    for block in Block.parse_all(given["blocks"]):
        block.validate_json()
        if block.type == "section" and len(block.fields or []) > 10:
            return "invalid_blocks"
    unknown = set(given) - {"channel", "ts", "text", "blocks", "metadata", "unfurl_links", "unfurl_media"}
    return "invalid_arguments" if unknown else ""
