"""Growth is the same however the stream is cut; windows are what a recount gives."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.campaigns.growing.growth import Arrival, Growth, Raise
from semsearch.campaigns.growing.ladder import rung_of
from semsearch.campaigns.growing.windows import POINTS, Window
from semsearch.records import Alert, Rulings
from semsearch.settings import CampaignSettings

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
START = 400_000 * HOUR
POLICY = CampaignSettings(
    burst_hours=(1, 6), drip_days=2, floor=3, floor_plain=4, floor_author=4, floor_recipients=3, chance=0.5
)
NONE = Rulings()

steps = st.sampled_from(
    [0, 1, MINUTE, MINUTE, 7 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY, -MINUTE, -2 * HOUR, -30 * HOUR]
)
rare, often = st.sampled_from([False, False, False, True]), st.sampled_from([True, True, True, False])
events = st.tuples(
    steps,
    st.sampled_from(["", "", "a", "a", "a", "b"]),
    st.sampled_from("pppqrstu"),
    st.sampled_from([None, None, "x", "y", "z"]),
    st.sampled_from([None, "책"]),
    st.tuples(often, rare, rare),
)


def stream(drawn):
    """(campaign or empty, arrival), in journal order."""
    now, out = START, []
    for seq, (step, campaign, author, recipient, category, (counts, disguised, contact)) in enumerate(drawn):
        now += step
        out.append((campaign, Arrival(seq, now, author, recipient, category, counts, disguised, contact)))
    return out


class Kept:
    """What a store keeps, and a restart from it."""

    def __init__(self):
        self.volumes, self.members, self.alerts = {}, defaultdict(list), {}

    def commit(self, growth, raises):
        self.volumes |= growth.volumes()
        for r in raises:
            self.alerts[r.campaign_id] = _alert(r)

    def restart(self):
        rungs = {campaign: rung_of(alert) for campaign, alert in self.alerts.items()}
        return Growth.restore(POLICY, self.volumes, self.members, rungs)


def _alert(r: Raise) -> Alert:
    counts = (r.n_posts, r.n_authors, r.n_recipients)
    return Alert(r.campaign_id, r.campaign_id, "listing", r.kind, r.level, r.severity, r.at_us, *counts, r.reasons)


def run(posts, cuts=frozenset(), forget=False):
    """All raises; at each cut the state is thrown away and restored."""
    growth, kept, raises = Growth(POLICY), Kept(), []
    for i, (campaign, arrival) in enumerate(posts):
        growth.saw(arrival.at_us, arrival.category)
        found = None
        if campaign:
            kept.members[campaign].append(arrival)
            found = growth.joined(campaign, [arrival], NONE)
        raises += [found] if found else []
        if forget:
            growth.forget(arrival.at_us + DAY)
        kept.commit(growth, [found] if found else [])
        if i in cuts:
            growth = kept.restart()
    return raises


@settings(deadline=None, max_examples=300)
@given(st.lists(events, max_size=60), st.sets(st.integers(0, 59), max_size=4))
def test_a_restart_anywhere_changes_nothing(drawn, cuts) -> None:
    posts = stream(drawn)
    assert run(posts, cuts) == run(posts)


@settings(deadline=None, max_examples=100)
@given(st.lists(events, max_size=60))
def test_forgetting_changes_nothing(drawn) -> None:
    posts = stream(drawn)
    assert run(posts, forget=True) == run(posts)


@settings(deadline=None, max_examples=100)
@given(st.lists(events, max_size=60))
def test_levels_of_a_campaign_only_rise(drawn) -> None:
    levels = defaultdict(list)
    for r in run(stream(drawn)):
        levels[r.campaign_id].append(r.level)
    assert all(seen == sorted(set(seen)) for seen in levels.values())


@settings(deadline=None, max_examples=100)
@given(st.lists(events, max_size=60))
def test_two_campaigns_do_not_touch_each_other(drawn) -> None:
    posts = stream(drawn)
    alone = run([(campaign if campaign == "a" else "", arrival) for campaign, arrival in posts])
    assert [r for r in run(posts) if r.campaign_id == "a"] == alone


@settings(deadline=None, max_examples=200)
@given(st.lists(events, max_size=60))
def test_a_window_holds_what_a_recount_gives(drawn) -> None:
    window, latest, seen = Window(6 * HOUR), 0, []
    for _, arrival in stream(drawn):
        latest = max(latest, arrival.at_us)
        if arrival.at_us > latest - window.span_us:
            window.add(arrival)
        window.slide(latest - window.span_us)
        seen.append(arrival)
        inside = sorted((a for a in seen if a.at_us > latest - window.span_us), key=lambda a: (a.at_us, a.seq))
        assert window.arrivals[window.head :] == inside
        _recount(window, inside)


def _recount(window: Window, inside: list[Arrival]) -> None:
    authors = defaultdict(list)
    for a in inside:
        authors[a.author_id].append(a)
    assert window.authors == {author: len(posts) for author, posts in authors.items()}
    marked = {author: sum(a.contact or a.disguised for a in posts) for author, posts in authors.items()}
    assert window.marked == {author: n for author, n in marked.items() if n}
    assert window.points == sum(POINTS + min(len(posts) - 1, 4) for posts in authors.values())
    disguised = {author: sum(a.disguised for a in posts) for author, posts in authors.items()}
    assert window.disguised == {author: n for author, n in disguised.items() if n}
    assert window.with_contact == sum(a.contact for a in inside)
    to = {author: {a.recipient_id for a in posts if a.recipient_id} for author, posts in authors.items()}
    assert {author: set(sent) for author, sent in window.sent.items()} == {a: r for a, r in to.items() if r}
    assert window.n_recipients == len(set().union(*to.values()))
