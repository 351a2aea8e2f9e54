"""Campaigns judged by their leaders, over real HTTP: one question a campaign, references for members."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from tests.contract.asking import opened
from tests.contract.chat_server import Server
from tests.unit.spam.asked import NOW, PROMPT, by_words, post, profile

from semsearch.records import Member, Post, Rulings
from semsearch.spam.verdicts.detecting import EMPTY, detect
from semsearch.spam.verdicts.leaders import Led, Reference, judge, leaders
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.store.journal import Journal
from semsearch.store.tables import posts as posts_table
from semsearch.store.times import to_us
from semsearch.store.verdicts import Verdicts

FLOOD = ("bags one", "bags two", "bags two", "bags three")


class Scanned:
    """Campaign c1 of four posts with three texts, p1 to p4; c2 of two, p5 and p6; p7 is alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.open(folder / "moderation.sqlite", now=NOW)
        self.journal, self.campaigns = Journal(self.store), CampaignStore(self.store)
        texts = (*FLOOD, "my bike", "my bike again", "alone")
        self.posts = [post(f"p{n}", text, minute=n) for n, text in enumerate(texts, 1)]
        self.journal.append(self.posts)
        names = ("c1",) * 4 + ("c2",) * 2
        members = [self.member(seq, name) for seq, name in enumerate(names, 1)]
        self.campaigns.commit(Step("listing", 7, members=members))

    def member(self, seq: int, campaign_id: str) -> Member:
        one: Post = self.posts[seq - 1]
        net = "leader" if seq in (1, 5) else "shingles"
        return Member(seq, campaign_id, one.post_id, 0, one.author_id, to_us(one.created_at), net, 1.0)

    def led(self, rulings: Rulings | None = None) -> list[Led]:
        return list(leaders(self.campaigns, self.journal, "listing", rulings or Rulings()))


@pytest.fixture
def scanned(tmp_path: Path, migrated: Path):
    shutil.copy(migrated, tmp_path / "moderation.sqlite")
    made = Scanned(tmp_path)
    yield made
    made.store.close()


def shape(led: list[Led]) -> dict[str, tuple[str, list[str], int]]:
    return {each.campaign_id: (each.leader.post_id, [m.post_id for m in each.members], each.n_texts) for each in led}


def test_one_question_stands_for_a_campaign(scanned: Scanned):
    verdicts = Verdicts(scanned.store)
    profiles = [profile("bags"), profile("shoes")]
    with Server(by_words) as server, opened(server, scanned.folder) as asker:
        asking = partial(
            detect, profiles=profiles, prompt=PROMPT, asker=asker, max_chars=4_000, clock=lambda: NOW,
            keep=verdicts.keep,
        )  # fmt: skip
        flood, bike = judge(scanned.led(), asking)
        assert server.n_calls == 4
    assert (flood.campaign.campaign_id, flood.judged.is_spam, flood.judged.matched) == ("c1", True, ("bags",))
    assert (bike.campaign.campaign_id, bike.judged.is_spam) == ("c2", False)
    assert flood.references[0] == Reference("listing", "p2", 0, "up2", "c1", ("p1", 0))
    assert [each.post_id for each in flood.references] == ["p2", "p3", "p4"]
    assert (flood.n_saved, bike.n_saved) == (4, 2)
    assert sorted({post_id for _, post_id, _ in verdicts.of(scanned.posts)}) == ["p1", "p5"]


def test_campaigns_are_as_people_left_them(scanned: Scanned):
    assert shape(scanned.led()) == {"c1": ("p1", ["p2", "p3", "p4"], 3), "c2": ("p5", ["p6"], 2)}
    merged = scanned.led(Rulings(merged={"c2": "c1"}))
    assert shape(merged) == {"c1": ("p1", ["p2", "p3", "p4", "p5", "p6"], 5)}
    split = scanned.led(Rulings(moved={("p3", 0): "c9", ("p4", 0): "c9"}))
    assert shape(split)["c9"] == ("p3", ["p4"], 2)
    assert shape(split)["c1"] == ("p1", ["p2"], 2)


def test_where_the_leader_was_erased_the_earliest_member_with_a_text_stands(scanned: Scanned):
    with scanned.store.writing() as connection:
        connection.execute(posts_table.delete().where(posts_table.c.post_id.in_(["p1", "p5", "p6"])))
    assert shape(scanned.led()) == {"c1": ("p2", ["p1", "p3", "p4"], 2)}


def test_a_leader_without_a_text_gives_way_to_a_member_with_one(scanned: Scanned):
    scanned.journal.append([post("p8", " ", minute=8), post("p9", "bags", minute=9)])
    blank, told = (
        Member(seq, "c3", f"p{seq}", 0, f"up{seq}", seq, net, 1.0) for seq, net in ((8, "leader"), (9, "contact"))
    )
    scanned.campaigns.commit(Step("listing", 9, members=[blank, told]))
    assert shape(scanned.led())["c3"] == ("p9", ["p8"], 1)


def test_a_leader_without_a_text_abstains_and_saves_nothing(scanned: Scanned):
    silent = [Led("listing", "c3", post("p8", " "), (), 0)]
    with Server(by_words) as server, opened(server, scanned.folder) as asker:
        asking = partial(
            detect, profiles=[profile("bags")], prompt=PROMPT, asker=asker, max_chars=4_000, clock=lambda: NOW
        )
        (found,) = judge(silent, asking)
        assert server.n_calls == 0
    assert (found.judged.cause, found.n_saved, found.references) == (EMPTY, 0, ())
