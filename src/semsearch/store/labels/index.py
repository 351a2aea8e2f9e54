"""Labels by pair, without reading all files: an index in the database that is made again from them at any time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, insert, select

from semsearch.records import Label
from semsearch.store.database import Store
from semsearch.store.labels import Key, query_key
from semsearch.store.labels.files import LabelFiles
from semsearch.store.labels.lines import label_of, line_of
from semsearch.store.tables import label_files, labels
from semsearch.text.views import VIEWS_VERSION

_of_pair = (
    select(labels.c.content)
    .where(labels.c.query_key == bindparam("key"), labels.c.item_id == bindparam("item"))
    .order_by(labels.c.path, labels.c.line)
)
Seen = tuple[int, int, str]
"""Bytes of a file, when it was last changed in nanoseconds, and the version of the view that makes keys of queries."""


class LabelIndex:
    """What was said of a pair, from the files of labels."""

    def __init__(self, store: Store, files: LabelFiles) -> None:
        self._store = store
        self._files = files

    def refresh(self) -> int:
        """Read files that are new or not as they were, forget those that are gone; how many these are.

        All of them when queries are compared in another way now. Raises UsageError as `LabelFiles.lines`; then the
        index is as before. Two rubrics in a batch are not its matter.
        """
        found = ((path, _seen(path)) for path in self._files.paths())
        here = {str(path.relative_to(self._files.root)): seen for path, seen in found if seen}
        with self._store.reading() as connection:
            before = _known(connection)
        if here == before:
            return 0
        changed = [name for name, seen in here.items() if before.get(name) != seen]
        rows = {name: self._rows(name) for name in changed}
        gone = sorted(before.keys() - here.keys())
        with self._store.writing(at_once=False) as connection:
            for name in (*gone, *changed):
                connection.execute(delete(labels).where(labels.c.path == name))
                connection.execute(delete(label_files).where(label_files.c.path == name))
            for name in changed:
                size, changed_ns, views = here[name]
                row = {"path": name, "n_bytes": size, "changed_ns": changed_ns, "views": views}
                connection.execute(insert(label_files), row)
                if rows[name]:
                    connection.execute(insert(labels), rows[name])
        return len(gone) + len(changed)

    def of(self, pairs: Iterable[Key]) -> list[Label]:
        """All labels of these pairs, undone ones and undos too, as of the last `refresh`."""
        found: dict[str, Label] = {}
        with self._store.reading() as connection:
            for key, item_id in pairs:
                for line in connection.scalars(_of_pair, {"key": key, "item": item_id}):
                    label = label_of(line)
                    found[label.label_id] = label
        return list(found.values())

    def _rows(self, name: str) -> list[dict[str, object]]:
        return [
            {
                "path": name,
                "line": placed.line,
                "query_key": query_key(placed.label.query),
                "item_id": placed.label.item_id,
                "content": line_of(placed.label),
            }
            for placed in self._files.lines(self._files.root / name)
        ]


def _known(connection: Connection) -> dict[str, Seen]:
    return {path: (size, at, views) for path, size, at, views in connection.execute(select(label_files))}


def _seen(path: Path) -> Seen | None:
    """None when it is gone, as the empty file of a session that ended unanswered."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, VIEWS_VERSION
