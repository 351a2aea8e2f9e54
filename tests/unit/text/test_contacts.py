"""What is a contact, and what only looks like one."""

from __future__ import annotations

import pytest

from semsearch.text.abuse.contacts import Contact
from semsearch.text.abuse.numerals import registered
from semsearch.text.abuse.reading_post import read_post


def contacts(text):
    return read_post(text).contacts


def keys(text):
    return [contact.key for contact in contacts(text)]


@pytest.mark.parametrize(
    "text",
    [
        "010-1234-5678", "01012345678", "(010) 1234.5678", "010 12 34 56 78", "0 1 0 1 2 3 4 5 6 7 8",
        "+82 10-1234-5678", "82-010-1234-5678", "+82(0)10 1234 5678", "공일공.일이삼사-5육7팔",
        "ㅇ1ㅇ 1234 5678", "０１０ ①②③④ 5678", "영일영-일이삼사-오육칠팔", "O1O-I234-5678",
        "공하나공 일이삼사 오육칠팔", "0️⃣1️⃣0️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "010♥1234♥5678",
        "〇一〇 一二三四 五六七八", "010ㅡ1234ㅡ5678", "01\u200b0-12\u200b34-5678",
        "연락처010-1234-5678이에요", "010-일2삼4-오678이요",
    ],
)  # fmt: skip
def test_a_phone_has_one_key_however_it_is_written(text):
    assert keys(text) == ["phone:01012345678"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("123-45-67891", "business:1234567891"),
        ("사업자등록번호: 1234567891", "business:1234567891"),
        ("일이삼-사오-육칠팔구일", "business:1234567891"),
        ("0504-1234-5678", "virtual_phone:050412345678"),
        ("0507 123 4567", "virtual_phone:05071234567"),
        ("050-4712-34567", "virtual_phone:050471234567"),
        ("open[.]kakao[.]com/o/aB3", "url:open.kakao.com/o/ab3"),
        ("hxxps://open。kakao。com/o/aB3", "url:open.kakao.com/o/ab3"),
        ("open(dot)kakao(dot)com / o / aB3", "url:open.kakao.com/o/ab3"),
        ("공오공사 1234 5678", "virtual_phone:050412345678"),
        ("02-123-4567", "phone:021234567"),
        ("031) 123-4567", "phone:0311234567"),
        ("070-1234-5678", "phone:07012345678"),
        ("고객센터 1588-1234", "phone:15881234"),
        ("+1 (415) 555-2671", "phone:+14155552671"),
        ("https://www.Naver.com/", "url:naver.com"),
        ("naver.com에서 검색", "url:naver.com"),
        ("open.kakao.com/o/sAbC12", "url:open.kakao.com/o/sabc12"),
        ("hxxp://bit.ly/2AbC#x", "url:bit.ly/2abc"),
        ("https://youtu.be/abc?si=12&t=3", "url:youtu.be/abc?t=3"),
        ("토토닷컴", "url:토토.com"),
        ("toto쩜컴", "url:toto.com"),
        ("naver [.] com", "url:naver.com"),
        ("abc(dot)net", "url:abc.net"),
        ("shop . com", "url:shop.com"),
        ("ｎａｖｅｒ．ｃｏｍ", "url:naver.com"),
        ("Hong.GD@Naver.com", "email:hong.gd@naver.com"),
        ("hong(at)gmail.com", "email:hong@gmail.com"),
        ("hong 골뱅이 네이버", "email:hong@naver.com"),
        ("hong골뱅이naver닷컴", "email:hong@naver.com"),
        ("hong at gmail dot com", "email:hong@gmail.com"),
        ("카톡 abc123 주세요", "messenger:abc123"),
        ("카톡아이디: hongkd", "messenger:hongkd"),
        ("ㅋr톡 id hongkd", "messenger:hongkd"),
        ("카*톡 abc_12", "messenger:abc_12"),
        ("카카오톡 아이디는 HongKD 입니다", "messenger:hongkd"),
        ("텔레 @hong_kd", "messenger:hong_kd"),
        ("텔ㄹㅔ그램 hong12", "messenger:hong12"),
        ("라인 아이디 happy77", "messenger:happy77"),
        ("@hong_kd 로 연락", "messenger:hong_kd"),
        ("국민은행 123456-04-123456 홍길동", "account:12345604123456"),
        ("계좌번호 3333011234567", "account:3333011234567"),
    ],
)
def test_other_contacts(text, key):
    assert keys(text) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "270 1234 5678", "123-45-67890", "가격 1,234,567원", "2021-03-04 12:30", "2014.01.02~2014.12.31",
        "0, 10, 200, 3000, 40", "1592-1598 임진왜란", "1600-1700원 사이", "모델 AB-0102-1234-5678",
        "s/n 0101234567890", "13.3인치 2560x1600", "010-1234-567", "공사 이사 오구 일이 사오 육칠",
        "좋아요.그래도 a.m. T.T", "ver 1.2.3.4", "카톡 free", "카톡 주세요", "라인 티셔츠 line2",
        "@umputun thanks, that was it",
        "line-interactive 900w", "2 @ 5000won", "닷컴 버블", "100점 컴퓨터", "점넷플릭스", "아이디 카드",
        "신한카드 5-3-2", "0.5 12 34", "lololololol",
        "우체국 등기 1234567890123", "우체국택배 6012-3456-7890-1",
        "oil ol-82 ol-82", "12345678901234567890",
        "9781234567897", "토스 1234", "사이즈 95-100-105",
    ],
)  # fmt: skip
def test_what_is_no_contact(text):
    assert keys(text) == []


def test_places_are_those_of_the_original():
    text = "문의는 ０１０ ①②③④ 5678 카톡: hong_kd, Mail A@B.com"
    found = contacts(text)
    assert [text[c.start : c.end] for c in found] == ["０１０ ①②③④ 5678", "hong_kd", "A@B.com"]
    assert found[0] == Contact("phone", "phone:01012345678", 4, 17)


def test_contacts_do_not_overlap():
    assert keys("hong@naver.com naver.com 010-1234-5678/010-1234-5679") == [
        "email:hong@naver.com", "url:naver.com", "phone:01012345678", "phone:01012345679",
    ]  # fmt: skip


def test_check_digit():
    assert registered("1234567891")
    assert registered("2208162517")
    assert not any(registered(f"123456789{last}") for last in "023456789")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("공일공|1234|5678", "phone:01012345678"), ("010ㅣ1234ㅣ5678", "phone:01012345678"),
        ("010|1234-5678", "phone:01012345678"), ("010-1234ㅣ5678", "phone:01012345678"),
        ("0ㅣ0ㅣ1234ㅣ5678", "phone:01012345678"), ("공일공 | 일이삼사 | 오육칠팔", "phone:01012345678"),
        ("011|234|5678", "phone:0112345678"), ("0505|123|4567", "virtual_phone:05051234567"),
        ("010ㅣ2345678", "phone:01012345678"), ("010-1234ㅣ678", "phone:01012341678"),
        ("0ㅣ0-ㅣ234-5678", "phone:01012345678"), ("0|0-1234-5678", "phone:01012345678"),
    ],
)  # fmt: skip
def test_a_bar_is_a_dash_between_groups_and_a_one_elsewhere(text, key):
    assert [found.key for found in contacts(f"연락 {text} 주세요")] == [key]


@pytest.mark.parametrize("text", ["02|123|4567", "010|12|34|56", "사이즈|010|123|45678", "1|2|3|4|5|6|7|8|9|0"])
def test_a_row_of_a_table_is_no_phone(text):
    assert contacts(text) == ()
