"""The route table: what found the sanctioned accounts, in numbers that can be counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.review.conftest import Market
from tests.unit.review.said import say

from semsearch.evaluation.intervals import wilson
from semsearch.records import Decision, Report
from semsearch.review import deciding
from semsearch.review.cases import Cases
from semsearch.review.routes import Pointing, Route, route_table, routes
from semsearch.store.decisions import Decisions
from semsearch.store.reports import Reports

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BY = {"by": "민지", "now": NOW}


def row(found: tuple[Route, ...], name: str) -> Route:
    return next(each for each in found if each.route == name)


def test_the_table_of_six_accounts() -> None:
    sanctioned = {"a": 10, "b": 10, "c": 10, "d": 10}
    pointings = [
        Pointing("llm", "a", 5), Pointing("llm", "b", 10), Pointing("llm", "c", 11), Pointing("llm", "x", 1),
        Pointing("llm", "y", 9), Pointing("llm", "z", 2), Pointing("look-alike", "a", 4),
        Pointing("user report", "a", 4), Pointing("user report", "x", 3), Pointing("user report", "a", 20),
    ]  # fmt: skip
    found = route_table(pointings, sanctioned, {"x": 8, "y": 8, "a": 12})
    assert (found.n_sanctioned, found.n_unfound) == (4, 2)
    assert [each.route for each in found.routes] == ["llm", "look-alike", "user report"]
    llm, alike, users = found.routes
    # a and b in time, c too late, x dismissed, y dismissed before it was flagged, z left alone
    assert (llm.n_pointed, llm.n_found, llm.n_late, llm.n_wrong, llm.n_undecided) == (6, 2, 1, 1, 2)
    assert (llm.n_judged, llm.precision, llm.precision_interval) == (3, 2 / 3, wilson(2, 3))
    assert (llm.share, llm.share_interval, llm.n_alone, llm.n_first) == (0.5, wilson(2, 4), 1, 1)
    assert llm.overlap == {"llm": 2, "look-alike": 1, "user report": 1}
    assert (alike.n_found, alike.n_alone, alike.n_first, users.n_first) == (1, 0, 1, 1)
    assert (users.n_pointed, users.n_wrong, users.precision) == (2, 1, 0.5)


def test_sanctions_alone_tell_no_precision() -> None:
    found = route_table([Pointing("rule", "a", 10, by_sanction=True)], {"a": 10}, {})
    rule = row(found.routes, "rule")
    assert (rule.n_found, rule.share, rule.n_judged, rule.precision) == (1, 1.0, 0, None)
    both = [Pointing("rule", "a", 10, by_sanction=True), Pointing("rule", "b", 3), Pointing("rule", "c", 3)]
    rule = row(route_table(both, {"a": 10, "b": 10}, {"c": 5}).routes, "rule")
    assert (rule.n_found, rule.n_judged, rule.precision) == (2, 2, 0.5)


def test_nothing_known_is_no_zero() -> None:
    found = route_table([], {}, {})
    assert [each.route for each in found.routes] == ["llm", "look-alike"]
    assert {(each.share, each.precision, each.n_found) for each in found.routes} == {(None, None, 0)}


def test_what_was_asked_after_the_sanction_is_found_in_hindsight() -> None:
    pointings = [
        Pointing("llm", "a", 5, said_us=90), Pointing("llm", "b", 5, said_us=10), Pointing("llm", "c", 11, said_us=90),
        Pointing("look-alike", "a", 7), Pointing("rule", "b", 6, by_sanction=True, said_us=6),
    ]  # fmt: skip
    found = route_table(pointings, dict.fromkeys("abc", 10), {})
    llm, alike, rule = found.routes
    # a was asked about at 90 only; nobody noted when the alert on a was raised by the clock on the wall
    assert (llm.n_found, llm.n_hindsight, llm.n_late, llm.n_first) == (2, 1, 1, 2)
    assert (alike.n_found, alike.n_hindsight, alike.n_first) == (1, None, 0)
    assert (rule.n_found, rule.n_hindsight) == (1, 0)


def test_a_log_of_last_year_is_told_in_the_time_of_its_posts(market: Market) -> None:
    """Posts and alerts of March, sanctioned that day; the models are asked a year later."""
    for post_id in ("p0", "p1"):  # u0, u1
        say(market.store, post_id, at=NOW + timedelta(days=365))
    ban = [Report(name, NOW, "sanction", "rule") for name in ("u0", "u1", "u2")]
    Reports(market.store).add(ban)
    llm, alike, rule = routes(market.store, NOW + timedelta(days=366)).routes
    assert (llm.n_found, llm.n_late, llm.n_hindsight) == (2, 0, 2)
    assert (alike.n_found, alike.n_late, alike.n_hindsight) == (3, 0, None)
    # the machines point by posts of the same time, as the alert stood from the first; the rule goes by another clock
    assert (llm.n_first, alike.n_first, rule.n_first) == (2, 3, 3)


def test_what_a_withdrawn_profile_flagged_is_no_pointing(market: Market) -> None:
    say(market.store, "p0")
    say(market.store, "p1", profile_id="pB")
    detail = {"namespace": "listing", "name": "pro", "prompt": "h", "text": "t"}
    decisions = Decisions(market.store)
    made = decisions.append(Decision(0, NOW, "민지", "approve", "pA", detail=detail), after=decisions.version())[0]
    assert row(routes(market.store, NOW).routes, "llm").n_pointed == 2
    undoing = Decision(0, NOW, "민지", "undo", str(made.decision_id))
    decisions.append(undoing, after=decisions.version())
    assert row(routes(market.store, NOW).routes, "llm").n_pointed == 1


def test_a_workspace_is_read(market: Market) -> None:
    say(market.store, "p0", at=NOW - timedelta(days=1))  # u0
    say(market.store, "p4", at=NOW + timedelta(days=1))  # u1, asked after the decision
    day = timedelta(days=1)
    Reports(market.store).add([
        Report("u5", NOW - day, "sanction", "키워드 룰"),
        Report("u5", NOW - 2 * day, "report", "User  Report"),
        Report("u2", NOW - day, "report", "user report"),
        Report("u0", NOW - 9 * day, "sanction", "LLM"),
    ])  # fmt: skip
    deciding.decide(market.store, "a1", "confirm", **BY)  # u0, u1, u2
    deciding.allow(market.store, "u2", **BY, reason="shop")
    found = routes(market.store, NOW)
    assert found.n_sanctioned == 3  # u0 nine days ago, u1 now, u5; u2 is allowed
    names = [each.route for each in found.routes]
    assert names == ["llm", "look-alike", "User  Report", "키워드 룰"]
    llm, alike, users, rule = found.routes
    assert (llm.n_pointed, llm.n_found, llm.n_late, llm.n_judged, llm.n_hindsight) == (2, 2, 0, 2, 1)
    assert (alike.n_pointed, alike.n_found, alike.n_late, alike.n_wrong) == (3, 1, 1, 1)
    assert (users.n_found, users.n_wrong, users.precision) == (1, 1, 0.5)
    assert (rule.n_alone, rule.n_first, rule.precision, users.n_first) == (0, 0, None, 1)
    assert found.n_unfound == 0


def test_what_was_undone_or_dismissed_is_no_sanction(market: Market) -> None:
    say(market.store, "p0", at=NOW)
    deciding.decide(market.store, "a1", "confirm", **BY)
    deciding.undo(market.store, "a1", **BY)
    deciding.decide(market.store, "a2", "dismiss", **BY)
    found = routes(market.store, NOW)
    llm = row(found.routes, "llm")
    assert (found.n_sanctioned, llm.n_wrong, llm.precision) == (0, 1, 0.0)  # u0 wrote in a2, too


def test_a_verdict_alone_sanctions_nobody(market: Market) -> None:
    """No path leads from a verdict to an account without a person's name."""
    for post_id in ("p0", "p6"):
        say(market.store, post_id, instructed=True)
    name = Cases(market.store, NOW).case(Cases(market.store, NOW).flagged()[0]).alert.alert_id
    for by in ("", "  "):
        with pytest.raises(Exception, match="name of the person"):
            deciding.decide(market.store, name, "confirm", by=by, now=NOW)
    assert (routes(market.store, NOW).n_sanctioned, Cases(market.store, NOW).version) == (0, 0)
