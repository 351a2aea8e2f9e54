"""Scanning as a user runs it: the installed program, pipes, growing files, Ctrl-C, kills and a full disk."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import program
from tests.e2e.program import ENVIRONMENT, PROGRAM

from semsearch.workspace import Workspace

START_S = 1_767_225_600
"""2026-01-01."""


def stream(n_posts: int) -> list[dict[str, Any]]:
    """A post every two minutes by many people, and within an hour 24 with one phone number by as many authors."""
    chance = random.Random(5)
    posts = []
    for n in range(n_posts):
        text = "".join(chr(chance.randrange(0xAC00, 0xD7A4)) for _ in range(30))
        posts.append({"post_id": f"b{n}", "author_id": f"u{n % 500}", "created_at": START_S + n * 120, "text": text})
    for n in range(24):
        text = f"급처 명품 정품 보증 010-1234-5678 연락주세요 선입금 {n}"
        at = START_S + n_posts * 60 + n * 60
        posts.append({"post_id": f"x{n}", "author_id": f"a{n}", "created_at": at, "text": text})
    return sorted(posts, key=lambda post: post["created_at"])


def written(path: Path, posts: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(post, ensure_ascii=False) + "\n" for post in posts))
    return path


def run(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *map(str, words)]
    return subprocess.run(command, capture_output=True, timeout=60, env=ENVIRONMENT, check=False, text=True, **options)


@contextmanager
def started(*words: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [*PROGRAM, *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "bufsize": 1}
    process = subprocess.Popen(command, env=ENVIRONMENT, start_new_session=True, **(pipes | options))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def tables(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a scan leaves."""
    wanted = {
        "posts": "select namespace, post_id, revision, text from posts order by seq",
        "members": "select post_id, revision, campaign_id, net from members order by seq",
        "alerts": "select alert_id, level, n_posts, at_us from alerts order by 1",
        "steps": "select alert_id, level, at_us from alert_events order by 1, 2",
        "volumes": "select hour_us, category, n_posts from volumes order by 1, 2",
    }
    with closing(sqlite3.connect(root / "moderation.sqlite")) as database:
        return {name: database.execute(query).fetchall() for name, query in wanted.items()}


