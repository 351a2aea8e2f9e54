"""What is drawn fits the terminal, however narrow, and says what it should."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.text import Text
from tests.unit.review.labelling.drawn import judged, task

from semsearch.cli import screen as drawing
from semsearch.cli.pair_view import answered_told, pair_view, progress_told
from semsearch.cli.screen import Screen, View
from semsearch.records import Facet
from semsearch.review.labelling.session import Opinion, Progress, Session, Shown
from semsearch.review.labelling.strategies import Plan

CODE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
KOREAN = "나이키 에어맥스 운동화 팝니다 " * 5
PROGRESS = Progress(3, 10, 2, 411.6)


def drawn(view: View, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch, page: int = 0) -> tuple[list[str], int]:
    written: list[str] = []
    monkeypatch.setattr(drawing, "_size", lambda: size)
    monkeypatch.setattr(Screen, "_write", lambda _, text: written.append(text))
    pages = Screen().draw(view, page)
    return CODE.sub("", written[-1]).split("\n"), pages


@pytest.mark.parametrize("size", [(4, 1), (4, 3), (10, 5), (20, 8), (80, 24), (300, 2)])
def test_every_line_fits_and_there_are_as_many_as_the_terminal_has(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(task("나이키 운동화", item={"title": KOREAN, "body": f"{KOREAN}\n\tx" * 9}), True, None)
    lines, _ = drawn(pair_view(shown, [Text("2 1 0")]), size, monkeypatch)
    assert len(lines) == size[1]
    assert max(cell_len(line) for line in lines) <= size[0]


def test_all_of_a_long_text_is_on_one_of_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    view = View([Text("head")], [Text(f"line {i}") for i in range(30)], [Text("foot")])
    _, pages = drawn(view, (40, 10), monkeypatch)
    assert pages == 5  # 8 lines of room, one of them says that there is more: 30 / 7
    seen = [line for page in range(pages) for line in drawn(view, (40, 10), monkeypatch, page)[0]]
    assert [line for line in seen if line.startswith("line")] == [f"line {i}" for i in range(30)]
    assert drawn(view, (40, 32), monkeypatch)[1] == 1


def test_what_sellers_and_models_write_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    nasty = "\x1b[31m\u202e[bold]\x07"
    opinion = Opinion.of(judged(task(), 1, note=nasty))
    item = {"title": nasty, "body": f"{nasty}\n{nasty}", "category": nasty, "attributes": nasty}
    view = pair_view(Shown(task(nasty, item=item), False, opinion, (opinion,)), [])
    for text in (*view.head, *view.body, *view.foot):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text.plain)
        assert "[31m" not in str(text.style)


def test_words_of_the_query_are_set_apart_in_title_and_body() -> None:
    item = {"title": "Nike 운동화", "body": "새 운동화\n구두", "price": "5000", "currency": "KRW"}
    view = pair_view(Shown(task("운동화", item=item), False, None), [])
    marked = [text.plain[span.start : span.end] for text in (*view.head, *view.body) for span in text.spans]
    assert marked == ["운동화", "운동화"]
    assert "5000 KRW" in [text.plain for text in view.head]
    assert progress_told(PROGRESS, "b1").plain == "b1 · 3 of 10 done · 412 labels an hour"


def test_after_an_answer_the_machines_grade_and_why_stand_there() -> None:
    facets = (Facet("brand", "나이키", True), Facet("item", "운동화", False))
    of = task()
    found = {of.key: judged(of, 1, facets=facets)}
    session = Session(
        Plan((of,)), by="minji", keep=lambda _: None, clock=lambda: datetime(2026, 3, 1, tzinfo=UTC), machine=found
    )
    session.next()
    [told] = answered_told(session.direct(2), adjudicated=False)
    assert told.plain.startswith("Last: 2. The machine differs: 1 — 1 minor not met: item 운동화")


def test_where_there_is_no_room_the_query_and_the_title_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    view = pair_view(Shown(task("운동화", item={"title": "나이키"}), False, None), [Text("a " * 40)])
    lines, _ = drawn(view, (12, 4), monkeypatch)
    assert lines == ["“운동화”", "나이키", "a a a a a a", "a a a a a a"]
