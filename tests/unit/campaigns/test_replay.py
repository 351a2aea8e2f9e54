"""Replays on a few posts made by hand, and against what a detector and a scan raise."""

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from semsearch.campaigns.detector import Detector
from semsearch.campaigns.growing.growth import Raise
from semsearch.campaigns.joining.prepare import prepare
from semsearch.campaigns.replaying.outcomes import MINUTES_AN_ALERT, Judged, Span
from semsearch.campaigns.replaying.policies import Point, read_policy, swept
from semsearch.campaigns.replaying.replay import First, Reading, Run, before, join, read, replay
from semsearch.campaigns.replaying.truth import HONEST, Truth, truth_file
from semsearch.errors import UsageError
from semsearch.records import Post, Rulings
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored
from semsearch.store.times import to_us

START = datetime(2026, 3, 2, tzinfo=UTC)
EAGER = CampaignSettings(floor=3, floor_plain=3, floor_author=5, floor_recipients=5, chance=1.0)
SPAM = "급처 정품 명품가방 보증서 있어요 선입금 주시면 바로 보내드려요 010-1234-5678 {}"
THINGS = "의자 책상 침대 소파 냉장고 세탁기 자전거 유모차 카메라 노트북".split()  # noqa: SIM905


def post(n, text, author=None):
    return Post("listing", f"p{n}", author or f"u{n}", START + timedelta(minutes=10 * n), text, 0)


def stream(n_spam=9):
    """An hour of honest things, then spam by turns with them."""
    posts = []
    for n in range(60):
        thing = THINGS[n % 10]
        posts.append(f"{thing} {n}년 쓴 {thing} {'가나다라마바사아자차'[n // 6]}동에서 {n * 7}원")
    texts = posts[:12]
    for n, text in enumerate(posts[12:]):
        texts += [SPAM.format(n), text] if n < n_spam else [text]
    return [Stored(n + 1, post(n, text)) for n, text in enumerate(texts)]


def submit(texts):
    done = Future()
    done.set_result(prepare(texts, EAGER, None))
    return done


def reading(posts, size=7):
    return read([posts[n : n + size] for n in range(0, len(posts), size)], submit)


def one_run(policy, posts, **more):
    return replay([Point("x", policy)], lambda _: reading(posts, **more), "listing", Rulings())[0][0]


def told(run):
    return [(alert.raised.campaign_id, alert.seq, alert.raised.at_us, alert.raised.level) for alert in run.alerts]


def test_a_replay_raises_what_a_detector_with_that_policy_raises():
    posts = stream()
    detector, raised = Detector("listing", EAGER, 0), []
    for n in range(0, len(posts), 10):
        batch = posts[n : n + 10]
        raised += detector.take(batch, prepare([each.post.text for each in batch], EAGER, None)).alerts
    run = one_run(EAGER, posts)
    assert raised and run.n_raises == len(raised)
    assert [(c, at) for c, _, at, _ in told(run)] == [(a.campaign_id, a.at_us) for a in raised if a.level == 1]


def test_batches_make_no_difference_and_texts_are_not_kept():
    posts = stream()
    assert told(one_run(EAGER, posts, size=1)) == told(one_run(EAGER, posts, size=50)) != []
    assert {stored.post.text for stored in reading(posts).posts()} == {""}


def test_posts_are_read_once_for_all_that_read_alike_and_results_keep_their_order():
    read_as = []

    def gather(policy):
        read_as.append(policy.max_chars)
        return reading(stream())

    points = [
        Point("a", EAGER),
        Point("short", EAGER.changed({"max_chars": 100}, "", "")),
        Point("b", EAGER.changed({"floor": 1e6, "floor_plain": 1e6}, "", "")),
        Point("c", EAGER.changed({"shingles": 1.0, "shingles_wary": 1.0}, "", "")),
    ]
    runs = [run for run, _ in replay(points, gather, "listing", Rulings())]
    assert read_as == [EAGER.max_chars, 100]
    assert [run.point.name for run in runs] == ["a", "short", "b", "c"]
    assert told(runs[0]) == told(runs[1]) != [] and told(runs[2]) == []
    assert [told(run) for run in runs] == [told(one_run(point.policy, stream())) for point in points]


def test_every_setting_counts_as_one_of_reading_joining_or_growth():
    shared = ["burst_hours", "drip_days", "floor", "floor_plain", "floor_author", "floor_recipients", "chance"]
    other = {"burst_hours": (2.0,), "floor_author": 99, "floor_recipients": 99}
    base = Point("", EAGER)
    for name in shared:
        changed = Point("", EAGER.changed({name: other.get(name, 0.5)}, "", ""))
        assert (changed.joining, changed.reading) == (base.joining, base.reading), name
    for name in set(CampaignSettings.model_fields) - {*shared, "namespaces"}:
        value = {"model": "none", "allow_seller_types": ("shop",), "window_posts": 5000, "max_chars": 200,
                 "min_letters": 3}.get(name, 0.77)  # fmt: skip
        assert Point("", EAGER.changed({name: value}, "", "")).joining != base.joining, name


