import numpy as np
import pytest

from semsearch.simulate import noise
from semsearch.simulate.catalogue import CATALOGUE_DAYS
from semsearch.simulate.listing import copula, say_price
from semsearch.simulate.streams import pick, stream, zipf_weights
from semsearch.simulate.tables import for_group


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("아이폰", "dkdlvhs"),
        ("iphone", "ㅑㅔㅙㅜㄷ"),
        ("값싼 왜건", "rkqtTks dhorjs"),
        ("나이키 270", "skdlzl 270"),
        ("gopro", "해ㅔ개"),
    ],
)
def test_wrong_layout_types_what_the_keys_type(right, wrong):
    assert noise.wrong_layout(right) == wrong


@pytest.mark.parametrize(
    "text", ["닥스훈트", "값싼", "쌍용", "웨딩", "의자", "까르띠에", "앉은뱅이책상", "없는", "외투"]
)
def test_layouts_round_trip(text):
    assert noise.to_hangul_keys(noise.to_latin_keys(text)) == text


def test_typos_change_letters_and_keep_digits():
    rng = np.random.default_rng(0)
    made = {noise.typo("아이폰 15 프로", rng) for _ in range(200)}
    assert len(made) > 10
    assert all("15" in text for text in made)
    assert sum(text == "아이폰 15 프로" for text in made) <= 1


def test_a_typo_needs_two_letters():
    assert noise.typo("5", np.random.default_rng(0)) == "5"


def test_respacing_only_moves_spaces():
    rng = np.random.default_rng(1)
    for _ in range(100):
        wrong = noise.respace("나이키 에어맥스 97", rng)
        assert wrong != "나이키 에어맥스 97"
        assert wrong.replace(" ", "") == "나이키에어맥스97"


def test_prices_are_said_as_people_say_them():
    assert say_price(155_000, "ko", 0.75) == "15만5천"
    assert say_price(155_000, "ko", 0.9) == "15.5만"
    assert say_price(155_000, "ko", 0.1) == "155,000원"
    assert say_price(20_000, "ko", 0.5) == "2만원"
    assert say_price(8_000, "ko", 0.5) == "8천원"
    assert say_price(1200, "en", 0.1) == "$1,200"
    assert say_price(float("nan"), "ko", 0.5) == "가격 제안"


def test_copula_follows_the_last_syllable():
    assert copula("베이지") == "예요"
    assert copula("블랙") == "이에요"


def test_phrases_fit_their_group():
    assert for_group(["풀박@box", "깨끗"], "furniture") == ("깨끗",)
    assert for_group(["풀박@box", "깨끗"], "phone") == ("풀박", "깨끗")


def test_streams_are_apart_and_repeatable():
    assert stream(1, "a").random() == stream(1, "a").random()
    assert stream(1, "a").random() != stream(1, "b").random()
    assert stream(1, "a").random() != stream(2, "a").random()


def test_zipf_weights_by_hand():
    assert zipf_weights(3, 1.0) == pytest.approx([6 / 11, 3 / 11, 2 / 11])
    drawn = pick(np.random.default_rng(0), np.array([0.0, 1.0, 3.0]), 4000)
    assert 0 not in drawn
    assert np.mean(drawn == 2) == pytest.approx(0.75, abs=0.03)


def test_the_market_lasts_sixty_days():
    assert CATALOGUE_DAYS == 60
