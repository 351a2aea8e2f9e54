"""Single keys from a terminal, without Enter. Korean keys stand for the Latin ones under them: ㅋ is z."""

from __future__ import annotations

import codecs
import os
import select
import unicodedata
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any

from semsearch.text.keyboard import to_latin

ENTER, ESCAPE, BACKSPACE, PASTED, OTHER = "enter", "escape", "backspace", "pasted", "other"
_NAMED = {"\r": ENTER, "\n": ENTER, "\x7f": BACKSPACE, "\x08": BACKSPACE}
_REST_S = 0.05
"""Within this time the rest of an escape sequence comes; an Esc that was pressed comes alone."""
_READ = 1024
_PASTE, _PASTE_END = "200~", "\x1b[201~"
"""Around a paste, in a terminal that was asked to tell (bracketed paste)."""


class Keys:
    """A terminal that hands on each key at once while it is entered; as before afterwards.

    Ctrl-C stays what it is: KeyboardInterrupt.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[str] = deque()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._before: Any = None
        self.pasted = ""
        """What the last PASTED was."""

    def __enter__(self) -> Keys:
        import termios
        import tty

        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import termios

        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)

    def read(self, timeout_s: float) -> str | None:
        """The next character as typed, or ENTER, ESCAPE, BACKSPACE; PASTED for all that was pasted at once; OTHER
        for a key of no letter; None: nothing came.

        Raises EOFError when the terminal is gone.
        """
        if not self._waiting and not self._fill(timeout_s):
            return None
        char = self._waiting.popleft()
        if char == "\x1b":
            return self._escape()
        if char in _NAMED:
            return _NAMED[char]
        return char if char.isprintable() else OTHER

    def forget(self) -> None:
        """Drop what was typed and not read: a key that bounced is no answer to a pair that nobody saw."""
        import termios

        termios.tcflush(self._descriptor, termios.TCIFLUSH)
        self._waiting.clear()
        self._decoder.reset()

    def _fill(self, timeout_s: float) -> bool:
        """Wait until there is a character; whether one came."""
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return False
        try:
            read = os.read(self._descriptor, _READ)
        except OSError as error:
            raise EOFError from error
        if not read:
            raise EOFError
        self._waiting.extend(self._decoder.decode(read))
        return bool(self._waiting)

    def _escape(self) -> str:
        """Esc alone, or the sequence of an arrow, a function key and the like, which is dropped."""
        if not self._waiting and not self._fill(_REST_S):
            return ESCAPE
        sequence = ""
        if self._waiting.popleft() in "[O":
            while self._waiting or self._fill(_REST_S):
                sequence += self._waiting.popleft()
                if "@" <= sequence[-1] <= "~":
                    break
        return self._paste() if sequence == _PASTE else OTHER

    def _paste(self) -> str:
        text = ""
        while not text.endswith(_PASTE_END) and (self._waiting or self._fill(_REST_S)):
            text += self._waiting.popleft()
        self.pasted = text.removesuffix(_PASTE_END)
        return PASTED


def command(key: str) -> str:
    """The command of a key: lower case, half width, Latin where a Korean keyboard typed a letter."""
    if len(key) != 1:
        return key
    latin = to_latin(key)
    return (latin or unicodedata.normalize("NFKC", key)).lower()