def test_allowed_authors_do_not_count():
    posts = [each._replace(post=post(each.seq - 1, each.post.text, "shop")) for each in stream()]
    allowed = Rulings(allowed={"shop": None})
    found = replay([Point("x", EAGER)], lambda _: reading(posts), "listing", allowed)
    assert found[0][0].alerts == () and one_run(EAGER, posts).alerts


def test_the_past_of_a_span_is_gone_through_as_well():
    assert before(START, CampaignSettings(window_days=30, drip_days=14)) == START - timedelta(days=30)
    assert before(START, CampaignSettings(window_days=3, drip_days=14)) == START - timedelta(days=14)
    assert before(START, CampaignSettings(window_days=1e12)).year == 1


def test_an_empty_reading_raises_nothing():
    assert join(Reading(()), EAGER, "listing", Rulings()).batches == ()
    assert one_run(EAGER, []).alerts == ()


# --- outcomes ----------------------------------------------------------------------------------------


def alert(seq, *members, name=None):
    raised = Raise(name or f"c{seq}", "campaign", 1, "low", to_us(START + timedelta(minutes=10 * (seq - 1))), 1, 1, 0)
    return First(raised, seq, members)


def outcome(truth, *alerts, n=12, span=None, later=None):
    posts = tuple(Stored(seq, post(seq - 1, "")) for seq in range(1, n + 1))
    day = span or Span(START, START + timedelta(days=2))
    judged = Judged(Reading(((posts, None),)), truth, day)
    members = {seq: each.raised.campaign_id for each in alerts for seq in each.members} | (later or {})
    return judged.outcome(Run(Point("x", EAGER), alerts, len(alerts), members))


def complete(**campaigns):
    return Truth("file", {}, {f"p{n - 1}": name for name, seqs in campaigns.items() for n in seqs}, complete=True)


def test_caught_how_soon_and_false_alerts_by_hand():
    truth = complete(a=[1, 3, 5, 7], b=[2, 9])
    found = outcome(truth, alert(5, 1, 3, 5), alert(6, 4, 6, 2))
    assert (found.n_campaigns, found.n_caught, found.caught) == (2, 1, 0.5)
    assert found.posts == (3.0, 3.0) and found.minutes == (40.0, 40.0)
    assert (found.n_alerts, found.n_false, found.false_a_day, found.alerts_a_day) == (2, 1, 0.5, 1.0)
    assert found.false_interval.low < 0.5 < found.false_interval.high
    assert found.reviewer_minutes == 2 * MINUTES_AN_ALERT and found.n_unjudged == 0


def test_half_of_an_alert_is_enough_and_several_campaigns_in_one_are_all_caught():
    truth = complete(a=[1, 2], b=[3, 4])
    assert outcome(truth, alert(6, 1, 2, 5, 6)).n_caught == 1
    mixed = outcome(truth, alert(6, 1, 2, 3, 5, 6, 7))
    assert (mixed.n_caught, mixed.n_false) == (2, 0)
    wrong = outcome(truth, alert(6, 1, 5, 6))
    assert (wrong.n_caught, wrong.n_false) == (0, 1)


def test_a_campaign_is_caught_when_half_of_its_posts_so_far_are_under_an_alert():
    truth = complete(a=[1, 2, 3, 4, 7, 8, 9])
    stray = outcome(truth, alert(5, 1), later={2: "other", 3: "other", 4: "other"})
    assert stray.n_caught == 0
    later = outcome(truth, alert(5, 1), later={7: "c5", 8: "c5", 9: "c5"})
    assert (later.n_caught, later.posts, later.minutes) == (1, (6.0, 6.0), (70.0, 70.0))


def test_one_that_joins_what_had_an_alert_already_is_caught_at_once():
    truth = complete(a=[1, 2], b=[8, 9])
    found = outcome(truth, alert(3, 1, 2, 3), later={8: "c3", 9: "c3"})
    assert (found.n_caught, found.posts[0], found.minutes) == (2, 1.5, (10.0, 18.0))


def test_without_decisions_what_was_caught_is_unknown_not_zero():
    found = outcome(Truth("", {}, {}, complete=False), alert(5, 1, 3))
    assert (found.n_campaigns, found.n_caught, found.caught, found.n_false, found.false_a_day) == (None,) * 5
    assert (found.posts, found.minutes, found.n_unjudged, found.n_alerts) == (None, None, 1, 1)


