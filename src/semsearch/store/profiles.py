"""Profiles of how sellers write: kept once, never changed. Which are active follows from decisions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select

from semsearch.plain import plain
from semsearch.records import Profile
from semsearch.store.chain import text_of
from semsearch.store.database import Store
from semsearch.store.tables import profiles
from semsearch.store.times import from_us, to_us


class Profiles:
    """All profiles that were ever drafted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, profile: Profile) -> bool:
        """Keep a profile under its id; whether it was new. One that is there stays as it was, with its time."""
        row = {
            "profile_id": profile.profile_id,
            "name": profile.name,
            "namespace": profile.namespace,
            "text": profile.text,
            "made_us": to_us(profile.made_at),
            "model": profile.model,
            "prompt_hash": profile.prompt_hash,
            "made_from": text_of(plain(profile.made_from)),
            "warnings": text_of(list(profile.warnings)),
        }
        same = select(profiles.c.profile_id).where(profiles.c.profile_id == profile.profile_id)
        with self._store.writing() as connection:
            known = connection.scalar(same) is not None
            if not known:
                connection.execute(profiles.insert(), row)
        return not known

    def get(self, profile_id: str) -> Profile | None:
        """One profile; None when there is none of that id."""
        with self._store.reading() as connection:
            row = connection.execute(select(profiles).where(profiles.c.profile_id == profile_id)).one_or_none()
        return None if row is None else _profile(row)

    def all(self, namespace: str | None = None, name: str | None = None) -> list[Profile]:
        """Profiles of a namespace, of a name, or all; the newest first."""
        wanted = select(profiles).order_by(profiles.c.made_us.desc(), profiles.c.profile_id)
        for column, value in ((profiles.c.namespace, namespace), (profiles.c.name, name)):
            wanted = wanted if value is None else wanted.where(column == value)
        with self._store.reading() as connection:
            return [_profile(row) for row in connection.execute(wanted)]


def named(profile: Profile) -> Profile:
    """The profile with its id: a digest of all that it says but `made_at`, so that the same draft is kept once."""
    told = [profile.name, profile.namespace, profile.text, profile.model, profile.prompt_hash]
    said = text_of([*told, plain(profile.made_from), list(profile.warnings)])
    return replace(profile, profile_id="p" + hashlib.sha256(said.encode()).hexdigest()[:12])


def text_digest(text: str) -> str:
    """SHA-256 of a profile's text, 64 hex digits: what an approval names, so that a changed text is noticed."""
    return hashlib.sha256(text.encode()).hexdigest()


def _profile(row: Row[*tuple[Any, ...]]) -> Profile:
    origin = (row.model, row.prompt_hash, json.loads(row.made_from), tuple(json.loads(row.warnings)))
    return Profile(row.profile_id, row.name, row.namespace, row.text, from_us(row.made_us), *origin)
