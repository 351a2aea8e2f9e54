"""The region table: neighbourhoods, and which of them are near each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.simulate.tables import Tables

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


def names(tables: Tables) -> list[str]:
    """Names of the neighbourhoods, in id order."""
    return [place for _, places in tables.regions for place in places]


def ids(tables: Tables) -> list[str]:
    """Text ids with leading zeros: two digits of the area, two of the place."""
    return [f"{a:02d}{p:02d}" for a, (_, places) in enumerate(tables.regions, 1) for p in range(1, len(places) + 1)]


def neighbours(tables: Tables) -> list[list[int]]:
    """Index lists: the places of one area, and the last of an area next to the first of the following one."""
    out: list[list[int]] = []
    first = 0
    for _, places in tables.regions:
        span = range(first, first + len(places))
        out += [[j for j in span if j != i] for i in span]
        first += len(places)
    starts = [0]
    for _, places in tables.regions:
        starts.append(starts[-1] + len(places))
    for border in starts[1:-1]:
        out[border - 1].append(border)
        out[border].append(border - 1)
    return [sorted(row) for row in out]


def near(tables: Tables) -> NDArray[np.bool_]:
    """bool[n, n]: whether two places are the same or neighbours."""
    import numpy as np

    rows = neighbours(tables)
    out = np.eye(len(rows), dtype=np.bool_)
    for i, row in enumerate(rows):
        out[i, row] = True
    return out


def frame(tables: Tables) -> pl.DataFrame:
    """The table with the columns of records.Region."""
    import polars as pl

    from semsearch.records import Region, schema

    known = ids(tables)
    return pl.DataFrame(
        {
            "region_id": known,
            "name": [f"{area} {place}" for area, places in tables.regions for place in places],
            "neighbour_ids": [[known[j] for j in row] for row in neighbours(tables)],
        },
        schema=schema(Region),
    )
