"""Queries against a vocabulary of a few words, counted by hand."""

from __future__ import annotations

import pytest
from rapidfuzz.distance import OSA

from semsearch.text.analyser import Analyser
from semsearch.text.cutting import cut
from semsearch.text.hangul import jamo
from semsearch.text.lexicons import Group, Lexicon
from semsearch.text.plan import Step


class Words:
    """A vocabulary in memory."""

    n_docs = 1000

    def __init__(self, counts):
        self.counts = counts

    def count(self, token):
        return self.counts.get(token, 0)

    def near(self, word, distance):
        apart = {w: OSA.distance(jamo(w), jamo(word)) for w in self.counts if w[0] not in "_="}
        near = [(w, d) for w, d in apart.items() if d <= distance]
        return sorted(near, key=lambda hit: (hit[1], -self.counts[hit[0]], hit[0]))


LEXICON = Lexicon(
    [
        Group("transliterations", ("아이폰", "iPhone")),
        Group("brands", ("나이키", "NIKE")),
        Group("synonyms", ("노트북", "laptop")),
        Group("brands", ("델", "DELL")),
    ]
)
HELD = (
    "아이폰 나이키 에어맥스 가방 가발 모니터 갤럭시 댕댕이 땡땡이 방 빵 프로 14 15 아이폰14 아이폰15 256gb 256 headset "
    "wireless 270mm 270 head set"
)
OTHERS = {"=아이폰": 60, "=나이키": 60, "=노트북": 30, "_가방": 50, "_아이": 90}
VOCABULARY = Words(dict.fromkeys(HELD.split(), 40) | OTHERS)
ANALYSER = Analyser(LEXICON)


def plan(query):
    return ANALYSER.query(query, VOCABULARY)


def terms(query):
    return {term.text: term.origin for term in plan(query).terms}


def steps(query, kind):
    return [(step.before, step.after) for step in plan(query).steps if step.kind == kind]


@pytest.mark.parametrize("query", ["dkdlvhs", "ㅑㅔㅙㅜㄷ"])
def test_the_other_keyboard_is_read_when_it_makes_a_known_word(query):
    assert "=아이폰" in terms(query)
    assert len(steps(query, "keyboard")) == 1


@pytest.mark.parametrize("query", ["gopro", "rtx", "v10", "go", "dog", "ㅋㅋㅋ", "gkrtod"])
def test_words_stay_when_the_other_keyboard_makes_nothing_known(query):
    found = plan(query)
    assert found.search == query
    assert found.steps == ()


def test_two_keys_are_read_as_a_name_only():
    vocabulary = Words({"dell": 5, "hp": 9, "pc": 9, "해": 90})
    analyser = Analyser(Lexicon([Group("brands", ("HP",))]))
    assert [t.text for t in analyser.query("ㅗㅔ", vocabulary).terms] == ["hp"]
    assert analyser.query("ㅔㅊ", vocabulary).terms == ()
    assert analyser.query("go", vocabulary).terms == ()


def test_laughter_is_no_other_keyboard():
    found = ANALYSER.query("ㅉㅉㅉ", Words({"www": 50}))
    assert (found.search, found.steps, found.terms) == ("ㅉㅉㅉ", (), ())


def test_the_query_tower_reads_the_recovered_text():
    assert plan("dkdlvhs 14").dense_text == "아이폰 14"


def test_run_together_words_are_cut_with_known_words():
    assert {"나이키", "에어맥스", "=나이키"} <= set(terms("나이키에어맥스"))
    assert steps("나이키에어맥스", "segment") == [("나이키에어맥스", "나이키 에어맥스")]
    assert "모니터" in terms("델모니터")


def test_a_particle_is_dropped():
    assert "가방" in terms("가방을")


def test_a_stray_space_is_closed():
    assert "에어맥스" in terms("에어맥 스")


def test_an_unknown_word_goes_to_its_neighbour():
    assert terms("갤럭씨")["갤럭시"] == "spelling"
    assert steps("갤럭씨", "spelling") == [("갤럭씨", "갤럭시")]
    assert terms("wireles")["wireless"] == "spelling"


