"""All that scanning needs of one text."""

from __future__ import annotations

from dataclasses import dataclass

from semsearch.text.abuse.contacts import Contact, in_view, placed
from semsearch.text.abuse.folding import unmasking
from semsearch.text.abuse.skeleton import skeleton
from semsearch.text.abuse.spans import Edit, rewritten


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as the nets read it.

    `view` is the folded text with contacts as placeholders such as `<phone>`; `contacts` stand in the original;
    `disguised` counts code points that only make sense as evasion, 0 in clean text.
    """

    view: str
    skeleton: str
    contacts: tuple[Contact, ...]
    disguised: int


def read_post(text: str) -> Reading:
    """The abuse views, keys and contacts of one text."""
    view, disguised, steps = unmasking(text)
    found = in_view(view)
    if not found:
        return Reading(view, skeleton(view), (), disguised)
    marked = rewritten(view, [Edit(c.start, c.end, f"<{c.kind}>") for c in found])
    return Reading(marked, skeleton(marked), placed(text, view, steps, found), disguised)
