"""`label sample`: a batch drawn for people to label."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import counted, emit, talk
from semsearch.cli.pooling import DepthOption, QueriesOption, RunsOption, pairs_of_file, pooled, tell_left_out
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.evaluation.queries import Queries
    from semsearch.relevance.pools import Pool
    from semsearch.review.labelling.sampling import Known, Sampled
    from semsearch.settings import Settings
    from semsearch.store.labels.pools import Lookup
    from semsearch.workspace import Workspace

SHOWN = 20
"""Strata that a person is shown at once."""
BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="Name of the new batch.", show_default=False)]


def sample(
    batch: BatchArgument,
    run: RunsOption = None,
    pairs: Annotated[
        str | None, typer.Option("--pairs", help="Pairs instead of runs: columns query and item_id; - reads stdin.")
    ] = None,
    depth: DepthOption = None,
    queries: QueriesOption = None,
    size: Annotated[
        int | None, typer.Option("--size", "-n", min=1, help="Queries to draw. [default: all]", show_default=False)
    ] = None,
    annotator: Annotated[
        list[str] | None, typer.Option("--annotator", help="Deal the pairs to these people; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw.")] = 0,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Draw queries by band, category, region and intent, with all of their pairs, as a batch for people to label.

    Which runs brought a pair is kept and hidden. Each query is drawn with a probability that is kept too.

    Examples:

    semsearch label sample spring --run lexical --run hybrid --depth 10 --size 200

    semsearch label sample spring --pairs pairs.tsv --annotator minji --annotator junho
    """
    from semsearch.relevance.pools import lookup_of
    from semsearch.review.labelling.sampling import sample as drawn
    from semsearch.review.labelling.starting import annotator as named
    from semsearch.review.labelling.strata import DIMENSIONS, UNKNOWN
    from semsearch.settings import Settings
    from semsearch.store.labels.batches import check_new, write_batch
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = Settings.load(opened.root)
    check_new(opened, batch)
    lookup = lookup_of(opened)
    pool, tables = _pool(opened, lookup, pairs, run, depth or settings.relevance.depth, queries)
    found = drawn(
        pool,
        _known(opened, settings, tables),
        settings.relevance,
        batch=batch,
        size=size,
        annotators=[named(name) for name in annotator or []],
        lookup=lookup,
        seed=seed,
    )
    write_batch(opened, batch, found.tasks)
    if all(each.values[DIMENSIONS.index("intent")] == UNKNOWN for each in found.drawn.strata):
        talk(
            "The intent of all queries is unknown: no label names their facets, so nothing is drawn by it. To draw "
            "by it, let a model grade the pool, then sample it under another name. "
            f"Next: semsearch grade pairs {_source(run or [], pairs, depth, queries)}"
        )
    _show_sample(opened, batch, found, size, as_json=json, as_jsonl=jsonl)


# --- steps of the command -------------------------------------------------------------------


def _pool(
    workspace: Workspace, lookup: Lookup, file: str | None, runs: list[str] | None, depth: int, queries: Path | None
) -> tuple[Pool, list[Queries]]:
    if (file is None) == (not runs):
        raise UsageError("Pairs come from runs or from a file.", "Next: --run A --run B, or --pairs FILE")
    if file is not None:
        from semsearch.evaluation.reading import read_queries

        found, tables = pairs_of_file(workspace, file, lookup), [read_queries(queries)] if queries else []
    else:
        found, tables = pooled(workspace.root, lookup, runs or [], depth, queries)
    tell_left_out(found)
    return found, tables


def _source(runs: Sequence[str], file: str | None, depth: int | None, queries: Path | None) -> str:
    """The options by which `grade pairs` takes the same pairs."""
    words = [file] if file else [word for run in runs for word in ("--run", run)]
    words += ["--depth", str(depth)] if depth and not file else []
    words += ["--queries", str(queries)] if queries and not file else []
    return " ".join(map(shlex.quote, words))


