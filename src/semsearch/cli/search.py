"""`search`, `similar`, `why`: questions to one release."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, PipelineOption, ReleaseOption, WorkspaceOption
from semsearch.cli.output import emit, talk
from semsearch.cli.release import try_it
from semsearch.errors import UsageError
from semsearch.plain import plain

if TYPE_CHECKING:
    from semsearch.index.release import Release
    from semsearch.records import LegScore
    from semsearch.retrieval.results import SearchHit, SearchResult, WhyAnswer
    from semsearch.retrieval.search import Searcher
    from semsearch.workspace import Workspace

KOption = Annotated[int | None, typer.Option("--k", "-k", min=1, help="Hits to show. [default: search.k]")]
WhereOption = Annotated[
    str | None, typer.Option("--where", help="Filter, such as 'price < 50000 and status = active' (docs/search.md).")
]
NearOption = Annotated[str | None, typer.Option("--near", help="Region by id or name; its neighbours count too.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also items that are sold, reserved, hidden or ended.")]
QueryWords = Annotated[list[str] | None, typer.Argument(metavar="[QUERY]", help="What to search for.")]
ActorOption = Annotated[
    str | None,
    typer.Option("--actor", help="An actor_id: items for this person (docs/schema.md)."),
]
QueryArgument = Annotated[str, typer.Argument(help="What to search for.")]
ItemArgument = Annotated[str, typer.Argument(help="An item_id.")]
NOBODY = "No item passes the filters."
COLUMNS = ("rank", "title", "price", "region", "status", "score", "item_id")


def search(
    query: QueryWords = None,
    actor: ActorOption = None,
    k: KOption = None,
    mode: Annotated[
        Literal["hybrid", "dense", "lexical"] | None, typer.Option(help="Which legs answer. [default: search.mode]")
    ] = None,
    where: WhereOption = None,
    near: NearOption = None,
    all_items: AllOption = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show ranks, scores, matching words and steps.")] = False,
    pipeline: PipelineOption = "default",
    release: ReleaseOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Search the items of a release.

    Example: semsearch search "아이폰 14 프로" --k 20

    Example: semsearch search "office chair" --where "price < 50000 and category under 'Furniture'" --near 역삼동

    Example: semsearch search "laptop bag" --mode lexical --explain

    Example: semsearch search --actor u1024 --pipeline for_you
    """
    searcher = _searcher(workspace, pipeline, release)
    if actor is not None:
        _refuse_beside_actor(query, mode, explain)
        asked = {"k": k, "where": where, "near_region": near, "include_ended": all_items}
        _for_actor(searcher, actor, asked, json, jsonl)
        return
    if not query:
        raise UsageError("There is nothing to search for.", try_it(searcher.release, searcher.side.of))
    result = searcher.search(
        " ".join(query),
        now=datetime.now(UTC),
        k=k,
        mode=mode,
        where=where,
        near_region=near,
        include_ended=all_items,
        explain=explain,
    )
    rows = [_shown(hit, searcher, explain) for hit in result.hits]
    _emit(result, rows, _columns(rows, explain), json, jsonl)
    _talk_about(result, explain, machine=json or jsonl)
    if not rows:
        talk(_after_nothing(result, searcher.release, filtered=where is not None or near is not None))


def _refuse_beside_actor(query: list[str] | None, mode: str | None, explain: bool) -> None:
    given = "a QUERY" if query else "--mode" if mode else "--explain" if explain else ""
    if given:
        raise UsageError(
            f"--actor does not go with {given}: an actor is answered from the log.",
            "Next: semsearch search --actor ACTOR_ID",
        )


def _for_actor(searcher: Searcher, actor_id: str, asked: dict[str, Any], json: bool, jsonl: bool) -> None:
    from semsearch.retrieval.actor import for_actor

    result = for_actor(searcher, actor_id, now=datetime.now(UTC), **asked)
    rows = [_shown(hit, searcher, False) for hit in result.hits]
    _emit(result, rows, _columns(rows, False), json, jsonl)
    for note in (*result.notes, *(() if rows or result.notes else (NOBODY,))):
        talk(note)


