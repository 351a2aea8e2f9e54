"""What to say to an id that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from semsearch.errors import UsageError


def unknown(what: str, given: str, known: Sequence[str], command: str) -> UsageError:
    """The error for an id that there is none of: names the nearest known ones, and the command that lists them."""
    near = get_close_matches(given, known[:10_000], n=3, cutoff=0.75)
    instead = f" Did you mean {' or '.join(near)}?" if near else ""
    return UsageError(f"There is no {what} '{given}'.{instead}", f"Next: {command}")
