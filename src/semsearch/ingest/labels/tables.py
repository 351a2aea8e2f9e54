"""Judgements from rows with columns: CSV, TSV, JSONL, Parquet; Quepid and ESCI tables; rows made of annotations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from semsearch.ingest import times
from semsearch.ingest.labels.rows import Judged, Passed, bad
from semsearch.ingest.mapping import Expression, check_absent, check_required, resolve
from semsearch.ingest.tables import Batch
from semsearch.ingest.validate import filled
from semsearch.records import Facet
from semsearch.text.views import search

if TYPE_CHECKING:
    import polars as pl

ITEM = ("title", "body", "category", "price", "currency", "region_id", "attributes")
"""Fields that a snapshot is made of."""
TRUE = ("true", "1", "1.0")
RATED = "docid"
"""With `query` the first columns of a Quepid book; each further one is a rater."""


@dataclass(frozen=True)
class Wanted:
    """How the user says that rows are read."""

    maps: Mapping[str, str] = field(default_factory=dict)
    """Field to column."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """query_id to query, for rows that have the id alone."""
    tz: str = "UTC"
    """Of times that name none."""


def judged_rows(
    name: str,
    batches: Iterable[Batch],
    wanted: Wanted,
    places: str = "{name}:{number}",
    passed: Passed | None = None,
) -> Iterator[Judged]:
    """The judgements of rows; `places` is how an error names one, `passed` is told which columns were read.

    Raises UsageError for a field without a column, a query_id without a text, an empty query or item_id.
    """
    for batch in batches:
        raters = _raters(batch, wanted)
        if passed:
            read = _fields(name, batch, {**wanted.maps, "grade": raters[0]} if raters else wanted.maps)
            passed.columns |= {each: expression.text for each, expression in read.items()}
            passed.columns |= {"grade": " ".join(raters)} if raters else {}
        if raters:
            for rater in raters:
                yield from _rows(name, batch, wanted, places, rater)
        else:
            yield from _rows(name, batch, wanted, places)


def _raters(batch: Batch, wanted: Wanted) -> tuple[str, ...]:
    """Columns of a Quepid book: query, docid, and one a rater."""
    first = tuple(name.strip().casefold() for name in batch.names[:2])
    if first != ("query", RATED) or "rating" in batch.names or "grade" in wanted.maps:
        return ()
    return batch.names[2:]


def _rows(name: str, batch: Batch, wanted: Wanted, places: str, rater: str = "") -> Iterator[Judged]:
    fields = _fields(name, batch, {**wanted.maps, "grade": rater} if rater else wanted.maps)
    columns: dict[str, Any] = {each: filled(batch, expression).to_list() for each, expression in fields.items()}
    if "at" in fields:
        columns["at"] = _times(name, batch, filled(batch, fields["at"]), wanted.tz)
    for index, number in enumerate(batch.numbers):
        row = {each: column[index] for each, column in columns.items()}
        yield _judged(places.format(name=name, number=number), row, wanted, rater)


def _fields(name: str, batch: Batch, maps: Mapping[str, str]) -> dict[str, Expression]:
    mapped = resolve("labels", batch.names, maps)
    check_absent(name, mapped)
    check_required("labels", name, mapped)
    if not {"query", "query_id"} & set(mapped.fields):
        raise bad(
            name, f"no column for query or query_id. Columns: {', '.join(batch.names)}", "Next: --map query=COLUMN"
        )
    return mapped.fields


def _times(name: str, batch: Batch, text: pl.Series, tz: str) -> list[Any]:
    converted = times.to_utc(text, tz)
    for index in (text.is_not_null() & converted.is_null()).arg_true().to_list()[:1]:
        raise bad(f"{name}:{batch.numbers[index]}", f"'{text[index]}' is no time")
    return converted.to_list()


def _judged(place: str, row: Mapping[str, Any], wanted: Wanted, rater: str) -> Judged:
    said = {each: value for each, value in row.items() if value is not None}
    query = said.get("query", "").strip() or _text_of(place, said.get("query_id", "").strip(), wanted.texts)
    item_id = said.get("item_id", "").strip()
    if not search(query) or not item_id:
        raise bad(place, f"the {'item_id' if search(query) else 'query'} is empty")
    role = said.get("role", "").strip().casefold()
    return Judged(
        place,
        query,
        item_id,
        said.get("grade", "").strip(),
        said.get("grade_high", "").strip(),
        by=rater or said.get("by", "").strip(),
        at=said.get("at"),
        note=said.get("note", ""),
        seconds=_seconds(place, said.get("seconds")),
        golden=role == "golden" or said.get("golden", "").strip().casefold() in TRUE,
        adjudicated=role == "adjudication",
        shown=said.get("shown", "").strip().casefold() in TRUE,
        machine=said.get("source", "").strip().casefold() in ("model", "machine"),
        facets=_facets(place, said.get("facets")),
        item={each: said[each] for each in ITEM if each in said},
    )


def _text_of(place: str, query_id: str, texts: Mapping[str, str]) -> str:
    if query_id and query_id not in texts:
        raise bad(place, f"nobody says what was typed for query_id '{query_id}'", "Next: --queries FILE")
    return texts.get(query_id, "")


def _facets(place: str, text: str | None) -> tuple[Facet, ...]:
    """Those of a list of objects in JSON, as our own exports write them."""
    from pydantic import TypeAdapter, ValidationError

    if text is None:
        return ()
    try:
        found = TypeAdapter(tuple[Facet, ...]).validate_json(text, strict=True)
    except ValidationError as error:
        raise bad(place, "facets are no list of objects with intent, asked and met") from error
    return found


def _seconds(place: str, text: str | None) -> float | None:
    try:
        value = None if text is None else float(text)
    except ValueError as error:
        raise bad(place, f"'{text}' is no number of seconds") from error
    return value if value is None or (math.isfinite(value) and value >= 0) else None
