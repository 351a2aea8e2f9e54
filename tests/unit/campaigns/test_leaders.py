import numpy as np
import pytest
from tests.unit.campaigns.made import DIM, prepared

from semsearch.campaigns.joining.leaders import Leaders, Place
from semsearch.campaigns.joining.memory import SEGMENT
from semsearch.settings import CampaignSettings

LONG = "selling a nearly new grey sofa with three seats and two cushions pick up in person only near the station"
NEAR = "selling a nearly new grey sofa with three seats and two cushions pick up in person only near the library"
FAR = "mountain bike with front suspension hardly ridden comes with lock and helmet price is fixed no delivery"


def leaders(**policy) -> Leaders:
    return Leaders(CampaignSettings(window_posts=100_000, **policy), DIM)


def join(state: Leaders, *posts, first=0):
    made = prepared(*posts)
    return state.join(made, [str(post) for post in posts], range(first, first + len(posts)))


def told(joined):
    return [(one.slot, one.home, one.net) for one in joined]


def test_an_equal_and_a_similar_text_follow_the_first():
    first, equal, near, far = join(leaders(), LONG, LONG, NEAR, FAR)
    assert (first.net, far.net) == ("leader", "leader")
    assert (equal.slot, equal.net, equal.strength) == (first.slot, "skeleton", 1.0)
    assert (near.slot, near.net) == (first.slot, "shingles")
    assert 0.5 <= near.strength < 1


def test_it_makes_no_difference_whether_posts_come_in_one_batch_or_alone():
    posts = [LONG, FAR, NEAR, (FAR + " call", "010"), LONG, ("something else entirely, quite another text", "010"), FAR]
    alone = leaders()
    assert told(join(leaders(), *posts)) == [told(join(alone, post))[0] for post in posts]


def test_a_chain_of_similar_texts_does_not_join_its_far_ends():
    words = [f"word{number:02d}" for number in range(60)]
    chain = [" ".join(words[start : start + 20]) for start in range(0, 40, 4)]
    joined = join(leaders(embedding=1.0), *chain)
    assert joined[1].slot == joined[0].slot
    assert joined[-1].slot != joined[0].slot


def test_a_contact_ties_another_text_as_a_variant_that_leads_its_own_kind():
    state = leaders()
    first, variant = join(state, (LONG, "01012345678"), (FAR, "01012345678"))
    assert (variant.home, variant.net, variant.detail) == (first.slot, "contact", "shared phone")
    assert variant.slot != first.slot
    (like_variant,) = join(state, FAR)
    assert (like_variant.slot, like_variant.home, like_variant.net) == (variant.slot, first.slot, "skeleton")


def test_the_contacts_of_a_variant_tie_nobody():
    state = leaders()
    join(state, (LONG, "1"))
    (variant,) = join(state, (FAR, "1"))
    other = "a set of four dining chairs in oak one has a scratch on its leg"
    made = prepared(other)
    both = type(made)(
        made.exact, made.signature, made.vectors, (prepared(("x", "1")).contacts[0],), made.disguise, made.wary
    )
    assert variant.net == "contact"
    assert state.join(both, ["both"], [0])[0].net == "contact"
    assert join(state, ("yet another text about a lamp with a shade", "2"))[0].net == "leader"


def test_a_text_with_too_little_in_it_joins_by_contact_alone():
    state = leaders()
    assert [one.net for one in join(state, "", "", ("", "9"), ("", "9"))] == ["leader", "leader", "leader", "contact"]


def test_a_similar_vector_joins_only_with_some_support_of_shingles():
    words = LONG.split()
    shuffled = " ".join(words[7:] + words[:7])
    assert join(leaders(shingles=0.99), LONG, shuffled)[1].net == "embedding"
    assert join(leaders(shingles=0.99, support=0.98), LONG, shuffled)[1].net == "leader"


def test_old_segments_go_and_leaders_of_living_campaigns_stay():
    state = leaders()
    join(state, LONG, FAR)
    rng = np.random.default_rng(0)
    filler = ["".join(chr(0xAC00 + int(c)) for c in row) for row in rng.integers(0, 11_172, (SEGMENT, 12))]
    for start in range(0, len(filler), 1000):
        some = filler[start : start + 1000]
        join(state, *some, first=2 + start)
    state.forget(SEGMENT + 2, lambda home: home == 0)
    again, gone = join(state, LONG, FAR, first=SEGMENT + 2)
    assert (again.slot, again.net) == (0, "skeleton")
    assert gone.net == "leader"


def test_a_person_puts_posts_where_they_belong():
    state = leaders()
    made = prepared(LONG, LONG, LONG, LONG)
    joined = state.join(
        made, ["a", "b", "c", "d"], [0] * 4, {1: Place("other", "leader"), 3: Place("other", "reviewer")}
    )
    assert told(joined) == [(0, 0, "leader"), (1, 1, "leader"), (1, 1, "skeleton"), (2, 1, "reviewer")]


@pytest.mark.parametrize("cosine", [0.95, 0.9])
def test_near_vectors_meet_in_a_bucket_as_often_as_the_bands_say(cosine):
    from semsearch.campaigns.joining import nets

    rng = np.random.default_rng(0)
    n, dim = 400, 64
    one = rng.standard_normal((n, dim))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    side = rng.standard_normal((n, dim))
    side -= (side * one).sum(axis=1, keepdims=True) * one
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    two = cosine * one + np.sqrt(1 - cosine**2) * side
    sides = [nets._sides(nets.packed(rows.astype(np.float32))) for rows in (one, two)]
    met = (sides[0] == sides[1]).any(axis=1).mean()
    expected = 1 - (1 - (1 - np.arccos(cosine) / np.pi) ** 16) ** 12
    assert met == pytest.approx(expected, abs=0.08)
