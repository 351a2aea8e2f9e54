"""The ladder: what is news, and what is not."""

from __future__ import annotations

import json

from semsearch.campaigns.growing.ladder import Rung, climb, kept_by, rung_of, rungs_of
from semsearch.records import Alert

DAY = 86_400_000_000


def test_the_first_excess_is_news() -> None:
    assert climb(None, "many", 6.0, 100, DAY) == Rung(1, 6.0, 0.0, 100)
    assert climb(None, "one", 12.0, 100, DAY) == Rung(1, 0.0, 12.0, 100)


def test_the_next_is_double_and_no_less() -> None:
    rung = Rung(1, 6.0, 0.0, 100)
    assert climb(rung, "many", 11.75, 200, DAY) is None
    assert climb(rung, "many", 12.0, 200, DAY) == Rung(2, 12.0, 0.0, 200)


def test_falling_and_coming_back_is_not_news() -> None:
    rung = Rung(2, 12.0, 0.0, 100)
    for excess in (3.0, 11.0, 12.0, 13.0, 23.75):
        assert climb(rung, "many", excess, 200, DAY) is None


def test_after_a_silence_several_doublings_are_one_raise() -> None:
    assert climb(Rung(1, 6.0, 0.0, 100), "many", 50.0, 200, DAY) == Rung(4, 50.0, 0.0, 200)


def test_many_after_one_is_news_one_after_many_is_not() -> None:
    assert climb(Rung(1, 0.0, 12.0, 100), "many", 6.0, 200, DAY) == Rung(2, 6.0, 12.0, 200)
    rung = Rung(1, 10.0, 0.0, 100)
    assert climb(rung, "one", 19.0, 200, DAY) is None
    assert climb(rung, "one", 20.0, 200, DAY) == Rung(2, 10.0, 20.0, 200)


def test_what_grows_when_all_that_was_raised_is_gone_is_something_else() -> None:
    rung = Rung(3, 24.0, 0.0, 100)
    assert climb(rung, "many", 6.0, 99 + DAY, DAY) is None
    assert climb(rung, "many", 6.0, 100 + DAY, DAY) == Rung(4, 6.0, 0.0, 100 + DAY)


def alert(campaign, rung):
    ladder = {"ladder": kept_by(rung)}
    return Alert("a", campaign, "listing", "campaign", rung.level, "low", rung.at_us, 13, 12, 0, ladder)


def test_a_rung_comes_back_from_its_alert() -> None:
    rung = Rung(2, 12.25, 30.0, 7)
    assert rung_of(alert("c", rung)) == rung


def test_a_first_rung_is_told_in_the_same_words_after_a_restart() -> None:
    rung = climb(None, "many", 6.0, 7, DAY)
    assert rung is not None
    assert json.dumps(kept_by(rung_of(alert("c", rung)))) == json.dumps(kept_by(rung))


def test_merged_campaigns_keep_the_higher_rung() -> None:
    low, high, other = Rung(3, 6.0, 40.0, 9), Rung(2, 12.0, 0.0, 7), Rung(1, 5.0, 0.0, 8)
    alerts = [alert("a", low), alert("b", high), alert("c", other)]
    assert rungs_of(alerts, {"a": "b"}) == {"b": high, "c": other}
    assert rungs_of(alerts, {"b": "a"}) == {"a": high, "c": other}
    assert rungs_of(alerts, {}) == {"a": low, "b": high, "c": other}
