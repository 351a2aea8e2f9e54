"""Two batches drawn one after the other from the same runs, labelled by a person, give one interval."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.program import Done, run

from semsearch.evaluation.queries import query_id_of
from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.store.labels import LabelFiles
from semsearch.store.labels.batches import read_batch
from semsearch.workspace import Workspace

pytest.importorskip("ppi_py")
N_HEAD, N_ALL, DEPTH, SIZE = 40, 260, 4, 40
QUERIES = [f"chair {q}" for q in range(N_ALL)]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A run over 40 head queries, which go well, and 220 of the tail; a judge that is too kind; the truth [260, 4]."""
    folder = tmp_path_factory.mktemp("batches")
    rng = np.random.default_rng(5)
    well = np.arange(N_ALL)[:, None] < N_HEAD
    truth = np.where(rng.random((N_ALL, DEPTH)) < np.where(well, 0.9, 0.4), 2, 0)
    told = np.where(rng.random(truth.shape) < 0.15, 2, truth)
    (folder / "items.jsonl").write_text(
        "\n".join(json.dumps({"item_id": f"i{i}", "title": f"chair {i}", "body": "wood"}) for i in range(DEPTH))
    )
    ids = [query_id_of(query) for query in QUERIES]
    (folder / "r.trec").write_text("".join(f"{each} Q0 i{i} 0 {-i} r\n" for each in ids for i in range(DEPTH)))
    bands = ("head" if q < N_HEAD else "tail" for q in range(N_ALL))
    rows = "".join(f"{each}\t{q}\t{band}\n" for each, q, band in zip(ids, QUERIES, bands, strict=True))
    (folder / "q.tsv").write_text("query_id\tquery\tband\n" + rows)
    files = LabelFiles(Workspace.create(folder / "w"))
    files.append(*(_of_judge(QUERIES[q], i, int(told[q, i])) for q in range(N_ALL) for i in range(DEPTH)))
    assert run("import", "items", folder / "items.jsonl", "-w", folder / "w").code == 0
    return folder, truth


def _of_judge(query: str, i: int, grade: int) -> Label:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    given = {"source": "model", "by": "judge", "origin": "facets", "rubric": RUBRIC, "batch": "all", "at": at}
    return Label(query=query, item_id=f"i{i}", grade_low=grade, grade_high=grade, **given)  # type: ignore[arg-type]


def sample(folder: Path, batch: str) -> None:
    """Draw queries as a batch."""
    words = ("--run", folder / "r.trec", "--queries", folder / "q.tsv", "--size", SIZE, "-w", folder / "w")
    done = run("label", "sample", batch, *words)
    assert done.code == 0, done.err


def judge_by_hand(folder: Path, batch: str, truth: np.ndarray) -> None:
    """The scripted person judges all of a batch, elsewhere; it comes back as a table."""
    tasks = read_batch(Workspace(folder / "w"), batch)
    with (folder / f"{batch}.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query", "item_id", "grade"])
        table.writerows([t.query, t.item_id, truth[QUERIES.index(t.query), int(t.item_id[1:])]] for t in tasks)
    done = run("label", "import", folder / f"{batch}.csv", "--batch", batch, "--as", "minji", "-w", folder / "w")
    assert done.code == 0, done.err


def evaluated(folder: Path, *more: object) -> Done:
    words = ("--labels", "--run", folder / "r.trec", "--metric", "precision@4", "-w", folder / "w")
    return run("evaluate", "run", *words, *more)


def test_a_second_batch_adds_to_the_first(market: tuple[Path, np.ndarray]) -> None:
    folder, truth = market
    sample(folder, "spring")
    judge_by_hand(folder, "spring", truth)
    few = evaluated(folder)
    assert few.code == 2
    assert "BATCH --run RUN --size 10" in few.err
    sample(folder, "autumn")
    unjudged = evaluated(folder)
    assert unjudged.code == 2  # still too few; that there is a batch nobody has labelled is no other error
    assert "needs 50" in unjudged.err
    judge_by_hand(folder, "autumn", truth)
    done = evaluated(folder, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)["labels"]["figures"][0]
    counts = (truth > 0).any(axis=1)
    assert found["low"] < (truth[counts] > 0).mean() < found["high"]
    assert found["high"] - found["low"] < found["human_high"] - found["human_low"]
    assert found["human_mean"] == pytest.approx(by_hand(folder, truth))
    plan = run("evaluate", "plan", "--run", folder / "r.trec", "--metric", "precision@4", "-w", folder / "w", "--json")
    assert json.loads(plan.out)["expected"]["n_judged"] == 2 * SIZE


def by_hand(folder: Path, truth: np.ndarray) -> float:
    """People's mean by Des Raj's two totals, mixed as the sizes of both batches say."""
    first, second = (
        {t.query: t.inclusion_probability for t in read_batch(Workspace(folder / "w"), name)}
        for name in ("spring", "autumn")
    )
    assert not first.keys() & second.keys() and len(first) == len(second) == SIZE
    later = SIZE / (N_ALL - SIZE)
    earlier = SIZE / N_ALL * (1 - later)
    stands = {query: earlier / chance + later for query, chance in first.items() if chance}
    stands |= {query: later / chance for query, chance in second.items() if chance}
    relevant = {query: (truth[QUERIES.index(query)] > 0).mean() for query in stands}
    kept = [query for query in stands if relevant[query]]
    return float(sum(stands[q] * relevant[q] for q in kept) / sum(stands[q] for q in kept))
