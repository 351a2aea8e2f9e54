"""The door in front of a pipeline: what a release must have before it is served, and the file that shows it.

`gates/RELEASE_ID.json` keeps what every gate said of a release, oldest first, and each publishing that was forced:

```
{"format": 1, "release_id": …, "results": [training.gate.GateResult as JSON, …],
 "forced": [{"pipeline", "against", "at", "by", "reason"}, …], "digest": sha256 of all the rest}
```

The last result against the release that is served now is the one that counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from semsearch.errors import Refused

FORMAT = 1
_NEEDED = {"gate_id": str, "current": str, "outcome": str, "settings": dict, "serving": dict, "told": str}


class Built(Protocol):
    """What the door looks at in a release's manifest."""

    @property
    def release_id(self) -> str:
        """Its name."""
        ...

    @property
    def encoder_id(self) -> str:
        """What makes its vectors."""
        ...

    @property
    def lexical_id(self) -> str:
        """What makes its words."""
        ...

    @property
    def dense_kind(self) -> str:
        """exact or hnsw."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """Whether a release may be served, and why."""

    because: str
    """first, earlier, refresh or gate; empty when the door is shut."""
    told: str
    """In words."""
    next_step: str = ""
    """What opens it."""
    gate_id: str = ""
    """The gate that opened it."""
    outcome: str = ""
    """What a gate said that keeps it shut."""

    @property
    def open(self) -> bool:
        """Whether the release may be served without force."""
        return bool(self.because)


@dataclass(frozen=True, slots=True)
class GateRecord:
    """All that gates said of one release, and what was forced."""

    release_id: str
    results: tuple[dict[str, Any], ...] = ()
    forced: tuple[dict[str, Any], ...] = ()

    @classmethod
    def read(cls, path: Path) -> GateRecord:
        """The record at `path`, empty when there is none; raises Refused when it is not as it was written."""
        release_id = path.stem
        if not path.is_file():
            return cls(release_id)
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            results, forced = tuple(raw["results"]), tuple(raw["forced"])
            whole = raw["digest"] == _digest(raw) and raw["release_id"] == release_id and raw["format"] == FORMAT
            whole = whole and all(isinstance(r.get(name), kind) for r in results for name, kind in _NEEDED.items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(path, release_id) from error
        if not whole:
            raise _damaged(path, release_id)
        return cls(release_id, results, forced)

    def document(self) -> dict[str, Any]:
        """What is written to the file."""
        value: dict[str, Any] = {"format": FORMAT, "release_id": self.release_id}
        value |= {"results": list(self.results), "forced": list(self.forced)}
        return value | {"digest": _digest(value)}

    def with_result(self, result: dict[str, Any]) -> GateRecord:
        """With one more result, which is the last one now; the same gate again takes the place of its first run."""
        others = tuple(r for r in self.results if r["gate_id"] != result["gate_id"])
        return GateRecord(self.release_id, (*others, result), self.forced)

    def with_forced(self, event: dict[str, Any]) -> GateRecord:
        """With one more forced publishing."""
        return GateRecord(self.release_id, self.results, (*self.forced, event))

    def against(self, current: str) -> dict[str, Any] | None:
        """The last result against `current`."""
        return next((r for r in reversed(self.results) if r["current"] == current), None)


def door(
    candidate: Built,
    current: Built | None,
    earlier: Collection[str],
    record: GateRecord,
    wanted: Mapping[str, Any],
    *,
    search: Mapping[str, Any],
) -> Door:
    """Whether `candidate` may take the place of `current` (None: nothing is served yet).

    `earlier` are the releases that rollback would reach; `wanted` and `search` are the settings of the gate and of
    search as they are now.
    """
    if current is None:
        return Door("first", "the first release of its pipeline needs no gate")
    if candidate.release_id in earlier:
        return Door("earlier", "it was served before, and rollback leads to it too")
    if refreshes(candidate, current):
        return Door("refresh", "same model and same words as what is served; only its rows are newer")
    return _gated(candidate, current, record, wanted, search)


def refreshes(candidate: Built, current: Built) -> bool:
    """Whether `candidate` answers as `current` does, only over another catalogue."""
    return not changes(candidate, current)


def changes(candidate: Built, current: Built) -> tuple[str, ...]:
    """What of `candidate` is not as in `current`: model, words, engine. Exact search for a graph loses nothing."""
    differs = {
        "model": candidate.encoder_id != current.encoder_id,
        "words": candidate.lexical_id != current.lexical_id,
        "engine": candidate.dense_kind not in (current.dense_kind, "exact"),
    }
    return tuple(name for name, other in differs.items() if other)


def after_no(changed: Collection[str], pipeline: str) -> str:
    """What to do when a gate said no to a candidate that is changed in this way (see `changes`)."""
    flag = "" if pipeline == "default" else f" --pipeline {pipeline}"
    if "model" in changed:
        return f"semsearch train{flag}, once there is more data"
    if "words" in changed:
        return f"change the lexicon or the analyser, then semsearch index build{flag}"
    return f"semsearch index build --dense exact{flag}"


def _gated(
    candidate: Built, current: Built, record: GateRecord, wanted: Mapping[str, Any], search: Mapping[str, Any]
) -> Door:
    run = f"Next: semsearch release gate {candidate.release_id}"
    result = record.against(current.release_id)
    if result is None:
        others = ", ".join(dict.fromkeys(r["current"] for r in record.results))
        instead = f"; it was judged against {others}, which is not served now" if others else ""
        return Door("", f"no gate has judged it against {current.release_id}, which is served{instead}", run)
    if result["outcome"] != "passed":
        step = f"Next: semsearch release show {candidate.release_id}"
        told = f"its gate against {current.release_id} said {result['outcome']}"
        return Door("", told, step, outcome=result["outcome"])
    if changed := _set_otherwise(result, wanted, search):
        return Door("", f"it passed under other settings than now ({', '.join(changed)})", run)
    return Door("gate", f"it passed its gate against {current.release_id}", gate_id=result["gate_id"])


def _set_otherwise(result: Mapping[str, Any], wanted: Mapping[str, Any], search: Mapping[str, Any]) -> list[str]:
    """Settings that are not as they were in a gate. What had no say is not compared: the fusion of one leg, say."""
    asked = {} if "asked_with" in result["serving"] else result["serving"]
    other = [f"gate.{name}" for name, value in wanted.items() if result["settings"].get(name) != value]
    return other + [f"search.{name}" for name, value in asked.items() if str(search.get(name)) != value]


def _digest(value: dict[str, Any]) -> str:
    text = json.dumps({k: v for k, v in value.items() if k != "digest"}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _damaged(path: Path, release_id: str) -> Refused:
    return Refused(
        f"{path} is damaged: what the gate said of {release_id} is not as it was written.",
        f"Next: semsearch release gate {release_id}, which sets that file aside and judges again",
    )
