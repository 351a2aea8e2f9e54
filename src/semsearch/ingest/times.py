"""Text to UTC times: ISO 8601, epochs and Korean spreadsheet dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
_CLOCK = (
    r"(?:[T\s]\s*(오전|오후|[AaPp][Mm])?\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?"
    r"\s*([AaPp][Mm])?\s*([Zz]|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
)
_DATED = r"^\s*(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[.일]?" + _CLOCK + r"\s*$"
_COMPACT = r"^\s*(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})(Z)?)?\s*$"
_EPOCHS = ((r"^\s*\d{9,11}(?:\.\d+)?\s*$", 1_000_000), (r"^\s*\d{12,13}\s*$", 1_000), (r"^\s*\d{15,16}\s*$", 1))


def check_tz(tz: str) -> None:
    """Raises UsageError for a name that the time zone database lacks."""
    import polars as pl

    try:
        pl.Series([None], dtype=pl.Datetime("us")).dt.replace_time_zone(tz)
    except pl.exceptions.ComputeError as error:
        raise UsageError(f"No time zone {tz!r}.", "Next: a name such as Asia/Seoul or UTC") from error


def to_utc(text: pl.Series, tz: str) -> pl.Series:
    """Times in UTC, microseconds; null where `text` is null or is no time.

    Read are ISO 8601 with or without offset, a date alone (midnight), `2023. 1. 5. 오후 2:30`,
    `2023년 1월 5일`, `2023/01/05 14:30`, 20230105, and epochs in seconds (9–11 digits), milliseconds
    (12–13) and microseconds (15–16). Times without a zone are in `tz`; one that a clock change
    repeats is the earlier one, one that it skips is none.
    """
    import polars as pl

    fast = text.str.to_datetime(_ISO, strict=False, time_unit="us").dt.replace_time_zone("UTC")
    left = fast.is_null() & text.is_not_null()
    if not left.any():
        return fast
    frame = pl.DataFrame({"t": text.filter(left)})
    slow = frame.select(pl.coalesce(_dated(tz), _compact(tz), *(_epoch(*rule) for rule in _EPOCHS))).to_series()
    return fast.scatter(left.arg_true(), slow)


def zoneless(text: pl.Series) -> pl.Series:
    """Whether a text is a time that `to_utc` takes to be of `tz`, since it names no zone itself; null where it is."""
    import polars as pl

    dated, compact = pl.col("t").str.contains(_DATED), pl.col("t").str.contains(_COMPACT)
    named = pl.coalesce(pl.col("t").str.extract(_DATED, 10), pl.col("t").str.extract(_COMPACT, 7))
    return pl.DataFrame({"t": text}).select((dated | compact) & named.is_null()).to_series()


def _epoch(pattern: str, us: int) -> pl.Expr:
    import polars as pl

    t = pl.col("t")
    number = pl.when(t.str.contains(pattern)).then(t.str.strip_chars()).cast(pl.Float64, strict=False)
    return (number * us).round().cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _dated(tz: str) -> pl.Expr:
    import polars as pl

    year, month, day, before, hour, minute, second, fraction, after, zone = (
        pl.col("t").str.extract(_DATED, n) for n in range(1, 11)
    )
    half = pl.coalesce(before, after).str.to_lowercase()
    hours = hour.fill_null("0").cast(pl.Int32)
    hours = pl.when(half.is_null()).then(hours).otherwise(hours % 12 + half.is_in(["오후", "pm"]).cast(pl.Int32) * 12)
    return _moment(
        [year, month, day, hours.cast(pl.String), minute, second],
        fraction.fill_null("0").str.pad_end(6, "0"),
        zone,
        tz,
    )


def _compact(tz: str) -> pl.Expr:
    import polars as pl

    parts = [pl.col("t").str.extract(_COMPACT, n) for n in range(1, 8)]
    return _moment(parts[:6], pl.lit("000000"), parts[6], tz)


def _moment(parts: list[pl.Expr], fraction: pl.Expr, zone: pl.Expr, tz: str) -> pl.Expr:
    import polars as pl

    year, month, day, hour, minute, second = parts
    clock = [part.fill_null("00").str.zfill(2) for part in (hour, minute, second)]
    text = pl.format("{}-{}-{} {}:{}:{}.{}", year, month.str.zfill(2), day.str.zfill(2), *clock, fraction)
    local = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", strict=False, time_unit="us")
    digits = zone.str.replace_all(r"[^\d]", "").str.pad_end(4, "0")
    offset = digits.str.slice(0, 2).cast(pl.Int32, strict=False).fill_null(0) * 60
    offset = (offset + digits.str.slice(2, 2).cast(pl.Int32, strict=False).fill_null(0)) * pl.when(
        zone.str.starts_with("-")
    ).then(-1).otherwise(1)
    zoned = local.dt.replace_time_zone("UTC") - pl.duration(minutes=offset)
    zoneless = local.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    return pl.when(zone.is_not_null()).then(zoned).otherwise(zoneless)
