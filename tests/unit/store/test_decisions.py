"""Decisions: appended, chained, and what follows from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from semsearch.errors import Busy
from semsearch.records import Decision, Post, Rulings
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal
from semsearch.store.rulings import in_force, rulings, standing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def made(kind: str, subject: str = "a1", number: int = 0, members=(), until=None, **detail: str) -> Decision:
    about = {"namespace": "listing", "campaign": "c1"} if kind in ("confirm", "dismiss", "snooze") else {}
    return Decision(number, NOW, "민지", kind, subject, members, "because", until, about | detail)


def follow(*given: Decision) -> Rulings:
    numbered = [made(d.kind, d.subject, n, d.members, d.until, **d.detail) for n, d in enumerate(given, start=1)]
    return rulings(numbered, NOW, frozenset())


def test_decisions_are_numbered_and_read_back(store: Store) -> None:
    decisions = Decisions(store)
    given = made("confirm", members=(("p2", 1), ("p1", 0), ("p2", 0)))
    assert decisions.version() == 0
    (kept,) = decisions.append(given)
    assert kept.members == (("p1", 0), ("p2", 0), ("p2", 1))
    pair = decisions.append(made("dismiss"), made("benign", "c1", until=LATER))
    assert [each.decision_id for each in (kept, *pair)] == [1, 2, 3]
    assert decisions.all() == [kept, *pair]
    assert decisions.version() == 3
    assert decisions.verify().first_broken is None


def test_two_people_at_once_do_not_decide_on_the_same_state(store: Store) -> None:
    decisions = Decisions(store)
    decisions.append(made("confirm"), after=0)
    with pytest.raises(Busy):
        decisions.append(made("dismiss"), after=0)
    assert decisions.version() == 1


@pytest.mark.parametrize("table", ["decisions", "decision_members"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET decision_id = 7"])
def test_the_tables_refuse_changes(store: Store, table: str, change: str) -> None:
    Decisions(store).append(made("confirm", members=(("p1", 0),)))
    with pytest.raises(IntegrityError, match="append-only"), store.writing() as connection:
        connection.exec_driver_sql(change.format(table))


def test_posts_can_be_erased_and_the_chain_holds(store: Store) -> None:
    Journal(store).append([Post("listing", "p1", "u1", NOW, "secret")])
    Decisions(store).append(made("confirm", members=(("p1", 0),)))
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE posts SET text = ''")
    assert Decisions(store).verify().first_broken is None


def test_authors_of_confirmed_posts_are_ruled_on(store: Store) -> None:
    given = [Post("listing", "p1", "u1", NOW, "x"), Post("listing", "p2", "u2", NOW, "x")]
    Journal(store).append([*given, Post("chat", "p2", "other", NOW, "x"), Post("listing", "p2", "late", NOW, "edited")])
    decisions = Decisions(store)
    decisions.append(made("confirm", members=(("p1", 0),)), made("confirm", members=(("p1", 0), ("p2", 0))))
    assert decisions.rulings(NOW).confirmed_authors == {"u1", "u2"}
    decisions.append(made("dismiss", members=(("p1", 0),)))
    assert decisions.rulings(NOW).confirmed_authors == set()
    decisions.append(made("undo", "3"), made("undo", "2"))
    assert decisions.rulings(NOW).confirmed_authors == {"u1"}


def test_moved_posts_are_ruled_on_with_their_campaign(store: Store) -> None:
    decisions = Decisions(store)
    decisions.append(made("split", "c1", members=(("p1", 0),), namespace="listing", to="c2"))
    decisions.append(made("lead", "c7", members=(("p9", 1),), namespace="listing", to="c7"))
    found = decisions.rulings(NOW)
    assert (found.moved, found.led) == ({("p1", 0): "c2", ("p9", 1): "c7"}, {"p9": "c7"})
    assert decisions.rulings(NOW, "listing") == found
    assert decisions.rulings(NOW, "chat") == Rulings()


def test_undoing_an_undoing_brings_a_decision_back() -> None:
    given = [made("confirm", number=1), made("undo", "1", 2), made("undo", "2", 3), made("dismiss", "a2", 4)]
    assert [each.decision_id for each in in_force(given)] == [1, 4]
    assert [each.decision_id for each in in_force(given[:2])] == []


def test_a_benign_memory_goes_with_its_dismissal() -> None:
    given = [made("dismiss", number=1), made("benign", "c1", 2, dismissal="1"), made("undo", "1", 3)]
    assert in_force(given) == []
    assert [each.decision_id for each in in_force([*given[:2], made("undo", "2", 3)])] == [1]


def test_confirmations_add_up_and_a_dismissal_takes_their_place() -> None:
    given = [made("confirm", number=1), made("confirm", number=2), made("snooze", number=3, until=LATER)]
    assert [each.decision_id for each in standing(given)["a1"]] == [1, 2]
    assert [each.decision_id for each in standing([*given, made("dismiss", number=4)])["a1"]] == [4]


def test_what_has_ended_is_left_out() -> None:
    found = follow(
        made("benign", "c1", until=NOW), made("benign", "c2", until=LATER), made("benign", "c3"),
        made("allow", "u1", until=NOW), made("allow", "u2"),
        made("snooze", "a1", until=NOW, campaign="c4"), made("snooze", "a2", until=LATER, campaign="c5"),
        made("snooze", "a3", until=LATER, campaign="c6"), made("confirm", "a3"),
    )  # fmt: skip
    assert found.benign == {"c2": LATER, "c3": None}
    assert found.allowed == {"u2": None}
    assert found.snoozed == {"c5": LATER}


def test_merges_never_chain_and_never_close_a_circle() -> None:
    merges = (made("merge", "c1", into="c2"), made("merge", "c2", into="c3"), made("merge", "c4", into="c1"))
    assert follow(*merges).merged == {"c1": "c3", "c2": "c3", "c4": "c3"}
    circle = follow(*merges[:2], made("undo", "1"), made("merge", "c3", into="c1"), made("undo", "3"))
    assert circle.merged == {"c1": "c3", "c2": "c3"}
    assert follow(made("benign", "c1"), *merges).benign == {"c3": None}
