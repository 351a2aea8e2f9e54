"""How `grade tune` tells what it found; with what `grade audit` tells alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from semsearch.cli.asking import cost_of, money, tell_cost
from semsearch.cli.output import counted, emit, talk

if TYPE_CHECKING:
    from semsearch.evaluation.labels.grade_tables import Estimate
    from semsearch.relevance.locked import Opening
    from semsearch.relevance.scores import Score
    from semsearch.relevance.steps import Parts
    from semsearch.relevance.truths import Truths
    from semsearch.relevance.tuning.steps import Report, Trial
    from semsearch.relevance.tuning.trying import Tuned

Row = dict[str, Any]


def show_tuning(parts: Parts, given: Trial, found: Tuned, told: Report, *, as_json: bool) -> None:
    """What was tried, chosen and reported."""
    effects = [{"name": each.name, **ends("gain", each.gain), "tokens": each.tokens} for each in found.effects]
    known = _priced(parts, given)
    if as_json:
        how = found.chosen.judging
        chosen = {"name": found.chosen.name, "prompt": how.prompt.id, "variant": how.variant.name}
        document: Row = {
            part: [_score(each, known) for each in getattr(found, part)] for part in ("tuning", "selection")
        }
        document |= {"effects": effects, "chosen": chosen | {"prompt_hash": how.prompt_hash}}
        document |= {"tied": found.tied, "undecided": found.undecided}
        document |= {"locked": _score(told.score, known) if told.score else None, "openings": told.openings}
        document |= {"in_force": told.now, "in_force_before": told.before, "changed": told.changed}
        emit(document | left_out(given.truths) | cost_of(parts.asker), as_json=True)
    else:
        _scores(found.tuning, "Tuning part, each tactic switched off once", known)
        rows = [
            {"": row["name"], "weighted κ gained": shown(row, "gain"), "so": _verdict(row), "tokens": row["tokens"]}
            for row in effects
        ]
        emit(rows, rows=rows, title="What each adds to all the others; tokens of a pair beside the whole variant's")
        _scores(found.selection, "Selection part, what may be best", known)
        if told.score:
            _scores([told.score], "Locked part, what was chosen and nothing else", known)
        tell_cost(parts.asker)
        tell_no_interval([each.n_queries for each in (*found.tuning, *found.selection)])
    _tell_choice(found, told)
    _tell_failed([*found.tuning, *found.selection, *([told.score] if told.score else [])])
    tell_openings(told.openings, looked=told.score is not None)
    tell_left_out(given.truths)


def _verdict(row: Row) -> str:
    """What the interval of a gain says."""
    return "helps" if row["gain_low"] > 0 else "harms" if row["gain_high"] < 0 else "not told apart"


def _tell_choice(found: Tuned, told: Report) -> None:
    talk(f"Chosen: {found.chosen.name}.")
    scores = [*found.tuning, *found.selection, *([told.score] if told.score else [])]
    if any(each.n_graded < each.n for each in scores):
        talk("Where a prompt gives no grade, figures are the least that they would be with any: silence gains nothing.")
    if found.tied:
        talk(f"As good and dearer: {', '.join(found.tied)}.")
    if others := [name for name in found.undecided if name not in found.tied]:
        talk(f"The labels do not tell it apart from {', '.join(others)} either: more of them might.")
    talk(_in_force(told))
    if told.score and told.score.exact.value < told.score.constant_exact:
        talk(
            f"On the locked part it says what people say of {told.score.exact.value:.1%} of the pairs, a constant of "
            f"{told.score.constant_exact:.1%}: nearly all have one grade there. It takes pairs of more kinds of "
            "queries to say what the choice is worth; κ is what is beyond such a constant."
        )


def _in_force(told: Report) -> str:
    """What `grade pairs` goes by now, and what is known of it."""
    now, before = told.now, told.before
    if before is None:
        said = f"In force from now on: {now.told}"
    elif told.changed:
        said = f"The choice in force changed from {before.told} to {now.told}"
    else:
        said = f"As before in force: {now.told}"
    if told.score:
        return f"{said}; the locked part said weighted κ {plain(told.score.weighted_kappa.value)} of it."
    if now.locked:
        kappa, n = now.locked["weighted_kappa"], now.locked["opening"]
        return f"{said}. The locked part stayed shut; opening {n} of it said weighted κ {plain(kappa)}."
    return f"{said}, without a figure of the locked part, which stayed shut: --again --by NAME opens it."


def _tell_failed(scores: Sequence[Score]) -> None:
    from semsearch.llm.answers import FAILED

    if n := sum(score.causes.get(FAILED, 0) for score in scores):
        talk(f"{counted(n, 'question')} got no answer and counted as silence: the same command asks again.")


def _priced(parts: Parts, given: Trial) -> bool:
    """Whether it is known what the models of all that was tried cost."""
    from semsearch.relevance.steps import model_of

    models = {parts.settings.llm.small, *(model_of(parts, each.judging) for each in given.others)}
    return all(map(parts.asker.priced, models))


def _scores(scores: Sequence[Score], title: str, known: bool) -> None:
    rows = [
        {
            "": row["name"],
            "weighted κ": shown(row, "weighted_kappa"),
            "exact": plain(row["exact"]),
            "constant": plain(row["constant_exact"]),
            "graded": f"{row['n_graded']:,} of {row['n']:,}",
            "usd a pair": money(row["cost_usd"]) if known else "unknown",
            "tokens": row["tokens"],
        }
        for row in (_score(each, known) for each in scores)
    ]
    pairs, queries = counted(scores[0].n, "pair"), counted(scores[0].n_queries, "query", "queries")
    emit(rows, rows=rows, title=f"{title}: {pairs} of {queries}")


def _score(score: Score, known: bool) -> Row:
    """One row; the cost is null where a model has no price."""
    plain = ("name", "prompt_hash", "n", "n_queries", "n_graded", "n_open", "n_ungradeable", "causes")
    row: Row = {name: getattr(score, name) for name in plain}
    for name in ("weighted_kappa", "kappa", "exact"):
        row |= ends(name, getattr(score, name))
    return row | {
        "constant_exact": score.constant_exact,
        "cost_usd": score.cost_usd if known else None,
        "tokens": score.n_tokens,
    }


def tell_openings(openings: Sequence[Opening], *, looked: bool) -> None:
    """Say how often the locked part was opened, and by whom."""
    from semsearch.relevance.locked import times

    if not openings:
        return
    talk(f"The locked part was opened {times(len(openings))} so far" + (":" if looked else "; not this time:"))
    for each in openings:
        talk(f"  {each.told}")


def left_out(truths: Truths) -> Row:
    """What people said and does not count, for a document."""
    return {"n_disputed": truths.n_disputed, "n_shown": truths.n_shown, "n_other_rubric": truths.n_other_rubric}


def tell_left_out(truths: Truths) -> None:
    if truths.n_disputed:
        pairs = counted(truths.n_disputed, "pair")
        talk(f"Left out: {pairs} on which people differ: semsearch label adjudicate --by NAME settles them.")
    if truths.n_shown:
        talk(f"Left out: {counted(truths.n_shown, 'label')} whose author saw the machine's opinion first.")
    if truths.n_other_rubric:
        talk(f"Left out: {counted(truths.n_other_rubric, 'label')} by another version of the rubric.")


def tell_no_interval(n_queries: Sequence[int]) -> None:
    """Say why figures of so few queries have no interval."""
    from semsearch.evaluation.labels.grade_tables import FEWEST

    if min(n_queries, default=FEWEST) < FEWEST:
        talk(f"[–]: figures of fewer than {FEWEST} queries have no interval; nor has κ where nobody differs.")


def tell_outdated(told: str) -> None:
    """Say that what was tuned is another judge now."""
    if told:
        talk(f"What grade tune chose was tuned as something else: {told}. grade tune says what it is worth now.")


def ends(name: str, told: Estimate) -> Row:
    """A figure and the ends of its interval, as columns."""
    return {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high}


def shown(row: Row, name: str) -> str:
    """A figure of `ends` to read; dashes where it, or its interval, is not defined."""
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(value):
        return "–"
    return f"{value:.3f} [–]" if math.isnan(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def plain(value: float | None) -> str:
    """A figure alone to read; a dash where it is not defined."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"
