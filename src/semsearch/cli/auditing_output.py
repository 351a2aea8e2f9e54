"""How `grade audit` tells what a machine's labels are worth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from semsearch.cli.asking import cost_of, tell_cost
from semsearch.cli.grading_output import (
    Row,
    ends,
    left_out,
    plain,
    shown,
    tell_left_out,
    tell_no_interval,
    tell_openings,
    tell_outdated,
)
from semsearch.cli.output import counted, emit, talk

if TYPE_CHECKING:
    from semsearch.evaluation.labels.agreement import Agreement, AmongRaters
    from semsearch.evaluation.labels.clicks import ClickAgreement
    from semsearch.records import Label
    from semsearch.relevance.auditing.drift import Drift, Ranked
    from semsearch.relevance.auditing.steps import Audited
    from semsearch.relevance.steps import Parts

FIGURES = {"weighted_kappa": "weighted κ", "kappa": "κ", "alpha": "α", "exact": "exact"}
"""Names of figures, and how they are headed."""
FEW = 20
"""Direct grades that contradict their facets, of which a document shows so many."""
PROBED = ("fooled", "up", "down", "ungradeable", "move")


def show_audit(parts: Parts, found: Audited, *, as_json: bool) -> None:
    """Everything that is told of a machine's labels."""
    from semsearch.evaluation.labels.grade_tables import Estimate

    held = [
        {"by": each.by, "part": each.name, "judge": each.judge, "end": each.end, **_agreement(each.agreement),
         **ends("at_worst", each.at_worst or Estimate(math.nan, math.nan, math.nan)),
         "coverage": asdict(each.coverage), "confusion": each.agreement.confusion.tolist()}
        for each in found.audit.held
    ]  # fmt: skip
    if as_json:
        emit(_document(found, held) | cost_of(parts.asker), as_json=True)
    else:
        _whole([row for row in held if row["by"] == "all"])
        _ceiling(found)
        _table(found)
        _by_part([row for row in held if row["by"] != "all" and row["judge"] == "machine"])
        _drift(found)
        _order(found)
        _probes(found)
        if found.probes:
            tell_cost(parts.asker)
        tell_no_interval([row["n_queries"] for row in held if row["n"]])
    _tell_audit(found)


def _document(found: Audited, held: Sequence[Row]) -> Row:
    told, ceiling = found.audit, found.audit.ceiling
    document: Row = {"n": told.n, "n_queries": told.n_queries, "judge": found.judge, "judges": told.judges}
    document |= {"figures": held, "tuned_on": found.tuned_on}
    document |= {"n_contradicting": len(told.contradicting), "contradicting": _contradicting(told.contradicting)}
    document["table"] = [{"people": people, "machine": said, "n": n} for (people, said), n in told.table.items()]
    document["ceiling"] = None
    if ceiling:
        people, machine = _agreement(ceiling.people), _agreement(ceiling.machine)
        document["ceiling"] = {"people": people, "n_raters": ceiling.people.n_raters, "machine": machine}
        document["ceiling"]["n_picked"] = ceiling.n_picked
    document["drift"] = [_drift_row(each) for each in found.drifts]
    document["order"] = [
        {"end": each.end, **ends("tau", each.order.tau), "n_queries": each.order.n_queries,
         "n_apart_by_people": each.order.n_apart_by_people, "n_apart_by_machine": each.order.n_apart_by_machine,
         "n_undefined": each.order.tau.n_undefined, "n_not_of_all": each.n_not_of_all,
         "systems": _systems(each.systems, each.order.by_people, each.order.by_machine)}
        for each in found.ranked
    ]  # fmt: skip
    document["clicks"] = _clicks(found.clicks) if found.clicks else None
    document["probes"] = list(_probe_rows(found))
    document |= {"judge_now": found.now, "in_force": found.in_force}
    document |= {"locked": found.locked, "n_locked": found.n_locked, "openings": found.openings}
    return document | left_out(found.truths)


def _contradicting(labels: Sequence[Label]) -> list[Row]:
    """A few direct grades, with what their facets give, to be looked at."""
    from semsearch.relevance.rubric import grade

    return [
        {"query": each.query, "item_id": each.item_id, "by": each.by, "batch": each.batch, "grade": each.grade_low,
         "rule": str(ruled := grade(each.facets)), "why": ruled.why, "note": each.note}
        for each in labels[:FEW]
    ]  # fmt: skip


def _agreement(agreement: Agreement | AmongRaters) -> Row:
    row: Row = {"n": agreement.n, "n_queries": agreement.n_queries}
    for name in FIGURES:
        if hasattr(agreement, name):
            row |= ends(name, getattr(agreement, name))
    return row


