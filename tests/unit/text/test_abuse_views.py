"""What evasive text becomes, and what clean text keeps."""

from __future__ import annotations

import unicodedata

import pytest

from semsearch.text.abuse.folding import fold, unmasking
from semsearch.text.abuse.reading_post import read_post
from semsearch.text.abuse.skeleton import skeleton
from semsearch.text.abuse.spans import Edit, Spanned, rewritten
from semsearch.text.views import display, search

STRAY_JAMO = {
    **{0x1100 + i: c for i, c in enumerate("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")},
    **{0x1161 + i: c for i, c in enumerate("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ")},
    **{0x11A8 + i: c for i, c in enumerate("ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")},
}


def bones(text):
    return read_post(text).skeleton


def test_spans_lead_back_from_put_together_syllables():
    view = fold("ㅎㅖ어져서 팝니ㄷr ☆")
    assert view.text == "혜어져서 팝니다 ☆"
    assert view.origin(0, 1) == (0, 2)
    assert view.origin(7, 8) == (8, 10)
    assert view.origin(5, 8) == (6, 10)
    assert bones("ㅎㅖ어져서 팝니ㄷr ☆") == bones("헤어져서 팝니다")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ㅎㅏㄴ글", "한글"),
        (unicodedata.normalize("NFD", "팝니다"), "팝니다"),
        ("아이\u3164폰", "아이폰"),
        ("텔\u200b레", "텔레"),
        ("카\u2060톡", "카톡"),
        ("파ㅂ니다", "팝니다"),
        ("안ㄴㅕㅇ", "안녕"),
        ("ㅇㅓㅂㅅ다", "없다"),
        ("ㄷㅏㄹㄱ", "닭"),
        ("ㄱㅗㅏㄴ심", "관심"),
        ("ㅎ ㅏ ㄴ 글", "한글"),
        ("ㅈㅜ세요", "주세요"),
        ("ㅋr톡", "카톡"),
        ("ㅅh상품", "새상품"),
        ("쓰레ㄱl", "쓰레기"),
        ("새ㄲ1들", "새끼들"),
        ("7ㅏ방", "가방"),
        ("oㅏ이폰", "아이폰"),
        ("口ㅓ니", "머니"),
        ("口卜켓", "마켓"),
        ("ﾡ㉮", "ㄱ가"),
        ("카*카*오*톡", "카카오톡"),
        ("𝐅𝐫𝐞𝐞 ⓜⓞⓝⓔⓨ 🅿🅰🆈", "free money pay"),
        ("p̷a̷y ｆｒｅｅ ᴄᴀsʜ", "pay free cash"),
        ("рау frее", "pay free"),
        ("кpuптoй Здрαвствуйте", "криптой здравствуйте"),
    ],
)
def test_disguises_fold_to_what_is_meant(text, meant):
    if text != "рау frее":
        assert fold(text).text == meant
    assert bones(text) == bones(meant)


@pytest.mark.parametrize(
    "text",
    [
        "상태 굿ㅋㅋㅋ ㅠㅠ",
        "갤럭시r 팔아요",
        "ㅡㅅㅡ ㅠㅁㅠ ㅇㅅㅇ ㅇ.ㅇ!!",
        "ㄱㅅㅠ 너무 비싸ㅜ 10ㅠ 했어ㅠㅠ",
        "ㅋ ㅋ ㅋ ㅠ ㅠ",
        "ㅇㅈ? ㅇㅇ ㄴㄴ ㄱㄱ ㅃ2",
        "재밌다ㅎㅎ다시 좋아요ㅋㅋ진짜 대박ㄷㄷ",
        "ㅋ! 왜 이래ㅡㅡ 승리는",
        "시즌2가 1인 2역, 5만원 3개월 s21 256gb",
        "아이폰 se2 64g 배터리 87%",
        "짝~짝~짝 탱,탱,탱",
        "댕댕이 옷 팔아요",
        "공사 이사 일오 구이 사이오 일일이",
        "русский текст и apple iphone",
        "東京の人口は一番",
        "café naïve 北京",
    ],
)
def test_clean_text_is_not_touched(text):
    assert unmasking(text)[:2] == (text, 0)
    assert fold(text).text == search(text)


