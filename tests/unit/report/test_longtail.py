"""The pages and rows of the long tail: whole, escaped, and also of a scan that found nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from semsearch.longtail.predictors import PREDICTORS
from semsearch.longtail.reporting import Hit, Pair, ScanReport, WorstQuery
from semsearch.longtail.teaching.lift import Change, Fate, Lift
from semsearch.report.longtail import (
    cut,
    demand_told,
    lift_document,
    lift_page,
    lift_query_rows,
    lift_rows,
    lift_told,
    scan_page,
    scan_told,
    taught_told,
    worst_rows,
    worth_rows,
)
from semsearch.report.thresholds import Threshold, thresholds

EVIL = "</title></style></bdi><script>alert(1)</script><img src=x onerror=alert(1)> & \"'"
NAN = float("nan")
HITS = tuple(
    Hit(n, f"i{n}", f"아이폰 15 프로 {n}", 0.9 - n / 100, n % 2 == 0, "asks for 14, has 15") for n in range(1, 8)
)
PAIRS = (Pair("i9", "아이폰 14 프로", 3.25, 2), Pair("gone", None, 1.0, 1))
WORST = WorstQuery("아이폰 14 프로", "tail", 14, 3, 0.934, 0.85, True, ("hits unlike each other",), HITS, PAIRS)
CELLS = (
    {"kind": "hangul", "length": 3, "threshold": None, "chance": 0.02, "kept": 0.0, "n": 100},
    {"kind": "hangul", "length": 6, "threshold": 0.83, "chance": 0.004, "kept": 1.0, "n": 100},
    {"kind": "hangul", "length": 7, "threshold": 0.85, "chance": 0.003, "kept": None, "n": 100},
    {"kind": "latin", "length": 6, "threshold": 0.84, "chance": NAN, "kept": NAN, "n": 0},
    {"kind": "sound", "length": 4, "threshold": 1.0, "chance": 0.001, "kept": 0.5, "n": 9},
)
WORTH = tuple(
    {"name": p.name, "what": p.what, "source": p.source, "auc": auc, "n": 50, "n_failed": 20}
    for p, auc in zip(PREDICTORS, (0.61, None, 0.75), strict=False)
)


def report(**changed: Any) -> ScanReport:
    made = ScanReport(
        scan_id="s1", pipeline="default", release_id="r1", scanned_at="2026-11-22T08:00:00+09:00",
        before="2026-10-30T12:34:56.123456+00:00", k=20, bound=0.5, bands=("torso", "tail"),
        n_queries={"head": 40, "torso": 900, "tail": 12_345}, n_scanned=13_245, n_routed=1_204, n_taught=830,
        n_pairs=2_100, mean_mismatch=0.4213, position_bias="Clicks are corrected for their position by 1,234 pairs.",
        worst=(WORST,), calibration=CELLS, worth=WORTH,
    )  # fmt: skip
    return replace(made, **changed)


NOTHING = {
    "before": None, "bands": (), "n_queries": {}, "n_scanned": 0, "n_routed": 0, "n_taught": 0, "n_pairs": 0,
    "mean_mismatch": None, "position_bias": "", "worst": (), "calibration": (), "worth": (),
}  # fmt: skip


class Tags(HTMLParser):
    """Notes tags, attributes, and what is not closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br", "line", "circle", "rect", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "circle", "rect", "polyline"):
            assert self.open.pop() == tag


def checked(page: str) -> str:
    """The page, whole and harmless."""
    parsed = Tags()
    parsed.feed(page)
    assert parsed.open == []
    assert not parsed.tags & {"script", "img", "link", "iframe", "a", "form", "base"}
    assert not {name for name in parsed.attributes if name.startswith("on") or name in ("src", "href", "style")}
    assert not re.search(r"url\(|@import|[\u202a-\u202e\u2066-\u2069\x00-\x08]", page)
    assert not re.search(r"\bnan\b|\bNone\b", page.partition("</style>")[2])
    return page


def test_the_page_holds_what_an_engineer_acts_on():
    page = checked(scan_page(report()))
    assert "<h1>1,204 of 13,245 queries are routed</h1>" in page
    for told in ("r1", "torso 900, scanned", "head 40<", "830", "2,100 pairs", "2026-10-30 12:34 UTC", "0.42"):
        assert told in page, told
    for told in ("14 searches", "after 3 asks something was engaged", "0.93", "0.85", "hits unlike each other"):
        assert told in page, told
    for told in ("asks for 14, has 15", "0.89", "2 more, 1 of them a mismatch<", "not in this release", "3.2 "):
        assert told in page, told
    assert "semsearch longtail train" in page
    assert "2026-11-21 23:00 UTC" in page  # nine hours before Seoul


def test_the_plain_ratio_is_always_visible():
    page = checked(scan_page(report()))
    assert '<b>mismatch</b> <span class="soft">(the plain ratio)</span>' in page
    assert [row["auc"] for row in worth_rows(WORTH)] == [0.75, 0.61, None]
    assert [row["mismatch"] for row in worst_rows(report())] == [0.85]
    assert "(the plain mismatch ratio)" in " ".join(scan_told(report()))


