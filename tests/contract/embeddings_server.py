"""A tiny server that speaks the embeddings protocol over real HTTP.

Its vectors are hashed character trigrams: texts that share spelling lie near each other. Bodies are checked by the
types of the openai package on both sides of the wire.
"""

from __future__ import annotations

import base64
import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from openai.types import CreateEmbeddingResponse, EmbeddingCreateParams
from pydantic import TypeAdapter, ValidationError

MODEL = "trigrams"
DIM = 32
KEY = "right-key"


def vector(text: str, dim: int) -> list[float]:
    row = np.zeros(dim, np.float32)
    for i in range(len(text) + 1):
        row[zlib.crc32(f" {text} "[i : i + 3].encode()) % dim] += 1
    return row.tolist()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        raw = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(raw)
        if self.server.elsewhere:
            return self.answer(307, {}, Location=self.server.elsewhere + self.path)
        if self.headers.get("Authorization") == "Bearer wrong-key":
            return self.answer(401, {"error": {"message": "bad key", "type": "auth"}})
        try:
            asked = TypeAdapter(EmbeddingCreateParams).validate_python(raw)
        except ValidationError as error:
            return self.answer(422, {"error": {"message": str(error), "type": "invalid"}})
        texts = [asked["input"]] if isinstance(asked["input"], str) else list(asked["input"])
        if asked["model"] != MODEL:
            return self.answer(404, {"error": {"message": "model not found", "type": "not_found"}})
        if not texts or not all(texts):
            return self.answer(400, {"error": {"message": "empty input", "type": "invalid"}})
        if self.server.broken is not None:
            return self.answer(200, self.server.broken)
        dim = asked.get("dimensions", DIM)
        rows = [vector(text, dim) for text in texts]
        if self.server.encodes and asked.get("encoding_format") == "base64":
            rows = [base64.b64encode(np.array(r, np.float32).tobytes()).decode() for r in rows]
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        body = {"object": "list", "model": MODEL, "data": data[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        if not isinstance(rows[0], str):
            CreateEmbeddingResponse.model_validate(body)
        return self.answer(200, body)

    def answer(self, status: int, body: object, **headers: str) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Use as a context manager: `with Server() as server: server.url`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, object]] = []
        self.encodes = True
        self.broken: object = None
        self.elsewhere = ""
        """Where requests are redirected to."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()
