"""Posts to verdicts over real HTTP: who matches, who abstains and why, what is quoted, what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.asking import PRICES, opened
from tests.contract.chat_replies import Asked, Reply
from tests.contract.chat_server import Server
from tests.unit.spam.asked import NOW, PROMPT, by_words, judged, parts, post, profile, said

from semsearch.errors import BudgetReached, MissingService, UsageError
from semsearch.llm.answers import Answer, Question
from semsearch.records import Post, Verdict
from semsearch.spam.shapes import SpamVerdict
from semsearch.spam.verdicts.detecting import BATCH, EMPTY, NO_PROFILE, detect, questions
from semsearch.spam.verdicts.reading import UNDECIDED
from semsearch.store.database import Store
from semsearch.store.verdicts import Verdicts, text_of

BAGS, SHOES = profile("bags"), profile("shoes")
PRICE = PRICES["scripted-small"]


def test_any_profile_that_matches_counts_and_is_named(tmp_path: Path):
    posts = [post("p1", "many shoes"), post("p2", "bags and shoes"), post("p3", "my old bike")]
    with Server(by_words) as server:
        one, two, none = judged(server, tmp_path, posts, [BAGS, SHOES])
        assert server.n_calls == 6
    assert (one.is_spam, one.matched, one.reason) == (True, ("shoes",), "shoes in many shoes")
    assert (two.is_spam, two.matched, two.reason) == (True, ("bags", "shoes"), "bags in bags and shoes")
    assert (none.is_spam, none.matched, none.cause) == (False, (), "")
    assert [(each.profile_id, each.is_spam) for each in one.verdicts] == [("id-bags", False), ("id-shoes", True)]


def test_a_verdict_says_what_it_is_about_and_what_it_cost(tmp_path: Path):
    given = post("p1", "bags", minute=7)
    with Server(by_words) as server:
        (found,) = judged(server, tmp_path, [given], [BAGS])
        n_in, n_out = server.billed_in, server.billed_out
    (verdict,) = found.verdicts
    assert (verdict.namespace, verdict.post_id, verdict.digest) == text_of(given)
    assert (verdict.author_id, verdict.posted_at, verdict.at) == ("up1", given.created_at, NOW)
    assert (verdict.prompt_hash, verdict.model) == (PROMPT.prompt_hash, "scripted-small")
    assert (verdict.n_in, verdict.n_out) == (n_in, n_out)
    assert verdict.cost_usd == pytest.approx((n_in * PRICE["input"] + n_out * PRICE["output"]) / 1e6)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("refuse bags", "refused"),
        ("filter bags", "filtered"),
        ("long bags", "cut"),
        ("prose bags", "not JSON"),
        ("shape bags", "wrong shape"),
        ("unclear bags", UNDECIDED),
    ],
)
def test_what_is_no_answer_is_an_abstention_with_its_cause(tmp_path: Path, text: str, cause: str):
    with Server(by_words) as server:
        (found,) = judged(server, tmp_path, [post("p1", text)], [BAGS])
    assert (found.is_spam, found.cause, found.verdicts[0].is_spam, found.verdicts[0].cause) == (None, cause) * 2


def test_an_abstention_gives_way_to_a_match_and_not_to_a_no(tmp_path: Path):
    def answer(asked: Asked) -> Reply:
        written, text = parts(asked)
        return said(None) if "bags" in written else said("yes" in text)

    with Server(answer) as server:
        yes, no = judged(server, tmp_path, [post("p1", "yes"), post("p2", "no")], [BAGS, SHOES])
    assert (yes.is_spam, yes.matched, yes.cause) == (True, ("shoes",), "")
    assert (no.is_spam, no.matched, no.cause) == (None, (), UNDECIDED)


def test_only_quotes_that_stand_in_the_post_are_kept_without_marks_and_with_placeholders(tmp_path: Path):
    text = "정품 최저가!! 문의는\n010-1234-5678 로 Best Price"

    def answer(asked: Asked) -> Reply:
        assert "010-1234-5678" not in asked.user
        quotes = ["¦정품 ¦최저가!!", "문의는 [PHONE_1]", "best  PRICE", "도매 환영", " ", "¦정품 ¦최저가!!"]
        return said(True, *quotes, reasoning="¦최저가 라고 ¦씁니다")

    with Server(answer) as server:
        (found,) = judged(server, tmp_path, [post("p1", text)], [BAGS])
    assert found.quotes == ("정품 최저가!!", "문의는 [PHONE_1]", "best  PRICE")
    assert found.n_invented == 2
    assert found.reason == "최저가 라고 씁니다"


def test_quotes_come_from_those_who_say_the_same(tmp_path: Path):
    def answer(asked: Asked) -> Reply:
        return said(True, "many", "bags") if "bags" in parts(asked)[0] else said(False, "my")

    with Server(answer) as server:
        (found,) = judged(server, tmp_path, [post("p1", "many bags of my own")], [SHOES, BAGS])
    assert (found.quotes, found.matched) == (("many", "bags"), ("bags",))


def test_the_profile_is_sent_as_it_is_and_the_post_marked_both_in_the_user_message_alone(tmp_path: Path):
    written = profile("style", "1. They speak as a shop.\n   Professional sellers: a shop speaks.")
    with Server(lambda _: said(False)) as server:
        judged(server, tmp_path, [post("p1", "a post of mine")], [written])
        (asked,) = server.requests
    assert written.text in asked.user and "¦a ¦post ¦of ¦mine" in asked.user
    assert "post of mine" not in asked.system and written.text not in asked.system


def test_blank_posts_are_not_sent_and_keep_their_place(tmp_path: Path):
    texts = ["", "bags", " \n", "ㅤ", "shoes", ""]
    with Server(by_words) as server:
        found = judged(server, tmp_path, [post(f"p{n}", text) for n, text in enumerate(texts)], [BAGS])
        assert server.n_calls == 2
    assert [each.post.text for each in found] == texts
    assert [each.is_spam for each in found] == [None, True, None, None, False, None]
    assert {each.cause for each in found if each.is_spam is None} == {EMPTY}
    assert (found[0].verdicts[0].model, found[0].verdicts[0].profile_id) == ("", "id-bags")


def test_an_equal_text_is_asked_once_and_each_post_has_its_verdict(tmp_path: Path):
    posts = [post(f"p{n}", "cheap bags") for n in range(5)]
    kept: list[Verdict] = []
    with Server(by_words) as server:
        found = judged(server, tmp_path, posts, [BAGS], kept.extend)
        assert server.n_calls == 1
    assert [each.post_id for each in kept] == [each.post.post_id for each in found] == [f"p{n}" for n in range(5)]


def test_a_profile_judges_its_own_namespace_alone(tmp_path: Path):
    posts = [post("p1", "bags", "chat"), post("p2", "bags"), post("p3", "", "chat")]
    kept: list[Verdict] = []
    with Server(by_words) as server:
        chat, listing, blank = judged(server, tmp_path, posts, [BAGS], kept.extend)
        assert server.n_calls == 1
    assert (chat.is_spam, chat.cause, chat.verdicts) == (None, NO_PROFILE, ())
    assert (listing.is_spam, blank.cause) == (True, NO_PROFILE)
    assert [each.post_id for each in kept] == ["p2"]


def test_without_an_approved_profile_nothing_is_asked(tmp_path: Path):
    with Server(by_words) as server, pytest.raises(UsageError, match="No profile is approved") as refused:
        judged(server, tmp_path, [post("p1", "bags")], [])
    assert "semsearch spam approve" in refused.value.next_step
    assert server.n_calls == 0
    with pytest.raises(UsageError, match="No profile is approved"):
        questions([], [], PROMPT)


def test_the_same_prompt_without_a_profile_is_for_comparison(tmp_path: Path):
    with Server(by_words) as server:
        spam, other = judged(server, tmp_path, [post("p1", "spam"), post("p2", "a", "chat")], [], without_profile=True)
        assert not any("learned from other posts:" in asked.user for asked in server.requests)
    assert (spam.is_spam, spam.matched, spam.verdicts[0].profile_id, other.is_spam) == (True, (), "", False)


def test_what_is_priced_is_what_is_asked(tmp_path: Path):
    posts = [post("p1", "bags"), post("p2", ""), post("p3", "bags"), post("p4", "a", "chat"), post("p5", "shoes")]
    with Server(by_words) as server:
        with opened(server, tmp_path) as asker:
            estimate = asker.price(questions(posts, [BAGS, SHOES], PROMPT))
        assert (estimate.n, estimate.n_calls, server.n_calls) == (6, 4, 0)
        judged(server, tmp_path, posts, [BAGS, SHOES])
        assert server.n_calls == 4


def test_a_budget_stops_after_all_that_was_paid_is_given_and_kept(tmp_path: Path):
    posts = [post(f"p{n}", f"bags {n}") for n in range(60)]
    kept: list[Verdict] = []
    given = []
    with Server(by_words) as server:
        with opened(server, tmp_path, max_usd=0.03) as asker, pytest.raises(BudgetReached):
            for each in detect(posts, [BAGS], PROMPT, asker, max_chars=4_000, clock=lambda: NOW, keep=kept.extend):
                assert [v.post_id for v in kept][len(given)] == each.post.post_id
                given.append(each)
        n_paid = server.n_calls
        assert 0 < len(given) == len(kept) <= n_paid < 60
        assert len(judged(server, tmp_path, posts, [BAGS])) == 60
        assert server.n_calls == 60


def test_verdicts_of_a_run_that_is_left_are_kept_in_whole_batches_and_cost_nothing_again(tmp_path: Path):
    posts = [post(f"p{n}", f"bags {n}") for n in range(4 * BATCH)]
    kept: list[Verdict] = []
    with Server(by_words) as server:
        with opened(server, tmp_path) as asker:
            running = detect(posts, [BAGS], PROMPT, asker, max_chars=4_000, clock=lambda: NOW, keep=kept.extend)
            next(running)
            running.close()
        assert len(kept) == BATCH
        n_before = server.n_calls
        with Store.open(tmp_path / "moderation.sqlite", now=NOW) as store:
            judged(server, tmp_path, posts, [BAGS], Verdicts(store).keep)
            assert len(Verdicts(store).flagged("listing")) == len(posts)
        assert server.n_calls <= len(posts) + 8 and n_before >= BATCH


def test_an_endpoint_that_is_not_there_leaves_nothing(tmp_path: Path):
    kept: list[Verdict] = []
    with pytest.raises(MissingService):
        judged("http://127.0.0.1:9/v1", tmp_path, [post("p1", "bags")], [BAGS], kept.extend, retries=0)
    assert kept == []


class Parrot:
    """Answers at once what the post says: y, n or a for an abstention; pulls questions some ahead of its answers."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead

    def ask(self, questions: Iterable[Question[SpamVerdict]]) -> Iterator[Answer[SpamVerdict]]:
        waiting: list[Question[SpamVerdict]] = []
        for each in questions:
            waiting.append(each)
            if len(waiting) > self.ahead:
                yield self.answer(waiting.pop(0))
        yield from map(self.answer, waiting)

    def answer(self, asked: Question[SpamVerdict]) -> Answer[SpamVerdict]:
        spam = {"y": True, "n": False, "a": None}[str(asked.outside["post"])[-1]]
        value = SpamVerdict(reasoning=asked.approved["profile"], quotes=[], is_spam=spam)
        return Answer(value, "", "", "", "h", "m", 1, 1, 0.0, False, False)


