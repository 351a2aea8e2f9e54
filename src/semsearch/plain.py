"""Results as JSON data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


def json_line(row: Mapping[str, Any]) -> bytes:
    """One row of JSONL in UTF-8, with its end; half a surrogate pair, as a broken client's query has it, is escaped."""
    try:
        return (json.dumps(row, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(row) + "\n").encode()


def plain(value: Any) -> Any:
    """`value` as JSON data: dataclasses to objects, times to ISO 8601, paths to text, NaN and infinity to null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    found = value.item() if hasattr(value, "item") and not isinstance(value, (str, bytes)) else value
    return None if isinstance(found, float) and not math.isfinite(found) else found