def _known(workspace: Workspace, settings: Settings, tables: list[Queries]) -> Known:
    """What labels, the log and tables of queries say of queries."""
    from semsearch.evaluation.demand import bands, n_searches
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.review.labelling.sampling import Known
    from semsearch.review.labelling.strata import DIMENSIONS
    from semsearch.store.labels import LabelFiles, query_key
    from semsearch.store.labels.batches import read_batches
    from semsearch.store.labels.draws import draws_of

    columns: dict[str, dict[str, str]] = {name: {} for name in DIMENSIONS}
    for table in reversed(tables):
        for name in columns.keys() & table.columns.keys():
            said = table.columns[name].items()
            columns[name] |= {query_key(table.texts[query_id]): value for query_id, value in said if value}
    catalogue, log = Catalogue(workspace), None
    if catalogue.n_interactions:
        log = bands(n_searches(catalogue.interactions()), settings.log.head, settings.log.torso)
    return Known(list(LabelFiles(workspace).read()), columns, log, draws_of(workspace, read_batches(workspace)))


def _show_sample(
    workspace: Workspace, batch: str, found: Sampled, size: int | None, *, as_json: bool, as_jsonl: bool
) -> None:
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.relevance.asking.details import places_of
    from semsearch.review.labelling.strata import DIMENSIONS

    strata = [
        dict(zip(DIMENSIONS, each.values, strict=True))
        | {"queries": each.queries, "drawn": each.drawn, "probability": round(each.probability, 6)}
        for each in found.drawn.strata
    ]
    empty = sum(not each.drawn for each in found.drawn.strata)
    facts = {
        "batch": batch,
        "file": f"labels/batches/{batch}.jsonl",
        "queries": len(found.drawn.probabilities),
        "pairs": len(found.tasks) - found.n_golden,
        "golden": found.n_golden,
        "second": found.n_second,
        "gone": len(found.gone),
        "drawn_before": found.n_before,
        "annotators": dict(Counter(name for task in found.tasks for name in task.annotators)),
        "strata": len(strata),
        "strata_without_draw": empty,
        "combinations_without_query": found.drawn.without_queries,
    }
    if as_json:
        emit(facts | {"rows": strata}, as_json=True)
    elif as_jsonl:
        emit(None, as_jsonl=True, rows=strata)
    else:
        emit({name: value for name, value in facts.items() if value not in ({}, "")})
        hidden = len(strata) - SHOWN
        places = places_of(Catalogue(workspace))
        most = sorted(strata, key=lambda row: -int(row["queries"]))[:SHOWN]
        named = [row | {"region": places.get(str(row["region"])) or row["region"]} for row in most]
        emit(strata, rows=named, title="Strata", note=f"{hidden:,} more: --json shows all." if hidden > 0 else "")
    _tell_sample(batch, found, size, empty)


def _tell_sample(batch: str, found: Sampled, size: int | None, empty: int) -> None:
    n = len(found.drawn.probabilities)
    if size is not None and n < size:
        talk(f"There are {n:,} queries, fewer than --size {size:,}: all are in the batch.")
    if found.n_before:
        talk(f"{found.n_before:,} queries are left out: a batch before drew them.")
    if any(task.inclusion_probability is None and task.golden is None for task in found.tasks):
        talk("The file says no inclusion_probability: its pairs count as picked on purpose, not as drawn.")
    if empty:
        talk(f"{empty:,} strata have queries and none was drawn: a larger --size, or fewer runs' queries.")
    if found.drawn.without_queries:
        talk(f"{found.drawn.without_queries:,} combinations of band, category, region and intent have no query at all.")
    if found.n_golden < found.n_golden_wanted:
        talk(
            f"{counted(found.n_golden, 'golden pair')} of {found.n_golden_wanted:,} (relevance.golden): "
            "no more are known. Adjudicated pairs are, imported golden ones, and those marked with k in a session."
        )
    talk(f"Next: semsearch label session {batch} --by NAME")
