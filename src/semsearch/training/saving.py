"""Towers on their way to the disk, which may be full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from semsearch.errors import Missing


@contextmanager
def saving(what: str) -> Iterator[None]:
    """Raise Missing for a disk that is full or cannot be written, however the library below tells it."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        raise _told(what, error) from error
    except Exception as error:
        if type(error) is not Exception:  # tokenizers raises bare ones
            raise
        raise _told(what, error) from error


def _told(what: str, error: Exception) -> Missing:
    return Missing(f"{what} cannot be saved: {error}.", "Next: free some disk space, then run the same command again")
