"""What a log says of each query, on a log small enough to count by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from semsearch.evaluation.attribution import attribute
from semsearch.longtail.demand import Demand, demand
from semsearch.records import Interaction, schema
from semsearch.settings import LogSettings

START = datetime(2026, 3, 1, tzinfo=UTC)


def row(minute: float, actor: str, kind: str, query: str | None = None, **more: object) -> dict[str, object]:
    given = {"ts": START + timedelta(minutes=minute), "actor_id": actor, "kind": kind, "query": query}
    return given | {"session_id": f"s{actor}"} | more


ROWS = [
    row(0, "a", "search", "에어팟", n_results=3),
    row(1, "a", "click", "에어팟", item_id="i1"),
    row(2, "a", "chat", item_id="i1"),
    row(3, "b", "search", "에어팟", n_results=3),
    row(4, "b", "search", "airpods", n_results=0),
    row(5, "b", "click", "airpods", item_id="i1"),
    row(6, "b", "search", "airpods", n_results=1),
    row(30, "b", "search", "가방", n_results=2),
    row(40, "c", "search", "🎧"),
    row(50, "c", "search", "에어팟", n_results=3),
]


def read(rows: list[dict[str, object]], before: datetime | None = None) -> Demand:
    log = pl.DataFrame(rows, schema=schema(Interaction)).lazy()
    settings = LogSettings()
    return demand(log, attribute(log, settings.window_s).engagements, settings, before=before)


def of(found: Demand, key: str) -> dict[str, object]:
    return found.queries.filter(pl.col("key") == key).row(0, named=True)


def test_searches_count_with_and_without_success():
    found = of(read(ROWS), "에어팟")
    assert (found["n_searches"], found["n_asks"], found["n_engaged"], found["n_actors"]) == (3, 3, 1, 3)
    assert found["last_asked_at"] == START + timedelta(minutes=50)


def test_repeats_within_a_session_are_one_ask():
    found = of(read(ROWS), "airpods")
    assert (found["n_searches"], found["n_asks"], found["n_engaged"], found["n_empty"]) == (2, 1, 1, 1)


def test_only_another_query_of_the_session_soon_after_follows():
    found = read(ROWS)
    assert of(found, "에어팟")["n_followed"] == 1  # b asked airpods a minute later
    assert of(found, "airpods")["n_followed"] == 0  # 가방 came after 24 minutes


def test_a_chat_counts_for_the_query_of_its_click_and_each_actor_once():
    engaged = {(key, item): (n, weight) for key, item, n, weight in read(ROWS).engaged.iter_rows()}
    assert engaged == {("에어팟", "i1"): (1, 1.0), ("airpods", "i1"): (1, 0.1)}


def test_the_held_out_part_is_not_read():
    found = read(ROWS, before=START + timedelta(minutes=4))
    assert found.queries["key"].to_list() == ["에어팟"]
    assert of(found, "에어팟")["n_searches"] == 2


@pytest.mark.parametrize("rows", [[], [row(0, "a", "click", "에어팟", item_id="i1")]])
def test_a_log_without_searches_has_no_queries(rows):
    found = read(rows)
    assert found.queries.is_empty()
    assert found.queries.columns == read(ROWS).queries.columns


def test_the_order_of_rows_does_not_matter():
    assert read(ROWS).queries.equals(read(ROWS[::-1]).queries)


def test_emoji_alone_are_a_query():
    assert of(read(ROWS), "🎧")["n_searches"] == 1


def test_bands_follow_the_settings():
    log = pl.DataFrame(ROWS, schema=schema(Interaction)).lazy()
    settings = LogSettings(head=0.1, torso=0.2)
    found = demand(log, attribute(log, settings.window_s).engagements, settings)
    assert dict(found.queries.select("key", "band").iter_rows())["에어팟"] == "tail"


def test_without_sessions_silence_ends_one():
    rows = [each | {"session_id": None} for each in ROWS]
    assert read(rows).queries.equals(read(ROWS).queries)
    later = [
        row(1440, "a", "search", "에어팟"), row(1449, "a", "search", "에어팟"),  # a day after
        row(1450, "a", "search", "airpods"),
    ]  # fmt: skip
    found = of(read([*rows, *(each | {"session_id": None} for each in later)]), "에어팟")
    assert (found["n_searches"], found["n_asks"], found["n_engaged"], found["n_followed"]) == (5, 4, 1, 2)


def test_what_is_engaged_without_a_session_belongs_to_that_of_its_search():
    rows = [each | ({} if each["kind"] == "search" else {"session_id": None}) for each in ROWS]
    assert read(rows).queries.equals(read(ROWS).queries)


def test_an_engagement_long_after_its_search_is_of_no_ask():
    rows = [
        row(0, "a", "search", "가방", session_id=None),
        row(1440, "a", "click", "가방", item_id="i2", session_id=None),
    ]
    found = read(rows)
    assert of(found, "가방")["n_engaged"] == 0
    assert found.engaged["item_id"].to_list() == ["i2"]
