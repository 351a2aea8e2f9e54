"""Files of batches."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.review.labelling.drawn import Shelf, item, judged, said, task

from semsearch.errors import Busy, UsageError
from semsearch.relevance.pools import read_pairs
from semsearch.store.labels.asked import Asked, asked_of
from semsearch.store.labels.batches import Golden, batch_path, pairs_of, read_batch, read_batches, write_batch
from semsearch.store.labels.draws import Draw, Frame, draws_of
from semsearch.store.labels.pools import Pair, keep_pool
from semsearch.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


FULL = task(
    "나이키 \ud83d",
    "007",
    item={"title": "title\n\x1b[31m", "body": "본문", "price": "0"},
    frame=Frame(12, "0a1b", {"b0": 3}),
    stratum={"band": "head"},
    imported=True,
    annotators=("minji", "jun"),
    second=True,
    golden=Golden(None, None, ("sora",)),
    ranks={"run": 3},
)


def test_a_batch_comes_back_as_it_was(workspace: Workspace) -> None:
    given = [task("q", "i1"), FULL, task("q", "i2", inclusion_probability=None)]
    path = write_batch(workspace, "b1", given)
    assert read_batch(workspace, "b1") == given
    assert path == workspace.path("labels", "batches", "b1.jsonl")
    assert pairs_of(given)["q", "i2"] is given[2]


def test_a_batch_is_a_file_of_pairs_as_any_other(workspace: Workspace) -> None:
    path = write_batch(workspace, "b1", [task("q", "i1", item={"title": "T", "category": "a > b"}, ranks={"x": 1})])
    [found] = read_pairs(str(path), Shelf({})).pairs
    assert (found.query, found.item_id, found.item) == ("q", "i1", {"title": "T", "category": "a > b"})


def test_a_name_is_taken_once_and_stays_in_its_folder(workspace: Workspace) -> None:
    write_batch(workspace, "b1", [task()])
    with pytest.raises(UsageError, match="is a batch 'b1' already"):
        write_batch(workspace, "b1", [task("q2")])
    with pytest.raises(UsageError, match="not a name"):
        batch_path(workspace, "../b1")
    with pytest.raises(UsageError, match="there are: b1"):
        read_batch(workspace, "b2")


def test_of_two_batches_of_one_name_at_once_the_first_stays(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = Workspace.staged

    def late(self: Workspace, target: Path) -> AbstractContextManager[Path]:
        monkeypatch.setattr(Workspace, "staged", staged)
        with pytest.raises(Busy):  # another process, between the look at the name and the file
            write_batch(workspace, "b1", [task("q2")])
        return staged(self, target)

    monkeypatch.setattr(Workspace, "staged", late)
    write_batch(workspace, "b1", [task("q1")])
    assert [each.query for each in read_batch(workspace, "b1")] == ["q1"]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("<<<<<<< HEAD", "a mark of a merge"),
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('{"item_id": "i", "title": "t"}', "no query"),
        ('{"query": " ", "item_id": "i", "title": "t"}', "no query"),
        ('{"query": "q", "item_id": 7, "title": "t"}', "no item_id"),
        ('{"query": "q", "item_id": "i"}', "nothing of the item"),
        ('{"query": "q", "item_id": "i", "title": 5}', "title is no text"),
        ('{"query": "q", "item_id": "i", "title": "t", "inclusion_probability": 1.5}', "inclusion_probability 1.5"),
        ('{"query": "q", "item_id": "i", "title": "t", "golden": {"low": 3, "high": 3}}', "golden"),
        ('{"query": "q", "item_id": "i", "title": "t", "golden": 3}', "golden 3"),
        ('{"query": "q", "item_id": "i", "title": "t", "frame": 3}', "frame 3"),
        ('{"query": "q", "item_id": "i", "title": "t", "frame": {"queries": 2}}', "frame"),
        (
            '{"query": "q", "item_id": "i", "title": "t", "frame": {"queries": 2, "digest": "d", "before": {"b": 3}}}',
            "frame",
        ),
        ('{"query": "q", "item_id": "i", "title": "t", "ranks": [1]}', "ranks is no object"),
        ('{"query": "q", "item_id": "i", "title": "t", "annotators": "minji"}', "annotators is no list"),
    ],
)
def test_a_line_that_is_no_pair_is_named(workspace: Workspace, line: str, wrong: str) -> None:
    path = write_batch(workspace, "b1", [task()])
    with path.open("a") as file:
        file.write(f"\n{line}\n")
    with pytest.raises(UsageError, match=f"b1.jsonl:3: {wrong}"):
        read_batch(workspace, "b1")


def test_what_people_are_asked_of_a_query_is_by_the_batches_they_began_without_gone_ones(workspace: Workspace) -> None:
    here, gone = (task("q", each, imported=True) for each in ("i1", "i2"))
    known = task("q", "i3", golden=Golden(2, 2))
    write_batch(workspace, "b1", [here, gone, known, task("q", "i4"), task("other", "i5")])
    write_batch(workspace, "b2", [task("q", "i6")])
    labels = [said(here, 1), said(here, 1, batch="imported")]
    asked = asked_of(workspace, labels, Shelf({"i1": item("i1")}), read_batches(workspace))
    assert (asked.pairs, asked.gone) == ({("q", "i1"), ("q", "i4")}, {("q", "i2")})


def test_what_a_model_was_asked_and_did_not_answer_is_by_the_pools_it_began_without_gone_ones(
    workspace: Workspace,
) -> None:
    def asked(item_id: str, query: str = "Q", *, imported: bool = True) -> Pair:
        return Pair(query, item_id, "q", {"title": "t"}, 1.0, {"run": 1}, imported=imported)

    pool = [asked("i1"), asked("i2"), asked("gone"), asked("brought", imported=False), asked("i5", "other")]
    keep_pool(workspace, "b1", pool)
    keep_pool(workspace, "b2", [asked("i6")])
    here = Shelf({name: item(name) for name in ("i1", "i2", "i5", "i6")})
    asked = asked_of(workspace, [judged(task("q", "i1"), 1)], here, read_batches(workspace))
    assert (asked.pairs, asked.gone) == ({("q", "i2"), ("q", "brought")}, {("q", "gone")})
    both = [judged(task("q", "i1"), 1), judged(task("q", "i2"), None, batch="b2")]
    assert asked_of(workspace, both, here, read_batches(workspace)).pairs == {("q", "brought"), ("q", "i6")}


def test_a_pair_that_a_model_answered_and_whose_item_is_gone_by_now_is_nobodys_task(workspace: Workspace) -> None:
    keep_pool(workspace, "b1", [Pair("q", "sold", "q", {"title": "t"}, 1.0, {"run": 1}, imported=True)])
    asked = asked_of(workspace, [judged(task("q", "sold"), 1)], Shelf({}), read_batches(workspace))
    assert (asked.pairs, asked.gone) == (set(), {("q", "sold")})


def test_a_batch_keeps_the_queries_that_it_was_drawn_from(workspace: Workspace) -> None:
    frame = Frame.of({"q", "undrawn"}, {})
    write_batch(workspace, "b1", [task("q", "i1", inclusion_probability=0.5, frame=frame)])
    assert draws_of(workspace, read_batches(workspace))["b1"].frame.keys == {"q", "undrawn"}
    path = workspace.path("labels", "frames", f"{frame.digest}.jsonl")
    path.write_text('{"query": "q"}\n')
    with pytest.raises(UsageError, match="does not hold the queries that it is named by"):
        draws_of(workspace, read_batches(workspace))
    path.unlink()
    assert draws_of(workspace, read_batches(workspace))["b1"].frame.keys is None, "a batch of an older version"


def test_labels_of_a_batch_whose_name_no_drawn_one_can_have_are_of_none(workspace: Workspace) -> None:
    labels = [said(task("q", "i1"), 1, batch="import-내 평가 (1)")]
    assert asked_of(workspace, labels, Shelf({}), read_batches(workspace)) == Asked()


def test_a_pool_of_a_model_is_no_batch_for_people_and_says_how_it_becomes_one(workspace: Workspace) -> None:
    keep_pool(workspace, "pairs", [Pair("q", "i1", "q", {"title": "t"}, 1.0, imported=True)])
    with pytest.raises(UsageError, match="'pairs' is a pool that a model graded") as refused:
        read_batch(workspace, "pairs")
    path = workspace.path("labels", "pools", "pairs.jsonl")
    assert refused.value.next_step == f"Next: semsearch label sample pairs --pairs {path}"
    write_batch(workspace, "pairs", [task()])
    assert read_batch(workspace, "pairs") == [task(batch="pairs")]


def test_what_was_drawn_is_told_by_the_pairs_with_a_probability(workspace: Workspace) -> None:
    assert draws_of(workspace, read_batches(workspace)) == {}
    frame = Frame(9, "0a", {"b0": 2})
    drawn = [task("Drawn", "i1", frame=frame), task("Drawn", "i2", frame=frame)]
    write_batch(workspace, "b1", [*drawn, task("picked", inclusion_probability=None)])
    write_batch(workspace, "old", [task("q")])
    write_batch(workspace, "picked", [task("q", inclusion_probability=None)])
    assert draws_of(workspace, read_batches(workspace)) == {"b1": Draw({"drawn": 0.5}, frame), "old": Draw({"q": 0.5})}


def test_frames_that_counted_a_query_twice_are_read_and_one_without_a_place_has_that_of_what_it_names(
    workspace: Workspace,
) -> None:
    """As older versions wrote them, after a batch whose queries were drawn again."""
    write_batch(workspace, "b3", [task("q", frame=Frame(100, "0a", {"b1": 60, "b2": 60}))])
    assert '"place"' not in batch_path(workspace, "b3").read_text()
    [draw] = draws_of(workspace, read_batches(workspace)).values()
    assert draw.frame is not None and (draw.frame.before, draw.place[0]) == ({"b1": 60, "b2": 60}, 2)


def test_a_frame_counts_each_query_once_in_the_order_of_drawing(workspace: Workspace) -> None:
    keys = [f"q{i}" for i in range(10)]
    first = Draw(dict.fromkeys(keys[:6], 0.6), Frame.of(keys, {}))
    again = Draw(dict.fromkeys(keys[:3], 0.3), replace(first.frame, place=1, again_of="z"))
    alone = Draw(dict.fromkeys(keys[5:7], 0.5))
    found = Frame.of(keys, {"a": alone, "b": again, "z": first})
    assert (dict(found.before), found.place) == ({"z": 6, "b": 0, "a": 1}, 2)
    write_batch(workspace, "next", [task("q9", frame=found)])
    assert draws_of(workspace, read_batches(workspace))["next"].frame == found


def test_a_batch_drawn_from_several_frames_is_of_none(workspace: Workspace) -> None:
    write_batch(workspace, "b1", [task("q1", frame=Frame(9, "0a")), task("q2", frame=Frame(9, "0b"))])
    assert draws_of(workspace, read_batches(workspace))["b1"].frame is None
