"""Items as posts: oldest first, edits at the time of the edit, what cannot be a post is left out and counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.errors import MissingPart, UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.ingest.listed import ListedReader
from semsearch.records import Post
from semsearch.settings import ImportSettings
from semsearch.workspace import Workspace

NOW = datetime(2026, 2, 1, tzinfo=UTC)
HEADER = "item_id,title,body,seller_id,seller_type,created_at,updated_at,bumped_at,status,category,image_paths,brand\n"
ROWS = """\
1,셋째,본문,s1,shop,2026-01-03,,,active,가구 > 책상,a.jpg|b.jpg,이케아
2,첫째,,s2,,2026-01-01,2026-01-09,2026-01-20,sold,,,
3,둘째,본문,s1,,2026-01-02,2026-01-01,,hidden,,,
4,판 사람 없음,본문,,,2026-01-02,,,active,,,
5,때 없음,본문,s3,,,,2026-01-02,active,,,
6,앞날,본문,s3,,2026-02-03,,,active,,,
7,바뀐 때만,본문,s3,,,2026-01-04,,active,,,
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


def reader(workspace: Workspace, rows: str, known=lambda ids: ()) -> ListedReader:
    path = workspace.root / "items.csv"
    path.write_text(HEADER + rows)
    import_rows(workspace, "items", [path], now=NOW, settings=ImportSettings())
    return ListedReader(Catalogue(workspace), known, now=NOW)


def at(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


def test_items_are_posts_oldest_first(workspace):
    found = reader(workspace, ROWS)
    ((first, second, third, fourth),) = found.posts()
    assert first == Post("listing", "2", "s2", at(1), "첫째")
    assert second == Post("listing", "3", "s1", at(2), "둘째\n본문")
    assert third == Post(
        "listing", "1", "s1", at(3), "셋째\n본문", image_path="a.jpg", category="가구 > 책상",
        attributes={"brand": "이케아"}, seller_type="shop",
    )  # fmt: skip
    assert (fourth.post_id, fourth.created_at) == ("7", at(4))
    assert (found.n_read, found.n_good) == (7, 4)
    assert found.left_out == {"without seller_id": 1, "without created_at": 1, "created more than a day from now": 1}


def test_an_item_that_was_scanned_before_has_the_time_of_its_edit(workspace):
    asked: list[str] = []

    def known(ids):
        asked.extend(ids)
        return {"2", "3", "1"}

    ((*posts,),) = reader(workspace, ROWS, known).posts()
    assert [(post.post_id, post.created_at) for post in posts] == [
        ("3", at(2)),
        ("1", at(3)),
        ("7", at(4)),
        ("2", at(9)),
    ]
    assert asked == ["1", "2", "3", "4", "5", "6", "7"]


def test_many_items_come_in_batches_in_one_order_however_they_are_paged(workspace, monkeypatch):
    rows = "".join(f"{n},t{n},,s,,2026-01-{n * 7 % 28 + 1:02},,,active,,,\n" for n in range(2_500))
    found = reader(workspace, rows)
    batches = list(found.posts())
    assert [len(batch) for batch in batches] == [1_000, 1_000, 500]
    posts = [post for batch in batches for post in batch]
    assert posts == sorted(posts, key=lambda post: (post.created_at, post.post_id))
    monkeypatch.setattr("semsearch.ingest.listed.PAGE", 333)
    assert [
        post for batch in ListedReader(Catalogue(workspace), lambda ids: (), now=NOW).posts() for post in batch
    ] == posts


def test_without_items(workspace):
    with pytest.raises(MissingPart, match="No items"):
        next(ListedReader(Catalogue(workspace), lambda ids: (), now=NOW).posts())


def test_a_catalogue_without_sellers_is_refused_with_the_way_out(workspace):
    found = reader(workspace, "1,a,,,,2026-01-01,,,active,,,\n2,a,,,,2026-01-01,,,active,,,\n")
    with pytest.raises(UsageError, match="None of the 2 items can be scanned: 2 without seller_id") as error:
        next(found.posts())
    assert "--map seller_id=COLUMN" in error.value.next_step
