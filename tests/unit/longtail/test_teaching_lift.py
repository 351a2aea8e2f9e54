"""Before and after on two releases of one tiny market: the candidate knows a word that the current one does not."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "retrieval"))

import tiny_market as market

from semsearch.errors import UsageError
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.questions import Questions
from semsearch.index.release import Release
from semsearch.longtail.teaching import lift as job
from semsearch.longtail.teaching.lift import RECALL, SERVED, Fate, Lift, lift
from semsearch.retrieval.search import Searcher
from semsearch.settings import SearchSettings
from semsearch.training.gate.bands import even_sample
from semsearch.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
LAST_YEAR = datetime(2023, 12, 31, tzinfo=UTC)
N = 10
ITEMS = [market.item("phone", "phone"), market.item("chair", "chair"), market.item("gone", "lamp", ended_at=LAST_YEAR)]


class Knowing(market.Axes):
    """Also reads `telephone` as phone, and has forgotten the chair."""

    encoder_id = "axes2"

    def encode_queries(self, texts: list[str]) -> Any:
        found = super().encode_queries([text.replace("telephone", "phone") for text in texts])
        return np.where([["chair" in text] for text in texts], 0, found).astype(np.float32)


ENCODERS = {"m1": market.Axes, "m2": Knowing}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Searcher, Searcher]:
    workspace = Workspace.create(tmp_path)
    opened = []
    for model_id, encoder in ENCODERS.items():
        manifest = market.build(workspace, ITEMS, model_id=model_id, encoder=encoder())
        release = Release.open(manifest, workspace.release_path(manifest.release_id))
        opened.append(Searcher(release, encoder, SearchSettings(mode="dense")))
    return opened[0], opened[1]


WORDS = {"telephone": "phone", "chair": "chair", "phone": "phone"}
BANDS = {"telephone": "tail", "chair": "head", "phone": "torso"}
KEYS = [f"{word} {n}" for word in WORDS for n in range(N)]
QUESTIONS = Questions(
    Queries({f"q{key}": key for key in KEYS}, {"band": dict.fromkeys((f"q{key}" for key in KEYS), "head")}),
    Qrels({f"q{key}": {WORDS[key.split()[0]]: 1.0} for key in KEYS}),
    {f"q{key}": NOW for key in KEYS},
    {f"q{key}": frozenset() for key in KEYS},
)
DEMAND = pl.DataFrame(
    [(key, BANDS[key.split()[0]], 3) for key in KEYS if not key.startswith("telephone")],
    schema={"key": pl.String, "band": pl.String, "n_searches": pl.Int64},
    orient="row",
)
"""The telephones were never asked before: tail."""
FATE = Fate.of({"outcome": "refused", "told": "head loses", "gate_id": "g1", "current": "r"}, published=False)
ROUTED = [*(key for key in KEYS if key.startswith("telephone")), "phone 0", "never asked later"]


def lifted(pair: tuple[Searcher, Searcher], questions: Questions = QUESTIONS, routed: list[str] = ROUTED) -> Lift:
    return lift(*pair, questions, DEMAND, routed, fate=FATE, source={"questions": "log"}, now=NOW, resamples=200)


def test_who_gains_and_who_pays_is_told_band_by_band_and_for_the_routed(pair: tuple[Searcher, Searcher]) -> None:
    found = lifted(pair)
    told = {
        change.group: (change.n, change.before, change.after) for change in found.changes if change.metric == RECALL
    }
    assert told == {
        "routed tail": (N, 0.0, 1.0),
        "routed": (N + 1, pytest.approx(1 / 11), 1.0),
        "not routed": (2 * N - 1, 1.0, pytest.approx(9 / 19)),
        "head": (N, 1.0, 0.0),
        "torso": (N, 1.0, 1.0),
        "tail": (N, 0.0, 1.0),
        "all": (3 * N, pytest.approx(2 / 3), pytest.approx(2 / 3)),
    }
    assert {change.metric for change in found.changes} == {RECALL, SERVED}
    head = found.change("head")
    assert (head.difference, head.low, head.high, head.n_worse, head.relative) == (
        -1.0,
        -1.0,
        -1.0,
        N,
        (-1.0, -1.0, -1.0),
    )
    assert all(math.isnan(part) for part in found.change("routed tail").relative)
    assert found.change("routed", SERVED).after == 1.0
    assert (found.n_routed, found.n_routed_asked, found.n_unanswerable) == (N + 2, N + 1, 0)
    with pytest.raises(KeyError):
        found.change("heads")


def test_every_question_is_told_with_its_demand_losses_first(pair: tuple[Searcher, Searcher]) -> None:
    rows = lifted(pair).queries
    assert rows.columns == ["key", "band", "routed", "n_searches", "before", "after", "served_before", "served_after"]
    assert rows.row(0) == ("chair 0", "head", False, 3, 1.0, 0.0, 1.0, 0.0)
    assert rows.row(-1) == ("telephone 9", "tail", True, 0, 0.0, 1.0, 0.0, 1.0)
    assert rows.height == 3 * N


def test_the_order_of_questions_is_nothing(pair: tuple[Searcher, Searcher]) -> None:
    turned = replace(QUESTIONS, queries=Queries(dict(reversed(QUESTIONS.queries.texts.items()))))
    turned = turned.of(turned.queries.texts)
    assert lifted(pair, turned).queries.equals(lifted(pair).queries)


def test_what_became_of_the_candidate_is_handed_on(pair: tuple[Searcher, Searcher]) -> None:
    assert lifted(pair).fate == Fate(False, "refused", "head loses", "g1")
    assert Fate.of(None, published=True, forced={"by": "ann"}) == Fate(True, forced={"by": "ann"})
    assert Fate.of(None, published=False).told == "No gate has judged it."


def test_all_routed_questions_are_asked_and_the_others_sampled(
    pair: tuple[Searcher, Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "even_sample", lambda ids, bands: even_sample(ids, bands, 6))
    found = lifted(pair)
    counts = {change.group: change.n for change in found.changes if change.metric == RECALL}
    assert counts["routed"] == N + 1
    assert counts["all"] == counts["head"] + counts["torso"] + counts["tail"] == 6
    assert (counts["head"], counts["tail"]) == (2, 2)


def test_two_releases_that_cannot_be_compared_are_told(pair: tuple[Searcher, Searcher]) -> None:
    with pytest.raises(UsageError, match="nothing to judge"):
        lifted((pair[0], pair[0]))
    unknown = replace(QUESTIONS, qrels=Qrels({q: {"gone": 1.0} for q in QUESTIONS.queries.texts}))
    with pytest.raises(UsageError, match="None of the 30 later questions can be answered"):
        lifted(pair, unknown)
