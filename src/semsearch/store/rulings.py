"""What follows from decisions: which are in force, and what they tell the machine. Pure functions of the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from semsearch.records import Decision, Rulings

VERDICTS = ("confirm", "dismiss")
MOVES = ("split", "lead")
"""Decisions that put their posts into the campaign `detail["to"]`."""


def in_force(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions that nobody undid, oldest first, without the undoings. An undoing can be undone as well.

    A benign memory that came with a dismissal (its `detail` names it) goes with it.
    """
    undone: set[str] = set()
    kept: list[Decision] = []
    for decision in reversed(decisions):
        if str(decision.decision_id) in undone:
            continue
        if decision.kind == "undo":
            undone.add(decision.subject)
        else:
            kept.append(decision)
    return [each for each in reversed(kept) if each.detail.get("dismissal") not in undone]


def standing(forced: Iterable[Decision]) -> dict[str, list[Decision]]:
    """What holds of each alert, by alert: its last confirmations, or its last dismissals, oldest first.

    A confirmation after a confirmation adds what joined since; one after a dismissal takes its place.
    """
    found: dict[str, list[Decision]] = {}
    for each in forced:
        if each.kind in VERDICTS:
            before = found.get(each.subject, [])
            found[each.subject] = [*(old for old in before if old.kind == each.kind), each]
    return found


def snoozes(forced: Iterable[Decision], now: datetime) -> dict[str, Decision]:
    """Snoozes that have not ended and that no later verdict replaced, by alert."""
    found: dict[str, Decision] = {}
    for decision in forced:
        if decision.kind == "snooze" and lasts(decision, now):
            found[decision.subject] = decision
        elif decision.kind in (*VERDICTS, "snooze"):
            found.pop(decision.subject, None)
    return found


def rulings(decisions: Sequence[Decision], now: datetime, confirmed_authors: frozenset[str]) -> Rulings:
    """What the machine is told: whatever has ended at `now` is left out."""
    forced = in_force(decisions)
    merged = merges(forced)
    lasting = [each for each in forced if lasts(each, now)]

    def now_in(campaign_id: str) -> str:
        return merged.get(campaign_id, campaign_id)

    moves = (each for each in forced if each.kind in MOVES)
    moved = {pair: now_in(each.detail["to"]) for each in moves for pair in each.members}
    return Rulings(
        benign={now_in(each.subject): each.until for each in lasting if each.kind == "benign"},
        snoozed={
            now_in(each.detail["campaign"]): each.until
            for each in snoozes(forced, now).values()
            if "campaign" in each.detail  # else of a single post
        },
        allowed={each.subject: each.until for each in lasting if each.kind == "allow"},
        merged=merged,
        moved=moved,
        led={each.members[0][0]: now_in(each.detail["to"]) for each in forced if each.kind == "lead"},
        confirmed_authors=confirmed_authors,
    )


def lasts(decision: Decision, now: datetime) -> bool:
    """Whether a decision has not ended."""
    return decision.until is None or decision.until > now


def merges(forced: Iterable[Decision]) -> Mapping[str, str]:
    """Campaign to the one that it is part of now; a merge that would close a circle is left out."""
    into: dict[str, str] = {}
    for decision in forced:
        if decision.kind == "merge":
            target = into.get(decision.detail["into"], decision.detail["into"])
            source = into.get(decision.subject, decision.subject)
            if source != target:
                into |= {name: target for name, last in into.items() if last == source} | {source: target}
    return into
