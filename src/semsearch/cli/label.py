"""`label sample|session|adjudicate|import|export|agreement`: what people say of pairs of query and item."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semsearch.cli import labelling, sampling
from semsearch.cli.imports import TzOption
from semsearch.cli.label_output import show_agreement, show_export, show_import, tell_torn
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.standard_input import standard_input
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.records import Label
    from semsearch.store.labels import LabelFiles
    from semsearch.store.labels.batches import Task
    from semsearch.store.labels.pools import Pair
    from semsearch.workspace import Workspace

HELP = """Grade pairs of query and item by hand, and bring grades of other tools in and out.

Example: semsearch label import ratings.csv --as minji --scale 0-3
"""
app = typer.Typer(help=HELP, no_args_is_help=True)
app.command()(sampling.sample)
app.command()(labelling.session)
app.command()(labelling.adjudicate)

FileArgument = Annotated[
    str, typer.Argument(help="File, BEIR folder, or - for standard input.", metavar="FILE", show_default=False)
]
AsOption = Annotated[
    list[str] | None,
    typer.Option("--as", metavar="NAME", help="Who judged; THEIRS=OURS renames one annotator. Repeatable."),
]
ImportFormatOption = Annotated[
    Literal["csv", "tsv", "jsonl", "parquet", "trec", "beir", "quepid", "esci", "label-studio"] | None,
    typer.Option("--format", help="Instead of the recognised one."),
]
ExportFormatOption = Annotated[
    Literal["trec", "csv", "jsonl", "beir", "quepid", "esci", "label-studio"],
    typer.Option("--format", help="What is written; label-studio writes tasks."),
]
LabelMapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FIELD=SOURCE", help="Column of a field, or word of a grade (2=Relevant). Repeatable."
    ),
]
ScaleOption = Annotated[
    Literal["0-3", "esci"] | None, typer.Option("--scale", help="Grades other than 0, 1, 2: see docs/label.md.")
]
TextsOption = Annotated[Path | None, typer.Option("--queries", help="Texts of query ids: query_id and query.")]
NewBatchOption = Annotated[str | None, typer.Option("--batch", help="Batch to add to.", show_default="import-FILE")]
BatchOption = Annotated[str | None, typer.Option("--batch", help="This batch only.")]
EndOption = Annotated[Literal["low", "high"], typer.Option("--end", help="Which end of a grade that is open.")]
MachineOption = Annotated[bool, typer.Option("--machine", help="Add grades of models where no person spoke.")]
PairsOption = Annotated[str | None, typer.Option("--pairs", help="File of pairs for Label Studio, instead of a batch.")]
OutArgument = Annotated[
    Path, typer.Argument(help="File to write; for beir a folder.", metavar="OUT", show_default=False)
]


@app.command("import")
def import_command(
    file: FileArgument,
    as_: AsOption = None,
    batch: NewBatchOption = None,
    map_: LabelMapOption = None,
    scale: ScaleOption = None,
    queries: TextsOption = None,
    format_: ImportFormatOption = None,
    tz: TzOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Import what people judged elsewhere: tables, TREC qrels, BEIR, Quepid, ESCI, Label Studio. All is checked first.

    Grades are 2, 1 and 0; --scale 0-3 makes 0, 1, 1, 2 of 0, 1, 2, 3, and --scale esci 2, 1, 0, 0 of E, S, C, I.

    Examples:

    semsearch label import ratings.csv --as minji --map grade=rater_1 --scale 0-3

    semsearch label import qrels.txt --queries queries.tsv --as trec

    semsearch label import project-3.json --batch spring --map '2=Just right' --as 7=minji
    """
    from semsearch.ingest.labels.grades import Grader, maps_of
    from semsearch.ingest.labels.reading import read_labels
    from semsearch.ingest.labels.rows import Passed
    from semsearch.ingest.labels.tables import Wanted
    from semsearch.relevance.pools import lookup_of
    from semsearch.review.labelling.importing import Names, import_labels
    from semsearch.settings import Settings
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = Settings.load(opened.root).override("imports", tz=tz)
    columns, words = maps_of(map_ or [])
    wanted, passed = Wanted(columns, _texts(queries), settings.imports.tz), Passed()
    done = import_labels(
        read_labels(file, wanted, passed, format_=format_, stdin=standard_input([file])),
        _files(opened),
        batch=batch or f"import-{Path(file).name.split('.')[0] if file != '-' else 'stdin'}",
        names=Names.of(as_ or []),
        grader=Grader(words, scale or ("esci" if format_ == "esci" else None)),
        lookup=lookup_of(opened),
        now=datetime.now(UTC),
        drawn=_drawn(opened, batch),
    )
    if not (done.read or passed.cancelled or passed.unanswered):
        raise UsageError(f"{file} holds no judgement.", "Next: check the file; it needs a row for each pair")
    show_import(done, passed, as_json=json)