def _whole(held: Sequence[Row]) -> None:
    """All pairs, a column a judge, for figures with intervals are wide; of a constant one end is enough."""
    held = [row for row in held if row["judge"] == "machine" or row["end"] != "high"]
    heads = [row["judge"] + ("" if row["end"] == "both" else f", {row['end']} end") for row in held]
    rows = [
        {"": head, **{of: shown(row, name) for of, row in zip(heads, held, strict=True)}}
        for name, head in FIGURES.items()
    ]
    worst = {of: shown(row, "at_worst") for of, row in zip(heads, held, strict=True) if row["judge"] == "machine"}
    if any(row["coverage"]["only_first"] for row in held):
        rows.append({"": "weighted κ at worst", **dict.fromkeys(heads, "–"), **worst})
    machine = held[0]
    of_all = f"{counted(machine['n'], 'pair')} of {counted(machine['n_queries'], 'query', 'queries')}"
    graded = f"{machine['coverage']['share']:.0%} of those that people graded"
    emit(rows, rows=rows, title=f"Machine and people on {of_all}, {graded}")


def _by_part(held: Sequence[Row]) -> None:
    closed = all(row["end"] == "both" for row in held)
    rows = [
        {"": row["part"]}
        | ({} if closed else {"end": row["end"]})
        | {"weighted κ": shown(row, "weighted_kappa"), "κ": plain(row["kappa"]), "α": plain(row["alpha"])}
        | {"exact": plain(row["exact"]), "graded": plain(row["coverage"]["share"])}
        | {"pairs": row["n"], "queries": row["n_queries"]}
        for row in held
    ]
    emit(rows, rows=rows, title="By part")


def _ceiling(found: Audited) -> None:
    if found.audit.ceiling is None:
        return
    people, machine = _agreement(found.audit.ceiling.people), _agreement(found.audit.ceiling.machine)
    told = {"people with each other": people, "machine with each of them": machine}
    rows = [
        {"": FIGURES[name], **{head: shown(row, name) for head, row in told.items()}}
        for name in ("weighted_kappa", "kappa", "alpha")
    ]
    pairs, queries = counted(people["n"], "pair"), counted(people["n_queries"], "query", "queries")
    n = found.audit.ceiling.n_picked
    title = f"As far as a machine can be told from a person: {pairs} of {queries} that several people graded"
    left = f"Left out: {counted(n, 'pair')} that were picked, or graded again, by what was known" if n else ""
    emit(rows, rows=rows, title=title, note=left)


def _table(found: Audited) -> None:
    said = sorted({machine for _, machine in found.audit.table})
    people = sorted({told for told, _ in found.audit.table})
    rows = [{"people": told, **{name: found.audit.table.get((told, name), 0) for name in said}} for told in people]
    emit(rows, rows=rows, title="Pairs by what people say (rows) and what the machine says")


def _drift(found: Audited) -> None:
    """Versions by number, for their names are long."""
    names = list(dict.fromkeys(name for each in found.drifts for name in (each.older, each.newer)))
    rows = [
        {"versions": f"{names.index(row['older']) + 1} to {names.index(row['newer']) + 1}",
         "weighted κ": shown(row, "weighted_kappa"), "higher": plain(row["up"]), "lower": plain(row["down"]),
         "older, people": plain(row["older_and_people"]["weighted_kappa"]),
         "newer, people": shown(row["newer_and_people"], "weighted_kappa"), "pairs": row["n"]}
        for row in map(_drift_row, found.drifts)
    ]  # fmt: skip
    note = "\n".join(f"{number}: {name}" for number, name in enumerate(names, 1))
    emit(rows, rows=rows, title="Versions of the machine on the same pairs, older to newer", note=note)


def _drift_row(drift: Drift) -> Row:
    row = {
        "older": drift.older,
        "newer": drift.newer,
        **_agreement(drift.agreement),
        "up": drift.up,
        "down": drift.down,
    }
    row["confusion"] = drift.agreement.confusion.tolist()
    return row | {name: _agreement(getattr(drift, name)) for name in ("older_and_people", "newer_and_people")}


def _order(found: Audited) -> None:
    for each in found.ranked[:1] if _same_order(found) else found.ranked:
        rows = _systems(each.systems, each.order.by_people, each.order.by_machine)
        end = "" if _same_order(found) else f", {each.end} end"
        emit(rows, rows=rows, title=f"Systems in ndcg@10/judged{end}", note="\n".join(_order_told(each)))


