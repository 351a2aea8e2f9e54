"""Verdicts: kept, replaced, flagged, and found again by their posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from semsearch.records import Post, Verdict
from semsearch.store.database import Store
from semsearch.store.verdicts import Verdicts, about, text_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def post(post_id: str = "p1", text: str = "정품 최저가, 문의 주세요", namespace: str = "listing", at: int = 0) -> Post:
    return Post(namespace, post_id, f"u{post_id[1:]}", NOW + timedelta(minutes=at), text)


def said(of: Post, is_spam: bool | None = True, *, at: int = 0, **more) -> Verdict:
    given = {"profile_id": "f1", "prompt_hash": "h1", "model": "small", "at": NOW + timedelta(hours=at)} | more
    return Verdict(*text_of(of), of.author_id, of.created_at, is_spam=is_spam, **given)


def test_a_verdict_is_read_back_as_it_was_kept(store: Store) -> None:
    whole = said(
        post(), None, reason="because", quotes=("최저가", "<phone>"), cause="cut", instructed=True,
        n_in=812, n_out=44, cost_usd=0.000_395_2,
    )  # fmt: skip
    Verdicts(store).keep([whole])
    assert Verdicts(store).of([post()]) == {("listing", "p1", whole.digest): [whole]}
    assert Verdicts(store).by_author("u1") == [whole]
    assert Verdicts(store).by_author("u2") == []


def test_the_last_of_one_key_stays_and_another_prompt_or_model_stands_beside_it(store: Store) -> None:
    first, again = said(post(), None, cause="failed"), said(post(), True, at=1)
    other, larger = said(post(), False, at=2, prompt_hash="h2"), said(post(), False, at=3, model="large")
    Verdicts(store).keep([first, other])
    Verdicts(store).keep([larger, replace(again, reason="not this one"), again])
    assert Verdicts(store).of([post()])[about(first)] == [again, other, larger]


def test_an_edited_post_has_no_verdict_yet(store: Store) -> None:
    edited = replace(post(), text="그냥 팝니다")
    Verdicts(store).keep([said(post())])
    assert Verdicts(store).of([edited]) == {}
    assert list(Verdicts(store).of([edited, post()])) == [text_of(post())]


def test_one_namespace_never_answers_for_another(store: Store) -> None:
    Verdicts(store).keep([said(post())])
    assert Verdicts(store).of([post(namespace="chat")]) == {}
    assert Verdicts(store).flagged("chat") == []


def test_a_step_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(UnicodeEncodeError):
        Verdicts(store).keep([said(post()), said(post("p2"), reason="\ud800")])
    assert Verdicts(store).of([post(), post("p2")]) == {}


def test_flags_come_newest_post_first_and_by_namespace_and_profile(store: Store) -> None:
    old, new, chat = post("p1", at=1), post("p2", at=2), post("p3", namespace="chat", at=3)
    verdicts = Verdicts(store)
    verdicts.keep([said(old), said(new, profile_id="f2"), said(chat), said(post("p4"), False), said(post("p5"), None)])
    assert [each.post_id for each in verdicts.flagged()] == ["p3", "p2", "p1"]
    assert [each.post_id for each in verdicts.flagged("listing")] == ["p2", "p1"]
    assert [each.post_id for each in verdicts.flagged("listing", ["f1"])] == ["p1"]
    assert verdicts.flagged(profile_ids=[]) == []


@pytest.mark.parametrize(
    ("later", "flags"),
    [
        ({"is_spam": False, "prompt_hash": "h2"}, []),
        ({"is_spam": True, "prompt_hash": "h2"}, ["h2"]),
        ({"is_spam": None, "prompt_hash": "h2"}, ["h1"]),
        ({"is_spam": False, "profile_id": "f2"}, ["h1"]),
        ({"is_spam": False, "prompt_hash": "h2", "at": -1}, ["h1"]),
        ({"is_spam": False, "model": "large", "at": 0}, []),
    ],
)
def test_a_later_answer_of_the_same_profile_takes_a_flag_back(store: Store, later: dict, flags: list[str]) -> None:
    Verdicts(store).keep([said(post()), said(post(), **({"at": 1} | later))])
    assert [each.prompt_hash for each in Verdicts(store).flagged()] == flags


def test_many_are_kept_and_found_in_pages(store: Store) -> None:
    many = [post(f"p{n}", f"text {n % 7}") for n in range(1_050)]
    verdicts = Verdicts(store)
    for _ in range(2):
        verdicts.keep([said(each, n % 2 == 0) for n, each in enumerate(many)])
    assert len(verdicts.of(many)) == 1_050
    assert len(verdicts.flagged()) == 525
    verdicts.keep([])


def test_no_statement_reads_the_whole_table(store: Store) -> None:
    seen: list[tuple] = []
    event.listen(store._engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
    verdicts = Verdicts(store)
    verdicts.keep([said(post()), said(post("p2"))])
    verdicts.of([post(), post("p2", namespace="chat")])
    verdicts.by_author("u1")
    verdicts.flagged("listing")
    asked = [each for each in seen if each[0].split()[0] in ("SELECT", "DELETE")]
    assert len(asked) == 5
    with store.reading() as connection:
        for statement, given in asked:
            one = given[0] if isinstance(given, list) else given
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)]
            assert plan and not [step for step in plan if step.startswith("SCAN")], (statement, plan)
