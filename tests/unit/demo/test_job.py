from __future__ import annotations

from semsearch.demo.job import STEP_CHARS, different, priced, steps_told
from semsearch.retrieval.results import SearchHit, SearchResult
from semsearch.text.plan import Step


def result(*prices: tuple[str, float | None], steps: tuple[Step, ...] = ()) -> SearchResult:
    hits = tuple(
        SearchHit(rank=n, item_id=str(n), score=1.0, lexical=None, dense=None, title=title, price=price, currency="KRW")
        for n, (title, price) in enumerate(prices, 1)
    )
    return SearchResult("q", "q", "hybrid", "rrf", "r", hits, steps=steps)


def test_like_hits_are_one_line_and_counted() -> None:
    found = result(("mug", 1.0), ("mug", 1.0), ("pot", None), ("pan", 3.0), ("pan", 0.0), ("lid", 1.0))
    assert different(found, 3) == [("mug (×2)", "1\u00a0KRW"), ("pot", ""), ("pan (×2)", "3\u00a0KRW and others")]


def test_prices_are_exact_and_nothing_is_free() -> None:
    given = [(109.95, "USD"), (15_000.0, "KRW"), (0.0, "KRW"), (None, "KRW"), (3, None)]
    assert [priced(*pair) for pair in given] == ["109.95\u00a0USD", "15,000\u00a0KRW", "free", "", "3"]


def test_steps_are_cut_between_words() -> None:
    long = "colour, coloured, colourful, colours"
    told = steps_told(
        result(steps=(Step("keyboard", "a", "아이폰"), Step("keyboard", "c", "케이스"), Step("lexicon", "b", long)))
    )
    assert told.startswith("keyboard: 아이폰, 케이스; lexicon: colour, ")
    cut = told.rpartition(": ")[2]
    assert len(cut) <= STEP_CHARS
    assert cut.removesuffix("…").strip(", ").split(", ")[-1] in long.split(", ")
