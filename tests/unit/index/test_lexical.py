from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import polars as pl
import pytest

from semsearch.errors import MismatchError
from semsearch.index import lexical
from semsearch.index.dense import matching
from semsearch.index.lexical import FIELDS, K1, B, LexicalIndex, lexical_id
from semsearch.index.lexical_build import build_lexical
from semsearch.records import Item, schema
from semsearch.text.analyser import Analyser
from semsearch.text.lexicons import Lexicon
from semsearch.text.plan import QueryPlan, Term

TITLES = [
    "나이키 에어맥스 270mm",
    "나이키에어맥스 미개봉",
    "NIKE 러닝화 새상품",
    "아이폰 14 프로 256기가",
    "아이폰 15 프로 256GB",
    "iPhone 14 Pro 128gb",
    "르쿠르제 냄비",
    "Le Creuset 그릇",
    "플스5 디스크",
    "PS5 디지털",
    "가방 15만5천원",
    "가발 155,000원",
    "ㅋㅋㅋ 웃긴 인형",
    "wireless mouse",
    "wireless keyboard",
    "batteries",
    "에어맥스 하얀 신발",
    "나이키 가방",
    "에어맥스 270",
    "",
]


def frame(titles, **columns):
    n = len(titles)
    given = {"item_id": [f"{i:03d}" for i in range(n)], "title": titles, "body": [""] * n, "attributes": ["{}"] * n}
    given |= {"category": [None] * n} | columns
    return pl.DataFrame(given, schema={name: schema(Item)[name] for name in given})


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return build_lexical(frame(TITLES), Analyser(), tmp_path_factory.mktemp("lexical"))


def found(index, query, k=10):
    rows, _ = matching(index.scores(index.plan(query)), k)
    return [TITLES[row] for row in rows]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("나이키 에어맥스 270", {"나이키 에어맥스 270mm"}),
        ("나이키에어맥스", {"나이키에어맥스 미개봉", "나이키 에어맥스 270mm"}),
        ("nike 미개봉", {"나이키에어맥스 미개봉"}),
        ("아이폰 14 프로", {"아이폰 14 프로 256기가", "iPhone 14 Pro 128gb"}),
        ("아이폰 15 프로", {"아이폰 15 프로 256GB"}),
        ("아이폰14 128기가", {"iPhone 14 Pro 128gb"}),
        ("르쿠르제 그릇", {"Le Creuset 그릇"}),
        ("le creuset 냄비", {"르쿠르제 냄비"}),
        ("ps5 디스크", {"플스5 디스크"}),
        ("가방 155000", {"가방 15만5천원"}),
        ("ㅋㅋㅋ", {"ㅋㅋㅋ 웃긴 인형"}),
        ("skdlzl 러닝화", {"NIKE 러닝화 새상품"}),
        ("wireles mosue", {"wireless mouse"}),
        ("battery", {"batteries"}),
    ],
)
def test_what_comes_first(index, query, first):
    assert found(index, query, 1)[0] in first


def test_names_meet_in_both_scripts(index):
    assert {"NIKE 러닝화 새상품", "나이키 가방", "나이키에어맥스 미개봉"} <= set(found(index, "나이키"))
    assert set(found(index, "나이키")) == set(found(index, "nike"))


@pytest.mark.parametrize("query", ["", "😀", "!!"])
def test_nothing_is_found_for_no_words(index, query):
    rows, scores = matching(index.scores(index.plan(query)), 10)
    assert rows.shape == scores.shape == (0,)
    assert rows.dtype == np.int64
    assert scores.dtype == np.float32


def test_scores_are_bm25_by_hand(tmp_path):
    titles = ["alpha", "alpha beta", "gamma"]
    index = build_lexical(frame(titles), Analyser(Lexicon()), tmp_path)
    plan = QueryPlan("alpha", (Term("alpha", 2.0, "word"),), "alpha", ())
    weight = FIELDS["title"]
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    lengths = np.array([1, 2, 1]) * weight
    tf = np.array([weight, weight, 0])
    expected = 2 * idf * tf / (tf + K1 * (1 - B + B * lengths / lengths.mean()))
    np.testing.assert_allclose(index.scores(plan), expected, rtol=1e-5)


def test_fewer_matches_than_k_and_ties_by_row(tmp_path):
    index = build_lexical(frame(["red car"] * 4 + ["blue car"]), Analyser(Lexicon()), tmp_path)
    rows, scores = matching(index.scores(index.plan("red")), 10)
    assert rows.tolist() == [0, 1, 2, 3]
    assert len(set(scores.tolist())) == 1
    assert matching(index.scores(index.plan("red")), 2)[0].tolist() == [0, 1]


def test_allowed_rows_only(index):
    allowed = np.zeros(index.n_items, dtype=bool)
    allowed[[1, 13]] = True
    assert matching(index.scores(index.plan("나이키 wireless")), 10, allowed)[0].tolist() in ([1, 13], [13, 1])


def test_search_is_the_order_of_scores(index):
    for query in ("나이키 에어맥스", "아이폰 14 프로", "wireless"):
        plan = index.plan(query)
        scores = index.scores(plan)
        rows, best = matching(index.scores(plan), index.n_items)
        expected = [r for r in np.argsort(-scores, kind="stable") if scores[r] > 0]
        assert rows.tolist() == expected
        np.testing.assert_array_equal(best, scores[rows])


def test_matches_explain_the_whole_score(index):
    plan = index.plan("나이키에어맥스 270")
    scores = index.scores(plan)
    for row in np.flatnonzero(scores):
        parts = index.matches(plan, int(row))
        assert sum(share for _, share in parts) == pytest.approx(scores[row], rel=1e-5)
    assert index.matches(plan, 0)[0][0] in ("에어맥스", "나이키", "270")
    assert index.matches(plan, 12) == []


