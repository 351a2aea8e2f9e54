"""The long tail for people: what a scan found, query by query, and what extra training gave. Texts are strangers'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from semsearch.longtail.predictors.case import OURS
from semsearch.report.alert import chunks, counted
from semsearch.report.page import number, render
from semsearch.report.thresholds import Threshold, thresholds

if TYPE_CHECKING:
    from semsearch.longtail.reporting import Hit, ScanReport, WorstQuery

FIRST_HITS, FIRST_PAIRS = 5, 10
"""What stands open; the rest of a list folds."""
PLAIN = "mismatch"
"""The predictor that is always shown."""
_KINDS = {"hangul": "Hangul", "latin": "Latin", "letters": "other letters", "sound": "by consonants"}
_MOST_CHARS, _SHORT_CHARS, _CELL_CHARS = 200, 80, 44


# --- the terminal ---------------------------------------------------------------------------


def worst_rows(report: ScanReport) -> list[dict[str, Any]]:
    """One row a query, in the order of the report; what is unknown is null."""
    return [
        {
            "query": worst.query,
            "band": worst.band,
            "searches": worst.n_searches,
            "chance": round(worst.chance, 4),
            "mismatch": round(worst.mismatch, 4),
            "first cause": next(iter(worst.causes), None),
            "first hit": _first(worst.hits),
        }
        for worst in report.worst
    ]


def scan_told(report: ScanReport) -> tuple[str, ...]:
    """What was scanned, what was found, and what the figures are not."""
    told = [_read(report), _found(report)]
    if report.mean_mismatch is not None:
        told.append(
            f"On average {number(report.mean_mismatch, 2)} of a query's first {report.k} dense hits are tied to it by "
            "nothing in their text (the plain mismatch ratio)."
        )
    if report.position_bias:
        told.append(position_told(report.position_bias))
    return tuple(told)


def position_told(bias: str) -> str:
    """How clicks were corrected for their position, as a sentence."""
    if bias.startswith("by "):
        return (
            f"Clicks are corrected for their position {bias}: one where few people look counts for more, by 1 over the "
            "chance of a look."
        )
    return f"Clicks are not corrected for their position: {bias}."


def _read(report: ScanReport) -> str:
    queries = f"{report.n_scanned:,} {'query' if report.n_scanned == 1 else 'queries'}"
    if report.before is None:
        return f"{report.release_id} was asked {queries} of a file. No log was read."
    source = f"of {_listed(report.bands)}" if report.bands else "of a file"
    return (
        f"{report.release_id} was asked {queries} {source}. The log was read until {minute(report.before)} UTC; what "
        "is later is left for the lift and the gate."
    )


def _found(report: ScanReport) -> str:
    failing = f"The model likely fails {report.n_routed:,} of them (chance {report.bound:g} or more)"
    if report.before is None or not report.n_routed:
        return f"{failing}."
    pairs = f"{report.n_pairs:,} {counted(report.n_pairs, 'pair')}"
    return f"{failing}: {report.n_taught:,} have clicks of enough people to learn from, {pairs} of query and item."


def _listed(bands: Sequence[str]) -> str:
    return " and ".join(bands) if len(bands) < 3 else f"{', '.join(bands[:-1])} and {bands[-1]}"


def _first(hits: Sequence[Hit]) -> str | None:
    return next((cut(hit.title, _CELL_CHARS) for hit in hits), None)


def cut(text: str, most: int = _MOST_CHARS) -> str:
    """A text of at most `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def minute(moment: str) -> str:
    """A time of ISO 8601 in UTC, to the minute."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M}"


# --- the page of a scan -----------------------------------------------------------------------


def scan_page(report: ScanReport) -> str:
    """A self-contained HTML page."""
    return render(
        "scan.html",
        report=report,
        sentences=scan_told(report),
        scanned_at=minute(report.scanned_at),
        demand=demand_told,
        taught=taught_told,
        worth=worth_rows(report.worth),
        plain=PLAIN,
        ours=OURS,
        cells=[row | {"kind": _KINDS.get(row["kind"], row["kind"])} for row in map(_known, report.calibration)],
        chart=thresholds(_measured(report.calibration)),
        chunks=chunks,
        cut=cut,
        short=_SHORT_CHARS,
        counted=counted,
        listed=_listed,
        first_hits=FIRST_HITS,
        first_pairs=FIRST_PAIRS,
    )


def demand_told(worst: WorstQuery) -> str:
    """How often a query is asked, and how often that led to something."""
    if worst.n_searches is None:
        return "The log does not have this query."
    searches = f"Searched {'once' if worst.n_searches == 1 else f'{worst.n_searches:,} times'}"
    if not worst.n_engaged:
        return f"{searches}; nothing was ever engaged after it."
    return f"{searches}; after {worst.n_engaged:,} {counted(worst.n_engaged, 'ask')} something was engaged."


def taught_told(worst: WorstQuery, bound: float) -> str:
    """Why a query would be taught nothing; '' when it would."""
    if worst.pairs:
        return ""
    if not worst.routed:
        return f"Nothing: its chance of failure is below {bound:g}."
    if worst.n_searches is None:
        return "Nothing: without a log there are no clicks."
    return "Nothing: too few different people clicked after it."


def worth_rows(worth: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The predictors, the best alone first, those of which nothing is known last."""
    return sorted(worth, key=lambda row: -math.inf if row["auc"] is None else row["auc"], reverse=True)


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the calibration in which NaN is null, as it is after JSON."""
    return {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - NaN alone


def _measured(cells: Sequence[Mapping[str, Any]]) -> list[Threshold]:
    """Those of spelling that were measured, and not only set."""
    rows = map(_known, cells)
    return [
        Threshold(_KINDS.get(row["kind"], row["kind"]), row["length"], row["threshold"], row["chance"])
        for row in rows
        if row["kind"] != "sound" and row["chance"] is not None
    ]
