"""What was spent is told, and that it is unknown where nobody named a price."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from semsearch.cli import grading_output
from semsearch.cli.asking import cost_of, tell_cost
from semsearch.evaluation.labels.grade_tables import Estimate
from semsearch.relevance.scores import Score


def asker(n_calls: int, *, known: bool, spent: float = 0.0) -> Any:
    return SimpleNamespace(n_calls=n_calls, n_cached=1, spent_usd=spent, cost_known=known)


def test_what_nobody_named_a_price_of_is_not_free(capsys: pytest.CaptureFixture[str]) -> None:
    tell_cost(asker(3, known=False))
    tell_cost(asker(1, known=True, spent=0.5))
    first, second = capsys.readouterr().err.splitlines()
    assert first == "3 calls, 1 answer known before; spent unknown, a model has no price in [llm.prices]."
    assert second == "1 call, 1 answer known before; spent $0.5000."
    assert [cost_of(asker(3, known=known))["spent_usd"] for known in (False, True)] == [None, 0.0]


def test_a_way_of_asking_without_a_price_has_none_a_pair(capsys: pytest.CaptureFixture[str]) -> None:
    figure = Estimate(0.5, 0.4, 0.6)
    score = Score("whole", "h", figure, figure, figure, 0.5, 9, 3, 8, 0, 0, {}, 0.0, 700.0, np.zeros((3, 3, 3)))
    grading_output._scores([score], "Tuning", False)
    assert "unknown" in capsys.readouterr().out
    grading_output._scores([score], "Tuning", True)
    assert "$0.00" in capsys.readouterr().out
