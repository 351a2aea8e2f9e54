"""Order and window of a run, without a network: what is pulled when, what is sent, what is given out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from semsearch.llm.answers import Question
from semsearch.llm.calling import running
from semsearch.llm.calling.chat import Failed
from semsearch.llm.calling.running import CHUNK, Prepared, Run
from semsearch.llm.calling.slots import Known, Over
from semsearch.store.answers import KeptAnswer

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Said(BaseModel):
    text: str


class Bench:
    """A run whose answers come in the order that `pick` chooses, up to `n_slots` calls at once."""

    def __init__(self, asked: Iterator[str], n_slots: int = 4, kept: tuple[str, ...] = (), pick=lambda n: 0) -> None:
        self.n_pulled = 0
        self.sent: list[str] = []
        self.open: list[str] = []
        self.kept = kept
        self.pick = pick
        self.most_open = 0
        prompt = SimpleNamespace(prompt_hash="0f" * 8)
        self.asked = (Question(prompt, Said, "listing", {}, {"post": each}, {}) for each in asked)
        self.run = Run(self.pulling(), self.prepare, self.send, n_slots)
        self.run._arrivals = self  # what a queue would hold is made when it is asked for

    def pulling(self) -> Iterator[Question[Said]]:
        for question in self.asked:
            self.n_pulled += 1
            yield question

    def prepare(self, chunk: list[Question[Said]]) -> list[tuple[Prepared[Said], Any]]:
        names = [str(question.outside["post"]) for question in chunk]
        return [
            (Prepared(question, name, "m", False, kept_of(name) if name in self.kept else None), self.call(name))
            for name, question in zip(names, chunk, strict=True)
        ]

    def call(self, name: str) -> Any:
        return None if name in self.kept else SimpleNamespace(key=name)

    def send(self, calls: list[Any]) -> None:
        self.sent += [call.key for call in calls]
        self.open += [call.key for call in calls]
        self.most_open = max(self.most_open, len(self.open))

    def get(self, block: bool) -> Any:
        if not block:
            raise running.Empty
        name = self.open.pop(self.pick(len(self.open)))
        if name.startswith("over"):
            return Over(ZeroDivisionError(name)), ""
        if name.startswith("known"):
            return Known(kept_of(name)), name
        return (Failed("gone", 5) if name.startswith("failed") else kept_of(name)), name


def kept_of(name: str) -> KeptAnswer:
    return KeptAnswer(name, NOW, "p", "h", "m", f'{{"text": "{name}"}}', "stop", 2, 3, 7_000_000_000)


def names(n: int) -> Iterator[str]:
    return (f"q{i}" for i in range(n))


@given(
    st.lists(st.integers(0, 40), max_size=120),
    st.sets(st.integers(0, 40)),
    st.integers(1, 9),
    st.randoms(use_true_random=False),
)
def test_answers_are_in_order_each_asked_once(asked: list[int], kept: set[int], n_slots: int, random: Any) -> None:
    bench = Bench((f"q{i}" for i in asked), n_slots, tuple(f"q{i}" for i in kept), random.randrange)
    said = list(bench.run.answers())
    assert [answer.value.text for answer in said] == [f"q{i}" for i in asked]
    fresh = [i for i in asked if i not in kept]
    assert len(set(fresh)) <= len(bench.sent) <= len(fresh)
    assert sum(not answer.cached for answer in said) == len(bench.sent)
    assert bench.run.n_cached == len(asked) - len(bench.sent)


def test_equal_questions_wait_for_one_call() -> None:
    said = list(Bench(iter("abcabca")).run.answers())
    assert [answer.cached for answer in said] == [False, False, False, True, True, True, True]
    assert [answer.cost_usd for answer in said] == [7.0] * 7


def test_a_failed_call_fails_for_all_who_wait_for_it() -> None:
    said = list(Bench(iter(["failed", "b", "failed"])).run.answers())
    assert [(answer.cause, answer.detail, answer.cached) for answer in said] == [
        ("failed", "gone", False),
        ("", "", False),
        ("failed", "gone", True),
    ]


def test_what_another_process_answered_meanwhile_counts_as_known() -> None:
    bench = Bench(iter(["a", "known", "b", "known"]))
    assert [answer.cached for answer in bench.run.answers()] == [False, True, False, True]
    assert bench.run.n_cached == 2


@pytest.mark.parametrize("n_slots", [1, 4, 32])
def test_few_questions_are_pulled_ahead_of_a_slow_reader(n_slots: int) -> None:
    bench = Bench((f"q{i}" for i in itertools.count()), n_slots)
    said = bench.run.answers()
    ahead = []
    for n_read in range(1, 300):
        next(said)
        ahead.append(bench.n_pulled - n_read)
    assert max(ahead) <= 2 * n_slots + 2 * CHUNK
    assert min(ahead) >= n_slots
    assert bench.most_open <= 2 * n_slots + CHUNK


def test_the_others_go_on_while_the_first_is_slow() -> None:
    bench = Bench(names(500), 4, pick=lambda n: 1 if n > 1 else 0)
    first = next(bench.run.answers())
    assert first.value.text == "q0"
    assert bench.n_pulled == 500


def test_but_not_farther_than_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "WINDOW", 100)
    bench = Bench(names(500), 4, pick=lambda n: 1 if n > 1 else 0)
    next(bench.run.answers())
    assert 100 <= bench.n_pulled <= 100 + CHUNK


def test_what_ends_a_run_is_raised_after_what_is_complete() -> None:
    bench = Bench(iter(["a", "b", "over", "c", "d"]), 2, kept=("d",))
    said = []
    with pytest.raises(ZeroDivisionError):
        said.extend(answer.value.text for answer in bench.run.answers())
    assert said == ["a", "b"]


def test_what_pulling_raises_comes_after_the_answers_before_it() -> None:
    def asked() -> Iterator[str]:
        yield from names(CHUNK + 3)
        raise ValueError("a bad row")

    bench = Bench(asked())
    said = []
    with pytest.raises(ValueError, match="a bad row"):
        said.extend(answer.value.text for answer in bench.run.answers())
    assert said == list(names(CHUNK + 3))


def test_no_question_is_no_answer() -> None:
    assert list(Bench(iter(())).run.answers()) == []
