"""The watch: decided cases against what a profile said of their posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tests.unit.spam.written import NOW, post

from semsearch.evaluation.intervals import wilson
from semsearch.records import Decision, Post, Verdict
from semsearch.settings import SpamSettings
from semsearch.spam.decided import Ruled
from semsearch.spam.worth.drift import LEARN, Agreement, Drift, watch
from semsearch.store.verdicts import text_of

FIVE = SpamSettings(drift=0.2, drift_decided=5)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


def case(number: int, confirmed: bool, *posts: Post) -> Ruled:
    kind = "confirm" if confirmed else "dismiss"
    decision = Decision(number, NOW, "민지", kind, f"a{number}", detail={"namespace": "listing"})
    return Ruled(f"a{number}", "listing", confirmed, decision, posts or (post(number),))


def said(of: Post, is_spam: bool | None, profile_id: str = "p1", **given) -> Verdict:
    cause = "undecided" if is_spam is None else ""
    verdict = Verdict(*text_of(of), of.author_id, of.created_at, profile_id, "hash", "small", is_spam, cause=cause)
    return replace(verdict, **given)


def held(cases: Sequence[Ruled], *verdicts: Verdict, settings: SpamSettings = FIVE, active=None) -> Drift:
    found: dict = {}
    for each in verdicts:
        found.setdefault((each.namespace, each.post_id, each.digest), []).append(each)
    return watch(cases, found, {"p1": "flood"} if active is None else active, settings)


def flagged(n_confirmed: int, n_dismissed: int) -> Drift:
    cases = [case(n, n < n_confirmed) for n in range(n_confirmed + n_dismissed)]
    return held(cases, *(said(each.posts[0], True) for each in cases))


def test_a_profile_drifts_when_the_lower_end_is_above_the_bound() -> None:
    """3 of 5 rejected: from 23 %. 4 of 10: from 17 %."""
    assert wilson(3, 5).low > 0.2 > wilson(4, 10).low
    drifted = flagged(2, 3)
    assert (drifted.drifted, drifted.next_step) == (("p1",), LEARN)
    assert "dismissed 3 of 5" in drifted.told[0] and "drifted" in drifted.told[0]
    unsure = flagged(6, 4)
    assert (unsure.drifted, unsure.next_step) == ((), "")
    assert "not surely above 20%" in unsure.told[0]
    assert "below 20%" in flagged(40, 0).told[0]


def test_fewer_decided_cases_than_the_setting_tell_nothing() -> None:
    few = flagged(0, 4)
    assert few.drifted == ()
    assert few.told == ("Profile 'flood': 4 flagged cases are decided; it takes 5 to tell.",)


def test_a_case_is_one_observation_however_many_posts_it_covers() -> None:
    many = [post(n) for n in range(30)]
    found = held([case(1, False, *many)], *(said(each, True) for each in many))
    assert found.profiles[0].whole == Agreement(n_flagged=1, n_rejected=1)


def test_what_was_called_ordinary_and_confirmed_is_missed() -> None:
    """Case 1: both posts ordinary. Case 2: one flagged, one ordinary. Case 3 is dismissed. Case 4 only abstained."""
    first, second = (post(1), post(2)), (post(3), post(4))
    cases = [case(1, True, *first), case(2, True, *second), case(3, False, post(5)), case(4, True, post(6))]
    verdicts = [said(first[0], False), said(first[1], False), said(second[0], True), said(second[1], False)]
    found = held(cases, *verdicts, said(post(5), False), said(post(6), None)).profiles[0].whole
    assert found == Agreement(n_flagged=1, n_confirmed=2, n_missed=1, n_missed_posts=3, n_abstained=1)
    assert found.missed == wilson(1, 2)


def test_profiles_and_months_are_told_apart() -> None:
    late = [replace(post(n), created_at=APRIL) for n in (10, 11)]
    cases = [case(1, True), case(2, False, *late)]
    verdicts = [said(post(1), True), said(post(1), False, "p2"), *(said(each, True) for each in late)]
    one, two = held(cases, *verdicts).profiles
    assert (one.profile_id, two.profile_id) == ("p1", "p2")
    assert one.months == {"2026-03": Agreement(n_flagged=1, n_confirmed=1), "2026-04": Agreement(1, 1)}
    assert one.whole == Agreement(n_flagged=2, n_rejected=1, n_confirmed=1)
    assert two.whole == Agreement(n_confirmed=1, n_missed=1, n_missed_posts=1)


def test_a_case_over_two_months_is_of_the_first() -> None:
    over = [replace(post(1), created_at=APRIL), post(2)]
    found = held([case(1, True, *over)], *(said(each, True) for each in over)).profiles[0]
    assert list(found.months) == ["2026-03"]


def test_only_active_profiles_drift_and_each_has_its_sentence() -> None:
    cases = [case(n, False) for n in range(9)]
    found = held(cases, *(said(each.posts[0], True, "old") for each in cases))
    assert found.profiles[0].whole.n_rejected == 9
    assert found.drifted == ()
    assert [told.split(":")[0] for told in found.told] == ["Profile 'flood'"]


def test_the_last_word_of_a_profile_counts_and_an_abstention_is_none() -> None:
    of = post(1)
    words = [said(of, True), said(of, False, model="new"), said(of, None, model="newer")]
    assert held([case(1, False, of)], *words).profiles[0].whole == Agreement()


def test_another_text_of_the_post_is_not_what_was_decided_on() -> None:
    assert held([case(1, False)], said(post(1, "an edit"), True)).profiles == ()
