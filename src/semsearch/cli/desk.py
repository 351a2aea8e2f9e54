"""A person at a terminal, labelling: keys to what a session does, and what is drawn meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from semsearch.cli.keys import BACKSPACE, ENTER, ESCAPE, PASTED, Keys, command
from semsearch.cli.output import safe
from semsearch.cli.pair_view import (
    answered_told,
    facets_told,
    keeping_keys,
    keys_in_brief,
    keys_told,
    meeting_keys,
    pair_view,
    progress_told,
    typing_keys,
)
from semsearch.cli.screen import Screen, View
from semsearch.records import INTENTS, Facet, Label
from semsearch.relevance.rubric import grade as graded
from semsearch.text.views import display

if TYPE_CHECKING:
    from semsearch.relevance.asking.details import Places
    from semsearch.review.labelling.session import Session, Shown

TICK_S = 0.5
"""A change of the terminal's size is seen within this time."""
GRADES = {"2": 2, "1": 1, "0": 0, "u": None}
MET = {"y": True, "n": False, "c": None}
TYPED = {intent[0]: intent for intent in INTENTS}
ENDED = "All pairs are labelled. z takes back what was done last, q ends."
SKIPPED = "Skipped until the others are done or you come again; z takes that back."
NOTED = "Skipped; its note waits for your answer, until you end. z takes that back."
KNOWN = "Known: your answer makes it a golden pair, by which others are measured. k takes that back."
GUIDE_KEYS = "0–4 sections · space · b · q back"
JOINED, NOTHING = "+", "x"
Typed = list[tuple[str, str]]
"""(intent, asked) of each facet."""


class Quit(Exception):
    """The person wants to stop."""


