"""The labelled posts behind a profile come back as they were."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.errors import Damaged, MissingPart, UsageError
from semsearch.records import Post
from semsearch.spam.kept import Behind, Labelled, keep, keep_evaluation, kept, kept_evaluation
from semsearch.workspace import Workspace

AT = datetime(2026, 3, 1, tzinfo=UTC)
LONE = Post(
    "listing", "0007", "u", AT, "에어팟 팝니다\n직거래", attributes={"brand": "Apple"}, category="가전 > 이어폰"
)
FLOOD = Post("listing", "s1", "v", AT, "도매 문의!!", revision=2, seller_type="person")
BEHIND = Behind(Labelled((LONE,), (FLOOD,)), Labelled((), (FLOOD,)))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


def test_posts_and_evaluation_come_back(workspace: Workspace) -> None:
    with workspace.writing():
        keep(workspace, "p1", BEHIND)
        assert kept_evaluation(workspace, "p1") is None
        keep_evaluation(workspace, "p1", {"precision": 0.5, "recall": float("nan")})
    assert kept(workspace, "p1") == BEHIND
    assert kept_evaluation(workspace, "p1") == {"precision": 0.5, "recall": None}
    assert kept(workspace, "p1").sample.pairs == [(LONE, False), (FLOOD, True)]


def test_nobody_else_reads_what_lies_behind_a_profile(workspace: Workspace) -> None:
    with workspace.writing():
        folder = keep(workspace, "p1", BEHIND)
        keep_evaluation(workspace, "p1", {})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_what_is_missing_or_damaged_says_what_to_do(workspace: Workspace) -> None:
    with pytest.raises(MissingPart, match="not in this workspace"):
        kept(workspace, "p1")
    with pytest.raises(UsageError):
        kept(workspace, "../p1")
    with workspace.writing():
        keep(workspace, "p1", BEHIND)
    (workspace.path("spam", "p1") / "sample.parquet").write_bytes(b"PAR1")
    with pytest.raises(Damaged, match=r"sample\.parquet"):
        kept(workspace, "p1")
