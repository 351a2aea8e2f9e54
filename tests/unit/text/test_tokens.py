from __future__ import annotations

import pytest

from semsearch.text import tokens
from semsearch.text.tokens import Atom, words
from semsearch.text.views import search


def texts(text):
    return [atom.text for atom in words(search(text)).atoms]


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        ("아이폰14 Pro 256기가", ["아이폰", "14", "pro", "256gb"]),
        ("RTX2060", ["rtx", "2060"]),
        ("v10 1080p s23", ["v10", "1080p", "s23"]),
        ("Le Crème", ["le", "creme"]),
        ("ㅋㅋㅋ 좋아요", ["ㅋㅋㅋ", "좋아요"]),
        ("Wi-Fi / TP-LINK", ["wi", "fi", "tp", "link"]),
        ("हिन्दी ภาษาไทย", ["हिन्दी", "ภาษาไทย"]),
        ("😀 !!", []),
    ],
)
def test_atoms(text, atoms):
    assert texts(text) == atoms


def test_compounds_tie_what_the_spelling_ties():
    assert words("wi-fi").compounds == ("wifi",)
    assert words("iphone14pro").compounds == ("iphone14pro", "iphone14")
    assert words("아이폰 14").compounds == words("아이폰14").compounds == ("아이폰14",)
    assert words("i9 13900k").compounds == ("i913900k",)
    assert words("and/or").compounds == ()


def test_stems_bigrams_and_names_of_tokens():
    assert tokens.word(Atom("batteries", tokens.LATIN)) == "batteri"
    assert tokens.bigrams("나이키") == ("_나이", "_이키")
    assert tokens.bigrams("방") == ()
    assert tokens.amount("270mm") == "270"
    assert [tokens.shown(t) for t in ("_나이", "=nike", "14", "=")] == ["나이", "nike", "14", "="]
    assert tokens.has_bigrams(Atom("カメラ", tokens.LETTERS))
    assert not tokens.has_bigrams(Atom("камера", tokens.LETTERS))
