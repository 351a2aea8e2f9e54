"""What the loop is given of the log of `small_shop`: query sides, weights, masks and negatives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_shop import IDS, THINGS, at, bought, busy, items, lesson, rows

from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.reading import parse_schema
from semsearch.training.log import lesson as module
from semsearch.training.start import new_towers

pytest.importorskip("torch")

REGION = {"column": "region_id", "type": "category", "min_count": 1}
WITH_REGION = {
    "query": {"of": "query", "features": {"text": {"column": "query", "type": "text"}, "region": REGION}},
    "item": {"features": {"listing": {"type": "text", "transform": "listing"}}},
}
SIMILAR = {
    "query": {"of": "item", "features": {"title": {"type": "text"}}},
    "item": {"features": {"listing": {"type": "text", "transform": "listing"}}},
}
FOR_YOU = {
    "query": {
        "of": "actor",
        "groups": {"recent": {"transform": "as_of", "columns": ["item_id"]}},
        "features": {"had": {"column": "recent.item_id", "type": "list", "as": "item"}},
    },
    "item": {"features": {"item": {"column": "item_id", "type": "category", "min_count": 1}}},
}


def plus(*events: dict[str, Any]) -> pl.DataFrame:
    return pl.concat([busy(), rows(*events)])


def lists(ragged: Any) -> list[list[int]]:
    return [ragged.values[a:b].tolist() for a, b in zip(ragged.starts, ragged.starts[1:], strict=False)]


def test_a_typed_query_is_one_side_however_often_it_was_asked() -> None:
    found = lesson(busy())
    assert found.sides.texts == found.sides.keys == sorted(set(THINGS), key=THINGS.index)
    assert found.sides.rows.tolist() == [k % 6 for k in range(24)]


def test_a_query_of_another_region_is_another_side() -> None:
    log = busy().with_columns(region_id=pl.when(pl.col("actor_id") == "u0").then(pl.lit("11")).otherwise(None))
    sides = lesson(log, WITH_REGION).sides
    assert len(sides.texts) == 6 + 5  # in five of its 24 chats u0 asked for a thing of his own
    assert {text for text in sides.texts if "나이키" in text} == {"나이키 운동화", "[region:11] 나이키 운동화"}
    assert [sides.keys[row] for row in sides.rows] == [THINGS[k % 6] for k in range(24)]


def test_an_item_is_asked_with_its_text() -> None:
    events = [e for k in range(60) for e in bought(10 * k, "x", IDS[k % 12], "ann", session_id=f"s{k // 4}")]
    sides = lesson(rows(*events), SIMILAR).sides
    assert set(sides.keys) <= set(IDS)
    assert all(text == "나이키 운동화 새상품" for key, text in zip(sides.keys, sides.texts, strict=True) if key == "i0")


def test_an_actor_is_another_side_at_each_moment() -> None:
    sides = lesson(busy(), FOR_YOU).sides
    assert len(sides.texts) == 24
    assert sides.texts[0] == "" == sides.texts[4]  # the first visit of each of five people
    assert sides.texts[5] == "[item:i0]"  # u0 had i0 and now wants i5
    assert sides.texts[10] == "[item:i5] [item:i0]"


def test_a_pair_of_a_query_with_n_pairs_weighs_less() -> None:
    weights = {balance: lesson(busy(), balance=balance, arm="both")._weights() for balance in (0.0, 0.5, 1.0)}
    assert weights[0.0].tolist() == [1.0] * 24
    np.testing.assert_allclose(weights[0.5], [0.5] * 24)  # four chats of each query: 1/√4
    np.testing.assert_allclose(weights[1.0], [0.25] * 24)
    clicks = lesson(busy(), balance=0.5, arm="clicks")._weights()
    np.testing.assert_allclose(clicks, [0.05] * 24, rtol=1e-6)  # a click is 0.1


def test_pairs_know_what_else_suits_their_query() -> None:
    found = lesson(plus(*bought(5, THINGS[0], "i4", kind="favorite")))
    pairs = found.pairs(new_towers(found.subject))
    assert [IDS[row] for row in pairs.item_rows] == [IDS[k % 12] for k in range(24)]
    assert pairs.query_rows.tolist() == [k % 6 for k in range(24)]
    assert lists(pairs.known)[0] == sorted({int(found.clusters[row]) for row in (0, 4, 6)})


def test_a_query_without_a_word_teaches_nothing() -> None:
    found = lesson(plus(*bought(5, "ㅋㅋㅋ☺", "i1"), *bought(6, "☺", "i2")))
    assert found.examples.height == 26
    pairs = found.pairs(new_towers(found.subject))
    spoken = tuple(found.sides.keys[row] for row in np.unique(pairs.query_rows))
    assert "☺" not in spoken
    assert len(pairs) < 26


def test_uniform_negatives_come_from_all_that_was_there_meanwhile() -> None:
    stock = items(
        created_at=[None] * 10 + [at(100), at(300)], ended_at=[at(-1)] + [None] * 11
    )  # training ends at minute 240
    negatives = lesson(busy(), stock=stock, uniform=1.5).negatives(8)
    assert [IDS[row] for row in negatives.pool] == IDS[1:11]
    assert (negatives.uniform, negatives.hard) == (12, ())


def test_shown_in_vain_is_hard_until_the_validation_part() -> None:
    seen = [{"minute": 1, "kind": "impression", "query": THINGS[0], "item_id": item} for item in ("i0", "i3", "i4")]
    seen += [{"minute": 500, "kind": "impression", "query": THINGS[0], "item_id": "i5"}]
    found = lesson(plus(*seen), impressed=2, impressed_select="hardest")
    (hard,) = found.negatives(8).hard
    assert (hard.n, hard.select) == (2, "hardest")
    assert lists(hard.items)[0] == [3, 4]
    assert lists(hard.items)[1:] == [[]] * 5


def served(features: Any = None) -> Any:
    return SimpleNamespace(side=SimpleNamespace(features=features))


def test_negatives_are_mined_where_a_release_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(module, "mined", lambda current, texts, wanted, *_: asked.append((texts, lists(wanted))))
    assert lesson(busy(), mined=2).negatives(8).hard == ()  # nothing is served
    assert asked == []
    found = lesson(busy(), mined=2)
    object.__setattr__(found, "current", served)
    (hard,) = found.negatives(8).hard
    assert (hard.n, hard.select) == (2, "random")
    texts, wanted = asked.pop()
    assert (texts[0], wanted[0]) == (THINGS[0], [0, 6])
    other = fitted(parse_schema(WITH_REGION), pl.DataFrame({"query": ["x"], "region_id": ["1"]}), items())
    object.__setattr__(found, "current", lambda: served(other))
    assert found.negatives(8).hard == ()
    assert asked == []


def test_questions_are_read_as_the_query_side() -> None:
    found = lesson(busy(), WITH_REGION | {})
    assert found.question_texts(found.evidence.test) == sorted(found.evidence.test.queries.texts.values())
    actor = lesson(busy(), FOR_YOU)
    texts = actor.question_texts(actor.evidence.test)
    assert len(texts) == 5
    assert all(text.startswith("[item:") for text in texts)
    assert actor.question_texts(actor.evidence.test.of([])) == []
