"""All that scanning needs of one text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from semsearch.text.contacts import Contact, in_view
from semsearch.text.folding import fold, unmasked
from semsearch.text.skeleton import skeleton


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
    view, disguised = unmasked(text)
    found = in_view(view)
    if not found:
        return Reading(view, skeleton(view), (), disguised)
    spanned = fold(text)
    placed = tuple(replace(c, start=o[0], end=o[1]) for c in found if (o := spanned.origin(c.start, c.end)))
    parts, at = [], 0
    for contact in found:
        parts += (view[at : contact.start], f"<{contact.kind}>")
        at = contact.end
    view = "".join((*parts, view[at:]))
    return Reading(view, skeleton(view), placed, disguised)
