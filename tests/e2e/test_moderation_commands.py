"""Every moderation command in every output mode: stdout is data, stderr is talk; wrong input says what to do."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.program import run
from tests.e2e.test_commands import MODERATION, commands
from tests.unit.review.said import say

from semsearch.cli.output import CONTROL
from semsearch.store.database import Store
from semsearch.workspace import Workspace

NASTY = "\x1b[31m\u202e[bold]"
PRODUCTS = (
    "급처 명품 가방 정품 보증서 포함해서 내놓아요 010-1234-5678 연락주세요",
    "해외로 이민 가게 되어 다이아 목걸이 처분합니다 문의는 010-8765-4321 번으로",
    "당일 대출 가능 무직자 환영 신용 조회 없이 바로 입금 010-5555-6666 상담",
)
MODES = [
    (path, mode)
    for path, known in commands().items()
    for mode in ("", "--json", "--jsonl")
    if path.split()[0] in MODERATION and path != "watch" and (not mode or mode in known)
]
"""`watch` never ends by itself: test_moderation runs it."""


@dataclass(frozen=True)
class Scanned:
    """A workspace in which three campaigns were found."""

    root: Path
    posts: Path
    alerts: list[str]
    campaigns: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    folder = tmp_path_factory.mktemp("scanned")
    root, posts = folder / "market", folder / "posts.jsonl"
    start = datetime.now(UTC) - timedelta(days=1)
    rows = [
        {"post_id": f"p{kind}-{n}", "author_id": f"u{kind}-{n}", "text": f"{NASTY} {PRODUCTS[kind]}",
         "created_at": (start + timedelta(minutes=n * 3 + kind)).isoformat()}
        for n in range(12)
        for kind in range(len(PRODUCTS))
    ]  # fmt: skip
    posts.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert run("init", "-w", root).code == 0
    assert run("scan", "posts", posts, "-w", root).code == 0
    alerts = json.loads(run("alerts", "list", "--json", "-w", root).out)
    assert len(alerts) == len(PRODUCTS)
    return Scanned(root, posts, [each["alert_id"] for each in alerts], [each["campaign_id"] for each in alerts])


@pytest.fixture
def scanned(made: Scanned, tmp_path: Path) -> Scanned:
    """A copy for each test."""
    root, posts = shutil.copytree(made.root, tmp_path / "market"), shutil.copy(made.posts, tmp_path / "posts.jsonl")
    return Scanned(Path(root), Path(posts), made.alerts, made.campaigns)


def typed(path: str, given: Scanned, scratch: Path) -> list[object]:
    """What a person types for each command."""
    by = ["--by", "minji", "--reason", "seen"]
    policy = scratch / "policy.toml"
    policy.write_text("floor = 6\n")
    more = scratch / "more.jsonl"
    more.write_text(
        given.posts.read_text()
        .replace(': "p', ': "q')
        .replace(': "u', ': "v')
        .replace("급처 명품 가방 정품 보증서", "중고 캠핑 텐트 침낭 의자 세트")
    )
    rest: dict[str, list[object]] = {
        "scan posts": [more],
        "alerts show": [given.alerts[0]],
        "alerts decide": [given.alerts[0], "confirm", *by],
        "alerts undo": [given.alerts[1], *by],
        "authors show": ["u0-1"],
        "authors allow": ["u0-1", *by],
        "campaigns show": [given.campaigns[0]],
        "campaigns split": [given.campaigns[0], members(given, 0)[-1], *by],
        "campaigns merge": [given.campaigns[0], given.campaigns[1], *by],
        "campaigns lead": ["p1-3", *by],
        "hunt": ["p0-1", "--since", "30d"],
        "replay": ["--from", "2020-01-01", "--policy", policy],
    }
    return [*path.split(), *rest.get(path, []), "-w", given.root]


def members(given: Scanned, number: int) -> list[str]:
    shown = json.loads(run("campaigns", "show", given.campaigns[number], "--json", "-w", given.root).out)
    return sorted(each["post_id"] for each in shown["members"])


@pytest.mark.parametrize(("path", "mode"), MODES, ids=lambda value: value or "plain")
def test_every_command_in_every_output_mode(path: str, mode: str, scanned: Scanned, tmp_path: Path) -> None:
    if path == "scan items":
        items = tmp_path / "items.csv"
        items.write_text("item_id,title,body,seller_id,created_at\n1,의자,튼튼해요,s1,2026-01-01T00:00:00Z\n")
        assert run("import", "items", items, "-w", scanned.root).code == 0
    if path == "alerts retry":
        (scanned.root / "semsearch.toml").write_text('[notify]\nsinks = ["jsonl"]\n')
    decided = run("alerts", "decide", scanned.alerts[1], "confirm", "--by", "kim", "-w", scanned.root)
    assert decided.code == 0, decided.err
    done = run(*typed(path, scanned, tmp_path), *([mode] if mode else []))
    assert done.code == 0, done.err
    assert "Next: " not in done.out
    assert not CONTROL.search(done.out + done.err)
    if mode == "--json":
        assert isinstance(json.loads(done.out), dict | list)
    elif mode == "--jsonl":
        assert all(isinstance(json.loads(line), dict) for line in done.out.splitlines())
        assert done.out.splitlines() or path in ("scan items", "alerts retry")
    else:
        assert done.out.strip() or path == "alerts retry"


@pytest.fixture
def flagged(scanned: Scanned, tmp_path: Path) -> str:
    """The case of post s1, which is in no campaign; its verdict is hostile, and so are verdicts on a campaign."""
    lone = tmp_path / "lone.jsonl"
    at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    lone.write_text(
        json.dumps({"post_id": "s1", "author_id": "seller", "created_at": at, "text": f"{NASTY} 매장 정리"})
    )
    assert run("scan", "posts", lone, "-w", scanned.root).code == 0
    evil = f"{NASTY}<script>alert(1)</script>"
    with Store.existing(Workspace(scanned.root).moderation_path, now=datetime.now(UTC)) as store:
        for post_id, is_spam in (("s1", True), ("p0-1", True), ("p0-2", False), ("p0-3", None)):
            say(store, post_id, is_spam, reason=evil, quotes=(evil,), cause="" if is_spam is not None else evil)
    (row,) = [each for each in listed(scanned) if each["kind"] == "verdict"]
    return str(row["alert_id"])


def listed(given: Scanned, *words: str) -> list[dict[str, object]]:
    return list(json.loads(run("alerts", "list", *words, "--json", "-w", given.root).out))


def test_verdicts_rank_one_list_of_alerts_and_posts(flagged: str, scanned: Scanned) -> None:
    rows = {str(row["alert_id"]): row for row in listed(scanned)}
    assert {row["verdict"] for row in rows.values()} == {"spam 1/1", "spam 1/2", None}
    (of_campaign,) = [row for row in rows.values() if row["verdict"] == "spam 1/2"]
    assert next(iter(rows)) == of_campaign["alert_id"]  # half of its judged members: one step above its equals
    assert (rows[flagged]["n_posts"], rows[flagged]["severity"], rows[flagged]["campaign_id"]) == (1, "low", None)
    table = run("alerts", "list", "-w", scanned.root).out
    assert flagged in table and "spam 1/2" in table


def test_a_flagged_post_is_shown_decided_on_and_undone(flagged: str, scanned: Scanned, tmp_path: Path) -> None:
    page = tmp_path / "post.html"
    shown = run("alerts", "show", flagged, "--html", page, "-w", scanned.root)
    assert shown.code == 0 and "s1" in shown.out and "abstained" not in shown.out
    assert not CONTROL.search(shown.out + shown.err + page.read_text(encoding="utf-8"))
    assert "<script>" not in page.read_text(encoding="utf-8")
    assert "A flagged post in listing" in page.read_text(encoding="utf-8")
    assert run("alerts", "decide", flagged, "confirm", "-w", scanned.root).code == 2  # nobody's name
    assert run("authors", "export", "--json", "-w", scanned.root).out.strip() == "[]"
    assert run("alerts", "decide", flagged, "confirm", "--by", "kim", "-w", scanned.root).code == 0
    (row,) = json.loads(run("authors", "export", "--json", "-w", scanned.root).out)
    assert (row["author_id"], row["alert_id"], row["by"]) == ("seller", flagged, "kim")
    author = json.loads(run("authors", "show", "seller", "--json", "-w", scanned.root).out)
    assert (author["n_flagged"], len(author["verdicts"]), author["verdicts"][0]["said"]) == (1, 1, "spam")
    assert run("alerts", "undo", flagged, "--by", "kim", "-w", scanned.root).code == 0
    assert run("authors", "export", "--json", "-w", scanned.root).out.strip() == "[]"
    dismissed = run("alerts", "decide", flagged, "dismiss", "--by", "kim", "-w", scanned.root)
    assert dismissed.code == 0 and "--remember" not in dismissed.err
    assert flagged not in [row["alert_id"] for row in listed(scanned)]
    assert [row["alert_id"] for row in listed(scanned, "--status", "dismissed")] == [flagged]
    assert run("alerts", "verify", "-w", scanned.root).code == 0


def test_routes_of_imported_reports_and_own_ones(flagged: str, scanned: Scanned, tmp_path: Path) -> None:
    assert run("alerts", "decide", flagged, "confirm", "--by", "kim", "-w", scanned.root).code == 0
    table = tmp_path / "reports.csv"
    table.write_text(
        "회원번호,일시,구분,경로\nseller,2026-01-05,신고,이용자 신고\nother,2026-01-05,영구정지,키워드 룰\n"
    )
    for expected in ((2, 0), (0, 2)):
        done = json.loads(run("import", "reports", table, "--tz", "Asia/Seoul", "--json", "-w", scanned.root).out)
        assert (done["new"], done["unchanged"], done["total"]) == (*expected, 2)
    found = json.loads(run("authors", "routes", "--json", "-w", scanned.root).out)
    assert (found["n_sanctioned"], found["n_unfound"]) == (2, 0)
    counted = {row["route"]: (row["n_pointed"], row["n_found"], row["precision"]) for row in found["routes"]}
    assert counted["llm"] == (2, 1, 1.0)
    assert (counted["이용자 신고"], counted["키워드 룰"]) == ((1, 1, 1.0), (1, 1, None))
    assert counted["look-alike"][1:] == (0, None)
    shown = run("authors", "routes", "-w", scanned.root)
    assert "50.0 % (9.5 to 90.5)" in shown.out and "found by both" in shown.out
    assert "precision is of those judged" in shown.err


def test_reports_come_before_any_scan(tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text("author_id,at,kind,route\nu1,2026-01-05,ban,keyword rule\n")
    assert run("init", "-w", tmp_path / "new").code == 0
    assert run("import", "reports", table, "--dry-run", "-w", tmp_path / "new").code == 0
    assert not (tmp_path / "new" / "moderation.sqlite").exists()
    assert run("import", "reports", table, "-w", tmp_path / "new").code == 0
    done = run("authors", "show", "u1", "--json", "-w", tmp_path / "new")
    assert [each["route"] for each in json.loads(done.out)["reports"]] == ["keyword rule"]
    assert run("alerts", "list", "-w", tmp_path / "new").code == 0


BAD_INPUT = [
    (["import", "reports", "no-such-file.csv"], 2),
    (["alerts", "show", "v0"], 2),
    (["scan", "posts", "no-such-file.jsonl"], 2),
    (["scan", "posts", "no-such-file.jsonl", "--namespace", "letters"], 2),
    (["alerts", "show", "a0"], 2),
    (["alerts", "decide", "ALERT", "confirm"], 2),
    (["alerts", "decide", "ALERT", "banish", "--by", "kim"], 2),
    (["alerts", "decide", "ALERT", "snooze", "--until", "2020-01-01", "--by", "kim"], 2),
    (["authors", "show", "nobody"], 2),
    (["campaigns", "merge", "CAMPAIGN", "c0", "--by", "kim"], 2),
    (["hunt", "p0-1", "--since", "yesterday"], 2),
    (["replay", "--from", "2020-01-01", "--sweep", "flor=3"], 2),
]


@pytest.mark.parametrize(("arguments", "code"), BAD_INPUT, ids=lambda value: " ".join(value) if value != 2 else "2")
def test_bad_input_says_what_to_do(arguments: list[str], code: int, scanned: Scanned) -> None:
    named = {"ALERT": scanned.alerts[0], "CAMPAIGN": scanned.campaigns[0]}
    done = run(*(named.get(each, each) for each in arguments), "-w", scanned.root)
    assert (done.code, done.out) == (code, "")
    assert "Next: " in done.err or "Try" in done.err
