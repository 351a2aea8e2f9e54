from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from semsearch.evaluation.alive import created_by, ended_by
from semsearch.records import Item, schema
from semsearch.training.pool import Pool

DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 10)]


def test_alive_counts_times_and_not_the_status_of_now():
    columns = {
        "item_id": ["runs", "later", "ended", "starts now", "ends now", "hidden since"],
        "created_at": [None, DAYS[5], DAYS[0], DAYS[4], None, DAYS[0]],
        "ended_at": [None, None, DAYS[2], None, DAYS[4], DAYS[6]],
        "status": ["active"] * 5 + ["hidden"],
    }
    items = pl.DataFrame(columns, schema={name: schema(Item)[name] for name in columns})
    there = items.select(alive=created_by(pl.lit(DAYS[4])) & ~ended_by(pl.lit(DAYS[4])))["alive"].to_list()
    assert there == [True, False, False, True, False, True]
    assert Pool.of(items).alive(DAYS[4]).tolist() == there
