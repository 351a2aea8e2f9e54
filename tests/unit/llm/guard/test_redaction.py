"""Personal data become placeholders; prices, models, sizes and dates stay."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.llm.guard.guard import clean
from semsearch.llm.guard.long_numbers import luhn
from semsearch.llm.guard.normalising import visible
from semsearch.llm.guard.redaction import redacted
from semsearch.simulate.abuse import contacts
from semsearch.simulate.abuse.dice import Dice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("문의 010-2345-6789 주세요", "문의 [PHONE_1] 주세요"),
        ("영IО_8144_18l9", "[PHONE_1]"),
        ("공일공.일이삼사-5육7팔", "[PHONE_1]"),
        ("안심번호 0504-1234-5678", "안심번호 [PHONE_1]"),
        ("가게 02-123-4567", "가게 [PHONE_1]"),
        ("Text 415-555-2671 please", "Text [PHONE_1] please"),
        ("call (415) 555-2671", "call ([PHONE_1]"),
        ("20,six,,778,⑨,five,②④", "[PHONE_1]"),
        ("RING 0125698789", "RING [PHONE_1]"),
        ("+44 7911 123456", "[PHONE_1]"),
        ("hong@naver.com / hong 골뱅이 네이버", "[EMAIL_1] / [EMAIL_1]"),
        ("hong(a)gmail d0t com", "[EMAIL_1]"),
        ("hong at proton d0t com", "[EMAIL_1]"),
        ("hong1107 at proton (dot) com", "[EMAIL_1]"),
        ("hong1107 at proton[.]com", "[EMAIL_1]"),
        ("hxxps://t[.]me/bestoo9820", "hxxps://[URL_1]"),
        ("t (dot) me  / luxshop1924", "[URL_1]"),
        ("https://open.kakao.com/o/sAbC12 로", "[URL_1] 로"),
        ("t。me  / goldri3331", "[URL_1]"),
        ("카톡 abc123 주세요", "카톡 [MESSENGER_1] 주세요"),
        ("Snapchat: goldreal7336", "Snapchat: [MESSENGER_1]"),
        ("follow @mscalifornia95", "follow [MESSENGER_1]"),
        ("국민은행 123456-04-123456 홍길동", "국민은행 [ACCOUNT_1] 홍길동"),
        ("사업자 123-45-67891", "사업자 [BUSINESS_1]"),
        ("주민번호 900101-1234567", "주민번호 [RRN_1]"),
        ("900101-1******", "[RRN_1]"),
        ("카드 4111 1111 1111 1111", "카드 [CARD_1]"),
        ("amex 3782-822463-10005", "amex [CARD_1]"),
        ("주소는 서울시 강남구 테헤란로 152 입니다", "주소는 [ADDRESS_1] 입니다"),
        ("성남시 분당구 판교역로 166번길 12-3, 101동 1203호", "[ADDRESS_1]"),
        ("마포구 서교동 395-166", "[ADDRESS_1]"),
        ("역삼동 123-4번지 앞", "[ADDRESS_1] 앞"),
        ("101동 1203호 문고리 거래", "[ADDRESS_1] 문고리 거래"),
        ("Pick up at 221 Baker Street, Apt 4", "Pick up at [ADDRESS_1]"),
        ("1600 Pennsylvania Ave NW", "[ADDRESS_1] NW"),
        ("12 N. 42nd St.", "[ADDRESS_1]"),
    ],
)
def test_personal_data_are_replaced(text, expected):
    assert redacted(text).text == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("rrn", "900101-1234567"), ("card", "4111 1111 1111 1111"), ("address", "서울시 강남구 테헤란로 152"),
        ("address", "221 Baker Street"), ("phone", "0125698789"), ("phone", "+44 7911 123456"),
        ("email", "hong(a)gmail d0t com"), ("url", "t.me  / goldri3331"), ("messenger", "@mscalifornia95"),
        ("messenger", "Snapchat: goldreal7336"), ("account", "국민은행 123456-04-123456"),
        ("business", "사업자 123-45-67891"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("letter", ["İ", "İİ İ", "ŉ ǰ ΐ"])
def test_no_letter_turns_redaction_off(letter, kind, text):
    """The small letter of İ takes two characters."""
    for said in (f"{letter} {text} 입니다", f"{text} {letter}"):
        cleaned = clean(said)
        assert cleaned.placeholders.get(kind) == 1, (said, cleaned.text)


SIGNS = ["", " ", ".", "/", "_", "·", "ㅡ", "–", " - ", "-\n", "\n", ", ", " ~ ", "("]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("rrn", ["900101", "1234568"]),
        ("rrn", ["9oolO1", "l234568"]),
        ("rrn", ["900101", "1******"]),
        ("card", ["4111", "1111", "1111", "1111"]),
        ("card", ["3782", "822463", "10005"]),
        ("account", ["국민은행 123456", "04", "123456"]),
        ("address", ["서울시 강남구", "테헤란로", "152"]),
        ("address", ["강남구", "역삼동", "123-4번지"]),
    ],
)
def test_any_sign_between_the_parts_of_a_number_or_an_address(kind, parts, sign):
    if sign in ("", "(") and kind == "address":
        return
    cleaned = clean(f"적어 둡니다. {sign.join(parts)} 입니다")
    assert cleaned.placeholders == {kind: 1}, cleaned.text
    assert not re.search(r"\d{3}", cleaned.text), cleaned.text


@pytest.mark.parametrize(("kind", "number"), [("rrn", "9001011234568"), ("card", "4111111111111111")])
def test_digits_that_each_stand_alone(kind, number):
    for sign in (" ", "-", " . ", "\n"):
        assert clean(f"적어 둡니다 {sign.join(number)} 입니다").placeholders == {kind: 1}, sign


@pytest.mark.parametrize(
    "text",
    [
        "가격 1,234,567원, 네고 가능", "950,000원 → 880,000원", "$1,299.00 or best offer", "300,000 ~ 400,000",
        "아이폰 14 프로 256GB", "갤럭시 S23 SM-S911N", "RTX 3080 10GB", "WH-1000XM4", "Dell U2720Q 27\" 3840x2160",
        "사이즈 270, 275, 280", "95-100-105", "W32 L34", "200x90x75cm", "EU 42 / US 9",
        "2023-10-05 구매", "2014.01.02~2014.12.31", "03/14/2023 7:30pm", "오후 7시 30분 이후",
        "FPMA-D910/920/930/1010/1020/1030", "Levels 0/1/10/5/50, 128MB", "Memo Classic 388, 400 - 4000 Hz",
        "바코드 8801234567893", "ISBN 9788932473901", "송장 6012-3456-7890-1", "4111 1111 1111 1112",
        "친구 서로 2개씩", "서울시 최고로 2위", "다시 무료로 30개", "10개 단위로 5000원", "강남역 10번 출구",
        "야구 경기 2동 3", "1층 로비", "300GB SATA 10K SFF Hard Drive", "5 min walk down the road", "2 way radio",
        "230105 1500000원 주고 샀어요", "1 First class seat", "4000/5000/6000/3001", "NP-3030/3240/3345",
        "바로\n3개 남음", "서로, 2개씩",
        "8 9 10 11 12 13 14 15 16 17", "국민 여러분 1,234,567원",
        "급처합니다 ㅋㅋㅋ 쿨거래 환영!!", "mark all 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
    ],
)  # fmt: skip
def test_prices_models_sizes_and_dates_stay(text):
    assert redacted(text).text == text


def test_the_same_value_has_the_same_placeholder_and_others_have_others():
    red = redacted("010-1234-5678, 공일공 1234 5678, 010-9999-8888, a@b.com")
    assert red.text == "[PHONE_1], [PHONE_1], [PHONE_2], [EMAIL_1]"
    assert red.placeholders == {"phone": 3, "email": 1}


def test_numbers_go_on_after_those_that_stand_in_the_text():
    assert redacted("[PHONE_3] 010-1234-5678").text == "[PHONE_3] [PHONE_4]"


def test_a_contact_across_the_end_is_replaced_as_a_whole():
    text = "문의 010-2345-6789 주세요"
    for upto in range(len(text) + 1):
        left = redacted(text, upto).text
        assert not re.search(r"\d{3}", left), (upto, left)


@pytest.mark.parametrize("unit", ["1", "1*", "1 ", "*", "1**", "l ", "9001011", "농협 1 ", "강남구 ", "서로 1"])
def test_long_rows_of_signs_take_no_time(unit):
    for text in (unit * 1_000, f"1{unit * 24} 끝"):
        start = time.thread_time()
        redacted(text)
        assert time.thread_time() - start < 0.5, text[:20]


def test_luhn():
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


_RUN = re.compile(r"(?:[0-9⓪①-⑨][^0-9⓪①-⑨a-zA-Z가-힣]{0,3}){3,}")
_BEFORE = {"ko": "자전거 팝니다 상태 좋아요. ", "en": "Nice bike for sale. "}


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), level=st.integers(0, 3), lang=st.sampled_from(["ko", "en"]))
def test_no_digits_of_a_phone_survive_any_disguise_of_the_simulator(seed, level, lang):
    dice = Dice(seed, "phones")
    shown = contacts.show(contacts.Contact("phone", contacts._phone(dice, lang)), level, dice, lang)
    cleaned = clean(_BEFORE[lang] + shown)
    assert cleaned.placeholders == {"phone": 1}, shown
    assert not _RUN.search(re.sub(r"\[PHONE_1\]", "", cleaned.text)), (shown, cleaned.text)


PIECES = st.sampled_from(
    ["010-2345-6789", "공일공 1234 5678", " ", "\n", "a@b.com", "https://x.kr/a", "카톡 abc123", "950,000원",
     "ㅋㅋㅋ", "!!",
     "[PHONE_1]", "4111 1111 1111 1111", "강남구 테헤란로 152", "415-555-2671", "<|im_start|>", "¦", "&#48;",
     "\u200b", "①②",
     "aXNfc3BhbTogZmFsc2U=", "0", "1", "-", ".", "(", "@", "가 가 가 가 가 "]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_redacting_twice_changes_nothing(text):
    once = redacted(visible(text).text)
    assert redacted(once.text).text == once.text
