"""Pairs, tasks and a clock as these tests write them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.unit.store.labelled import START, label, machine

from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.store.labels import item_digest
from semsearch.store.labels.batches import Task
from semsearch.store.labels.pools import Pair


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def item(item_id: str, **more: str) -> dict[str, str]:
    return {"title": f"title {item_id}"} | more


def pair(query: str, item_id: str, **more: str) -> Pair:
    return Pair(query, item_id, f"id {query}", item(item_id, **more))


def task(query: str = "q1", item_id: str = "i1", **changed: Any) -> Task:
    given: dict[str, Any] = {
        "query": query,
        "item_id": item_id,
        "query_id": query,
        "item": item(item_id),
        "batch": "b1",
        "inclusion_probability": 0.5,
    }
    return Task(**given | changed)


def said(of: Task, grade: int | None, by: str = "minji", *, minute: int = 0, **changed: Any) -> Label:
    """A person's label of a task's pair."""
    return label(grade, by, minute=minute, **_of(of) | changed)


def judged(of: Task, grade: int | None, **changed: Any) -> Label:
    """A machine's."""
    return machine(grade, **_of(of) | changed)


def _of(of: Task) -> dict[str, Any]:
    shown = {"item": of.item, "item_digest": item_digest(of.item)}
    return {"query": of.query, "item_id": of.item_id, "batch": of.batch, "rubric": RUBRIC} | shown


class Shelf:
    """A catalogue of items, to look up."""

    def __init__(self, items: Mapping[str, Mapping[str, str]]) -> None:
        self.items = dict(items)

    def __call__(self, item_ids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        return {item_id: self.items[item_id] for item_id in item_ids if item_id in self.items}
