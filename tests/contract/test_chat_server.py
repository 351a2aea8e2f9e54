"""The chat server of the tests itself: it takes and gives what the openai package does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from typing import Any

import openai
import pytest
from tests.contract.chat_replies import Reply, broken, cut_connection, proxy_page, says, slow, too_many
from tests.contract.chat_server import KEY, Server
from tests.contract.scripted_judge import judge

SCHEMA = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "quotes": {"type": "array", "items": {"type": "string"}},
        "is_spam": {"type": "boolean"},
    },
    "required": ["reasoning", "quotes", "is_spam"],
    "additionalProperties": False,
}
GOOD = says({"reasoning": "x", "quotes": [], "is_spam": True})


def asked(text: str = "hello", schema: dict[str, Any] = SCHEMA, **changed: Any) -> dict[str, Any]:
    named = {"name": "verdict", "strict": True, "schema": schema}
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": text}]
    form = {"type": "json_schema", "json_schema": named}
    return {"model": "scripted-small", "messages": messages, "response_format": form, **changed}


def create(server: Server, key: str = KEY, **body: Any) -> Any:
    with openai.OpenAI(api_key=key, base_url=server.url, max_retries=0, timeout=5) as client:
        return client.chat.completions.create(**body)


def test_an_answer_is_read_by_the_openai_package() -> None:
    with Server(lambda _: GOOD) as server:
        got = create(server, **asked())
    assert json.loads(got.choices[0].message.content)["is_spam"] is True
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (server.billed_in, server.billed_out)
    assert server.n_calls == 1
    assert server.requests[0].key == KEY


def test_bad_requests_are_refused_as_openai_refuses_them() -> None:
    loose = {**SCHEMA, "additionalProperties": True}
    default = {**SCHEMA, "properties": {**SCHEMA["properties"], "is_spam": {"type": "boolean", "default": False}}}
    bodies = [
        asked(extra_body={"surprise": 1}),
        asked(messages=[{"role": "usher", "content": "x"}]),
        asked(schema=loose),
        asked(schema=default),
        asked(schema={**SCHEMA, "required": ["reasoning"]}),
        asked(response_format={"type": "json_object"}),
    ]
    with Server(lambda _: GOOD) as server:
        for body in bodies:
            with pytest.raises(openai.BadRequestError):
                create(server, **body)
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            create(server, **asked(model="gpt-0"))
        with pytest.raises(openai.AuthenticationError):
            create(server, "wrong-key", **asked())


def test_faults_come_as_the_errors_they_stand_for() -> None:
    faults = {
        "rate": (too_many(retry_after="1"), openai.RateLimitError),
        "broken": (broken(503), openai.InternalServerError),
        "proxy": (proxy_page(502), openai.InternalServerError),
        "cut": (cut_connection(GOOD), openai.APIConnectionError),
    }
    with Server(lambda request: faults[request.user][0]) as server:
        for name, (_, error) in faults.items():
            with pytest.raises(error):
                create(server, **asked(name))
    assert server.billed_in > 0  # the one that was cut


def test_a_script_that_breaks_the_schema_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="does not fit"), Server(lambda _: Reply('{"is_spam": 1}')) as server:
        create(server, **asked())


def test_an_answer_ends_with_the_tokens_that_were_asked_for() -> None:
    with Server(lambda _: GOOD) as server:
        got = create(server, **asked(max_completion_tokens=2))
    assert got.choices[0].finish_reason == "length"
    assert (got.usage.completion_tokens, server.billed_out) == (2, 2)


def test_many_calls_at_once_over_kept_connections() -> None:
    async def all_of(server: Server) -> None:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url) as client:
            for _ in range(2):
                await asyncio.gather(*(client.chat.completions.create(**asked(str(i))) for i in range(40)))

    with Server(lambda _: slow(GOOD, 0.5)) as server:
        asyncio.run(all_of(server))
    assert server.max_in_flight == 40
    assert server.n_connections == 40


def test_the_process_prints_its_url_and_tells_its_counts() -> None:
    command = [sys.executable, "-m", "tests.contract.chat_server", "--port", "0", "--delay-ms", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        with openai.OpenAI(api_key=KEY, base_url=url) as client:
            said = client.chat.completions.create(**asked("도매 문의!! 대량 재고"))
        assert json.loads(said.choices[0].message.content)["is_spam"] is True
        with urllib.request.urlopen(url.removesuffix("/v1") + "/scripted") as counts:
            told = json.load(counts)
        assert (told["n_calls"], told["n_mistakes"]) == (1, 0)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_scripted_judge_counts_signs_of_the_post_alone() -> None:
    profiled = "<<TEXT:a1>>\nwholesale, bulk!!\n<<END:a1>>\n<<TEXT:a1>>\n¦아이폰¦14¦팝니다\n<<END:a1>>"
    texts = {"도매 문의 [PHONE_1]": True, "아이폰 14 팝니다": False, profiled: False, profiled + profiled: False}
    with Server(judge) as server:
        said = [create(server, **asked(text)) for text in texts]
    assert [json.loads(each.choices[0].message.content)["is_spam"] for each in said] == list(texts.values())