def similar(
    item_id: ItemArgument,
    k: KOption = None,
    where: WhereOption = None,
    near: NearOption = None,
    all_items: AllOption = False,
    pipeline: PipelineOption = "default",
    release: ReleaseOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Show the items that are most like one item; exact copies are listed once.

    Example: semsearch similar 10024 --k 5
    """
    from semsearch.retrieval.similar import similar as find_similar

    searcher = _searcher(workspace, pipeline, release)
    result = find_similar(
        searcher,
        item_id,
        now=datetime.now(UTC),
        k=k,
        where=where,
        near_region=near,
        include_ended=all_items,
    )
    rows = [_shown(hit, searcher, False) | {"same": hit.n_same} for hit in result.hits]
    _emit(result, rows, _columns(rows, False, "same"), json, jsonl)
    for note in (*result.notes, *(() if rows else ("Nothing is like this item.",))):
        talk(note)


def why(
    query: QueryArgument,
    item_id: ItemArgument,
    k: KOption = None,
    where: WhereOption = None,
    near: NearOption = None,
    all_items: AllOption = False,
    pipeline: PipelineOption = "default",
    release: ReleaseOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Explain why an item is or is not found for a query.

    Example: semsearch why "아이폰 14" 10024

    Example: semsearch why "office chair" 10024 --where "price < 50000"
    """
    from semsearch.retrieval.why import why as explain_item
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    answer = explain_item(
        _searcher(workspace, pipeline, release),
        query,
        item_id,
        now=datetime.now(UTC),
        in_catalogue=lambda wanted: _in_catalogue(opened, wanted),
        k=k,
        where=where,
        near_region=near,
        include_ended=all_items,
    )
    said = _labels(opened, query, item_id)
    if json:
        emit(plain(answer) | {"labels": said}, as_json=True)
    else:
        emit(_why_lines(answer) | ({"labels": ", ".join(map(_label_told, said))} if said else {}))


def _labels(workspace: Workspace, query: str, item_id: str) -> list[dict[str, Any]]:
    """What people and models said of the pair, by the index of label files; nothing where there are none."""
    from semsearch.store.labels.files import LabelFiles

    files = LabelFiles(workspace)
    if not files.paths():
        return []
    from semsearch.store.database import Store
    from semsearch.store.labels import query_key, standing
    from semsearch.store.labels.index import LabelIndex

    with Store.open(workspace.moderation_path, now=datetime.now(UTC)) as store:
        index = LabelIndex(store, files)
        index.refresh()
        found = standing(index.of([(query_key(query), item_id)]))
    names = ("source", "by", "grade_low", "grade_high", "rubric", "at")
    return [{name: getattr(label, name) for name in names} for label in found]


def _label_told(said: dict[str, Any]) -> str:
    low, high = said["grade_low"], said["grade_high"]
    grade = "ungradeable" if low is None else str(low) if low == high else f"{low}–{high}"
    return f"{grade} by {said['by']}{' (a model)' if said['source'] == 'model' else ''}"


def _searcher(workspace: Path, pipeline: str, release: str | None) -> Searcher:
    from semsearch import wiring
    from semsearch.workspace import Workspace

    return wiring.open_searcher(Workspace.open(workspace), pipeline=pipeline, release=release, once=True)


def _in_catalogue(workspace: Workspace, item_id: str) -> bool:
    from semsearch.ingest.catalogue import Catalogue

    return item_id in Catalogue(workspace).titles([item_id])


def _emit(document: Any, rows: list[dict[str, Any]], columns: list[str], json: bool, jsonl: bool) -> None:
    records = [asdict(hit) for hit in document.hits] if jsonl else rows
    emit(document, as_json=json, as_jsonl=jsonl, rows=records, columns=columns)


def _columns(rows: list[dict[str, Any]], explain: bool, *more: str) -> list[str]:
    """The columns that say something: no price or region where no hit has one."""
    filled = [c for c in COLUMNS if any(row.get(c) is not None for row in rows)]
    return [*filled, *(("dense", "lexical", "matches") if explain else ()), *more]


def _shown(hit: SearchHit, searcher: Searcher, explain: bool) -> dict[str, Any]:
    place = searcher.release.regions.table.get(hit.region_id) if hit.region_id else None
    row: dict[str, Any] = {
        "rank": hit.rank,
        "title": hit.title,
        "price": _price(hit),
        "region": place.name if place else hit.region_id,
        "status": hit.status,
        "score": hit.score,
        "item_id": hit.item_id,
    }
    if explain:
        words = ", ".join(f"{match.term} {match.score:.2f}" for match in hit.matches)
        row |= {"dense": _leg(hit.dense), "lexical": _leg(hit.lexical), "matches": words}
    return row


def _price(hit: SearchHit) -> str | None:
    if hit.price is None:
        return None
    figure = f"{hit.price:,.0f}" if hit.price == int(hit.price) else f"{hit.price:,.2f}"
    return f"{figure} {hit.currency}" if hit.currency else figure


def _leg(leg: LegScore | None) -> str:
    return f"#{leg.rank} ({leg.score:.3f})" if leg else "-"


def _talk_about(result: SearchResult, explain: bool, machine: bool) -> None:
    if explain and not machine:
        for step in result.steps:
            talk(f"{step.kind}: {step.before} → {step.after}")
        talk(f"Searched for: {', '.join(result.terms) or '-'} (release {result.release_id})")
    for note in result.notes:
        talk(note)
    if not result.hits and not result.notes:
        talk("Nothing found.")


def _after_nothing(result: SearchResult, release: Release, *, filtered: bool) -> str:
    """The next step after an answer without hits."""
    if not any(character.isalnum() for character in result.query):
        return try_it(release)
    if filtered or NOBODY in result.notes:
        return f"Next: semsearch search {quote(result.query)} --all"
    return f"Next: semsearch why {quote(result.query)} ITEM_ID, for an item that you expected"


def _why_lines(answer: WhyAnswer) -> dict[str, Any]:
    lines: dict[str, Any] = {"item": f"{answer.item_id}  {answer.title or ''}".rstrip(), "release": answer.release_id}
    lines["query terms"] = ", ".join(answer.terms) or "-"
    for step in answer.steps:
        lines[f"  {step.kind}"] = [*lines.get(f"  {step.kind}", ()), f"{step.before} → {step.after}"]
    if answer.in_release:
        lines["matching"] = ", ".join(f"{m.term} {m.score:.2f}" for m in answer.matches) or "-"
        lines["missing"] = ", ".join(answer.missing) or "-"
        lines["dense"] = _leg(answer.dense)
        lines["lexical"] = _leg(answer.lexical)
        lines["rank"] = f"#{answer.rank} ({answer.mode})" if answer.rank else "-"
    margin = "\n" + " " * (max(len(name) for name in lines) + 2)
    lines["answer"] = answer.reasons
    return {name: line if isinstance(line, str) else margin.join(line) for name, line in lines.items()}
