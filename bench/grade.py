"""Grading of 10,000 pairs: an outage in the middle, and the same again from the cache.

    python -m bench.grade [--pairs 10000]

A scripted server in its own process answers at once; nothing that it says is a figure of quality. It is killed when
half of the pairs are answered, and started again at the same address: the same command goes on. Then all is graded once
more, from the cache. Pairs are of a simulated catalogue: each query with items that its lexical leg would not choose.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from bench.llm_ground import counts, now, served, settings

from semsearch.errors import MissingService
from semsearch.relevance import steps
from semsearch.relevance.pools import Pair
from semsearch.simulate import market
from semsearch.wiring import open_grading
from semsearch.workspace import Workspace

QUERIES = 500


def pairs(n: int, seed: int = 7) -> list[Pair]:
    """`n` pairs of simulated queries and items, twenty a query."""
    made = market(max(1_000, n // 4), seed=seed, lang="ko", per_kind=100)
    items = made.items.select("item_id", "title", "body").to_dicts()
    queries = list(dict.fromkeys(made.queries["query"].to_list()))[:QUERIES]
    return [
        Pair(query, item["item_id"], f"q{at}", {"title": item["title"], "body": item["body"]})
        for at, query in enumerate(queries)
        for item in (items[(at * 37 + step * 101) % len(items)] for step in range(-(-n // len(queries))))
    ][:n]


def grade(root: Path, url: str, given: list[Pair]) -> tuple[int, int, float, float]:
    """(pairs that were graded, calls that were answered, seconds, seconds of the processor)."""
    start, cpu = time.perf_counter(), time.process_time()
    n = 0
    with open_grading(Workspace.open(root), settings(url), clock=now) as parts:
        try:
            for _ in steps.grade(parts, given, steps.judging(parts), "bench"):
                n += 1
        except MissingService as error:
            print(f"  stopped: {error.message}")
        return n, parts.asker.n_calls, time.perf_counter() - start, time.process_time() - cpu


def outage(root: Path, given: list[Pair]) -> tuple[int, int]:
    """Kill the server in the middle; (pairs that were graded before, calls that were answered)."""
    import threading

    with served(0, 0) as server:
        threading.Thread(target=_kill_at, args=(server, len(given) // 2), daemon=True).start()
        n, n_calls, _, _ = grade(root, server.url, given)
    return n, n_calls


def _kill_at(server: object, n: int) -> None:
    while counts(server.url)["n_calls"] < n:  # type: ignore[attr-defined]
        time.sleep(0.02)
    server.process.kill()  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    n = parser.parse_args().pairs
    given = pairs(n)
    print(f"{len(given):,} pairs, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "market"
        Workspace.create(root)
        before, n_before = outage(root, given)
        print(f"outage after {before:,} graded pairs, {n_before:,} answers")
        with served(0, 0) as server:
            again, n_after, took, _ = grade(root, server.url, given)
            print(f"the same command again: {again:,} pairs, {n_after:,} calls, {took:.1f} s")
            print(f"paid twice: {n_before + n_after - len(given):,}")
            third, n_third, took, cpu = grade(root, server.url, given)
            print(f"from the cache: {third:,} pairs, {n_third:,} calls, {took:.2f} s, processor {cpu:.2f} s")


if __name__ == "__main__":
    main()
