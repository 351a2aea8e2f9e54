"""What holds of every query and item."""

from __future__ import annotations

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from semsearch.longtail.mismatch.calibration import Calibration
from semsearch.longtail.mismatch.judging import NOTHING_ASKED, Judge, Judged
from semsearch.longtail.mismatch.words import item_words, words_of
from semsearch.text.lexicons import Lexicon

KOREAN = "아이폰 14 15 프로 256gb 512기가 나이키 에어맥스 나이키에어맥스 운동화 270 260mm 플스5 가방 크로스가방"
OTHERS = "NIKE PS4 ㅑㅔㅙㅜㄷ dkdlvhs headset head set wi-fi WH-1000XM4 s9fe256gb 5만원 2024년 15평 ㅋㅋ 😀 the カメラ"
WORDS = [*KOREAN.split(), *OTHERS.split()]
texts = st.one_of(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join), st.text(max_size=60))


LEXICON = Lexicon.load()
JUDGE = Judge(LEXICON, Calibration(), lambda token: 1.0 + len(token) % 5)


def judged(query: str, *titles: str) -> list[Judged]:
    return JUDGE.judge(words_of(query, LEXICON), [item_words({"title": title}, LEXICON) for title in titles])


@given(texts, texts)
@settings(deadline=None)
@example("ㄳ", "ㄱㅅ")
@example("9" * 400, "1" * 400)
@example("\ud800", "\x00")
@example("1.2.3gb", "1..2")
def test_judging_any_text_gives_an_honest_answer(query: str, title: str) -> None:
    (found,) = judged(query, title)
    assert found.why
    if math.isnan(found.coverage):
        assert (found.fits, found.ties, found.why) == (True, (), NOTHING_ASKED)
    else:
        assert 0.0 <= found.coverage <= 1.0
        assert all(0.0 < tie.similarity <= 1.0 for tie in found.ties)
        assert not (found.fits and found.contradicted)
        assert found.ties or not found.fits


@given(texts, texts)
@settings(deadline=None)
def test_an_item_that_says_what_was_asked_fits(query: str, title: str) -> None:
    (found,) = judged(query, f"{title} , {query} ,")
    assert found.fits and not found.contradicted


@given(texts, st.lists(texts, max_size=5), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_items_does_not_matter(query: str, titles: list[str], rng: object) -> None:
    one_by_one = [judged(query, title)[0] for title in titles]
    assert str(judged(query, *titles)) == str(one_by_one)
    assert str(judged(query, *titles[::-1])) == str(one_by_one[::-1])


@given(st.lists(st.sampled_from(WORDS), max_size=7), texts)
@settings(deadline=None, max_examples=60)
def test_case_and_width_do_not_matter(query: list[str], title: str) -> None:
    plain = " ".join(query)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in plain)
    told = str(judged(plain, title))
    assert told == str(judged(plain.upper(), title)) == str(judged(wide, title))
