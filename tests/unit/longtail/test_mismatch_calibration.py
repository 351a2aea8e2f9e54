"""From which likeness two words are one."""

from __future__ import annotations

import math
import random

import pytest

from semsearch.longtail.mismatch.calibration import CHANCE, Calibration, Cell
from semsearch.text.tokens import HANGUL, LATIN, LETTERS


def made(n: int, seed: int = 0) -> list[str]:
    """Latin words of 3 to 12 letters, drawn evenly: far apart when long."""
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(3, 13))) for _ in range(n)]


@pytest.fixture(scope="module")
def measured() -> Calibration:
    return Calibration.of(made(3000))


def cell(calibration: Calibration, kind: str, length: int) -> Cell:
    return next(c for c in calibration.cells if (c.kind, c.length) == (kind, length))


def test_short_words_are_never_slips_and_say_why(measured: Calibration) -> None:
    three, five = cell(measured, "latin", 3), cell(measured, "latin", 5)
    assert three.threshold is None and five.threshold is None
    # one letter of three: 75 of 17,576 words of that length, a tenth of all; an item has 40
    assert three.chance > five.chance and three.chance > CHANCE
    assert [measured.least(LATIN, presses) for presses in (1, 3, 5)] == [None] * 3


def test_one_slip_of_a_word_still_ties_and_two_of_a_long_one(measured: Calibration) -> None:
    assert measured.least(LATIN, 6) == pytest.approx(1 - 1 / 6, abs=0.002)
    assert measured.least(LATIN, 7) == pytest.approx(1 - 1 / 7, abs=0.002)
    assert measured.least(LATIN, 12) == pytest.approx(1 - 2 / 12, abs=0.002)
    assert all(
        c.kept >= 0.95 and c.chance <= CHANCE for c in measured.cells if c.kind == "latin" and c.length in (7, 8)
    )


def test_a_crowded_vocabulary_raises_the_threshold() -> None:
    # all words of eight letters that differ in their last four: each has many at one letter's distance
    crowd = [f"abcd{a}{b}{c}{d}" for a in "efgh" for b in "efgh" for c in "efgh" for d in "efghijklm"]
    least = Calibration.of(crowd).least(LATIN, 8)
    assert least is not None and least > 7 / 8
    assert cell(Calibration.of(crowd), "latin", 8).kept < 0.5


def test_without_words_the_rule_decides() -> None:
    empty = Calibration.of([])
    assert [cell.kind for cell in empty.cells] == ["sound"] * 6
    assert all(math.isnan(cell.chance) for cell in empty.cells)
    assert [empty.least(HANGUL, presses) for presses in (5, 6, 10)] == [None, 0.832, 0.799]
    assert empty.least(LETTERS, 8) == Calibration().least(LETTERS, 8) == 0.874
    assert not empty.sounds(2) and empty.sounds(7)


def test_consonants_tie_when_they_are_many() -> None:
    hangul = ["도담쿡", "모멘텀", "네버랜드", "가나", "다라", "나라", "가라"]
    latin = ["dodamcook", "gana", *(f"g{a}n{b}" for a in "aeiou" for b in "aeiou"), *made(400)]
    calibration = Calibration.of(hangul + latin)
    two = cell(calibration, "sound", 2)
    assert two.threshold is None and two.chance > CHANCE
    assert calibration.sounds(7)


def test_the_same_words_give_the_same_figures_in_any_order(measured: Calibration) -> None:
    words = made(3000)
    assert str(Calibration.of(words[::-1] + words[:50])) == str(measured)
    assert str(Calibration.of(words, seed=1)) != str(measured)


def test_rows_name_what_a_page_shows(measured: Calibration) -> None:
    assert set(measured.rows()[0]) == {"kind", "length", "threshold", "chance", "kept", "n"}
