"""One directory holds a project: its format, its writer lock, its releases and what each pipeline serves.

```
semsearch.toml                 settings, written by the user
.semsearch/format.json         format version
.semsearch/lock                held by the one writer
.semsearch/staging/            half-made files and folders; those of killed processes go with the next writer
catalogue/ interactions/       what import leaves (written by ingest)
quarantine/                    rejected rows
lexicon/                       the user's TSV files
prompts/                       the user's prompts, in the place of shipped ones
models/MODEL_ID/               trained models
releases/RELEASE_ID/           manifest.json and all that it pins
pipelines/NAME/schema.toml     what its towers read, written by the user
pipelines/NAME/state.json      the current release and those before it
pipelines/NAME/unfinished/     what a killed training had
trainings/MODEL_ID.json        what the last stage of a training showed
moderation.sqlite              posts, campaigns, alerts and decisions
labels/people/NAME/BATCH.jsonl what people said of pairs, append-only; machine/MODEL/ of models (written by store)
labels/{batches,frames,pools}/ pairs drawn for people, of which queries; pairs that models were asked (likewise)
tuning/openings.jsonl          who looked at the locked part of people's labels, append-only (written by relevance)
tuning/choice.json             the way of asking that was chosen
runs/                          evaluation runs
gates/RELEASE_ID.json          what gates said of a release, and what was published by force
```

Files appear whole or not at all: written to staging, flushed to disk, renamed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from semsearch.errors import Busy, Damaged, MismatchError, MissingPart, MissingWorkspace, Refused, UsageError
from semsearch.files import replace
from semsearch.gates import Door, GateRecord, door
from semsearch.stored import read_json, read_record

FORMAT = 1
OWNER = ".owner"
DEFAULT_PIPELINE = "default"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one release pins. Written once, never changed."""

    release_id: str
    created_at: str
    """UTC, ISO 8601."""
    pipeline: str
    model_id: str
    """Folder under models/; empty when the encoder is an API."""
    encoder_id: str
    lexical_id: str
    items_digest: str
    n_items: int
    n_vectors: int
    """Distinct vectors; duplicates share one, empty texts have none."""
    dim: int
    dense_kind: str
    """exact or hnsw."""
    files: dict[str, str] = field(default_factory=dict)
    """Path inside the release folder to its sha256."""
    sizes: dict[str, int] = field(default_factory=dict)
    """The same paths to their bytes: looked at whenever the release is opened."""
    regions_digest: str = ""
    """Empty when there is no region table."""
    version: str = ""
    """semsearch that made it."""
    format: int = 0
    """Of the release folder; 0 is none."""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """What one pipeline serves; `previous` is the stack that rollback pops, newest last."""

    current: str | None
    previous: tuple[str, ...] = ()
    model_id: str | None = None
    """The model that `index build` takes when none is named."""
    events: tuple[dict[str, Any], ...] = ()
    """Publish and rollback, oldest first."""


