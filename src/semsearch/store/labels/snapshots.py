"""What a person or a model saw of an item when it was graded, so that a label outlives the listing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SHOWN = ("title", "body", "category", "price", "currency", "region_id", "attributes")
"""Columns of items that a grade can depend on, in the order in which they are shown."""


def snapshot(row: Mapping[str, Any]) -> dict[str, str]:
    """The texts of one item, a row of the catalogue; what is empty or unknown is left out, 5000.0 is 5000."""
    told = ((name, _text(row.get(name))) for name in SHOWN)
    return {name: text for name, text in told if text}


def item_digest(shown: Mapping[str, str]) -> str:
    """Of a snapshot, 16 hexadecimal digits, whatever its order; '' for an empty one: nothing was seen."""
    if not shown:
        return ""
    return hashlib.sha256(json.dumps(sorted(shown.items())).encode()).hexdigest()[:16]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, sort_keys=True) if value else ""
    text = str(value)
    return "" if text == "{}" else text
