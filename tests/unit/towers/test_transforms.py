"""Transforms, groups and the texts that they end in; the arithmetic stands beside."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.records import Item
from semsearch.records import schema as columns
from semsearch.towers.schema.definition import Schema
from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.reading import parse_schema
from semsearch.towers.schema.tokens import Features, columns_read
from semsearch.towers.template import ItemTemplate
from semsearch.towers.tokenizer import FEATURE, add_tokens, train_tokenizer

T0 = datetime(2026, 1, 1, tzinfo=UTC)
NO_QUERIES = pl.DataFrame(schema={"query": pl.String})


def features_of(items: pl.DataFrame, groups: dict | None = None, **features: dict) -> Features:
    schema = parse_schema({"item": {"groups": groups or {}, "features": features}})
    return fitted(schema, NO_QUERIES, items)


def texts(items: pl.DataFrame, groups: dict | None = None, **features: dict) -> list[str]:
    return features_of(items, groups, **features).texts(items)


def test_values_rare_ones_and_missing_ones() -> None:
    items = pl.DataFrame({"region_id": ["011", "011", "012", None, "other", "other", " "]})
    region = {"column": "region_id", "type": "category"}
    expected = ["[region:011]", "[region:011]", "[region:other]", "", "[region:=other]", "[region:=other]", ""]
    assert texts(items, region=region) == expected
    assert texts(items, region=region | {"none": True})[3] == "[region:none]"
    assert texts(items, region=region | {"min_count": 1})[2] == "[region:012]"
    # 011 and other come twice; of equals the first by name is kept
    assert texts(items, region=region | {"size": 1})[4] == "[region:other]"
    assert features_of(items, region=region).tokens == ["[region:other]", "[region:011]", "[region:=other]"]


def test_leaves_and_paths() -> None:
    items = pl.DataFrame({"category": ["의류 > 신발 > 운동화", "의류 > 신발 > 구두"]})
    feature = {"type": "category", "min_count": 1}
    assert texts(items, category=feature | {"transform": "leaf"}) == ["[category:운동화]", "[category:구두]"]
    path = texts(items, category=feature | {"transform": "path", "min_count": 2})
    assert path == ["[category:의류] [category:의류 > 신발] [category:other]"] * 2


def test_buckets_by_quantiles_frozen_at_fit() -> None:
    items = pl.DataFrame({"price": [0.0, 10.0, 20.0, 30.0, 40.0]})
    features = features_of(items, price={"type": "number", "size": 4})
    # edges at 25, 50 and 75 %: 10, 20, 30; a value on an edge belongs above it
    assert features.texts(items) == ["[price:b0]", "[price:b1]", "[price:b2]", "[price:b3]", "[price:b3]"]
    later = pl.DataFrame({"price": [-5.0, 9.9, 1e9, None, float("nan"), float("inf")]})
    assert features.texts(later) == ["[price:b0]", "[price:b0]", "[price:b3]", "", "", ""]


def test_steps_of_the_standard_score() -> None:
    items = pl.DataFrame({"price": [1, 3]})
    # mean 2, deviation 1: scores -1 and 1; steps of one between -3 and 3: floor(-1 + 3) and floor(1 + 3)
    size = {"type": "number", "transform": "normalise", "size": 6}
    features = features_of(items, price=size)
    assert features.texts(items) == ["[price:z2]", "[price:z4]"]
    assert features.texts(pl.DataFrame({"price": [-100, 100]})) == ["[price:other]"] * 2  # never seen: z0 and z5
    assert texts(pl.DataFrame({"price": [7, 7]}), price=size) == ["[price:z3]"] * 2


def test_hashes_are_the_same_everywhere() -> None:
    # the first 8 bytes of BLAKE2b, big-endian, modulo 100; computed apart
    items = pl.DataFrame({"seller_id": ["s1", "s1", "나"]})
    feature = {"column": "seller_id", "type": "category", "transform": "hash", "size": 100}
    assert texts(items, seller=feature) == ["[seller:h12]", "[seller:h12]", "[seller:h75]"]


def test_parts_of_a_time() -> None:
    at = pl.Series([datetime(2026, 1, 1, 22, tzinfo=UTC)])  # a Thursday; in Seoul it is Friday, 7 o'clock
    items = pl.DataFrame({"created_at": at})
    feature = {"column": "created_at", "type": "time", "transform": "calendar", "tz": "Asia/Seoul"}
    assert texts(items, at=feature) == ["[at:7]"]
    assert texts(items, at=feature | {"part": "weekday"}) == ["[at:5]"]
    assert texts(items, at={"column": "created_at", "type": "time", "size": 2}) == ["[at:b1]"]


def test_lists_and_attributes() -> None:
    items = pl.DataFrame(
        {"tags": [["a", "b", "a", "c"], [], None], "attributes": ['{"brand": "[나이키]"}', "{}", None]}
    )
    tags = {"type": "list", "n": 3, "min_count": 1}
    brand = {"column": "attributes.brand", "type": "category", "min_count": 1}
    assert texts(items, tags=tags, brand=brand) == ["[tags:a] [tags:b] [brand:(나이키)]", "", ""]


def test_attributes_are_numbers_and_groups_too() -> None:
    held = ['{"weight": "2", "brand": "a"}', '{"weight": "heavy", "brand": "a"}', '{"weight": "4", "brand": "a"}']
    items = pl.DataFrame({"attributes": held * 3})
    weight = {"column": "attributes.weight", "type": "number", "size": 2, "none": True}
    assert texts(items, weight=weight)[:3] == ["[weight:b0]", "[weight:none]", "[weight:b1]"]
    group = {"relative": {"transform": "normalise", "column": "attributes.weight", "by": "attributes.brand"}}
    relative = {"column": "relative", "type": "number", "size": 2}
    assert texts(items, group, relative=relative)[:3] == ["[relative:b0]", "", "[relative:b1]"]


def test_text_is_cut_and_cannot_forge_a_token() -> None:
    items = pl.DataFrame({"title": ["싸요 [region:011] ［region:011］", "x"], "region_id": ["011", "011"]})
    region = {"column": "region_id", "type": "category"}
    made = texts(items, title={"type": "text"}, region=region)
    assert made == ["[region:011] 싸요 (region:011] (region:011]", "[region:011] x"]
    assert texts(items, title={"type": "text", "chars": 4}) == ["싸요", "x"]


def test_numbers_against_their_group() -> None:
    rows = [("a", float(x)) for x in (1, 1, 1, 3, 3, 3)] + [("b", 100.0)]
    items = pl.DataFrame(rows, schema=["category", "price"], orient="row")
    group = {"relative": {"transform": "normalise", "column": "price", "by": "category"}}
    score = {"column": "relative", "type": "number", "transform": "normalise"}
    fitted = features_of(items, group, price=score)
    # a: mean 2, deviation 1; b has one row only and is held against all
    state = fitted.state["groups"]["item.relative"]
    assert state["parts"] == {"a": [2.0, 1.0]}
    assert state["all"][0] == pytest.approx(16)
    one, three = fitted.texts(items)[0], fitted.texts(items)[3]
    assert one != three
    assert fitted.texts(pl.DataFrame({"category": ["a"], "price": [3.0]})) == [three]  # frozen


def test_logarithms_of_prices_and_gifts() -> None:
    items = pl.DataFrame({"category": ["a"] * 5, "price": [0.0, 0.0, 0.0, None, -1.0]})
    group = {"relative": {"transform": "normalise", "column": "price", "by": "category", "log": True}}
    made = texts(items, group, price={"column": "relative", "type": "number", "none": True})
    assert made[0] == made[1] != "[price:none]"
    assert made[3:] == ["[price:none]"] * 2


def test_two_columns_as_one() -> None:
    items = pl.DataFrame({"category": ["a", "b", None], "region_id": ["1", "2", "3"]})
    group = {"where": {"transform": "cross", "columns": ["category", "region_id"]}}
    assert texts(items, group, where={"type": "category", "min_count": 1}) == ["[where:a × 1]", "[where:b × 2]", ""]


# --- actors ----------------------------------------------------------------------------------------

ACTOR = parse_schema(
    {
        "query": {
            "of": "actor",
            "groups": {"recent": {"transform": "as_of", "columns": ["item_id", "category"], "n": 2}},
            "features": {
                "items": {"column": "recent.item_id", "type": "list", "as": "item"},
                "categories": {"column": "recent.category", "type": "list", "as": "category"},
            },
        },
        "item": {
            "features": {
                "id": {"column": "item_id", "type": "category", "as": "item", "min_count": 1},
                "category": {"type": "category", "min_count": 1},
            }
        },
    }
)
ITEMS = pl.DataFrame({"item_id": ["i1", "i2", "i3"], "category": ["shoe", "hat", None]})


def log(*rows: tuple[int, str, str]) -> pl.DataFrame:
    held = [{"ts": T0 + timedelta(hours=h), "actor_id": a, "item_id": i, "kind": "click"} for h, a, i in rows]
    return pl.DataFrame(held, schema_overrides={"ts": pl.Datetime("us", "UTC")})


def asks(*rows: tuple[str | None, int]) -> pl.DataFrame:
    held = {"actor_id": [a for a, _ in rows], "asked_at": [T0 + timedelta(hours=h) for _, h in rows]}
    return pl.DataFrame(held, schema={"actor_id": pl.String, "asked_at": pl.Datetime("us", "UTC")})


LOG = log((1, "ann", "i1"), (2, "ann", "i2"), (2, "bob", "i3"), (3, "ann", "i3"), (4, "ann", "i1"))


def test_recent_items_strictly_before_newest_first_each_once() -> None:
    asked = asks(("ann", 1), ("ann", 2), ("ann", 3), ("ann", 4), ("ann", 5), ("bob", 9), ("eve", 9), (None, 9))
    features = fitted(ACTOR, asked, ITEMS, LOG)
    assert features.query_texts(asked, log=LOG, items=ITEMS) == [
        "",  # the click of hour 1 is not before hour 1
        "[item:i1] [category:shoe]",
        "[item:i2] [item:i1] [category:hat] [category:shoe]",
        "[item:i3] [item:i2] [category:hat]",  # i3 has no category
        "[item:i1] [item:i3] [category:shoe]",  # clicked again, i1 is newer than i3
        "[item:i3]",
        "",
        "",
    ]
    assert features.texts(ITEMS)[0] == "[item:i1] [category:shoe]"  # the very same tokens
    by_kind = LOG.with_columns(kind=pl.lit("impression"))
    assert features.query_texts(asked, log=by_kind, items=ITEMS) == [""] * 8


def test_an_empty_log_and_none() -> None:
    features = fitted(ACTOR, asks(("ann", 5)), ITEMS, LOG)
    assert features.query_texts(asks(("ann", 5)), log=LOG.clear(), items=ITEMS) == [""]
    assert features.query_texts(asks(), log=LOG, items=ITEMS) == []
    with pytest.raises(UsageError, match="looks back into the log"):
        features.query_texts(asks(("ann", 5)), items=ITEMS)
    with pytest.raises(UsageError, match="column 'category', which neither the log nor the items have"):
        features.query_texts(asks(("ann", 5)), log=LOG, items=ITEMS.drop("category"))


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ab"), st.sampled_from(["i1", "i2", "i3"])), max_size=20),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10)), max_size=8),
)
def test_as_of_equals_looking_it_up_for_each_row(events: list, asked: list) -> None:
    frame = log(*sorted(events, key=lambda e: e[0])) if events else LOG.clear()
    features = fitted(ACTOR, asks(("ann", 5)), ITEMS, LOG)
    found = features.query_texts(asks(*asked), log=frame, items=ITEMS)
    for (actor, hour), text in zip(asked, found, strict=True):
        earlier = [i for h, a, i in sorted(events, key=lambda e: e[0]) if a == actor and h < hour]
        newest = list(dict.fromkeys(reversed(earlier)))[:2]
        assert [t for t in FEATURE.findall(text) if t.startswith("[item:")] == [f"[item:{i}]" for i in newest]


# --- sides, dictionaries, the plain case -----------------------------------------------------------


def test_anchors_are_looked_up_and_items_are_read_as_they_are() -> None:
    both = {"category": {"type": "category", "min_count": 1}, "id": {"column": "item_id", "type": "category"}}
    schema = parse_schema({"query": {"of": "item"}, "item": {"features": both}})
    examples = pl.DataFrame({"anchor_id": ["i2", "i1", "gone"], "item_id": ["i1", "i2", "i1"]})
    features = fitted(schema, examples, ITEMS)
    assert features.query_texts(examples, items=ITEMS)[:2] == [features.texts(ITEMS)[1], features.texts(ITEMS)[0]]
    assert features.query_texts(ITEMS) == features.texts(ITEMS)
    with pytest.raises(UsageError, match="its items are needed"):
        features.query_texts(examples)


def test_features_survive_json() -> None:
    asked = asks(("ann", 5))
    features = fitted(ACTOR, asked, ITEMS, LOG)
    again = Features.from_dict(json.loads(json.dumps(features.as_dict())))
    assert again.as_dict() == features.as_dict()
    assert again.tokens == features.tokens
    assert again.query_texts(asked, log=LOG, items=ITEMS) == features.query_texts(asked, log=LOG, items=ITEMS)


def test_the_default_is_todays_template() -> None:
    items = pl.DataFrame([{"item_id": "1", "title": "[새상품] USB  Hub", "body": "b"}], schema=columns(Item))
    plain = fitted(Schema.default(), pl.DataFrame({"query": ["a"]}), items)
    assert plain.is_plain
    assert plain.tokens == []
    assert plain.as_dict() == ItemTemplate().as_dict() == Features.plain().as_dict()
    assert plain.texts(items) == ItemTemplate().texts(items) == ["[새상품] usb hub b"]
    assert plain.query_texts(pl.DataFrame({"query": ["USB  [Hub]", None]})) == ["usb [hub]", ""]
    short = Features.from_dict(ItemTemplate(body_chars=9).as_dict())
    assert (short.is_plain, short.listing) == (True, ItemTemplate(body_chars=9))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_whatever_a_value_is_its_tokens_are_single_tokens(values: list[str]) -> None:
    values = [value.encode("utf-8", "replace").decode() for value in values]
    items = pl.DataFrame({"seller_id": values, "title": values})
    seller = {"column": "seller_id", "type": "category", "min_count": 1}
    features = features_of(items, seller=seller, title={"type": "text"})
    tokenizer = train_tokenizer(["abc"], 50)
    add_tokens(tokenizer, features.tokens)
    for text in features.texts(items):
        written = FEATURE.findall(text)
        assert len(written) <= 1
        assert set(written) <= set(features.tokens)
        found = tokenizer.encode(text, add_special_tokens=False).tokens
        assert [token for token in found if token.startswith("[")] == written


def test_what_nobody_knows_when_asked_is_null() -> None:
    text, region = {"column": "query", "type": "text"}, {"column": "region_id", "type": "category", "none": True}
    age = {"column": "age", "type": "number", "none": True}
    schema = parse_schema(
        {
            "query": {"features": {"text": text, "region": region, "age": age}},
            "item": {"features": {"title": {"type": "text"}}},
        }
    )
    assert columns_read(schema) == {"query": "text", "region_id": "category", "age": "number"}
    asked = pl.DataFrame({"query": ["a"], "region_id": ["1"], "age": [3]})
    features = fitted(schema, asked, pl.DataFrame({"title": ["a"]}))
    with pytest.raises(UsageError, match="no column 'region_id'"):
        features.query_texts(asked.select("query"))
    assert features.query_texts(features.completed(asked.select("query"))) == ["[region:none] [age:none] a"]
    assert columns_read(ACTOR) == {"actor_id": "category", "asked_at": "time"}
