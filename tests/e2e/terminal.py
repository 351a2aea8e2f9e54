"""The installed program in a real terminal (a pseudo-terminal), with keys pressed and the screen read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from types import TracebackType

from tests.e2e.program import ENVIRONMENT, PROGRAM

HOME, END = "\x1b[H", "\x1b[J"
CODE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PATIENCE_S = 30.0
TERM = {"TERM": "xterm-256color"}
TAKES = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the one that Ctrl-C comes from, then becomes the command."""


class Terminal:
    """One command in a terminal of its own. `screen` is the last whole drawing without its codes."""

    def __init__(
        self, *arguments: object, size: tuple[int, int] = (100, 30), environment: Mapping[str, str] | None = None
    ) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(*size)
        self.process = subprocess.Popen(
            [PROGRAM[0], "-c", TAKES, *PROGRAM, *map(str, arguments)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=ENVIRONMENT | TERM | (environment or {}),
            start_new_session=True,
        )
        os.close(theirs)
        self.raw = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self._ours)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    @property
    def screen(self) -> str:
        end = self.raw.rfind(END)
        begin = self.raw.rfind(HOME, 0, max(end, 0))
        return CODE.sub("", self.raw[begin:end]) if 0 <= begin < end else ""

    def wait(self, wanted: str | Callable[[str], bool]) -> str:
        """The screen as soon as it has this text; fails with what there is."""
        holds = wanted if callable(wanted) else lambda screen: wanted in screen
        until = time.monotonic() + PATIENCE_S
        while not holds(self.screen):
            assert time.monotonic() < until, f"waited for {wanted!r}; there is: {self.screen or self.raw}"
            assert self._read(), f"ended before {wanted!r}: {CODE.sub('', self.raw)}"
        return self.screen

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout, and all that the terminal got, when the command has ended."""
        until = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < until, f"does not end: {self.screen}"
        out = self.process.stdout.read().decode() if self.process.stdout else ""
        return self.process.wait(PATIENCE_S), out, self.raw

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Read what is there, for a moment; False when the command has ended."""
        if not select.select([self._ours], [], [], 0.2)[0]:
            return self.process.poll() is None
        try:
            found = os.read(self._ours, 1 << 16)
        except OSError:
            return False
        self.raw += found.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(found)
