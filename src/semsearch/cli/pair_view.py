"""A pair as a person sees it who grades it. Texts of others are made safe: they cannot steer the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.text import Text

from semsearch.cli.output import safe
from semsearch.cli.screen import View
from semsearch.relevance.asking.details import Places, details
from semsearch.review.labelling.matching import spans
from semsearch.text.views import display

if TYPE_CHECKING:
    from semsearch.records import Facet, Label
    from semsearch.review.labelling.opinions import Opinion
    from semsearch.review.labelling.session import Answered, Progress, Shown, Told

MATCH = "bold yellow"
EMPTY = "(no text beside the title)"
GRADE_KEYS = "2 1 0 grade · u ungradeable · f facets · n note"
OTHER_KEYS = "s skip · z undo · g guideline · q quit"
KNOWN_KEY = "k known"
BRIEF = 24
"""Columns of a query or title that is named in passing."""
MET_WORDS = {True: "met", False: "not met", None: "cannot tell"}


def pair_view(shown: Shown, foot: Sequence[Text], places: Places | None = None, brief: Sequence[Text] = ()) -> View:
    """The query and the item, then what others say of it, and below what is told and asked."""
    item = shown.task.item
    head = [_query(shown.task.query), Text(""), _marked(shown.task.query, item.get("title", ""))]
    if known := details(_grouped(item), places or {}):
        head.append(Text(safe(display(" · ".join(known.values()))), style="dim"))
    if shown.changed:
        head.append(Text("The item is another one now than when the batch was drawn.", style="bold red"))
    after = [Text(f"{_letter(i)}: {told(opinion)}", style="cyan") for i, opinion in enumerate(shown.opinions)]
    if shown.machine:
        after.append(Text(f"The machine: {told(shown.machine)}", style="cyan"))
    return View(head, _body(shown.task.query, item.get("body", "")), foot, [Text(""), *after] if after else [], brief)


def told(opinion: Opinion) -> str:
    """An opinion in one line."""
    parts = [opinion.grade.why] if opinion.grade.why else []
    parts += [facets_told(opinion.facets)] if opinion.facets else []
    parts += [f"but these facets give {opinion.rule}"] if opinion.rule else []
    parts += [f"“{opinion.note}”"] if opinion.note else []
    return safe(display(" — ".join([str(opinion.grade), *parts])))


def facets_told(facets: Sequence[Facet]) -> str:
    """Facets as the guideline writes them."""
    return "; ".join(f"{each.intent} {each.asked}: {MET_WORDS[each.met]}" for each in facets)


def answered_told(answered: Answered) -> list[Text]:
    """What may be said after an answer: of the answer itself, and what others say of the pair before it."""
    lines = [Text(f"Last: {_grade(answered.label)}", style="dim")]
    if answered.rule:
        lines.append(Text(f"Its facets give {answered.rule}: {safe(answered.rule.why)}", style="red"))
    return [*lines, others_told(answered.told, "Before")] if answered.told else lines


def others_told(said: Told, which: str) -> Text:
    """What others say of a pair, `which` one it is in brief, and why they do."""
    label, machine = said.label, said.machine
    parts, why = [f"{which}: {_grade(label)}"], ""
    if machine:
        parts.append(f"the machine {'agrees' if said.agrees else 'differs'}: {machine.grade}")
        why = told(machine).removeprefix(str(machine.grade))
    parts += [f"{safe(name)} said {grade}" for name, grade in said.opinions]
    pair = f"“{_short(label.query)}” {_short(label.item.get('title', label.item_id))}"
    return Text(
        f"{', '.join(parts)} · {pair}{why}", style="dim" if not machine else "green" if said.agrees else "magenta"
    )


def _grade(label: Label) -> str:
    from semsearch.relevance.rubric import Grade

    return str(Grade(label.grade_low, label.grade_high, ""))


def _short(text: str) -> str:
    short = Text(safe(display(text)))
    short.truncate(BRIEF, overflow="ellipsis")
    return short.plain.replace(" …", "…")


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"#{place + 1}"


def keys_told(adjudicating: bool) -> list[Text]:
    """The keys at a pair; who adjudicates needs none to make a golden pair."""
    more = OTHER_KEYS if adjudicating else f"{KNOWN_KEY} · {OTHER_KEYS}"
    return [Text(GRADE_KEYS, style="dim"), Text(more, style="dim")]


def keys_in_brief(adjudicating: bool) -> Text:
    """The same without words."""
    return Text(f"2 1 0 u · f n {'' if adjudicating else 'k '}s z g q", style="dim")


def typing_keys(*, back: bool, brief: bool = False) -> list[Text]:
    """The keys that type the words of a query, `back` when there is a word to go back to; brief: in 40 columns."""
    first, last = "p product · b brand · i item · a attribute", "+ joins it to the last · x nothing"
    if brief:
        first, last = first.replace(" ·", ""), "+ joins x nothing"
    return [_dim(first), _dim(f"{last}{' · Backspace' if back else ''} · Esc")]


def meeting_keys(*, brief: bool = False) -> list[Text]:
    """The keys that say whether a facet is met."""
    told, ways = "y met · n not met · c cannot tell", "t types anew · Backspace · Esc"
    return [_dim(told), _dim(ways)] if brief else [_dim(f"{told} · {ways}")]


def keeping_keys(*, brief: bool = False) -> list[Text]:
    """The keys at the grade that facets give."""
    return [_dim("Enter keeps it · 2 1 0 u · Esc" if brief else "Enter keeps it · 2 1 0 u grades otherwise · Esc")]


def progress_told(progress: Progress, place: str = "") -> Text:
    """Where this is, how far, and how fast."""
    where = f"{place} · " if place else ""
    pace = f" · {progress.labels_an_hour:,.0f} labels an hour" if progress.labels_an_hour else ""
    return Text(f"{where}{progress.done:,} of {progress.total:,} done{pace}", style="dim")


def _query(query: str) -> Text:
    return Text(f"“{safe(display(query))}”", style="bold reverse")


def _marked(query: str, text: str) -> Text:
    """One line of text with the words of the query in it set apart."""
    shown = safe(display(text))
    marked = Text(shown)
    for start, stop in spans(query, shown):
        marked.stylize(MATCH, start, stop)
    return marked


def _grouped(item: Mapping[str, str]) -> Mapping[str, str]:
    """The item with a price that is easy to read: 1,250,000."""
    price = item.get("price", "")
    return {**item, "price": f"{int(price):,}"} if price.isascii() and price.isdigit() else item


def _body(query: str, body: str) -> list[Text]:
    read = ["", *body.strip().splitlines()]
    lines = [_marked(query, line) for before, line in pairwise(read) if line.strip() or before.strip()]
    return [Text(""), *(lines if any(lines) else [Text(EMPTY, style="dim")])]


def _dim(text: str) -> Text:
    return Text(text, style="dim")