@app.command("export")
def export_command(
    out: OutArgument,
    format_: ExportFormatOption = "jsonl",
    batch: BatchOption = None,
    end: EndOption = "low",
    machine: MachineOption = False,
    pairs: PairsOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Export what counts of each pair: an adjudication before people, people before models.

    Ungradeable pairs, and pairs whose item is another one now, are left out and counted.

    Examples:

    semsearch label export qrels.txt --format trec

    semsearch label export tasks.json --format label-studio --batch spring
    """
    from semsearch.relevance.pools import lookup_of
    from semsearch.review.labelling.exporting import export_labels, export_tasks
    from semsearch.store.labels import digests_of, effective
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    if format_ == "label-studio":
        found, gone = _to_judge(opened, batch, pairs)
        show_export(export_tasks(found, out), as_json=json, gone=gone)
        return
    if pairs is not None:
        raise UsageError(f"--pairs are to be judged, and {format_} takes labels.", "Next: --format label-studio")
    said = _of_batch(_files(opened), batch)
    now = digests_of(lookup_of(opened)({label.item_id for label in said}))
    done = export_labels(effective(said, now), out, format_=format_, end=end, machine=machine)
    show_export(done, as_json=json, machine=machine)


@app.command()
def agreement(
    batch: BatchOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the resamples.")] = 0,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """How far people agree: weighted and plain kappa, Krippendorff's alpha, 95 % intervals over queries.

    The newest label of each person and pair counts, before any adjudication.

    Example: semsearch label agreement --batch spring
    """
    from semsearch.review.labelling.agreeing import people_agreement
    from semsearch.workspace import Workspace

    said = _read(_files(Workspace.open(workspace)), "person", batch)
    show_agreement(people_agreement(said, seed=seed), as_json=json, as_jsonl=jsonl)


# --- steps of the commands ------------------------------------------------------------------


def _files(workspace: Workspace) -> LabelFiles:
    from semsearch.store.labels import LabelFiles

    return LabelFiles(workspace)


def _read(files: LabelFiles, source: str | None = None, batch: str | None = None) -> Any:
    """All labels; says which files were cut off. Raises UsageError for a batch in which there is none."""
    from difflib import get_close_matches
    from urllib.parse import unquote

    if batch and not files.paths(source, batch):
        known = sorted({unquote(path.stem) for path in files.paths(source)})
        near = (get_close_matches(batch, known, n=1) or known[:1] or [""])[0]
        raise UsageError(
            f"There is no label in batch '{batch}'; there are some in: {', '.join(known) or 'none'}.",
            f"Next: the same command with --batch {shlex.quote(near)}"
            if near
            else "Next: semsearch label session BATCH --by NAME, or semsearch label import FILE",
        )
    tell_torn(files)
    return files.read(source, batch)


def _of_batch(files: LabelFiles, batch: str | None) -> list[Label]:
    """All labels, or those of a batch with what was decided on its pairs, which may stand in BATCH-adjudicated."""
    from semsearch.store.labels import pair_of

    said: list[Label] = list(_read(files, batch=batch))
    if batch:
        pairs, known = {pair_of(label) for label in said}, {label.label_id for label in said}
        decided = (label for label in files.read("person") if label.role == "adjudication")
        said += [label for label in decided if pair_of(label) in pairs and label.label_id not in known]
    return said


def _drawn(workspace: Workspace, batch: str | None) -> Mapping[Any, Task]:
    """The pairs of a batch that was drawn here; none when it was not."""
    from semsearch.store.labels.batches import batch_path, pairs_of, read_batch

    if batch is None or not batch_path(workspace, batch).is_file():
        return {}
    return pairs_of(read_batch(workspace, batch))


def _to_judge(workspace: Workspace, batch: str | None, pairs: str | None) -> tuple[Sequence[Pair | Task], int]:
    """Pairs of a drawn batch or of a file, and how many items of them are gone."""
    from semsearch.relevance.pools import lookup_of, read_pairs
    from semsearch.store.labels.batches import read_batch

    if (batch is None) == (pairs is None):
        raise UsageError(
            "Label Studio takes pairs that are to be judged: of a drawn batch, or of a file.",
            "Next: --batch NAME, or --pairs FILE",
        )
    if batch is not None:
        return read_batch(workspace, batch), 0
    found = read_pairs(str(pairs), lookup_of(workspace), stdin=standard_input([str(pairs)]))
    return found.pairs, len(found.gone)


def _texts(queries: Path | None) -> Mapping[str, str]:
    from semsearch.evaluation.reading import read_queries

    return read_queries(queries).texts if queries else {}
