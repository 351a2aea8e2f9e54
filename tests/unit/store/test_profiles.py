"""Profiles: kept once, never changed, found by what they are of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from semsearch.records import Profile
from semsearch.store.database import Store
from semsearch.store.profiles import Profiles, named, text_digest

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def drafted(
    text: str = "1. 모두 같은 인사\n   Sellers: …", name: str = "flood", at: datetime = NOW, **given
) -> Profile:
    made_from = {"seed": 7, "n": {"normal": 100, "sellers": 100}, "digests": ["00ff", "1234"]}
    return named(
        Profile("", name, given.pop("namespace", "listing"), text, at, "large", "abc", made_from, ("a warning",))
    )


def test_a_profile_is_read_back_as_it_was_kept(store: Store) -> None:
    profiles, draft = Profiles(store), drafted()
    assert profiles.get(draft.profile_id) is None
    assert profiles.keep(draft)
    assert profiles.get(draft.profile_id) == draft


def test_the_same_draft_is_kept_once_with_its_first_time(store: Store) -> None:
    profiles = Profiles(store)
    profiles.keep(drafted())
    assert not profiles.keep(drafted(at=NOW + timedelta(days=1)))
    assert [each.made_at for each in profiles.all()] == [NOW]


def test_profiles_are_found_by_namespace_and_name_newest_first(store: Store) -> None:
    profiles = Profiles(store)
    old, new = drafted(), drafted("other", at=NOW + timedelta(hours=1))
    drip, chat = drafted(name="drip"), drafted(namespace="chat", at=NOW - timedelta(hours=1))
    for each in (old, drip, chat, new):
        profiles.keep(each)
    assert profiles.all("listing", "flood") == [new, old]
    assert profiles.all("chat") == [chat]
    assert {each.profile_id for each in profiles.all(name="flood")} == {each.profile_id for each in (old, new, chat)}
    assert len(profiles.all()) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"text": "x"}, {"name": "x"}, {"namespace": "chat"}, {"model": ""}, {"prompt_hash": ""},
        {"made_from": {"seed": 8}}, {"warnings": ()},
    ],
)  # fmt: skip
def test_the_id_is_of_all_that_a_profile_says_but_its_time(change: dict) -> None:
    draft = drafted()
    assert named(replace(draft, made_at=NOW + timedelta(days=9))).profile_id == draft.profile_id
    assert named(replace(draft, **change)).profile_id != draft.profile_id


def test_a_text_has_one_digest() -> None:
    assert text_digest("가") == text_digest("가") != text_digest("가 ")
