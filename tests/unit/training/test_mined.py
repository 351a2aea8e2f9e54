"""Hard negatives of a release: six items in a plane, and the margin below a positive."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from semsearch.index.dense import Ranked
from semsearch.towers.features import Ragged
from semsearch.training.log import mined as module
from semsearch.training.log.mined import mined

SCORES = {"a": 0.9, "b": 0.84, "c": 0.8, "d": 0.5, "gone": 0.45, "e": -0.2}
"""What the release answers every query with, best first."""
IDS = ["e", "d", "c", "b", "a"]
"""The catalogue now, in its own order; `gone` is in the release alone."""


class Release:
    """Vectors are the numbers of the texts; a text `0` has no vector and so no hits."""

    encoder = SimpleNamespace(encode_queries=lambda texts: np.array([[float(text)] for text in texts], np.float32))
    release = SimpleNamespace(items=pl.LazyFrame({"item_id": list(SCORES)}))
    dense_index: Any

    def __init__(self) -> None:
        self.dense_index = self
        self.asked: list[int] = []

    def search(self, vectors: np.ndarray, k: int) -> list[Ranked]:
        self.asked.append(len(vectors))
        every = Ranked(np.arange(len(SCORES)), np.array(list(SCORES.values()), np.float32))
        none = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))
        return [every if row.any() else none for row in vectors]


def found(wanted: list[str], margin: float = 0.05, text: str = "1", cap: int = 50) -> list[str]:
    rows = np.array([IDS.index(item) for item in wanted], np.int64)
    positives = Ragged(rows, np.array([0, len(rows)]))
    lists = mined(Release(), [text], positives, IDS, margin, cap=cap)  # type: ignore[arg-type]
    return [IDS[row] for row in lists.values]


def test_a_negative_scores_a_margin_below_the_lowest_positive() -> None:
    assert found(["a"]) == ["b", "c", "d", "e"]  # at most 0.95 · 0.9 = 0.855
    assert found(["a"], margin=0.1) == ["c", "d", "e"]  # at most 0.81
    assert found(["a", "c"], margin=0.0) == ["d", "e"]  # at most 0.8, and `c` itself is wanted
    assert found(["d"]) == ["e"]


def test_where_no_positive_was_found_nothing_is_said() -> None:
    assert found([]) == []
    assert found(["a"], text="0") == []


def test_the_hardest_come_first_and_are_capped() -> None:
    assert found(["a"], cap=2) == ["b", "c"]


def test_every_text_has_its_own_list_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 2)
    release = Release()
    positives = Ragged(np.array([4, 1]), np.array([0, 1, 1, 2]))  # a; none; d
    lists = mined(release, ["1", "1", "1"], positives, IDS, 0.05)  # type: ignore[arg-type]
    assert release.asked == [2, 1]
    assert [lists.values[s:e].tolist() for s, e in zip(lists.starts, lists.starts[1:], strict=False)] == [
        [3, 2, 1, 0], [], [0],
    ]  # fmt: skip
    assert len(mined(release, [], Ragged(np.zeros(0, np.int64), np.zeros(1, np.int64)), IDS, 0.05)) == 0  # type: ignore[arg-type]
