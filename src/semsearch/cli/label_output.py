"""How `label import|export|agreement` tell what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semsearch.cli.output import counted, emit, talk
from semsearch.plain import plain

if TYPE_CHECKING:
    from semsearch.evaluation.labels.agreement import Agreement, AmongRaters
    from semsearch.ingest.labels.rows import Passed
    from semsearch.review.labelling.agreeing import PeopleAgreement
    from semsearch.review.labelling.exporting import LabelExport
    from semsearch.review.labelling.importing import LabelImport
    from semsearch.store.labels import LabelFiles

COUNTS = ("n_picked", "n_open", "n_ungradeable", "n_lost", "n_changed", "n_rubrics", "n_shown", "n_contradicting")
FIGURES = ("weighted_kappa", "kappa", "alpha", "exact")


def tell_torn(files: LabelFiles) -> None:
    """Say which files were cut off: what they hold is read but for their last line."""
    for path in files.torn():
        talk(f"The last line of {path} was cut off while it was written: it is passed over, the next label mends it.")


def show_import(done: LabelImport, passed: Passed, *, as_json: bool) -> None:
    """What came in, and what did not and why."""
    document = plain(done) | plain(passed)
    facts = ("batch", "read", "new", "known", "unjudged", "cancelled", "unanswered", "machine", "ungradeable")
    emit(document if as_json else {name: document[name] for name in facts}, as_json=as_json)
    if passed.columns:
        talk("Columns: " + ", ".join(f"{field}={source}" for field, source in passed.columns.items()))
    if not done.read:
        talk("Nothing came in: there is no judgement in it.")
    for told in done.mended:
        talk(told)
    if done.machine:
        talk(f"{counted(done.machine, 'row')} of a model left out: labels of people are kept apart.")
    if done.shown:
        talk(f"{counted(done.shown, 'label')} given after a machine's opinion was shown; kept with it as `shown`.")
    if done.without_item:
        talk(
            f"{counted(done.without_item, 'pair')} of which the item is not known: nobody will see what was judged, "
            "and no label of it ever goes stale. Import the items first, or a file with their titles."
        )
    if done.outside:
        talk(
            f"{counted(done.outside, 'label')} of pairs that batch {done.batch} did not draw, without a probability; "
            "check the spelling of queries and ids when all should be of it."
        )
    for theirs in done.strangers:
        talk(f"Nobody in it is called {theirs}, whom --as names.")
    for name, n in done.annotators.items():
        talk(f"{name}: {counted(n, 'new label')}")
    if done.new or done.known:
        talk("Next: semsearch label agreement, or semsearch label export qrels.txt --format trec")


def show_export(done: LabelExport, *, as_json: bool, machine: bool = False, gone: int = 0) -> None:
    """What was written, and what was left out and why."""
    document = plain(done) | ({"gone": gone} if gone else {})
    emit(document if as_json else {"pairs": done.pairs, "queries": done.queries}, as_json=as_json)
    told = (
        (gone, "pair", "left out: the item is gone."),
        (done.ungradeable, "pair", "left out: ungradeable."),
        (done.stale, "pair", "left out: the item is another one now."),
        (done.machine, "grade", "by a model." if machine else "by a model alone left out."),
        (done.disputed, "pair", "disputed between people. Next: semsearch label adjudicate --by NAME"),
    )
    for n, noun, what in told:
        if n:
            talk(f"{counted(n, noun)} {what}")
    talk(f"Wrote {', '.join(map(str, done.files))}")


def show_agreement(found: PeopleAgreement, *, as_json: bool, as_jsonl: bool) -> None:
    """Every two annotators, and all together."""
    rows = [
        {"first": duo.first, "second": duo.second, **_figures(duo.agreement)}
        | {"confusion": duo.agreement.confusion.astype(int).tolist()}
        for duo in found.duos
    ]
    rows.append({"first": "all", "second": "", **_figures(found.together)})
    if as_json:
        counts = {name: getattr(found, name) for name in COUNTS} | {"rubrics": found.rubrics}
        emit({"annotators": found.annotators, "duos": rows[:-1], "together": rows[-1]} | counts, as_json=True)
    elif as_jsonl:
        emit(rows, as_jsonl=True, rows=rows)
    else:
        note = "In brackets: 95 % intervals, whole queries resampled. Kappa of all: the mean over every two."
        emit(rows, rows=[_short(row) for row in rows], note=note)
    if any(row["alpha_low"] is None for row in rows):
        talk("Some figures have no interval: resamples of few queries, or of grades all alike, tell nothing of others.")
    _tell_left_out(found)


def _tell_left_out(found: PeopleAgreement) -> None:
    if len(found.rubrics) > 1:
        versions = ", ".join(rubric or "none (imported)" for rubric in found.rubrics)
        talk(f"These figures are of several rubrics, each compared with itself alone: {versions}. --batch takes one.")
    told = (
        (found.n_picked, "pair", "that two people judged left out: picked by what was known, others were drawn."),
        (found.n_open, "label", "with an open end left out."),
        (found.n_ungradeable, "label", "of ungradeable pairs left out."),
        (found.n_lost, "pair", "that two people judged not compared, because of these."),
        (found.n_changed, "pair", "judged on different versions of the item, which are not compared."),
        (found.n_rubrics, "pair", "judged by different rubrics, which are not compared."),
        (found.n_contradicting, "label", "whose grade is not what its facets give; compared as given."),
        (found.n_shown, "label", "given after the machine's opinion was shown, which may be why people agree."),
    )
    for n, noun, what in told:
        if n:
            talk(f"{counted(n, noun)} {what}")


def _figures(of: Agreement | AmongRaters) -> dict[str, Any]:
    """Pairs, queries, and each figure that was taken with the ends of its interval; null where there is none."""
    figures: dict[str, Any] = {"pairs": of.n, "queries": of.n_queries}
    for name in FIGURES:
        if (found := getattr(of, name, None)) is not None:
            figures |= plain({name: found.value, f"{name}_low": found.low, f"{name}_high": found.high})
    return figures


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table: each figure with its interval in one cell."""
    short = {name: row[name] for name in ("first", "second", "pairs", "queries")}
    return short | {name: _cell(row, name) if name in row else "" for name in FIGURES}


def _cell(row: dict[str, Any], name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if value is None:
        return "–"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]" if low is not None else f"{value:.3f} [–]"
