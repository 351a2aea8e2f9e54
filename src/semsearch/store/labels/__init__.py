"""What people and models say of pairs: files of labels, which label counts, batches that were drawn and pools."""

from semsearch.store.labels.counting import (
    Effective,
    Key,
    blind,
    digests_of,
    effective,
    pair_of,
    query_key,
    standing,
)
from semsearch.store.labels.files import LabelFiles, Placed
from semsearch.store.labels.snapshots import item_digest, snapshot
from semsearch.store.labels.writing import Writer

__all__ = [
    "Effective",
    "Key",
    "LabelFiles",
    "Placed",
    "Writer",
    "blind",
    "digests_of",
    "effective",
    "item_digest",
    "pair_of",
    "query_key",
    "snapshot",
    "standing",
]
