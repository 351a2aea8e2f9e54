"""Batches with their mapping: what the user said, what semsearch.toml says, and guesses for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semsearch.ingest.lines import Reject
from semsearch.ingest.mapping import Mapped, check_absent, check_required, from_settings, resolve
from semsearch.ingest.names import RowKind
from semsearch.ingest.sources import Format, Source
from semsearch.ingest.tables import Batch, batches
from semsearch.ingest.times import check_tz
from semsearch.ingest.validate import Rules, validate
from semsearch.settings import ImportSettings

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Plan:
    """How the files of one run are read."""

    kind: RowKind
    maps: dict[str, str]
    """Field to source, as said."""
    settings: ImportSettings
    format_: Format | None
    """Null: recognised."""


def plan_rows(
    kind: RowKind, settings: ImportSettings, maps: Mapping[str, str] | None = None, format_: Format | None = None
) -> Plan:
    """`maps` goes before the mapping in `settings`; raises UsageError for an unknown field or time zone."""
    check_tz(settings.tz)
    given = from_settings(getattr(settings, kind)) | dict(maps or {})
    resolve(kind, (), given)
    return Plan(kind, given, settings, format_)


class Mapper:
    """The mapping of one source, batch by batch.

    JSONL may show new columns later: they fill fields that are still free (and further category levels).
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._maps = plan.maps
        self._names: dict[str, None] = {}
        self._mapped: Mapped | None = None

    def of(self, batch: Batch) -> Mapped:
        """The mapping of this batch; the same object as before when it has no new column."""
        before = len(self._names)
        self._names |= dict.fromkeys(batch.names)
        if self._mapped is None or len(self._names) > before:
            self._mapped = resolve(self._plan.kind, tuple(self._names), self._maps)
            kept = {name: text for name, text in self._mapped.texts.items() if name != "category"}
            self._maps = kept | self._plan.maps
        return self._mapped


def mapped_batches(plan: Plan, source: Source, reject: Reject) -> Iterator[tuple[Batch, Mapped]]:
    """All batches of one source.

    Raises UsageError when a required field has no column, or when a column that was named is not there.
    """
    mapper = Mapper(plan)
    last: Mapped | None = None
    for batch in batches(source, plan.format_, reject, mend=plan.kind == "posts"):
        mapped = mapper.of(batch)
        if mapped is not last:
            check_required(plan.kind, source.name, mapped)
            if batch.complete:
                check_absent(source.name, mapped)
        last = mapped
        yield batch, mapped
    if last is not None:
        check_absent(source.name, last)


def checked_rows(plan: Plan, batch: Batch, mapped: Mapped, reject: Reject, rules: Rules | None = None) -> pl.DataFrame:
    """The good rows of a batch, typed; the others go to `reject`."""
    checked = validate(plan.kind, batch, mapped.fields, plan.settings.tz, rules)
    for index, column, reason in checked.bad:
        reject(batch.numbers[index], column, reason, batch.raw(index))
    return checked.good
