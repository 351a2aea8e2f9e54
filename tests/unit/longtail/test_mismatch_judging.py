"""One hit against one query: what ties, what contradicts, and what is said of it."""

from __future__ import annotations

import math

import pytest

from semsearch.longtail.mismatch.calibration import Calibration
from semsearch.longtail.mismatch.judging import NOTHING_ASKED, Judge, Judged
from semsearch.longtail.mismatch.words import item_words, words_of
from semsearch.text.lexicons import Lexicon

LEXICON = Lexicon.load()
RARE = 8.0
FREQUENT = {"판매합니다": 1.0, "화이트": 1.0}
FREQUENT |= dict.fromkeys(("가방", "에어", "에어프라이어", "네이비", "네이버", "보스턴백"), 2.0)
JUDGE = Judge(LEXICON, Calibration(), lambda token: FREQUENT.get(token, RARE))


def judged(query: str, title: str, **row: str) -> Judged:
    items = [item_words({"title": title, **row}, LEXICON)]
    return JUDGE.judge(words_of(query, LEXICON), items)[0]


@pytest.mark.parametrize(
    ("query", "title", "how"),
    [
        ("나이키", "NIKE 운동화", "lexicon"),
        ("플스", "PS5 팝니다", "lexicon"),
        ("랩탑", "노트북", "lexicon"),
        ("헤드셑", "게이밍 헤드셋", "jamo"),
        ("iphone", "ㅑㅔㅙㅜㄷ", "keyboard"),
        ("ㅑㅔㅙㅜㄷ", "iPhone", "keyboard"),
        ("dkdlvhs", "아이폰", "keyboard"),
        ("아이폰", "dkdlvhs", "keyboard"),
        ("dptmxlfhejtpfja", "에스티로더 세럼", "keyboard"),
        ("laptops", "asus laptop", "stem"),
        ("가방", "가방이에요", "stem"),
        ("headset", "gaming head set", "joined"),
        ("노트북", "엘지노트북램", "joined"),
        ("가방", "크로스가방", "joined"),
        ("에어컨커버", "에어컨 커버", "joined"),
        ("256기가", "256GB", "same"),
        ("27cm", "270mm", "same"),
    ],
)
def test_another_way_to_say_it_ties(query: str, title: str, how: str) -> None:
    found = judged(query, title)
    assert [tie.how for tie in found.ties] == [how]
    assert found.fits


def test_names_and_their_numbers_tie_together() -> None:
    assert judged("플스5", "PS5 팝니다").coverage == 1.0
    assert judged("갤럭시 노트북 16gb", "galaxy laptop 16기가").coverage == 1.0


def test_a_slip_of_a_name_ties() -> None:
    bare = Judge(Lexicon(()), Calibration(), lambda _token: 1.0)
    query, item = (words_of(text, Lexicon(())) for text in ("아이퐁", "아이폰"))
    assert bare.judge(query, [item])[0].ties[0].how == "jamo"
    # the starter lexicon knows this slip by name
    assert judged("아이퐁", "아이폰").ties[0].how == "lexicon"


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("가방", "가발"),
        ("방", "빵"),
        ("나이키", "나이스"),
        ("핸드폰", "헤드폰"),
        ("노트북", "갤럭시 노트20"),
        ("노트", "노트북"),
        ("에어프라이어", "나이키 에어 맥스"),
        ("네이비", "네이버"),
        ("보스", "보스턴백"),
        ("방수", "가방 수납"),
        ("로청", "유니클로청바지"),
        ("nike", "nice"),
    ],
)
def test_what_only_looks_alike_does_not_tie(query: str, title: str) -> None:
    found = judged(query, title)
    assert (found.fits, found.ties, found.coverage, found.why) == (False, (), 0.0, "nothing ties")


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("head set", "headset"),
        ("나이키에어맥스", "나이키 에어맥스"),
        ("나이키 에어맥스", "나이키에어맥스"),
        ("아이폰14 프로", "아이폰 14 프로"),
        ("아이폰 14 프로", "아이폰14프로"),
        ("일 룸 선반", "일룸 선반"),
        ("후지필름인 스탁스", "후지필름 인스탁스"),
        ("wh1000xm4", "WH-1000XM4"),
        ("samsunggalaxy", "Samsung Galaxy"),
        ("갤럭시탭s9fe256gb", "갤럭시탭 S9 FE 256GB"),
        ("소니 7m3", "소니 a7m3"),
        ("애플워치 41mm", "애플워치 41"),
    ],
)
def test_spaces_do_not_matter(query: str, title: str) -> None:
    assert judged(query, title).coverage == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("query", "title", "why"),
    [
        ("아이폰 14 프로", "아이폰 15 프로", "asks for 14, has 15"),
        ("iphone 14", "아이폰 15", "asks for 14, has 15"),
        ("아이퐁 14", "아이폰 15", "asks for 14, has 15"),
        ("플스5", "PS4", "asks for 5, has 4"),
        ("256GB", "512기가", "asks for 256gb, has 512gb"),
        ("아이폰 256", "아이폰 512GB", "asks for 256, has 512gb"),
        ("운동화 270", "운동화 260", "asks for 270, has 260"),
        ("운동화 270", "나이키 운동화 그레이 260mm", "asks for 270, has 260mm"),
        ("1tb ssd", "ssd 512gb", "asks for 1tb, has 512gb"),
        ("갤럭시 s23", "갤럭시 s24 울트라", "asks for s23, has s24"),
        ("소니 a6000", "소니 a7c2", "asks for a6000, has a7c2"),
        ("WH-1000XM4", "WH-1000XM5", "asks for 4, has 5"),
        ("레고 21325", "레고 42143 페라리", "asks for 21325, has 42143"),
        ("맥북 램16gb", "맥북 8gb 512gb", "asks for 16gb, has 8gb"),
    ],
)
def test_another_number_contradicts(query: str, title: str, why: str) -> None:
    found = judged(query, title)
    assert (found.fits, found.contradicted, found.why) == (False, True, why)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("아이폰 14", "아이폰 팝니다 15만원"),
        ("아이폰 14", "아이폰 15만5천"),
        ("아이폰 14", "아이폰 2022년 구매 15일 이전 결제"),
        ("아이폰 14", "아이폰 256GB"),
        ("아이폰 14", "아이폰 256"),
        ("아이폰 14", "아이폰 15개 일괄"),
        ("맥북 16gb", "맥북 512gb"),
        ("에어맥스 270 265", "에어맥스 270"),
        ("운동화 270", "운동화"),
        ("갤럭시 s23", "갤럭시 케이스"),
        ("레고 21325", "레고 50000"),
    ],
)
def test_what_says_nothing_of_the_number_does_not_contradict(query: str, title: str) -> None:
    found = judged(query, title)
    assert found.fits and not found.contradicted and found.coverage < 1.0
    assert "lacks" in found.why


