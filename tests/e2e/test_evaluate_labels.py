"""People's labels come in, a model's are there: `evaluate run --labels` and `evaluate plan` as they are typed."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.program import run

from semsearch.evaluation.queries import query_id_of
from semsearch.records import Label
from semsearch.store.labels import LabelFiles
from semsearch.store.labels.pools import Pair, keep_pool
from semsearch.workspace import Workspace

pytest.importorskip("ppi_py")
N_ALL, N_PEOPLE, DEPTH = 240, 60, 5


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A workspace, a run, people's grades as a table; returns the folder and the precision by the truth of all."""
    folder = tmp_path_factory.mktemp("labels")
    rng = np.random.default_rng(8)
    truth = rng.choice([0, 1, 2], (N_ALL, DEPTH), p=[0.5, 0.1, 0.4])
    told = np.where(rng.random(truth.shape) < 0.25, 2, truth)  # a judge that is too kind
    queries = [f"chair {q}" for q in range(N_ALL)]
    with (folder / "people.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query", "item_id", "grade"])
        table.writerows(
            [queries[q], f"i{i}", truth[q, i]] for q in rng.permutation(N_ALL)[:N_PEOPLE] for i in range(DEPTH)
        )
    ranks = ((query, i) for query in queries for i in range(DEPTH))
    (folder / "r.trec").write_text("".join(f"{query_id_of(query)} Q0 i{i} 0 {-i} r\n" for query, i in ranks))
    files = LabelFiles(Workspace.create(folder / "w"))
    files.append(
        *(
            Label(
                query=queries[q],
                item_id=f"i{i}",
                source="model",
                by="judge",
                origin="facets",
                rubric="r1",
                batch="all",
                grade_low=int(told[q, i]),
                grade_high=int(told[q, i]),
                at=datetime(2026, 5, 1, tzinfo=UTC),
            )
            for q in range(N_ALL)
            for i in range(DEPTH)
        )
    )
    relevant = (truth >= 1).sum(axis=1)
    assert run("label", "import", folder / "people.csv", "--as", "minji", "-w", folder / "w").code == 0
    return folder, float((relevant[relevant > 0] / DEPTH).mean())


def test_people_few_and_a_kind_judge_give_the_figure_of_people(market: tuple[Path, float]) -> None:
    folder, truth = market
    words = ("evaluate", "run", "--labels", "--run", folder / "r.trec", "--metric", "precision@5", "-w", folder / "w")
    refused = run(*words)
    assert refused.code == 2
    assert "carry no probability" in refused.err
    assert "--drawn-alike" in refused.err
    done = run(*words, "--drawn-alike", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)["labels"]["figures"][0]
    assert found["low"] < truth < found["high"]
    assert found["high"] - found["low"] < found["human_high"] - found["human_low"]
    shown = run(*words, "--drawn-alike")
    assert "people alone" in shown.out
    assert "as you said" in " ".join(shown.out.split())


def test_pairs_that_a_pool_has_and_the_model_did_not_answer_are_counted_and_their_queries_are_not_whole(
    market: tuple[Path, float], tmp_path: Path
) -> None:
    folder, _ = market
    root = Path(shutil.copytree(folder / "w", tmp_path / "w"))
    silent = [Pair(f"chair {q}", "silent", "", {"title": "t"}, 1.0, {"r": 1}) for q in range(N_ALL)]
    keep_pool(Workspace(root), "all", [*silent, Pair("chair 0", "i0", "", {"title": "t"}), Pair("desk", "i0", "", {})])
    words = ("evaluate", "run", "--labels", "--run", folder / "r.trec", "--metric", "precision@5", "--drawn-alike")
    refused = run(*words, "-w", root)
    assert refused.code == 2, "people judged no whole pool: nobody judged what the model was silent about"
    with (folder / "people.csv").open() as file:
        said = [row for row in csv.DictReader(file) if row["item_id"] == "i0"]
    (tmp_path / "more.csv").write_text(
        "".join(f"{row['query']},silent,0\n" for row in [{"query": "query"}, *said]).replace(
            "query,silent,0", "query,item_id,grade"
        )
    )
    assert run("label", "import", tmp_path / "more.csv", "--as", "minji", "-w", root).code == 0
    told = json.loads(run(*words, "-w", root, "--json").out)["labels"]
    assert (told["n_human"], told["n_unanswered"]) == (N_PEOPLE, N_ALL)
    assert f"it did not answer: {N_ALL}" in " ".join(run(*words, "-w", root).out.split())


def test_a_plan_from_the_labels_so_far(market: tuple[Path, float]) -> None:
    folder, _ = market
    words = ("evaluate", "plan", "--run", folder / "r.trec", "--metric", "precision@5", "-w", folder / "w")
    done = run(*words, "--drawn-alike", "--width", "0.08", "--width", "0.001", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    first, never = document["plans"]
    assert document["expected"]["n_judged"] == N_PEOPLE
    assert first["more"] == max(0, first["queries"] - N_PEOPLE)
    assert never["queries"] is None
    assert run(*words).code == 2  # nothing was drawn at random