def test_a_scan_of_nothing_has_a_page():
    page = checked(scan_page(report(**NOTHING)))
    assert "<h1>No query was scanned</h1>" in page
    assert "the file has no query" in page
    assert worst_rows(report(**NOTHING)) == []
    log = checked(scan_page(report(**NOTHING | {"before": "2026-10-30T00:00:00+00:00", "bands": ("torso", "tail")})))
    assert "no query of the log is in torso and tail" in log


def test_whatever_strangers_wrote_stays_text():
    hits = (Hit(1, EVIL, "\u202e" + EVIL, 0.5, False, EVIL), Hit(2, "i2", "", 0.4, True, ""))
    worst = WorstQuery("\x00ظرف " + EVIL, None, None, None, 0.2, 1.0, False, (EVIL,), hits, (Pair("i", EVIL, 1.0, 1),))
    page = checked(scan_page(report(worst=(worst, replace(worst, hits=(), pairs=())))))
    assert 'title="U+202E RIGHT-TO-LEFT OVERRIDE">U+202E</span>' in page
    assert "U+0000 control" in page
    assert page.count("<bdi>") > 4
    assert "The log does not have this query." in page


def test_a_long_query_is_short_in_the_list_and_whole_inside():
    page = checked(scan_page(report(worst=(replace(WORST, query="가" * 500),))))
    assert f"<bdi>{'가' * 79}…</bdi>" in page
    assert f"<bdi>{'가' * 500}</bdi>" in page
    assert cut("가" * 200) == "가" * 200
    assert cut("가" * 201) == "가" * 199 + "…"


def test_rows_have_the_first_cause_and_hit_or_null():
    bare = replace(WORST, band=None, n_searches=None, causes=(), hits=(), pairs=())
    first, second = worst_rows(report(worst=(WORST, bare)))
    assert first == {
        "query": "아이폰 14 프로", "band": "tail", "searches": 14, "chance": 0.934, "mismatch": 0.85,
        "first cause": "hits unlike each other", "first hit": "아이폰 15 프로 1",
    }  # fmt: skip
    assert (second["first cause"], second["first hit"], second["searches"]) == (None, None, None)


def test_a_mismatch_that_nothing_was_asked_for_is_a_dash():
    told = report(worst=(replace(WORST, mismatch=None),))
    assert "mismatch <b>–</b>" in checked(scan_page(told))
    assert worst_rows(told)[0]["mismatch"] is None


def test_sentences_say_what_was_read_and_what_was_left():
    told = scan_told(report())
    assert told[0].startswith(
        "Scan s1. r1 was asked 13,245 queries of torso and tail. The log was read until 2026-10-30 12:34"
    )
    assert told[1].endswith("830 of these have clicks of enough people to learn from: 2,100 pairs of query and item.")
    of_file = scan_told(report(before=None, bands=(), n_scanned=1, n_routed=1, position_bias="", mean_mismatch=None))
    assert of_file == (
        "Scan s1. r1 was asked 1 query of a file. No log was read.",
        "1 of them have a chance of failure of 0.5 or more.",
    )
    three = scan_told(report(bands=("head", "torso", "tail"), n_taught=0, n_pairs=1))
    assert "head, torso and tail" in three[0] and "1 pair of" in three[1]


def test_how_clicks_were_corrected_is_said():
    said = "Clicks are not corrected for their position: the log has no impressions."
    assert said in scan_page(report(position_bias=said))
    assert scan_told(report(position_bias=said))[-1] == said


def test_demand_and_why_nothing_is_taught():
    assert demand_told(replace(WORST, n_searches=1, n_engaged=0)) == "Searched once; nothing was ever engaged after it."
    assert taught_told(WORST, 0.5) == ""
    untaught = replace(WORST, pairs=())
    assert "too few different people" in taught_told(untaught, 0.5)
    assert "below 0.5" in taught_told(replace(untaught, routed=False), 0.5)
    assert "without a log" in taught_told(replace(untaught, n_searches=None), 0.5)


def test_the_chart_draws_what_was_measured_and_marks_what_never_ties():
    page = scan_page(report())
    drawn = page.partition("<figure>")[2].partition("</figure>")[0]
    assert ">Hangul<" in drawn and ">Latin<" not in drawn and "consonants" not in drawn
    assert "All 5 cells" in page and "by consonants" in page
    chart = str(thresholds([Threshold("Hangul", 3, None, 0.02), Threshold("Hangul", 6, 0.83, 0.0)], 0.01))
    assert chart.count("×<title>") == 1 and ">never<" in chart
    assert chart.count("<polyline") == 0  # lengths 4 and 5 lie between
    assert str(thresholds([], 0.01)) == ""
    joined = str(thresholds([Threshold("Latin", 6, 0.84, 0.0), Threshold("Latin", 7, 0.86, 0.0)], 0.01))
    assert joined.count("<polyline") == 2


