"""What an endpoint asks to wait, and addresses and keys that are none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from semsearch.errors import MissingService, UsageError
from semsearch.llm.endpoint import address, open_async_client, open_client, retry_after
from semsearch.settings import LlmSettings

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LOCAL = LlmSettings(base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "7", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:20 GMT"}, 20.0),
        ({"retry-after": "Sun, 01 Mar 2026 21:00:20 +0900"}, 20.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 01 Mar 2026 15:00:20 GMT", "date": "Sun, 01 Mar 2026 15:00:00 GMT"}, 20.0),
    ],
)
def test_a_wait_is_read_as_it_may_be_written(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_the_setting_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert address(LlmSettings()) == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    assert address(LlmSettings()) == "http://elsewhere/v1"
    assert address(LOCAL) == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("opened", [open_client, open_async_client])
def test_a_key_is_asked_for_where_one_is_needed(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(MissingService, match=r"No key(?s:.*)Next: export OPENAI_API_KEY"):
        opened(LlmSettings())
    opened(LOCAL)


@pytest.mark.parametrize("key", ["sk-한글", "sk-secret\nsecond"])
def test_a_key_that_is_none_is_not_printed(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(MissingService) as raised:
        open_async_client(LOCAL)
    assert "sk-" not in str(raised.value)


def test_an_address_with_an_impossible_port_is_refused() -> None:
    with pytest.raises(UsageError, match=r"99999(?s:.*)Next: "):
        open_async_client(LlmSettings(base_url="http://127.0.0.1:99999/v1"))
