"""Labels of a workspace whose batches and pools are of several depths: one pool counts for every query."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.retrieval.labelled import Labelled, pooled_by_people, read_labelled, to_grade
from semsearch.retrieval.saved_runs import save_run
from semsearch.store.labels import LabelFiles, item_digest
from semsearch.store.labels.batches import Task, write_batch
from semsearch.store.labels.pools import Pair, keep_pool
from semsearch.workspace import Workspace

ITEM = {"title": "chair"}
START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def graded(query: str, item_id: str, batch: str, source: str = "model", chance: float | None = None) -> Label:
    person = source == "person"
    return Label(
        query=query, item_id=item_id, source=source, by="minji" if person else "judge",
        origin="direct" if person else "facets", grade_low=1, grade_high=1, rubric=RUBRIC, at=START, item=ITEM,
        item_digest=item_digest(ITEM), inclusion_probability=chance, batch=batch, prompt_hash="" if person else "p",
    )  # fmt: skip


def asked_machine(workspace: Workspace, queries: list[str], run: str, depth: int) -> None:
    pairs = [Pair(q, f"i{rank}", q, ITEM, 1.0, {run: rank}) for q in queries for rank in range(1, depth + 1)]
    keep_pool(workspace, "pairs", pairs)
    known = {(label.query, label.item_id) for label in LabelFiles(workspace).read("model")}
    LabelFiles(workspace).append(
        *(graded(pair.query, pair.item_id, "pairs") for pair in pairs if (pair.query, pair.item_id) not in known)
    )


def asked_people(workspace: Workspace, batch: str, queries: list[str], run: str, depth: int) -> None:
    tasks = [
        Task(query=q, item_id=f"i{rank}", query_id=q, item=ITEM, batch=batch, inclusion_probability=0.5,
             ranks={run: rank})
        for q in queries for rank in range(1, depth + 1)
    ]  # fmt: skip
    write_batch(workspace, batch, tasks)
    LabelFiles(workspace).append(*(graded(task.query, task.item_id, batch, "person", 0.5) for task in tasks))


def read(workspace: Workspace) -> Labelled:
    return read_labelled(workspace, lambda _: {}, drawn_alike=True)


def test_where_nothing_is_graded_the_next_step_names_what_people_were_asked_else_saved_runs(
    workspace: Workspace,
) -> None:
    def step() -> str:
        with pytest.raises(UsageError, match="No model's label") as refused:
            read(workspace)
        return str(refused.value).partition("semsearch grade pairs ")[2].partition(",")[0]

    def save(name: str) -> None:
        save_run(workspace, name, Run.of({"q": [("i1", 1.0)]}, name), Queries({"q": "chair"}), None)

    assert step() == to_grade(workspace, None) == "FILE"
    asked_people(workspace, "first", ["chair"], "hybrid", 5)
    assert step() == "FILE", "the run is not saved, so its name cannot be given"
    save("lexical")
    assert step() == "--run lexical"
    save("hybrid")
    assert step() == to_grade(workspace, pooled_by_people(workspace)) == "--run hybrid --depth 5"
    assert to_grade(workspace, None) == "--run hybrid --run lexical"


def test_a_machine_that_is_asked_deeper_than_people_were_takes_no_query_away(workspace: Workspace) -> None:
    asked_machine(workspace, ["a", "b", "c"], "hybrid", 2)
    asked_people(workspace, "b1", ["a", "b"], "hybrid", 2)
    assert (sorted(read(workspace).pools.drawn), read(workspace).n_beyond) == (["a", "b"], 0)
    asked_machine(workspace, ["a", "b", "c"], "hybrid", 3)
    found = read(workspace)
    assert str(found.pooled) == "the first 2 hits of hybrid"
    assert (sorted(found.pools.drawn), found.pools.n_partly, found.n_beyond) == (["a", "b"], 0, 3)
    assert {item for _, item in found.machine} == {"i1", "i2"}, "of queries that people did not judge too"


def test_batches_of_two_depths_count_by_the_lesser(workspace: Workspace) -> None:
    asked_machine(workspace, ["a", "b", "c"], "hybrid", 2)
    asked_people(workspace, "b1", ["a"], "hybrid", 2)
    asked_people(workspace, "b2", ["b"], "hybrid", 4)
    found = read(workspace)
    assert (found.pooled.depth, sorted(found.pools.drawn), found.n_beyond) == (2, ["a", "b"], 2)
    assert {item for _, item in found.people} == {"i1", "i2"}


def test_a_pair_that_another_run_brought_too_is_in_by_its_rank_there(workspace: Workspace) -> None:
    asked_machine(workspace, ["a", "b"], "hybrid", 2)
    keep_pool(workspace, "pairs", [Pair("b", "i2", "b", ITEM, 1.0, {"lexical": 1}), Pair("b", "x", "b", ITEM)])
    LabelFiles(workspace).append(graded("b", "x", "pairs"))
    asked_people(workspace, "b1", ["a"], "lexical", 1)
    found = read(workspace)
    assert {key for key in found.machine if key[0] == "b"} == {("b", "i2"), ("b", "x")}, "no run brought x"


def test_batches_of_other_runs_each_are_refused_with_a_way_out(workspace: Workspace) -> None:
    asked_machine(workspace, ["a", "b"], "hybrid", 2)
    asked_people(workspace, "b1", ["a"], "hybrid", 2)
    asked_people(workspace, "b2", ["b"], "lexical", 2)
    with pytest.raises(UsageError, match="b1: the first 2 hits of hybrid; b2: the first 2 hits of lexical") as refused:
        read(workspace)
    assert "label sample BATCH --run hybrid --depth 2 --size 60" in refused.value.next_step
