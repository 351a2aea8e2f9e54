"""What many labels cost: 50 people with 1,000 labels each, all in one batch, beside as many of a model.

    python -m bench.label_files [--people 50] [--each 1000]

Seconds of one process to read them, to say what counts, to hold one person's file, to import one row by each of five
people, to show the first pair of a batch of 200 to somebody else (and how many labels were parsed for it), to choose
examples for a query, and to say how far people agree who share every fifth pair. Labels are made up.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from semsearch.ingest.labels.grades import Grader
from semsearch.ingest.labels.rows import Judged
from semsearch.records import Facet, Label
from semsearch.relevance import rubric
from semsearch.relevance.asking.examples import Examples, of_labels
from semsearch.review.labelling.agreeing import people_agreement
from semsearch.review.labelling.importing import Names, import_labels
from semsearch.review.labelling.starting import Desk, open_session
from semsearch.store.labels import LabelFiles, effective, item_digest
from semsearch.store.labels import files as label_files
from semsearch.store.labels.batches import Task, write_batch
from semsearch.workspace import Workspace

START = datetime(2026, 3, 1, tzinfo=UTC)
ITEM = {"title": "나이키 에어맥스 270 운동화 팝니다", "body": "상태 좋아요. 박스 포함, 직거래는 역삼역. " * 6}
DIGEST, BATCH, PER_QUERY, OVERLAP = item_digest(ITEM), "spring", 10, 5


def label(n: int, by: str, rng: Random, source: str = "person") -> Label:
    facets = tuple(Facet(intent, "나이키", rng.choice([True, False])) for intent in ("brand", "item", "attribute"))
    grade = rubric.grade(facets)
    drawn, prompt_hash = (0.5, "") if source == "person" else (None, "p")
    return Label(
        f"나이키 운동화 {n // PER_QUERY}", f"i{n}", source, by, "facets", grade.low, grade.high, rubric.RUBRIC,
        START + timedelta(seconds=n), facets, ITEM, DIGEST, drawn, BATCH, prompt_hash,
    )  # fmt: skip


@contextmanager
def timed(what: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    print(f"{what:<58}{time.perf_counter() - begin:8.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--each", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "w")
        files, rng, n = LabelFiles(workspace), Random(7), given.people * given.each
        for person in range(given.people):
            places = range(person * given.each, (person + 1) * given.each)
            again = [(place + given.each) % n for place in places if place % OVERLAP == 0]
            files.append(*(label(place, f"person {person}", rng) for place in (*places, *again)))
        files.append(*(label(place, "model", rng, "model") for place in range(n)))
        print(f"# load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
        measure(workspace, files, n)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"# load {os.getloadavg()[0]:.1f}; {peak:,.0f} MB at most")


def measure(workspace: Workspace, files: LabelFiles, n: int) -> None:
    with timed("read people's"):
        said = list(files.read("person"))
    print(f"# {len(said):,} labels of people, {n:,} of a model")
    with timed("say what counts of them"):
        effective(said)
    with timed("hold one person's file"), files.writing("person", "person 0", BATCH):
        pass
    rows = [Judged(f"f:{place}", "새 질의", f"new {place}", "2", by=f"person {place}") for place in range(5)]
    drawn = {("없음", ""): Task("없음", "", "", ITEM, BATCH, 0.5)}
    with timed("import five rows by five people"):
        import_labels(
            rows, files, batch=BATCH, names=Names(), grader=Grader(), lookup=lambda _: {}, now=START, drawn=drawn
        )
    session(workspace)
    examples = Examples([], of_labels(said))
    with timed("choose the first example"):
        examples.near("아디다스 모자", 4)
    with timed("choose examples for 100 queries"):
        for query in range(100):
            examples.near(f"아디다스 모자 {query}", 4)
    with timed("how far people agree"):
        people_agreement(said, seed=0)


def session(workspace: Workspace) -> None:
    tasks = [Task(f"나이키 운동화 {n // PER_QUERY}", f"i{n}", "", ITEM, "autumn", 0.5) for n in range(200)]
    write_batch(workspace, "autumn", tasks)
    parsed, real = [0], label_files.label_of

    def counted(line: bytes) -> Label:
        parsed[0] += 1
        return real(line)

    label_files.label_of = counted
    desk = Desk(workspace, lambda _: {}, lambda: START)
    with timed("first pair of a batch of 200"), open_session(desk, "autumn", "somebody else", "random") as opened:
        opened.session.next()
    label_files.label_of = real
    print(f"# {parsed[0]:,} labels were parsed for it")


if __name__ == "__main__":
    main()
