"""The questions of a gate: from the part of the log that no model was trained on, or from judgements in files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.evaluation.attribution import attribute
from semsearch.evaluation.demand import bands, n_searches
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.questions import BAND, Questions, Side, questions_of
from semsearch.text.views import search
from semsearch.training.log.held_out import held_out
from semsearch.training.start import UNTIL

if TYPE_CHECKING:
    import polars as pl

    from semsearch.settings import LogSettings

ASKED_AT = "asked_at"
"""A column of a query file: when its query is asked, ISO 8601."""
NEWER_LOG = (
    "Next: semsearch import interactions FILE with a newer log, or --qrels FILE --queries FILE with your judgements"
)


@dataclass(frozen=True)
class HeldOut:
    """Questions, and where they come from."""

    questions: Questions
    source: Mapping[str, str]


def seen_until(metrics: Mapping[str, Any]) -> datetime | None:
    """The moment up to which a model has seen the log, from its card's metrics; None when it never saw one.

    Raises UsageError for a moment that cannot be read.
    """
    moments = []
    for name in UNTIL:
        given = metrics.get(name)
        try:
            moments += [datetime.fromisoformat(given).astimezone(UTC)] if given else []
        except (ValueError, TypeError) as error:
            raise UsageError(
                f"A model card has {name} {given!r}, which is no time.", "Next: semsearch train"
            ) from error
    return max(moments, default=None)


def from_log(
    log: pl.LazyFrame,
    items: pl.DataFrame,
    settings: LogSettings,
    *,
    side: Side = "query",
    models: Mapping[str, datetime | None],
) -> HeldOut:
    """Questions of the last part of the log (`log.test`), after all that any of `models` (name → moment) has seen.

    Every engagement counts, whatever the models were trained on. Raises UsageError when no question is left.
    """
    found = attribute(log, settings.window_s)
    rows, start = held_out(found.engagements, items, settings, side)
    if start is None:
        raise UsageError("Nothing in the log says what was wanted: there is nothing to ask.", NEWER_LOG)
    last = rows["asked_at"][-1]
    latest = max(((at, name) for name, at in models.items() if at is not None), default=None)
    if latest is not None and latest[0] >= start:
        start = latest[0] + timedelta(microseconds=1)
    questions = questions_of(
        rows,
        items,
        (start, last + timedelta(microseconds=1)),
        side=side,
        bands=bands(n_searches(log), settings.head, settings.torso) if side == "query" else None,
        history=found.engagements,
    )
    if not len(questions):
        raise UsageError(
            f"No question is left to judge by: the log ends at {last:%Y-%m-%d %H:%M}, and "
            + (f"{latest[1]} has seen it until {latest[0]:%Y-%m-%d %H:%M}." if latest else "has too few engagements."),
            NEWER_LOG,
        )
    if side != "query":  # demand is of queries
        questions = replace(questions, queries=replace(questions.queries, columns={}))
    return HeldOut(questions, {"questions": "log", "from": start.isoformat(), "until": last.isoformat()})


def from_judgements(qrels: Qrels, queries: Queries, demand: Mapping[str, int], *, named: str) -> HeldOut:
    """Questions of files; each is asked now, or at its `asked_at` when the queries have such a column.

    Without a column `band` the bands come from `demand` (query in the search view → searches), if there is any.
    Raises UsageError when the two share no query, and for a moment that cannot be read.
    """
    judged = qrels.of_queries(queries.texts)
    if not judged.grades:
        raise UsageError(
            f"The queries and the qrels have no query_id in common: the queries start with "
            f"'{next(iter(queries.texts), '')}', the qrels with '{next(iter(qrels.grades), '')}'.",
            "Next: give the queries that the qrels judge, with the same query_id",
        )
    asked = replace(queries.of(judged.grades), columns=_with_bands(queries, demand))
    moments = {q: _moment(q, at) for q, at in queries.columns.get(ASKED_AT, {}).items() if at and q in asked.texts}
    seen: dict[str, frozenset[str]] = dict.fromkeys(asked.texts, frozenset())
    return HeldOut(Questions(asked, judged, moments, seen), {"questions": named})


def _with_bands(queries: Queries, demand: Mapping[str, int]) -> Mapping[str, Mapping[str, str]]:
    if BAND in queries.columns or not demand:
        return queries.columns
    known = bands(demand)
    return dict(queries.columns) | {BAND: {q: known.get(search(text), "tail") for q, text in queries.texts.items()}}


def _moment(query_id: str, text: str) -> datetime:
    at: datetime | None = None
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
    if at is None or at.tzinfo is None:
        raise UsageError(
            f"Query '{query_id}' has {ASKED_AT} '{text}', which is no time with its zone.",
            "Next: write it as 2026-01-31T18:00:00+09:00, or leave the column out",
        )
    return at
