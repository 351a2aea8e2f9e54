"""The whole way from a made log to examples, questions and negatives, against what the market knows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from semsearch.evaluation.attribution import attribute
from semsearch.evaluation.demand import bands, n_searches
from semsearch.evaluation.questions import questions_of
from semsearch.settings import LogSettings
from semsearch.simulate import market
from semsearch.text.signatures import near_duplicates
from semsearch.training.log.examples import examples
from semsearch.training.log.hard import impressed, known_positives
from semsearch.training.log.split import split
from semsearch.training.pool import Pool

REWARDS = LogSettings()


@pytest.fixture(scope="module")
def made():
    return market(1500, n_searches=8000)


@pytest.fixture(scope="module")
def attributed(made):
    return attribute(made.interactions.lazy(), REWARDS.window_s)


def test_every_chat_finds_the_search_that_it_came_from(made, attributed):
    shares = attributed.shares
    assert shares["chat"].n > 300 and shares["chat"].share == 1.0
    assert 0 < shares["purchase"].n_attributed < shares["purchase"].n  # most are sold days later
    asked = set(made.log_queries["query"])
    assert set(attributed.engagements["query"].drop_nulls()) <= asked


@pytest.mark.parametrize("side", ["query", "item", "actor"])
def test_questions_of_the_last_days_can_be_answered(made, attributed, side):
    frame = examples(attributed.engagements, made.items, side, "both", REWARDS).frame
    parts = split(frame, REWARDS.validation, REWARDS.test)
    demand = bands(n_searches(made.interactions))
    questions = questions_of(
        parts.test, made.items, (parts.at[1], made.end), side=side, bands=demand, history=attributed.engagements
    )
    assert len(questions) > 50
    rows = {item_id: row for row, item_id in enumerate(made.items["item_id"])}
    pool = Pool.of(made.items)
    for query_id in list(questions.queries.texts)[:20]:
        there = pool.alive(questions.asked_at[query_id])
        wanted = set(questions.qrels.grades[query_id])
        assert there[[rows[item_id] for item_id in wanted]].all()
        assert not wanted & questions.seen[query_id]
    if side == "query":
        assert set(questions.queries.labels("band").values()) == {"head", "torso", "tail"}


def test_no_known_positive_was_shown_in_vain(made, attributed):
    frame = examples(attributed.engagements, made.items, "query", "both", REWARDS).frame
    keys, item_ids = frame["key"].unique().sort().to_list(), made.items["item_id"].to_list()
    known = known_positives(frame, keys, item_ids, np.arange(len(item_ids)))
    vain = impressed(made.interactions, attributed.engagements, keys, item_ids, before=made.end, cap=10)
    assert known.lengths.min() >= 1 and 0 < vain.lengths.max() <= 10
    for row in range(0, len(keys), 25):
        wanted = known.values[known.starts[row] : known.starts[row + 1]]
        shown = vain.values[vain.starts[row] : vain.starts[row + 1]]
        assert not set(wanted.tolist()) & set(shown.tolist())


def test_reposts_are_near_duplicates(made):
    texts = [f"{title} {body}" for title, body in made.items.select("title", "body").iter_rows()]
    cluster = dict(zip(made.items["item_id"], near_duplicates(texts).tolist(), strict=True))
    reposts = made.truth.filter(pl.col("repost_of").is_not_null()).select("item_id", "repost_of").rows()
    assert len(reposts) > 10
    assert all(cluster[copy] == cluster[source] for copy, source in reposts)
    assert len(set(cluster.values())) > 0.95 * (len(texts) - len(reposts))