@pytest.mark.parametrize("space", ["\n", "\t", "\u2028", "\x0b", "\r\n", " "])
def test_a_brand_with_any_white_space_is_one_name(tmp_path, space):
    brand = json.dumps({"brand": f"Acme{space}Korea\ud800"})
    index = build_lexical(frame(["red lamp", "lamp", "acme"], attributes=[brand, brand, "{}"]), Analyser(), tmp_path)
    names = [group.surfaces for group in index.analyser.lexicon.groups]
    assert ("Acme Korea",) in names
    assert set(matching(index.scores(index.plan("acmekorea")), 3)[0].tolist()) == {0, 1}


def test_fields_and_mined_brands(tmp_path):
    brands = [{"brand": "Voltcraft Pro"}, {"brand": "Zed", "colour": "teal"}, {}, {"brand": "Voltcraft Pro"}]
    given = frame(["router", "lamp", "teal lamp", "pro"], attributes=[json.dumps(brand) for brand in brands])
    index = build_lexical(given, Analyser(), tmp_path)
    mined = set(index.analyser.lexicon.groups) - set(Analyser().lexicon.groups)
    assert {group.surfaces for group in mined} == {("Voltcraft Pro",)}
    assert set(matching(index.scores(index.plan("voltcraftpro")), 3)[0].tolist()) == {0, 3}
    # the title counts more than an attribute
    assert matching(index.scores(index.plan("teal")), 3)[0].tolist() == [2, 1]


def test_transliterations_are_mined_from_the_catalogue(tmp_path):
    titles = ["모노벨(MONOBEL) 의자", "모노벨 MONOBEL 책상", "모노벨 침대", "MONOBEL 소파", "다른 의자"]
    index = build_lexical(frame(titles), Analyser(), tmp_path)
    assert matching(index.scores(index.plan("monobel 침대")), 5)[0][0] == 2
    assert {2, 3} <= set(matching(index.scores(index.plan("모노벨")), 5)[0].tolist())


def test_build_is_deterministic(tmp_path):
    for name in ("a", "b"):
        build_lexical(frame(TITLES), Analyser(), tmp_path / name)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_an_empty_catalogue_finds_nothing(tmp_path):
    for titles in ([], [""], ["!!"]):
        index = build_lexical(frame(titles), Analyser(), tmp_path / str(len(titles)))
        assert matching(index.scores(index.plan("나이키")), 5)[0].tolist() == []


class Fixed:
    """A segmenter with its answers written down."""

    segmenter_id = "fixed-1"

    def segment(self, words):
        return {word: ("달빛", "등대") for word in words if word == "달빛등대용"}


def test_a_segmenter_adds_words_to_documents_and_queries(tmp_path):
    titles = ["달빛등대용 필터", "달빛 마우스", "등대 부품"]
    plain = build_lexical(frame(titles), Analyser(), tmp_path / "plain")
    cut = build_lexical(frame(titles), Analyser(), tmp_path / "cut", Fixed())
    assert plain.lexical_id != cut.lexical_id == lexical_id(Analyser(), Fixed())
    # without it only the bigram ties them
    ties = [dict(index.matches(index.plan("달빛"), 0))["달빛"] for index in (cut, plain)]
    assert ties[0] > 4 * ties[1]


def test_another_format_or_analyser_is_refused(tmp_path, monkeypatch):
    build_lexical(frame(["a"]), Analyser(Lexicon()), tmp_path)
    monkeypatch.setattr(lexical, "FORMAT", 99)
    with pytest.raises(MismatchError):
        LexicalIndex(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(Analyser, "versions", "0/0")
    with pytest.raises(MismatchError):
        LexicalIndex(tmp_path)


def test_identity_counts_weights_and_lexicon(monkeypatch):
    before = lexical_id(Analyser(Lexicon()))
    assert before != lexical_id(Analyser())
    monkeypatch.setattr(lexical, "K1", K1 + 1)
    assert before != lexical_id(Analyser(Lexicon()))


def test_serving_needs_no_heavy_package(tmp_path):
    build_lexical(frame(TITLES), Analyser(), tmp_path)
    program = (
        "import sys; from pathlib import Path;"
        "from semsearch.index.dense import matching; from semsearch.index.lexical import LexicalIndex;"
        f"index = LexicalIndex(Path({str(tmp_path)!r}));"
        "matching(index.scores(index.plan('나이킈에어맥스 wireles')), 5);"
        "heavy = {'bm25s', 'polars', 'kiwipiepy', 'torch', 'scipy', 'hnswlib'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_posting_is_counted_once(index):
    """The columns on disk hold each row once, ascending: scores add with plain indexing."""
    for token in ("나이키", "_나이", "=나이키", "wireless"):
        rows, values = index._column(token)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert (values > 0).all()
        assert Counter(rows.tolist()).total() == index.vocabulary.count(token)


def test_words_and_their_rarity(tmp_path):
    index = build_lexical(frame(["red bag", "red hat", "red 270", "bag"]), Analyser(), tmp_path)
    assert index.vocabulary.words() == ["bag", "red"]  # letters alone, in two items or more
    assert index.vocabulary.idf("red") == pytest.approx(np.log(5 / 4))
    assert index.vocabulary.idf("scarf") == pytest.approx(np.log(5))


def test_some_rows_score_as_all_do(index):
    for query in ("나이키 에어맥스 270", "아이폰14 128기가", "zzz"):
        plan = index.plan(query)
        rows = np.array([19, 0, 3, 17])
        assert index.scores_of(plan, rows).tolist() == index.scores(plan)[rows].tolist()
    assert index.most("가방") == max(index.scores(QueryPlan("가방", (Term("가방", 1.0, "word"),), "가방", ())))
