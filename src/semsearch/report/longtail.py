"""The long tail for people: what a scan found, query by query, and what extra training gave. Texts are strangers'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from semsearch.longtail.mismatch.calibration import CHANCE
from semsearch.longtail.predictors.case import OURS
from semsearch.longtail.teaching.lift import RECALL, REST, ROUTED, ROUTED_TAIL, SERVED
from semsearch.plain import plain
from semsearch.report.alert import chunks, counted
from semsearch.report.evaluation import metric_label
from semsearch.report.page import number, render, signed
from semsearch.report.svg import Span
from semsearch.report.thresholds import Threshold, thresholds
from semsearch.training.gate.cohorts import MIN_QUESTIONS

if TYPE_CHECKING:
    from semsearch.longtail.reporting import Hit, ScanReport, WorstQuery
    from semsearch.longtail.teaching.lift import Change, Fate, Lift

FIRST_HITS, FIRST_PAIRS = 5, 10
"""What stands open; the rest of a list folds."""
PLAIN = "mismatch"
"""The predictor that is always shown."""
_KINDS = {"hangul": "Hangul", "latin": "Latin", "letters": "other letters", "sound": "by consonants"}
_MOST_CHARS, _SHORT_CHARS, _CELL_CHARS = 200, 80, 44


# --- the terminal ---------------------------------------------------------------------------


def worst_rows(report: ScanReport, *, short: bool = False) -> list[dict[str, Any]]:
    """One row a query, in the order of the report; what is unknown is null. `short` cuts long queries."""
    return [
        {
            "query": cut(worst.query, _CELL_CHARS) if short else worst.query,
            "band": worst.band,
            "searches": worst.n_searches,
            "chance": round(worst.chance, 4),
            "mismatch": None if worst.mismatch is None else round(worst.mismatch, 4),
            "first cause": next(iter(worst.causes), None),
            "first hit": _first(worst.hits),
        }
        for worst in report.worst
    ]


def scan_told(report: ScanReport) -> tuple[str, ...]:
    """What was scanned, what was found, and what the figures are not."""
    told = [f"Scan {report.scan_id}. {_read(report)}", _found(report)]
    if len(report.worst) > 1:
        told.append("Most harmful first: by chance times searches, routed ones before the others.")
    if report.mean_mismatch is not None:
        told.append(
            f"On average {number(report.mean_mismatch, 2)} of a query's first {report.k} dense hits are tied to it by "
            "nothing in their text (the plain mismatch ratio)."
        )
    if report.position_bias:
        told.append(report.position_bias)
    return tuple(told)


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
    failing = f"{report.n_routed:,} of them have a chance of failure of {report.bound:g} or more"
    if report.before is None or not report.n_routed:
        return f"{failing}."
    pairs = f"{report.n_pairs:,} {counted(report.n_pairs, 'pair')}"
    taught = f"{report.n_taught:,} of these have clicks of enough people to learn from: {pairs} of query and item"
    return f"{failing}; {taught}."


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
        chart=thresholds(_measured(report.calibration), CHANCE),
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


# --- the lift ---------------------------------------------------------------------------------

LEGS = {RECALL: "dense leg", SERVED: "as served"}


def lift_rows(lift: Lift) -> list[dict[str, Any]]:
    """One row a group and metric; of fewer than 30 questions no interval is told."""
    return [
        {
            "group": change.group,
            "metric": _metric(change),
            "questions": change.n,
            "before": _rounded(change.before),
            "after": _rounded(change.after),
            "difference": _rounded(change.difference),
            "low": _rounded(change.low) if _enough(change) else None,
            "high": _rounded(change.high) if _enough(change) else None,
            "relative": _percent(change.relative[0]) if _enough(change) else None,
            "better": change.n_better,
            "worse": change.n_worse,
        }
        for change in lift.changes
    ]


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def lift_query_rows(lift: Lift, n: int) -> list[dict[str, Any]]:
    """The `n` routed questions that changed most, by the dense leg's recall; one row each."""
    import polars as pl

    moved = (pl.col("after") - pl.col("before")).abs()
    rows = lift.queries.filter("routed").sort(moved, "n_searches", "key", descending=[True, True, False]).head(n)
    return [
        {
            "query": row["key"],
            "band": row["band"],
            "searches": row["n_searches"],
            f"{metric_label(RECALL)} before": row["before"],
            f"{metric_label(RECALL)} after": row["after"],
            f"{metric_label(SERVED)} before": row["served_before"],
            f"{metric_label(SERVED)} after": row["served_after"],
        }
        for row in rows.iter_rows(named=True)
    ]


