"""alerts, authors and campaigns on the command line: every mode of output, every refusal."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.program import Done, run
from tests.unit.review.conftest import Market

from semsearch.cli.deciding import end_of
from semsearch.errors import UsageError
from semsearch.store.database import Store
from semsearch.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SEMSEARCH_REVIEWER", raising=False)
    workspace = Workspace.create(tmp_path)
    with Store.open(Path(shutil.copy(migrated, workspace.moderation_path)), now=NOW) as store:
        Market(store)
    return tmp_path


def asked(root: Path, *words: object, code: int = 0) -> Done:
    done = run(*words, "-w", root)
    assert done.code == code, done
    return done


def data(root: Path, *words: object) -> object:
    return json.loads(asked(root, *words, "--json").out)


def test_a_list_in_every_form(root: Path) -> None:
    rows = data(root, "alerts", "list")
    assert [(row["alert_id"], row["status"], row["n_posts"]) for row in rows] == [("a2", "open", 3), ("a1", "open", 3)]
    lines = asked(root, "alerts", "list", "--jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    shown = asked(root, "alerts", "list")
    assert "a1" in shown.out
    assert f"alerts show -w {root} a2" in shown.err


def test_a_list_is_filtered(root: Path) -> None:
    asked(root, "alerts", "decide", "a1", "confirm", "--by", "minji")
    assert [row["alert_id"] for row in data(root, "alerts", "list", "--status", "open")] == ["a2"]
    assert [row["alert_id"] for row in data(root, "alerts", "list", "--status", "confirmed")] == ["a1"]
    assert (
        data(root, "alerts", "list", "--severity", "high") == data(root, "alerts", "list", "--namespace", "chat") == []
    )
    assert "No alert has that status" in asked(root, "alerts", "list", "--status", "snoozed").err
    for words in (("--status", "spam"), ("--severity", "worst"), ("--namespace", "mail")):
        assert "Next: " in asked(root, "alerts", "list", *words, code=2).err


def test_an_alert_is_shown_in_every_form(root: Path) -> None:
    asked(root, "alerts", "decide", "a1", "snooze", "--for", "3d", "--by", "minji", "--reason", "weekend")
    document = data(root, "alerts", "show", "a1")
    assert (document["status"], document["reasons"], len(document["raises"])) == (
        "snoozed",
        {"text": "3 posts in an hour"},
        1,
    )
    assert [(m["post_id"], m["text"], m["new"]) for m in document["members"]][1] == ("p1", "text 1", False)
    assert [(d["kind"], d["by"], d["n_posts"], d["reason"]) for d in document["decisions"]] == [
        ("snooze", "minji", 3, "weekend")
    ]
    assert len(asked(root, "alerts", "show", "a1", "--jsonl").out.splitlines()) == 3
    shown = asked(root, "alerts", "show", "a1")
    assert "text 2" in shown.out
    assert "Decision 1 by minji" in shown.err
    assert "Did you mean a1?" in asked(root, "alerts", "show", "a11", code=2).err


def test_an_alert_is_shown_as_a_page(root: Path) -> None:
    asked(root, "alerts", "decide", "a1", "confirm", "--by", "minji")
    page = root / "pages" / "a1.html"
    assert str(page) in asked(root, "alerts", "show", "a1", "--html", page).err
    text = page.read_text()
    assert [word in text for word in ("a1", "minji", "3 posts in an hour")] == [True] * 3
    asked(root, "alerts", "show", "a1", "--html", root, code=2)


def test_a_decision_that_no_message_can_show_is_kept(root: Path) -> None:
    (root / "semsearch.toml").write_text('[notify]\nsinks = ["slack"]\n[notify.channels]\n"mail.high" = "C01234567"\n')
    assert "is kept, but not shown" in asked(root, "alerts", "decide", "a1", "confirm", "--by", "m").err
    (root / "semsearch.toml").unlink()
    assert data(root, "alerts", "verify")["n"] == 1


def test_text_of_sellers_does_not_steer_the_terminal(root: Path) -> None:
    with Store.open(root / "moderation.sqlite", now=NOW) as store, store.writing() as connection:
        connection.exec_driver_sql("UPDATE posts SET text = ? WHERE seq = 1", ("\x1b[2J\u202e값",))
    assert "\x1b" not in asked(root, "alerts", "show", "a1").out
    assert "\x1b" not in asked(root, "authors", "show", "u0").out
    assert "\x1b" not in asked(root, "campaigns", "show", "c1").out


def test_deciding_and_undoing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = asked(root, "alerts", "decide", "a1", "confirm", code=2)
    assert "semsearch alerts decide a1 confirm -w" in refused.err
    assert refused.err.rstrip().endswith("--by NAME")
    monkeypatch.setenv("SEMSEARCH_REVIEWER", "joon")
    done = data(root, "alerts", "decide", "a1", "confirm")
    assert done == {"alert_id": "a1", "status": "confirmed", "decision_ids": [1], "n_posts": 3, "by": "joon"}
    again = asked(root, "alerts", "decide", "a1", "confirm", "--by", "minji")
    assert "nothing was added" in again.err
    undone = data(root, "alerts", "undo", "a1", "--by", "minji", "--reason", "no")
    assert (undone["undone"]["decision_id"], undone["by"]["subject"], undone["by"]["by"]) == (1, "1", "minji")
    assert "no decision 7; the last one is 2" in asked(root, "alerts", "undo", "7", code=2).err


def test_a_dismissal_offers_to_remember(root: Path) -> None:
    offered = asked(root, "alerts", "decide", "a1", "dismiss", "--by", "Kim Minji").err
    assert f"alerts decide -w {root} a1 dismiss --remember --until 20" in offered
    assert "--by 'Kim Minji'" in offered
    words = ("alerts", "decide", "a1", "dismiss", "--remember", "--until", "2999-01-01", "--by", "m")
    assert data(root, *words)["decision_ids"] == [2, 3]


@pytest.mark.parametrize(
    "words",
    [
        ("spam",),
        ("snooze",),
        ("snooze", "--until", "2020-01-01"),
        ("snooze", "--until", "soon"),
        ("snooze", "--until", "9999-12-31T23:59-23:00"),
        ("snooze", "--for", "3x"),
        ("snooze", "--for", "0d"),
        ("snooze", "--for", "3d", "--until", "2999-01-01"),
        ("confirm", "--until", "2999-01-01"),
        ("confirm", "--remember"),
        ("dismiss", "--for", "3d"),
    ],
)
def test_what_is_no_decision_exits_2_and_keeps_nothing(root: Path, words: tuple[str, ...]) -> None:
    assert "Next: " in asked(root, "alerts", "decide", "a1", *words, "--by", "m", code=2).err
    assert data(root, "alerts", "verify")["n"] == 0


def test_an_end_without_a_zone_is_the_workspaces(root: Path) -> None:
    (root / "semsearch.toml").write_text('[import]\ntz = "Asia/Seoul"\n')
    assert end_of("2027-01-01", None, root, NOW) == datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert end_of("2027-01-01T00:00+00:00", None, root, NOW) == datetime(2027, 1, 1, tzinfo=UTC)
    assert end_of(None, "2w", root, NOW) == NOW + timedelta(days=14)
    assert end_of(None, None, root, NOW) is None
    with pytest.raises(UsageError, match="not a span"):
        end_of(None, "1.5d", root, NOW)


def test_a_broken_chain_exits_3_and_names_the_decision(root: Path) -> None:
    for verdict in ("confirm", "dismiss"):
        asked(root, "alerts", "decide", "a1", verdict, "--by", "m")
    assert data(root, "alerts", "verify")["first_broken"] is None
    with Store.open(root / "moderation.sqlite", now=NOW) as store, store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER decisions_no_update")
        connection.exec_driver_sql("""UPDATE decisions SET "by" = 'n' WHERE decision_id = 2""")
    broken = asked(root, "alerts", "verify", code=3)
    assert "broken at decision 2" in broken.err
    assert json.loads(asked(root, "alerts", "verify", "--json", code=3).out)["first_broken"] == 2


def test_confirmed_authors_are_exported(root: Path) -> None:
    assert asked(root, "authors", "export").out.splitlines()[0].startswith("author_id,namespace,decision_id,alert_id")
    asked(root, "alerts", "decide", "a1", "confirm", "--by", "m", "--reason", 'an "advert",\nby a shop')
    rows = list(csv.DictReader(io.StringIO(asked(root, "authors", "export").out)))
    assert [(row["author_id"], row["decision_id"], row["n_posts"]) for row in rows] == [
        ("u0", "1", "1"), ("u1", "1", "1"), ("u2", "1", "1"),
    ]  # fmt: skip
    assert rows[0]["reason"] == 'an "advert",\nby a shop'
    asked(root, "authors", "allow", "u1", "--by", "m", "--reason", "shop", "--for", "2w")
    left = asked(root, "authors", "export", "--jsonl")
    assert [json.loads(line)["author_id"] for line in left.out.splitlines()] == ["u0", "u2"]
    assert "they are allowed: u1" in left.err
    asked(root, "alerts", "undo", "1", "--by", "m")
    assert asked(root, "authors", "export", "--json").out.strip() == "[]"


def test_an_author_is_shown(root: Path) -> None:
    asked(root, "alerts", "decide", "a1", "confirm", "--by", "m")
    document = data(root, "authors", "show", "u0")
    assert (document["n_posts"], document["confirmed_by"], document["verdicts"]) == (3, [1], [])
    assert [row["alert_id"] for row in document["campaigns"]] == ["a2", "a1"]
    assert [row["text"] for row in document["posts"]] == ["text 0", "text 3", "text 6"]
    assert "Alert a1 of campaign c1: confirmed" in asked(root, "authors", "show", "u0").err
    assert len(asked(root, "authors", "show", "u0", "--jsonl").out.splitlines()) == 3
    assert "no author 'u9'" in asked(root, "authors", "show", "u9", code=2).err


def test_an_author_is_allowed(root: Path) -> None:
    assert "needs a reason" in asked(root, "authors", "allow", "u1", "--by", "m", code=2).err
    made = data(root, "authors", "allow", "new shop", "--by", "m", "--reason", "partner")
    assert (made["kind"], made["subject"], made["until"]) == ("allow", "new shop", None)
    told = asked(root, "authors", "allow", "new shop", "--by", "m", "--reason", "partner").err
    assert "No post of 'new shop' is in the journal" in told


def test_campaigns_are_listed_split_and_merged(root: Path) -> None:
    assert [(row["campaign_id"], row["n_posts"], row["alert_id"]) for row in data(root, "campaigns", "list")] == [
        ("c1", 3, "a1"), ("c2", 3, "a2"), ("c3", 2, None),
    ]  # fmt: skip
    new = data(root, "campaigns", "split", "c1", "p0", "--by", "m")["detail"]["to"]
    data(root, "campaigns", "merge", "c3", new, "--by", "m")
    shown = data(root, "campaigns", "show", "c3")
    assert (shown["campaign_id"], [each["post_id"] for each in shown["members"]]) == (new, ["p0", "p6", "p7"])
    led = data(root, "campaigns", "lead", "p5", "--by", "m")["detail"]["to"]
    assert data(root, "campaigns", "show", led)["n_posts"] == 1
    assert f"campaigns show -w {root} {new}" in asked(root, "campaigns", "list").err
    for words in (("split", "c1", "p9"), ("split", "c9", "p1"), ("merge", "c1", "c1"), ("lead", "p99"), ("show", "x")):
        asked(root, "campaigns", *words, *(() if words[0] == "show" else ("--by", "m")), code=2)


def test_before_a_scan_the_next_step_is_one(tmp_path: Path) -> None:
    assert "Next: semsearch init" in run("alerts", "list", "-w", tmp_path).err
    Workspace.create(tmp_path)
    for words in (("alerts", "list"), ("alerts", "verify"), ("authors", "export"), ("campaigns", "list")):
        done = asked(tmp_path, *words, code=4)
        assert f"semsearch scan posts -w {tmp_path}" in done.err
    assert not (tmp_path / "moderation.sqlite").exists()


def test_a_damaged_file_is_told(root: Path) -> None:
    (root / "moderation.sqlite").write_bytes(b"not a database" * 1000)
    assert "no database, or a damaged one" in asked(root, "alerts", "list", code=2).err
