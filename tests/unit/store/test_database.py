"""The file: opened, migrated, read while it is written to, and what can be wrong with it."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from semsearch.errors import Busy, MismatchError, MissingPart, UsageError
from semsearch.records import Post
from semsearch.store import database
from semsearch.store.database import SCHEMA, Store
from semsearch.store.journal import Journal
from semsearch.store.migrations.running import known
from semsearch.store.tables import history, metadata

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def posts(n: int, text: str = "팝니다") -> list[Post]:
    return [Post("listing", f"p{i}", "u", NOW, text) for i in range(n)]


def read(store: Store) -> list[str]:
    return [each.post.post_id for batch in Journal(store).batches("listing", 0) for each in batch]


def test_a_new_file_has_the_tables_of_the_newest_migration(store: Store) -> None:
    assert SCHEMA in known()
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        told = [(name, 1772323200000000, database.__version__) for name in sorted(known())]
        assert list(connection.execute(history.select().order_by(history.c.revision))) == told


def test_opening_again_changes_nothing_and_needs_no_alembic(store: Store) -> None:
    before = store.path.stat().st_mtime_ns
    code = (
        "import sys, datetime, pathlib; from semsearch.store.database import Store;"
        "Store.open(pathlib.Path(sys.argv[1]), now=datetime.datetime.now(datetime.UTC)).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(store.path)], check=False).returncode == 0
    assert store.path.stat().st_mtime_ns == before


def test_the_file_survives_the_loss_of_power(store: Store) -> None:
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_reader_sees_one_moment_and_holds_nobody_up(store: Store) -> None:
    other = Store.open(store.path, now=NOW)
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM posts").scalar() == 0
        Journal(other).append(posts(3))
        assert connection.exec_driver_sql("SELECT count(*) FROM posts").scalar() == 0
    assert len(read(store)) == 3
    other.close()


def test_a_second_writer_waits_and_then_says_who_it_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    path = tmp_path / "moderation.sqlite"
    with Store.open(path, now=NOW) as first, Store.open(path, now=NOW) as second:
        with first.writing(), pytest.raises(Busy, match="Another process"):
            Journal(second).append(posts(1))
        assert Journal(second).append(posts(1)).n_new == 1


def test_several_processes_make_one_file_and_write_to_it(tmp_path: Path) -> None:
    path = tmp_path / "50%20#?.sqlite"
    code = (
        "import sys, datetime, pathlib; from semsearch.store.database import Store;"
        "from semsearch.store.journal import Journal; from semsearch.records import Post;"
        "import semsearch.store.migrations.running; now = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC);"
        "print(flush=True); sys.stdin.readline(); journal = Journal(Store.open(pathlib.Path(sys.argv[1]), now=now));"
        "[journal.append([Post('listing', sys.argv[2] + str(n), 'u', now, 'x')]) for n in range(5)]"
    )
    command = [sys.executable, "-c", code, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([*command, name], **pipes) for name in "abc"]
    for process in started:
        process.stdout.readline()
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate() and process.returncode for process in started] == [0, 0, 0]
    with Store.open(path, now=NOW) as store:
        assert len(read(store)) == 15


def test_what_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "moderation.sqlite"
    path.write_text("이것은 데이터베이스가 아니다" * 100)
    with pytest.raises(UsageError, match="no database") as refused:
        Store.open(path, now=NOW)
    assert "Next: " in refused.value.next_step
    assert path.read_text().startswith("이것은")


def test_a_newer_schema_is_refused(store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MismatchError, match="9999"):
        Store.open(store.path, now=NOW)


def test_a_database_of_something_else_keeps_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "moderation.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE posts (mine TEXT)")
    with pytest.raises(UsageError, match="no moderation database"):
        Store.open(path, now=NOW)
    with sqlite3.connect(path) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["posts"]


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        Store.open(tmp_path / "absent" / "moderation.sqlite", now=NOW)
    with pytest.raises(MissingPart, match="Nothing was scanned"):
        Store.existing(tmp_path / "moderation.sqlite", now=NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_told(store: Store) -> None:
    store.close()
    store.path.chmod(0o444)
    store.path.parent.chmod(0o555)
    try:
        with pytest.raises(UsageError, match="cannot be"), Store.open(store.path, now=NOW) as opened:
            Journal(opened).append(posts(1))
    finally:
        store.path.parent.chmod(0o755)


def test_a_full_disk_leaves_the_step_undone(store: Store) -> None:
    """A limit on the size of files stands in for the disk: SQLite fails at the same place."""
    code = (
        "import sys, datetime, pathlib, resource, signal; from semsearch.store.database import Store;"
        "from semsearch.store.journal import Journal; from semsearch.records import Post;"
        "from semsearch.errors import UsageError; now = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC);"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); store = Store.open(pathlib.Path(sys.argv[1]), now=now);"
        "Journal(store).append([Post('listing', 'first', 'u', now, 'kept')]);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000));\n"
        "try: Journal(store).append([Post('listing', f'p{i}', 'u', now, 'x' * 5000) for i in range(500)])\n"
        "except UsageError as error: print(error.next_step); sys.exit(error.exit_code)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(store.path)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout[:6], done.stderr) == (2, "Next: ", "")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert read(store) == ["first"]
    assert Journal(store).append(posts(1)).first_seq == 2
