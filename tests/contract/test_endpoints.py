"""What stands at an address, over real HTTP: whoever is no model, and whoever stops answering, and who may be told."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.contract import chat_wire as wire
from tests.contract.asking import PRICES, answers, good, opened, question, questions, word
from tests.contract.chat_replies import Asked, Reply, broken, cut_connection, proxy_page, says, slow, too_many
from tests.contract.chat_server import Server

from semsearch.errors import MissingService, UsageError
from semsearch.settings import LlmSettings, Settings
from semsearch.wiring.asking import open_asker
from semsearch.workspace import Workspace

LONE = '{"reasoning": "a\ud800b", "is_spam": false}'


def raised(server: Server | str, folder: Path, n: int = 100, **changed: object) -> MissingService:
    with opened(server, folder, **changed) as asker, pytest.raises(MissingService, match="Next: ") as stopped:
        list(asker.ask(questions(n)))
    return stopped.value


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/v1", "https://{}", "http://{}/elsewhere"])
def test_an_address_where_no_model_is_stops_at_once(tmp_path: Path, url: str) -> None:
    start = time.monotonic()
    with Server(good) as server:
        raised(url.format(server.url.removeprefix("http://")), tmp_path, timeout_s=1)
    assert server.n_calls == 0
    assert time.monotonic() - start < 3


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """Texts may go to the host that was allowed, and to no other."""
    with Server(good) as elsewhere:
        there = Reply(status=307, headers={"location": f"{elsewhere.url}/chat/completions"})
        with Server(lambda _: there) as server:
            raised(server, tmp_path)
    assert elsewhere.n_calls == 0


def test_no_proxy_stands_before_a_local_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server(good) as server:
        assert [each.cause for each in answers(server, tmp_path, questions(2))] == ["", ""]


@pytest.mark.parametrize("fault", [broken(500), proxy_page(200), Reply(status=413, error="too large")])
def test_an_endpoint_that_stops_answering_is_given_up_soon(tmp_path: Path, fault: Reply) -> None:
    with Server(lambda asked: good(asked) if asked.number <= 20 else fault) as server:
        stopped = raised(server, tmp_path, 60, concurrency=8, retries=1)
        assert "8 calls in a row failed" in stopped.message
        assert server.n_calls <= 20 + 2 * (8 + 8)
        server.answer = good
        assert sum(each.cached for each in answers(server, tmp_path, questions(60))) == 20


def test_posts_that_are_too_long_do_not_speak_against_the_endpoint(tmp_path: Path) -> None:
    fault = Reply(status=400, error="too long", code="context_length_exceeded")
    with Server(lambda _: fault) as server:
        said = answers(server, tmp_path, questions(40))
    assert [each.cause for each in said] == ["failed"] * 40
    assert server.n_calls == 40


def test_whoever_asks_to_wait_till_tomorrow_is_not_waited_for(tmp_path: Path) -> None:
    with Server(lambda _: too_many(retry_after="86400")) as server:
        assert "86,400 s" in raised(server, tmp_path).message
    assert server.n_calls <= 8


def test_a_call_that_is_sent_off_again_and_again_is_not_given_up_while_others_are_answered(tmp_path: Path) -> None:
    n_sent_off = 0

    def answer(asked: Asked) -> Reply:
        nonlocal n_sent_off
        if word(asked) != "0" or n_sent_off == 9:
            return slow(good(asked), 0.01)
        n_sent_off += 1
        return too_many(retry_after_ms="60")

    with Server(answer) as server:
        said = answers(server, tmp_path, questions(200), concurrency=8, retries=4)
    assert {each.cause for each in said} == {""}
    assert (n_sent_off, server.n_calls) == (9, 209)


def test_one_slot_never_falls_asleep(tmp_path: Path) -> None:
    with Server(good) as server, opened(server, tmp_path, concurrency=1) as asker:
        for i in range(60):
            assert [each.cause for each in asker.ask([question(f"post{i}")])] == [""]
    assert server.n_connections == 1


def test_half_a_character_is_no_answer_that_breaks_anything(tmp_path: Path) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": LONE}, "finish_reason": "stop", "logprobs": None}
    body = json.dumps(wire.completion(1, "scripted-small", [choice], (5, 5)))
    with Server(lambda _: Reply(page=body, headers={"Content-Type": "application/json"})) as server:
        (said,) = answers(server, tmp_path, questions(1))
    assert said.value.reasoning == "a?b"


def test_words_are_not_taken_for_true(tmp_path: Path) -> None:
    with Server(lambda _: says({"reasoning": "x", "is_spam": "yes"}, fits=False)) as server:
        (said,) = answers(server, tmp_path, questions(1))
    assert (said.cause, said.value) == ("wrong shape", None)


def test_a_lost_answer_counts_as_dear_as_can_be(tmp_path: Path) -> None:
    server = Server(lambda asked: cut_connection(good(asked)) if asked.number == 1 else good(asked))
    with server, opened(server, tmp_path, retries=1) as asker:
        worst = asker.price(questions(1)).worst_usd
        (said,) = asker.ask(questions(1))
    usual = said.n_in * PRICES["scripted-small"]["input"] / 1e6 + said.n_out * PRICES["scripted-small"]["output"] / 1e6
    assert said.cost_usd == pytest.approx(worst + usual)
    assert asker.spent_usd == pytest.approx(said.cost_usd)


def test_what_a_remote_model_without_a_price_cost_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    for local, prices, known in ((False, {}, False), (False, PRICES, True), (True, {}, True)):
        with Server(good) as server, opened(server, tmp_path, local=local, prices=prices) as asker:
            assert asker.cost_known, "nothing was called"
            list(asker.ask(questions(2)))
            assert (asker.n_calls, asker.cost_known, asker.priced("scripted-small")) == (2, known, known)
            assert asker.priced("gpt-4.1") is True
    with opened(server.url, tmp_path, local=False, prices={}) as asker:
        list(asker.ask(questions(2)))
        assert (asker.n_cached, asker.cost_known) == (2, True), "what is kept costs nothing"
    with Server(lambda _: broken(503)) as server:
        with opened(server, tmp_path, local=False, prices={}, retries=0) as asker, suppress(MissingService):
            list(asker.ask([question("postdown")]))
        assert (asker.n_calls, asker.cost_known) == (0, False), "what failed may be billed"


def settings(url: str, **changed: object) -> Settings:
    given = {"base_url": url, "small": "scripted-small", "prices": PRICES, **changed}
    return Settings().model_copy(update={"llm": LlmSettings(**given)})


def now() -> datetime:
    return datetime.now(UTC)


def test_what_leaves_a_workspace_is_noted_and_what_is_kept_does_not_leave(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    with Server(lambda asked: broken(500) if asked.number == 1 else good(asked)) as server:
        for n in (2, 3):
            with open_asker(workspace, settings(server.url), clock=now) as asker:
                assert len(list(asker.ask([question(f"post{i} 010-1234-5678") for i in range(n)]))) == n
    noted = [json.loads(line) for line in (tmp_path / "logs" / "llm-sent.jsonl").read_text().splitlines()]
    assert len(noted) == server.n_calls == 4  # three posts, one of them twice
    assert {(each["host"], each["model"], each["namespace"]) for each in noted} == {
        ("127.0.0.1", "scripted-small", "listing")
    }
    assert all(each["placeholders"] == {"phone": 1} and "010" not in json.dumps(each["placeholders"]) for each in noted)


def test_texts_stay_where_they_may_not_go(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    with Server(good) as server:
        closed = settings(server.url, allow={"listing": ("llm.example.com",)})
        with open_asker(workspace, closed, clock=now) as asker, pytest.raises(UsageError, match="listing"):
            list(asker.ask(questions(3)))
    assert server.n_calls == 0
    assert not (tmp_path / "logs").exists()


def test_a_cap_needs_a_price_unless_the_endpoint_is_local(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    unpriced = {"prices": {}, "max_usd": 1.0}
    far = settings("https://llm.example.com/v1", **unpriced)
    with open_asker(workspace, far, clock=now) as asker:
        for call in (asker.price, lambda asked: list(asker.ask(asked))):
            with pytest.raises(UsageError, match=r'\[llm.prices."scripted-small"\]'):
                call(questions(3))
    with Server(good) as server, open_asker(workspace, settings(server.url, **unpriced), clock=now) as asker:
        assert asker.price(questions(3)).worst_usd == 0
        assert [each.cost_usd for each in asker.ask(questions(3))] == [0.0] * 3
