"""Proposals from a made log, and what people decide on them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from semsearch.errors import MissingPart, UsageError
from semsearch.evaluation.attribution import attribute
from semsearch.longtail.lexicon.agreement import Agreement
from semsearch.longtail.lexicon.deciding import decide, decisions, keep, kept, standing
from semsearch.longtail.lexicon.pairs import Pair
from semsearch.longtail.lexicon.proposals import Proposal, propose
from semsearch.records import Interaction, schema
from semsearch.text import tokens
from semsearch.text.lexicons import Group, Lexicon
from semsearch.workspace import Workspace

START = datetime(2026, 3, 1, tzinfo=UTC)
LEXICON = Lexicon([Group("brands", ("윤슬하우스",))])
TITLES = {
    "i1": "브리츠 게이밍 헤드셋 블랙", "i2": "브리츠 게이밍 헤드셋 화이트", "i3": "브리츠 스피커",
    "i4": "윤슬하우스 책상", "i5": "나이키 운동화 270", "i6": "아디다스 운동화 260", "i7": "로지텍 마우스",
    "i8": "삼성 모니터",
}  # fmt: skip


def market(people: int = 12) -> pl.DataFrame:
    """Everyone types a query that leads to nothing, then one that leads to items; and looks for other things."""
    rows: list[dict[str, object]] = []

    def visit(actor: str, session: str, *asked: tuple[str, tuple[str, ...]]) -> None:
        at = START + timedelta(hours=len(rows))
        for turn, (query, items) in enumerate(asked):
            row = {"ts": at + timedelta(minutes=turn), "actor_id": actor, "session_id": session, "query": query}
            rows.append(row | {"kind": "search"})
            rows.extend(row | {"kind": "click", "item_id": item} for item in items)

    for n in range(people):
        visit(f"a{n}", f"s{n}", ("britz 헤드셋", ()), ("브리츠 헤드셋", ("i1", "i2")))
        visit(f"b{n}", f"t{n}", ("britz 헤드셋", ("i1", "i2")))
        visit(f"c{n}", f"u{n}", ("britz 스피커", ("i3",)), ("브리츠 스피커", ("i3",)))
        visit(f"d{n}", f"v{n}", ("윤슬 책상", ()), ("윤슬하우스 책상", ("i4",)))
        # another thing, a slip of the finger, another number, a word more
        visit(f"e{n}", f"w{n}", ("나이키 운동화", ()), ("아디다스 운동화", ("i6",)))
        visit(f"f{n}", f"x{n}", ("나이키 운동화", ("i5",)), ("로지택 마우스", ()), ("로지텍 마우스", ("i7",)))
        visit(f"g{n}", f"y{n}", ("모니터 27", ()), ("모니터 32", ("i8",)), ("삼성 모니터", ("i8",)))
    visit("lonely", "z", ("쿨픽스 책상", ()), ("윤슬하우스 책상", ("i4",)))
    return pl.DataFrame(rows, schema=schema(Interaction))


def proposed(log: pl.DataFrame, lexicon: Lexicon = LEXICON, **also: object) -> list[Proposal]:
    titles = pl.DataFrame({"item_id": list(TITLES), "title": list(TITLES.values())})
    found = attribute(log, 86_400.0).engagements
    return propose(log.lazy(), found, titles, lexicon, **({"before": None} | also))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found() -> list[Proposal]:
    return proposed(market())


def test_names_are_proposed_and_slips_numbers_and_other_things_are_not(found: list[Proposal]) -> None:
    assert {(p.kind, p.surfaces) for p in found} == {
        ("transliterations", ("브리츠", "britz")),
        ("brands", ("윤슬하우스", "윤슬")),
    }


def test_evidence_is_of_both_sources_and_counts_people_once(found: list[Proposal]) -> None:
    britz = next(p for p in found if "britz" in p.surfaces)
    assert britz.sources == ("engagements", "reformulations")
    assert (britz.n_actors, britz.n_sessions, britz.n_queries) == (36, 12, 2)  # a, b, c; a alone typed it anew
    assert britz.queries == ("britz 헤드셋", "britz 스피커")
    assert britz.titles[0].startswith("브리츠")
    assert 0.3 < britz.score <= 1
    house = next(p for p in found if "윤슬" in p.surfaces)
    assert (house.sources, house.n_actors) == (("reformulations",), 12)


def test_order_of_rows_and_repetition_of_one_actor_change_nothing(found: list[Proposal]) -> None:
    log = market()
    assert proposed(log.sample(fraction=1.0, shuffle=True, seed=3)) == found
    again = log.filter(pl.col("actor_id") == "a0").with_columns(pl.col("ts") + timedelta(seconds=1))
    assert {p.proposal_id: p.n_actors for p in proposed(pl.concat([log, again]))} == {
        p.proposal_id: p.n_actors for p in found
    }


def test_too_few_people_propose_nothing() -> None:
    log = market(1)
    assert [p.n_actors for p in proposed(log)] == [3]
    assert proposed(log.filter(pl.col("actor_id") != "c0")) == []


def test_what_the_lexicon_knows_or_people_decided_is_left_out(found: list[Proposal]) -> None:
    lexicon = LEXICON.with_groups([Group("transliterations", ("브리츠", "Britz"))])
    assert [p.surfaces for p in proposed(market(), lexicon)] == [("윤슬하우스", "윤슬")]
    assert proposed(market(), known={p.key for p in found}) == []


def test_the_held_out_part_is_not_read() -> None:
    log = market()
    middle = sorted(log["ts"])[len(log) // 2]
    later = proposed(log, before=middle)
    assert later == proposed(log.filter(pl.col("ts") < middle))
    assert later != proposed(log)


def test_a_log_that_says_nothing_is_an_answer() -> None:
    log = market()
    with pytest.raises(MissingPart, match="Nobody engaged an item after a query"):
        proposed(log.filter(pl.col("kind") == "search"))
    with pytest.raises(MissingPart, match="None of the 1 items") as told:
        proposed(log.with_columns(pl.when(pl.col("item_id").is_not_null()).then(pl.lit("elsewhere")).alias("item_id")))
    assert told.value.next_step.startswith("Next: semsearch import items")


def agreement(**also: float) -> Agreement:
    given = {"n_looks": 100, "n_there": 90, "usual": 0.9, "likeness": 0.95, "n_shared": 100, "n_own": 0, "n_slips": 0}
    return Agreement(**(given | also))  # type: ignore[arg-type]


def test_a_score_falls_with_what_speaks_against_a_pair() -> None:
    pair = Pair("britz", "브리츠", 20, 0.8, agreement())
    assert 0 < replace(pair, n_replaced=0).score < pair.score < 1
    assert replace(pair, agreement=agreement(likeness=0.7)).score < pair.score
    assert replace(pair, agreement=agreement(n_there=40)).score < pair.score
    assert replace(pair, agreement=agreement(likeness=0.5)).score == 0  # other things are engaged
    assert replace(pair, agreement=agreement(likeness=float("nan"))).score == 0  # nothing is in the titles
    assert replace(pair, agreement=agreement(n_slips=60)).score == 0
    unasked = agreement(likeness=float("nan"), n_shared=0)
    assert replace(pair, agreement=unasked).score > 0
    assert replace(pair, typed="놀이터", n_replaced=0, agreement=unasked).score == 0  # nothing but titles


# --- deciding ------------------------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path: Path, found: list[Proposal]) -> Workspace:
    made = Workspace.create(tmp_path / "shop")
    with made.writing():
        keep(made, found)
    return made


NOW = datetime(2026, 4, 1, tzinfo=UTC)


def ids(workspace: Workspace) -> dict[str, str]:
    return {p.kind: p.proposal_id for p in kept(workspace)}


def test_what_is_kept_comes_back(workspace: Workspace, found: list[Proposal]) -> None:
    assert kept(workspace) == found
    assert kept(Workspace.create(workspace.root.parent / "new")) == []


def test_accepting_adds_one_line_and_keeps_every_other_byte(workspace: Workspace) -> None:
    path = workspace.path("lexicon", "transliterations.tsv")
    old = "\ufeff# ours\r\n브리츠\tBRITZ 2\r\n아이폰\tiPhone".encode()
    path.write_bytes(old)
    (made,) = decide(workspace, [ids(workspace)["transliterations"]], "accept", by=" minji ", now=NOW, reason="seen")
    assert path.read_bytes() == old + "\n브리츠\tbritz\n".encode()
    assert (made.by, made.verdict, made.written, made.reason) == ("minji", "accept", ("브리츠", "britz"), "seen")
    lexicon = Lexicon.load([workspace.path("lexicon")])
    group_tokens = {lexicon.token(g) for key in ("britz", "britz2") for g in lexicon.lookup(key)}
    assert group_tokens == {tokens.GROUP + "브리츠"}  # the new surface has joined the group of the old line


def test_an_entry_joins_the_group_of_the_starter_files(workspace: Workspace, found: list[Proposal]) -> None:
    apple = replace(found[0], proposal_id="l1", kind="brands", surfaces=("apple", "애뽈"))
    with workspace.writing():
        keep(workspace, [apple])
    decide(workspace, ["l1"], "accept", by="minji", now=NOW)
    assert workspace.path("lexicon", "brands.tsv").read_text() == "애플\tapple\t애뽈\n"
    lexicon = Lexicon.load([workspace.path("lexicon")])
    assert {lexicon.token(g) for g in lexicon.lookup("애뽈")} == {lexicon.token(g) for g in lexicon.lookup("애플")}


def test_near_equals_never_begin_with_the_name_of_equals(workspace: Workspace, found: list[Proposal]) -> None:
    watch = replace(found[0], proposal_id="l1", kind="synonyms", surfaces=("애플워치", "손목컴"))
    with workspace.writing():
        keep(workspace, [watch])
    decide(workspace, ["l1"], "accept", by="minji", now=NOW)
    assert workspace.path("lexicon", "synonyms.tsv").read_text() == "손목컴\t애플워치\n"
    lexicon = Lexicon.load([workspace.path("lexicon")])
    assert tokens.GROUP + "애플워치" not in {lexicon.token(g) for g in lexicon.lookup("손목컴")}


def test_decisions_are_only_added_and_accepting_twice_changes_nothing(workspace: Workspace) -> None:
    one, two = ids(workspace)["transliterations"], ids(workspace)["brands"]
    decide(workspace, [one], "accept", by="minji", now=NOW)
    first = workspace.path("lexicon", "decisions.jsonl").read_bytes()
    tsv = workspace.path("lexicon", "transliterations.tsv").read_bytes()
    assert decide(workspace, [one, one], "accept", by="jun", now=NOW) == []
    assert workspace.path("lexicon", "transliterations.tsv").read_bytes() == tsv
    decide(workspace, [two], "reject", by="jun", now=NOW)
    lines = workspace.path("lexicon", "decisions.jsonl").read_bytes()
    assert lines.startswith(first) and len(lines.splitlines()) == 2
    told = json.loads(first)
    assert (told["by"], told["at"], told["proposal"]["n_actors"]) == ("minji", NOW.isoformat(), 36)
    assert [(d.verdict, d.by) for d in decisions(workspace)] == [("accept", "minji"), ("reject", "jun")]
    assert {d.verdict for d in standing(workspace).values()} == {"accept", "reject"}


def test_a_rejected_one_may_be_accepted_later_but_not_the_other_way(workspace: Workspace) -> None:
    one = ids(workspace)["brands"]
    decide(workspace, [one], "reject", by="jun", now=NOW)
    with workspace.writing():
        keep(workspace, [])  # a later propose leaves it out
    assert len(decide(workspace, [one], "accept", by="minji", now=NOW)) == 1
    with pytest.raises(UsageError, match="was accepted by minji") as told:
        decide(workspace, [one], "reject", by="jun", now=NOW)
    assert "윤슬하우스\\t윤슬" in told.value.next_step


def test_a_killed_accept_is_completed_by_the_same_command(workspace: Workspace) -> None:
    one = ids(workspace)["transliterations"]
    decide(workspace, [one], "accept", by="minji", now=NOW)
    workspace.path("lexicon", "decisions.jsonl").unlink()  # killed between the two files
    tsv = workspace.path("lexicon", "transliterations.tsv").read_bytes()
    assert len(decide(workspace, [one], "accept", by="minji", now=NOW)) == 1
    assert workspace.path("lexicon", "transliterations.tsv").read_bytes() == tsv


def test_bad_input_changes_nothing_and_says_what_to_do(workspace: Workspace) -> None:
    one = ids(workspace)["brands"]
    for given, by in (([one, "l0"], "minji"), ([one], " ")):
        with pytest.raises(UsageError) as told:
            decide(workspace, given, "accept", by=by, now=NOW)
        assert told.value.next_step.startswith("Next: ")
    (workspace.path("lexicon") / "brands.tsv").write_bytes("브리츠\t\n".encode())
    with pytest.raises(UsageError, match=r"brands\.tsv, line 1"):
        decide(workspace, [one], "accept", by="minji", now=NOW)
    assert not workspace.path("lexicon", "decisions.jsonl").exists()


def test_damaged_files_are_named(workspace: Workspace) -> None:
    workspace.path("lexicon", "proposals.json").write_text('[{"kind": 1}]')
    with pytest.raises(UsageError, match=r"proposals\.json"):
        kept(workspace)
    workspace.path("lexicon", "decisions.jsonl").write_text('{"at": "x"}\n')
    with pytest.raises(UsageError, match=r"decisions\.jsonl, line 1"):
        decisions(workspace)
