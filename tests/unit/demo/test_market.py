from __future__ import annotations

import pytest

from semsearch.demo.market import METRIC, Share, share
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run


def test_a_share_counts_queries_with_what_was_meant_and_has_wilsons_interval() -> None:
    qrels = Qrels({f"q{n}": {"meant": 2.0, "like": 1.0} for n in range(4)} | {"none": {"like": 1.0}})
    run = Run.of(
        {
            "q0": [("other", 2.0), ("meant", 1.0)],
            "q1": [("meant", 1.0)],
            "q2": [("like", 1.0)],
            "q3": [(f"other{n}", 20.0 - n) for n in range(10)] + [("meant", 1.0)],  # eleventh
            "none": [("like", 1.0)],
        }
    )
    result = evaluate(run, qrels, [METRIC], positive=2.0)
    found = share(result, 10)
    assert found.mean == 0.5  # of 4: `none` has no item of grade 2
    assert share(result, 2) == found
    assert share(result, 1).mean == 0.25
    assert (found.low, found.high) == pytest.approx((0.1500, 0.8500), abs=1e-4)  # Wilson, 2 of 4


def test_a_share_is_read_with_its_interval() -> None:
    assert str(Share(0.5, 0.15, 0.85)) == "50% (15%–85%)"
