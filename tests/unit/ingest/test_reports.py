"""User reports and sanctions from files: names of columns and kinds, times, bad rows, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from semsearch.cli.app import app
from semsearch.errors import UsageError
from semsearch.ingest.importing import ImportSummary
from semsearch.ingest.merge import Merged
from semsearch.ingest.reports import ReportReader
from semsearch.records import Report
from semsearch.settings import Settings
from semsearch.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Kept:
    """Keeps whatever comes."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def __call__(self, given: Iterable[Report]) -> Merged:
        self.reports += given
        return Merged(len(self.reports), 0, 0, 0, len(self.reports), "digest")


@pytest.fixture
def kept() -> Kept:
    return Kept()


def read(tmp_path: Path, kept: Kept, content: str | bytes, tz: str = "UTC", **more: Any) -> ImportSummary:
    path = tmp_path / "reports"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = Settings.load(tmp_path).override("imports", tz=tz, max_rejects=more.pop("allowed", None))
    reader = ReportReader([str(path)], settings=settings, now=NOW, **more)
    return reader.read(Workspace.create(tmp_path / "market"), kept)


def test_a_korean_table_is_recognised(tmp_path: Path, kept: Kept) -> None:
    table = (
        "회원번호,제재일시,구분,적발경로,게시글번호,사유\n007,2026-02-01 09:00,영구 정지,키워드 룰,p1,도배\n"
        "u2,2026-02-02,신고,이용자 신고,,\n"
    )
    summary = read(tmp_path, kept, table.encode("cp949"), tz="Asia/Seoul")
    assert (summary.kind, summary.read, summary.new, summary.rejected, summary.unused) == ("reports", 2, 2, 0, ())
    assert kept.reports == [
        Report("007", datetime(2026, 2, 1, tzinfo=UTC), "sanction", "키워드 룰", None, "p1", "도배"),
        Report("u2", datetime(2026, 2, 1, 15, tzinfo=UTC), "report", "이용자 신고"),
    ]


def test_the_reported_one_is_meant_not_the_one_who_reports(tmp_path: Path, kept: Kept) -> None:
    table = "user_id,reported_user_id,created_at,type,source\nreporter,u1,2026-02-01,report,app\n"
    assert read(tmp_path, kept, table).unused == ("user_id",)
    assert kept.reports[0].author_id == "u1"


@pytest.mark.parametrize(
    ("word", "kind"),
    [("신고", "report"), ("Reported", "report"), ("제재", "sanction"), ("이용 정지", "sanction"), ("BAN", "sanction"),
     ("차단", "sanction"), ("suspension", "sanction")],
)  # fmt: skip
def test_kinds_in_korean_and_english(word: str, kind: str, tmp_path: Path, kept: Kept) -> None:
    read(tmp_path, kept, json.dumps({"author_id": 1, "at": 1_770_000_000, "kind": word, "route": "r"}))
    assert kept.reports == [Report("1", datetime.fromtimestamp(1_770_000_000, UTC), kind, "r")]


def test_what_no_column_says_is_said_with_map(tmp_path: Path, kept: Kept) -> None:
    with pytest.raises(UsageError, match="no column for kind and route"):
        read(tmp_path, kept, "author_id,at\nu1,2026-02-01\n")
    read(tmp_path, kept, "author_id,at\nu1,2026-02-01\n", maps={"kind": "'신고'", "route": "'user report'"})
    assert (kept.reports[0].kind, kept.reports[0].route) == ("report", "user report")


BAD = [
    ({"author_id": ""}, "author_id is missing"),
    ({"at": "yesterday"}, "is no time: 'yesterday'"),
    ({"at": "2026-03-03"}, "is more than a day from now: '2026-03-03T00:00:00Z'"),
    ({"kind": "경고"}, "is none of report, sanction: '경고'"),
    ({"route": " "}, "route is missing"),
    ({"namespace": "letters"}, "is none of listing, image, chat, profile: 'letters'"),
]


@pytest.mark.parametrize(("wrong", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_bad_rows_are_set_aside_with_their_reason(wrong: dict, reason: str, tmp_path: Path, kept: Kept) -> None:
    good = {"author_id": "u1", "at": "2026-02-28", "kind": "report", "route": "r", "namespace": "chat"}
    rows = "\n".join(json.dumps(row) for row in (good, good | wrong))
    summary = read(tmp_path, kept, rows, allowed=0.5)
    assert (len(kept.reports), summary.rejected) == (1, 1)
    told = json.loads(summary.quarantine.read_text())
    assert (told["reason"], told["row"]) == (reason, 2)


def test_too_many_bad_rows_keep_nothing(tmp_path: Path, kept: Kept) -> None:
    with pytest.raises(UsageError, match="Nothing was imported"):
        read(tmp_path, kept, "author_id,at,kind,route\nu1,2026-02-01,ban,r\nu2,never,ban,r\n")
    assert kept.reports == []


def test_a_preview_shows_bad_rows_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("author_id,at,kind,route\nu1,2026-02-01,ban,r\nu2,2027-02-01,ban,r\n")
    preview = ReportReader([str(path)], settings=Settings.load(tmp_path), now=NOW).preview()
    assert [row["author_id"] for row in preview.rows] == ["u1"]
    assert [(bad["row"], bad["column"]) for bad in preview.rejected] == [(3, "at")]
    assert list(tmp_path.iterdir()) == [path]


def test_times_without_a_zone_are_counted(tmp_path: Path, kept: Kept) -> None:
    times = (
        "2026-02-01 09:00", "2026. 2. 1. 오후 2:30", "20260201", "2026-02-01", "20260201090000",  # name none
        "2026-02-01T09:00:00Z", "2026-02-01 09:00+09:00", "20260201090000Z", "1770000000", "1770000000000",
    )  # fmt: skip
    rows = "".join(f"u{n},{at},ban,r\n" for n, at in enumerate(times))
    summary = read(tmp_path, kept, f"author_id,at,kind,route\n{rows}")
    assert (summary.new, summary.zoneless) == (10, 5)


def test_a_zone_that_was_forgotten_is_said(tmp_path: Path) -> None:
    table, root = tmp_path / "a.csv", Workspace.create(tmp_path / "market").root
    table.write_text("author_id,at,kind,route\nu1,2026-02-01 09:00,ban,r\nu2,2026-02-01T00:00:00Z,ban,r\n")

    def told(*more: str) -> str:
        return CliRunner().invoke(app, ["import", "reports", str(table), "-w", str(root), *more]).stderr

    assert "Times that name no zone, taken as UTC: 1." in told()
    again = told("--tz", "Asia/Seoul")
    assert "no zone" not in again
    assert "New ones that were there before at another time, most 9 h later: 1. Was the file read with another" in again


def test_a_line_that_is_no_json_is_called_so(tmp_path: Path, kept: Kept) -> None:
    path = tmp_path / "a.jsonl"
    for content, words in (("x" * 100, "no line is a JSON object"), ("", "empty, or only a header")):
        path.write_text(content)
        reader = ReportReader([str(path)], settings=Settings.load(tmp_path), now=NOW)
        with pytest.raises(UsageError, match=words):
            reader.read(Workspace.create(tmp_path / "market"), kept)
