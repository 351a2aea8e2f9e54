"""Truth and novelty of the worlds in which the long tail is measured."""

from types import SimpleNamespace

import polars as pl
import pytest
from bench.longtail_truth import MOST_FIT, draw, meant
from bench.longtail_worlds import BRAND_SHARE, PRODUCT_SHARE, Novelty, _without

from semsearch.simulate import Market, market
from semsearch.text.views import search


@pytest.fixture(scope="module")
def made() -> Market:
    return market(3000, 902, n_searches=6000, per_kind=5)


def keys(made: Market) -> pl.Series:
    return pl.Series("key", [search(query) for query in made.log_queries["query"]])


def test_what_is_meant_fits_exactly_and_lives(made):
    found = meant(SimpleNamespace(made=made, seed=902), keys(made))
    assert found.height > 500
    assert found["n_fit"].max() <= MOST_FIT
    alive = made.items.filter(pl.col("status") == "active")["item_id"]
    assert found["item_id"].is_in(alive.implode()).all()
    first = made.log_queries.with_columns(keys(made)).unique("key", maintain_order=True)
    joined = found.join(first, on="key").join(made.judgements(first), on=["query_id", "item_id"])
    assert joined.height == found.height
    assert (joined["grade"] == 2).all()


def test_what_is_meant_does_not_depend_on_what_else_is_asked(made):
    world = SimpleNamespace(made=made, seed=902)
    whole = meant(world, keys(made))
    some = whole["key"].gather_every(7)
    assert meant(world, some).equals(whole.filter(pl.col("key").is_in(some.implode())))
    assert draw(1, "자전거", 1) == 0
    assert len({draw(seed, "자전거", 50) for seed in range(30)}) > 10


def test_novel_brands_and_products_hold_their_share(made):
    novelty = Novelty.drawn(made)
    truth = made.truth
    of_brand = truth.filter(pl.col("brand").is_in(list(novelty.brands)))
    of_product = truth.filter(pl.col("product_id").is_in(list(novelty.products)))
    assert of_brand.height >= BRAND_SHARE * truth.height
    assert of_product.height >= PRODUCT_SHARE * truth.height
    assert not set(of_brand["item_id"]) & set(of_product["item_id"])
    assert set(novelty.items(made)) == set(of_brand["item_id"]) | set(of_product["item_id"])
    assert Novelty.drawn(made) == novelty


def test_nobody_asked_for_what_is_novel(made):
    novelty = Novelty.drawn(made)
    new = set(novelty.items(made))
    queries = novelty.queries(made)
    assert len(queries) > 50
    asked = made.log_queries.filter(pl.col("query").is_in(queries.implode()))
    exact = made.judgements(asked).filter(pl.col("grade") == 2)
    assert set(exact["item_id"]) <= new
    left = made.log_queries.filter(~pl.col("query").is_in(queries.implode()))
    fits = made.judgements(left).filter((pl.col("grade") == 2) & ~pl.col("item_id").is_in(list(new)))
    assert set(fits["query_id"]) == set(left["query_id"])
    log = _without(made.interactions, novelty.items(made), queries)
    assert not set(log["item_id"].drop_nulls()) & new
    assert not set(log["query"].drop_nulls()) & set(queries)
    assert log.filter(pl.col("kind") == "search").height > 0