def n_scanned(root: Path) -> int:
    """Posts up to the last that was committed."""
    try:
        with closing(sqlite3.connect(root / "moderation.sqlite")) as database:
            return int(database.execute("select coalesce(max(last_seq), 0) from cursors").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.fixture
def market(tmp_path: Path) -> Path:
    Workspace.create(tmp_path / "market")
    return tmp_path / "market"


def test_a_campaign_is_found_once(market, tmp_path):
    file = written(tmp_path / "posts.jsonl", stream(600))
    done = run("scan", "posts", file, "-w", market, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["read"], summary["new"], summary["rejected"]) == (624, 624, 0)
    assert (summary["joined"], summary["alerts_raised"]) == (24, 1)
    assert f"Next: semsearch alerts list -w {market}" in done.stderr
    before = tables(market)
    again = json.loads(program.run("scan", "posts", file, "-w", market, "--json").out)
    assert (again["new"], again["known"], again["joined"], again["alerts_raised"]) == (0, 624, 0, 0)
    assert tables(market) == before


def test_the_order_of_a_file_and_its_format_change_nothing_that_was_known(market, tmp_path):
    import polars as pl

    posts = stream(200)
    program.run("scan", "posts", written(tmp_path / "posts.jsonl", posts), "-w", market)
    pl.DataFrame(posts).reverse().write_parquet(tmp_path / "posts.parquet")
    again = json.loads(program.run("scan", "posts", tmp_path / "posts.parquet", "-w", market, "--json").out)
    assert (again["known"], again["new"], again["revised"]) == (224, 0, 0)


def test_an_edit_into_spam_is_caught_and_scanning_the_old_file_again_is_no_edit(market, tmp_path):
    posts = stream(100)
    edits = [post | {"post_id": f"b{n}"} for n, post in enumerate(post for post in posts if post["post_id"][0] == "x")]
    honest = written(tmp_path / "honest.jsonl", [post for post in posts if post["post_id"][0] == "b"])
    program.run("scan", "posts", honest, "-w", market)
    edits_path = written(tmp_path / "e.jsonl", edits)
    edited = json.loads(program.run("scan", "posts", edits_path, "-w", market, "--json").out)
    assert (edited["revised"], edited["joined"], edited["alerts_raised"]) == (24, 24, 1)
    again = json.loads(program.run("scan", "posts", honest, "-w", market, "--json").out)
    assert (again["known"], again["revised"]) == (100, 0)


def test_items_are_scanned_and_an_edit_is_a_revision(market, tmp_path):
    head, rest = "item_id,title,body,seller_id,created_at,updated_at", ["2,책,,s2,2026-01-02,"]
    for row, expected in (
        ("1,의자,나무,s1,2026-01-01,", (2, 0, 0)),
        ("1,의자,급처,s1,2026-01-01,2026-01-05", (0, 1, 1)),
    ):
        (tmp_path / "items.csv").write_text("\n".join([head, row, *rest]))
        assert program.run("import", "items", tmp_path / "items.csv", "-w", market).code == 0
        summary = json.loads(program.run("scan", "items", "-w", market, "--json").out)
        assert (summary["new"], summary["revised"], summary["known"]) == expected
    with closing(sqlite3.connect(market / "moderation.sqlite")) as database:
        query = "select post_id, revision, text, at_us from posts order by seq"
        day_us = 86_400_000_000
        assert database.execute(query).fetchall() == [
            ("1", 0, "의자\n나무", START_S * 1_000_000),
            ("2", 0, "책", START_S * 1_000_000 + day_us),
            ("1", 1, "의자\n급처", START_S * 1_000_000 + 4 * day_us),
        ]


def test_a_killed_scan_goes_on_to_what_an_unbroken_one_leaves(market, tmp_path):
    file = written(tmp_path / "posts.jsonl", stream(8_000))
    Workspace.create(tmp_path / "whole")
    assert program.run("scan", "posts", file, "-w", tmp_path / "whole").code == 0
    for killed_after, how in ((1_000, signal.SIGKILL), (3_000, signal.SIGINT)):
        with started("scan", "posts", file, "-w", market) as process:
            until(lambda n=killed_after: n_scanned(market) >= n or process.poll() is not None)
            os.killpg(process.pid, how)  # as Ctrl-C does
            process.communicate(timeout=30)
            assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert run("scan", "posts", file, "-w", market).returncode == 0
    assert tables(market) == tables(tmp_path / "whole")


def test_a_full_disk_loses_nothing(market, tmp_path):
    file = written(tmp_path / "posts.jsonl", stream(4_000))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))

    full = run("scan", "posts", file, "-w", market, preexec_fn=small)
    assert (full.returncode, full.stdout) == (2, ""), full.stderr
    assert "Next: " in full.stderr
    assert run("scan", "posts", file, "-w", market).returncode == 0
    Workspace.create(tmp_path / "whole")
    program.run("scan", "posts", file, "-w", tmp_path / "whole")
    assert tables(market) == tables(tmp_path / "whole")


def test_a_watched_file_grows_is_rotated_and_ends_with_ctrl_c(market, tmp_path):
    posts = stream(300)
    log = written(tmp_path / "log.jsonl", posts[:100])
    with started("watch", log, "-w", market, "--jsonl") as process:
        until(lambda: n_scanned(market) == 100)
        with log.open("a") as file:
            file.write("".join(json.dumps(post) + "\n" for post in posts[100:170]) + "{bad\n" + '{"post_id": "la')
        until(lambda: n_scanned(market) == 170)
        log.rename(tmp_path / "log.1")
        written(log, posts[170:])
        until(lambda: n_scanned(market) == 324)
        time.sleep(0.5)  # until it waits for more
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert json.loads(out.splitlines()[0])["level"] == 1
    assert "Rejected 1 × is not valid JSON" in err
    assert "log.jsonl was replaced" in err
    assert "Traceback" not in err
    assert "read 326, new 324" in err


def test_a_pipe_is_watched_as_it_flows(market):
    posts = stream(300)
    with started("watch", "-", "-w", market, "--namespace", "chat", "--jsonl", stdin=subprocess.PIPE) as process:
        for post in posts[:200]:
            process.stdin.write(json.dumps(post) + "\n")
        process.stdin.flush()
        alert = json.loads(process.stdout.readline())
        assert (alert["namespace"], alert["level"]) == ("chat", 1)
        until(lambda: n_scanned(market) == 200)
        time.sleep(0.5)  # until it waits for more
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err


def test_two_scans_of_one_namespace_do_not_run_beside_each_other(market, tmp_path):
    log = written(tmp_path / "log.jsonl", stream(10))
    with started("watch", log, "-w", market) as process:
        until(lambda: n_scanned(market) == 34)
        other = program.run("scan", "posts", log, "-w", market)
        assert other.code == 4
        assert "Next: " in other.err
        assert program.run("scan", "posts", log, "-w", market, "--namespace", "chat").code == 0
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
