"""How the digits of a number stand apart: what may be between them, and between its groups."""

from __future__ import annotations

BARS = "|ㅣ"
"""Between groups as in 010|1234|5678; elsewhere each may stand for a 1."""


def brk(but: str = "") -> str:
    """A pattern of one sign between digits, of which those of `but` are none."""
    return rf"(?:[^\w|{but}]|[_ㅡ])"


def gap(but: str = "") -> str:
    """A pattern of what may stand between two digits: nothing, some signs, or `dash` as it is spoken."""
    return rf"(?:{brk(but)}{{0,5}}| ?(?:다시|에|국에) ?)"
