"""A pair as a person sees it who grades it. Texts of others are made safe: they cannot steer the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from semsearch.cli.output import safe
from semsearch.cli.screen import View
from semsearch.review.labelling.matching import spans
from semsearch.text.views import display

if TYPE_CHECKING:
    from semsearch.records import Facet
    from semsearch.review.labelling.session import Answered, Opinion, Progress, Shown

MATCH = "bold yellow"
KEYS = "2 1 0 grade · u ungradeable · f facets · n note · s skip · z undo · g guideline · q quit"
MET_WORDS = {True: "met", False: "not met", None: "cannot tell"}


def pair_view(shown: Shown, foot: Sequence[Text]) -> View:
    """The query and item, and below what is told and asked."""
    item = shown.task.item
    head = [_query(shown.task.query), _marked(shown.task.query, item.get("title", ""))]
    if details := _details(item):
        head.append(Text(details, style="dim"))
    if shown.changed:
        head.append(Text("The item is another one now than when the batch was drawn.", style="bold red"))
    for i, opinion in enumerate(shown.opinions):
        head.append(Text(f"{_letter(i)}: {told(opinion)}", style="cyan"))
    if shown.machine:
        head.append(Text(f"The machine: {told(shown.machine)}", style="cyan"))
    return View(head, _body(shown.task.query, item.get("body", "")), foot)


def told(opinion: Opinion) -> str:
    """An opinion in one line."""
    parts = [opinion.grade.why] if opinion.grade.why else []
    parts += [facets_told(opinion.facets)] if opinion.facets else []
    parts += [f"“{opinion.note}”"] if opinion.note else []
    return safe(display(" — ".join([str(opinion.grade), *parts])))


def facets_told(facets: Sequence[Facet]) -> str:
    """Facets as the guideline writes them."""
    return "; ".join(f"{each.intent} {each.asked}: {MET_WORDS[each.met]}" for each in facets)


def answered_told(answered: Answered, *, adjudicated: bool) -> list[Text]:
    """What may be said after an answer: the machine's opinion, and whose opinions the others were."""
    from semsearch.relevance.rubric import Grade

    label = answered.label
    said = f"Last: {Grade(label.grade_low, label.grade_high, '')}"
    if answered.machine is None:
        lines = [Text(said if adjudicated else f"{said}. The machine has no opinion.", style="dim")]
    elif answered.agrees:
        lines = [Text(f"{said}. The machine agrees: {told(answered.machine)}", style="green")]
    else:
        lines = [Text(f"{said}. The machine differs: {told(answered.machine)}", style="magenta")]
    if answered.rule:
        lines.append(Text(f"Its facets give {answered.rule}: {safe(answered.rule.why)}", style="red"))
    if answered.names:
        whose = ", ".join(f"{_letter(i)} was {safe(name)}" for i, name in enumerate(answered.names))
        lines.append(Text(whose, style="dim"))
    return lines


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"#{place + 1}"


def progress_told(progress: Progress, place: str) -> Text:
    """Where this is, how far, and how fast."""
    pace = f" · {progress.labels_an_hour:,.0f} labels an hour" if progress.labels_an_hour else ""
    return Text(f"{place} · {progress.done:,} of {progress.total:,} done{pace}", style="dim")


def _query(query: str) -> Text:
    return Text(f"“{safe(display(query))}”", style="bold reverse")


def _marked(query: str, text: str) -> Text:
    """One line of text with the words of the query in it set apart."""
    shown = safe(display(text))
    marked = Text(shown)
    for start, stop in spans(query, shown):
        marked.stylize(MATCH, start, stop)
    return marked


def _details(item: Mapping[str, str]) -> str:
    price = " ".join(filter(None, (item.get("price"), item.get("currency")))) if item.get("price") else ""
    return safe(
        display(" · ".join(filter(None, (item.get("category"), price, item.get("region_id"), item.get("attributes")))))
    )


def _body(query: str, body: str) -> list[Text]:
    lines = [_marked(query, line) for line in body.splitlines()]
    return [Text(""), *lines] if any(lines) else []
