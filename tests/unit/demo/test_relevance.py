"""The chapter of grading on a small market: labels of both kinds, one figure from both, and how it ends early."""

from __future__ import annotations

from pathlib import Path

import pytest

from semsearch.demo import relevance
from semsearch.demo.job import Job
from semsearch.demo.market import _import_chapter
from semsearch.demo.models import NO_QUALITY
from semsearch.demo.relevance import PERSON, relevance_chapter
from semsearch.progress import silent
from semsearch.report.story import Chapter
from semsearch.simulate import Market, market
from semsearch.store.labels import LabelFiles


class Known:
    """A system that finds a query's known items, in the order of their ids or the other way."""

    def __init__(self, made: Market, way: int) -> None:
        self._found: dict[str, list[str]] = {}
        texts = dict(made.queries.select("query_id", "query").iter_rows())
        for query_id, item_id, _ in made.qrels.sort("item_id").iter_rows():
            self._found.setdefault(texts[query_id], []).append(item_id)
        self._way = way

    def ranked(self, query: str, k: int) -> list[tuple[str, float]]:
        return [(item_id, 1 / rank) for rank, item_id in enumerate(self._found[query][:: self._way][:k], start=1)]


def told(job: Job, made: Market) -> Chapter:
    return relevance_chapter(job, made, {"rising": Known(made, 1), "falling": Known(made, -1)})


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SEMSEARCH_LLM__BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def made() -> Market:
    return market(900, seed=0, lang="ko", per_kind=16, n_searches=200)


@pytest.fixture
def job(tmp_path: Path, made: Market) -> Job:
    job = Job.at(tmp_path / "market", made.end, silent, lambda _: None, seconds=1.0)
    _import_chapter(job, made)
    return job


def test_both_label_and_one_figure_comes_from_both(job: Job, made: Market) -> None:
    chapter = told(job, made)
    labels = list(LabelFiles(job.workspace).read())
    people = [label for label in labels if label.source == "person"]
    assert {label.by for label in people} == {PERSON}
    assert {label.by for label in labels if label.source == "model"} == {"scripted-judge"}
    truth = {(query_id, item_id): int(grade) for query_id, item_id, grade in made.qrels.iter_rows()}
    ids = dict(made.queries.select("query", "query_id").iter_rows())
    assert all(label.grade_low == truth[ids[label.query], label.item_id] for label in people)
    (figure,) = chapter.figures
    assert NO_QUALITY in figure.condition
    assert all(NO_QUALITY in table.note for table in chapter.tables)
    low, high = map(float, figure.interval.split("–"))
    assert low <= float(figure.value) <= high
    rows = {by: value for by, value, _ in chapter.tables[1].rows}
    said = "holds" if low <= float(rows["truth of all queries"]) <= high else "misses"
    assert f"The interval {said}" in chapter.told[-1]


def test_an_endpoint_that_is_not_there_ends_the_chapter_and_not_the_demo(
    job: Job, made: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(relevance, "EVERY", 40)
    chapter = told(job, made)
    assert "It ended early: The chat endpoint http://127.0.0.1:9/v1 cannot be reached" in chapter.told[-1]
    assert (chapter.tables, chapter.figures) == ((), ())
    assert not list(LabelFiles(job.workspace).read())