def test_by_decisions_what_nobody_decided_on_is_unjudged():
    truth = Truth("", {("p0", 0): "a1", ("p1", 0): "a1", ("p2", 0): HONEST, ("p3", 0): HONEST}, {}, complete=False)
    found = outcome(truth, alert(2, 1, 2), alert(4, 3, 4), alert(8, 7, 8), alert(9, 3, 7, 8))
    assert (found.n_caught, found.n_campaigns, found.n_false, found.n_unjudged) == (1, 1, 1, 2)


def test_only_what_began_in_the_span_can_be_caught_and_only_alerts_in_it_count():
    late = Span(START + timedelta(minutes=25), START + timedelta(minutes=85))
    truth = complete(a=[1, 3, 5], b=[4, 6, 8])
    found = outcome(truth, alert(5, 1, 3, 5), alert(6, 4, 6), alert(11, 9, 11), span=late)
    assert (found.n_campaigns, found.n_caught, found.n_alerts, found.n_false) == (1, 1, 2, 0)
    assert found.alerts_a_day == pytest.approx(2 / (1 / 24))


# --- policies and truth files ---------------------------------------------------------------------------


def policy_file(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return path


def test_a_policy_changes_what_it_names_with_or_without_its_table(tmp_path):
    for text in ("floor = 9\nburst_hours = [2.0]", "[campaigns]\nfloor = 9\nburst_hours = [2.0]"):
        policy = read_policy(policy_file(tmp_path, text), EAGER)
        assert (policy.floor, policy.burst_hours, policy.floor_author) == (9, (2.0,), EAGER.floor_author)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("flour = 9", "campaigns.flour: there is no such setting"),
        ("floor = 'many'", "campaigns.floor: 'many' is not a number"),
        ("floor = -1", "campaigns.floor: it should be greater than 0"),
        ("floor = ", "is not TOML"),
        ("[campaigns]\nfloor = 1\n[notify]\nsinks = []", "more than"),
        ("[namespaces.chat]\nfloor = 1", "of one namespace"),
        ("campaigns = 3", "more than"),
    ],
)
def test_a_policy_that_cannot_be_says_why(tmp_path, text, told):
    with pytest.raises(UsageError, match=told) as caught:
        read_policy(policy_file(tmp_path, text), EAGER)
    assert caught.value.next_step.startswith("Next: ")


def test_a_missing_policy_file_says_so(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_policy(tmp_path / "none.toml", EAGER)


def test_a_sweep_is_every_combination():
    points = swept(EAGER, ["floor=4, 6", "shingles=0.3,0.5"])
    assert [point.name for point in points] == [
        "floor 4, shingles 0.3", "floor 4, shingles 0.5", "floor 6, shingles 0.3", "floor 6, shingles 0.5",
    ]  # fmt: skip
    assert (points[2].policy.floor, points[2].policy.shingles) == (6, 0.3)


@pytest.mark.parametrize("sweep", ["floor", "floor=", "flour=1", "floor=a", "floor=0", "floor=1;2", "=1"])
def test_a_sweep_that_cannot_be_says_why(sweep):
    with pytest.raises(UsageError) as caught:
        swept(EAGER, [sweep])
    assert caught.value.next_step.startswith("Next: ")


def test_a_sweep_has_bounds():
    with pytest.raises(UsageError, match="more than 200"):
        swept(
            EAGER,
            ["floor=" + ",".join(map(str, range(1, 21))), "shingles=" + ",".join(f"0.{n}" for n in range(10, 21))],
        )
    with pytest.raises(UsageError, match="twice"):
        swept(EAGER, ["floor=1", "floor=2"])


def test_a_truth_file_names_campaigns_and_leaves_the_rest_honest(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("\ufeffpost_id,family,campaign\np1,x,c1\np2,,\n", "utf-8")
    truth = truth_file(path)
    assert [truth.of(post(n, "")) for n in (1, 2, 3)] == ["c1", HONEST, HONEST]
    pl.DataFrame({"post_id": ["p1", "p2"], "campaign_id": [7, None]}).write_parquet(tmp_path / "truth.parquet")
    assert [truth_file(tmp_path / "truth.parquet").of(post(n, "")) for n in (1, 2, 3)] == ["7", HONEST, HONEST]
    path.write_text("id,campaign\n1,2\n")
    with pytest.raises(UsageError, match="columns id, campaign"):
        truth_file(path)
    with pytest.raises(UsageError, match="cannot be read"):
        truth_file(tmp_path / "none.csv")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError):
        truth_file(path)
