"""One question and its attempts, over real HTTP: what each fault of an endpoint becomes, and how often it is asked."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from tests.contract.asking import Judged, answers, good, opened, question, questions, verdict, word
from tests.contract.chat_replies import (
    Asked,
    Reply,
    broken,
    cut_by_length,
    cut_connection,
    dripping,
    filtered,
    filtered_request,
    first,
    http_date,
    no_choices,
    no_usage,
    not_json,
    out_of_quota,
    proxy_page,
    refuses,
    slow,
    too_many,
    wrong_shape,
)
from tests.contract.chat_server import Server

from semsearch.errors import MissingService, UsageError

FINE = verdict("fine")
PASSING = {
    "limited": too_many(retry_after_ms="20"),
    "broken": broken(500),
    "busy": broken(503),
    "proxy": proxy_page(502),
    "page": proxy_page(200),
    "cut": cut_connection(FINE),
    "empty": no_choices(),
}
LASTING = {
    "refused": (refuses(), "refused"),
    "filtered": (filtered(), "filtered"),
    "azure": (filtered_request(), "filtered"),
    "length": (cut_by_length(FINE), "cut"),
    "prose": (not_json(), "not JSON"),
    "shape": (wrong_shape(), "wrong shape"),
}


class Scripted:
    """By the word of the post: its fault so many times, then a good answer."""

    def __init__(self, faults: dict[str, Reply], times: int = 1_000) -> None:
        self.faults, self.times = faults, times
        self.seen: dict[str, list[float]] = {}

    def __call__(self, asked: Asked) -> Reply:
        name = word(asked)
        seen = self.seen.setdefault(name, [])
        seen.append(asked.at_s)
        return self.faults[name] if name in self.faults and len(seen) <= self.times else good(asked)

    def counts(self) -> dict[str, int]:
        return {name: len(seen) for name, seen in self.seen.items()}


def test_what_passes_is_asked_again_and_answered(tmp_path: Path) -> None:
    script = Scripted(PASSING, times=1)
    with Server(script) as server:
        said = answers(server, tmp_path, [question(f"post{name}") for name in PASSING], retries=1)
    assert [each.value and each.value.reasoning for each in said] == list(PASSING)
    assert script.counts() == dict.fromkeys(PASSING, 2)


def test_what_does_not_pass_is_a_failed_answer_that_a_second_run_asks_anew(tmp_path: Path) -> None:
    script = Scripted(PASSING)
    asked = [question(f"post{name}") for name in ("fine", *PASSING)]
    with Server(script) as server:
        said = answers(server, tmp_path, asked, retries=1)
        assert [each.cause for each in said] == ["", *["failed"] * len(PASSING)]
        assert all(each.detail for each in said[1:])
        assert script.counts() == {"fine": 1, **dict.fromkeys(PASSING, 2)}
        script.faults = {}
        again = answers(server, tmp_path, asked, retries=1)
    assert [each.cause for each in again] == [""] * len(asked)
    assert [each.cached for each in again] == [True, *[False] * len(PASSING)]
    assert script.counts() == {"fine": 1, **dict.fromkeys(PASSING, 3)}


def test_what_lasts_is_an_abstention_that_was_paid_and_is_kept(tmp_path: Path) -> None:
    script = Scripted({name: reply for name, (reply, _) in LASTING.items()})
    asked = [question(f"post{name}") for name in LASTING]
    with Server(script) as server:
        said = answers(server, tmp_path, asked, retries=3)
        again = answers(server, tmp_path, asked, retries=3)
    for got in (said, again):
        assert [each.cause for each in got] == [cause for _, cause in LASTING.values()]
        assert all(each.value is None for each in got)
    assert script.counts() == dict.fromkeys(LASTING, 1)
    assert all(each.cached for each in again)


def test_tokens_and_cost_are_those_of_the_bill(tmp_path: Path) -> None:
    with Server(good) as server:
        (said,) = answers(server, tmp_path, [question("post1")])
    assert (said.n_in, said.n_out) == (server.billed_in, server.billed_out)
    assert said.cost_usd == pytest.approx(server.billed_usd(1.0, 4.0))
    assert said.model == "scripted-small"


def test_an_answer_without_usage_is_a_good_answer(tmp_path: Path) -> None:
    with Server(lambda asked: no_usage(good(asked))) as server:
        (said,) = answers(server, tmp_path, [question("post1")])
    assert said.value is not None
    assert said.cost_usd >= server.billed_usd(1.0, 4.0)


def test_retry_after_is_waited_for_on_the_clock_of_the_server(tmp_path: Path) -> None:
    faults = {
        "seconds": too_many(retry_after="0.3"),
        "millis": too_many(retry_after_ms="400"),
        "busy": Reply(status=503, error="busy", headers={"retry-after": "0.5"}),
    }
    script = Scripted(faults, times=1)
    with Server(script) as server:
        answers(server, tmp_path, [question(f"post{name}") for name in faults], retries=1)
    waited = {name: seen[1] - seen[0] for name, seen in script.seen.items()}
    least = {"seconds": 0.3, "millis": 0.4, "busy": 0.5}
    assert all(least[name] <= took < 2 for name, took in waited.items()), waited


def test_retry_after_may_be_a_date(tmp_path: Path) -> None:
    script = Scripted({"1": Reply()}, times=1)

    def answer(asked: Asked) -> Reply:
        script.faults["1"] = too_many(retry_after=http_date(2))
        return script(asked)

    with Server(answer) as server:
        answers(server, tmp_path, [question("post1")], retries=1)
    first, second = script.seen["1"]
    assert 0.9 < second - first < 3


@pytest.mark.parametrize("fault", [slow(FINE, 5), dripping(FINE, 0.05)], ids=["slow", "dripping"])
def test_an_attempt_ends_in_time(tmp_path: Path, fault: Reply) -> None:
    start = time.monotonic()
    with Server(lambda _: fault) as server:
        (said,) = answers(server, tmp_path, [question("post1")], retries=0, timeout_s=0.4)
    assert said.cause == "failed"
    assert time.monotonic() - start < 2.5
    assert said.cost_usd >= server.billed_usd(1.0, 4.0)


@pytest.mark.parametrize("structured", ["json_schema", "json_object", "json_object_schema", "none"])
def test_the_request_is_what_prompt_and_settings_say(tmp_path: Path, structured: str) -> None:
    with Server(good) as server:
        answers(server, tmp_path, [question("post1")], structured=structured)
    body = server.requests[0].body
    asked = body.pop("response_format", {"type": "none"})
    assert asked["type"] == structured.removesuffix("_schema") or asked["type"] == structured
    schema = asked.get("json_schema", asked).get("schema", {})
    assert set(schema.get("properties", {})) == (set(Judged.model_fields) if "_schema" in structured else set())
    assert {name: body[name] for name in body if name != "messages"} == {
        "model": "scripted-small",
        "temperature": 0,
        "max_tokens": 60,
    }
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert "post1" not in server.requests[0].system


@pytest.mark.parametrize("how", ["key", "model", "port", "quota"])
def test_an_endpoint_that_will_never_answer_stops_at_once(tmp_path: Path, how: str, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-key" if how == "key" else "right-key")
    with Server(lambda _: out_of_quota() if how == "quota" else FINE) as server:
        url = "http://127.0.0.1:9/v1" if how == "port" else server.url
        small = "no-such" if how == "model" else "scripted-small"
        asked = opened(url, tmp_path, small=small, retries=0, concurrency=4)
        with asked as asker, pytest.raises(MissingService, match="Next: "):
            list(asker.ask(questions(50)))
    assert server.n_calls <= 4


def test_a_request_that_is_refused_as_wrong_says_so(tmp_path: Path) -> None:
    wrong = Reply(status=400, error="max_tokens is too large")
    with Server(lambda _: wrong) as server, pytest.raises(UsageError, match="max_tokens is too large"):
        answers(server, tmp_path, questions(50), concurrency=4)
    assert server.n_calls <= 4


def test_each_attempt_is_noted_before_it_leaves(tmp_path: Path) -> None:
    left: list[tuple[str, int]] = []
    with Server(first([broken(500), broken(503)], good)) as server:

        def leaving(_: object, rendered: object, model: str, key: str) -> None:
            left.append((key, server.n_calls))

        with opened(server, tmp_path, leaving=leaving) as asker:
            [answer] = asker.ask(questions(1))
    assert left == [(answer.key, 0), (answer.key, 1), (answer.key, 2)]


def test_attempts_wait_longer_each_time(tmp_path: Path) -> None:
    script = Scripted({"1": broken(500)}, times=2)
    with Server(script) as server:
        (said,) = answers(server, tmp_path, [question("post1")], retries=2)
    assert said.value is not None
    first, second = [b - a for a, b in pairwise(script.seen["1"])]
    assert 0 < first < second
