"""What is drawn fits the terminal, however narrow, and says what it should."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from rich.cells import cell_len
from rich.text import Text
from tests.unit.review.labelling.drawn import judged, said, task

from semsearch.cli import screen as drawing
from semsearch.cli.pair_view import (
    answered_told,
    keeping_keys,
    keys_in_brief,
    keys_told,
    meeting_keys,
    pair_view,
    progress_told,
    told,
    typing_keys,
)  # fmt: skip
from semsearch.cli.screen import Screen, View, markdown
from semsearch.records import Facet
from semsearch.relevance.guideline import RULES, sections
from semsearch.review.labelling.opinions import Opinion
from semsearch.review.labelling.session import Progress, Session, Shown
from semsearch.review.labelling.strategies import Plan

CODE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
KOREAN = "나이키 에어맥스 운동화 팝니다 " * 5
ATTRIBUTES = '{"brand": "비타론", "sizes": [260, 265], "new": true}'
PROGRESS = Progress(3, 10, 2, 411.6)


def drawn(view: View, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch, page: int = 0) -> tuple[list[str], int]:
    written: list[str] = []
    monkeypatch.setattr(drawing, "_size", lambda: size)
    monkeypatch.setattr(Screen, "_write", lambda _, text: written.append(text))
    pages = Screen().draw(view, page)
    return CODE.sub("", written[-1]).split("\n"), pages


def texts(view: View) -> list[str]:
    return [text.plain for text in (*view.head, *view.body, *view.after, *view.foot)]


@pytest.mark.parametrize("size", [(4, 1), (4, 3), (10, 5), (20, 8), (80, 24), (300, 2)])
def test_every_line_fits_and_there_are_no_more_than_the_terminal_has(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opinion = Opinion.of(judged(task(), 1, note=KOREAN * 9))
    shown = Shown(
        task("나이키 운동화", item={"title": KOREAN, "body": f"{KOREAN}\n\tx" * 9}), True, opinion, (opinion,) * 9
    )
    lines, _ = drawn(pair_view(shown, [Text("2 1 0")]), size, monkeypatch)
    assert len(lines) <= size[1]
    assert max(cell_len(line) for line in lines) <= size[0]


def test_all_of_a_long_text_is_on_one_of_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    view = View([Text("head")], [Text(f"line {i}") for i in range(30)], [Text("foot")])
    _, pages = drawn(view, (40, 10), monkeypatch)
    assert pages == 5  # 8 lines of room, one of them says that there is more: 30 / 7
    assert drawn(view, (40, 12), monkeypatch)[1] == 4  # 12 - head, rule and foot: 9 lines, 30 / 8
    seen = [line for page in range(pages) for line in drawn(view, (40, 10), monkeypatch, page)[0]]
    assert [line for line in seen if line.startswith("line")] == [f"line {i}" for i in range(30)]
    assert drawn(view, (40, 33), monkeypatch)[1] == 1


def test_a_title_and_opinions_that_fill_the_screen_are_paged_with_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    title, notes = [f"t{i:02}" for i in range(60)], [f"n{i:02}" for i in range(60)]
    item = {"title": "\n".join(title), "body": "body"}
    opinions = tuple(Opinion.of(judged(task(), 1, note=note)) for note in notes)
    view = pair_view(Shown(task("q", item=item), False, None, opinions), [Text("keys")])
    view = View([Text(line) for line in title], view.body, view.foot, view.after)
    _, pages = drawn(view, (80, 24), monkeypatch)
    seen = [drawn(view, (80, 24), monkeypatch, page)[0] for page in range(pages)]
    assert all(lines[0] == "t00" and lines[-1] == "keys" and len(lines) == 24 for lines in seen)
    told = "\n".join(line for lines in seen for line in lines)
    assert all(each in told for each in (*title, *notes, "body"))


def test_keys_stand_near_a_short_item_and_mostly_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = ("", "one line", "one\ntwo\nthree")
    found = set()
    for body in bodies:
        shown = Shown(task("q", item={"title": "t", "body": body}), False, None)
        lines, _ = drawn(pair_view(shown, keys_told(adjudicating=False)), (140, 50), monkeypatch)
        found.add((len(lines), next(i for i, line in enumerate(lines) if line.startswith("2 1 0"))))
        assert ("(no text beside the title)" in lines) == (not body)
    assert found == {(13, 11)}  # 10 lines of the item, the rule, two lines of keys


def test_what_sellers_and_models_write_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    nasty = "\x1b[31m\u202e[bold]\x07"
    opinion = Opinion.of(judged(task(), 1, note=nasty))
    item = {"title": nasty, "body": f"{nasty}\n{nasty}", "category": nasty, "attributes": nasty}
    view = pair_view(Shown(task(nasty, item=item), False, opinion, (opinion,)), [])
    for text in (*view.head, *view.body, *view.after, *view.foot):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text.plain)
        assert "[31m" not in str(text.style)


def test_words_of_the_query_are_set_apart_in_title_and_body() -> None:
    item = {"title": "Nike 운동화", "body": "새 운동화\n구두", "price": "5000", "currency": "KRW"}
    view = pair_view(Shown(task("운동화", item=item), False, None), [])
    marked = [text.plain[span.start : span.end] for text in (*view.head, *view.body) for span in text.spans]
    assert marked == ["운동화", "운동화"]
    assert progress_told(PROGRESS, "b1").plain == "b1 · 3 of 10 done · 412 labels an hour"


def test_details_are_names_and_values_and_not_ids_and_json() -> None:
    item = {"title": "t", "price": "1250000", "currency": "KRW", "region_id": "0104", "attributes": ATTRIBUTES}
    seen = pair_view(Shown(task("q", item=item), False, None), [], {"0104": "역삼동"})
    assert "1,250,000 KRW · 역삼동 · brand: 비타론; sizes: 260, 265; new: true" in texts(seen)
    without = pair_view(Shown(task("q", item=item | {"price": "5.5", "attributes": "[1"}), False, None), [])
    assert "5.5 KRW · 0104 · [1" in texts(without)


def test_empty_lines_of_a_text_take_no_room() -> None:
    view = pair_view(Shown(task("q", item={"title": "t", "body": "\n\na\n\n \n\nb\nc\n\n"}), False, None), [])
    assert [text.plain for text in view.body] == ["", "a", "", "b", "c"]


def test_a_contradiction_is_told_beside_the_opinion() -> None:
    facets = (Facet("item", "운동화", True),)
    found = Opinion.of(said(task(), 0, facets=facets))
    assert told(found) == "0 — item 운동화: met — but these facets give 2"
    assert told(Opinion.of(said(task(), 2, facets=facets))) == "2 — all met — item 운동화: met"


def test_after_the_next_answer_the_machines_grade_and_why_stand_there() -> None:
    facets = (Facet("brand", "나이키", True), Facet("item", "운동화", False))
    of, other = task(item={"title": KOREAN}), task("q2")
    found = {of.key: judged(of, 1, facets=facets)}
    session = Session(
        Plan((of, other)),
        by="minji",
        keep=lambda _: None,
        clock=lambda: datetime(2026, 3, 1, tzinfo=UTC),
        machine=found,
    )
    session.next()
    assert [line.plain for line in answered_told(session.direct(2))] == ["Last: 2"]
    session.next()
    last, before = (line.plain for line in answered_told(session.direct(0)))
    assert last == "Last: 0"
    assert before.startswith("Before: 2, the machine differs: 1 · “q1” 나이키 에어맥스 운동화… — 1 minor not met: item")


def test_where_there_is_no_room_the_query_and_the_title_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    view = pair_view(Shown(task("운동화", item={"title": "나이키"}), False, None), [Text("a " * 40)])
    lines, _ = drawn(view, (12, 4), monkeypatch)
    assert lines == ["“운동화”", "나이키", "a a a a a a", "a a a a a a"]


def test_a_low_terminal_has_body_pages_keys_and_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"title": KOREAN, "category": KOREAN, "body": "\n".join(f"line {n}" for n in range(9))}
    brief = [Text(KOREAN), Text("Before"), Text("Last"), keys_in_brief(adjudicating=False), progress_told(PROGRESS)]
    view = pair_view(Shown(task("운동화", item=item), False, None), keys_told(adjudicating=False), None, brief)
    lines, pages = drawn(view, (40, 10), monkeypatch)
    assert lines[0] == "“운동화”"
    assert f"1 of {pages}: space shows more" in lines[4]
    assert (lines[5][-1], lines[6:]) == (
        "…",
        ["Before", "Last", "2 1 0 u · f n k s z g q", "3 of 10 done · 412 labels an hour"],
    )
    seen = "\n".join(line for page in range(pages) for line in drawn(view, (40, 10), monkeypatch, page)[0])
    assert all(f"line {n}" in seen for n in range(9))
    assert drawn(view, (40, 10), monkeypatch)[0][6:] == drawn(view, (40, 9), monkeypatch)[0][5:]


def test_the_guideline_is_drawn_as_it_reads_and_not_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sections()
    assert list(found) == ["0", "1", "2", "3", "4"]
    assert found[RULES][0] == "From facets to the grade"
    for size in ((80, 24), (40, 12)):
        for _, text in found.values():
            view = View([], [markdown(text)], [Text("keys")])
            _, pages = drawn(view, size, monkeypatch)
            lines = [line for page in range(pages) for line in drawn(view, size, monkeypatch, page)[0]]
            assert max(cell_len(line) for line in lines) <= size[0]
            assert not any("**" in line or "|--" in line or "운동 …" in line for line in lines)


@pytest.mark.parametrize(
    ("keys", "all_of_them"),
    [
        (partial(typing_keys, back=True), "p product b brand i item a attribute + joins x nothing Backspace Esc"),
        (meeting_keys, "y met n not met c cannot tell t types anew Backspace Esc"),
        (keeping_keys, "Enter keeps it 2 1 0 u Esc"),
    ],
)
@pytest.mark.parametrize("size", [(40, 10), (40, 24), (80, 24)])
def test_all_keys_of_facets_are_shown_on_a_narrow_and_low_terminal(
    keys: Callable[..., list[Text]], all_of_them: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    above = [Text("What is 가방?"), Text("product 가방; brand nike")]
    full, brief = ([*above, *keys(brief=each)] for each in (False, True))
    shown = Shown(task("나이키 운동화", item={"title": KOREAN, "body": KOREAN * 9}), False, None, ())
    lines, _ = drawn(pair_view(shown, full, None, brief), size, monkeypatch)
    words = " ".join(lines).replace(" · ", " ").split()
    assert len(lines) <= size[1] and max(map(cell_len, lines)) <= size[0]
    assert set(all_of_them.split()) <= set(words) and "가방?" in words
