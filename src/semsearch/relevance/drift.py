"""What changes when the prompt or the model does, and whether systems keep their order under a machine's grades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.agreement import Agreement
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.labelled import judge_of
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.system_order import Order, system_order
from semsearch.records import Label
from semsearch.relevance.audit import Draws, Shared
from semsearch.store.labels import Key, effective, query_key

if TYPE_CHECKING:
    from semsearch.evaluation.runs import Run

Floats = NDArray[np.float64]
METRIC = "ndcg@10/judged"
"""That systems are ranked by: over what both people and machine graded."""


@dataclass(frozen=True, eq=False)
class Drift:
    """Two versions of the machine on the same pairs, each MODEL@PROMPT@RUBRIC. Low ends where open."""

    older: str
    newer: str
    """The one whose last label is the newer."""
    agreement: Agreement
    """Of the two: rows of the confusion are the older one's grades."""
    up: float
    """Share of pairs that the newer one grades higher."""
    down: float
    older_and_people: Agreement
    """On the pairs that people graded too."""
    newer_and_people: Agreement


@dataclass(frozen=True, eq=False)
class Ranked:
    """Systems ranked by people's and by the machine's grades of the same pairs."""

    systems: tuple[str, ...]
    end: str
    """low or high, of what is open."""
    order: Order


def drifts(labels: Iterable[Label], pairs: Iterable[Shared], draws: Draws | None = None) -> list[Drift]:
    """Every two versions that judged the same pairs, the newest first."""
    told: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        if label.source == "model":
            told[judge_of(label)].append(label)
    judges = {judge: _newest(said) for judge, said in sorted(told.items())}
    order = sorted(judges, key=lambda judge: max(label.at for label in judges[judge].values()), reverse=True)
    people = {each.truth.key: each.truth.low for each in pairs}
    found = (_drift(older, newer, judges, people, draws or Draws()) for newer, older in combinations(order, 2))
    return [each for each in found if each is not None]


def ranked(
    runs: Sequence[Run], texts: Mapping[str, str], pairs: Iterable[Shared], draws: Draws | None = None
) -> Iterator[Ranked]:
    """Kendall's τ of the systems by people and by machine, over the pairs that both graded, at each end.

    `texts` is query_id → query. Raises UsageError when no pair of these queries was graded by both.
    """
    draws = draws or Draws()
    both = [each for each in pairs if each.label and None not in (each.truth.low, each.label.grade_low)]
    for end in ("low", "high"):
        values = [_values(runs, texts, {each.truth.key: each.ends(end)[who] for each in both}) for who in (0, 1)]
        told = system_order(*values, seed=draws.seed, resamples=draws.resamples)
        yield Ranked(tuple(run.name for run in runs), end, told)


def _newest(labels: Iterable[Label]) -> dict[Key, Label]:
    return {key: each.labels[-1] for key, each in effective(labels).items()}


def _drift(
    older: str, newer: str, judges: Mapping[str, Mapping[Key, Label]], people: Mapping[Key, int | None], draws: Draws
) -> Drift | None:
    """None when they share no pair that both graded."""
    one, other = judges[older], judges[newer]
    keys = [key for key in one if key in other and one[key].item_digest == other[key].item_digest]
    before, after = _grades(one[key].grade_low for key in keys), _grades(other[key].grade_low for key in keys)
    known = ~np.isnan(before + after)
    if not known.any():
        return None
    told = _grades(people.get(key) for key in keys)
    queries = [query for query, _ in keys]
    moves = (after - before)[known]
    return Drift(
        older,
        newer,
        draws.agree(before, after, queries),
        float(np.mean(moves > 0)),
        float(np.mean(moves < 0)),
        draws.agree(told, np.where(known, before, np.nan), queries),
        draws.agree(told, np.where(known, after, np.nan), queries),
    )


def _grades(given: Iterable[int | None]) -> Floats:
    return np.array([np.nan if grade is None else grade for grade in given], np.float64)


def _values(runs: Sequence[Run], texts: Mapping[str, str], grades: Mapping[Key, float]) -> Floats:
    """[systems, queries]: the metric by these grades."""
    of_query: dict[str, dict[str, float]] = defaultdict(dict)
    for (query, item_id), grade in grades.items():
        of_query[query][item_id] = grade
    keys = {query_id: query_key(text) for query_id, text in texts.items()}
    qrels = Qrels({query_id: of_query[key] for query_id, key in keys.items() if key in of_query})
    return np.stack([evaluate(run, qrels, [METRIC]).values[METRIC] for run in runs])
