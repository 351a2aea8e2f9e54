"""Twelve items and a log by hand; times are minutes after one start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from semsearch.records import Interaction, Item, schema
from semsearch.settings import LogSettings, TrainSettings
from semsearch.towers.schema.definition import Schema
from semsearch.towers.schema.reading import parse_schema
from semsearch.training.corpus import Subject
from semsearch.training.fit import Source, _features
from semsearch.training.log.evidence import Evidence
from semsearch.training.log.lesson import Lesson

START = datetime(2026, 1, 1, tzinfo=UTC)
THINGS = ("나이키 운동화", "아이폰 공기계", "캠핑 의자", "wool coat", "usb hub", "desk lamp")
TITLES = [f"{thing} {'새상품' if n < len(THINGS) else '중고'}" for n, thing in enumerate(THINGS * 2)]
IDS = [f"i{n}" for n in range(len(TITLES))]
REWARDS = LogSettings(window_s=3600.0, validation=0.2, test=0.2)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def items(**columns: list[Any]) -> pl.DataFrame:
    """The catalogue; `columns` replace those that are empty otherwise."""
    held = {"item_id": IDS, "title": TITLES, "body": [""] * len(IDS)} | columns
    kinds = schema(Item)
    frame = {name: pl.Series(name, held.get(name, [None] * len(IDS)), dtype=kind) for name, kind in kinds.items()}
    return pl.DataFrame(frame)


def rows(*events: dict[str, Any]) -> pl.DataFrame:
    """A log of events: minute, kind, and any other column."""
    made = [{"ts": at(event["minute"]), "actor_id": "ann"} | event for event in events]
    names = schema(Interaction)
    return pl.DataFrame([{name: row.get(name) for name in names} for row in made], schema=names)


def bought(minute: float, query: str, item: str, actor: str = "ann", kind: str = "chat", **more: Any) -> list[dict]:
    """A click with its query, and a minute later what followed from it."""
    click = {"minute": minute, "kind": "click", "query": query, "item_id": item, "actor_id": actor, **more}
    return [click, {"minute": minute + 0.5, "kind": kind, "item_id": item, "actor_id": actor, **more}]


def busy(n: int = 40, **more: Any) -> pl.DataFrame:
    """`n` chats, one every ten minutes, by five people who want each thing by its own name."""
    return rows(
        *(
            event
            for k in range(n)
            for event in bought(10 * k, THINGS[k % len(THINGS)], IDS[k % len(IDS)], f"u{k % 5}", **more)
        )
    )


def evidence(log: pl.DataFrame, side: str = "query", arm: str = "chats", stock: pl.DataFrame | None = None) -> Evidence:
    return Evidence.of(log.lazy(), items() if stock is None else stock, side, arm, REWARDS)  # type: ignore[arg-type]


def lesson(
    log: pl.DataFrame,
    spoken: dict[str, Any] | None = None,
    *,
    stock: pl.DataFrame | None = None,
    arm: str = "chats",
    **settings: Any,
) -> Lesson:
    """All of the training part of a log, for the schema `spoken`."""
    read = parse_schema(spoken) if spoken else Schema.default()
    there = items() if stock is None else stock
    found = evidence(log, read.of, arm, there)
    subject = Subject.of(there, _features(Source(read), found, there), TrainSettings(**{"dim": 8} | settings))
    return Lesson(found.split.train, found, subject)
