"""Queries: the text of each query id, with the columns that figures can be sliced by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from semsearch.errors import UsageError


@dataclass(frozen=True)
class Queries:
    """Query texts in file order, and what else is known of each query."""

    texts: Mapping[str, str]
    """query_id → text as typed."""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column → query_id → label, such as band → q1 → tail."""

    def __len__(self) -> int:
        return len(self.texts)

    def labels(self, column: str) -> Mapping[str, str]:
        """query_id → label of one column; raises UsageError for a column that is not there."""
        if column not in self.columns:
            known = ", ".join(self.columns) or "none; add columns to the query file"
            raise UsageError(f"The queries have no column '{column}'.", f"Next: slice by one of these: {known}")
        return self.columns[column]

    def of(self, query_ids: Iterable[str]) -> Queries:
        """These queries only, in the order of this table."""
        wanted = set(query_ids)
        return Queries({q: text for q, text in self.texts.items() if q in wanted}, self.columns)


def query_id_of(text: str) -> str:
    """The id of a query that comes without one: `q-` and 12 hexadecimal digits of its stripped text's BLAKE2b."""
    return "q-" + hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