def test_without_engagements_nothing_is_said_of_any_part():
    unknown = tuple({**row, "auc": None} for row in WORTH)
    assert "Too few queries have engagements" in scan_page(report(worth=unknown))
    assert "Too few queries have engagements" not in scan_page(report())


# --- the lift ---------------------------------------------------------------------------------

QUERIES = pl.DataFrame(
    [
        ("\u202e" + EVIL, "tail", True, 0, 1.0, 0.5, 0.1, 0.1),
        ("나이키", "head", False, 900, 1.0, 0.0, 0.5, 0.5),
        ("아이폰 14", "tail", True, 2, 0.5, 0.5, 0.2, 0.2),
        ("ps5", "torso", True, 9, 0.0, 1.0, 0.3, 0.9),
    ],
    schema=["key", "band", "routed", "n_searches", "before", "after", "served_before", "served_after"],
    orient="row",
)
NO = (NAN,) * 5


def lifted(**changed: Any) -> Lift:
    made = Lift(
        current="r1", candidate="r2",
        changes=(
            Change("routed tail", "recall@100", 812, 0.25, 0.35, 0.1, 0.05, 0.15, 90, 10),
            Change("routed tail", "ndcg@10", 812, 0.2, 0.2, 0.0, -0.01, 0.01, 5, 5),
            Change("routed", "recall@100", 12, 0.25, 0.35, 0.1, 0.1, 0.1, 3, 0),
            Change("not routed", "recall@100", 0, *NO, 0, 0),
        ),
        queries=QUERIES, fate=Fate(False, "refused", "head loses", "g1"),
        source={"questions": "log", "from": "2026-10-30T12:34:56+00:00", "until": "2026-11-20T09:00:00+09:00"},
        n_routed=1_204, n_routed_asked=3, n_unanswerable=7,
    )  # fmt: skip
    return replace(made, **changed)


def test_lift_rows_tell_no_interval_of_few_questions():
    rows = lift_rows(lifted())
    assert [row["metric"] for row in rows[:2]] == ["recall@100, dense leg", "nDCG@10, as served"]
    assert (rows[0]["difference"], rows[0]["low"], rows[0]["high"], rows[0]["relative"]) == (0.1, 0.05, 0.15, "+40.0 %")
    assert (rows[2]["difference"], rows[2]["low"], rows[2]["high"], rows[2]["relative"]) == (0.1, None, None, None)
    assert rows[3]["questions"] == 0


def test_the_routed_queries_that_changed_most_come_first():
    assert [row["query"] for row in lift_query_rows(lifted(), 2)] == ["ps5", "\u202e" + EVIL]
    assert len(lift_query_rows(lifted(), 9)) == 3
    assert lift_query_rows(lifted(queries=QUERIES[:0]), 9) == []
    row = lift_query_rows(lifted(), 1)[0]
    assert (row["recall@100 before"], row["recall@100 after"], row["nDCG@10 after"]) == (0.0, 1.0, 0.9)


def test_the_lift_is_told_with_its_price_and_what_became_of_it():
    tail, routed, rest, fate, asked = lift_told(lifted())
    assert tail == (
        "Routed tail: recall@100 of the dense leg went from 0.250 to 0.350, +0.100 (+0.050 to +0.150), which is "
        "+40.0 % (+20.0 % to +60.0 %), over 812 questions."
    )
    assert routed.endswith("12 questions are too few to tell.")
    assert rest == "Not routed: none of these queries was asked again later."
    assert fate == "r2 is not served; it was trained from r1. Its gate said refused: head loses."
    assert "2026-11-20 00:00 UTC" in asked and "Of 1,204 routed queries 3 were asked again" in asked and "7" in asked
    forced = Fate(True, forced={"by": "minji", "reason": "no log yet"})
    told = lift_told(lifted(fate=forced, source={"questions": "qrels.txt"}))
    assert told[3].endswith("No gate has judged it. It was published by minji without a passed gate: no log yet")
    assert told[4].startswith("Asked: qrels.txt, which")


def test_the_lift_as_json_is_whole():
    document = json.loads(json.dumps(lift_document(lifted()), allow_nan=False))
    assert document["changes"][0]["relative"] == [0.4, pytest.approx(0.2), pytest.approx(0.6)]
    assert document["changes"][3]["before"] is None
    assert len(document["queries"]) == 4 and document["fate"]["outcome"] == "refused"


def test_the_page_of_a_lift():
    page = checked(lift_page(lifted()))
    assert "<h1>r2 after extra training, against r1</h1>" in page
    for told in ("gate: refused", "not served", "812 questions", "+40.0 %", "too few", "1 gained, 1 lost, 1 did not"):
        assert told in page, told
    assert "나이키" not in page  # it was not routed
    bare = checked(lift_page(lifted(queries=QUERIES[:0], fate=Fate(False))))
    assert "gate: not judged" in bare and "0 gained" in bare
