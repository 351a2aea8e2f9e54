"""`semsearch import …` as a user runs it: the installed program, its output, exit codes, pipes and kills."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from tests.e2e import program
from tests.e2e.program import PROGRAM

from semsearch.ingest.catalogue import Catalogue, content_digest
from semsearch.workspace import Workspace

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "PYTHONUTF8": "1"}


def run(*args: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*PROGRAM, *map(str, args)], input=stdin, capture_output=True, timeout=60, env=ENVIRONMENT, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def market(tmp_path: Path) -> Path:
    Workspace.create(tmp_path / "market")
    return tmp_path / "market"


def test_summary_on_stdout_talk_on_stderr(market, tmp_path):
    (tmp_path / "a.csv").write_bytes("번호,제목,가격,색\n01,나이키,1.5만,빨강\n02,,1,파랑\n".encode("cp949"))
    refused = run("import", "items", tmp_path / "a.csv", "-w", market)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "1 of 2 rows (50.00%) are bad" in refused.stderr
    assert "Next: " in refused.stderr
    done = run("import", "items", tmp_path / "a.csv", "-w", market, "--max-rejects", "0.5", "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert {key: summary[key] for key in ("read", "new", "rejected", "total")} == {
        "read": 2, "new": 1, "rejected": 1, "total": 1,
    }  # fmt: skip
    assert "Not imported: 색; keep one with --map attributes.색=색" in done.stderr
    assert summary["quarantine"] in done.stderr
    assert f"Next: semsearch train -w {market}" in done.stderr
    plain = run("import", "items", tmp_path / "a.csv", "-w", market, "--max-rejects", "0.5")
    assert "Next: " not in plain.stderr  # nothing is new
    assert [line.split() for line in plain.stdout.splitlines()][:4] == [
        ["read", "2"], ["new", "0"], ["updated", "0"], ["unchanged", "1"],
    ]  # fmt: skip


def test_dry_run_shows_five_rows_and_writes_nothing(market, tmp_path):
    (tmp_path / "a.csv").write_text("id,제목\n" + "".join(f"{n},t{n}\n" for n in range(9)))
    before = sorted(market.rglob("*"))
    done = program.run("import", "items", tmp_path / "a.csv", "-w", market, "--dry-run")
    assert done.code == 0
    assert "title" in done.out
    assert "제목" in done.out
    assert "t4" in done.out
    assert "t5" not in done.out
    assert "Nothing was written. Next: " in done.err
    document = json.loads(program.run("import", "items", tmp_path / "a.csv", "-w", market, "--dry-run", "--json").out)
    assert len(document["rows"]) == 5
    assert sorted(market.rglob("*")) == before


def test_a_dry_run_shows_what_will_be_stored(market, tmp_path):
    (tmp_path / "a.csv").write_text("id,name,cost,posted,city,colour\n1,A,109.95,2009-12-10,Seoul,red\n")
    done = program.run("import", "items", tmp_path / "a.csv", "-w", market, "--dry-run")
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines() if len(line.split()) > 2}
    assert rows["price"] == ["cost", "109.95"]
    assert rows["created_at"] == ["posted", "2009-12-10", "00:00Z"]
    assert rows["region_id"] == ["city", "Seoul"]
    assert "No column for category; if one of these is it: --map category=colour" in done.err


def test_a_pipe_and_a_closed_stdin(market):
    assert run("import", "items", "-", "-w", market, stdin=b'{"id": "007", "title": "a"}\n').returncode == 0
    assert Catalogue(Workspace.open(market)).items().item(0, "item_id") == "007"
    empty = run("import", "items", "-", "-w", market, stdin=b"")
    assert (empty.returncode, "No rows in stdin" in empty.stderr) == (2, True)
    shell = f"{sys.executable} -m semsearch import items - -w {market} <&-"
    closed = subprocess.run(["sh", "-c", shell], capture_output=True, timeout=60, env=ENVIRONMENT, check=False)
    assert closed.returncode == 2
    assert b"no standard input" in closed.stderr


def test_settings_fill_the_mapping_and_flags_win(market, tmp_path):
    (market / "semsearch.toml").write_text(
        '[import]\ntz = "Asia/Seoul"\n[import.items]\ntitle = "t"\ncurrency = "\'KRW\'"\nattributes.brand = "m"\n'
    )
    (tmp_path / "a.csv").write_text("id,t,u,m,created_at\n1,a,b,c,2026-01-01\n")
    assert program.run("import", "items", tmp_path / "a.csv", "-w", market, "--map", "title=u").code == 0
    item = Catalogue(Workspace.open(market)).items().row(0, named=True)
    assert (item["title"], item["currency"], item["attributes"]) == ("b", "KRW", '{"brand": "c"}')
    assert item["created_at"].isoformat() == "2025-12-31T15:00:00+00:00"


@pytest.mark.parametrize("noun", ["items", "interactions", "regions"])
def test_help_has_an_example(noun):
    done = program.run("import", noun, "--help")
    assert done.code == 0
    assert f"semsearch import {noun}" in done.out


def test_no_workspace(tmp_path):
    (tmp_path / "a.csv").write_text("id,title\n1,a\n")
    done = program.run("import", "items", tmp_path / "a.csv", "-w", tmp_path / "nowhere")
    assert (done.code, "Next: semsearch init" in done.err) == (4, True)


def test_a_kill_leaves_the_old_items_or_the_new(market, tmp_path):
    """Kills at random moments of imports that swap all rows for others."""
    chance = random.Random(7)
    digests = {}
    for title in ("old", "new"):
        rows = {"item_id": [f"{n:05}" for n in range(20_000)], "title": title}
        pl.DataFrame(rows).write_csv(tmp_path / f"{title}.csv")
        started = time.monotonic()
        assert run("import", "items", tmp_path / f"{title}.csv", "-w", market).returncode == 0
        whole = time.monotonic() - started
        digests[Catalogue(Workspace.open(market)).items_digest] = title
    for _ in range(5):
        other = {"old": "new", "new": "old"}[digests[Catalogue(Workspace.open(market)).items_digest]]
        command = [*PROGRAM, "import", "items", str(tmp_path / f"{other}.csv"), "-w", str(market)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        time.sleep(chance.uniform(0.3, 1.1) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
        catalogue = Catalogue(Workspace.open(market))
        assert catalogue.items_digest in digests
        assert content_digest(catalogue.items()) == catalogue.items_digest
    assert run("import", "items", tmp_path / "old.csv", "-w", market).returncode == 0
    assert digests[Catalogue(Workspace.open(market)).items_digest] == "old"
    assert not list((market / ".semsearch" / "staging").iterdir())
