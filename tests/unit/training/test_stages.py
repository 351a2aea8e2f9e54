"""The last stage over a fake release: its rows, and what was gained and lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.questions import Questions
from semsearch.evaluation.runs import Run
from semsearch.plain import plain
from semsearch.records import Item, schema
from semsearch.report.training import stage_rows, told
from semsearch.training import stages as module
from semsearch.training.stages import DENSE, LEXICAL, POPULAR, SERVED, START, TOWERS, Stages, last_stage

NOW = datetime(2026, 1, 2, tzinfo=UTC)
IDS = ["a", "b", "c"]
ITEMS = pl.DataFrame(
    [(item, None, None) for item in IDS],
    schema={name: schema(Item)[name] for name in ("item_id", "created_at", "ended_at")},
    orient="row",
)
WANTED = pl.DataFrame({"item_id": ["b", "b", "a"], "weight": [1.0, 0.5, 1.0]})
RIGHT, WRONG = [("a", 3.0), ("b", 2.0), ("c", 1.0)], [("c", 3.0), ("b", 2.0), ("a", 1.0)]


def questions(n: int) -> Questions:
    """`n` questions, each about `a`."""
    ids = [f"q{k}" for k in range(n)]
    texts = dict.fromkeys(ids, "lamp")
    qrels = Qrels({q: {"a": 2.0} for q in ids})
    return Questions(
        Queries(texts, {}), qrels, {q: NOW + timedelta(minutes=1) for q in ids}, dict.fromkeys(ids, frozenset())
    )


def run(asked: Questions, hits: list[tuple[str, float]], name: str) -> Run:
    return Run.of(dict.fromkeys(asked.queries.texts, hits), name)


def looked(monkeypatch: pytest.MonkeyPatch, n: int, side: str = "query", **found: list) -> Stages:
    """The last stage whose legs answer with `found`; towers went from wrong to right."""
    asked = questions(n)

    def answers(_searcher: Any, _questions: Any, _contest: Any, _depth: int, *, name: str, mode: Any, **_: Any) -> Run:
        return run(asked, found.get(mode or "served", RIGHT), name)

    monkeypatch.setattr(module, "answers", answers)
    monkeypatch.setattr(module, "whole_contest", lambda _: None)
    release = SimpleNamespace(manifest=SimpleNamespace(release_id="r1"))
    searcher: Any = SimpleNamespace(side=SimpleNamespace(of=side), release=release)
    runs = {START: run(asked, WRONG, START), TOWERS: run(asked, RIGHT, TOWERS)}
    ticks = iter(range(100))
    return last_stage(
        searcher, asked, runs, WANTED, ITEMS, test_from=NOW, now=NOW, clock=lambda: float(next(ticks))
    )  # fmt: skip


def figures(stages: Stages, metric: str) -> dict[str, float]:
    return {row.name: round(next(f.mean for f in row.figures if f.metric == metric), 3) for row in stages.rows}


def test_every_way_to_answer_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = looked(monkeypatch, 5, lexical=WRONG, dense=RIGHT)
    assert [row.name for row in stages.rows] == [POPULAR, LEXICAL, START, TOWERS, DENSE, SERVED]
    # `a` third is 1/log2(4); popularity has b (1.5) before a (1)
    assert figures(stages, "ndcg@10") == {
        POPULAR: 0.631, LEXICAL: 0.5, START: 0.5, TOWERS: 1.0, DENSE: 1.0, SERVED: 1.0,
    }  # fmt: skip
    assert (stages.release_id, stages.n_questions, stages.release_ms) == ("r1", 5, 200.0)  # one second over five


def test_gain_and_cost_are_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = looked(monkeypatch, 40, dense=WRONG)
    gain = {d.metric: (round(d.difference, 3), round(d.low, 3), round(d.high, 3)) for d in stages.gain}
    cost = {d.metric: round(d.difference, 3) for d in stages.cost}
    assert gain == {"recall@100": (0.0, 0.0, 0.0), "ndcg@10": (0.5, 0.5, 0.5)}
    assert cost == {"recall@100": 0.0, "ndcg@10": -0.5}
    assert any("nDCG@10 by +0.500" in sentence for sentence in told(stages))
    assert any("nDCG@10 by −0.500" in sentence for sentence in told(stages))


@pytest.mark.parametrize("side", ["item", "actor"])
def test_what_is_not_typed_has_one_leg_and_a_short_list(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = looked(monkeypatch, 3, side)
    assert [row.name for row in stages.rows] == [POPULAR, START, TOWERS, DENSE]
    assert {f.metric for f in stages.rows[0].figures} == {"recall@20", "ndcg@20"}


def test_a_single_question_has_a_report_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = looked(monkeypatch, 1)
    assert len(stage_rows(stages)) == 6
    text = json.dumps(plain(stages))
    json.loads(text, parse_constant=pytest.fail)
    assert all("nan" not in str(value) for row in stage_rows(stages) for value in row.values())
    assert all("nan" not in sentence for sentence in told(stages))
