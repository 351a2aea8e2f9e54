from __future__ import annotations

from semsearch.demo.listings import likely_queries


def test_pairs_first_no_word_twice_nothing_everywhere() -> None:
    titles = [
        "급처 나이키 운동화",
        "급처 나이키 운동화 270",
        "급처 아이폰 13",
        "급처 아이폰 케이스",
        "급처 의자",
        "급처 책상",
    ]
    assert likely_queries(titles, 10) == [("나이키 운동화", 2), ("아이폰", 2)]


def test_a_file_without_shared_words_still_gets_queries() -> None:
    assert likely_queries(["아이폰", "의자"], 1) == [("아이폰", 1)]
    assert likely_queries([], 10) == []
