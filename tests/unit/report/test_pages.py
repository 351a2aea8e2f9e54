"""Report pages and drawings: whole, self-contained, escaped."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.report import svg
from semsearch.report.evaluation import comparison_page, evaluation_page, judged_hint, metric_label, regression_rows
from semsearch.report.page import number, probability, signed
from semsearch.report.story import Chapter, Figure, story_page
from semsearch.retrieval.evaluate import compare_runs, evaluate_run

EVIL = '<script>alert("x")</script>'
QRELS = Qrels({"q1": {EVIL: 1.0}, "q2": {"b": 1.0}})
QUERIES = Queries({"q1": EVIL, "q2": "가방"}, {"band": {"q1": EVIL, "q2": "tail"}})
A = Run.of({"q1": [(EVIL, 1.0)], "q2": [("b", 1.0)]}, EVIL)
B = Run.of({"q1": [("x", 2.0), (EVIL, 1.0)], "q2": [("b", 1.0)]}, "B")


def pages():
    evaluation = evaluate_run(A, QRELS, QUERIES, slice_by="band", origin={"file": EVIL})
    comparison = compare_runs(A, B, QRELS, QUERIES, slice_by="band")
    return evaluation_page(evaluation, {"b": EVIL}), comparison_page(comparison, {"x": EVIL})


@pytest.mark.parametrize("page", pages())
def test_pages_escape_everything_and_load_nothing(page):
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"""(?:src|href)=|url\(|@import""", page)
    assert page.count("<svg") == page.count("</svg>") > 2
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


def test_titles_stand_for_ids_in_the_table_of_regressions():
    report = compare_runs(A, B, QRELS, QUERIES, metrics=["mrr"])
    row = regression_rows(report, {"x": "A long title " * 9})[0]
    assert row["hits of B"].splitlines()[0] == "? A long title A long title A long title A …"
    assert row["hits of A"] == f"1 {EVIL}"


def test_a_judged_share_is_neither_better_nor_worse_but_worth_a_hint():
    n = range(20)
    qrels = Qrels({f"q{i}": {"a": 1.0} for i in n})
    judged, unjudged = ({f"q{i}": [(item, 1.0)] for i in n} for item in "ax")
    report = compare_runs(Run.of(judged, "A"), Run.of(unjudged, "B"), qrels, metrics=["judged@1", "mrr"])
    assert judged_hint(report).startswith("B shows fewer judged items (judged@1 0.00)")
    assert judged_hint(compare_runs(A, A, QRELS)) == ""
    rows = comparison_page(report, {}).split("<tr>")
    assert [("down" in row) for row in rows[2:4]] == [False, True]


def parsed(drawing):
    return ElementTree.fromstring(str(drawing))


def test_an_interval_is_drawn_to_scale_and_coloured_by_its_side_of_zero():
    drawing = parsed(svg.interval(0.5, 0.25, 0.75, start=0, stop=1, zero=0, width=112))
    dot = next(node for node in drawing if node.tag == "circle")
    assert dot.get("cx") == "56.0" and dot.get("class") == "dot up"
    assert "down" in svg.interval(-0.5, -0.7, -0.1, start=-1, stop=1, zero=0)
    assert "open" in svg.interval(0.1, -0.1, 0.3, start=-1, stop=1, zero=0)
    assert svg.interval(math.nan, math.nan, math.nan, start=0, stop=1) == ""


def test_bars_escape_labels_and_keep_proportions():
    drawing = parsed(svg.bars([("a & b", 1.0), ("half", 0.5)], width=460))
    widths = [float(node.get("width")) for node in drawing if node.tag == "rect"]
    assert widths == [200.0, 100.0]
    assert svg.bars([]) == ""


def test_histogram_counts_every_value_once():
    drawing = parsed(svg.histogram([0.0, 0.01, 0.5, 1.0, math.nan], n_bins=10))
    counts = [node.text for node in drawing if node.tag == "text"]
    assert counts[:3] == ["2", "1", "1"]
    assert svg.histogram([]) == ""


def test_differences_are_sorted_and_thinned():
    drawing = parsed(svg.sorted_differences([-0.5, 0.25, 0.0]))
    assert [node.get("class") for node in drawing if node.tag == "rect"] == ["up", "down", "down"]
    assert drawing.get("aria-label") == "3 queries: 1 better, 1 worse"
    many = parsed(svg.sorted_differences([i / 5000 for i in range(-5000, 5000)]))
    assert sum(node.tag == "rect" for node in many) == 240


def test_numbers_for_reading():
    assert (number(0.12345), number(1234), number(math.nan), number(None)) == ("0.123", "1,234", "–", "–")
    assert (signed(0.0119), signed(-0.0119), signed(0.0001), signed(math.nan)) == ("+0.012", "−0.012", "0.000", "–")
    assert (probability(0.0004), probability(0.25)) == ("< 0.001", "0.250")
    assert metric_label("ndcg@10/judged") == "nDCG@10, judged only"
    assert metric_label("odd") == "odd"


def test_a_story_has_a_part_for_each_market_and_intervals_on_their_own_line():
    figure = Figure("found", "78%", "simulated", "73%–82%")
    parts = {name: [Chapter("Measured", ("told",), figures=(figure,))] for name in ("Korean market", "English market")}
    page = story_page("The whole job", "lede", parts, ["semsearch status"])
    assert page.index('<h2 class="part">Korean market</h2>') < page.index('<h2 class="part">English market</h2>')
    assert page.count('<b>78%</b><span class="interval">73%–82%</span>') == 2
    alone = story_page("The whole job", "lede", {"": [Chapter("Measured", ("told",))]}, [])
    assert 'class="part"' not in alone
    assert 'class="interval"' not in alone
