"""A tiny market whose vectors are written out by hand."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
import polars as pl

from semsearch.records import Item, Region, schema
from semsearch.retrieval.build import Inputs, build_release
from semsearch.settings import IndexSettings
from semsearch.text.analyser import Analyser
from semsearch.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
YEAR_AGO = datetime(2023, 6, 1, tzinfo=UTC)


class Axes:
    """An encoder with three words: phone, chair, lamp are the axes; any other word is unknown to it."""

    encoder_id = "axes1"
    dim = 3
    words = ("phone", "chair", "lamp")

    def encode_queries(self, texts):
        counts = np.array([[text.split().count(word) for word in self.words] for text in texts], np.float32)
        norms = np.linalg.norm(counts.reshape(-1, 3), axis=1, keepdims=True)
        return (counts / np.where(norms > 0, norms, 1)).astype(np.float32)

    encode_items = encode_queries


class Titles:
    """The template: an item is its title."""

    def texts(self, items):
        return [title.lower() for title in items["title"].to_list()]

    def as_dict(self):
        return {"title_chars": 300}


def item(item_id, title, **more):
    return {"item_id": item_id, "title": title, "body": "", "status": "active", "created_at": YEAR_AGO, **more}


ITEMS = [
    item("a1", "phone", price=100.0, currency="USD", region_id="011"),
    item("a2", "phone phone lamp", price=200.0, region_id="012"),
    item("a3", "chair", price=50.0, region_id="013", body="wooden"),
    item("a4", "chair", price=55.0, region_id="011"),
    item("a5", "chair lamp", status="sold"),
    item("a6", "lamp", ended_at=datetime(2024, 1, 1, tzinfo=UTC)),
    item("a7", "lamp", created_at=datetime(2025, 1, 1, tzinfo=UTC)),
    item("a8", "아이폰 충전기", price=9.0),
    item("a9", "phone chair lamp", created_at=None),
]
REGIONS = [
    {"region_id": "011", "name": "역삼동", "neighbour_ids": ["012"]},
    {"region_id": "012", "name": "삼성동", "neighbour_ids": []},
    {"region_id": "013", "name": "중구", "neighbour_ids": []},
    {"region_id": "014", "name": "중구", "neighbour_ids": []},
]


def frame(items):
    return pl.DataFrame(items, schema=schema(Item)).sort("item_id")


def digest(items):
    return hashlib.sha256(repr(items).encode()).hexdigest()[:16]


def build(workspace: Workspace, items=None, **changes):
    chosen = ITEMS if items is None else items
    options = {
        "items_digest": digest(chosen),
        "regions": pl.DataFrame(REGIONS, schema=schema(Region)),
        "regions_digest": "g1",
        "model_id": "m1",
        "encoder": Axes(),
        "template": Titles(),
        "analyser": Analyser(),
        "segment": None,
        "settings": IndexSettings(),
    } | changes
    return build_release(workspace, Inputs(items=frame(chosen), **options), now=NOW)
