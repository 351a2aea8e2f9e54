"""Target 1: posts a second from text in memory to a committed growth state, with a window of a million posts.

`python -m bench.campaigns rate --keep FOLDER` scans eleven simulated days of 100,000 posts (96 % of them unique honest
ones), then a day of which 40 % are campaign posts, through `Scan.run` as `scan posts` does it: journal, views, keys,
vectors, all nets, growth, SQLite; telling sinks is left out. Prints the rate of each day, the peak memory of all
processes, and where the processor time of a post goes (everything in one process).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from bench.campaign_streams import CHUNK, batches, day, towers

from semsearch.campaigns.detector import Detector
from semsearch.campaigns.joining import nets
from semsearch.campaigns.joining.prepare import prepare
from semsearch.campaigns.joining.preparing import Preparing
from semsearch.campaigns.restore import Identity
from semsearch.campaigns.scan import Scan
from semsearch.records import Post
from semsearch.settings import CampaignSettings
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.store.journal import Journal
from semsearch.text.abuse.reading_post import read_post
from semsearch.towers.static import StaticEncoder
from semsearch.towers.words import WordEncoder
from semsearch.wiring.scanning import PROCESSES, open_state

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = 10_000


@dataclass
class Peak:
    """Resident memory of this process and its children, looked at five times a second."""

    bytes: int = 0
    going: bool = True

    def watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while self.going:
            pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family(os.getpid()))
            self.bytes = max(self.bytes, sum(pages) * page)
            time.sleep(0.2)


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
        children = [child for task in tasks for child in task.read_text().split()]
    except OSError:
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


@contextmanager
def watched() -> Iterator[Peak]:
    peak = Peak()
    thread = threading.Thread(target=peak.watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        peak.going = False
        thread.join()


def open_encode(folder: Path) -> Callable[..., np.ndarray]:
    return WordEncoder(StaticEncoder.open(folder))


def stretch(scan: Scan, name: str, posts: list[Post]) -> float:
    """Scan posts that are in memory; prints and gives the microseconds a post."""
    start = time.perf_counter()
    n = joined = raised = 0
    for taken in scan.run(batches(posts), lambda: NOW):
        n, joined, raised = n + len(taken.appended.stored), joined + taken.n_joined, raised + len(taken.alerts)
    cost = (time.perf_counter() - start) / n * 1e6
    print(
        f"{name:<34}{n:>9,} posts {1e6 / cost:>8,.0f} posts/s {cost:>5.0f} µs a post, "
        f"{joined / n:5.1%} in campaigns, {raised:,} raises",
        flush=True,
    )
    return cost


def rate(keep: Path, days: int) -> None:
    model, policy = towers(keep), CampaignSettings()
    encoder = StaticEncoder.open(model)
    identity = Identity("listing", policy, encoder.encoder_id, encoder.dim)
    for number in range(days + 1):
        day(keep, number)
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(Path(folder) / "moderation.sqlite", now=NOW) as store,
        Preparing(partial(open_encode, model), policy, PROCESSES) as preparing,
        watched() as peak,
    ):
        scan = Scan(open_state(store), identity, preparing, (), NOW)
        first = day(keep, 0)
        costs = [stretch(scan, f"0 to {FIRST:,}", first[:FIRST]), stretch(scan, f"{FIRST:,} on", first[FIRST:])]
        costs += [stretch(scan, f"{number * CHUNK:,} on", day(keep, number)) for number in range(1, days + 1)]
        forty = stretch(scan, "40 % campaign posts, full window", day(keep, days + 1, "--forty"))
        size = (Path(folder) / "moderation.sqlite").stat().st_size
        print(f"peak memory of all processes {peak.bytes / 2**30:.2f} GiB (100,000 posts in memory included)")
        print(f"database {size / 2**30:.2f} GiB, load {os.getloadavg()[0]:.1f}")
        ratio = costs[-1] / costs[1]
        print(f"full window {1e6 / costs[-1]:,.0f} posts/s, 40 % {1e6 / forty:,.0f}; cost against 100k {ratio:.2f}")


class Spent:
    """Processor time by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


def parts(keep: Path) -> None:
    """Where the processor time of a post goes, in one process, over the second half of 20,000 posts."""
    model, policy = towers(keep), CampaignSettings()
    encoder = StaticEncoder.open(model)
    encode = WordEncoder(encoder)
    detector = Detector("listing", policy, encoder.dim)
    spent = Spent()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "moderation.sqlite", now=NOW) as store:
        journal, campaigns = Journal(store), CampaignStore(store)
        for number, batch in enumerate(batches(day(keep, 0)[:20_000])):
            if number == 10:
                spent = Spent()
            with spent.on("journal"):
                stored = journal.append(batch).stored
            texts = [post.text for post in batch]
            with spent.on("views and contacts"):
                readings = [read_post(text) for text in texts]
            with spent.on("MinHash"):
                nets.signatures([reading.skeleton for reading in readings])
            with spent.on("vectors"):
                encode([reading.view for reading in readings])
            prepared = prepare(texts, policy, encode)
            with spent.on("joining and growth"):
                found = detector.take(stored, prepared)
            with spent.on("commit"):
                campaigns.commit(Step("listing", stored[-1].seq, "x", "y", found.members, found.alerts, found.volumes))
    for name, seconds in spent.seconds.items():
        print(f"{name:<26}{seconds / 10_000 * 1e6:6.0f} µs a post")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.campaigns rate", description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path("bench-campaigns"))
    parser.add_argument("--days", type=int, default=10, help="days of 100,000 posts that fill the window")
    given = parser.parse_args(arguments)
    parts(given.keep)
    rate(given.keep, given.days)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
