"""The files of labels in a workspace: what people and models said of pairs of query and item.

```
labels/people/ANNOTATOR/BATCH.jsonl     a person's
labels/machine/MODEL/BATCH.jsonl        a model's: never among people's
labels/.gitattributes                   git joins both sides of a merge, instead of marking a conflict
```

Beside them stand `batches/` (`batches.py`), `frames/` (`draws.py`) and `pools/` (`pools.py`).

They are the truth; only ever appended to, a line a label, on the disk when `append` returns. An undo is a line that
names the label it takes back. A batch has one version of the rubric.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

from semsearch.errors import MismatchError, UsageError
from semsearch.files import flush
from semsearch.records import Label
from semsearch.store.labels.faults import MARKER, bad_line, conflict, is_torn, lines_of, mend, torn
from semsearch.store.labels.lines import ODD, BadLabel, about, composed, label_of
from semsearch.store.labels.writing import Writer
from semsearch.workspace import Workspace

FOLDERS = {"person": "people", "model": "machine"}
"""The source of a label to the folder of its files."""
UNION = "".join(f"{folder}/**/*.jsonl merge=union -text\n" for folder in (*FOLDERS.values(), "pools"))
"""Of what only grows."""
LONGEST = 200
"""Bytes of a name, as the name of a folder or file."""
_FREE = re.compile(r"[^\w.-]|^[.-]")


class Placed(NamedTuple):
    """A label and where it stands."""

    label: Label
    path: Path
    line: int
    """1 and up."""


class LabelFiles:
    """All files of labels of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.path("labels")
        self._workspace = workspace

    def path(self, source: str, by: str, batch: str) -> Path:
        """The file of one annotator or model and one batch; raises UsageError for a name that is too long or empty."""
        return self.root / FOLDERS[source] / named(by) / f"{named(batch)}.jsonl"

    def paths(self, source: str | None = None, batch: str | None = None, by: str | None = None) -> list[Path]:
        """The files that are there, of both sources, all batches and everybody or of one, sorted."""
        folders = FOLDERS.values() if source is None else [FOLDERS[source]]
        name = "*" if batch is None else named(batch)
        found = [path for folder in sorted(folders) for path in sorted((self.root / folder).glob(f"*/{name}.jsonl"))]
        return [path for path in found if by is None or composed(path.parent.name) == named(by)]

    def read(self, source: str | None = None, batch: str | None = None) -> Iterator[Label]:
        """All labels, file by file in the order of their lines; equal lines of two sides of a merge come once.

        Raises UsageError with file and line for what is no label, stands in the wrong file, or for marks of a merge,
        MismatchError for a batch in which labels of another rubric stand beside the first ones.
        """
        seen: set[str] = set()
        for placed in _of_one_rubric(self.lines(path) for path in self.paths(source, batch)):
            if (label_id := placed.label.label_id) not in seen:
                seen.add(label_id)
                yield placed.label

    def lines(self, path: Path) -> Iterator[Placed]:
        """The labels of one file; a last line that was cut off is passed over. Raises UsageError as `read`."""
        for found in self._found(path):
            if isinstance(found, UsageError):
                raise found
            yield found

    def about(self, items: Iterable[str], paths: Iterable[Path], faults: list[UsageError]) -> Iterator[Label]:
        """The labels of some items in some files; lines that are of others are not taken apart.

        A bad line or the marks of a merge do not end it: the first that is wrong in each file is put to `faults`.
        """
        of = frozenset(items)
        wanted = frozenset(item.encode("utf-8", "surrogatepass") for item in of)
        for path in paths:
            n_before = len(faults)
            for found in self._found(path, wanted):
                if isinstance(found, UsageError):
                    faults += [found] if len(faults) == n_before else []
                elif found.label.item_id in of:
                    yield found.label

    def _found(self, path: Path, items: Collection[bytes] | None = None) -> Iterator[Placed | UsageError]:
        """What stands in each line; all lines, or those that may be of some items."""
        for number, line in enumerate(lines_of(path), start=1):
            if MARKER.match(line):
                yield conflict(path, number)
            elif line.strip() and (items is None or about(line, items)) and not is_torn(line):
                yield self._line(path, number, line)

    def _line(self, path: Path, number: int, line: bytes) -> Placed | UsageError:
        try:
            label = label_of(line)
        except BadLabel as error:
            return bad_line(path, number, str(error))
        wrong = _misplaced(path, label)
        return bad_line(path, number, wrong) if wrong else Placed(label, path, number)

    def torn(self) -> list[Path]:
        """Files whose last line was cut off, by a kill or a loss of power; the next label mends them."""
        return [path for path in self.paths() if torn(path)]

    def rubric(self, source: str, batch: str) -> str | None:
        """The rubric version of a batch of people or of models; None before its first label."""
        firsts = (next(self.lines(path), None) for path in self.paths(source, batch))
        return next((first.label.rubric for first in firsts if first), None)

    @contextmanager
    def writing(self, source: str, by: str, batch: str) -> Iterator[Writer]:
        """Hold one file to append to; raises Busy beside another process, UsageError for a person with a model's name,
        and as `read` does of this file and of the first label of each other file of the batch.

        A last line that was cut off goes first, see `Writer.mended`.
        """
        path = self.path(source, by, batch)
        _check_names(by, batch)
        if source == "person" and (self.root / FOLDERS["model"] / named(by)).is_dir():
            raise UsageError(
                f"{by} is a model here (labels/machine/{named(by)}): its grades are no person's.",
                "Next: the same command with the name of the person who judged",
            )
        with self._workspace.labelling(source, by, batch), self._open(path) as file:
            mended = mend(path)
            flush(path.parent)
            try:
                others = (islice(self.lines(each), 1) for each in self.paths(source, batch) if each != path)
                said = list(_of_one_rubric(chain(others, [self.lines(path)])))
                before = tuple(placed.label for placed in said if placed.path == path)
                rubric = said[0].label.rubric if said else None
                yield Writer(path, file.fileno(), (source, by, batch), before=before, rubric=rubric, mended=mended)
            finally:
                if not os.fstat(file.fileno()).st_size:
                    path.unlink()
                    with suppress(OSError):  # other batches of this annotator are there
                        path.parent.rmdir()

    def append(self, *labels: Label) -> None:
        """Keep labels of one file; raises as `writing` and `Writer.append`."""
        if labels:
            with self.writing(labels[0].source, labels[0].by, labels[0].batch) as writer:
                writer.append(*labels)

    def _open(self, path: Path) -> BinaryIO:
        while True:
            self._prepare(path)
            try:
                return path.open("ab", buffering=0)
            except FileNotFoundError:  # another session of this annotator ended unanswered, and took the folder
                continue

    def _prepare(self, path: Path) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in (path.parents[1], self.root, self.root.parent):
                flush(folder)
        attributes = self.root / ".gitattributes"
        if not attributes.exists():
            attributes.write_text(UNION, encoding="utf-8")


