from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from semsearch.records import Alert, Member, Post
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.store.journal import Journal
from semsearch.store.times import to_us

WHY = {"text": "3 posts in an hour"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Market:
    """Campaigns c1 and c2 of three posts each, with alerts a1 and a2, and c3 of two posts without one.

    Posts p0 to p7 by u0, u1, u2, u0, u1 and so on.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.journal = Journal(store)
        self.campaigns = CampaignStore(store)
        self.n = 0
        for name, size in (("c1", 3), ("c2", 3), ("c3", 2)):
            for _ in range(size):
                self.join(name)
        raised = [Alert(f"a{n}", f"c{n}", "listing", "campaign", 1, "low", n, 3, 3, 0, WHY) for n in (1, 2)]
        self.campaigns.commit(Step("listing", self.n, "e", "p", alerts=raised))

    def join(self, campaign_id: str, author_id: str | None = None) -> str:
        """One more post in a campaign; its id."""
        name, author, at = f"p{self.n}", author_id or f"u{self.n % 3}", NOW - timedelta(minutes=60 - self.n)
        self.journal.append([Post("listing", name, author, at, f"text {self.n}")])
        self.n += 1
        member = Member(self.n, campaign_id, name, 0, author, to_us(at), "shingles", 0.9)
        self.campaigns.commit(Step("listing", self.n, "e", "p", [member]))
        return name


@pytest.fixture
def market(tmp_path: Path, migrated: Path) -> Iterator[Market]:
    with Store.open(Path(shutil.copy(migrated, tmp_path / "moderation.sqlite")), now=NOW) as store:
        yield Market(store)
