"""An outage in the middle of grading, and how long pairs take whose answers are kept.

    python -m bench.regrade [--pairs 10000] [--rounds 3] [--people 50000]

Pairs of a simulated Korean market: ten items a query, with the guideline's examples. A scripted server answers half of
them and then nothing but 503; the command is given again when it is back. Then the same pairs are graded from kept
answers: once a round with labels and pool kept anew (an empty folder of labels), once with both there already.
What the server says is scripted and has no quality.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.llm_ground import settings
from tests.contract.chat_replies import Asked, Reply, broken
from tests.contract.chat_server import Server
from tests.contract.scripted_judge import judge

from semsearch import wiring
from semsearch.errors import MissingService
from semsearch.records import Facet, Label
from semsearch.relevance import rubric, steps
from semsearch.simulate import market
from semsearch.store.labels.files import LabelFiles
from semsearch.store.labels.pools import Pair
from semsearch.store.labels.snapshots import item_digest, snapshot
from semsearch.workspace import Workspace

BATCH = "bench"
ITEMS_A_QUERY = 10
START = datetime(2026, 3, 1, tzinfo=UTC)


class Outage:
    """A server that answers so many calls and then 503, until it is mended."""

    def __init__(self, n_good: int) -> None:
        self.n_good = n_good
        self.n_paid = 0

    def __call__(self, asked: Asked) -> Reply:
        if self.n_paid == self.n_good:
            return broken(503)
        self.n_paid += 1
        return judge(asked)


def pairs_of(n: int) -> list[Pair]:
    """Ten items for each of the market's queries: the one that is meant, and others."""
    made = market(6_000, seed=7)
    rows = [(row["item_id"], snapshot(row)) for row in made.items.iter_rows(named=True)]
    items = dict(rows)
    rng = Random(7)
    asked = list(dict.fromkeys(made.log_queries["query"]))[: n // ITEMS_A_QUERY]
    assert len(asked) == n // ITEMS_A_QUERY, f"the market has {len(asked)} queries"
    return [
        Pair(query, item_id, f"q{place}", items[item_id])
        for place, query in enumerate(asked)
        for item_id, _ in rng.sample(rows, ITEMS_A_QUERY)
    ]


def graded(workspace: Workspace, url: str, pairs: Sequence[Pair]) -> tuple[Counter[str], float]:
    """Kinds of what came of the pairs, and seconds."""
    start = time.perf_counter()
    with wiring.open_grading(workspace, settings(url), clock=lambda: datetime.now(UTC)) as parts:
        kinds = Counter(each.kind for each in steps.grade(parts, pairs, steps.judging(parts), BATCH))
    return kinds, time.perf_counter() - start


def labels(workspace: Workspace) -> list[str]:
    """Lines of the machine's label files."""
    return [
        line for path in workspace.path("labels", "machine").rglob("*.jsonl") for line in path.read_text().splitlines()
    ]


def outage(workspace: Workspace, pairs: Sequence[Pair], server: Server, script: Outage) -> None:
    try:
        graded(workspace, server.url, pairs)
        raise SystemExit("the outage was not noticed")
    except MissingService:
        n_kept = len(labels(workspace))
    print(f"outage after {script.n_paid:,} paid calls: {n_kept:,} labels are kept")
    script.n_good = -1
    kinds, _ = graded(workspace, server.url, pairs)
    print(f"again: {len(labels(workspace)):,} labels of {len(pairs):,} pairs, {script.n_paid:,} calls paid in all")
    print(f"       kinds: {dict(sorted(kinds.items()))}")


def label_by_people(workspace: Workspace, pairs: Sequence[Pair], n: int) -> None:
    """`n` labels of ten people, of made-up queries and the items of the pairs."""
    rng, files, intent = Random(7), LabelFiles(workspace), ("item", "attribute")
    for person in range(10 if n else 0):
        made = []
        for place in range(person, n, 10):
            of, words = (
                rng.choice(pairs),
                f"{pairs[place // ITEMS_A_QUERY % len(pairs)].query} {place // ITEMS_A_QUERY}",
            )
            facets = tuple(Facet(each, words, rng.choice([True, False, None])) for each in intent)
            found = rubric.grade(facets)
            made.append(
                Label(words, f"{of.item_id}-{place}", "person", f"person {person}", "facets", found.low, found.high,
                      rubric.RUBRIC, START, facets, of.item, item_digest(of.item), batch="people")
            )  # fmt: skip
        files.append(*made)


def regraded(workspace: Workspace, pairs: Sequence[Pair], server: Server, rounds: int) -> None:
    n_calls, anew, there = server.n_calls, [], []
    for _ in range(rounds):
        shutil.rmtree(workspace.path("labels", "machine"))
        anew.append(graded(workspace, server.url, pairs)[1])
        there.append(graded(workspace, server.url, pairs)[1])
    assert server.n_calls == n_calls, "a kept answer was asked for again"
    for what, took in (("labels kept anew", anew), ("labels there already", there)):
        print(f"regrade {len(pairs):,} pairs, {what}: {statistics.median(took):.1f} s (median of {rounds})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=0)
    given = parser.parse_args()
    pairs = pairs_of(given.pairs)
    script = Outage(given.pairs // 2)
    with tempfile.TemporaryDirectory() as folder, Server(script, ("scripted-small",)) as server:
        workspace = Workspace.create(Path(folder) / "market")
        label_by_people(workspace, pairs, given.people)
        outage(workspace, pairs, server, script)
        regraded(workspace, pairs, server, given.rounds)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