def lift_document(lift: Lift) -> dict[str, Any]:
    """The whole result in plain values, for JSON."""
    told = {name: getattr(lift, name) for name in lift.__dataclass_fields__ if name not in ("changes", "queries")}
    changes = [plain(change) | {"relative": plain(change.relative)} for change in lift.changes]
    found: dict[str, Any] = plain(told)
    return found | {"changes": changes, "queries": plain(lift.queries.to_dicts())}


def lift_told(lift: Lift) -> tuple[str, ...]:
    """What the routed queries gained, what the others paid, what became of the candidate, and what it rests on."""
    groups = [group for group in (ROUTED_TAIL, ROUTED, REST) if any(change.group == group for change in lift.changes)]
    if {ROUTED_TAIL, ROUTED} <= set(groups) and lift.change(ROUTED_TAIL).n == lift.change(ROUTED).n:
        groups.remove(ROUTED_TAIL)  # all that was routed is tail: one sentence says it
    return (
        *(_change_told(lift.change(group)) for group in groups),
        _fate_told(lift.candidate, lift.current, lift.fate),
        _asked_told(lift),
    )


def _change_told(change: Change) -> str:
    group = change.group.capitalize()
    if not change.n:
        return f"{group}: none of these queries was asked again later."
    moved = (
        f"{group}: {metric_label(change.metric)} of the dense leg went from {number(change.before)} to "
        f"{number(change.after)}"
    )
    if not _enough(change):
        return f"{moved}; {change.n} {counted(change.n, 'question')} are too few to tell."
    told = f"{moved}, {signed(change.difference)} ({signed(change.low)} to {signed(change.high)})"
    share, low, high = map(_percent, change.relative)
    relative = f", which is {share} ({low} to {high})" if share else ""
    return f"{told}{relative}, over {change.n:,} questions."


def _fate_told(candidate: str, current: str, fate: Fate) -> str:
    state = f"{candidate} is served now" if fate.published else f"{candidate} is not served"
    judged = f"Its gate said {fate.outcome}: {fate.told.rstrip('.')}." if fate.outcome else fate.told
    forced = ""
    if fate.forced:
        forced = (
            f" It was published by {fate.forced.get('by', '?')} without a passed gate: {fate.forced.get('reason', '')}"
        )
    return f"{state}; it was trained from {current}. {judged}{forced}"


def _asked_told(lift: Lift) -> str:
    source = lift.source
    named = "the end of the log" if source.get("questions") == "log" else source.get("questions", "questions")
    span = f" ({minute(source['from'])} to {minute(source['until'])} UTC)" if "from" in source else ""
    left = (
        f" Left out, as nothing wanted was there to be found: {lift.n_unanswerable:,}." if lift.n_unanswerable else ""
    )
    return (
        f"Asked: {named}{span}, which neither scan nor training has read. Of {lift.n_routed:,} routed queries "
        f"{lift.n_routed_asked:,} were asked again in it.{left} Bands are those of the "
        "time before. Intervals: paired 95 % bootstrap over questions."
    )


def lift_page(lift: Lift) -> str:
    """A self-contained HTML page."""
    routed = lift.queries.filter("routed").to_dicts()
    lost = [row for row in routed if row["after"] < row["before"]]
    gained = [row for row in reversed(routed) if row["after"] > row["before"]]
    return render(
        "lift.html",
        lift=lift,
        rows=lift_rows(lift),
        sentences=lift_told(lift),
        spans=[_span(change) for change in lift.changes if change.metric == RECALL],
        n_same=len(routed) - len(lost) - len(gained),
        lists={"gained": gained[:_MOST_MOVED], "lost": lost[:_MOST_MOVED]},
        counts={"gained": len(gained), "lost": len(lost)},
        tone=_TONES.get(lift.fate.outcome, "mid"),
        chunks=chunks,
        cut=cut,
    )


_TONES = {"passed": "up", "refused": "down"}
_MOST_MOVED = 100


def _span(change: Change) -> Span:
    enough = _enough(change)
    middle, low, high = (change.difference, change.low, change.high) if enough else (math.nan,) * 3
    tone = "up" if low > 0 else "down" if high < 0 else "open"
    return Span(change.group, f"{change.n:,} {counted(change.n, 'question')}", middle, low, high, bar=0.0, tone=tone)


def _enough(change: Change) -> bool:
    return change.n >= MIN_QUESTIONS


def _metric(change: Change) -> str:
    return f"{metric_label(change.metric)}, {LEGS[change.metric]}" if change.metric in LEGS else change.metric


def _percent(share: float) -> str | None:
    """A relative change: `+38 %`; None for unknown."""
    return None if math.isnan(share) else f"{signed(share * 100, 1)} %"
