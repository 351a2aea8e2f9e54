from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from semsearch.evaluation.alive import alive
from semsearch.records import Item, schema

DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 10)]


def test_alive_counts_times_and_not_the_status_of_now():
    columns = {
        "item_id": ["runs", "later", "ended", "starts now", "ends now", "hidden since"],
        "created_at": [None, DAYS[5], DAYS[0], DAYS[4], None, DAYS[0]],
        "ended_at": [None, None, DAYS[2], None, DAYS[4], DAYS[6]],
        "status": ["active"] * 5 + ["hidden"],
    }
    items = pl.DataFrame(columns, schema={name: schema(Item)[name] for name in columns})
    assert alive(items, DAYS[4]).tolist() == [True, False, False, True, False, True]
    assert alive(items.clear(), DAYS[4]).tolist() == []
