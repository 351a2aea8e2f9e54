"""Target 5: kill -9 at random moments of scans; what they leave in the end must be what an unbroken scan leaves.

`python -m bench.campaign_kills [--kills 120] [--seed 0] [--case NAME …]`

A simulated stream is scanned by the installed program (`scan posts FILE`) or by a process that does the same without
the program's start. It is killed, at any moment or at a chosen one, started again, killed again, and in the end left
alone. After each kill nothing may be there that an unbroken scan does not leave, and the chain of decisions holds. In
the end all tables are equal and the JSONL sink has a line of each step of each alert: at least one, equal ones if more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.campaign_streams import stream_files

from semsearch.campaigns.detector import Detector
from semsearch.campaigns.scan import BATCH
from semsearch.cli.scanning import Scanning
from semsearch.notify.jsonl import JsonlSink
from semsearch.records import Post
from semsearch.review.deciding import allow
from semsearch.store.campaigns import CampaignStore
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal
from semsearch.store.outbox import Outbox
from semsearch.wiring.notifying import retry
from semsearch.workspace import Workspace

TABLES = {
    "posts": "select * from posts order by seq",
    "batches": "select * from batches order by 1",
    "members": "select * from members order by seq",
    "alerts": "select * from alerts order by alert_id",
    "alert_events": """select alert_id, level, kind, severity, at_us, n_posts, n_authors, n_recipients, reasons
                       from alert_events order by 1, 2, 3""",
    "outbox": "select alert_id, sink, state from outbox order by outbox_id",
    "volumes": "select * from volumes order by 1, 2, 3",
    "cursors": "select * from cursors order by 1",
}
GROWING = ("posts", "batches", "members", "alert_events")
"""Tables whose rows are added and never changed: after a kill they are a part of the whole."""
PIECE = 5_000
"""Posts that are sorted by namespace at once."""
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Case:
    """A stream, the settings that it is scanned with, and how."""

    name: str
    n_posts: int
    seed: int
    options: tuple[str, ...] = ()
    settings: str = ""
    program: bool = False


CASES = (
    Case("program", 6_000, 501, ("--forty",), program=True),
    Case("whole window", 6_000, 502, ("--forty",)),
    Case("short window", 24_000, 503, settings="window_posts = 2000\nwindow_days = 0.1\n"),
)


@dataclass
class Outcome:
    """What became of all scans of one case."""

    killed: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    chains: int = 0
    """Scans that were left alone after one or more kills."""
    repeated_lines: int = 0
    """Lines of the sink that say what another line said: at least once is what it promises."""
    failures: list[str] = field(default_factory=list)


# --- deaths at a chosen moment --------------------------------------------------------------


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _half_a_line(sink: JsonlSink, line: bytes) -> None:
    with sink._path.open("ab", buffering=0) as file:
        file.write(line[: len(line) // 2])
    _die()


MOMENTS: dict[str, tuple[type, str, str]] = {
    "before an append": (Journal, "append", "before"),
    "between append and commit": (CampaignStore, "commit", "before"),
    "after a commit": (CampaignStore, "commit", "after"),
    "before a line is written": (JsonlSink, "send", "before"),
    "in the middle of a line": (JsonlSink, "_append", "half"),
    "a line written, not yet noted": (Outbox, "sent", "before"),
    "while the window is gone through again": (Detector, "recall", "after"),
}


def arm(moment: str, nth: int) -> None:
    """Let this process die at the `nth` time that it comes to a moment."""
    owner, name, when = MOMENTS[moment]
    method: Callable[..., Any] = getattr(owner, name)
    n_calls = 0

    def armed(self: Any, *given: Any, **named: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == nth and when == "before":
            _die()
        if n_calls == nth and when == "half":
            _half_a_line(self, *given)
        result = method(self, *given, **named)
        if n_calls == nth:
            _die()
        return result

    setattr(owner, name, armed)


# --- scans -----------------------------------------------------------------------------------


class Stream:
    """One case's posts and the workspace that every scan of it starts from."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.folder = folder
        self.file = folder / "posts.jsonl"
        made = stream_files(folder, case.n_posts, case.seed, *case.options) / "posts.parquet"
        # in another process: this one is forked, and must not have threads
        written = f"import polars; polars.read_parquet({str(made)!r}).write_ndjson({str(self.file)!r})"
        subprocess.run([sys.executable, "-c", written], check=True)
        self.batches = list(_batches(self.file))
        self.template = folder / "template"
        self._prepare()

    def _prepare(self) -> None:
        workspace = Workspace.create(self.template)
        settings = f'[campaigns]\n{self.case.settings}\n[notify]\nsinks = ["jsonl"]\n'
        (self.template / "semsearch.toml").write_text(settings)
        now = datetime.now(UTC)
        with Store.open(workspace.moderation_path, now=now) as store:
            for author_id in sorted({post.author_id for post in self.batches[0]})[:3]:
                allow(store, author_id, by="bench", now=now, reason="a chain of decisions")

    def fresh(self, name: str) -> Path:
        root = self.folder / name
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.template, root)
        return root

    def start(self, root: Path, moment: str = "", nth: int = 0) -> int:
        """Scan everything in a process of its own, which leads its process group; gives its id."""
        if self.case.program:
            command = [sys.executable, "-m", "semsearch", "scan", "posts", str(self.file), "-w", str(root)]
            errors = (root.parent / "errors.txt").open("wb")
            return subprocess.Popen(command, stdout=errors, stderr=errors, start_new_session=True).pid
        pid = os.fork()
        if not pid:
            _scan(root, self.batches, moment, nth)
        return pid

    def finish(self, root: Path) -> None:
        """Scan to the end, and tell what is untold."""
        if _waited(self.start(root)):
            raise RuntimeError((root.parent / "errors.txt").read_text())
        retry(Workspace(root), clock=partial(datetime.now, UTC), sleep=time.sleep, saw=lambda _: None)


