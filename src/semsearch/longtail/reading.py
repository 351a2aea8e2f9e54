"""What a scan may read of a log: all but its held-out part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from semsearch.longtail.demand import Demand, demand
from semsearch.longtail.predictors import Support
from semsearch.training.log.evidence import Evidence
from semsearch.training.log.held_out import held_out

if TYPE_CHECKING:
    import polars as pl

    from semsearch.settings import Settings


@dataclass(frozen=True, eq=False)
class LogBefore:
    """A log, and what a scan may read of it."""

    evidence: Evidence
    """All of it; whoever reads it is handed `before`."""
    demand: Demand
    """Of the part before `before`, as all that follows."""
    support: Support
    before: datetime
    """Where the held-out part begins (UTC)."""

    @classmethod
    def of(cls, log: pl.LazyFrame, items: pl.DataFrame, settings: Settings) -> LogBefore:
        """Read a log with `schema(Interaction)` beside the `items` (item_id, created_at, ended_at) of a pipeline."""
        import polars as pl

        arm = "chats" if settings.train.positives == "none" else settings.train.positives
        evidence = Evidence.of(log, items, "query", arm, settings.log)
        engagements, parts = evidence.attribution.engagements, evidence.split
        before = held_out(engagements, items, settings.log)[1] or _end(log)
        wanted = pl.concat([parts.train, parts.validation, parts.test]).filter(pl.col("asked_at") < before)
        return cls(
            evidence,
            demand(log, engagements, settings.log, before=before),
            Support.of(wanted.group_by("key").len().iter_rows()),
            before,
        )


def _end(log: pl.LazyFrame) -> datetime:
    """After the last row of a log in which nothing was engaged: nothing can be held out of it."""
    import polars as pl

    last: datetime | None = log.select(pl.col("ts").max()).collect().item()
    return (last or datetime(1970, 1, 1, tzinfo=UTC)) + timedelta(microseconds=1)
