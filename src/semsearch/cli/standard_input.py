"""Standard input for commands that read `-`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import BinaryIO


def standard_input(files: Sequence[str]) -> BinaryIO | None:
    """The bytes of standard input; when `-` is among `files`, Ctrl-C ends a read that waits."""
    if "-" in files:
        _let_ctrl_c_end_a_read()
    return getattr(sys.stdin, "buffer", None)


def _let_ctrl_c_end_a_read() -> None:
    """The signal handler of Polars has a blocked read go on after Ctrl-C, until the next row comes."""
    import signal

    import polars  # noqa: F401 - it sets its handler when it is imported

    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)
