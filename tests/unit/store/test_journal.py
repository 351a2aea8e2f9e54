"""The journal: order, revisions, and that nothing is appended twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.store.database import Store
from semsearch.store.journal import Appended, Conflict, Journal
from semsearch.store.tables import batches

START = datetime(2026, 1, 1, tzinfo=UTC)


def post(post_id: str, text: str = "팝니다", *, minute: int = 0, **more) -> Post:
    more = {"namespace": "listing", "author_id": f"of-{post_id}"} | more
    return Post(post_id=post_id, text=text, created_at=START + timedelta(minutes=minute), **more)


def counts(appended: Appended) -> tuple[int, int, int]:
    return appended.n_new, appended.n_revised, appended.n_known


def test_a_post_comes_back_as_it_was_given(store: Store) -> None:
    given = Post(
        namespace="chat", post_id="007", author_id="a", created_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
        text="널\0 문자와 🙂", revision=3, image_path="x.jpg", parent_id="p", room_id="r", recipient_id="b",
        category="디지털 > 폰", attributes={"brand": "애플", "a": "1"}, seller_type="person",
    )  # fmt: skip
    appended = Journal(store).append([given])
    assert Journal(store).get([1, 2]) == {1: given}
    assert (appended.first_seq, appended.last_seq, appended.stored[0].post) == (1, 1, given)


def test_numbers_go_on_over_namespaces_and_each_is_read_alone(store: Store) -> None:
    journal = Journal(store)
    journal.append([post("a"), post("a", namespace="chat"), post("b")])
    appended = journal.append([post("c"), post("d", namespace="chat")])
    assert (appended.first_seq, appended.last_seq) == (4, 5)
    read = [[(s.seq, s.post.post_id) for s in batch] for batch in journal.batches("listing", 0)]
    assert read == [[(1, "a"), (3, "b")], [(4, "c")]]
    assert [[s.seq for s in batch] for batch in journal.batches("listing", 1)] == [[3], [4]]
    assert list(journal.batches("listing", 4)) == list(journal.batches("image", 0)) == []
    assert [(s.post.namespace, s.seq) for s in journal.find("a")] == [("chat", 2), ("listing", 1)]
    assert [s.seq for s in journal.find("a", "chat")] == [2]


def test_the_same_again_is_known_and_another_text_is_the_next_revision(store: Store) -> None:
    journal = Journal(store)
    first = [post("a"), post("a", "헤어져서 팝니다", minute=5), post("a", minute=9), post("b")]
    assert counts(journal.append(first)) == (2, 2, 0)
    assert [s.post.revision for s in journal.find("a")] == [0, 1, 2]
    again = journal.append(first)
    assert counts(again) == (0, 0, 4)
    assert (again.first_seq, again.last_seq, again.stored) == (5, 4, ())


def test_a_bump_is_known_even_when_an_edit_follows_and_all_of_it_comes_again(store: Store) -> None:
    journal = Journal(store)
    bumped = [post("a", minute=0), post("a", minute=7), post("a", "edited", minute=9)]
    assert counts(journal.append(bumped)) == (1, 1, 1)
    assert counts(journal.append(bumped)) == (0, 0, 3)


def test_a_given_revision_is_known_by_its_number(store: Store) -> None:
    journal = Journal(store)
    journal.append([post("a", revision=2)])
    appended = journal.append([post("a", "other", revision=2), post("a", revision=2), post("a", "next")])
    assert appended.conflicts == (Conflict("listing", "a", 2),)
    assert counts(appended) == (0, 1, 1)
    assert [s.post.revision for s in journal.find("a")] == [2, 3]


def test_one_batch_leaves_its_bounds_and_an_empty_one_leaves_nothing(store: Store) -> None:
    journal = Journal(store)
    journal.append([post("a"), post("b")])
    journal.append([])
    journal.append([post("a")])
    journal.append([post("c")])
    with store.reading() as connection:
        assert list(connection.execute(batches.select())) == [(1, 2), (3, 3)]


def test_a_period_is_read_by_the_posts_own_times_in_the_order_of_arrival(store: Store) -> None:
    journal = Journal(store)
    journal.append([post("late", minute=9), post("in", minute=5), post("early", minute=1), post("edge", minute=2)])
    found = journal.between("listing", START + timedelta(minutes=2), START + timedelta(minutes=9))
    assert [[s.post.post_id for s in page] for page in found] == [["in", "edge"]]
    assert list(journal.between("chat", START, START + timedelta(days=1))) == []


def test_a_period_comes_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semsearch.store.journal.PAGE", 2)
    journal = Journal(store)
    journal.append([post(f"{n}", minute=n) for n in range(4)])
    pages = list(journal.between("listing", START, START + timedelta(days=1)))
    assert [[s.seq for s in page] for page in pages] == [[1, 2], [3, 4]]
    assert len(journal.get([1, 2, 3, 4, 9])) == 4


def test_an_author_is_found_in_the_index_and_in_the_tail(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semsearch.store.journal.TAIL", 3)
    monkeypatch.setattr("semsearch.store.journal.CHUNK", 2)
    journal = Journal(store)
    expected = []
    for n in range(12):
        journal.append(
            [post(f"{n}", author_id="even" if n % 2 == 0 else "odd", namespace="chat" if n > 5 else "listing")]
        )
        expected += [n + 1] if n % 2 == 0 else []
        assert [s.seq for s in journal.by_author("even")] == expected
    assert journal.by_author("nobody") == []


def test_half_a_character_is_refused_and_nothing_is_kept(store: Store) -> None:
    with pytest.raises(UsageError, match="half a character"):
        Journal(store).append([post("a"), post("b", "\ud83d")])
    assert list(Journal(store).batches("listing", 0)) == []