def _batches(file: Path) -> Iterator[list[Post]]:
    """At most `BATCH` posts of one namespace; each namespace in its order, as the reader of files gives them."""
    with file.open() as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        row["created_at"] = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)
        row["attributes"] = json.loads(row["attributes"])
    for start in range(0, len(rows), PIECE):
        piece = sorted(rows[start : start + PIECE], key=lambda row: row["namespace"])
        for _, some in groupby(piece, key=lambda row: row["namespace"]):
            posts = [Post(**row) for row in some]
            yield from (posts[first : first + BATCH] for first in range(0, len(posts), BATCH))


def _scan(root: Path, batches: Sequence[Sequence[Post]], moment: str, nth: int) -> None:
    """What `scan posts` does, in a forked process; it never returns."""
    code = 1
    try:
        os.setsid()
        errors = os.open(root.parent / "errors.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(errors, 1)
        os.dup2(errors, 2)
        if moment:
            arm(moment, nth)
        with Scanning(Workspace.open(root), notify=True, as_jsonl=False) as scanning:
            for _ in scanning.run(batches):
                pass
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _waited(pid: int, seconds: float | None = None) -> int:
    """How a process ended, the signal negative; killed with its group after `seconds`."""
    end = None if seconds is None else time.perf_counter() + seconds
    while True:
        done, status = os.waitpid(pid, 0 if end is None else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if end is not None and time.perf_counter() >= end:
            os.killpg(pid, signal.SIGKILL)
            end = None
        time.sleep(0.002)


# --- what is there ---------------------------------------------------------------------------


def rows(root: Path) -> Rows:
    """All that a scan leaves in the tables."""
    with closing(sqlite3.connect(root / "moderation.sqlite")) as database:
        return {name: database.execute(query).fetchall() for name, query in TABLES.items()}


def lines(root: Path) -> list[str]:
    """The keys that the sink wrote; half a line is none."""
    path = root / "alerts.jsonl"
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line)["key"])
        except json.JSONDecodeError:
            continue
    return found


def chain(root: Path) -> str:
    """What is wrong with the decisions; '' when nothing is."""
    with Store.open(root / "moderation.sqlite", now=datetime.now(UTC)) as store:
        verified = Decisions(store).verify()
    good = verified.n == 3 and verified.first_broken is None
    return "" if good else f"decisions: {verified}"


