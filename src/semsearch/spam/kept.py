"""The labelled posts behind a profile, as they are kept in a workspace beside the text in the store.

```
spam/PROFILE_ID/sample.parquet      the posts that the large model read: a Post a row, and is_spam
spam/PROFILE_ID/held_out.parquet    labelled posts that it did not read, which judge the profile
spam/PROFILE_ID/evaluation.json     how the profile did on them, by which judge (prompt, model), and how many these were
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semsearch.errors import Damaged, MissingPart
from semsearch.plain import plain
from semsearch.records import Post, schema
from semsearch.stored import read_json
from semsearch.workspace import Workspace, checked_name

if TYPE_CHECKING:
    import polars as pl

FOLDER = "spam"
OWNER_FOLDER, OWNER_FILE = 0o700, 0o600
"""Posts with the ids of their authors are read by nobody else."""
LEARN_AGAIN = "Next: semsearch spam learn --normal FILE --sellers FILE"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Posts of both sides."""

    ordinary: tuple[Post, ...]
    sellers: tuple[Post, ...]

    def __len__(self) -> int:
        return len(self.ordinary) + len(self.sellers)

    @property
    def sizes(self) -> dict[str, int]:
        """How many there are of each side."""
        return {each.name: len(getattr(self, each.name)) for each in fields(self)}

    @property
    def pairs(self) -> list[tuple[Post, bool]]:
        """(post, whether a professional seller wrote it), ordinary ones first."""
        return [*((post, False) for post in self.ordinary), *((post, True) for post in self.sellers)]


@dataclass(frozen=True, slots=True)
class Behind:
    """What a profile was written from, and what it is judged on."""

    sample: Labelled
    held_out: Labelled


def keep(workspace: Workspace, profile_id: str, behind: Behind) -> Path:
    """Write the posts behind a profile, or replace them; gives their folder. Needs `writing()`."""
    target = workspace.path(FOLDER, checked_name(profile_id))
    with workspace.staged(target) as draft:
        draft.mkdir(mode=OWNER_FOLDER)
        for each in fields(Behind):
            path = draft / f"{each.name}.parquet"
            path.touch(mode=OWNER_FILE)
            _frame(getattr(behind, each.name)).write_parquet(path)
    return target


def kept(workspace: Workspace, profile_id: str) -> Behind:
    """The posts behind a profile; raises MissingPart when there are none, Damaged when they cannot be read."""
    folder = workspace.path(FOLDER, checked_name(profile_id))
    if not folder.is_dir():
        raise MissingPart(f"The labelled posts behind profile {profile_id} are not in this workspace.", LEARN_AGAIN)
    return Behind(*(_labelled(folder / f"{each.name}.parquet") for each in fields(Behind)))


def keep_evaluation(workspace: Workspace, profile_id: str, evaluation: Any) -> None:
    """Write how a profile did. Needs `writing()`."""
    path = _evaluation(workspace, profile_id)
    workspace.write_json(path, plain(evaluation))
    path.chmod(OWNER_FILE)


def kept_evaluation(workspace: Workspace, profile_id: str) -> Mapping[str, Any] | None:
    """How a profile did, as JSON data; None when nobody has asked yet."""
    path = _evaluation(workspace, profile_id)
    if not path.is_file():
        return None
    found: Mapping[str, Any] = read_json(path)
    return found


def _evaluation(workspace: Workspace, profile_id: str) -> Path:
    return workspace.path(FOLDER, checked_name(profile_id), "evaluation.json")


def _frame(labelled: Labelled) -> pl.DataFrame:
    import polars as pl

    names = [each.name for each in fields(Post)]
    rows = [(*(_value(getattr(post, name)) for name in names), is_spam) for post, is_spam in labelled.pairs]
    return pl.DataFrame(rows, schema=schema(Post) | {"is_spam": pl.Boolean()}, orient="row")


def _value(value: Any) -> Any:
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True) if isinstance(value, Mapping) else value


def _labelled(path: Path) -> Labelled:
    import polars as pl

    try:
        rows = pl.read_parquet(path).to_dicts()
        sides: dict[bool, list[Post]] = {False: [], True: []}
        for row in rows:
            side = sides[row.pop("is_spam")]
            side.append(Post(**(row | {"attributes": json.loads(row["attributes"])})))
    except (OSError, LookupError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise Damaged(f"{path.parent.name}/{path.name}", error, LEARN_AGAIN) from error
    return Labelled(tuple(sides[False]), tuple(sides[True]))
