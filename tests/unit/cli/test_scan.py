"""`scan posts|items` and `watch` in every output mode, with a scan that joins equal texts and alerts at two of them."""

from __future__ import annotations

import errno
import io
import json
import sys
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.campaigns.scan import Taken
from semsearch.cli.app import main
from semsearch.errors import Busy, UsageError
from semsearch.records import Alert, Post
from semsearch.store.appending import Appended
from semsearch.workspace import Workspace

ROW = {"post_id": "p1", "author_id": "a1", "created_at": "2026-01-02T03:04:05Z", "text": "팝니다"}
ROWS = [ROW, ROW | {"post_id": "p2", "author_id": "a2"}, ROW | {"post_id": "p3", "text": "책상"}]
TABLE = {
    "read": "3", "new": "3", "revised": "0", "known": "0", "conflicts": "0", "rejected": "0", "joined": "1",
    "alerts_raised": "1", "alerts_updated": "0",
}  # fmt: skip


class FakeScan:
    """Joins equal texts; an alert at the second of one, raised further at the fourth."""

    def __init__(self, namespace, seen, stop_at):
        self.namespace, self.seen, self.stop_at = namespace, seen, stop_at

    def run(self, batches, clock):
        """Works on a batch when the next one was read, as the real one reads ahead; first on what was left."""
        while self.seen["left"]:
            yield self.take(self.seen["left"].pop(), clock())
        ahead = []
        for batch in batches:
            ahead.append(batch)
            if len(ahead) > 1:
                yield self.take(ahead.pop(0), clock())
        for batch in ahead:
            yield self.take(batch, clock())

    def take(self, batch, now):
        alerts, n_known, n_joined = [], 0, 0
        for post in batch:
            if post.post_id == self.stop_at[0]:
                raise self.stop_at[1]
            texts = self.seen[self.namespace]
            n_known += post.post_id in texts
            if post.post_id in texts:
                continue
            texts[post.post_id] = post.text
            n = list(texts.values()).count(post.text)
            n_joined += n > 1
            if n in (2, 4):
                alerts.append(Alert("A" + post.text, "C", post.namespace, "campaign", n // 2, "low", 7, n, n, 0))
        return Taken(Appended(1, len(batch) - n_known, 0, n_known), n_joined, tuple(alerts))


class FakeCourier:
    names = ("slack",)

    def __init__(self):
        self.rounds = 0

    def deliver(self, now):
        from semsearch.campaigns.deliver import Delivered

        self.rounds += 1
        return Delivered(n_waiting=2, problems=("Slack is down. Next: semsearch alerts retry",))


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """Run one command in a workspace; returns (exit code, stdout, stderr)."""
    root = tmp_path / "market"
    Workspace.create(root)
    monkeypatch.chdir(root)
    seen: dict[str, dict[str, str]] = defaultdict(dict)
    stop_at: list = [None, None]
    opened: list[tuple] = []
    courier = FakeCourier()

    @contextmanager
    def open_scan(workspace, namespace, *, now, sinks):
        opened.append((namespace, tuple(sinks)))
        yield FakeScan(namespace, seen, stop_at)
        opened.append((namespace, "closed"))

    @contextmanager
    def open_courier(workspace, *, now):
        yield courier

    monkeypatch.setattr("semsearch.wiring.open_scan", open_scan)
    monkeypatch.setattr("semsearch.wiring.open_courier", open_courier)

    def run(*words, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["semsearch", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    def stop():
        raise KeyboardInterrupt

    run.stop_at, run.opened, run.courier, run.root, run.seen, run.stop = stop_at, opened, courier, root, seen, stop
    return run


@pytest.fixture
def file(shell):
    def write(*rows, name="posts.jsonl"):
        lines = (row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)
        (shell.root / name).write_bytes(b"".join(lines))
        return name

    return write


def table(out: str) -> dict[str, str]:
    return {words[0]: words[1] for line in out.splitlines() if len(words := line.split()) == 2}


def test_the_summary_is_on_stdout_and_the_talk_on_stderr(shell, file):
    code, out, err = shell("scan", "posts", file(*ROWS))
    assert (code, table(out)) == (0, TABLE)
    assert "Columns: post_id=post_id, author_id=author_id, created_at=created_at, text=text" in err
    assert "Alert A팝니다: campaign in listing, 2 posts of 2 authors, severity low" in err
    assert err.splitlines()[-1].endswith("semsearch alerts list")
    assert shell.opened == [("listing", ("slack",)), ("listing", "closed")]


def test_json_is_one_document(shell, file):
    code, out, _ = shell("scan", "posts", file(*ROWS, ROW | {"post_id": ""}), "--max-rejects", "0.5", "--json")
    document = json.loads(out)
    assert code == 0
    assert {name: document[name] for name in TABLE} == {n: int(v) for n, v in TABLE.items()} | {
        "read": 4,
        "rejected": 1,
    }
    entry = json.loads(Path(document["quarantine"]).read_text())
    assert (entry["file"], entry["row"], entry["reason"]) == ("posts.jsonl", 4, "post_id is missing")


def test_jsonl_is_an_alert_a_line_as_they_are_raised(shell, file):
    rows = [ROW | {"post_id": str(n)} for n in range(4)]
    code, out, err = shell("scan", "posts", file(*rows), "--jsonl")
    alerts = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(alert["alert_id"], alert["level"], alert["n_posts"]) for alert in alerts] == [
        ("A팝니다", 1, 2),
        ("A팝니다", 2, 4),
    ]
    assert "alerts_raised 1, alerts_updated 1" in err


def test_the_same_file_again_brings_nothing(shell, file):
    shell("scan", "posts", file(*ROWS))
    code, out, err = shell("scan", "posts", file(*ROWS))
    assert code == 0
    assert (table(out)["new"], table(out)["known"], table(out)["joined"]) == ("0", "3", "0")
    assert "Next:" not in err


def test_rejected_rows_are_told(shell, file):
    code, _, err = shell("scan", "posts", file(*ROWS, b"{\n"), "--max-rejects", "0.25")
    assert code == 0
    assert "Rejected 1 × is not valid JSON" in err
    assert "Rejected rows are in quarantine/posts-" in err


def test_options_of_the_import_are_there(shell, file):
    name = file(b"nr;who;when;what\n1;a;2026-01-01;x\n", name="a.txt")
    words = ["--map", "post_id=nr", "--map", "author_id=who", "--map", "created_at=when", "--map", "text=what"]
    code, out, _ = shell("scan", "posts", name, "--namespace", "chat", "--tz", "Asia/Seoul", "--format", "csv", *words)
    assert (code, table(out)["new"]) == (0, "1")
    assert shell.opened[0][0] == "chat"


def test_each_namespace_has_its_scan(shell, file):
    names = ("chat", "listing", "chat")
    rows = [row | {"namespace": name} for row, name in zip(ROWS, names, strict=True)]
    code, out, _ = shell("scan", "posts", file(*rows))
    assert (code, table(out)["new"], table(out)["joined"]) == (0, "3", "0")
    assert [namespace for namespace, end in shell.opened if end != "closed"] == ["chat", "listing"]


def test_standard_input(shell):
    content = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
    for words in (("scan", "posts", "-"), ("watch", "-", "--namespace", "chat")):
        code, out, _ = shell(*words, stdin=content)
        assert (code, table(out)) == (0, TABLE), words


def test_no_notify_tells_no_sink(shell, file):
    shell("scan", "posts", file(*ROWS), "--no-notify")
    assert shell.opened[0] == ("listing", ())
    assert shell.courier.rounds == 0


def test_a_failing_sink_is_said_once_and_stops_nothing(shell, file):
    rows = [ROW | {"post_id": str(n)} for n in range(1_500)]
    code, out, err = shell("scan", "posts", file(*rows))
    assert (code, table(out)["new"]) == (0, "1500")
    assert shell.courier.rounds == 2
    assert err.count("Slack is down") == 1
    assert "2 messages are still to be sent. Next: semsearch alerts retry" in err


@pytest.mark.parametrize(("words", "message"), [
    (("scan", "posts", "none.jsonl"), "No file none.jsonl"),
    (("scan", "posts", "."), "is a directory"),
    (("scan", "posts", "empty"), "No rows in empty"),
    (("scan", "posts", "posts.jsonl", "--namespace", "chats"), "no namespace 'chats': there are listing, image, chat"),
    (("scan", "posts", "posts.jsonl", "--tz", "Seoul"), "No time zone 'Seoul'"),
    (("scan", "posts", "posts.jsonl", "--map", "text"), "is not field=column"),
    (("scan", "posts", "posts.jsonl", "--max-rejects", "2"), "--max-rejects"),
    (("watch", "none.jsonl"), "No file none.jsonl"),
    (("watch", "."), "is a directory"),
    (("watch", "*.jsonl"), "is more than one file"),
    (("watch", "posts.jsonl", "--namespace", "chats"), "no namespace 'chats'"),
])  # fmt: skip
def test_bad_input_is_exit_2_with_a_next_step(shell, file, words, message):
    file(ROW)
    file(name="empty")
    file(name="others.jsonl")
    code, out, err = shell(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Next: " in err


def test_what_was_scanned_before_a_bad_end_is_said(shell, file, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 1_000)
    rows = [ROW | {"post_id": str(n)} for n in range(2_000)] + [ROW | {"post_id": ""}] * 500
    code, out, err = shell("scan", "posts", file(*rows))
    assert (code, out) == (2, "")
    assert "500 of 2,500 rows (20.00%) are bad" in err
    assert "The 2,000 posts before them were scanned and stay." in err
    assert "2,000 posts were scanned before that; they stay and count once." in err


@pytest.mark.parametrize(("error", "code", "message"), [
    (KeyboardInterrupt(), 130, "Interrupted; run the same command again to go on."),
    (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left on device"),
    (UsageError("The disk is full.", "Next: make room"), 2, "Next: make room"),
    (Busy("Another scan of listing is running.", "Next: wait"), 4, "Another scan"),
])  # fmt: skip
def test_a_scan_that_is_stopped_goes_on_with_the_same_command(shell, file, error, code, message):
    rows = [ROW | {"post_id": str(n), "text": str(n)} for n in range(2_500)]
    shell.stop_at[:] = ["1500", error]
    stopped, out, err = shell("scan", "posts", file(*rows))
    assert (stopped, out) == (code, "")
    assert message in err
    shell.stop_at[:] = [None, None]
    done, out, _ = shell("scan", "posts", file(*rows))
    assert done == 0
    assert int(table(out)["known"]) >= 1_000
    assert int(table(out)["new"]) + int(table(out)["known"]) == 2_500


@pytest.mark.parametrize("command", [("scan", "posts"), ("watch",)])
def test_what_a_kill_left_in_the_journal_is_scanned_first(shell, file, monkeypatch, command):
    at = datetime(2026, 1, 2, tzinfo=UTC)
    shell.seen["left"] = [(Post("listing", "k1", "a8", at, "팝니다"), Post("listing", "k2", "a9", at, "팝니다"))]
    monkeypatch.setattr("time.sleep", lambda seconds: shell.stop())
    _, out, _ = shell(*command, file(ROWS[2]), "--jsonl")
    assert [json.loads(line)["n_posts"] for line in out.splitlines()] == [2]


def test_ctrl_c_ends_a_watch_with_its_summary(shell, file, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: shell.stop())
    code, out, err = shell("watch", file(*ROWS[:2], b"{bad\n", ROWS[2]))
    assert (code, table(out) | {"read": "3", "rejected": "0"}) == (
        130,
        TABLE,
    )
    assert "Watching posts.jsonl. Ctrl-C ends it." in err
    assert "Rejected 1 × is not valid JSON" in err


def test_a_watch_takes_what_is_written_later(shell, file, monkeypatch):
    def write(seconds):
        if len(shell.opened) > 2:
            shell.stop()
        shell.opened.append("written")
        with (shell.root / "posts.jsonl").open("a") as out:
            out.write(json.dumps(ROWS[1]) + "\n")

    monkeypatch.setattr("time.sleep", write)
    code, out, _ = shell("watch", file(ROWS[0]), "--jsonl")
    assert code == 130
    assert [json.loads(line)["n_posts"] for line in out.splitlines()] == [2]


# --- scan items ----------------------------------------------------------------------------

ITEMS = (
    "item_id,title,body,seller_id,created_at,updated_at\n"
    "1,팝니다,,s1,2026-01-02,\n2,팝니다,,s2,2026-01-01,\n3,책상,,,2026-01-01,\n4,의자,나무,s4,,\n"
)


def test_items_are_scanned_and_what_is_left_out_is_said(shell, file):
    file(ITEMS.encode(), name="items.csv")
    shell("import", "items", "items.csv")
    code, out, err = shell("scan", "items")
    assert code == 0
    assert table(out) == TABLE | {"read": "4", "new": "2", "rejected": "2"}
    assert "Left out 1 × without seller_id" in err
    assert "Left out 1 × without created_at" in err
    document = json.loads(shell("scan", "items", "--json")[1])
    assert (document["known"], document["new"]) == (2, 0)


def test_items_without_a_catalogue(shell):
    code, out, err = shell("scan", "items")
    assert (code, out) == (4, "")
    assert "semsearch import items FILE" in err


@pytest.mark.parametrize(
    "words", [("scan",), ("scan", "posts", "--help"), ("scan", "items", "--help"), ("watch", "--help")]
)
def test_help_has_an_example(shell, words):
    _, out, err = shell(*words)
    assert "semsearch scan" in out + err or "semsearch watch" in out + err
