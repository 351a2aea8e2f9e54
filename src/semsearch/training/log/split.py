"""Examples cut in two moments: train before validation before test, as the towers will be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class Split:
    """Three frames like the one that was split, each sorted as it was; any may be empty."""

    train: pl.DataFrame
    """Asked before `at[0]`."""
    validation: pl.DataFrame
    """Asked at `at[0]` or later and before `at[1]`."""
    test: pl.DataFrame
    """Asked at `at[1]` or later."""
    at: tuple[datetime, datetime]
    """UTC; where validation and where test begin."""


def split(examples: pl.DataFrame, validation: float, test: float) -> Split:
    """Cut so that about these shares of the examples (`asked_at`) lie in validation and, at the end, in test.

    All examples of one moment lie on one side: on the later one, but for the first moment, which is train. So one
    example, or many of one moment, are all train. Raises UsageError unless the shares leave something for train.
    """
    if validation < 0 or test < 0 or validation + test >= 1:
        raise UsageError(
            f"Shares of {validation:g} for validation and {test:g} for test leave nothing to train on.",
            "Next: give log.validation and log.test that add up to less than 1",
        )
    times = np.sort(examples["asked_at"].dt.timestamp("us").to_numpy())
    n_test = int(len(times) * test)
    cuts = _cut(times, int(len(times) * validation) + n_test), _cut(times, n_test)
    first, second = (_EPOCH + int(cut) * _MICROSECOND for cut in cuts)
    return split_at(examples, (first, second))


def split_at(examples: pl.DataFrame, at: Sequence[datetime]) -> Split:
    """Cut at given moments (UTC-aware): where validation and where test begin; raises UsageError out of order."""
    import polars as pl

    first, second = at
    if first > second:
        raise UsageError(
            f"Test would begin at {second:%Y-%m-%d %H:%M:%S}, before validation.", "Next: give the earlier time first"
        )
    asked = pl.col("asked_at")
    starts, ends = (pl.lit(moment).cast(pl.Datetime("us", "UTC")) for moment in (first, second))
    return Split(
        examples.filter(asked < starts),
        examples.filter((asked >= starts) & (asked < ends)),
        examples.filter(asked >= ends),
        (first, second),
    )


def _cut(times: NDArray[np.int64], n_after: int) -> int:
    """The moment (µs) from which at least `n_after` of the sorted times lie, never the first one of them."""
    if not len(times):
        return 0
    if n_after and times[-n_after] > times[0]:
        return int(times[-n_after])
    later = times[times > times[0]]
    return int(later[0]) if n_after and len(later) else int(times[-1]) + 1