class Workspace:
    """An opened workspace directory. Reading needs no lock; every writer holds `writing()`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def create(cls, root: Path) -> Workspace:
        """Make `root` a workspace; an existing one is left as it is.

        Raises UsageError when `root` is a file.
        """
        if root.exists() and not root.is_dir():
            raise UsageError(f"{root} is not a directory.", "Next: semsearch init -w DIRECTORY")
        (root / ".semsearch").mkdir(parents=True, exist_ok=True)
        for name in ("catalogue", "lexicon", "models", "releases", "pipelines", "quarantine", "runs", "gates"):
            (root / name).mkdir(exist_ok=True)
        workspace = cls(root)
        if not workspace.format_path.exists():
            workspace.write_json(workspace.format_path, {"format": FORMAT})
        return workspace

    @classmethod
    def open(cls, root: Path) -> Workspace:
        """Open `root`; raises MissingWorkspace, or MismatchError for a format made by a newer version."""
        workspace = cls(root)
        if not workspace.format_path.is_file():
            raise MissingWorkspace(
                f"No workspace in {root.absolute()}.", "Next: semsearch init, or name one with -w DIR"
            )
        raw = read_json(workspace.format_path)
        found = raw.get("format") if isinstance(raw, dict) else None
        if found != FORMAT:
            raise MismatchError(
                f"{root} has workspace format {found}; this semsearch reads format {FORMAT}.",
                "Next: update your clone of semsearch and install it again: pip install .",
            )
        return workspace

    @property
    def moderation_path(self) -> Path:
        """The database of posts, campaigns, alerts and decisions."""
        return self.path("moderation.sqlite")

    @property
    def format_path(self) -> Path:
        """The file that makes a directory a workspace."""
        return self.root / ".semsearch" / "format.json"

    def path(self, *parts: str) -> Path:
        """A path inside the workspace."""
        return self.root.joinpath(*parts)

    # --- writing ---------------------------------------------------------------------------

    @contextmanager
    def writing(self, *, wait: bool = False) -> Iterator[None]:
        """Hold the single-writer lock; another holder raises Busy at once, or is waited for.

        The lock goes with the process, so that a killed writer leaves none behind. The drafts of killed
        processes are removed here.
        """
        told = f"Another process is writing to {self.root}."
        with _held(self.path(".semsearch", "lock"), told, timeout_s=-1 if wait else 0):
            self._sweep()
            yield

    @contextmanager
    def scanning(self, namespace: str) -> Iterator[None]:
        """Hold one namespace of the posts; raises Busy while another scan or watch does."""
        told = f"Another scan of {namespace} is running in {self.root.absolute()}."
        with _held(self.path(".semsearch", f"scan-{checked_name(namespace)}.lock"), told):
            yield

    @contextmanager
    def labelling(self, kind: str, by: str, batch: str) -> Iterator[None]:
        """Hold one file of labels, however its names are composed; raises Busy while another process writes to it."""
        names = unicodedata.normalize("NFC", f"{kind}\n{by}\n{batch}").encode("utf-8", "surrogatepass")
        told = f"Another process is writing labels of {by}, batch {batch}, in {self.root.absolute()}."
        with _held(self.path(".semsearch", f"labels-{hashlib.sha256(names).hexdigest()[:16]}.lock"), told):
            yield

    @contextmanager
    def drafting(self) -> Iterator[Path]:
        """Yield an empty folder of this process's own to work in; it needs no lock and is removed at the end.

        Its owner holds a lock in it while it lives, so that a writer elsewhere sweeps only what is abandoned.
        """
        from filelock import FileLock

        self._staging.mkdir(exist_ok=True)
        with self._entering():
            folder = Path(tempfile.mkdtemp(dir=self._staging))
            owner = FileLock(folder / OWNER)
            owner.acquire()
        try:
            yield folder
        finally:
            owner.release()
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def training(self, pipeline: str) -> Iterator[Path]:
        """Hold the folder in which a training of `pipeline` keeps what a kill must not lose; raises Busy beside one.

        It goes when the training ends well and stays when it does not, so that the same training can go on.
        """
        folder = self.path("pipelines", checked_name(pipeline), "unfinished")
        folder.mkdir(parents=True, exist_ok=True)
        told = f"Another training of pipeline '{pipeline}' is running in {self.root.absolute()}."
        with _held(folder.with_name("training.lock"), told):
            yield folder
            shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        if not self._staging.is_dir():
            return
        with self._entering():
            for left in self._staging.iterdir():
                if not _has_owner(left):
                    shutil.rmtree(left, ignore_errors=True)

    def _entering(self) -> AbstractContextManager[Any]:
        """Held while a draft folder gets its owner, so that no sweep comes between."""
        from filelock import FileLock

        return FileLock(self.path(".semsearch", "staging.lock"))

    @property
    def _staging(self) -> Path:
        return self.path(".semsearch", "staging")

    @contextmanager
    def staged(self, target: Path) -> Iterator[Path]:
        """Yield a free path to write a file or folder to; on success it becomes `target`.

        Flushes to disk, then renames: `target` is old or new, never half. A file or folder in its place is replaced.
        """
        with self.drafting() as folder:
            draft = folder / target.name
            yield draft
            target.parent.mkdir(parents=True, exist_ok=True)
            replace(draft, target)

    def write_json(self, target: Path, value: Any) -> None:
        """Replace the JSON file `target` as a whole."""
        with self.staged(target) as draft:
            draft.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    # --- pipelines and releases ------------------------------------------------------------

    def state(self, pipeline: str = DEFAULT_PIPELINE) -> PipelineState:
        """What `pipeline` serves; an unknown pipeline serves nothing yet."""
        path = self._state_path(pipeline)
        if not path.exists():
            return PipelineState(None)
        return read_record(PipelineState, path)

    def pipelines(self) -> list[str]:
        """Names of the pipelines that have a state, sorted."""
        return sorted(p.parent.name for p in self.path("pipelines").glob("*/state.json"))

    def schemas(self) -> list[str]:
        """Names of the pipelines that have a schema, sorted."""
        return sorted(p.parent.name for p in self.path("pipelines").glob("*/schema.toml"))

    def choose_model(self, model_id: str, pipeline: str = DEFAULT_PIPELINE) -> None:
        """Make `model_id` the one that the next `index build` of this pipeline takes. Needs `writing()`."""
        state = self.state(pipeline)
        self._write_state(pipeline, PipelineState(state.current, state.previous, model_id, state.events))

    def publish(
        self, release_id: str, pipeline: str, *, now: datetime, by: str = "", reason: str = "", force: bool = False
    ) -> PipelineState:
        """Point `pipeline` at `release_id`, if its door is open; what is current already changes nothing.

        `force` opens a shut door and needs `by` and `reason`, which the state's event and the release's gate file keep.
        Raises UsageError for an unknown release, one of another pipeline or `force` without these, Refused when
        the door is shut. Needs `writing()`.
        """
        if force and not (by.strip() and reason.strip()):
            missing = "--by NAME (or SEMSEARCH_REVIEWER)" if reason.strip() else "--reason TEXT"
            raise UsageError(
                f"A forced publishing needs {missing}: it is kept with the release.",
                f"Next: semsearch release publish {release_id} --force --reason TEXT --by NAME",
            )
        found = self.door(release_id, pipeline)
        state = self.state(pipeline)
        if state.current == release_id:
            return state
        if not found.open and not force:
            raise Refused(f"Release {release_id} is not published: {found.told}.", found.next_step)
        previous = (*state.previous, state.current) if state.current else state.previous
        at = now.isoformat()
        event = {"event": "publish", "release_id": release_id, "at": at, "because": found.because or "forced"}
        event |= {key: value for key, value in (("gate_id", found.gate_id), ("by", by), ("reason", reason)) if value}
        if not found.open:
            self._keep_forced(
                release_id, {"pipeline": pipeline, "against": state.current, "at": at} | _said(by, reason)
            )
        new = PipelineState(release_id, previous, state.model_id, (*state.events, event))
        self._write_state(pipeline, new)
        return new

    def door(self, release_id: str, pipeline: str) -> Door:
        """Whether `pipeline` may serve `release_id` now, and why.

        Raises UsageError for an unknown release and for one that was built for another pipeline.
        """
        from semsearch.settings import Settings

        candidate = self.manifest(release_id)
        if candidate.pipeline != pipeline:
            raise UsageError(
                f"Release {release_id} was built for pipeline '{candidate.pipeline}', not for '{pipeline}'.",
                f"Next: --pipeline {candidate.pipeline}",
            )
        state = self.state(pipeline)
        if state.current is None:
            return door(candidate, None, (), GateRecord(release_id), {}, search={})
        try:
            current = self.manifest(state.current)
        except (UsageError, Damaged) as error:
            told = f"{state.current}, which is served, cannot be read, so nothing can be judged against it"
            return Door("", told, f"Next: {error.next_step.removeprefix('Next: ')}, or --force --reason TEXT --by NAME")
        try:
            record, damage = GateRecord.read(self.gate_path(release_id)), None
        except Refused as error:
            record, damage = GateRecord(release_id), error
        settings = Settings.load(self.root).model_dump() if record.results else {"gate": {}, "search": {}}
        found = door(candidate, current, state.previous, record, settings["gate"], search=settings["search"])
        return found if found.open or damage is None else Door("", damage.message.rstrip("."), damage.next_step)

    def gate_path(self, release_id: str) -> Path:
        """The file of what gates said of one release."""
        return self.path("gates", f"{checked_name(release_id)}.json")

    def gate_record(self, release_id: str) -> GateRecord:
        """The gate file of a release, to be written to again. Needs `writing()`.

        A damaged one is renamed, not replaced: looks and forced publishings may still be read from it.
        """
        path = self.gate_path(release_id)
        try:
            return GateRecord.read(path)
        except Refused:
            names = (path.with_name(f"{release_id}.{number}.damaged") for number in count(1))
            path.rename(next(free for free in names if not free.exists()))
            return GateRecord(release_id)

    def damaged_gates(self, release_id: str) -> list[Path]:
        """Damaged gate files of a release that were set aside, sorted."""
        name = checked_name(release_id)
        return sorted(path for path in self.path("gates").glob("*.damaged") if path.stem.rpartition(".")[0] == name)

    def _keep_forced(self, release_id: str, event: dict[str, Any]) -> None:
        record = self.gate_record(release_id)
        self.write_json(self.gate_path(release_id), record.with_forced(event).document())

    def rollback(self, pipeline: str, *, now: datetime) -> PipelineState:
        """Point `pipeline` at the release before the current one; raises MissingPart without one. Needs `writing()`."""
        state = self.state(pipeline)
        if not state.previous:
            raise MissingPart(
                f"Pipeline '{pipeline}' has no earlier release to go back to.", "Next: semsearch release list"
            )
        target = state.previous[-1]
        self.manifest(target)
        event = {"event": "rollback", "release_id": target, "at": now.isoformat()}
        new = PipelineState(target, state.previous[:-1], state.model_id, (*state.events, event))
        self._write_state(pipeline, new)
        return new

    def _state_path(self, pipeline: str) -> Path:
        return self.path("pipelines", checked_name(pipeline), "state.json")

    def _write_state(self, pipeline: str, state: PipelineState) -> None:
        self.write_json(self._state_path(pipeline), asdict(state))

    def releases(self) -> list[Manifest]:
        """All whole releases, oldest first."""
        paths = self.path("releases").glob("*/manifest.json")
        return sorted((read_record(Manifest, p) for p in paths), key=lambda m: (m.created_at, m.release_id))

    def manifest(self, release_id: str) -> Manifest:
        """The manifest of one release, published or not; raises UsageError for an unknown id, Damaged."""
        path = self.release_path(release_id) / "manifest.json"
        if not path.is_file():
            raise UsageError(f"No release '{release_id}'.", "Next: semsearch release list")
        try:
            return read_record(Manifest, path)
        except UsageError as error:
            raise Damaged(f"Release {release_id}", error.message) from error

    def current(self, pipeline: str = DEFAULT_PIPELINE) -> Manifest:
        """The manifest that `pipeline` serves; raises MissingPart when nothing is published."""
        release_id = self.state(pipeline).current
        if release_id is None:
            raise MissingPart(
                f"Pipeline '{pipeline}' has no published release.", "Next: semsearch index build --publish"
            )
        return self.manifest(release_id)

    def release_path(self, release_id: str) -> Path:
        """Folder of one release."""
        return self.path("releases", checked_name(release_id))

    def model_path(self, model_id: str) -> Path:
        """Folder of one trained model."""
        return self.path("models", checked_name(model_id))


@contextmanager
def _held(path: Path, told: str, timeout_s: float = 0) -> Iterator[None]:
    """Hold a lock file; raises Busy, saying `told`, when another process still does after `timeout_s` (-1: waits)."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=timeout_s)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(told, "Next: wait for it, then run the command again") from error
    try:
        yield
    finally:
        lock.release()


def _said(by: str, reason: str) -> dict[str, str]:
    return {"by": by.strip(), "reason": reason.strip()}


def checked_name(name: str) -> str:
    """`name` if it can name one folder; raises UsageError for anything that could leave the workspace."""
    if not re.fullmatch(r"[\w][\w.-]{0,127}", name):
        raise UsageError(
            f"'{name}' is not a name: letters, digits, dot, dash and underscore only.", "Next: semsearch status"
        )
    return name


def _has_owner(folder: Path) -> bool:
    """Whether the process that made this draft folder still lives."""
    from filelock import FileLock, Timeout

    if not (folder / OWNER).is_file():
        return False
    try:
        with FileLock(folder / OWNER, timeout=0):
            return False
    except Timeout:
        return True
