"""Features on held-out posts: counted by hand, asked over HTTP."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.contract.asking import PRICES, opened
from tests.contract.chat_replies import Asked, Reply, refuses, says
from tests.contract.chat_server import Server
from tests.unit.spam.written import post

from semsearch.errors import BudgetReached, UsageError
from semsearch.evaluation.intervals import Interval
from semsearch.llm.prompts import Prompts
from semsearch.spam.drafts.proving import Proof, Seen, asked_of, difference, prove, questions
from semsearch.spam.kept import Labelled
from semsearch.spam.shapes import SellerFeature

PROMPT = Prompts.open(None).get("spam-feature")
SHOP = SellerFeature(title="shop", sellers="They speak as a shop.", ordinary="They speak as a person.")
HASTE = SellerFeature(title="haste", sellers="They press.", ordinary="They wait.")
POSTS = Labelled(
    tuple(post(n, f"person {n}") for n in range(20)), tuple(post(n, f"store {n}") for n in range(20, 40))
)  # fmt: skip


def reads(asked: Asked) -> Reply:
    """`shop` is in every seller's post, and `haste` in those of even numbers; of post 30 nothing can be said."""
    words = asked.user.replace("¦", "").split()
    number = int([word for word in words if word.isdigit()][-1])
    if number == 30:
        return refuses()
    return says({"reasoning": "scripted", "present": number >= 20 if "shop" in words else number % 2 == 0})


def proven(folder: Path, *features: SellerFeature, posts: Labelled = POSTS, **changed) -> tuple[Proof, Server]:
    with Server(reads) as server:
        return proven_at(server, folder, *features, posts=posts, **changed), server


def proven_at(server: Server, folder: Path, *features: SellerFeature, posts: Labelled = POSTS, **changed) -> Proof:
    with opened(server, folder, **changed) as asker:
        return prove(features, posts, asker, PROMPT, namespace="listing")


def test_of_each_feature_it_is_counted_how_often_it_shows(tmp_path: Path) -> None:
    proof, server = proven(tmp_path, SHOP, HASTE)
    shop, haste = proof.features
    assert (shop.ordinary, shop.sellers) == (Seen(20, 0, 0), Seen(20, 19, 1))
    assert (haste.ordinary, haste.sellers) == (Seen(20, 10, 0), Seen(20, 9, 1))
    assert (shop.difference, haste.difference) == (1.0, pytest.approx(9 / 19 - 0.5))
    assert (shop.separates, haste.separates) == (True, False)
    assert [each.feature.title for each in proof.separating] == ["shop"]
    assert (proof.n_questions, proof.n_cached, server.n_calls) == (80, 0, 80)
    assert proof.cost_usd == pytest.approx(server.billed_usd(*PRICES["scripted-small"].values()))


def test_a_second_proof_costs_nothing_and_says_the_same(tmp_path: Path) -> None:
    with Server(reads) as server:
        first, again = (proven_at(server, tmp_path, SHOP) for _ in range(2))
    assert (server.n_calls, again.n_cached, again.cost_usd) == (40, 40, 0)
    assert again.features == first.features


def test_a_proof_that_the_budget_stops_goes_on_where_it_was(tmp_path: Path) -> None:
    with Server(reads) as server:
        with pytest.raises(BudgetReached):
            proven_at(server, tmp_path, SHOP, max_usd=0.02)
        n_before = server.n_calls
        rest = proven_at(server, tmp_path, SHOP)
    assert 0 < n_before < 40
    assert (rest.n_cached, server.n_calls) == (n_before, 40)
    assert rest.features[0].sellers == Seen(20, 19, 1)


def test_progress_is_told_answer_by_answer(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with Server(reads) as server, opened(server, tmp_path) as asker:
        prove([SHOP], POSTS, asker, PROMPT, namespace="listing", progress=lambda _, n, of: told.append((n, of)))
    assert told == [(n, 40) for n in range(1, 41)]


def test_as_many_of_each_side_are_asked_of() -> None:
    few = asked_of(Labelled(POSTS.ordinary, POSTS.sellers[:3]), 100)
    assert few == Labelled(POSTS.ordinary[:3], POSTS.sellers[:3])
    assert len(asked_of(POSTS, 5)) == 10


@pytest.mark.parametrize("posts", [Labelled((), POSTS.sellers), Labelled(POSTS.ordinary, ())])
def test_without_held_out_posts_nothing_can_be_proven(tmp_path: Path, posts: Labelled) -> None:
    with pytest.raises(UsageError, match="No post is held out"):
        proven(tmp_path, SHOP, posts=posts)


def test_the_questions_are_those_that_are_asked() -> None:
    asked = list(questions([SHOP, HASTE], POSTS, PROMPT, "listing"))
    assert len(asked) == 80
    assert asked[40].outside == {
        "feature": "1. haste\n   Professional sellers: They press.\n   Ordinary people: They wait.",
        "post": "person 0",
    }
    assert asked[39].outside["post"] == "store 39"


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """Table II of his paper, method 10."""
    assert ends(Seen(80, 48, 0), Seen(70, 56, 0)) == (0.0524, 0.3339)
    assert ends(Seen(10, 3, 0), Seen(10, 9, 0)) == (0.1705, 0.8090)
    assert ends(Seen(10, 0, 0), Seen(10, 10, 0)) == (0.6075, 1.0)
    assert ends(Seen(12, 3, 2), Seen(15, 9, 5)) == (0.1705, 0.8090)


def ends(ordinary: Seen, sellers: Seen) -> tuple[float, float]:
    found = difference(ordinary, sellers)
    return round(found.low, 4), round(found.high, 4)


def test_a_side_that_told_nothing_separates_nothing() -> None:
    silent = Seen(5, 0, 5)
    assert difference(silent, Seen(5, 5, 0)) == Interval(-1.0, 1.0)
    assert math.isnan(silent.share)
