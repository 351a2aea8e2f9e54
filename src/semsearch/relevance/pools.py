"""Pairs to be graded: the union of what several runs rank high, or the rows of a file.

Which system brought a pair is recorded and hidden: it is not in what a pair prints as, and pairs of a query come in an
order that no ranking has, so that neither people nor models see who would profit from a grade.
Source of pooling: Spärck Jones and van Rijsbergen, "Report on the need for and provision of an 'ideal' information
retrieval test collection" (1975); TREC pools the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from semsearch.errors import UsageError
from semsearch.evaluation.queries import query_id_of
from semsearch.ingest.catalogue import Catalogue
from semsearch.store.labels import Key, query_key
from semsearch.store.labels.batches import read_batch
from semsearch.store.labels.pools import Lookup, Pair, blind_place, pool_of
from semsearch.store.labels.snapshots import SHOWN, snapshot

if TYPE_CHECKING:
    from semsearch.evaluation.runs import Run
    from semsearch.ingest.sources import Source
    from semsearch.ingest.tables import Batch
    from semsearch.workspace import Workspace

QUERY, ITEM, QUERY_ID, DRAWN = "query", "item_id", "query_id", "inclusion_probability"
WRITTEN = ("title", "body")
"""Columns of a file that make it bring the item itself."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Pairs to be graded, and what was left out."""

    pairs: tuple[Pair, ...]
    """Those of a query stand together."""
    gone: tuple[tuple[str, str], ...] = ()
    """(query, item_id) of pairs whose item is not there any more."""
    n_repeated: int = 0
    """Rows of a file that a row before them had said."""


def pool(runs: Sequence[Run], texts: Mapping[str, str], depth: int, lookup: Lookup) -> Pool:
    """The best `depth` hits of each query of each run, each pair once, with the items as they are now.

    `texts` is query_id → query; ids with one text are one query. Raises UsageError for a query without a text and for
    two runs of one name.
    """
    ranks: dict[Key, dict[str, int]] = {}
    typed: dict[str, tuple[str, str]] = {}
    for run in _distinct(runs):
        for query_id, item_ids in run.items():
            text = _text(run, query_id, texts)
            key = query_key(text)
            typed.setdefault(key, (query_id, text))
            for rank, item_id in enumerate(item_ids[:depth], start=1):
                ranks.setdefault((key, item_id), {}).setdefault(run.name, rank)
    places = {key: place for place, key in enumerate(typed)}
    order = sorted(ranks, key=lambda pair: (places[pair[0]], blind_place(pair)))
    pairs = (Pair(typed[key][1], item_id, typed[key][0], {}, 1.0, ranks[key, item_id]) for key, item_id in order)
    return with_items(Pool(tuple(pairs)), lookup)


def pool_at(workspace: Workspace, file: str, lookup: Lookup) -> Pool | None:
    """The pool that a file holds, with the runs that brought its pairs and the items as they are now.

    None for a file that is no pool of this workspace. Raises as `read_pool`.
    """
    path = Path(file)
    if not path.is_file() or path.resolve().parent != workspace.path("labels", "pools").resolve():
        return None
    return with_items(Pool(tuple(pool_of(path).values())), lookup)


def batch_at(workspace: Workspace, file: str) -> Pool | None:
    """The pairs of a batch with the queries that it was drawn from, and its items as they were then.

    None for a file that is no batch of this workspace. Raises as `read_batch`.
    """
    path = Path(file)
    if not path.is_file() or path.resolve().parent != workspace.path("labels", "batches").resolve():
        return None
    tasks = read_batch(workspace, path.stem)
    drawn = {task.key: replace(task.frame, again_of=task.frame.again_of or path.stem) for task in tasks if task.frame}
    return Pool(
        tuple(
            Pair(task.query, task.item_id, task.query_id, task.item, task.inclusion_probability,
                 ranks=task.ranks if task.frame else {}, frame=drawn.get(task.key))
            for task in tasks
        )
    )  # fmt: skip


