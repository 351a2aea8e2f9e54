"""A terminal used as a whole: lines above, text that can be paged, lines below. On stderr, for stdout is data."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from semsearch.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?2004h", "\n\x1b[?2004l\x1b[?25h\x1b[?1049l"
"""The other page, no cursor, pastes told apart; and back, below what was drawn where a terminal has one page."""
_HOME, _TO_LINE_END, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"
USUAL = (80, 24)
NARROWEST = 4
WIDEST = 100
"""Columns of a line: longer ones are hard to read."""
_RULED = 12
"""Lines of a terminal from which on there is room for a rule."""
_BRIEF = 16
"""Lines of a terminal below which a foot is brief."""
_STEADY = 10
"""Lines above the foot, also of a short text: so it mostly stays where it is."""
_READABLE = 4
"""Lines of the body that have to be seen at once."""


@dataclass(frozen=True, slots=True)
class View:
    """What is drawn at once, one below the other. Where there is little room what is too long of head and `after` is
    paged with the body; the end of the foot is cut off."""

    head: Sequence[Text]
    body: Sequence[RenderableType]
    foot: Sequence[Text]
    after: Sequence[Text] = ()
    """What is said of the body."""
    brief: Sequence[Text] = ()
    """The foot of a low terminal, each of one line; the first go where there are too many."""


def check_terminal(next_step: str) -> None:
    """Raise UsageError unless keys can be read from a terminal and a screen drawn on it."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("Labelling needs a terminal; here input or stderr is a file or a pipe.", next_step)
    if os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        raise UsageError("This terminal cannot be drawn on: the variable TERM does not say what it is.", next_step)
    try:
        import termios  # noqa: F401
    except ImportError as error:
        raise UsageError("Single keys can be read on Linux and macOS only.", next_step) from error


class Screen:
    """Draws on the terminal's other page and leaves the first one as it was; EOFError when the terminal is gone."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._size = USUAL

    def __enter__(self) -> Screen:
        self._write(_ENTER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(EOFError):
            self._write(_LEAVE)

    def resized(self) -> bool:
        """Whether the terminal has another size than when it was drawn on."""
        return _size() != self._size

    def draw(self, view: View, page: int = 0, *, first: Callable[[], None] | None = None) -> int:
        """Draw one page of a view; how many pages its body has. `first` is called right before it can be seen."""
        self._size = width, height = _size()
        head, body, after = (self._wrapped(each, width) for each in (view.head, view.body, view.after))
        if view.brief and height < _BRIEF:
            foot = self._wrapped([_cut(text, width) for text in view.brief], width)[-max(1, height // 2) :]
        else:
            foot = self._wrapped(view.foot, width)[: max(1, height // 2, height - len(head))]
        if height >= _RULED:
            foot = [*self._wrapped([_rule(width)], width), *foot]
        room = height - len(foot)
        if len(head) + len(body) + len(after) > room:
            head, body, after = _fitted([*filter(None, head)], body, [*filter(None, after)], room)
        room -= len(head) + len(after)
        pages = 1 if len(body) <= room or room < 2 else -(-len(body) // (room - 1))
        if pages > 1:
            start = page % pages * (room - 1)
            shown = body[start : start + room - 1]
            short = [""] * (room - 1 - len(shown))
            body = [*shown, *short, *self._wrapped([_more(page % pages, pages)], width)[:1]]
        if first:
            first()
        above = [*head, *body[: max(0, room)], *after]
        steady = [""] * (min(_STEADY, height - len(foot)) - len(above)) if body else []
        self._write(_HOME + f"{_TO_LINE_END}\n".join([*above, *steady, *foot]) + _TO_END)
        return pages

    def _wrapped(self, texts: Sequence[RenderableType], width: int) -> list[str]:
        """Lines of terminal code, none of them wider than `width` columns, nor than can be read."""
        return [line for text in texts for line in self._lines(text, min(width, WIDEST))]

    def _lines(self, text: RenderableType, width: int) -> list[str]:
        from rich.text import Text

        if not isinstance(text, Text):
            with self._console.capture() as captured:
                self._console.print(text, width=width)
            return captured.get().splitlines()
        out = []
        for line in text.wrap(self._console, width):
            line.rstrip()
            with self._console.capture() as captured:
                self._console.print(line, end="", no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
            out.append(captured.get())
        return out

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError as error:
            raise EOFError from error


def markdown(text: str) -> RenderableType:
    """Markdown as it reads; tables keep all of their words, where rich cuts wide ones off."""
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.markdown import Markdown, TableElement
    from rich.table import Table

    class Whole(TableElement):
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for table in super().__rich_console__(console, options):
                for column in table.columns if isinstance(table, Table) else ():
                    column.overflow = "fold"
                yield table

    class Read(Markdown):
        elements = Markdown.elements | {"table_open": Whole}

    return Read(text)


def _fitted(head: list[str], body: list[str], after: list[str], room: int) -> tuple[list[str], list[str], list[str]]:
    """The three without more lines than leave some for the body: what is too much of the others is read with it."""
    if room < 2 * _READABLE:
        n_head = min(1, max(0, room))
        return head[:n_head], [*head[n_head:], *body, *after], []
    n_after = min(len(after), max(room // 4, room - _READABLE - len(head)))
    n_head = min(len(head), room - _READABLE - n_after)
    return head[:n_head], [*head[n_head:], *body, *after[n_after:]], after[:n_after]


def _cut(text: Text, width: int) -> Text:
    short = text.copy()
    short.truncate(width, overflow="ellipsis")
    return short


def _rule(width: int) -> Text:
    from rich.text import Text

    return Text("─" * min(width, WIDEST), style="dim")


def _more(page: int, pages: int) -> Text:
    from rich.text import Text

    return Text(f"— {page + 1} of {pages}: space shows more —", style="dim")


def _size() -> tuple[int, int]:
    """(columns, lines) of the terminal; a usual size where it does not say."""
    try:
        found = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        return USUAL
    width, height = found.columns or USUAL[0], found.lines or USUAL[1]
    return max(width, NARROWEST), max(height, 1)
