"""Judgements of queries that a run or a query file gives other ids: the same queries, by their text."""

from __future__ import annotations

from pathlib import Path

from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.reading import queries_beside, read_judgements
from semsearch.records import Judgement
from semsearch.store.labels import query_key

Renamed = dict[str, str]


def judgements_of(
    path: Path, grade_column: str | None, asked: Queries | None, known: Queries | None = None
) -> tuple[Qrels, Queries | None]:
    """Qrels by the ids of `asked`, else of `known`, and the queries that figures are of.

    `asked` is a query file that was given, `known` what a saved run was asked. Where the qrels bring the texts of their
    queries (as columns, or in `queries_beside`), one that has no such id is that of the same text. Raises UsageError as
    `read_judgements`, and when two judgements of one pair disagree then.
    """
    qrels, texts = read_judgements(path, grade_column)
    beside = texts or queries_beside(path)
    ours = asked or known
    if beside and ours:
        ids = renamed(beside, ours)
        qrels = _qrels_as(qrels, ids, path)
        texts = texts and _queries_as(texts, ids)
    return qrels, asked or texts or known or beside


def of_run(asked: Queries | None, known: Queries | None) -> Queries | None:
    """A query file by the ids of a saved run; the run's queries without one."""
    return _queries_as(asked, renamed(asked, known)) if asked and known else asked or known


def renamed(theirs: Queries, ours: Queries) -> Renamed:
    """Their id → ours of the same text, for ids that we do not have; of several of ours with one text the first."""
    places: Renamed = {}
    for query_id, text in ours.texts.items():
        places.setdefault(query_key(text), query_id)
    others = ((query_id, query_key(text)) for query_id, text in theirs.texts.items() if query_id not in ours.texts)
    return {query_id: places[key] for query_id, key in others if key in places}


def _qrels_as(qrels: Qrels, ids: Renamed, path: Path) -> Qrels:
    if not ids:
        return qrels
    named = (Judgement(ids.get(j.query_id, j.query_id), j.item_id, j.grade) for j in qrels)
    return Qrels.of_placed((str(path), judgement) for judgement in named)


def _queries_as(queries: Queries, ids: Renamed) -> Queries:
    """Of two that become one the first."""
    texts: dict[str, str] = {}
    for query_id, text in queries.texts.items():
        texts.setdefault(ids.get(query_id, query_id), text)
    columns = {
        name: {ids.get(query_id, query_id): label for query_id, label in reversed([*labels.items()])}
        for name, labels in queries.columns.items()
    }
    return Queries(texts, columns)