def test_a_number_anywhere_in_the_item_is_had() -> None:
    assert judged("운동화 270", "나이키 운동화 260", body="270도 있어요").coverage == 1.0
    assert judged("아이폰 14", "아이폰 팝니다", body="14 프로입니다").coverage == 1.0


def test_the_title_speaks_before_the_body() -> None:
    assert not judged("아이폰 512gb", "아이폰 512gb", body="256gb도 있어요").contradicted
    assert not judged("모니터 27인치", "모니터 27인치", body="24인치에서 바꿨어요").contradicted
    assert judged("아이폰 512gb", "아이폰", body="256gb").contradicted
    assert judged("운동화 270", "운동화", attributes='{"size": "260"}').contradicted
    assert not judged("운동화 270", "운동화", body="250 주고 샀어요").contradicted


def test_a_number_alone_names_nothing() -> None:
    found = judged("운동화 270", "구두 270")
    assert (found.fits, found.why) == (False, "only 270 ties")
    assert judged("270", "구두 270").fits
    assert judged("셔츠 xl", "코트 XL").why == "only xl ties"


def test_letters_name_an_item_as_parts_of_a_name() -> None:
    assert judged("h&m 코트", "H&M 셔츠").fits
    assert not judged("h m 코트", "h m 셔츠").fits
    assert not judged("엑스박스원 x", "시리즈 x").fits


def test_a_latin_run_is_tied_by_what_the_item_writes_apart() -> None:
    # ikea as a name; nike air as two words that are short alone
    assert judged("ikeapoangfootstool", "IKEA Malm").ties[0].similarity == pytest.approx(4 / 18)
    assert judged("nordairpod", "nord air").ties[0].found == "nord air"


def test_a_word_that_is_everywhere_ties_nothing_by_itself() -> None:
    # of the weights 8 + 8 + 1, one is less than the share that is enough
    found = judged("토비루 선반 화이트", "가습기 화이트")
    assert (found.fits, found.why) == (False, "only 화이트 ties")
    assert found.coverage == pytest.approx(1 / 17)
    assert judged("화이트", "가습기 화이트").fits


def test_coverage_is_weighted_by_idf() -> None:
    assert judged("토비루 가방", "가방").coverage == pytest.approx(2 / 10)
    assert judged("토비루 가방", "토비루").coverage == pytest.approx(8 / 10)


def test_every_part_of_an_item_that_says_what_it_is_counts() -> None:
    row = {"category": "패션 > 신발 > 운동화", "attributes": '{"brand": "아식스", "outer_material": "가죽"}'}
    assert judged("운동화", "젤카야노", **row).fits
    assert judged("아식스", "젤카야노", **row).fits
    assert judged("네이비", "젤카야노", body="색상은 네이비").fits
    assert not judged("패션", "젤카야노", **row).fits
    assert not judged("material", "젤카야노", **row).fits


@pytest.mark.parametrize("query", ["", "   ", "ㅋ", "ㅋㅋㅋㅋ", "😀🎁", "!!?", "15만원"])
def test_who_asks_nothing_is_told_so(query: str) -> None:
    found = judged(query, "아이폰 14")
    assert math.isnan(found.coverage)
    assert (found.fits, found.contradicted, found.ties, found.why) == (True, False, (), NOTHING_ASKED)


def test_a_long_query_and_an_empty_item() -> None:
    assert judged("가" * 500, "아이폰").why == "nothing ties"
    assert judged("아이폰 " * 125, "아이폰").coverage == pytest.approx(1.0)
    assert judged("아이폰", "").why == "nothing ties"
    assert JUDGE.judge(words_of("아이폰", LEXICON), []) == []


def test_why_names_the_ties_and_what_is_missing() -> None:
    found = judged("나이키 토비루 헤드셑 270", "NIKE 헤드셋")
    assert found.why == "나이키 = nike (lexicon), 헤드셑 = 헤드셋 (jamo); lacks 토비루, 270"
