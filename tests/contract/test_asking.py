"""Many questions at once, over real HTTP: order, what is asked twice, what is kept, what it may cost, how it ends."""

from __future__ import annotations

import itertools
import random
import threading
import time
from pathlib import Path

import pytest
from tests.contract.asking import answers, good, opened, question, questions, verdict, word
from tests.contract.chat_replies import Asked, Reply, broken, cut_connection, refuses, slow
from tests.contract.chat_server import Server

from semsearch.errors import BudgetReached, MissingService


def jittered(seed: int = 0, most_s: float = 0.03):
    rng = random.Random(seed)
    return lambda asked: slow(good(asked), rng.uniform(0, most_s))


def closed(server: Server, within_s: float = 2.0) -> bool:
    """Whether every connection of the clients ends in time."""
    end = time.monotonic() + within_s
    while server.n_open and time.monotonic() < end:
        time.sleep(0.02)
    return server.n_open == 0


def test_answers_come_in_the_order_of_the_questions(tmp_path: Path) -> None:
    with Server(jittered()) as server:
        said = answers(server, tmp_path, questions(24), concurrency=8)
    assert [each.value.reasoning for each in said] == [str(i) for i in range(24)]
    assert 1 < server.max_in_flight <= 8
    assert server.n_connections <= 8


@pytest.mark.parametrize("concurrency", [1, 3, 32])
def test_no_more_calls_at_once_than_allowed(tmp_path: Path, concurrency: int) -> None:
    with Server(lambda asked: slow(good(asked), 0.25)) as server:
        said = answers(server, tmp_path, questions(2 * concurrency), concurrency=concurrency)
    assert [each.value.reasoning for each in said] == [str(i) for i in range(2 * concurrency)]
    assert concurrency / 3 < server.max_in_flight <= concurrency


def test_equal_questions_of_one_run_are_one_call(tmp_path: Path) -> None:
    asked = [question(f"post{name}") for name in "abcabcaab"]
    with Server(jittered()) as server:
        said = answers(server, tmp_path, asked, concurrency=4)
    assert [each.value.reasoning for each in said] == list("abcabcaab")
    assert server.n_calls == 3
    assert sum(not each.cached for each in said) == 3
    assert sum(each.cost_usd for each in said if not each.cached) == pytest.approx(server.billed_usd(1.0, 4.0))


def test_a_second_run_makes_no_call(tmp_path: Path) -> None:
    with Server(jittered()) as server:
        first = answers(server, tmp_path, questions(20))
        n_calls = server.n_calls
        second = answers(server, tmp_path, questions(20))
    assert (n_calls, server.n_calls) == (20, 20)
    assert [each.value for each in second] == [each.value for each in first]
    assert all(each.cached for each in second)


def test_another_model_or_prompt_is_another_question(tmp_path: Path) -> None:
    with Server(good) as server:
        answers(server, tmp_path, questions(3))
        answers(server, tmp_path, questions(3), small="scripted-large")
        answers(server, tmp_path, questions(3), structured="json_object")
    assert server.n_calls == 9


def test_questions_are_pulled_as_they_are_needed(tmp_path: Path) -> None:
    pulled = itertools.count()
    endless = (question(f"post{i}") for i in pulled)
    with Server(jittered()) as server, opened(server, tmp_path, concurrency=4) as asker:
        said = list(itertools.islice(asker.ask(endless), 10))
    assert [each.value.reasoning for each in said] == [str(i) for i in range(10)]
    assert next(pulled) < 200


def test_one_slow_call_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with Server(lambda asked: slow(good(asked), 1.5 if word(asked) == "0" else 0.0)) as server:
        said = answers(server, tmp_path, questions(28), concurrency=4)
    came = {word(asked): asked.at_s for asked in server.requests}
    assert [each.value.reasoning for each in said] == [str(i) for i in range(28)]
    assert max(came.values()) < came["0"] + 1.5


def paying(every: int):
    """Of so many answers one is lost on its way, one refused, and one an error that costs nothing; 0: all are good."""
    faults = {0: cut_connection, 1: lambda _: refuses(), 2: lambda _: broken(500)}

    def answer(asked: Asked) -> Reply:
        reply = verdict(word(asked), delay_s=0.002 * (asked.number % 5))
        fault = faults.get(asked.number % every) if every else None
        return fault(reply) if fault else reply

    return answer


def worst_usd(server: Server, folder: Path) -> float:
    """What one call costs at most."""
    with opened(server, folder) as asker:
        return asker.price(questions(1)).worst_usd


@pytest.mark.parametrize(("n_worst", "every"), [(12.5, 0), (12.5, 5), (0.9, 0)])
def test_the_bill_stays_within_the_cap_and_what_was_paid_is_kept(tmp_path: Path, n_worst: float, every: int) -> None:
    n, got = 40, []
    with Server(paying(every), bytes_per_token=1.0) as server:
        cap = n_worst * worst_usd(server, tmp_path)
        with opened(server, tmp_path, max_usd=cap, retries=1) as asker:
            with pytest.raises(BudgetReached, match="Next: "):
                got.extend(asker.ask(questions(n)))
            spent = asker.spent_usd
        billed, n_calls = server.billed_usd(1.0, 4.0), server.n_calls
        assert (n_calls > 0) == (n_worst >= 1)
        assert n_calls < n
        assert billed <= spent <= cap
        server.answer = good
        again = answers(server, tmp_path, questions(n))
        n_kept = sum(each.cached for each in again)
        assert server.n_calls == n_calls + n - n_kept
    assert n_kept == n_calls if not every else n_kept < n_calls
    assert n_kept >= len(got)


