"""Every predictor by hand, on four items whose vectors lie in a plane."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.unit.retrieval import tiny_market as market

from semsearch.index.dense import Ranked
from semsearch.index.release import Release
from semsearch.index.vectors import Vectors
from semsearch.longtail.hits import Hits, hits_of
from semsearch.longtail.predictors import PREDICTORS, Engaged, Ground, Support, predict
from semsearch.longtail.predictors.titles import Titles
from semsearch.retrieval.search import Searcher
from semsearch.settings import SearchSettings
from semsearch.text.plan import QueryPlan, Step
from semsearch.text.tokens import words
from semsearch.workspace import Workspace

TITLES = ["red bag", "bag", "phone", "red hat", ""]
COUNTS = {"red": 2, "bag": 2, "phone": 1, "hat": 1}
WORDS = sorted(COUNTS)
MATRIX = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
VECTORS = Vectors("e", MATRIX, np.array([0, 1, 2, 3, -1], np.int32), MATRIX.mean(axis=0))
NOTHING = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Fit:
    fits: bool = True
    coverage: float = 1.0
    contradicted: bool = False


def ranked(*pairs):
    return Ranked(np.array([row for row, _ in pairs], np.int64), np.array([score for _, score in pairs], np.float32))


def ground(support=None):
    find = {word: number for number, word in enumerate(WORDS)}
    titles = Titles(
        lambda row: words(TITLES[row]).atoms, lambda word: find.get(word, -1), lambda word: COUNTS.get(word, 0), 5
    )
    covariance = np.cov(MATRIX.T, bias=True).astype(np.float32)
    return Ground(VECTORS, covariance, lambda word: COUNTS.get(word, 0), titles, support)


def hits(query="red bag", steps=(), **changes):
    plan = QueryPlan(query, (), query, tuple(steps))
    made = Hits(
        query=query,
        plan=plan,
        vector=np.array([1, 0], np.float32),
        dense=ranked((0, 1.0), (1, 0.8), (2, 0.0)),
        lexical=ranked((0, 4.0), (3, 2.0)),
        shared=np.array([4.0, 1.0], np.float32),
    )
    return replace(made, **changes)


TWO = (Fit(), Fit())


def values(found=None, fits=TWO, support=None, engaged=None):
    return predict(found or hits(), fits, ground(support), engaged)


def engaged(rows=(1, 3), weights=(3.0, 1.0), fits=(Fit(), Fit(fits=False)), **counts):
    given = {"n_searches": 4, "n_empty": 1, "n_asks": 3, "n_engaged": 1, "n_followed": 2} | counts
    return Engaged(np.array(rows, np.int64), np.array(weights, np.float64), fits, **given)


# --- the table -------------------------------------------------------------------------------


def test_the_plain_ratio_comes_first_and_names_are_told_apart():
    names = [p.name for p in PREDICTORS]
    assert names[0] == "mismatch"
    assert len(set(names)) == len(names)
    assert all(p.what and p.source for p in PREDICTORS)
    assert list(values()) == names


def test_without_a_log_only_what_needs_one_is_unknown():
    found = values()
    assert {name for name, value in found.items() if math.isnan(value)} == {p.name for p in PREDICTORS if p.needs_log}


# --- texts -----------------------------------------------------------------------------------


def test_how_many_hits_fit():
    found = values(fits=(Fit(coverage=0.5), Fit(fits=False, coverage=0.0, contradicted=True)))
    assert (found["mismatch"], found["uncovered"], found["uncovered_best"], found["contradicted"]) == (
        0.5,
        0.75,
        0.5,
        0.5,
    )


def test_a_query_that_asks_nothing_fits_nothing_and_misses_nothing():
    found = values(fits=(Fit(coverage=math.nan),) * 2)
    assert all(math.isnan(found[name]) for name in ("mismatch", "uncovered", "uncovered_best", "contradicted"))


def test_words_of_the_query():
    found = values(hits("red xyz"))
    assert found["unseen"] == 0.5
    assert found["rare"] == 1.0
    assert values(hits("red bag"))["unseen"] == 0.0
    assert values(hits("red bag"))["rare"] == pytest.approx(1 - math.log(3) / math.log(6))


def test_a_correction_is_told_from_a_segment():
    assert values(hits(steps=[Step("spelling", "bga", "bag")]))["corrected"] == 1.0
    assert values(hits(steps=[Step("segment", "redbag", "red bag")]))["corrected"] == 0.0


def test_clarity_of_the_titles():
    # red ½·½, bag ½·½ + ½: ¼ log2(¼ / ⅖) + ¾ log2(¾ / ⅖)
    wanted = 0.25 * math.log2(0.25 / 0.4) + 0.75 * math.log2(0.75 / 0.4)
    assert values()["unclear"] == pytest.approx(-wanted)


def test_titles_without_words_have_no_clarity():
    assert math.isnan(values(hits(dense=ranked((4, 0.0))), fits=(Fit(),))["unclear"])


# --- scores ----------------------------------------------------------------------------------


def test_scores_against_the_background():
    cosines = MATRIX @ [1, 0]  # 1, 0.8, 0, -1: mean 0.2
    spread = float(np.std(cosines))
    found = values()
    assert found["low_top"] == -1.0
    assert found["low_mean"] == pytest.approx(-(0.9 - 0.2) / spread)
    assert found["flat"] == pytest.approx(-np.std([1, 0.8, 0]) / spread)
    assert found["no_decay"] == pytest.approx(-0.2 / spread)
    assert found["no_fall"] == pytest.approx(-1.0 / spread)
    assert found["crowded"] == pytest.approx(-0.8 / spread)


def test_hits_unlike_each_other():
    assert values()["scattered"] == pytest.approx(-0.8)
    assert values(hits(dense=ranked((0, 1.0), (3, -1.0))))["scattered"] == pytest.approx(1.0)
    assert math.isnan(values(hits(dense=ranked((0, 1.0))), fits=(Fit(),))["scattered"])


# --- the other leg ---------------------------------------------------------------------------


def test_agreement_with_the_lexical_leg():
    found = values()
    assert found["disagreement"] == 0.5  # of rows 0, 1 and 0, 3
    assert found["lexical_lack"] == pytest.approx(1 - (4 + 1) / 2 / 4)
    assert found["lexical_missed"] == 0.5  # row 3 has -1, the last dense hit 0
    spread = float(np.std(MATRIX @ [1, 0]))
    assert found["lexical_far"] == pytest.approx((0.9 - 0.0) / spread)


def test_nothing_to_agree_with():
    found = values(hits(lexical=NOTHING))
    assert all(math.isnan(found[name]) for name in ("disagreement", "lexical_lack", "lexical_missed", "lexical_far"))


# --- the log ---------------------------------------------------------------------------------


def test_support_of_the_query_and_of_its_rarest_word():
    support = Support.of([("red bag", 3), ("red hat", 2)])
    found = values(support=support)
    assert found["unsupported"] == pytest.approx(-math.log(4))
    assert found["unsupported_word"] == pytest.approx(-math.log(4))  # bag 3, red 5
    assert values(hits("red shoe"), support=support)["unsupported_word"] == 0.0


def test_what_was_engaged_instead():
    found = values(fits=(Fit(), Fit(fits=False)), engaged=engaged())
    assert found["engaged_mismatch"] == 0.25
    assert found["relative_mismatch"] == 0.25
    assert found["engaged_missed"] == 0.25  # row 3
    # ¾ · 0.8 − ¼ · 1 = 0.35, the last dense hit has 0
    assert found["engaged_below"] == pytest.approx(-0.35 / float(np.std(MATRIX @ [1, 0])))
    # row 1 is a hit itself; nearest to row 3 is the hit in row 1, with -0.8: ¾ · 0 + ¼ · 1.8
    assert found["engaged_unlike"] == pytest.approx(0.45)


def test_engaged_items_of_a_query_that_asks_nothing_tie_and_miss_nothing():
    nothing = (Fit(coverage=math.nan),) * 2
    for hit in (hits(), hits(dense=ranked())):
        found = values(hit, fits=nothing[: len(hit.dense.rows)], engaged=engaged(fits=nothing))
        assert math.isnan(found["engaged_mismatch"]) and math.isnan(found["relative_mismatch"])
    assert found["unanswered"] == (2 + 0.5) / 4


def test_how_the_searches_went():
    found = values(engaged=engaged())
    assert found["unanswered"] == (2 + 0.5) / 4
    assert found["empty"] == (1 + 0.5) / 5
    assert found["followed"] == (2 + 0.5) / 4


def test_asked_but_never_engaged():
    found = values(engaged=engaged(rows=(), weights=(), fits=(), n_engaged=0))
    assert math.isnan(found["engaged_mismatch"]) and math.isnan(found["engaged_missed"])
    assert found["unanswered"] == (3 + 0.5) / 4


def test_an_engaged_item_without_a_vector_is_missed():
    found = values(engaged=engaged(rows=(4,), weights=(1.0,), fits=(Fit(),)))
    assert found["engaged_missed"] == 1.0
    assert math.isnan(found["engaged_unlike"]) and math.isnan(found["engaged_below"])


# --- nothing found ---------------------------------------------------------------------------


def test_without_a_hit_nothing_fits_and_the_scores_are_unknown():
    nothing = hits("🎁", vector=None, dense=NOTHING, lexical=NOTHING, shared=np.zeros(0, np.float32))
    found = values(nothing, fits=(), support=Support.of([("red", 1)]), engaged=engaged())
    assert found["mismatch"] == found["uncovered"] == found["engaged_missed"] == 1.0
    unknown = {"low_top", "low_mean", "flat", "no_decay", "scattered", "unseen", "rare", "unclear", "contradicted"}
    unknown |= {"disagreement", "lexical_lack", "lexical_missed", "lexical_far", "engaged_unlike"}
    unknown |= {"no_fall", "crowded", "engaged_below"}
    assert {name for name, value in found.items() if math.isnan(value)} == unknown


def test_found_by_words_alone():
    found = values(hits(vector=None, dense=NOTHING, shared=np.zeros(0, np.float32)), fits=())
    assert (found["disagreement"], found["lexical_lack"]) == (1.0, 1.0)
    assert math.isnan(found["lexical_missed"])


# --- a release -------------------------------------------------------------------------------


def test_on_a_release_every_value_is_finite_or_unknown_and_the_same_again(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    manifest = market.build(workspace)
    release = Release.open(manifest, workspace.release_path(manifest.release_id))
    searcher = Searcher(release, market.Axes, SearchSettings())
    queries = ["phone", "chair lamp", "아이폰", "🎁", "ㅋ", "", "x" * 500]

    def all_values():
        base = Ground.of(release)
        found = hits_of(searcher, queries, now=market.NOW, k=2)
        return [predict(one, [Fit()] * len(one.dense.rows[:2]), base, None) for one in found]

    once = all_values()
    assert not any(math.isinf(value) for found in once for value in found.values())
    assert repr(once) == repr(all_values())


def test_the_covariance_is_that_of_the_distinct_vectors(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    manifest = market.build(workspace)
    base = Ground.of(Release.open(manifest, workspace.release_path(manifest.release_id)))
    mean, spread = base.background(np.array([1, 0, 0], np.float32))
    cosines = base.vectors.matrix[:, 0]
    assert (mean, spread) == (pytest.approx(cosines.mean()), pytest.approx(cosines.std(), rel=1e-5))
