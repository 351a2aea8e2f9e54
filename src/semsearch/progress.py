"""How a long job says where it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done and how many there are (0 when nobody knows)."""


def silent(what: str, done: int, total: int) -> None:
    """The progress of a job that nobody watches."""
