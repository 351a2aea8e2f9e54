"""Pairs for commands that grade or label: of a file, or of the pool of several runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.output import counted, talk
from semsearch.cli.standard_input import standard_input
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.evaluation.queries import Queries
    from semsearch.relevance.pools import Pool
    from semsearch.store.labels.pools import Lookup
    from semsearch.workspace import Workspace

RunsOption = Annotated[
    list[str] | None, typer.Option("--run", help="A saved run or TREC run to pool; may be repeated.")
]
QueriesOption = Annotated[
    Path | None, typer.Option("--queries", help="Queries of TREC runs: TSV (query_id, query), CSV or JSONL.")
]
DepthOption = Annotated[
    int | None, typer.Option("--depth", min=1, help="Hits of each run in the pool. [default: relevance.depth]")
]


def pooled(root: Path, lookup: Lookup, runs: list[str], depth: int, queries: Path | None) -> tuple[Pool, list[Queries]]:
    """The pool of these runs, and the tables of queries that were read with them: that of --queries first."""
    from semsearch.evaluation.reading import read_queries
    from semsearch.relevance.pools import pool
    from semsearch.retrieval.saved_runs import open_run

    opened = [open_run(name, root) for name in runs]
    tables = [read_queries(queries)] if queries else []
    tables += [saved for _, saved in opened if saved]
    texts: dict[str, str] = {}
    for table in reversed(tables):
        texts |= table.texts
    return pool([each for each, _ in opened], texts, depth, lookup), tables


def pairs_of_file(workspace: Workspace, file: str, lookup: Lookup) -> Pool:
    """The pairs of a file, or of standard input (`-`); those of a pool or batch as these know them."""
    from semsearch.relevance.pools import batch_at, pool_at, read_pairs

    known = batch_at(workspace, file) or pool_at(workspace, file, lookup)
    return known or read_pairs(file, lookup, stdin=standard_input([file]))


def tell_left_out(pool: Pool) -> None:
    """Say what of a pool is not there; raises UsageError when nothing is."""
    if pool.gone:
        talk(f"{counted(len(pool.gone), 'pair')} left out: the item is gone, such as {pool.gone[0][1]}.")
    if pool.n_repeated:
        talk(f"{counted(pool.n_repeated, 'row')} left out: a pair that stands there already.")
    if not pool.pairs:
        raise UsageError("No pair is left, or the file brings none with a title.", "Next: semsearch import items FILE")