class AtDesk:
    """The keys of one session."""

    def __init__(
        self,
        session: Session,
        keys: Keys,
        screen: Screen,
        place: str,
        *,
        places: Places | None = None,
        adjudicating: bool = False,
    ) -> None:
        self._session, self._keys, self._screen = session, keys, screen
        self._place, self._places, self._adjudicating = safe(place), places, adjudicating
        self._last: list[Text] = []
        self._note, self._known = "", False

    def run(self) -> None:
        """Until all pairs are answered or the person quits; a terminal that is gone is a person who quit."""
        try:
            while True:
                shown = self._session.next()
                if shown is None:
                    self._end()
                else:
                    self._pair(shown)
        except (Quit, EOFError):
            return

    # --- one pair ----------------------------------------------------------------------------

    def _pair(self, shown: Shown) -> None:
        self._note, self._known = shown.note, False
        done = False
        first = True
        while not done:
            key = self._ask(self._view(shown), fresh=first)
            done = self._pressed(shown, key)
            first = False

    def _pressed(self, shown: Shown, key: str) -> bool:
        """Whether this key was the last of the pair."""
        if key in GRADES:
            self._last = answered_told(self._session.direct(GRADES[key]))
        elif key == "f":
            return self._facets(shown)
        elif key == "s":
            self._session.skip()
            self._last = [_dim(NOTED if self._note else SKIPPED)]
        elif key == "z":
            return self._undo()
        else:
            self._aside(shown, key)
            return False
        return True

    def _aside(self, shown: Shown, key: str) -> None:
        """What ends no pair."""
        if key == "k" and not self._adjudicating:
            self._known = not self._known
            self._session.known(self._known)
        elif key == "n":
            self._write_note(shown)
        elif key == "g":
            self._guideline()
        elif key == "q":
            raise Quit

    def _undo(self) -> bool:
        undone = self._session.undo()
        told = "There is no label to take back." if undone is None else "The skip is taken back."
        self._last = [_dim("Taken back." if isinstance(undone, Label) else told)]
        return undone is not None

    def _end(self) -> None:
        fresh = True
        while True:
            key = self._ask(
                View([Text(ENDED)], [], [*self._last, progress_told(self._session.progress, self._place)]), fresh=fresh
            )
            fresh = False
            if key == "z" and self._undo():
                return
            if key == "q":
                raise Quit

    # --- facets ------------------------------------------------------------------------------

    def _facets(self, shown: Shown) -> bool:
        keys: list[str] = []
        typed = [(each.intent, each.asked) for each in shown.facets] or self._intents(shown, keys)
        while typed is not None:
            met = self._met(shown, typed)
            if met is None:
                return False
            if isinstance(met, list):
                facets = [Facet(intent, asked, said) for (intent, asked), said in zip(typed, met, strict=True)]
                return self._graded(shown, facets)
            del keys[-1 if met == BACKSPACE else 0 :]
            typed = self._intents(shown, keys)
        return False

    def _intents(self, shown: Shown, keys: list[str]) -> Typed | None:
        """Walk through the words of the query, a key a word after `keys`; None: the person goes back to the pair."""
        words = display(shown.task.query).split()
        while len(keys) < len(words):
            asked = [
                Text.assemble("What is ", (safe(words[len(keys)]), "bold"), "?"),
                Text(safe("; ".join(f"{intent} {asked}" for intent, asked in _typed(words, keys)))),
            ]
            full, brief = ([*asked, *typing_keys(back=bool(keys), brief=each)] for each in (False, True))
            key = self._ask(self._pair_view(shown, full, brief))
            if key in TYPED or key == NOTHING or (key == JOINED and keys):
                keys.append(key)
            elif key == BACKSPACE and keys:
                keys.pop()
            elif key == ESCAPE:
                return None
        return _typed(words, keys)

    def _met(self, shown: Shown, typed: Typed) -> list[bool | None] | str | None:
        """An answer for each facet; t or BACKSPACE: type all or the last intent anew; None: back to the pair."""
        met: list[bool | None] = []
        while len(met) < len(typed):
            intent, asked = typed[len(met)]
            so_far = [Facet(i, a, m) for (i, a), m in zip(typed, met, strict=False)]
            told = [Text.assemble(f"{intent} ", (safe(asked), "bold"), "?"), Text(safe(facets_told(so_far)))]
            full, brief = ([*told, *meeting_keys(brief=each)] for each in (False, True))
            key = self._ask(self._pair_view(shown, full, brief))
            if key in MET:
                met.append(MET[key])
            elif key == BACKSPACE and met:
                met.pop()
            elif key in ("t", BACKSPACE):
                return key
            elif key == ESCAPE:
                return None
        return met

    def _graded(self, shown: Shown, facets: Sequence[Facet]) -> bool:
        """The rule's grade, or one's own beside the facets."""
        found = graded(facets)
        told = [Text(f"{found}: {safe(found.why)}", style="bold"), Text(safe(facets_told(facets)))]
        full, brief = ([*told, *keeping_keys(brief=each)] for each in (False, True))
        while True:
            key = self._ask(self._pair_view(shown, full, brief))
            if key == ENTER:
                self._last = answered_told(self._session.by_facets(facets))
                return True
            if key in GRADES:
                self._last = answered_told(self._session.direct(GRADES[key], facets))
                return True
            if key == ESCAPE:
                return False

    # --- notes, guideline ----------------------------------------------------------------------

    def _write_note(self, shown: Shown) -> None:
        """A line of text; Enter keeps it for the label to come, Esc leaves it as it was."""
        text = self._note
        while True:
            foot = [Text.assemble("Note: ", safe(text), ("▏", "bold")), _dim("Enter keeps · Esc leaves")]
            key = self._ask(self._pair_view(shown, foot), as_typed=True)
            if key in (ENTER, ESCAPE):
                self._note = text.strip() if key == ENTER else self._note
                self._session.note(self._note)
                return
            if key == PASTED:
                text += " ".join(self._keys.pasted.split())
            text = text[:-1] if key == BACKSPACE else text + key if len(key) == 1 else text

    def _guideline(self) -> None:
        """A section at a time, the rules first."""
        from semsearch.cli.screen import markdown
        from semsearch.relevance.guideline import RULES, sections

        all_of_it = sections()
        key = RULES
        while True:
            titles = " · ".join(f"{n} {title}" for n, (title, _) in all_of_it.items())
            foot = [_dim(titles), _dim("a number goes there · space next page · b page before · q back to the pair")]
            _, text = all_of_it[key]
            pressed = self._ask(View([], [markdown(text)], foot, brief=[_dim(GUIDE_KEYS)]), paged=True)
            if pressed in ("q", "g", ESCAPE, ENTER):
                return
            key = pressed if pressed in all_of_it else key

    # --- drawing and keys ------------------------------------------------------------------------

    def _view(self, shown: Shown) -> View:
        noted = [_dim(f"Note: {safe(self._note)}")] if self._note else []
        known = [Text(KNOWN, style="bold")] if self._known else []
        told, progress = [*self._last, *noted, *known], self._session.progress
        foot = [*told, *keys_told(self._adjudicating), progress_told(progress, self._place)]
        return self._pair_view(shown, foot, [*told, keys_in_brief(self._adjudicating), progress_told(progress)])

    def _pair_view(self, shown: Shown, foot: Sequence[Text], brief: Sequence[Text] = ()) -> View:
        return pair_view(shown, foot, self._places, brief)

    def _ask(self, view: View, *, fresh: bool = False, as_typed: bool = False, paged: bool = False) -> str:
        """Draw a view and wait for a key that does not page. A `fresh` one takes no key that was typed before it."""
        page = 0
        pages = self._screen.draw(view, page, first=self._keys.forget if fresh else None)
        while True:
            typed = self._keys.read(TICK_S)
            if typed is None:
                if self._screen.resized():
                    pages = self._screen.draw(view, page)
                continue
            key = typed if as_typed else command(typed)
            turn = 0 if as_typed else {" ": 1, "b": -1 if paged else 0}.get(key, 0)
            if not turn:
                return key
            page = (page + turn) % pages
            pages = self._screen.draw(view, page)


def _typed(words: Sequence[str], keys: Sequence[str]) -> Typed:
    """Facets from a key a word: an intent begins one, + goes on with the one before it."""
    found: Typed = []
    for word, key in zip(words, keys, strict=False):
        if key in TYPED:
            found.append((TYPED[key], word))
        elif key == JOINED and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {word}")
    return found


def _dim(text: str) -> Text:
    return Text(text, style="dim")
