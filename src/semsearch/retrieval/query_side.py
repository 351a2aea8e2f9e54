"""What the query tower is asked with: typed text, another item, or an actor, whichever the pipeline was trained for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from semsearch.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from semsearch.towers.schema.tokens import Features

ASKED_WITH = {"query": "typed text", "item": "an item", "actor": "an actor"}
COMMANDS = {"query": "search QUERY", "item": "similar ITEM_ID", "actor": "search --actor ACTOR_ID"}


class History:
    """The engagements of actors, as the log has them."""

    def __init__(self, log: pl.LazyFrame, *, once: bool = False) -> None:
        """`log` has ts, actor_id, item_id and kind. `once` suits a single actor: it reads no other."""
        self._log = log
        self._once = once

    def of(self, actor_id: str) -> pl.DataFrame:
        """All that one actor engaged, oldest first; no rows for an unknown one."""
        import polars as pl

        if self._once:
            return self._log.filter(pl.col("actor_id") == actor_id).collect().sort("ts", maintain_order=True)
        rows, places = self._sorted
        start, length = places.get(actor_id, (0, 0))
        return rows.slice(start, length)

    @cached_property
    def _sorted(self) -> tuple[pl.DataFrame, dict[str, tuple[int, int]]]:
        """The log by actor and time, and where each actor starts and how many rows he has."""

        rows = self._log.collect().sort("actor_id", "ts", maintain_order=True)
        runs = rows["actor_id"].rle().struct.unnest()
        starts = runs["len"].cum_sum() - runs["len"]
        places = zip(starts.to_list(), runs["len"].to_list(), strict=True)
        return rows, dict(zip(runs["value"].to_list(), places, strict=True))


@dataclass(frozen=True)
class QuerySide:
    """Turns what is asked into the text that the query tower reads."""

    features: Features | None = None
    """Null: typed text, as it is."""
    open_history: Callable[[], History] | None = None
    """Opened for an actor only."""
    pipeline: str = ""

    @property
    def of(self) -> str:
        """query, item or actor."""
        return self.features.of if self.features else "query"

    @cached_property
    def history(self) -> History:
        """Raises what opening it raises, UsageError where nobody gave one."""
        if self.open_history is None:
            raise UsageError("There is no log to look an actor up in.", "Next: semsearch import interactions FILE")
        return self.open_history()

    def must_be(self, of: str) -> None:
        """Raise UsageError unless the pipeline is asked with this."""
        if self.of != of:
            self._refuse(of)

    def _refuse(self, of: str) -> NoReturn:
        raise UsageError(
            f"Pipeline '{self.pipeline}' is asked with {ASKED_WITH[self.of]}, not with {ASKED_WITH[of]}.",
            f"Next: semsearch {COMMANDS[self.of]}",
        )

    def typed(self, text: str, *, region_id: str | None, at: datetime | None) -> str:
        """For a typed text (search view) of someone in this region at this time; '' for an empty one."""
        self.must_be("query")
        if self.features is None or not text:
            return text
        frame = _one_row(query=text, region_id=region_id, asked_at=at)
        return self.features.query_texts(self.features.completed(frame), log=_nothing())[0]

    def item(self, item: pl.DataFrame) -> str:
        """For one item, a row of the release with all its columns."""
        self.must_be("item")
        return self.features.query_texts(item, log=_nothing())[0] if self.features else ""

    def actor(self, actor_id: str, log: pl.DataFrame, items: pl.LazyFrame, at: datetime) -> str:
        """For an actor as of `at`, given his engagements and the items that they are of."""
        import polars as pl

        self.must_be("actor")
        if self.features is None:
            return ""
        engaged = items.filter(pl.col("item_id").is_in(log["item_id"].unique().to_list())).collect()
        frame = self.features.completed(_one_row(actor_id=actor_id, asked_at=at))
        return self.features.query_texts(frame, log=log, items=engaged)[0]


def _one_row(*, asked_at: datetime | None, **texts: str | None) -> pl.DataFrame:
    import polars as pl

    types = dict.fromkeys(texts, pl.String()) | {"asked_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame({**texts, "asked_at": [asked_at]}, schema=types)


def _nothing() -> pl.DataFrame:
    """A log without rows."""
    import polars as pl

    texts = dict.fromkeys(("actor_id", "item_id", "kind"), pl.String())
    return pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC"), **texts})
