"""Labelled posts: what is left out, who is asked about the rest, and the parts that are told apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from semsearch.errors import UsageError
from semsearch.plain import plain
from semsearch.records import Post
from semsearch.spam.kept import Labelled
from semsearch.spam.verdicts.detecting import EMPTY
from semsearch.spam.worth.evaluating import Answered, HeldOut, by_baseline, evaluate, held_out

MARCH, APRIL = datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
BIKE = "자전거 팝니다. 2년 탔고 상태 좋아요"
FLOOD = "정품 가방 최저가!! 도매 문의 환영, 당일발송"


def post(post_id: str, text: str, namespace: str = "listing", at: datetime = MARCH) -> Post:
    return Post(namespace, post_id, f"u{post_id}", at, text)


def left(*posts: Post, truth: str) -> HeldOut:
    return HeldOut(posts, tuple(each == "s" for each in truth), tuple(range(len(posts))), 0, 0)


def says(words: str):
    told = {"y": Answered(True), "n": Answered(False), "-": Answered(None, "cut"), "e": Answered(None, EMPTY)}
    return lambda posts: (told[each] for each, _ in zip(words, posts, strict=True))


def test_the_sample_and_what_is_like_it_are_left_out():
    sampled = Labelled((post("o1", BIKE),), (post("s1", FLOOD),))
    same, copied = post("s1", FLOOD), post("s2", FLOOD)
    alike, other = post("s3", FLOOD.replace("가방", "지갑")), post("s4", "명품 시계 전문 매장입니다. 카톡 주세요")
    found = held_out(Labelled((post("o2", "소파 드려요, 직접 가져가세요"),), (same, copied, alike, other)), sampled)
    assert [each.post_id for each in found.posts] == ["o2", "s4"]
    assert found.truth == (False, True)
    assert (found.n_sampled, found.n_alike) == (2, 1)


def test_a_known_campaign_is_left_out_as_a_whole_but_only_in_its_namespace():
    sampled = Labelled((), (post("s1", FLOOD),))
    member, stranger = post("s2", "전혀 다른 글, 시계 팔아요"), post("s2", "전혀 다른 글, 시계 팔아요", "chat")
    known = {"listing": {"s1": "c1", "s2": "c1"}}
    found = held_out(Labelled((), (member, stranger)), sampled, known)
    assert [each.namespace for each in found.posts] == ["chat"]
    assert found.n_alike == 1


def test_posts_that_are_alike_are_one_flood():
    posts = (post("s1", FLOOD), post("s2", FLOOD.replace("가방", "지갑")), post("s3", FLOOD, "chat"))
    found = held_out(Labelled((post("o1", BIKE),), posts), Labelled((), ()))
    by_id = dict(zip([(p.namespace, p.post_id) for p in found.posts], found.floods, strict=True))
    assert by_id["listing", "s1"] == by_id["listing", "s2"]
    assert len(set(by_id.values())) == 3


def test_nothing_left_and_posts_on_both_sides_are_refused():
    sides = Labelled((post("o1", BIKE),), (post("s1", FLOOD),))
    with pytest.raises(UsageError, match="No labelled post is left"):
        held_out(sides, sides)
    with pytest.raises(UsageError, match="1 post is labelled as both, such as o1") as refused:
        held_out(Labelled((post("o1", BIKE),), (post("o1", FLOOD),)), Labelled((), ()))
    assert refused.value.next_step.startswith("Next:")


def test_judges_stand_side_by_side_and_abstentions_have_their_causes():
    posts = [post(f"p{n}", f"text {n}") for n in range(4)]
    found = evaluate(left(*posts, truth="ssoo"), {"profile": says("y-n-"), "tf-idf": says("yyyn")})
    assert (found.n, found.n_spam) == (4, 2)
    assert found.causes == {"profile": {"cut": 2}, "tf-idf": {}}
    ours, rival = found.rows
    assert (ours["judge"], ours["precision"], ours["recall"], ours["coverage"]) == ("profile", 1.0, 1.0, 0.5)
    assert (ours["found"], ours["found_n"], ours["n_floods"]) == (0.5, 2, 4)
    assert (rival["precision"], rival["recall"], rival["f1"]) == (pytest.approx(2 / 3), 1.0, pytest.approx(0.8))
    (gap,) = [each for each in found.differences if each["figure"] == "precision"]
    assert (gap["judge"], gap["rival"], gap["n"], gap["difference"]) == ("profile", "tf-idf", 2, 0.5)


def test_parts_are_namespaces_and_months_where_there_are_several():
    posts = [post("p1", "a"), post("p2", "b", "chat"), post("p3", "c", at=APRIL), post("p4", "d", "chat", APRIL)]
    found = evaluate(left(*posts, truth="soso"), {"profile": says("ynny")})
    assert [(part.by, part.name) for part in found.parts] == [
        ("all", ""), ("namespace", "chat"), ("namespace", "listing"), ("month", "2026-03"), ("month", "2026-04"),
    ]  # fmt: skip
    recall = {(row["by"], row["part"]): row["recall"] for row in found.rows}
    assert recall == {
        ("all", ""): 0.5, ("namespace", "chat"): None, ("namespace", "listing"): 0.5,
        ("month", "2026-03"): 1.0, ("month", "2026-04"): 0.0,
    }  # fmt: skip
    alone = evaluate(left(posts[0], truth="s"), {"profile": says("y")})
    assert [part.by for part in alone.parts] == ["all"]


def test_the_baseline_judges_what_it_did_not_learn_and_abstains_from_blank_posts():
    things = ("자전거", "소파", "책상", "카메라", "시계")
    ordinary = tuple(post(f"o{n}", f"이사 가느라 {thing} 내놓아요. 2년 썼어요") for n, thing in enumerate(things))
    sellers = tuple(post(f"s{n}", f"{thing} 도매가 대량 문의 환영!! 당일발송") for n, thing in enumerate(things))
    judge = by_baseline(Labelled(ordinary, sellers))
    asked = [post("x1", "냄비 도매 문의 환영!!"), post("x2", " "), post("x3", "냄비 2년 썼어요. 이사 가느라")]
    assert list(judge(asked)) == [Answered(True), Answered(None, EMPTY), Answered(False)]


def test_an_evaluation_is_json_and_repeats():
    posts = [post(f"p{n}", f"text {n}") for n in range(6)]
    judges = {"profile": says("yyn--n"), "tf-idf": says("ynynny")}
    first, again = (evaluate(left(*posts, truth="sssooo"), judges, seed=3) for _ in range(2))
    assert first == again
    assert json.loads(json.dumps(plain(first)))["parts"][0]["figures"][0]["precision"]["n"] == 2
