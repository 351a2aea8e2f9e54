"""Records read back from JSON files of ours, checked field by field."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from semsearch.errors import UsageError

Record = TypeVar("Record")


def read_json(path: Path) -> Any:
    """Parsed content of a file of ours; raises UsageError naming the file when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "Next: semsearch doctor") from error


def read_record(kind: type[Record], path: Path) -> Record:
    """A dataclass from a JSON file of ours; keys that it does not know are left out.

    Raises UsageError naming the file and the field when one that has no default is missing, or has another type.
    """
    raw = read_json(path)
    known: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        value = raw.get(each.name, MISSING) if isinstance(raw, dict) else MISSING
        if value is MISSING and each.default is MISSING and each.default_factory is MISSING:
            raise UsageError(f"{path} is damaged: it has no {each.name}.", "Next: semsearch doctor")
        if value is not MISSING and not _fits(str(each.type), value):
            raise UsageError(f"{path} is damaged: {each.name} is {value!r}.", "Next: semsearch doctor")
        if value is not MISSING:
            known[each.name] = tuple(value) if isinstance(value, list) else value
    return kind(**known)


def _fits(annotation: str, value: Any) -> bool:
    """Whether a JSON value suits `str`, `int`, `dict[…]`, `tuple[…]`, or one of these `| None`."""
    shape, _, or_none = annotation.partition(" | ")
    if value is None:
        return bool(or_none)
    return isinstance(value, {"str": str, "int": int, "dict": dict, "tuple": list}[shape.partition("[")[0]])
