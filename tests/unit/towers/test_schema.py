"""Reading schema.toml, and what is said of a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from semsearch.errors import MissingPart, UsageError
from semsearch.towers.schema.definition import LISTING, TYPED, Schema
from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.reading import parse_schema, read_schema
from semsearch.towers.schema.tokens import Features
from semsearch.towers.schema.validation import validate

USER_TO_ITEM = """
[query]
of = "actor"

[query.groups]
recent = { transform = "as_of", columns = ["item_id", "category"], n = 20 }

[query.features]
items      = { column = "recent.item_id", type = "list", as = "item" }
categories = { column = "recent.category", type = "list", transform = "leaf", as = "category" }

[item.groups.price_in_leaf]
transform = "normalise"
column = "price"
by = "category"
log = true

[item.features]
id       = { column = "item_id", type = "category", as = "item", size = 5000 }
category = { type = "category", transform = "leaf", required = true }
price    = { column = "price_in_leaf", type = "number", size = 4, none = true }
listing  = { type = "text", transform = "listing", body_chars = 0 }
"""


def read(tmp_path: Path, text: str) -> Schema:
    (tmp_path / "schema.toml").write_text(text, encoding="utf-8")
    return read_schema(tmp_path / "schema.toml")


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as raised:
        read(tmp_path, text)
    assert "Next: " in raised.value.next_step
    return str(raised.value)


def test_a_schema_is_read_with_its_defaults(tmp_path: Path) -> None:
    schema = read(tmp_path, USER_TO_ITEM)
    assert schema.of == "actor"
    assert schema.query.groups[0].options["kinds"] == ["click", "favorite", "chat", "purchase"]
    by_name = {feature.name: feature for feature in schema.features}
    assert by_name["items"].transform == "top"
    assert by_name["items"].size == by_name["id"].size == 5000  # shared tokens share it
    assert (by_name["price"].transform, by_name["price"].min_count) == ("bucketise", 1)
    assert by_name["category"].min_count == 2
    assert by_name["listing"].options["title_chars"] == 300


def test_a_schema_survives_json_and_its_digest_is_of_the_content(tmp_path: Path) -> None:
    schema = read(tmp_path, USER_TO_ITEM)
    again = parse_schema(json.loads(json.dumps(schema.as_dict())))
    assert again == schema
    assert again.digest == schema.digest
    assert read(tmp_path, f"# a comment\n{USER_TO_ITEM}").digest == schema.digest
    assert read(tmp_path, USER_TO_ITEM.replace("n = 20", "n = 21")).digest != schema.digest


def test_a_query_side_without_features_is_the_typed_text_or_the_items_own(tmp_path: Path) -> None:
    listing = '[item.features]\nlisting = { type = "text", transform = "listing" }'
    assert read(tmp_path, listing) == Schema.default()
    similar = read(tmp_path, f'[query]\nof = "item"\n{listing}')
    assert similar.query == similar.item
    assert Schema.default().query.features == (TYPED,)
    assert Schema.default().item.features == (LISTING,)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("of =", "off ="), r"line 3 \[query.off\]: there is no key 'off' here. ?\n?.*"),
        (('"actor"', '"seller"'), r"line 3 \[query.of\]: of is 'seller'; it is one of query, item, actor"),
        (('"as_of"', '"asof"'), r"line 6 \[query.groups.recent\]: there is no transform 'asof'.\nDid you mean as_of"),
        (("n = 20", "n = 0"), "would make nothing"),
        (("n = 20", 'n = "20"'), r"\[query.groups.recent.n\]: n is '20'; it must be a whole number"),
        (('by = "category"', ""), r"line 12 \[item.groups.price_in_leaf\]: normalise needs the key 'by'"),
        (('"leaf", required', '"laef", required'), r"line 20 \[item.features.category\]: there is no transform 'laef'"),
        (('type = "number"', 'type = "money"'), r"line 21 \[item.features.price\]: there is no type 'money'"),
        (('type = "number"', 'type = "number", transform = "leaf"'), "leaf does not fit the type number"),
        (("size = 4", "sise = 4"), r"line 21 \[item.features.price.sise\]: there is no key 'sise'"),
        (("size = 4", "size = 0"), "at least 1"),
        (("required = true", "required = 1"), "it must be true or false"),
        (('as = "item", size', 'as = "Item", size'), "'Item' cannot name tokens"),
        (('"list", as = "item"', '"list", as = "item", size = 9'), "tokens named 'item' have size 9 elsewhere"),
        (('"list", as = "item"', '"list", transform = "hash", as = "item"'), "another transform"),
        (("[item.features]", "[item.things]"), r"line 18 \[item.things\]: there is no key 'things'"),
        (("[query.features]", "[query.featers]"), "Did you mean features"),
        (("[query]", "[query"), "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_wrong_schema(tmp_path: Path, wrong: tuple[str, str], told: str) -> None:
    import re

    assert wrong[0] in USER_TO_ITEM
    message = refusal(tmp_path, USER_TO_ITEM.replace(*wrong, 1))
    assert re.search(told, message), message


def test_sides_without_features_and_no_file(tmp_path: Path) -> None:
    assert "the item side has no features" in refusal(tmp_path, '[query]\nof = "query"')
    actor = '[query]\nof = "actor"\n[item.features]\ntitle = { type = "text" }'
    assert "an actor has no features" in refusal(tmp_path, actor)
    looks_back = '[item.groups]\nr = { transform = "as_of" }\n[item.features]\ntitle = { type = "text" }'
    assert "on the query side only" in refusal(tmp_path, looks_back)
    with pytest.raises(MissingPart, match="There is no"):
        read_schema(tmp_path / "nothing.toml")


ITEMS = pl.DataFrame(
    {
        "item_id": ["i1", "i2", "i3"],
        "title": ["나이키 운동화", "TV", ""],
        "category": ["신발 > 운동화", None, " "],
        "price": [1.0, None, 3.0],
    }
)
ACTORS = pl.DataFrame(schema={"actor_id": pl.String, "asked_at": pl.Datetime("us", "UTC"), "anchor_id": pl.String})


def test_missing_required_values_stop_validation(tmp_path: Path) -> None:
    schema = read(tmp_path, USER_TO_ITEM)
    with pytest.raises(UsageError, match=r"2 of 3 rows have no 'category', which is required; first item_id: i2, i3"):
        validate(schema, ACTORS, ITEMS)
    whole = ITEMS.with_columns(category=pl.lit("a"))
    validate(schema, ACTORS, whole)


def test_missing_columns_and_columns_of_another_kind(tmp_path: Path) -> None:
    schema = read(tmp_path, USER_TO_ITEM)
    with pytest.raises(UsageError, match=r"item.groups.price_in_leaf\]: there is no column 'price'"):
        validate(schema, ACTORS, ITEMS.drop("price"))
    with pytest.raises(UsageError, match=r"no column 'asked_at'. Did you mean"):
        validate(schema, ACTORS.rename({"asked_at": "ask_at"}), ITEMS)
    text = parse_schema({"item": {"features": {"price": {"type": "text"}}}})
    with pytest.raises(UsageError, match=r"column 'price' holds Float64, not text"):
        validate(text, pl.DataFrame({"query": ["a"]}), ITEMS)
    lists = read(tmp_path, USER_TO_ITEM.replace('type = "list", as', 'type = "category", as'))
    with pytest.raises(UsageError, match=r"makes a list of 'recent.item_id', not a category"):
        validate(lists, ACTORS, ITEMS)


def test_groups_read_columns_of_their_kind(tmp_path: Path) -> None:
    words = USER_TO_ITEM.replace('column = "price"\n', 'column = "title"\n')
    with pytest.raises(UsageError, match=r"price_in_leaf\]: column 'title' holds String, not number"):
        validate(read(tmp_path, words), ACTORS, ITEMS)
    crossed = 'pair = { transform = "cross", columns = ["recent.item_id", "actor_id"] }\n\n[query.features]'
    with pytest.raises(UsageError, match=r"makes a list of 'recent.item_id', not a category"):
        validate(read(tmp_path, USER_TO_ITEM.replace("\n[query.features]", crossed)), ACTORS, ITEMS)


def test_a_byte_order_mark_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, f"\ufeff{USER_TO_ITEM}") == read(tmp_path, USER_TO_ITEM)


def test_a_query_side_of_items_is_checked_against_the_items() -> None:
    similar = parse_schema({"query": {"of": "item"}, "item": {"features": {"title": {"type": "text"}}}})
    validate(similar, ACTORS, ITEMS)
    assert isinstance(fitted(similar, ACTORS, ITEMS), Features)


def test_where_is_kept_and_decides_the_digest(tmp_path: Path) -> None:
    board = read(
        tmp_path, "[item]\nwhere = \"category under '동네생활'\"\n[item.features]\ntitle = { type = 'text' }\n"
    )
    assert board.where == "category under '동네생활'"
    assert parse_schema(board.as_dict()) == board
    assert board.digest != parse_schema({"item": {"features": {"title": {"type": "text"}}}}).digest
    with pytest.raises(UsageError, match=r"\[item.where\]"):
        read(tmp_path, "[item]\nwhere = 3\n[item.features]\ntitle = { type = 'text' }\n")
