"""The log of what left the house."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from semsearch.errors import UsageError
from semsearch.llm.guard.departures import Departure, Departures

ONE = Departure(
    at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC), host="api.openai.com", model="gpt-4.1-mini", prompt_id="spam-verdict",
    prompt_hash="0123456789abcdef", namespace="listing", key="ab" * 32, n_chars=1234, placeholders={"phone": 2},
)  # fmt: skip


def test_a_line_a_call_and_no_text(tmp_path):
    path = tmp_path / "logs" / "llm-sent.jsonl"
    with Departures(path) as log:
        assert not path.exists()
        log.note(ONE)
        assert json.loads(path.read_text()) == {
            "at": "2025-01-02T03:04:05+00:00", "host": "api.openai.com", "model": "gpt-4.1-mini",
            "prompt_id": "spam-verdict", "prompt_hash": "0123456789abcdef", "namespace": "listing", "key": "ab" * 32,
            "n_chars": 1234, "placeholders": {"phone": 2},
        }  # fmt: skip
        log.note(ONE)
    with Departures(path) as log:
        log.note(ONE)
    assert len(path.read_text().splitlines()) == 3
    assert path.stat().st_mode & 0o077 == 0


def test_half_a_line_is_left_alone(tmp_path):
    path = tmp_path / "llm-sent.jsonl"
    path.write_text('{"at": "20')
    with Departures(path) as log:
        log.note(ONE)
    half, whole = path.read_text().splitlines()
    assert half == '{"at": "20'
    assert json.loads(whole)["n_chars"] == 1234


def test_what_cannot_be_noted_must_not_be_sent(tmp_path, monkeypatch):
    (tmp_path / "logs").write_text("a file in the way")
    with pytest.raises(UsageError, match="Nothing is sent that is not noted") as raised:
        Departures(tmp_path / "logs" / "llm-sent.jsonl").note(ONE)
    assert "Next:" in str(raised.value)
    log = Departures(tmp_path / "llm-sent.jsonl")
    monkeypatch.setattr(os, "write", lambda file, line: 3)  # a full disk takes a part
    with pytest.raises(UsageError, match="No space left"):
        log.note(ONE)
    monkeypatch.undo()
    log.note(ONE)
    assert json.loads((tmp_path / "llm-sent.jsonl").read_text().splitlines()[-1])["n_chars"] == 1234
    log.close()
