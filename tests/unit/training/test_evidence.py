"""What a log says, cut by time: the log of `small_shop`, forty chats ten minutes apart."""

from __future__ import annotations

import polars as pl
import pytest
from small_shop import IDS, at, bought, busy, evidence, items, rows

from semsearch.training.log.evidence import MIN_PAIRS


def test_a_log_is_cut_in_two_moments() -> None:
    found = evidence(busy())
    assert [part.height for part in (found.split.train, found.split.validation, found.split.test)] == [24, 8, 8]
    assert found.split.at == (at(240), at(320))  # asked when clicked: every tenth minute
    assert found.enough
    assert (len(found.validation), len(found.test)) == (6, 6)  # eight chats about six things
    assert all(at(240) <= moment < at(320) for moment in found.validation.asked_at.values())
    assert all(at(320) <= moment for moment in found.test.asked_at.values())


def test_what_is_known_is_of_every_arm_and_ends_where_validation_begins() -> None:
    only = evidence(busy(), arm="clicks")
    assert only.split.train["kind"].unique().to_list() == ["click"]
    known = evidence(busy()).known
    assert known.height == 24  # chat and click of one actor on one item are one
    assert known["asked_at"].max() == at(230)
    more = rows(*busy().filter(pl.col("kind") == "never").to_dicts(), *bought(5, "lamp", "i5", kind="favorite"))
    assert evidence(pl.concat([busy(), more])).known["key"].to_list().count("lamp") == 1


def test_few_pairs_or_one_item_are_not_enough() -> None:
    assert not evidence(busy(MIN_PAIRS)).enough  # a fifth is held out twice
    assert evidence(busy(40)).enough
    one = rows(*(event for k in range(40) for event in bought(10 * k, "lamp", "i5", f"u{k}")))
    assert not evidence(one).enough


@pytest.mark.parametrize("log", [rows(), rows({"minute": 1, "kind": "search", "query": "lamp"})], ids=["no row", "one"])
@pytest.mark.parametrize("side", ["query", "item", "actor"])
def test_a_log_without_engagements_is_empty_evidence(log: pl.DataFrame, side: str) -> None:
    found = evidence(log, side)
    assert not found.enough
    assert (len(found.validation), len(found.test)) == (0, 0)
    facts = found.facts()
    assert (facts["n_examples"], facts["n_train"], facts["validation_from"]) == (0, 0, None)
    assert facts["shares"]["chat"]["share"] is None  # of no rows
    assert len(found.full_digest) == 16


def test_facts_tell_what_was_left_out() -> None:
    gone = rows(*bought(1, "lamp", "gone"), *bought(2, "lamp", "i5"), *bought(3, "!", "i4")[1:])
    facts = evidence(gone).facts()
    assert facts["dropped"] == {"no key": 1, "unknown item": 1, "not created yet": 0, "ended": 0}
    assert (facts["n_examples"], facts["shares"]["chat"]["share"]) == (1, 0.6667)


def test_clocks_that_run_backwards_attribute_nothing() -> None:
    back = rows(*(event | {"minute": -event["minute"]} for k in range(9) for event in bought(k, "lamp", IDS[k])))
    facts = evidence(back).facts()
    assert facts["n_examples"] == 0
    assert facts["dropped"]["no key"] == 9
    assert facts["shares"]["chat"]["n_early"] == 9


def test_the_digest_changes_with_what_is_learned_and_the_full_one_with_all_that_is_read() -> None:
    base = evidence(busy())
    assert (evidence(busy()).digest, evidence(busy()).full_digest) == (base.digest, base.full_digest)
    other = evidence(busy().with_columns(item_id=pl.col("item_id").replace("i3", "i4")))
    assert other.digest != base.digest
    shown = pl.concat([busy(), rows({"minute": 1, "kind": "impression", "query": "lamp", "item_id": "i5"})])
    assert evidence(shown).digest == base.digest
    assert evidence(shown).full_digest != base.full_digest


def test_items_that_were_not_there_are_no_examples() -> None:
    stock = items(created_at=[at(1000)] * 6 + [None] * 6)
    found = evidence(busy(), stock=stock)
    assert set(found.split.train["item_id"]) == set(IDS[6:])
    assert found.counts.dropped["not created yet"] == 6 + 6 + 6 + 4  # chats 0–5, 12–17, 24–29, 36–39
