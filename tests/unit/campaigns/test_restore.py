"""A scan that begins anew is where the last one ended: tables and later joins are those of an unbroken scan."""

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest

from semsearch.campaigns.detector import Window
from semsearch.campaigns.joining.prepare import prepare
from semsearch.campaigns.restore import Identity
from semsearch.campaigns.scan import Scan
from semsearch.errors import MismatchError
from semsearch.records import Decision, Post
from semsearch.settings import CampaignSettings
from semsearch.store.database import Store
from semsearch.wiring.scanning import open_state

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
SPAM = "급처 명품 가방 정품 보증서 포함 직접 만나서 드려요 연락 주세요 {}번 손님까지"
OTHER = "해외 이주로 급하게 정리하는 가구와 가전 일괄로 가져가실 분 찾습니다 {}층입니다"
HONEST = "{} 사이즈 운동화 두 번 신었고 {}역 앞에서 거래 원해요 박스 {}개 있어요"


def post(number: int, text: str, day: float, author: str | None = None) -> Post:
    return Post("listing", f"p{number}", author or f"a{number}", START + timedelta(days=day), text)


def stream(days: float = 40.0) -> list[list[Post]]:
    """Batches of ten: two campaigns that go on for all the days, one that ends early, honest posts between."""
    posts = []
    for number in range(200):
        day = days * number / 200
        text = HONEST.format(200 + number, number * 7919, number)
        if number % 5 == 0:
            text = SPAM.format(number)
        elif number % 7 == 0 and number < 60:
            text = OTHER.format(number)
        posts.append(post(number, text, day))
    return [posts[start : start + 10] for start in range(0, 200, 10)]


class Opened:
    """A store in a folder, scanned through scans that are opened anew."""

    def __init__(self, folder):
        self.store = Store.open(folder / "moderation.sqlite", now=NOW)
        self.state = open_state(self.store)

    def scan(self, batches, encoder_id="", **policy):
        settings = CampaignSettings(**({"window_days": 10.0} | policy))

        def submit(texts):
            done = Future()
            done.set_result(prepare(texts, settings, None))
            return done

        scan = Scan(self.state, Identity("listing", settings, encoder_id, 0), submit, (), NOW)
        return list(scan.run(batches, lambda: NOW))

    def tables(self):
        with self.store.reading() as connection:
            return {
                name: connection.exec_driver_sql(f"select * from {name} order by 1, 2, 3").fetchall()
                for name in ("members", "alerts", "volumes", "cursors")
            }

    def campaign_of(self, post_id):
        found = [each.campaign_id for each in self.state.campaigns.members("listing") if each.post_id == post_id]
        return found[0] if found else None


@pytest.fixture
def opened(tmp_path):
    made = []

    def make(name):
        (tmp_path / name).mkdir()
        made.append(Opened(tmp_path / name))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


@pytest.mark.parametrize("policy", [{}, {"window_days": 3.0}, {"window_posts": 1_000}, {"window_days": 100.0}])
def test_a_scan_that_is_opened_anew_for_each_batch_gives_the_tables_of_one(opened, policy):
    whole, cut = opened("whole"), opened("cut")
    whole.scan(stream(), **policy)
    for batch in stream():
        cut.scan([batch], **policy)
    assert cut.tables() == whole.tables()
    assert len(whole.tables()["members"]) > 40


def test_a_campaign_that_ended_before_the_window_is_gone_with_and_without_a_restart(opened):
    late = [[post(900, OTHER.format(3), 41.0)]]
    whole, cut = opened("whole"), opened("cut")
    whole.scan([*stream(), *late])
    cut.scan(stream())
    cut.scan(late)
    assert whole.campaign_of("p900") is None
    assert cut.tables() == whole.tables()


@pytest.mark.parametrize("changed", [{"shingles": 0.99}, {"shingles": 0.2}, {"min_letters": 60}])
def test_other_settings_change_nothing_about_what_was_scanned(opened, changed):
    one = opened("one")
    one.scan(stream())
    before = one.tables()["members"]
    one.scan([[post(901, SPAM.format(5), 40.5), post(902, SPAM.format(5), 40.5)]], **changed)
    assert one.tables()["members"][: len(before)] == before
    assert len({one.campaign_of(f"p{number}") for number in range(0, 200, 5)}) == 1


def test_another_encoder_is_refused_until_it_is_said_so(opened):
    one = opened("one")
    one.scan(stream())
    with pytest.raises(MismatchError) as refused:
        one.scan([[post(901, SPAM.format(5), 40.5)]], encoder_id="other")
    assert "campaigns reembed" in refused.value.next_step
    one.state.campaigns.reembed("listing", "other")
    one.scan([[post(902, SPAM.format(5), 40.5)]], encoder_id="other")
    assert one.campaign_of("p902") == one.campaign_of("p195")


@pytest.mark.parametrize("day", [39.0, 5.0])
def test_a_post_that_a_person_made_a_leader_is_joined_however_old(opened, day):
    one = opened("one")
    alone = "손편지와 함께 보내는 수제 쿠키 스물네 개 들이 상자를 정가보다 싸게 내놓습니다"
    number = int(day * 5)
    batches = stream()
    batches[number // 10] = [*batches[number // 10], post(700, alone, day)]
    one.scan(batches)
    lead = Decision(
        0, NOW, "minji", "lead", "p700", (("p700", 0),), "", None, {"to": "cled", "from": "", "namespace": "listing"}
    )
    one.state.decisions.append(lead)
    one.scan([[post(903, alone, 40.5)]])
    assert one.campaign_of("p903") == "cled"


def test_a_batch_from_long_ago_stays_when_it_is_all_that_fits():
    window = Window(10, 5)
    window.add(0, 5, 1_000)
    window.add(5, 5, 1)
    assert window.first_seq == 5
    window.add(10, 5, 1_001)
    assert (window.first_seq, window.since_us) == (10, 991)
