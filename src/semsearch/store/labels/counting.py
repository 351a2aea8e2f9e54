"""Which label of a pair counts: adjudicated before a person's before a model's.

Of one annotator the newest counts that was not taken back. People who differ without an adjudication are *disputed*,
and so are those who adjudicated and differ: nobody's grade is taken for the others', both ends are kept. Of models the
newest label counts. History stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from semsearch.records import Label
from semsearch.store.labels.snapshots import item_digest
from semsearch.text.views import search

Key = tuple[str, str]
"""A pair: the query as it is compared, and the item."""
_REMEMBERED = 4096
"""Queries of which the key is remembered: each has many pairs, and a pair is asked for its key more than once."""
LEVELS = ("adjudication", "person", "model")
"""Who decides, the first that spoke."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What counts of all that was said of one pair."""

    query: str
    """As it was first typed, the same for all items of a query."""
    item_id: str
    grade_low: int | None
    """2, 1 or 0; null in both: ungradeable, or people differ on whether it can be graded."""
    grade_high: int | None
    """Higher than `grade_low` when something cannot be told, or when people differ."""
    level: str
    """adjudication, person or model: who decided."""
    disputed: bool
    """People differ and nobody adjudicated, or those differ who did."""
    stale: bool
    """The item is another one now than all that counts was said of."""
    labels: tuple[Label, ...]
    """Those that count: one an annotator."""
    history: tuple[Label, ...]
    """All that was ever said of the pair, undone ones and undos too, oldest first."""

    @property
    def gradeable(self) -> bool:
        """Whether there is a grade."""
        return self.grade_low is not None


@lru_cache(maxsize=_REMEMBERED)
def query_key(query: str) -> str:
    """A query as it is compared: two spellings that search takes for one share their labels."""
    return search(query)


def pair_of(label: Label) -> Key:
    """The pair that a label is of."""
    return query_key(label.query), label.item_id


def digests_of(items: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """item_id → digest, from snapshots of the items as they are now."""
    return {item_id: item_digest(shown) for item_id, shown in items.items()}


def effective(labels: Iterable[Label], digests: Mapping[str, str] | None = None) -> dict[Key, Effective]:
    """What counts of each pair, in the order in which pairs were first labelled.

    `digests` is item_id → `item_digest` of the items as they are now; an item that is not in it is not stale. Stale
    labels give way to fresh ones of the same level. A pair of which all was taken back is not there.
    """
    keys: dict[str, str] = {}
    texts: dict[str, str] = {}
    told: dict[Key, list[Label]] = defaultdict(list)
    for label in sorted(labels, key=_age):
        if label.query not in keys:
            key = keys[label.query] = query_key(label.query)
            texts.setdefault(key, label.query)
        told[keys[label.query], label.item_id].append(label)
    found = ((pair, _counted(texts[pair[0]], history, digests or {})) for pair, history in told.items())
    return {pair: each for pair, each in found if each is not None}


def standing(labels: Iterable[Label]) -> list[Label]:
    """Labels that were not taken back, oldest first; undos themselves are left out.

    An undo counts for labels of its own author alone, and can be taken back itself.
    """
    given = sorted(labels, key=_age)
    if not any(label.retracts for label in given):
        return given
    ordered = [(label.label_id, label) for label in given]
    taken: set[tuple[str, str]] = set()
    for label_id, label in reversed(ordered):
        if label.retracts and (_author(label), label_id) not in taken:
            taken.add((_author(label), label.retracts))
    return [label for label_id, label in ordered if not label.retracts and (_author(label), label_id) not in taken]


def blind(labels: Iterable[Label]) -> tuple[list[Label], int]:
    """Labels that stand and by which a machine can be measured, and how many that stand were left out.

    People who saw the machine's opinion first agree with it more than they would. Where they alone adjudicated, the
    pair is decided and left out whole: what people said of it before counts no more.
    """
    stand = standing(labels)
    seen = [label for label in stand if label.source == "person" and label.shown]
    kept = [label for label in stand if label.source == "model" or not label.shown]
    if decided := {pair_of(label) for label in seen if label.role == "adjudication"}:
        decided -= {pair_of(label) for label in kept if label.role == "adjudication"}
        kept = [label for label in kept if label.source == "model" or pair_of(label) not in decided]
    return kept, len(seen)


def _counted(query: str, history: Sequence[Label], digests: Mapping[str, str]) -> Effective | None:
    newest: dict[tuple[str, str], Label] = {(_level(label), _author(label)): label for label in standing(history)}
    level = next((each for each in LEVELS if any(each == of for of, _ in newest)), None)
    if level is None:
        return None
    said = [label for (of, _), label in newest.items() if of == level]
    fresh = [label for label in said if not _stale(label, digests)]
    counting = sorted(fresh or said, key=_age)
    if level == "model":
        counting = counting[-1:]
    low, high, disputed = _joined(counting)
    item_id, told = history[0].item_id, tuple(history)
    return Effective(query, item_id, low, high, level, disputed, not fresh, tuple(counting), told)


def _joined(labels: Sequence[Label]) -> tuple[int | None, int | None, bool]:
    """Both ends of what these say, and whether they differ; no grade when one of them says that there is none."""
    disputed = len({(label.grade_low, label.grade_high) for label in labels}) > 1
    lows = [label.grade_low for label in labels if label.grade_low is not None]
    highs = [label.grade_high for label in labels if label.grade_high is not None]
    if len(lows) < len(labels) or len(highs) < len(labels):
        return None, None, disputed
    return min(lows), max(highs), disputed


def _level(label: Label) -> str:
    return "adjudication" if label.role == "adjudication" else label.source


def _author(label: Label) -> str:
    return f"{label.source} {label.by}"


def _stale(label: Label, digests: Mapping[str, str]) -> bool:
    now = digests.get(label.item_id)
    return now is not None and bool(label.item_digest) and label.item_digest != now


def _age(label: Label) -> tuple[object, ...]:
    """Oldest first; of one moment in an order that does not depend on files and their lines."""
    low, high = (-1 if grade is None else grade for grade in (label.grade_low, label.grade_high))
    said = (label.role, low, high, label.item_digest, label.prompt_hash, label.note, label.retracts)
    return label.at, bool(label.retracts), label.source, label.by, label.batch, *said
