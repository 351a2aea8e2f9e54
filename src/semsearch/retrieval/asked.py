"""Held-out questions through a release as it is served, each at the moment at which it was asked.

Two releases are compared over the items that both hold, alive by the rows of one of them: else a newer catalogue
would pass for a better model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.questions import REGION
from semsearch.evaluation.runs import Run
from semsearch.index.dense import Mask, Rows
from semsearch.index.items import Alive
from semsearch.progress import Progress, silent
from semsearch.retrieval.evaluate import falling

if TYPE_CHECKING:
    from semsearch.evaluation.questions import Questions, Side
    from semsearch.index.release import Release
    from semsearch.retrieval.search import Searcher


@dataclass(frozen=True, eq=False)
class Contest:
    """The items of one release that compete, and when."""

    item_ids: tuple[str, ...]
    """Those that take part, sorted."""
    rows: Rows
    """Their rows in the release."""
    n_rows: int
    """Rows of the release."""
    times: Alive
    """Whose created, ended and status count…"""
    times_rows: Rows
    """…and the rows of these items there."""

    def __len__(self) -> int:
        return len(self.item_ids)

    def alive(self, moment: datetime, past: bool) -> Mask:
        """bool[len(self)]: alive at `moment`; in the past the status of today does not count."""
        found = self.times.at(moment) if past else self.times.mask(moment)
        alive: Mask = found[self.times_rows]
        return alive

    def mask(self, moment: datetime, past: bool) -> Mask:
        """The same over all rows of the release, False for items that take no part."""
        mask = np.zeros(self.n_rows, np.bool_)
        mask[self.rows] = self.alive(moment, past)
        return mask


def whole_contest(release: Release) -> Contest:
    """All items of one release, by its own rows."""
    rows = np.arange(len(release), dtype=np.int64)
    return Contest(tuple(_ids(release)), rows, len(release), release.alive, rows)


def shared_contests(a: Release, b: Release) -> tuple[Contest, Contest]:
    """The items that both hold, once in the rows of `a` and once in those of `b`; when they are alive says `b`."""
    ids_a, ids_b = _ids(a), _ids(b)
    place = {item_id: row for row, item_id in enumerate(ids_a)}
    pairs = [(place[item_id], row) for row, item_id in enumerate(ids_b) if item_id in place]
    rows_a, rows_b = np.asarray(pairs, np.int64).reshape(-1, 2).T
    both = tuple(ids_b[row] for row in rows_b.tolist())
    return Contest(both, rows_a, len(a), b.alive, rows_b), Contest(both, rows_b, len(b), b.alive, rows_b)


def answerable(questions: Questions, contest: Contest, now: datetime, side: Side = "query") -> Qrels:
    """What can be found: the graded items of `contest` that are alive when their question is asked.

    Queries of which no item above grade 0 is left are left out, and those asked with an item that is not of `contest`:
    a release cannot ask with what it does not hold. A question without a moment is asked `now`.
    """
    place = {item_id: i for i, item_id in enumerate(contest.item_ids)}
    kept: dict[str, Mapping[str, float]] = {}
    for query_id, graded in questions.qrels.grades.items():
        if side == "item" and questions.queries.texts[query_id] not in place:
            continue
        at = questions.asked_at.get(query_id)
        alive = contest.alive(at or now, past=at is not None)
        found = {i: grade for i, grade in graded.items() if i in place and alive[place[i]]}
        if any(grade > 0 for grade in found.values()):
            kept[query_id] = found
    return Qrels(kept)


def answers(
    searcher: Searcher,
    questions: Questions,
    contest: Contest,
    depth: int,
    *,
    now: datetime,
    name: str,
    mode: str | None = None,
    progress: Progress = silent,
) -> Run:
    """The first `depth` items for every question: of `contest`, alive when it is asked, without what it has seen."""
    place = {item_id: i for i, item_id in enumerate(contest.item_ids)}
    rankings: dict[str, list[tuple[str, float]]] = {}
    for done, (query_id, text) in enumerate(questions.queries.texts.items(), start=1):
        at = questions.asked_at.get(query_id)
        within = contest.mask(at or now, past=at is not None)
        seen = [place[item_id] for item_id in questions.seen.get(query_id, ()) if item_id in place]
        within[contest.rows[seen]] = False
        region_id = questions.queries.columns.get(REGION, {}).get(query_id)
        found = searcher.ranked(text, now=at or now, k=depth, mode=mode, within=within, region_id=region_id)
        ids = (searcher.release.rows[row]["item_id"] for row in found.rows.tolist())
        rankings[query_id] = falling(list(zip(ids, found.scores.tolist(), strict=True)))
        progress(f"asking {name}", done, len(questions.queries))
    return Run.of(rankings, name)


def _ids(release: Release) -> list[str]:
    ids: list[str] = release.items.select("item_id").collect()["item_id"].to_list()
    return ids