def _order_told(ranked: Ranked) -> Iterator[str]:
    order = ranked.order
    yield (
        f"Kendall's τ of the two orders: {shown(ends('tau', order.tau), 'tau')}, "
        f"over {counted(order.n_queries, 'query', 'queries')}."
    )
    apart = f"{order.n_apart_by_people:,} of these by people's grades, {order.n_apart_by_machine:,} by the machine's"
    yield f"Systems are told apart in {apart}; the others tie."
    if math.isnan(order.tau.low) and not math.isnan(order.tau.value):
        yield "[–]: so few queries do not tell how far τ may move."
    if n := ranked.n_not_of_all:
        yield f"Left out: {counted(n, 'query', 'queries')} that some of these runs do not have."


def _same_order(found: Audited) -> bool:
    return len({(each.order.by_people, each.order.by_machine) for each in found.ranked}) == 1


def _systems(names: Sequence[str], people: Sequence[float], machine: Sequence[float]) -> list[Row]:
    told = zip(names, people, machine, strict=True)
    return [{"system": name, "people": one, "machine": other} for name, one, other in told]


def _probes(found: Audited) -> None:
    rows = [
        {"": row["name"], "fooled": shown(row, "fooled")}
        | {name: plain(row[name]) for name in PROBED[1:]}
        | {"pairs": row["n"], "silent": row["n_silent"]}
        for row in _probe_rows(found)
    ]
    emit(rows, rows=rows, title=f"Probes: what {found.now} falls for")


def _probe_rows(found: Audited) -> Iterator[Row]:
    from semsearch.relevance.auditing.probes import NEEDS

    for each in found.probes:
        missing = "" if each.n or each.n_silent else f"it takes {NEEDS[each.name]}"
        row: Row = {"name": each.name, "n": each.n, "n_queries": each.n_queries, "n_silent": each.n_silent}
        row["missing"] = missing or None
        for name in PROBED:
            row |= ends(name, getattr(each, name))
        yield row


def _clicks(clicks: ClickAgreement) -> Row:
    told = {"engaged": _agreement(clicks.engaged), "confusion": clicks.engaged.confusion.tolist()}
    return told | {"good_engaged": clicks.good_engaged, "good_shown": clicks.good_shown, "n_unseen": clicks.n_unseen}


def _tell_audit(found: Audited) -> None:
    for judge, n in found.audit.judges.items():
        talk(f"{counted(n, 'label')} by {judge}")
    if found.now not in found.audit.judges:
        talk(f"None of them is by {found.now}, which grade pairs and the probes ask now.")
    _tell_tuned_on(found)
    tell_outdated(found.outdated)
    if found.in_force and not found.in_force.locked:
        talk(f"Nothing was reported on the locked part of what grade tune chose, {found.in_force.told}.")
    for row in _probe_rows(found):
        if row["missing"]:
            talk(f"No pair for the probe '{row['name']}': {row['missing']}.")
    _tell_clicks(found)
    if not found.locked and found.n_locked:
        talk(f"Left out: {counted(found.n_locked, 'pair')} of the locked part: --locked --by NAME opens it.")
    tell_openings(found.openings, looked=found.locked)
    tell_left_out(found.truths)
    if n := len(found.audit.contradicting):
        talk(
            f"{counted(n, 'direct grade')} of people {'is' if n == 1 else 'are'} not what their facets give: slips, or "
            "the rubric's surprises. Compared as given; --json lists some."
        )


def _tell_tuned_on(found: Audited) -> None:
    """Say that figures are of labels by which the judge was chosen."""
    if not found.tuned_on:
        return
    locked = found.in_force.locked if found.in_force else None
    said = f": {plain(locked['weighted_kappa'])} weighted κ" if locked else ""
    talk(
        "grade tune chose this judge on the tuning and selection parts of these labels, so their figures flatter it; "
        f"what speaks of other queries is the locked part{said}."
    )


def _tell_clicks(found: Audited) -> None:
    clicks = found.clicks
    if clicks is None or not clicks.good_engaged.n + clicks.good_shown.n:
        return
    engaged, unclicked, same = clicks.good_engaged, clicks.good_shown, clicks.engaged
    if same.n:
        row = _agreement(same)
        talk(
            "Grades from clicks (2 for a chat or purchase, 1 for a click or favourite) and people's on "
            f"{counted(same.n, 'engaged pair')}: weighted κ {shown(row, 'weighted_kappa')}, "
            f"exact {shown(row, 'exact')}."
        )
    talk(
        f"People call {engaged.n_good:,} of {engaged.n:,} pairs relevant that somebody engaged, and "
        f"{unclicked.n_good:,} of {unclicked.n:,} that were shown and never engaged: "
        "an unclicked item is not a bad one."
    )
