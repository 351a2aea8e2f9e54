"""The page of a training: whole, escaped, and also of a log that gave little."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from semsearch.evaluation.compare import Difference
from semsearch.evaluation.evaluate import Figure
from semsearch.report.training import training_page
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard
from semsearch.towers.template import ItemTemplate
from semsearch.training.stages import Row, Stages

SHARES = {
    "chat": {"n": 90, "n_own": 0, "n_attributed": 60, "n_early": 0, "share": 0.6667},
    "purchase": {"n": 0, "n_own": 0, "n_attributed": 0, "n_early": 0, "share": None},
}
LOG = {
    "shares": SHARES, "n_examples": 1234, "n_keys": 40, "n_actors": 30, "n_items": 20, "n_merged": 7,
    "n_train": 1000, "n_validation": 117, "n_test": 117, "dropped": {"no key": 3, "ended": 0},
    "validation_from": "2026-01-05T00:00:00+00:00", "test_from": "2026-01-09T00:00:00+00:00",
}  # fmt: skip
LEARNED = {
    "n_pairs": 1000, "n_validation": 40, "n_pool": 500, "best_epoch": 1, "n_steps": 20, "batch": 100, "train_s": 3.2,
    "metric": "recall@10",
    "curve": [
        {"epoch": 0, "recall": 0.125},
        {"epoch": 1, "recall": 0.375, "loss": 2.5, "accuracy": 0.25, "seconds": 1.5},
    ],
}  # fmt: skip


def card(**metrics: Any) -> ModelCard:
    held = {"n_items": 500} | metrics
    made = {"settings": {"seed": 3}, "versions": {"torch": "2.0 <beta>"}, "metrics": held}
    return ModelCard("static-1 <b>", "e1", "static", 64, ItemTemplate(), VIEWS_VERSION, "d1", **made)


def stages(low: float = 0.1) -> Stages:
    figure = Figure("ndcg@10", 0.2, low, 0.3, 40)
    difference = Difference("ndcg@10", 0.1, 0.2, 0.1, 0.05, 0.15, 0.01, 40, 20, 15)
    return Stages(
        "r1 <i>", 40, "2026-01-09", (Row("release, dense", (figure,)),), (difference,), (difference,), (), 1.25
    )


class Balance(HTMLParser):
    """Notes tags that are opened and not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "br", "hr", "img", "link", "line", "circle", "rect", "polyline", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def checked(page: str) -> str:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"<b>$|<i>$", page)
    assert "static-1 &lt;b&gt;" in page
    assert "2.0 &lt;beta&gt;" in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)
    assert "None" not in page
    return page


def test_the_page_holds_log_curve_and_last_stage() -> None:
    page = checked(training_page(card(log=LOG, behaviour=LEARNED), stages()))
    for told in ("1,234", "66.7 %", "2026-01-05", "0.375", "Pass 1 was kept", "r1 &lt;i&gt;", "release, dense"):
        assert told in page, told
    assert "<svg" in page
    assert "0.100 to 0.300" in page


def test_a_recall_that_could_not_be_taken_is_a_dash() -> None:
    curve = [{**entry, "recall": None} for entry in LEARNED["curve"]]  # type: ignore[attr-defined]
    page = checked(training_page(card(log=LOG, behaviour=LEARNED | {"curve": curve}), stages(float("nan"))))
    assert "–" in page


@pytest.mark.parametrize("empty", [True, False])
def test_a_log_that_gave_little(empty: bool) -> None:
    gone = {"n_examples": 0, "validation_from": None, "test_from": None} if empty else {}
    page = checked(training_page(card(log=LOG | gone), None))
    assert "too little to learn from" in page
    assert ("No positive example" in page) == empty
    assert "last stage" not in page.lower()


def test_a_catalogue_alone() -> None:
    page = checked(training_page(card(), None))
    assert "log" not in page.partition("</style>")[2].lower().replace("catalogue", "")
