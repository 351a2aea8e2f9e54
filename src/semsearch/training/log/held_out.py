"""Where the held-out part of a log begins: the one cut that scans, proposals, gates and lifts agree on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.evaluation.questions import Side
from semsearch.training.log.examples import examples
from semsearch.training.log.split import split

if TYPE_CHECKING:
    import polars as pl

    from semsearch.settings import LogSettings


def held_out(
    engagements: pl.DataFrame, items: pl.DataFrame, settings: LogSettings, side: Side = "query"
) -> tuple[pl.DataFrame, datetime | None]:
    """All examples of `Attribution.engagements` (arm both), and where the last `log.test` of them begins (UTC).

    What is judged later lies there, whatever models were trained on before. None where nobody engaged anything.
    """
    every = examples(engagements, items, side, "both", settings).frame
    return every, split(every, settings.validation, settings.test).at[1] if every.height else None
