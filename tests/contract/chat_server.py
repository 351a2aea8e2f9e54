"""A server that speaks OpenAI's chat protocol over real HTTP; what it says is scripted and has no quality.

In a test: `with Server(answer) as server: server.url`. As a process: `python -m tests.contract.chat_server --port 0`
prints its URL and answers as the scripted judge does; GET /scripted then tells its counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.contract import chat_wire as wire
from tests.contract.chat_replies import Answer, Asked, Reply

KEY = "right-key"
MODELS = ("scripted-small", "scripted-large")
PAGE = "text/html; charset=utf-8"
SLICES = 100
PLAIN = Reply()


class Server:
    """Answers POST /v1/chat/completions by `answer`, a function of the request; it runs in the server's thread.

    `requests` holds all that arrived in order; `billed_in` and `billed_out` are tokens, also of answers that nobody
    read. Leaving the context raises AssertionError when the script broke the protocol.
    """

    def __init__(self, answer: Answer, models: tuple[str, ...] = MODELS, bytes_per_token: float = 3.0) -> None:
        self.answer = answer
        self.models = models
        self.bytes_per_token = bytes_per_token
        self.requests: list[Asked] = []
        self.mistakes: list[str] = []
        self.billed_in = self.billed_out = 0
        self.n_in_flight = self.max_in_flight = 0
        self.n_connections = self.n_open = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def n_calls(self) -> int:
        return len(self.requests)

    def billed_usd(self, price_in: float, price_out: float) -> float:
        """What was billed, at prices in US dollars a million tokens."""
        return (self.billed_in * price_in + self.billed_out * price_out) / 1e6

    def counts(self) -> dict[str, int]:
        names = ("n_calls", "n_in_flight", "max_in_flight", "n_connections", "n_open", "billed_in", "billed_out")
        return {name: getattr(self, name) for name in names} | {"n_mistakes": len(self.mistakes)}

    def __enter__(self) -> Server:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(5)
        return self

    def __exit__(self, kind: object, *args: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(5)
        assert kind is not None or not self.mistakes, self.mistakes

    def _run(self, ready: threading.Event) -> None:
        self._loop.run_until_complete(self.serve(0, lambda _: ready.set()))
        self._loop.close()

    async def serve(self, port: int, told: Callable[[str], object]) -> None:
        """Serve until stopped; `told` is called with the URL."""
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", port, backlog=512)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        told(self.url)
        await self._stopped.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.n_connections += 1
        self.n_open += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client left
        finally:
            self.n_open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False ends the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET" and path == "/scripted":
            return await _send(writer, 200, self.counts())
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if key == "wrong-key":
            return await _send(writer, 401, wire.failure("Incorrect API key provided", "invalid_api_key", "auth"))
        if method == "GET" and path == "/v1/models":
            return await _send(writer, 200, wire.models(self.models))
        if method != "POST" or path != "/v1/chat/completions":
            return await _send(writer, 404, wire.failure(f"Unknown request URL: {method} {path}", "", "invalid"))
        return await self._call(raw, key, reader, writer)

    async def _call(self, raw: bytes, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.n_in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.n_in_flight)
        try:
            body = json.loads(raw)
            asked = Asked(len(self.requests) + 1, body, key, time.monotonic(), self.n_in_flight)
            self.requests.append(asked)
            if refused := self._refused(body):
                return await _send(writer, *refused)
            return await self._answer(asked, reader, writer)
        finally:
            self.n_in_flight -= 1

    def _refused(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if wrong := wire.wrong_with(body):
            return 400, wire.failure(wrong, "", "invalid_request_error")
        if body["model"] not in self.models:
            said = f"The model '{body['model']}' does not exist"
            return 404, wire.failure(said, "model_not_found", "invalid_request_error")
        return None

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        reply = self._scripted(asked)
        if reply.status == 200 and not reply.page:
            reply = self._shortened(asked, reply)
        payload = self._payload(asked, reply)
        if reply.delay_s:
            await _wait(reply.delay_s, reader)
        return await _send(writer, reply.status, payload, reply)

    def _scripted(self, asked: Asked) -> Reply:
        try:
            reply = self.answer(asked)
        except Exception as error:
            self.mistakes.append(f"{type(error).__name__}: {error}")
            return Reply(status=500, error="the script failed", code="script")
        wrong = wire.unfit(reply.content, asked.schema) if reply.fits and reply.status == 200 and reply.choices else ""
        if wrong and not reply.page:
            self.mistakes.append(f"answer {asked.number} does not fit the schema: {wrong}")
        return reply

    def _shortened(self, asked: Asked, reply: Reply) -> Reply:
        """The reply within the tokens that were asked for, as a model's answer ends where they do."""
        most = asked.max_tokens
        if most is None or wire.n_tokens(reply.content or "", self.bytes_per_token) <= most:
            return reply
        kept = (reply.content or "").encode()[: int(most * self.bytes_per_token)].decode(errors="ignore")
        return replace(reply, content=kept, finish_reason="length")

    def _payload(self, asked: Asked, reply: Reply) -> dict[str, Any] | str:
        if reply.page:
            return reply.page
        if reply.status != 200:
            return wire.failure(reply.error, reply.code, "server_error" if reply.status >= 500 else "requests")
        message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
        used = self._bill(asked, reply)
        choices = [choice] if reply.choices else []
        return wire.completion(asked.number, asked.body["model"], choices, used if reply.usage else None)

    def _bill(self, asked: Asked, reply: Reply) -> tuple[int, int]:
        n_in = wire.n_tokens_in(asked.body, self.bytes_per_token)
        n_out = wire.n_tokens((reply.content or "") + (reply.refusal or ""), self.bytes_per_token)
        if reply.finish_reason == "length" and asked.max_tokens is not None:
            n_out = asked.max_tokens
        self.billed_in += n_in
        self.billed_out += n_out
        return n_in, n_out


async def _wait(delay_s: float, reader: asyncio.StreamReader) -> None:
    """So many seconds, or until the client leaves (ConnectionError)."""
    end = time.monotonic() + delay_s
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.25))
        if reader.at_eof():
            raise ConnectionResetError


async def _send(writer: asyncio.StreamWriter, status: int, payload: dict[str, Any] | str, reply: Reply = PLAIN) -> bool:
    raw = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
    kind = PAGE if isinstance(payload, str) else "application/json"
    lines = {"Content-Type": kind, "Content-Length": str(len(raw)), **reply.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"HTTP/1.1 {status} -\r\n{head}\r\n".encode())
    if reply.cut:
        writer.write(raw[: len(raw) // 2])
        await writer.drain()
        return False
    step = -(-len(raw) // SLICES) if reply.drip_s else len(raw)
    for start in range(0, len(raw), step):
        writer.write(raw[start : start + step])
        await writer.drain()
        await asyncio.sleep(reply.drip_s) if reply.drip_s else None
    return True


def delayed(answer: Answer, delay_s: float, jitter_s: float, seed: int = 0) -> Answer:
    """The same answers after `delay_s` give or take up to `jitter_s`, evenly."""
    rng = random.Random(seed)
    return lambda asked: replace(answer(asked), delay_s=delay_s + rng.uniform(-jitter_s, jitter_s))


def main() -> None:
    from tests.contract.scripted_judge import judge

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--jitter-ms", type=float, default=0.0)
    given = parser.parse_args()
    server = Server(delayed(judge, given.delay_ms / 1000, given.jitter_ms / 1000))
    asyncio.run(server.serve(given.port, lambda url: print(url, flush=True)))


if __name__ == "__main__":
    main()
