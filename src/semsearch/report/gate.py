"""A gate for people: rows, sentences, what to do next, and the HTML page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from semsearch.gates import after_no
from semsearch.report.evaluation import metric_label
from semsearch.report.page import render
from semsearch.report.svg import Span
from semsearch.training.gate.cohorts import MIN_QUESTIONS, Cohort
from semsearch.training.gate.judging import GateResult

_WORDS = {"passed": "passed", "refused": "refused", "undecided": "undecided, which is not a pass"}
_TONES = {"gain": "up", "held": "up", "no gain": "down", "loss": "down"}


def cohort_rows(result: GateResult) -> list[dict[str, Any]]:
    """One row a cohort; what must be reached is above 0 for the target, the allowed loss for the others."""
    return [
        {
            "cohort": f"{cohort.name} (target)" if cohort.target else cohort.name,
            "questions": cohort.n,
            "current": _rounded(cohort.mean_current),
            "candidate": _rounded(cohort.mean_candidate),
            "difference": _rounded(cohort.difference),
            "low": _rounded(cohort.low),
            "high": _rounded(cohort.high),
            "must": "low > 0" if cohort.target else f"low ≥ {-cohort.allowed:.4f}",
            "finding": cohort.finding,
        }
        for cohort in result.cohorts
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def sentence(result: GateResult) -> str:
    """The answer, and each cohort's reason on its own line: of those that keep it from passing, or of all."""
    reasons = [cohort.told for cohort in result.cohorts if result.passed or not cohort.good]
    answer = f"{result.candidate} against {result.current} by {metric_label(result.settings['metric'])}: "
    return "\n  ".join([f"{answer}{_WORDS[result.outcome]}.", *reasons])


def next_step(result: GateResult) -> str:
    """What to do after this outcome."""
    flag = "" if result.pipeline == "default" else f" --pipeline {result.pipeline}"
    if result.passed:
        return f"Next: semsearch release publish {result.candidate}{flag}"
    if result.outcome == "undecided":
        log = result.source.get("questions") == "log"
        more = "import a longer log (semsearch import interactions FILE)" if log else "judge more queries"
        return f"Next: {more}, then semsearch release gate {result.candidate}"
    return f"Next: {after_no(result.changed, result.pipeline)}; {result.current} stays served"


def conditions_text(result: GateResult, looks: int) -> str:
    """What the answer depends on, in a few sentences."""
    source = dict(result.source)
    named = source.pop("questions", "questions")
    origin = "the end of the log" if named == "log" else named
    span = f" ({source['from'][:16]} to {source['until'][:16]} UTC)" if "from" in source else ""
    parts = [
        f"{result.n_questions:,} questions from {origin}{span}, asked in mode {result.serving['mode']} over the "
        f"{result.n_items:,} items that both releases hold."
    ]
    if result.n_unanswerable:
        parts.append(f"Left out, as nothing wanted was there to be found: {result.n_unanswerable:,}.")
    if result.n_not_asked:
        parts.append(f"An even sample: {result.n_questions + result.n_not_asked:,} could be answered.")
    if joined := [cohort.name for cohort in result.cohorts if "+" in cohort.name and "=" not in cohort.name]:
        parts.append(f"Judged together, as one alone has fewer than {MIN_QUESTIONS} questions: {', '.join(joined)}.")
    if only := [f"{n:,} in the {who} only" for who, n in _only(result) if n]:
        parts.append(f"Items that do not count: {', '.join(only)}.")
    allowed = result.settings["allowed_loss"]
    parts.append(
        f"Allowed loss of the other cohorts: {allowed:.2%} of the current mean. 95 % intervals: paired bootstrap over "
        f"questions, {result.resamples:,} resamples, seed {result.seed}."
    )
    if looks > 1:
        parts.append(f"This candidate was judged {looks} times: each further look makes a chance pass likelier.")
    return " ".join(parts)


def shown_items(result: GateResult) -> set[str]:
    """The item ids that a page lists; for looking up their titles."""
    return {hit.item_id for lost in result.lost for hit in (*lost.hits_current, *lost.hits_candidate)}


def gate_page(result: GateResult, titles: Mapping[str, str], looks: int = 1) -> str:
    """A self-contained HTML page; `titles` (item_id to title) may be empty."""
    return render(
        "gate.html",
        result=result,
        titles=titles,
        label=metric_label(result.settings["metric"]),
        answer=_WORDS[result.outcome].capitalize(),
        tone={"passed": "up", "refused": "down"}.get(result.outcome, "mid"),
        spans=[_span(cohort) for cohort in result.cohorts],
        tones=_TONES,
        next_step=next_step(result).removeprefix("Next: "),
        conditions=conditions_text(result, looks),
    )


def _only(result: GateResult) -> tuple[tuple[str, int], ...]:
    return (("current", result.n_only_current), ("candidate", result.n_only_candidate))


def _span(cohort: Cohort) -> Span:
    ends = (None,) * 3 if cohort.finding == "too few" else (cohort.difference, cohort.low, cohort.high)
    middle, low, high = (math.nan if end is None else end for end in ends)
    count = "1 question" if cohort.n == 1 else f"{cohort.n:,} questions"
    tone = _TONES.get(cohort.finding, "open")
    return Span(cohort.name, count, middle, low, high, bar=-cohort.allowed, tone=tone)
