"""Moments and spans of time as they are typed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from semsearch.errors import UsageError

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def span_of(text: str, flag: str) -> timedelta | None:
    """`12h`, `3d` or `2w`; None for what is no span. Raises UsageError for one of more than 9,999 units."""
    found = re.fullmatch(r"([1-9][0-9]*)([hdw])", text)
    if found and len(found[1]) > 4:
        raise UsageError(f"{flag} {text} is longer than any journal.", f"Next: {flag} 30d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def moment_of(text: str, flag: str, tz: str) -> datetime:
    """A date or time as UTC; one without a zone is of `tz`. Raises UsageError for what is none."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(tz))).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{flag} {text} is not a time.", f"Next: {flag} 2027-01-01") from error