def foreign(found: Rows, keys: Sequence[str], whole: Rows, whole_keys: Sequence[str]) -> str:
    """What is there after a kill that an unbroken scan does not leave."""
    wrong = {name: len(set(found[name]) - set(whole[name])) for name in GROWING}
    wrong["lines"] = len(set(keys) - set(whole_keys))
    wrong["doubled"] = len(found["alert_events"]) - len({row[:3] for row in found["alert_events"]})
    return ", ".join(f"{name} {n}" for name, n in wrong.items() if n)


def unequal(found: Rows, keys: Sequence[str], whole: Rows, whole_keys: Sequence[str]) -> str:
    """How a finished scan differs from an unbroken one."""
    wrong = [
        f"{name}: {len(set(found[name]) - set(each))} more, {len(set(each) - set(found[name]))} missing"
        for name, each in whole.items()
        if found[name] != each
    ]
    if set(keys) != set(whole_keys):
        wrong.append(f"lines: {set(keys) ^ set(whole_keys)}")
    return "; ".join(wrong)


# --- rounds ----------------------------------------------------------------------------------


def kill_rounds(stream: Stream, n_kills: int, seed: int) -> Outcome:
    """Scans that are killed until `n_kills` died; two to twelve in a row before one is left alone."""
    chance = random.Random(seed)
    outcome = Outcome()
    whole_root = stream.fresh("whole")
    began = time.perf_counter()
    stream.finish(whole_root)
    took = time.perf_counter() - began
    whole, whole_keys = rows(whole_root), lines(whole_root)
    print(f"{stream.case.name}: unbroken in {took:.1f} s, " + _sizes(whole), flush=True)
    while sum(outcome.killed.values()) < n_kills:
        root = stream.fresh("killed")
        for _ in range(chance.randint(2, 12)):
            _kill_once(stream, root, took, chance, outcome)
            if (root / "moderation.sqlite").exists():
                problem = chain(root) or foreign(rows(root), lines(root), whole, whole_keys)
                outcome.failures += [f"after {outcome.killed.total()} kills: {problem}"] if problem else []
        stream.finish(root)
        keys = lines(root)
        outcome.chains += 1
        outcome.repeated_lines += len(keys) - len(set(keys))
        problem = chain(root) or unequal(rows(root), keys, whole, whole_keys)
        if problem:
            outcome.failures.append(f"in the end, after {outcome.killed.total()} kills: {problem}")
            shutil.copytree(root, stream.folder / f"failed-{len(outcome.failures)}", dirs_exist_ok=True)
        print(f"  {outcome.killed.total()} kills, {len(outcome.failures)} failures", flush=True)
    return outcome


def _kill_once(stream: Stream, root: Path, took: float, chance: random.Random, outcome: Outcome) -> None:
    moment, nth = "", 0
    if not stream.case.program and chance.random() < 0.5:
        moment, nth = chance.choice(list(MOMENTS)), chance.randint(1, 12)
    pid = stream.start(root, moment, nth)
    code = _waited(pid, None if moment else took * chance.choice((0.05, 0.3, 1.0)) * chance.random())
    if code == -signal.SIGKILL:
        outcome.killed[moment or "any moment"] += 1
    elif code:
        outcome.failures.append((root.parent / "errors.txt").read_text())
    else:
        outcome.ended += 1


def _sizes(found: Rows) -> str:
    return ", ".join(f"{len(each):,} {name}" for name, each in found.items())


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all cases, or those that are named; exit code 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="of each case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", nargs="+", choices=[case.name for case in CASES])
    parser.add_argument("--keep", type=Path, help="folder of streams and workspaces; default: a temporary one")
    options = parser.parse_args(arguments)
    n_failures = 0
    with _folder(options.keep) as folder:
        for case in CASES:
            if options.case and case.name not in options.case:
                continue
            place = folder / case.name.replace(" ", "-")
            place.mkdir(exist_ok=True)
            outcome = kill_rounds(Stream(case, place), options.kills, options.seed)
            print(f"  killed {outcome.killed.total()}: {dict(outcome.killed)}; ended before their kill {outcome.ended}")
            print(f"  left alone {outcome.chains}, lines told twice {outcome.repeated_lines}, ", end="")
            print(f"failures {len(outcome.failures)}\n" + "\n".join(outcome.failures), flush=True)
            n_failures += len(outcome.failures)
    sys.exit(1 if n_failures else 0)


if __name__ == "__main__":
    main()
