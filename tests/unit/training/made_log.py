"""A made market with its log, and the whole training on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from semsearch.settings import LogSettings, TrainSettings
from semsearch.simulate import market
from semsearch.training.fit import Fitted, Source, fit
from semsearch.training.log.evidence import Evidence

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MADE = market(300, seed=3, n_searches=2500)
SETTINGS = {"dim": 8, "positives": "both", "epochs": 3, "batch": 64, "checkpoint_s": 0.0}
"""Three passes of 29 steps each."""


def evidence(log: pl.DataFrame = MADE.interactions, side: str = "query", arm: str = "both") -> Evidence:
    return Evidence.of(log.lazy(), MADE.items, side, arm, LogSettings())  # type: ignore[arg-type]


WHOLE = evidence()


def trained(
    folder: Path,
    source: Source | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    **settings: Any,
) -> Fitted:
    chosen = TrainSettings(**SETTINGS | settings)
    return fit(MADE.items, chosen, folder, source=source or Source(evidence=WHOLE), now=NOW, progress=progress)