def _of_one_rubric(files: Iterable[Iterable[Placed]]) -> Iterator[Placed]:
    """The labels of some files; raises MismatchError when those of a batch are by two rubrics."""
    firsts: dict[tuple[str, str], Placed] = {}
    for placed in chain.from_iterable(files):
        batch = placed.path.stem
        first = firsts.setdefault((placed.label.source, batch), placed)
        if placed.label.rubric != first.label.rubric:
            raise _two_rubrics(batch, first, placed)
        yield placed


def _check_names(*names: str) -> None:
    """Said before anything is asked or answered: a label by such a name would not be kept."""
    for name in names:
        if name != composed(name):
            raise UsageError(f"The name '{name}' {ODD}.", "Next: the same command with a name that was typed anew")


def _misplaced(path: Path, label: Label) -> str:
    """Why a label cannot stand in a file; empty when it can."""
    if path.parent.parent.name != FOLDERS[label.source]:
        return f"a {label.source}'s label stands among those of {path.parent.parent.name}"
    if named(label.by) != composed(path.parent.name):
        return f"a label by {label.by} stands in a file of {unquote(path.parent.name)}"
    return ""


def _two_rubrics(batch: str, first: Placed, other: Placed) -> MismatchError:
    """The error of a batch whose files were joined, as by a merge in git, and are of two rubrics."""
    one, two = (f"{each.label.rubric or 'unknown'} ({each.path}:{each.line})" for each in (first, other))
    apart = other.path.with_name(f"{batch}-{named(other.label.rubric or 'imported')}.jsonl")
    return MismatchError(
        f"Batch {batch} holds grades of two rubrics, {one} and {two}: they are not one batch.",
        f"Next: move the lines of one of them to a file of its own, such as {apart}",
    )


@cache
def named(name: str) -> str:
    """`name` as the name of a folder or file: composed (NFC), with %2F and the like for what cannot stand in one.

    Two names never give the same. Raises UsageError for an empty or a very long one.
    """
    plain = unicodedata.normalize("NFC", name)
    safe = _FREE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass")), plain)
    if not 0 < len(safe.encode()) <= LONGEST:
        told = f"'{name}' cannot name a folder or file of labels: it is {'too long' if safe else 'empty'}."
        raise UsageError(told, "Next: choose another name, of letters and digits")
    return safe
