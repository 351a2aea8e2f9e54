"""Answers of models: kept by key, all of a batch or none, and there again after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from semsearch.errors import Busy, UsageError
from semsearch.store import database
from semsearch.store.answers import PAGE, Answers, KeptAnswer
from semsearch.store.database import Store

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
ROW = KeptAnswer(
    "k0", NOW, "spam-verdict", "0f" * 8, "small", '{"is_spam": true, "말": "ㅋㅋ"}', "stop", 500, 60, 123_456
)


def rows(n: int) -> list[KeptAnswer]:
    return [replace(ROW, key=f"k{i}", content=f"answer {i}") for i in range(n)]


def test_an_answer_comes_back_as_it_was_kept(store: Store) -> None:
    refusal = replace(ROW, key="k1", content="I'm sorry", finish="refusal", n_in=0, cost_nusd=2**53 + 1)
    Answers(store).keep([ROW, refusal])
    assert Answers(store).get(["k0", "k1", "k2"]) == {"k0": ROW, "k1": refusal}


@pytest.mark.parametrize("n", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 1])
def test_any_number_of_keys_is_looked_up(store: Store, n: int) -> None:
    given = rows(n)
    if given:
        Answers(store).keep(given)
    assert Answers(store).get([row.key for row in given] * 2) == {row.key: row for row in given}


def test_the_first_answer_to_a_question_stays(store: Store) -> None:
    answers = Answers(store)
    answers.keep([ROW])
    later = replace(ROW, content="another", at=NOW.replace(year=2027))
    new = replace(ROW, key="k1")
    answers.keep([later, new, replace(new, content="twice in one batch")])
    assert answers.get(["k0", "k1"]) == {"k0": ROW, "k1": new}


def test_a_batch_with_a_row_that_cannot_be_kept_keeps_none(store: Store) -> None:
    with pytest.raises(Exception, match="surrogates not allowed"):
        Answers(store).keep([ROW, replace(ROW, key="k1", content="\ud800")])
    assert Answers(store).get(["k0", "k1"]) == {}


def test_answers_are_read_while_another_thread_keeps_some(store: Store) -> None:
    answers = Answers(store)
    writer = threading.Thread(target=lambda: [answers.keep([row]) for row in rows(100)])
    writer.start()
    seen = [len(answers.get([f"k{i}" for i in range(100)])) for _ in range(50)]
    writer.join()
    assert seen == sorted(seen)
    assert len(answers.get([f"k{i}" for i in range(100)])) == 100


def test_another_writer_is_waited_for_and_then_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with Store.open(store.path, now=NOW) as other:
        with store.writing(), pytest.raises(Busy):
            Answers(other).keep([ROW])
        Answers(other).keep([ROW])
    assert Answers(store).get(["k0"]) == {"k0": ROW}


def test_another_writer_is_named_at_once_to_whoever_does_not_wait(store: Store) -> None:
    with Store.open(store.path, now=NOW) as other:
        Answers(other).keep([ROW], waits=False)
        start = time.monotonic()
        with store.writing(), pytest.raises(Busy):
            Answers(other).keep([replace(ROW, key="k1")], waits=False)
        assert time.monotonic() - start < 5
        with other.reading() as connection:  # the next one that uses the connection waits again
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == database.BUSY_S * 1000


def test_a_transaction_after_answers_outlives_a_loss_of_power(store: Store) -> None:
    with store.writing(at_once=False) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    with store.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


CHILD = """
import sys, datetime, pathlib, signal
from semsearch.store.answers import Answers, KeptAnswer
from semsearch.store.database import Store
now = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
answers = Answers(Store.open(pathlib.Path(sys.argv[1]), now=now))
def keep(key, n_chars):
    answers.keep([KeptAnswer(key, now, "p", "h", "m", "x" * n_chars, "stop", 1, 1, 1)])
"""


def test_a_killed_process_loses_nothing_that_was_kept(store: Store) -> None:
    code = CHILD + "for i in range(20): keep(f'k{i}', 1000)\nprint('kept', flush=True)\nsignal.pause()"
    with subprocess.Popen([sys.executable, "-c", code, str(store.path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "kept\n"
        child.send_signal(signal.SIGKILL)
    assert len(Answers(store).get([f"k{i}" for i in range(20)])) == 20


def test_a_full_disk_loses_nothing_that_was_kept(store: Store) -> None:
    """A most number of pages stands in for the disk."""
    answers = Answers(store)
    answers.keep([ROW])
    with store.reading() as connection:
        n_pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={n_pages}")
    with pytest.raises(UsageError, match=r"disk is full(?s:.*)Next: "):
        answers.keep([replace(ROW, key=f"k{i}", content="x" * 5_000) for i in range(1, 9)])
    assert list(answers.get([f"k{i}" for i in range(9)])) == ["k0"]
