from __future__ import annotations

import pytest

from semsearch.text.signatures import exact_key
from semsearch.text.views import display, search


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("ㅋㅋㅋ", "ㅋㅋㅋ"),
        ("ᄏᄏᄏ", "ㅋㅋㅋ"),  # conjoining jamo that nothing composes
        ("ﾡﾡ", "ㄱㄱ"),  # half width
        ("나\u3164이\u1160키\u115f", "나이키"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("ＮＩＫＥ　Ａｉｒ", "nike air"),
        ("Ⅳ ﬁ ½", "iv fi 1⁄2"),
        ("Straße ΣΑΣ", "strasse σασ"),
        ("a\u200bb\u00adc\ufeffd", "abcd"),
        ("  a\t\n b\u00a0c ", "a b c"),
        ("nul\x00l", "null"),
        ("bad\ud800", "bad"),
        ("", ""),
    ],
)
def test_search_view(raw, seen):
    assert search(raw) == seen


def test_display_keeps_case_width_and_emoji():
    assert display("ＮＩＫＥ  Air\u200b") == "ＮＩＫＥ Air"
    family = "👩\u200d👧 ❤\ufe0f"
    assert display(family) == family


def test_exact_key_meets_over_spelling_of_the_same_text():
    assert exact_key("나이키  NIKE") == exact_key("나이\u3164키 nike")
    assert exact_key("아이폰 14") != exact_key("아이폰 15")
    assert len(exact_key("")) == 32
