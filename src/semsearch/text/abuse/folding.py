"""The abuse view: what a reader sees in a text that was written to be misread by a filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from semsearch.text.abuse.letters import UNUSUAL, alphabets, letters
from semsearch.text.abuse.numerals import numerals
from semsearch.text.abuse.scattered import scattered, stitched
from semsearch.text.abuse.spans import Edit, Spanned, rewritten, sources

ABUSE_VERSION = "2"
_SPACES = re.compile(r"\s{2,}|[^\S ]|^\s|\s$")
_OTHER_SPACE = re.compile(r"[^\S ]")
_ROUNDS = 32


def fold(text: str) -> Spanned:
    """The abuse view with the span of the original under each character.

    Lower case, invisible characters out, letters of any style plain, Hangul put together, digits of disguised
    contacts plain, white space one space. `fold(fold(t).text).text == fold(t).text`.
    """
    view = Spanned.whole(_lower(text))
    for edits in _edits(view.text):
        view = view.edited(edits)
    return view


def evasions(text: str) -> list[tuple[int, int]]:
    """Spans of the original that only make sense as evasion, in order; they never overlap nor touch."""
    view, found = Spanned.whole(_lower(text)), set[tuple[int, int]]()
    for edits in _edits(view.text):
        found |= {view.origin(edit.start, edit.end) for edit in edits if edit.evasive}
        view = view.edited(edits)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def unmasking(text: str) -> tuple[str, int, list[list[Edit]]]:
    """The view of a text, how many of its code points only make sense as evasion, and the steps that lead there.

    Steps are edits one after another, from `text` in lower case and single spaces. No spans are made: `origins` does.
    """
    view, disguised, steps = " ".join(_lower(text).split()), 0, []
    for edits in _edits(view):
        view = rewritten(view, edits)
        disguised += sum(edit.end - edit.start for edit in edits if edit.evasive)
        steps.append(edits)
    return view, min(disguised, len(text)), steps


def origins(text: str, steps: list[list[Edit]], spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What `fold(text).origin` gives for spans of the view that are not empty, in order and apart."""
    starts, ends = [start for start, _ in spans], [end - 1 for _, end in spans]
    for edits in (*reversed(steps), _spaces(_lower(text))):
        starts, ends = sources(edits, starts, last=False), sources(edits, ends, last=True)
    return [(start, end + 1) for start, end in zip(starts, ends, strict=True)]


def _edits(text: str) -> Iterator[list[Edit]]:
    """Rounds of edits until there are none, each on the text that the one before leaves."""
    for _ in range(_ROUNDS):
        quiet = True
        for step in _STEPS if UNUSUAL.search(text) else _USUAL_STEPS:
            if edits := step(text):
                yield edits
                text, quiet = rewritten(text, edits), False
        if quiet:
            return


def _lower(text: str) -> str:
    """Lower case, as long as before: İ, which would be two characters, waits for its turn."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c if len(low := c.lower()) > 1 else low for c in text)


def _spaces(text: str) -> list[Edit]:
    doubled = "  " in text or text[:1] == " " or text[-1:] == " "
    if not doubled and not (UNUSUAL.search(text) and _OTHER_SPACE.search(text)):
        return []
    last = len(text)
    return [
        Edit(found.start(), found.end(), "" if found.start() == 0 or found.end() == last else " ")
        for found in _SPACES.finditer(text)
    ]


_STEPS: tuple[Callable[[str], list[Edit]], ...] = (_spaces, letters, alphabets, numerals, stitched, scattered)
_USUAL_STEPS = (_spaces, numerals, stitched, scattered)
"""Those that can do something in text without unusual characters."""