@given(
    st.lists(st.sampled_from(["y", "n", "a", " "]), max_size=30), st.integers(0, 40), st.sampled_from([1, 2, 3]),
    st.booleans(),
)  # fmt: skip
def test_each_post_comes_once_in_order_with_all_its_verdicts(texts, ahead, n_profiles, keeps):
    posts = [post(f"p{n}", text) for n, text in enumerate(texts)]
    profiles = [profile(f"f{n}") for n in range(n_profiles)]
    kept: list[Verdict] = []
    found = list(
        detect(
            posts, profiles, PROMPT, Parrot(ahead),
            max_chars=100, clock=lambda: datetime.max, keep=kept.extend if keeps else None,
        )
    )  # fmt: skip
    assert [each.post for each in found] == posts
    assert [each.is_spam for each in found] == [{"y": True, "n": False}.get(text) for text in texts]
    assert all([v.profile_id for v in each.verdicts] == [p.profile_id for p in profiles] for each in found)
    assert kept == ([verdict for each in found for verdict in each.verdicts] if keeps else [])


def test_verdicts_of_a_long_post_are_about_all_of_it_and_quotes_about_what_was_sent(tmp_path: Path):
    long: Post = post("p1", "bags " * 20_000 + "the end")
    with Server(lambda _: said(True, "bags bags", "never said")) as server:
        (found,) = judged(server, tmp_path, [long], [BAGS])
    assert (found.verdicts[0].digest, found.quotes, found.n_invented) == (text_of(long)[2], ("bags bags",), 1)
