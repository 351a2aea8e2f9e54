"""The page of an alert: whole, self-contained, and nothing that a post says can change it."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from semsearch.campaigns.evidence import evidence
from semsearch.records import Alert, Decision, Member, Verdict
from semsearch.report.alert import alert_page, chunks, share
from semsearch.report.timeline import Line, Mark, growth
from semsearch.review.cases import Case

NOW = datetime(2026, 11, 22, tzinfo=UTC)
EVIL = "</style></span><script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1) & \"'"
START_US = 1_741_200_000_000_000


def page(texts, *, author="u1", status="open", decisions=(), category=None, recipient=None):
    members = tuple(
        Member(
            n, "c1", f"{author}-p{n}", 0, f"{author}{n}", START_US + n * 60_000_000, "shingles" if n else "leader", 0.7,
            recipient_id=recipient and f"{recipient}{n}", category=category, disguised=bool(n),
        )
        for n in range(len(texts))
    )  # fmt: skip
    alert = Alert(
        "a1", "c1", "listing", "campaign", 2, "high", START_US, 3, 2, 0, {"text": f"3 posts by 2 authors {author}"}
    )
    case = Case(alert, status, "c1", members, frozenset())
    return alert_page(case, [alert], decisions, evidence(members, dict(enumerate(texts))), NOW)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_whatever_a_post_says_it_stays_text():
    decided = Decision(1, NOW, EVIL, "confirm", "a1", (("p1", 0),), EVIL)
    made = page([f"명품가방 팝니다 {EVIL}", EVIL, "\u202e" + EVIL], author=EVIL, category=EVIL, recipient=EVIL,
                decisions=[decided])  # fmt: skip
    parsed = Tags()
    parsed.feed(made)
    assert not parsed.tags & {"script", "img", "link", "iframe", "a", "form", "base"}
    assert not {name for name in parsed.attributes if name.startswith("on") or name in ("src", "href", "style")}
    assert not re.search(r"url\(|@import|\u202e", made)
    assert "Content-Security-Policy" in made and "default-src &#39;none&#39;" not in made
    assert made.count("</style>") == 1


def test_the_headline_says_how_many_who_where_and_what_was_decided():
    made = page(["명품가방 팝니다 010-1234-5678"] * 3)
    assert "<h1>3 look-alike posts by 3 authors in listing</h1>" in made
    for piece in ("high severity", "level 2", "3 posts by 2 authors", ">01012345678<", "67 %", "open"):
        assert piece in made
    assert "1 look-alike post by 1 author in" in page(["하나뿐인 글입니다"])


def test_marks_stand_on_the_text_as_it_was_written():
    made = page(["명품가방 급하게 팝니다", "명품가방 급하게 ㅍㅏㅂ니ㄷr 텔\u200b레그램"])
    assert '<span class="same">명품가방 급하게 팝니다</span>' in made
    assert 'class="same disguised">' in made or 'class="disguised">' in made
    assert 'title="U+200B ZERO WIDTH SPACE">U+200B</span>' in made


def test_a_campaign_without_any_text_left_has_a_page():
    assert "0 of" not in page([])
    made = page([])
    assert "<h1>0 look-alike posts" in made


def test_what_cannot_be_seen_is_named_but_emoji_stay_whole():
    assert list(chunks("a\u202eb")) == [("a", ""), ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"), ("b", "")]
    assert list(chunks("👨\u200d👩 ❤\ufe0f")) == [("👨\u200d👩 ❤\ufe0f", "")]
    assert [name for _, name in chunks("가\u200d나\x00")] == ["", "U+200D ZERO WIDTH JOINER", "", "U+0000 control"]


def test_a_share_is_never_rounded_to_nothing():
    assert [share(n, 1000) for n in (0, 1, 10, 500)] == ["0 %", "< 1 %", "1 %", "50 %"]
    assert share(0, 0) == "0 %"


def test_the_chart_ends_at_the_totals_and_marks_the_raises():
    drawing = str(growth([Line("posts", [START_US, START_US + 1, START_US + 60_000_000])], [Mark(START_US, "level 1")]))
    assert ">3 posts<" in drawing and ">level 1<" in drawing
    assert growth([], []) == "" and growth([Line("posts", [])], []) == ""


def test_a_chart_of_many_posts_stays_small_and_one_of_a_single_moment_is_drawn():
    many = growth([Line("posts", [START_US + n * 1_000_000 for n in range(100_000)])], [])
    assert len(str(many)) < 80_000 and ">100,000 posts<" in many
    one = str(growth([Line("posts", [START_US] * 5)], [Mark(START_US, "level 1")] * 3))
    assert ">5 posts<" in one and not re.search(r"\b(nan|inf)\b", one)


def test_a_flagged_post_is_shown_with_what_an_llm_said():
    member = Member(1, "", "p1", 0, "u1", START_US, "verdict", 1.0)
    alert = Alert(
        "v1", "", "listing", "verdict", 1, "medium", START_US, 1, 1, 0, {"text": "written as a profile says: pA"}
    )
    about = ("listing", "p1", b"", "u1", NOW)
    said = [
        Verdict(*about, "pA", "h", "small", True, f"shop {EVIL}", (EVIL, "\u202e"), instructed=True, at=NOW),
        Verdict(*about, "", "h", "small", None, cause="refused"),
    ]
    shown = evidence((member,), {1: "매장 정리 사은품 증정"})
    made = alert_page(Case(alert, "open", "", (member,), frozenset()), [alert], [], shown, NOW, verdicts=said)
    parsed = Tags()
    parsed.feed(made)
    assert not parsed.tags & {"script", "img", "link", "iframe", "a", "form", "base"}
    assert "\u202e" not in made
    for piece in ("<h1>A flagged post in listing</h1>", "What an LLM said", "tries to instruct", "refused", "abstained",
                  "What it says", "alerts decide v1"):  # fmt: skip
        assert piece in made
    for piece in ("Growth", "What ties them", "campaign <span", "Leader"):
        assert piece not in made
    assert "What an LLM said" not in page(["명품가방 팝니다"])
