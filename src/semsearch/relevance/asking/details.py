"""What is known of an item beside its words, as people and models are told it: names of places, not their ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semsearch.ingest.catalogue import Catalogue

Places = Mapping[str, str]
"""region_id to the name of the place, as far as it has one."""


def details(item: Mapping[str, str], places: Places) -> dict[str, str]:
    """Category, price, place and attributes of a snapshot, as far as it has them: `brand: 비타론; size: 260`."""
    region_id = item.get("region_id", "")
    told = {
        "category": item.get("category", ""),
        "price": " ".join(filter(None, (item.get("price"), item.get("currency")))) if item.get("price") else "",
        "place": places.get(region_id) or region_id,
        "attributes": _attributes(item.get("attributes", "")),
    }
    return {name: text for name, text in told.items() if text}


def places_of(catalogue: Catalogue) -> Places:
    """The names of all places of a workspace; none without a table of regions."""
    if not catalogue.n_regions:
        return {}
    regions = catalogue.regions()
    return dict(zip(regions["region_id"], regions["name"], strict=True))


def _attributes(text: str) -> str:
    """An object of JSON as `name: value; …`; what is none stays as it is."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return "; ".join(f"{name}: {_value(value)}" for name, value in read.items()) if isinstance(read, dict) else text


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