def read_pairs(name: str, lookup: Lookup, *, stdin: BinaryIO | None = None) -> Pool:
    """The pairs of a file (CSV, TSV, JSONL or Parquet, also compressed; `-`: standard input), in their order.

    Columns `query` and `item_id`, and if there are such `query_id` and `inclusion_probability`. A row with a title or
    body brings its item, also with the other columns that a snapshot has; the items of all others are looked up. Raises
    UsageError with the line for an empty query or item_id and for what cannot be read, and when there is no pair.
    """
    from semsearch.ingest.sources import expand

    found: dict[Key, Pair] = {}
    n_rows = 0
    for source in expand([name], stdin):
        for pair in _rows(source):
            n_rows += 1
            found.setdefault(pair.key, pair)
    if not found:
        raise UsageError(
            f"{name} holds no pair.", "Next: the same command with a table of pairs: columns query and item_id"
        )
    return with_items(Pool(tuple(found.values()), n_repeated=n_rows - len(found)), lookup)


def lookup_of(workspace: Workspace) -> Lookup:
    """Snapshots of imported items as they are now; reads only the rows that are asked for."""
    catalogue = Catalogue(workspace)

    def lookup(item_ids: Collection[str]) -> dict[str, dict[str, str]]:
        import polars as pl

        if not item_ids or not catalogue.n_items:
            return {}
        wanted = catalogue.scan_items().filter(pl.col(ITEM).is_in(sorted(item_ids)))
        rows = wanted.select(ITEM, *SHOWN).collect().iter_rows(named=True)
        return {row[ITEM]: snapshot(row) for row in rows}

    return lookup


def _distinct(runs: Sequence[Run]) -> Sequence[Run]:
    names = [run.name for run in runs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"Two runs are called '{twice}'.", "Next: the same command with each run once")
    return runs


def _text(run: Run, query_id: str, texts: Mapping[str, str]) -> str:
    text = texts.get(query_id, "").strip()
    if not text:
        raise UsageError(
            f"Run '{run.name}' holds query '{query_id}', and nobody says what was typed: a table with the columns "
            "query_id and query would.",
            "Next: --queries FILE",
        )
    return text


def with_items(pool: Pool, lookup: Lookup) -> Pool:
    """The same with the items of pairs that have none; those whose item is gone are left out and told."""
    items = lookup({pair.item_id for pair in pool.pairs if not pair.item})
    whole = [
        pair if pair.item else replace(pair, item=items.get(pair.item_id, {}), imported=True) for pair in pool.pairs
    ]
    gone = tuple((pair.query, pair.item_id) for pair in whole if not pair.item)
    return Pool(tuple(pair for pair in whole if pair.item), gone, pool.n_repeated)


def _rows(source: Source) -> Iterator[Pair]:
    from semsearch.ingest.tables import batches

    def refuse(number: int, _: str, reason: str, __: object) -> NoReturn:
        raise _bad(source.name, number, reason)

    for batch in batches(source, None, refuse):
        yield from _pairs(source.name, batch)


def _pairs(name: str, batch: Batch) -> Iterator[Pair]:
    from semsearch.ingest.tables import text_series

    for column in (QUERY, ITEM):
        if column not in batch.names:
            known = ", ".join(batch.names)
            raise UsageError(
                f"{name} has no column '{column}'; there are: {known}.",
                "Next: the same command, once a column is called so",
            )
    columns = {column: text_series(batch.column(column)) for column in (QUERY, ITEM, QUERY_ID, DRAWN, *SHOWN)
               if column in batch.names}  # fmt: skip
    for number, cells in zip(batch.numbers, zip(*columns.values(), strict=True), strict=True):
        yield _pair(name, number, {column: cell or "" for column, cell in zip(columns, cells, strict=True)})


def _pair(name: str, number: int, row: Mapping[str, str]) -> Pair:
    query, item_id = row[QUERY].strip(), row[ITEM].strip()
    for column, text in ((QUERY, query_key(query)), (ITEM, item_id)):
        if not text:
            raise _bad(name, number, f"the {column} is empty")
    item = snapshot(row) if any(row.get(column, "").strip() for column in WRITTEN) else {}
    query_id = row.get(QUERY_ID, "").strip() or query_id_of(query)
    return Pair(query, item_id, query_id, item, _probability(name, number, row.get(DRAWN, "").strip()))


def _probability(name: str, number: int, told: str) -> float | None:
    """With which a pair of a drawn batch was drawn."""
    if not told:
        return None
    try:
        if 0 < (probability := float(told)) <= 1:
            return probability
    except ValueError:
        pass
    raise _bad(name, number, f"{DRAWN} is '{told}', and not above 0 and at most 1")


def _bad(name: str, number: int, reason: str) -> UsageError:
    return UsageError(f"{name}:{number}: {reason}.", "Next: correct this line, then run the command again")
