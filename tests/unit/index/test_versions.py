"""What a number in an identity stands for may only change together with the number.

Each figure below is a hash of what the version made. A test that fails says that other tokens, texts or graphs would
come under an old name: raise the version and put the new figure beside it.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl
import pytest

from semsearch.index import hnsw, lexical, lexical_build, mining, release
from semsearch.index.lexical_build import build_lexical
from semsearch.records import Item, schema
from semsearch.text import analyser, cutting, views
from semsearch.text.analyser import Analyser
from semsearch.text.lexicons import Group, Lexicon
from semsearch.towers.template import ItemTemplate

TEXTS = [
    "나이키에어맥스 270mm 새상품 팝니다ㅋㅋㅋ",
    "르쿠르제 냄비 Le Creuset 20cm, 15만5천원",
    "아이폰14프로 256기가 S급 (미개봉)",
    "Wireless headsets, women's running shoes size 38.5",
    "ＦＵＬＬ width ① ﬁne\u3164filler café Straße İstanbul",
    "USB-C to HDMI 2.1 adapter 4K@60Hz 10,000mAh",
    "전기자전거 팝니다 자전거 전기 2대",
    "소니 헤드폰 sony wh-1000xm4",
]
LEXICON = Lexicon(
    [Group("brands", ("나이키", "Nike")), Group("synonyms", ("휴대폰", "핸드폰")), Group("brands", ("hp",))]
)
ATTRIBUTES = {"brand": "Sony\nKorea", "colour": "black", "screen size": "6.1", "long": "a b " * 40, "wifi": "yes"}


def digest(value) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:12]


def catalogue() -> pl.DataFrame:
    # every text three times: words that stand alone are what others are cut with
    titles = [text if turn else f"{text} {text.split()[0]}" for turn in range(3) for text in TEXTS]
    columns = {"title": titles, "body": titles[::-1], "category": ["전자 > 오디오", None] * (len(titles) // 2)}
    columns |= {"attributes": [json.dumps(ATTRIBUTES)] * len(titles)}
    return pl.DataFrame(columns, schema={name: schema(Item)[name] for name in columns})


def test_the_search_and_display_views():
    made = digest([[views.search(text), views.display(text)] for text in TEXTS])
    assert {views.VIEWS_VERSION: made} == {"1": "ff3ab59eb3bc"}


def test_the_text_of_an_item():
    assert {views.VIEWS_VERSION: digest(ItemTemplate().texts(catalogue()))} == {"1": "93c86bf0b7cd"}


def test_the_tokens_of_a_document():
    read = Analyser(LEXICON).document
    made = digest([[read(text), read(text, {"나이키에어맥스": ("나이키", "에어맥스")})] for text in TEXTS])
    assert {analyser.ANALYSER_VERSION: made} == {"1": "e2202e9f06d2"}


@pytest.fixture
def files(tmp_path):
    build_lexical(catalogue(), Analyser(LEXICON), tmp_path)
    return tmp_path


def test_the_lexical_index_of_a_catalogue(files):
    """Holds what is mined, cut, weighted and written; values to 1e-3, as bm25s may add in another order."""
    texts = [(files / name).read_text(encoding="utf-8") for name in ("terms.txt", "words.txt", "lexicon.json")]
    rows, starts = (np.load(files / f"{name}.npy").tolist() for name in ("rows", "column_starts"))
    values = np.load(files / "values.npy").round(3).astype(float).tolist()
    assert {lexical.FORMAT: digest([texts, rows, starts, [f"{value:.3f}" for value in values]])} == {2: "52bce25b791a"}


def test_the_numbers_that_mining_and_cutting_hang_on():
    made = [cutting._LONGEST_PIECE, cutting.LONGEST, cutting._SHORT_COST, cutting._JOSA_COST, cutting._UNKNOWN_COST]
    made += [cutting._UNKNOWN_CHARACTER_COST, cutting.HANGUL_WORD, sorted(cutting._JOSA), lexical_build._ALONE]
    made += [mining._SHORTEST_SOUND, mining._TOGETHER, mining._SHARE_OF_RARER, mining._SHARE_OF_OTHER]
    assert {lexical.FORMAT: digest(made)} == {2: "c068baf8ffd4"}


def test_the_numbers_of_a_graph():
    made = [hnsw.SPACE, hnsw.M, hnsw.EF_CONSTRUCTION, hnsw.EF, hnsw.SEED]
    assert {release.FORMAT: digest(made)} == {1: "612e0645d1eb"}