@pytest.mark.parametrize(("word", "other"), [("가방", "가발"), ("방", "빵"), ("댕댕이", "땡땡이"), ("가밥", "가방")])
def test_short_and_known_words_are_not_respelled(word, other):
    assert other not in terms(word)
    assert steps(word, "spelling") == []


def test_numbers_match_exactly():
    assert {"14", "아이폰14"} <= set(terms("아이폰 14 프로"))
    assert not {"15", "아이폰15"} & set(terms("아이폰 14 프로"))
    assert not {"14", "15"} & set(terms("아이폰 13"))


def test_sizes_and_amounts():
    assert terms("256기가").keys() == terms("256GB").keys() == {"256gb", "256"}
    assert set(terms("270mm")) == {"270mm", "270"}


def test_neighbours_that_are_one_word():
    assert terms("head set")["headset"] == "join"


def test_stop_words_count_only_alone():
    vocabulary = Words({"the": 900, "boy": 3})
    assert [t.text for t in ANALYSER.query("the boys", vocabulary).terms] == ["boy"]
    assert [t.text for t in ANALYSER.query("the", vocabulary).terms] == ["the"]


def test_a_name_takes_over_from_its_spelling():
    weights = {term.text: term.weight for term in plan("아이폰").terms}
    assert weights["=아이폰"] > weights["아이폰"] > 0
    assert plan("아이폰").steps == (Step("lexicon", "아이폰", "아이폰, iPhone"),)


def test_near_equals_count_less():
    assert [(t.text, t.origin) for t in plan("laptops").terms] == [("=노트북", "lexicon")]
    assert plan("laptops").terms[0].weight < 1


@pytest.mark.parametrize("query", ["", "   ", "😀🎉", "!!!", "\u3164", "\x00"])
def test_queries_without_words(query):
    found = plan(query)
    assert (found.terms, found.dense_text, found.steps) == ((), "", ())


LONG = ["x" * 10_000, "가" * 10_000, "아이폰 " * 2_500, "a1" * 5_000, "1만" * 5_000, "dkdl " * 2_000]


@pytest.mark.parametrize("query", LONG)
def test_long_queries_are_bounded_and_say_so(query):
    found = plan(query)
    assert len(found.terms) < 400
    if " " in query:
        assert found.n_ignored > 1000


def test_document_tokens():
    pieces = {"나이키에어맥스": ("나이키", "에어맥스")}
    tokens = ANALYSER.document("나이키에어맥스 270mm ㅋㅋㅋ", pieces)
    assert {"나이키에어맥스", "나이키", "에어맥스", "_나이", "=나이키", "270mm", "270", "ㅋㅋㅋ"} <= set(tokens)
    assert ANALYSER.document("") == []


def test_identity_follows_the_lexicon():
    assert Analyser(LEXICON).lexical_id == ANALYSER.lexical_id != Analyser(Lexicon()).lexical_id


def test_cut_needs_every_piece_known():
    known = {"나이키": 5, "에어맥스": 5}.get
    count = lambda word: known(word, 0)  # noqa: E731
    assert cut("나이키에어맥스", count, 100) == ("나이키", "에어맥스")
    assert cut("나이키에어조던", count, 100) == ()
    assert cut("나이키에어조던", count, 100, strangers=True) == ("나이키", "에어조던")
    assert cut("나이키", count, 100) == ()
    assert cut("가" * 41, count, 100) == ()


def test_latin_words_are_cut_and_closed_too():
    vocabulary = Words({"nike": 40, "air": 30, "max": 30, "headset": 20, "batteri": 10, "power": 12})
    read = Analyser(Lexicon()).query
    assert {"nike", "air", "max"} == {t.text for t in read("nikeairmax", vocabulary).terms}
    assert {"power", "batteri"} == {t.text for t in read("powerbatteries", vocabulary).terms}
    assert {"headset"} == {t.text for t in read("heads et", vocabulary).terms}
    # nothing known in it
    assert read("gopro", vocabulary).terms == ()
