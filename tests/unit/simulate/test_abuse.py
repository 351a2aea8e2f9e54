from collections import Counter

import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.records import Post, schema
from semsearch.simulate.abuse import HELD_OUT, abuse_stream, families
from semsearch.simulate.abuse.sheet import KINDS


@pytest.fixture(scope="module")
def made():
    return abuse_stream(12_000, 1, n_campaigns=28)


@pytest.fixture(scope="module")
def rows(made):
    return made.posts.join(made.truth, on="post_id", maintain_order="left")


def one_campaign(rows):
    return rows.filter(pl.col("campaign").is_not_null())


def test_equal_arguments_give_equal_frames():
    first, again, other = (abuse_stream(1_000, seed) for seed in (3, 3, 4))
    assert first.posts.equals(again.posts)
    assert first.truth.equals(again.truth)
    assert not first.posts.equals(other.posts)


def test_posts_are_posts_in_order_of_time(made):
    assert dict(made.posts.schema) == schema(Post)
    assert made.posts.height == 12_000
    assert made.posts["post_id"].n_unique() == 12_000
    assert made.posts["created_at"].is_sorted()
    span = made.posts["created_at"].dt.epoch("s") - int(made.start.timestamp())
    assert span.min() >= 0
    assert span.max() <= 86_400
    assert made.posts.select("text", "author_id", "attributes").null_count().row(0) == (0, 0, 0)


def test_truth_says_of_each_post_what_it_is(made, rows):
    assert made.truth["post_id"].equals(made.posts["post_id"])
    assert set(rows["kind"]) == set(KINDS)
    spam = rows["kind"].is_in(["campaign", "chat_flood"])
    assert spam.equals(rows["campaign"].is_not_null(), check_names=False)
    assert (one_campaign(rows)["group"] == one_campaign(rows)["campaign"]).all()
    assert set(rows["strength"]) == {0, 1, 2, 3}
    assert set(one_campaign(rows)["speed"]) == {"fast", "medium", "slow"}
    honest = rows.filter(pl.col("campaign").is_null())
    assert honest["speed"].null_count() == honest.height
    assert honest["strength"].sum() == 0


def test_what_nobody_copied_is_a_group_of_its_own(rows):
    written_alone = rows.filter(pl.col("kind").is_in(["benign", "lookalike_product"]))
    assert written_alone["group"].n_unique() == written_alone.height
    sizes = Counter(rows["group"])
    assert all(sizes[group] >= 4 for group in rows.filter(pl.col("family").is_in(["shop", "viral"]))["group"])
    again = rows.filter(pl.col("kind") == "repost")
    assert again.group_by("group").agg(pl.col("author_id").n_unique())["author_id"].max() == 1


def test_campaigns_have_20_to_400_posts_of_several_authors(rows):
    campaigns = (
        one_campaign(rows)
        .group_by("campaign")
        .agg(pl.len(), pl.col("author_id").n_unique().alias("authors"), pl.col("kind", "family", "strength").first())
    )
    assert campaigns.height == 28
    assert campaigns["len"].min() >= 20
    assert campaigns["len"].max() <= 400
    assert campaigns.filter(pl.col("kind") == "campaign")["authors"].min() >= 4
    assert set(campaigns["family"]) == set(families("ko"))
    plain = campaigns.filter(pl.col("family").is_in(families("ko")[6:]))
    assert plain["strength"].min() >= 1, "a family of disguise always disguises"


def test_a_chat_flood_is_one_author_and_many_recipients(rows):
    floods = rows.filter(pl.col("kind") == "chat_flood").group_by("campaign").agg(
        pl.col("author_id", "namespace").n_unique(), pl.col("recipient_id").n_unique().alias("to"), pl.len()
    )  # fmt: skip
    assert floods.height == 2
    assert floods["author_id"].to_list() == [1, 1]
    assert (floods["to"] > floods["len"] * 0.9).all()
    chats = rows.filter(pl.col("namespace") == "chat")
    assert chats["recipient_id"].null_count() == 0
    assert chats["room_id"].null_count() == 0
    assert rows.filter(pl.col("namespace") == "listing")["recipient_id"].null_count() == rows.height - chats.height


def test_nearly_all_honest_texts_are_unique(rows):
    honest = rows.filter(pl.col("kind") == "benign")
    assert honest["text"].n_unique() / honest.height > 0.99
    assert honest["author_id"].n_unique() > honest.height / 6
    assert honest["category"].n_unique() > 40


def test_people_sleep_and_spammers_do_not(rows):
    honest = rows.filter(pl.col("kind") == "benign")
    hours = Counter(honest["created_at"].dt.convert_time_zone("Asia/Seoul").dt.hour())
    assert sum(hours[h] for h in (19, 20, 21)) > 5 * sum(hours[h] for h in (2, 3, 4))


def test_speeds_differ(rows):
    lasted = (pl.col("created_at").max() - pl.col("created_at").min()).dt.total_minutes().alias("minutes")
    spans = one_campaign(rows).group_by("campaign").agg(lasted, pl.col("speed").first())
    longest = {speed: spans.filter(pl.col("speed") == speed)["minutes"] for speed in ("fast", "medium", "slow")}
    assert longest["fast"].max() < 80
    assert 60 < longest["medium"].min() <= longest["medium"].max() < 11 * 60
    assert longest["slow"].min() > 12 * 60


def test_shops_keep_to_themselves_and_boilerplate_is_shared(rows):
    shops = rows.filter(pl.col("family") == "shop").group_by("group").agg(pl.col("author_id").n_unique())
    assert shops["author_id"].max() == 1
    shared = rows.filter(pl.col("family") == "boilerplate")
    assert shared["author_id"].n_unique() > shared.height / 4
    assert shared["category"].n_unique() > 10


def test_held_out_families_occur_only_when_asked_for(rows):
    judged = abuse_stream(2_000, 5, n_campaigns=4, held_out=True).truth["family"].drop_nulls()
    assert set(HELD_OUT["ko"]) <= set(judged)
    assert not set(HELD_OUT["ko"]) & set(rows["family"].drop_nulls())
    assert not set(HELD_OUT["en"]) & set(families("en"))


def test_families_can_be_chosen():
    made = abuse_stream(1_500, 2, n_campaigns=4, families=["prices", "sound"])
    assert set(made.truth.filter(pl.col("campaign").is_not_null())["family"]) == {"prices", "sound"}


def test_no_campaigns_at_all_leaves_honest_people():
    made = abuse_stream(600, 2, n_campaigns=0)
    assert set(made.truth["kind"]) == {"benign"}
    assert made.posts["text"].n_unique() > 590


def test_english_is_english():
    made = abuse_stream(1_500, 2, "en")
    assert not made.posts["text"].str.contains("[가-힣]").any()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n_posts": 10}, "at least 500"),
        ({"lang": "fr"}, "'fr'"),
        ({"seed": -1}, "seed"),
        ({"days": 0.0}, "no time"),
        ({"n_campaigns": 20}, "20 campaigns"),
        ({"families": ["finals"]}, "finals"),
        ({"n_campaigns": -1}, "-1 campaigns"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(UsageError, match=said) as caught:
        abuse_stream(**{"n_posts": 600, "seed": 0} | arguments)
    assert "Next:" in str(caught.value)
