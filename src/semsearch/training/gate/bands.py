"""Bands of demand as a gate asks them: a small band is judged with its neighbour, and many questions are sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from semsearch.evaluation.demand import BANDS

MAX_QUESTIONS = 20_000
"""More are not asked: an interval hardly shrinks any more."""


def joined_bands(counts: Mapping[str, int], least: int) -> dict[str, str]:
    """Band → the name it is judged under, such as `head+torso`; `counts` are questions of each band.

    A band with fewer than `least` goes into the next one down, the lowest into the one above. The head of a log has
    few distinct queries, and a longer log does not add any: alone it could stay unknown for good.
    """
    groups: list[tuple[str, ...]] = [(band,) for band in BANDS if band in counts]
    while len(groups) > 1:
        small = [i for i, group in enumerate(groups) if sum(counts[band] for band in group) < least]
        if not small:
            break
        first = min(small[0], len(groups) - 2)
        groups[first : first + 2] = [groups[first] + groups[first + 1]]
    return {band: "+".join(group) for group in groups for band in group}


def even_sample(ids: Sequence[str], bands: Mapping[str, str], limit: int = MAX_QUESTIONS) -> list[str]:
    """At most `limit` of `ids`, sorted by band and id: evenly over each band, which keeps its share of the whole."""
    ordered = sorted(ids, key=lambda query_id: (bands.get(query_id, ""), query_id))
    if len(ordered) <= limit:
        return ordered
    return [ordered[i * len(ordered) // limit] for i in range(limit)]