def test_the_cap_is_used_up_but_for_the_worst_of_one_call(tmp_path: Path) -> None:
    with Server(good, bytes_per_token=1.0) as server:
        worst = worst_usd(server, tmp_path)
        with opened(server, tmp_path, max_usd=9 * worst) as asker, pytest.raises(BudgetReached):
            list(asker.ask(questions(40)))
    assert 8 * worst < server.billed_usd(1.0, 4.0) <= 9 * worst


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_bill_above_the_worst_case_stops_a_capped_run(tmp_path: Path, concurrency: int) -> None:
    with Server(good, bytes_per_token=0.25) as server:
        how = {"max_usd": 20 * worst_usd(server, tmp_path), "concurrency": concurrency}
        with opened(server, tmp_path, **how) as asker:
            with pytest.raises(BudgetReached, match=r"billed .* scripted-small .* at most(?s:.*)Next: "):
                list(asker.ask(questions(40)))
            with pytest.raises(BudgetReached, match="billed"):
                list(asker.ask([question("postother")]))
        n_calls = server.n_calls
        assert 1 <= n_calls <= concurrency
        again = answers(server, tmp_path, questions(40), concurrency=concurrency)
    assert sum(each.cached for each in again) == n_calls
    assert server.n_calls == 40


def test_without_a_cap_no_bill_is_too_high(tmp_path: Path) -> None:
    with Server(good, bytes_per_token=0.25) as server:
        assert len(answers(server, tmp_path, questions(5))) == server.n_calls == 5


def test_what_another_process_kept_while_a_question_waited_is_not_paid_again(tmp_path: Path) -> None:
    n = 16  # as many as are looked up together, before any of them is kept
    with (
        Server(lambda asked: slow(good(asked), 0.08)) as server,
        opened(server, tmp_path, concurrency=1) as slowly,
        opened(server, tmp_path, concurrency=16) as fast,
    ):
        waiting = slowly.ask(questions(n))
        first = next(waiting)
        said = list(fast.ask(questions(n)))
        rest = [first, *waiting]
    assert [each.value for each in rest] == [each.value for each in said]
    n_own = sum(not each.cached for each in rest)
    assert n_own == slowly.n_calls <= 6  # those in flight while the other asked
    assert server.n_calls == n_own + fast.n_calls < n + 8


def test_a_cut_post_is_told_in_its_answer(tmp_path: Path) -> None:
    long, short = question("harmless " * 600 + "post1"), question("post2")
    with Server(lambda _: verdict("read")) as server:
        for _ in range(2):
            assert [each.cut for each in answers(server, tmp_path, [long, short])] == [True, False]


def test_a_price_is_told_without_a_call_or_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(good, bytes_per_token=1.0) as server:
        answers(server, tmp_path, questions(5))
        billed = server.billed_usd(1.0, 4.0)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        with opened(server, tmp_path) as asker:
            told = asker.price([*questions(20), question("post19")])
        assert server.n_calls == 5
        assert (told.n, told.n_cached, told.n_calls) == (21, 6, 15)
        answers(server, tmp_path, questions(20))
    assert server.billed_usd(1.0, 4.0) - billed <= told.worst_usd


def test_a_key_that_is_withdrawn_keeps_what_was_paid(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        late = asked.number > 12
        return Reply(status=401, error="revoked", code="invalid_api_key") if late else good(asked)

    with Server(answer) as server:
        with opened(server, tmp_path, concurrency=4) as asker, pytest.raises(MissingService):
            list(asker.ask(questions(30)))
        assert server.n_calls <= 16
        server.answer = good
        again = answers(server, tmp_path, questions(30))
    assert sum(each.cached for each in again) == 12


@pytest.mark.parametrize("how", ["break", "interrupt"])
def test_stopping_early_leaves_nothing_hanging(tmp_path: Path, how: str) -> None:
    threads = threading.active_count()
    with Server(lambda asked: slow(good(asked), 0.01 if asked.number <= 20 else 5.0)) as server:
        with opened(server, tmp_path, concurrency=8) as asker:
            said = asker.ask(questions(30))
            try:
                for i, _ in enumerate(said):
                    if i == 9 and how == "interrupt":
                        raise KeyboardInterrupt
                    if i == 9:
                        break
            except KeyboardInterrupt:
                pass
            said.close()
        assert closed(server)
        assert threading.active_count() <= threads + 1  # the server's own
        server.answer = good
        before = server.n_calls
        again = answers(server, tmp_path, questions(30))
    assert sum(each.cached for each in again) >= 10
    assert server.n_calls - before == 30 - sum(each.cached for each in again)


def test_counters_are_live(tmp_path: Path) -> None:
    with Server(jittered()) as server:
        answers(server, tmp_path, questions(5))
        with opened(server, tmp_path, concurrency=4) as asker:
            seen = [(asker.n_calls, asker.n_cached, asker.n_in_flight) for _ in asker.ask(questions(20))]
            assert (asker.n_calls, asker.n_cached, asker.n_in_flight) == (15, 5, 0)
    assert all(n_in_flight <= 4 for _, _, n_in_flight in seen)
    assert asker.spent_usd <= server.billed_usd(1.0, 4.0)
