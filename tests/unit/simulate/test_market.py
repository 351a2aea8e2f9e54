import hashlib
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.records import Interaction, Item, Region, schema
from semsearch.simulate import Market, market
from semsearch.simulate.files import write
from semsearch.simulate.products import compose
from semsearch.simulate.tables import load_tables

N = 1500


@pytest.fixture(scope="module", params=["ko", "en"])
def made(request) -> Market:
    return market(N, seed=3, lang=request.param, n_searches=1500, per_kind=20)


def digests(folder) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_equal_seeds_give_equal_bytes_and_other_seeds_do_not(tmp_path, lang):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write(market(400, seed, lang, per_kind=10), tmp_path / name)
    first, again, other = (digests(tmp_path / name) for name in "abc")
    assert first == again
    assert len(first) == 10
    assert first["items.parquet"] != other["items.parquet"]
    assert first["interactions.parquet"] != other["interactions.parquet"]


def test_a_longer_log_leaves_the_catalogue_and_the_test_as_they_are():
    short, long = market(300, 1, n_searches=0, per_kind=10), market(300, 1, n_searches=900, per_kind=10)
    assert short.items.equals(long.items)
    assert short.queries.equals(long.queries)
    assert short.interactions.is_empty()
    assert long.interactions.filter(pl.col("kind") == "search").height == 900


@pytest.mark.parametrize(
    ("n", "seed", "lang", "searches"), [(0, 0, "ko", 1), (5, -1, "ko", 1), (5, 0, "fr", 1), (5, 0, "ko", -1)]
)
def test_bad_arguments_say_what_to_do(n, seed, lang, searches):
    with pytest.raises(UsageError) as caught:
        market(n, seed, lang, n_searches=searches)
    assert caught.value.next_step.startswith("Next:")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_market_of_one_item_is_whole(lang):
    one = market(1, 0, lang, n_searches=20)
    assert one.items.height == 1
    assert one.interactions.filter(pl.col("kind") == "search").height == 20


def test_tables_are_rich_enough():
    for lang in ("ko", "en"):
        tables = load_tables(lang)
        things = compose(tables)
        assert len(tables.leaves) >= 60
        assert len(tables.brands) >= 150
        assert len(things) >= 500
        assert sum(brand.invented for brand in tables.brands.values()) >= 20
        assert {thing.leaf.leaf for thing in things} == set(tables.leaves)


def test_frames_have_the_columns_of_the_records(made):
    assert dict(made.items.schema) == schema(Item)
    assert dict(made.interactions.schema) == schema(Interaction)
    assert dict(made.regions.schema) == schema(Region)
    assert made.items["item_id"].is_unique().all()
    assert made.items["item_id"].is_sorted()


def test_items_are_sound(made):
    items = made.items
    assert items["title"].str.strip_chars().str.len_chars().min() > 0
    assert not items["body"].str.contains(r"[{}@]").any()
    assert not items["title"].str.contains(r"[{}@]").any()
    assert (items["price"].drop_nulls() >= 0).all()
    assert (items["price"] == 0).sum() > 0
    assert items["price"].null_count() > 0
    ended = items.filter(pl.col("ended_at").is_not_null())
    assert set(ended["status"]) == {"sold", "hidden"}
    assert (ended["ended_at"] > ended["created_at"]).all()
    assert set(items.filter(pl.col("ended_at").is_null())["status"]) == {"active", "reserved"}
    assert items.filter(pl.col("created_at") >= made.end).is_empty()
    assert items.filter(pl.col("updated_at") < pl.col("created_at")).is_empty()
    assert set(items["region_id"]) <= set(made.regions["region_id"])
    assert all(isinstance(json.loads(text), dict) for text in items["attributes"])


def test_things_have_only_attributes_that_such_things_have(made):
    sized = made.truth.filter(pl.col("leaf") == "phone")
    assert not sized["attributes"].list.join(" ").str.contains("size=").any()
    assert sized["attributes"].list.join(" ").str.contains("storage=").all()


def test_prices_follow_condition():
    made = market(6_000, 1, "en", n_searches=0, per_kind=1)
    phones = made.items.hstack(made.truth.select("product_id", "leaf")).filter(pl.col("leaf") == "phone")
    usual = pl.col("price") / pl.col("price").mean().over("product_id")
    phones = phones.with_columns(usual.alias("relative"))
    new = phones.filter(pl.col("title").str.contains("(?i)brand new|sealed|bnib"))["relative"].mean()
    worn = phones.filter(pl.col("title").str.contains("as is|broken|parts"))["relative"].mean()
    assert new > 1.5 * worn


def test_neighbours_are_mutual_and_known(made):
    near = {row["region_id"]: set(row["neighbour_ids"]) for row in made.regions.iter_rows(named=True)}
    assert all(region not in others for region, others in near.items())
    assert all(region in near[other] for region, others in near.items() for other in others)
    assert all(region[0] in "0123456789" and len(region) == 4 for region in near)


def test_times_come_from_the_fixed_start(made):
    assert made.start == datetime(2025, 3, 1, tzinfo=UTC)
    assert made.end == datetime(2025, 4, 30, tzinfo=UTC)
