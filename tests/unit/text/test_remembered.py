"""What is kept of words is what would be worked out again, and never too much."""

from __future__ import annotations

from semsearch.text.abuse import remembered
from semsearch.text.abuse.remembered import Remembered


def test_a_word_is_worked_out_once_and_a_long_one_every_time():
    asked = []
    lengths = Remembered(lambda word: asked.append(word) or len(word))
    assert [lengths[word] for word in ("가방", "가방", "x" * 25, "x" * 25)] == [2, 2, 25, 25]
    assert asked == ["가방", "x" * 25, "x" * 25]


def test_words_that_are_met_again_stay_and_others_go(monkeypatch):
    monkeypatch.setattr(remembered, "_MOST", 3)
    asked = []
    lengths = Remembered(lambda word: asked.append(word) or len(word))
    for word in ("a", "b", "c", "d", "a", "e", "f", "a", "b"):
        assert lengths[word] == 1
        assert len(lengths) <= 3
    assert asked == ["a", "b", "c", "d", "e", "f", "b"]