def test_letters_typed_alone_stay_where_people_read_and_search():
    text = "상태 굿ㅋㅋㅋ ㅠㅠ"
    assert display(text) == search(text) == fold(text).text == text
    assert bones(text) == bones("상태 굿")


def test_case_and_spaces_are_no_disguise():
    assert unmasking("  갤럭시  S21\n\tULTRA ")[:2] == ("갤럭시 s21 ultra", 0)
    view = fold("  갤럭시  S21")
    assert view.text == "갤럭시 s21"
    assert view.origin(0, 3) == (2, 5)
    assert view.origin(4, 7) == (7, 10)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("ㅎㅖ어져서 팝니ㄷr ☆", 4),
        ("아이\u3164폰", 1),
        ("\ufeff안녕 👨\u200d👩\u200d👧 ❤\ufe0f", 0),
        ("최.고.다", 0),
        ("최*고*다", 2),
    ],
)
def test_disguised_counts_what_only_evades(text, count):
    assert unmasking(text)[1] == count


def test_list_marks_are_no_disguise_but_framed_numbers_are():
    assert unmasking("① 상태 좋음 ② 가격")[:2] == ("1 상태 좋음 2 가격", 0)
    assert unmasking("①②③④")[:2] == ("1234", 4)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("멍멍이 명작 귀여워 대박 비빔밥 광고", "댕댕이 띵작 커여워 머박 네넴밥 팡고"),
        ("헤어져서 싸게 팝니다", "해어저서 사게 밥니다"),
        ("왜 돼지", "웨 되지"),
        ("급처 합니다!!", "급 처 ★ 합니다 ㅠㅠ ㅋㅋ"),
        ("paypal", "раураI"),
        ("Viagra casino", "v1agra c4sin0 ".replace("0", "o")),
        ("없어요", "ㅇㅓㅂㅅ어요"),
        ("느낌", "느ㄲㅣㅁ"),
    ],
)
def test_skeletons_are_equal_under_spelling_tricks(one, other):
    assert bones(one) == bones(other)


@pytest.mark.parametrize(
    ("one", "other"), [("아이폰 14", "아이폰 15"), ("가방 팝니다", "나방 팝니다"), ("100원", "10원")]
)
def test_skeletons_of_other_texts_differ(one, other):
    assert bones(one) != bones(other)


def test_skeleton_of_moods_alone_is_empty():
    assert bones("ㅋㅋㅋㅋ ㅠㅠ ★★ !!") == bones("") == ""
    assert bones("ㅋㅌ 주세요") != bones("주세요")


def test_placeholders_stand_in_the_view_and_the_skeleton():
    reading = read_post("문의 공일공.일이삼사-5육7팔 톡 주세요")
    assert reading.view == "문의 <phone> 톡 주세요"
    assert reading.skeleton == skeleton("문의 <phone> 톡 주세요") == bones("문의 010 9999 0000 톡 주세요")
    assert reading.disguised == 9


def test_edits_map_character_by_character_only_when_as_long():
    view = Spanned.whole("abcdef").edited([Edit(1, 3, "xy"), Edit(4, 6, "z")])
    assert view.text == rewritten("abcdef", [Edit(1, 3, "xy"), Edit(4, 6, "z")]) == "axydz"
    assert list(zip(view.starts, view.ends, strict=True)) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 6)]
    assert view.origin(5, 5) == (6, 6)


@pytest.mark.parametrize("unit", ["ㄱ", "ㄱㅏ", "0", "공일", "가.", "a\u0301", "\u3164", "аa", "@", "닷", "카톡:", "ﷺ"])
def test_monotonous_text_takes_linear_time(unit):
    assert len(read_post(unit * 10_000).view) <= 20 * len(unit) * 10_000


@pytest.mark.parametrize(
    "text", ["어떻게 좋은 가방을 싸게 팝니다", "이 크기 그대로 주문해 주세요", "값이 없어서 급처합니다"]
)
def test_skeletons_hold_when_every_syllable_is_taken_apart(text):
    letters = "".join(unicodedata.normalize("NFKD", char) for char in text)
    typed = letters.translate(STRAY_JAMO)
    assert typed != text
    assert bones(typed) == bones(text)
    assert fold(typed).text == text
