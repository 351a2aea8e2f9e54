"""A scripted judge of known error, asked over HTTP: labels come in, an audit finds the error, the report is right.

All by the command line: label import, grade pairs, grade audit, evaluate run --labels.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.contract.chat_replies import Asked, Reply
from tests.contract.chat_server import Server
from tests.e2e.program import run
from tests.unit.relevance.people import graded_queries, judge, shown_to

from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.runs import Run
from semsearch.records import Judgement, Label
from semsearch.relevance.splits import part_of

pytest.importorskip("ppi_py")
N_ALL, N_PEOPLE, METRIC = 150, 60, "ndcg@3"
ORDERS = np.random.default_rng(4).permuted(np.tile([2, 1, 0], (N_ALL, 1)), axis=1).tolist()
"""Grades of the three items of each query in the order in which they are ranked."""
LABELS = [each for n in range(N_ALL) for each in graded_queries([n], ORDERS[n])]


@dataclass(frozen=True)
class Told:
    """What came out at the end, and what is known of it."""

    audit: dict
    figure: dict
    human: float
    """Mean over the queries that people judged."""
    truth: float
    """Mean over all queries, had people judged them all."""
    machine: float
    """Mean over all queries by the machine alone."""


def number(query: str) -> int:
    return int(query.split(maxsplit=1)[0].removeprefix("nike"))


def is_wrong(query: str) -> bool:
    """On three of four queries the judge calls a 1 a 2."""
    return number(query) % 4 != 0


def too_kind(asked: Asked) -> Reply:
    return judge(asked, wrong=is_wrong(shown_to(asked)[0]))


def by_people(each: Label) -> int:
    return int(each.grade_low or 0)


def by_machine(each: Label) -> int:
    return 2 if each.grade_low == 1 and is_wrong(each.query) else by_people(each)


def mean_of(labels: list[Label], grade: Callable[[Label], float]) -> float:
    found: dict[str, list[tuple[str, float]]] = {}
    for place, each in enumerate(labels):
        found.setdefault(query_id_of(each.query), []).append((each.item_id, -float(place)))
    qrels = Qrels.of(Judgement(query_id_of(each.query), each.item_id, float(grade(each))) for each in labels)
    return evaluate(Run.of(found), qrels, [METRIC]).mean(METRIC)


def write(folder: Path, people: list[Label]) -> None:
    lines = [json.dumps({"item_id": each.item_id, "query": each.query, **each.item}) + "\n" for each in LABELS]
    (folder / "pairs.jsonl").write_text("".join(lines), encoding="utf-8")
    with (folder / "people.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query", "item_id", "grade"])
        table.writerows([each.query, each.item_id, each.grade_low] for each in people)
    rows = ((query_id_of(each.query), each.item_id, -place) for place, each in enumerate(LABELS))
    (folder / "r.trec").write_text("".join(f"{query} Q0 {item} 0 {score} r\n" for query, item, score in rows))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("known")
    root, people = folder / "market", LABELS[: 3 * N_PEOPLE]
    write(folder, people)

    def done(*words: object) -> str:
        found = run(*words, "-w", root)
        assert found.code == 0, found.err
        return found.out

    with Server(too_kind) as server:
        done("init")
        (root / "semsearch.toml").write_text(f'[llm]\nbase_url = "{server.url}"\nsmall = "scripted-small"\n')
        done("label", "import", folder / "people.csv", "--as", "minji")
        done("grade", "pairs", folder / "pairs.jsonl", "--batch", "all")
        assert server.n_calls == len(LABELS)
    audit = json.loads(done("grade", "audit", "--json"))
    report = ("evaluate", "run", "--labels", "--run", folder / "r.trec", "--metric", METRIC, "--drawn-alike", "--json")
    figure = json.loads(done(*report))["labels"]["figures"][0]
    return Told(audit, figure, mean_of(people, by_people), mean_of(LABELS, by_people), mean_of(LABELS, by_machine))


def test_the_audit_finds_the_error_that_is_there_and_no_other(told: Told):
    seen = [each for each in LABELS[: 3 * N_PEOPLE] if part_of(each.query) != "locked"]
    grades = Counter((by_people(each), by_machine(each)) for each in seen)
    assert {(int(row["people"]), int(row["machine"])): row["n"] for row in told.audit["table"]} == grades
    assert grades[1, 2] > grades[1, 1] > 0


def test_the_report_recovers_what_people_say_where_the_machine_alone_is_off(told: Told):
    figure = told.figure
    assert figure["human_mean"] == pytest.approx(told.human)
    assert figure["low"] <= told.human <= figure["high"]
    assert figure["low"] <= told.truth <= figure["high"]
    assert told.machine > figure["high"]
    assert figure["high"] - figure["low"] < figure["human_high"] - figure["human_low"]
