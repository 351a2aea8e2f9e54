"""The sample: seeded, balanced, one post a flood, whatever the order of the files."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.spam.written import post, posts, words

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.settings import SpamSettings
from semsearch.spam.drafts.sampling import Sample, sample

FOUR = SpamSettings(sample=4, least=2)
ORDINARY, SELLERS = posts(*range(10)), posts(*range(100, 110))


def drawn(ordinary=ORDINARY, sellers=SELLERS, chosen=FOUR, seed: int = 0, **also) -> Sample:
    return sample(ordinary, sellers, chosen, seed=seed, **also)


def ids(given) -> list[str]:
    return [each.post_id for each in given]


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing(rng: random.Random) -> None:
    flood = [post(200 + n, f"{words(100)} {n}") for n in range(3)]
    ordinary, sellers = list(ORDINARY), [*SELLERS, *flood]
    expected = drawn(ordinary, sellers)
    rng.shuffle(ordinary)
    rng.shuffle(sellers)
    assert drawn(ordinary, sellers) == expected


def test_another_seed_draws_other_posts() -> None:
    first, second = drawn(seed=1), drawn(seed=2)
    assert drawn(seed=1) == first
    assert ids(first.behind.sample.ordinary) != ids(second.behind.sample.ordinary)


def test_both_sides_have_as_many_and_the_rest_is_held_out() -> None:
    found = drawn(chosen=SpamSettings(sample=100, least=2), sellers=SELLERS[:3])
    assert len(found.behind.sample.ordinary) == len(found.behind.sample.sellers) == 3
    assert len(found.behind.held_out.ordinary) == 7
    assert found.behind.held_out.sellers == ()
    sampled, held = found.behind.sample.ordinary, found.behind.held_out.ordinary
    assert sorted(ids(sampled) + ids(held)) == sorted(ids(ORDINARY))


@pytest.mark.parametrize(("n", "n_sampled"), [(50, 40), (125, 100), (200, 100), (22, 20), (20, 20)])
def test_a_fifth_of_the_smaller_side_is_held_out_where_posts_are_few(n: int, n_sampled: int) -> None:
    found = drawn(posts(*range(250)), posts(*range(1000, 1000 + n)), SpamSettings(sample=100, least=20))
    assert (found.sellers.n_sampled, found.sellers.n_held_out) == (n_sampled, n - n_sampled)
    assert found.ordinary.n_sampled == n_sampled


FLOODS = {
    "alike": lambda n: post(200 + n, f"{words(99)} {'♥' * n} {n}"),
    "disguised": lambda n: post(200 + n, ("." * n).join(words(99).replace(" ", "|" * n))),
    "contact": lambda n: post(200 + n, f"{words(200 + n)} 010-2345-67{n:02}"[:-2] + "89"),
    "revisions": lambda n: replace(post(200), text=words(200 + n), revision=n),
    "campaign": lambda n: post(200 + n),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_one_flood_is_one_post(kind: str) -> None:
    flood = [FLOODS[kind](n) for n in range(1, 9)]
    known = {each.post_id: "c1" for each in flood} if kind == "campaign" else {}
    found = drawn(sellers=[*SELLERS[:4], *flood], chosen=SpamSettings(sample=5, least=5), campaigns=known)
    assert sum(each in flood for each in found.behind.sample.sellers) == 1
    assert found.behind.held_out.sellers == ()
    assert (found.sellers.n_given, found.sellers.n_alike, found.sellers.n_usable) == (12, 7, 5)


def test_a_flood_whose_ends_differ_is_one() -> None:
    """a and b share a contact, b and c a campaign, c and d words."""
    a, b = (post(n, f"{words(n)} 010-2345-6789") for n in (300, 301))
    c, d = post(302), post(303, words(302) + " !")
    found = drawn(sellers=[*SELLERS[:2], a, b, c, d], campaigns={b.post_id: "c1", c.post_id: "c1"})
    assert found.sellers.n_usable == 3


def test_an_author_comes_twice_only_when_there_are_no_others() -> None:
    busy = [post(200 + n, author="busy") for n in range(20)]
    for seed in range(5):
        few = drawn(sellers=[*SELLERS[:3], *busy], seed=seed)
        assert sorted(each.author_id for each in few.behind.sample.sellers) == ["busy", "u100", "u101", "u102"]
    more = drawn(sellers=[*SELLERS[:1], *busy])
    assert sorted(each.author_id for each in more.behind.sample.sellers) == ["busy", "busy", "busy", "u100"]


def test_a_flood_is_stood_for_by_an_author_who_is_not_drawn_yet() -> None:
    """Wherever a post of busy's is drawn first, the flood of busy and another one is the other one's."""
    given = [post(200, words(99), "busy"), post(201, words(99), "other"), post(300, author="busy")]
    found = [drawn(sellers=given, seed=seed).behind.sample.sellers for seed in range(8)]
    after = [second.author_id for first, second in found if first.post_id == "p300"]
    assert after and set(after) == {"other"}


def test_what_is_alike_on_both_sides_is_on_none() -> None:
    template = "이사 가서 정리합니다 상태 좋아요 직거래 원해요"
    found = drawn(ordinary=[*ORDINARY, post(50, template)], sellers=[*SELLERS, post(150, f"{template}!")])
    assert (found.ordinary.n_both, found.sellers.n_both) == (1, 1)
    held = [*found.behind.sample.pairs, *found.behind.held_out.pairs]
    assert not any(each.text.startswith(template) for each, _ in held)


def test_counts_add_up_and_blank_posts_are_out() -> None:
    sellers = [*SELLERS, post(150, " \u200b"), post(151, ""), post(152, f"{words(100)} !")]
    counted = drawn(sellers=sellers).sellers
    assert (counted.n_given, counted.n_blank, counted.n_alike, counted.n_both) == (13, 2, 1, 0)
    assert (counted.n_sampled, counted.n_held_out) == (4, 6)


def test_what_a_profile_keeps_has_digests_and_no_text() -> None:
    found = drawn(seed=7)
    kept = found.made_from
    digests = [hashlib.blake2b(p.text.encode(), digest_size=16).hexdigest() for p in found.behind.sample.sellers]
    assert kept["sellers"]["digests"] == digests
    assert (kept["seed"], kept["ordinary"]["n_sampled"]) == (7, 4)
    assert not any(each.text in str(kept) for each in ORDINARY)


def test_a_post_of_a_megabyte_is_read_in_time() -> None:
    long = [post(150, "아이폰 팝니다 010-1234-5678 " * 40_000), post(151, "ㅋ" * 1_000_000)]
    assert drawn(sellers=[*SELLERS, *long]).sellers.n_usable == 12


def chat(number: int) -> Post:
    return replace(post(number), namespace="chat")


@pytest.mark.parametrize(
    ("ordinary", "sellers", "told"),
    [
        ([], SELLERS, "no post by ordinary people"),
        (ORDINARY, [], "no post by professional sellers"),
        (ORDINARY, ORDINARY, "same file"),
        (ORDINARY, [replace(each, post_id=f"x{each.post_id}") for each in ORDINARY], "same file"),
        (ORDINARY, [*SELLERS, *ORDINARY[:3]], "3 of 13 posts by sellers are"),
        (ORDINARY, [*SELLERS, chat(1)], "chat and listing"),
        (ORDINARY, SELLERS[:1], "Of 1: 1 is left"),
        (ORDINARY, [post(1000, f"{words(99)} {n}") for n in range(9)], "Of 9, 8 look like another one"),
        (ORDINARY, [post(1000 + n, " ") for n in range(9)], "Of 9, 9 have no text: 0 are left"),
    ],
)
def test_what_cannot_be_learned_from_is_told(ordinary: list[Post], sellers: list[Post], told: str) -> None:
    with pytest.raises(UsageError, match=told) as error:
        drawn(ordinary, sellers)
    assert error.value.next_step.startswith("Next: ")
