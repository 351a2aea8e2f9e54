"""The schemas of docs/schema.md are read, fitted, and give the texts that the page shows."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from semsearch.records import Item
from semsearch.records import schema as columns
from semsearch.towers.schema.definition import Schema
from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.reading import parse_schema
from semsearch.towers.schema.transforms import TEXTS, TRANSFORMS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "schema.md").read_text(encoding="utf-8")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def schema(named: str) -> Schema:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return parse_schema(tomllib.loads(next(block for block in blocks if named in block)))


def items(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=columns(Item))


SHOES = [
    {
        "item_id": f"i{n}",
        "title": "나이키 에어맥스",
        "category": "신발 > 운동화",
        "price": 1000.0 * n,
        "region_id": "1168",
    }
    for n in range(1, 11)
]


def test_the_first_schema_of_the_page_is_whole() -> None:
    assert schema("[query.groups]               # first").query == Schema.default().query


def test_typed_text_with_prices_and_regions() -> None:
    asked = pl.DataFrame({"query": ["운동화", "", "모자"], "region_id": ["1168", "1168", None]})
    features = fitted(schema("pipelines/default/schema.toml"), asked, items(*SHOES))
    assert features.query_texts(asked) == ["[region:1168] 운동화", "[region:1168]", "[region:none] 모자"]
    assert features.query_texts(asked)[0] in PAGE
    text = features.texts(items(SHOES[-1]))[0]
    assert text == "[region:1168] [price:b4] 나이키 에어맥스 신발 운동화"
    assert f"\n{text}\n" in PAGE


def test_items_for_an_item() -> None:
    features = fitted(schema("pipelines/similar/schema.toml"), pl.DataFrame({"anchor_id": ["i1"]}), items(*SHOES))
    text = features.query_texts(items(SHOES[0]))[0]
    assert f"\n{text}\n" in PAGE


def test_items_for_a_customer() -> None:
    articles = items({"item_id": "85123A", "title": "White Lantern"}, {"item_id": "22720", "title": "Red Mug"})
    bought = {"kind": "purchase", "actor_id": "c1"}
    log = pl.DataFrame(
        [
            {"ts": NOW - timedelta(days=2), "item_id": "22720", **bought},
            {"ts": NOW - timedelta(days=1), "item_id": "85123A", **bought},
        ]
    )
    asked = pl.DataFrame({"actor_id": ["c1"], "asked_at": [NOW]})
    features = fitted(schema("pipelines/for_you/schema.toml"), asked, articles, log)
    text = features.query_texts(asked, log=log, items=articles)[0]
    assert f"\n{text}\n" in PAGE
    assert f"`{features.texts(articles)[0]}`" in PAGE


def test_the_page_names_every_transform_and_each_of_its_keys() -> None:
    for name, transform in {**TRANSFORMS, **TEXTS}.items():
        assert f"| `{name}` |" in PAGE
        for key in transform.options:
            assert f"`{key}`" in PAGE
