"""Text to typed values: prices, numbers, statuses, lists, attributes. Columns in, columns out.

Each function takes a String series without empty texts and gives (values, reasons): a reason is null where
the value is good.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from semsearch.ingest.names import CURRENCY_NAMES
from semsearch.records import CATEGORY_SEPARATOR

if TYPE_CHECKING:
    import polars as pl

    Typed = tuple[pl.Series, pl.Series]

MAX_TITLE = 10_000
"""Characters. A longer title is a mistake of the export, and no screen shows it."""
MAX_BODY = 1_000_000
"""Characters."""
MAX_TEXT = 10_000
"""Characters of any other text."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_FREE = ("무료", "나눔", "무료나눔", "free")
_MONEY_SIGNS = r"[\s₩￦$€£¥円원]|KRW|USD|EUR|GBP|JPY"
_GROUPED = r"^([-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?)$"
_KOREAN = r"^(?:(\d+(?:\.\d+)?)억)?(?:(\d+(?:\.\d+)?)만)?(?:(\d+(?:\.\d+)?)천)?(\d+)?$"


def ok(series: pl.Series) -> pl.Series:
    """No reason for any row."""
    import polars as pl

    return pl.Series([None], dtype=pl.String).new_from_index(0, len(series))


def told(series: pl.Series, bad: pl.Series, reason: str) -> pl.Series:
    """`reason: 'value'` where `bad`, else null; the value is cut to 60 characters."""
    import polars as pl

    frame = pl.DataFrame({"v": series, "bad": bad})
    reasons = pl.when("bad").then(pl.format("{}: '{}'", pl.lit(reason), pl.col("v").str.slice(0, 60)))
    return frame.select(reasons.alias("r")).to_series()


def text(series: pl.Series, limit: int = MAX_TEXT) -> Typed:
    """Text as it is, of at most `limit` characters and without NUL."""
    import polars as pl

    long = (series.str.len_bytes() > limit) & (series.str.len_chars() > limit)
    nul = series.str.contains("\x00", literal=True)
    if not long.any() and not nul.any():
        return series, ok(series)
    reason = pl.when("nul").then(pl.lit("holds a NUL character")).when("long").then(pl.lit(f"is longer than {limit:,}"))
    frame = pl.DataFrame({"nul": nul, "long": long})
    return series, frame.select(reason.alias("r")).to_series()


def identifier(series: pl.Series) -> Typed:
    """An id: text without outer white space, leading zeros kept; no control characters (they break TSV and TREC)."""
    stripped = series.str.strip_chars()
    reasons = told(series, stripped.str.contains(r"[\x00-\x1f\x7f]").fill_null(False), "has a control character")
    return stripped, text(stripped)[1].zip_with(reasons.is_null(), reasons)


def price(series: pl.Series, scale: float | None = None) -> Typed:
    """Amounts such as 15000, 15,000원, ₩15,000, $49.95, 1.5만, 15만5천, 무료나눔; 0 or more, finite."""
    import polars as pl

    number = series.cast(pl.Float64, strict=False)
    if number.null_count() > series.null_count():
        number = number.zip_with(number.is_not_null() | series.is_null(), _amount(series))
    if scale is not None:
        number = (number * scale).round(6)
    number = number.set(number == 0, 0.0)  # -0 is the same price
    reasons = told(series, series.is_not_null() & number.is_null(), "is not an amount")
    for bad, reason in ((number < 0, "is negative"), (~number.is_finite(), "is not finite")):
        reasons = reasons.zip_with(reasons.is_not_null(), told(series, bad, reason))
    return number, reasons


def _amount(series: pl.Series) -> pl.Series:
    import polars as pl

    raw = pl.col("v").str.strip_chars().str.to_lowercase().is_in(_FREE)
    plain = pl.col("v").str.replace_all(_MONEY_SIGNS, "")
    grouped = plain.str.extract(_GROUPED, 1).str.replace_all(",", "")
    bare = pl.when(~plain.str.contains(",")).then(plain)
    parts = [bare.str.extract(_KOREAN, n).cast(pl.Float64, strict=False) for n in range(1, 5)]
    korean = pl.when(bare.str.contains("[억만천]") & bare.str.contains(_KOREAN)).then(
        pl.sum_horizontal(part * unit for part, unit in zip(parts, (1e8, 1e4, 1e3, 1.0), strict=True)).round(6)
    )
    number = pl.coalesce(
        pl.when(raw).then(0.0), bare.cast(pl.Float64, strict=False), grouped.cast(pl.Float64, strict=False), korean
    )
    return pl.DataFrame({"v": series}).select(number.alias("n")).to_series()


def whole(series: pl.Series, least: int, scale: float | None = None) -> Typed:
    """Whole numbers of at least `least`; 3.0 is 3."""
    import polars as pl

    number = series.str.strip_chars().cast(pl.Float64, strict=False) * (1.0 if scale is None else scale)
    good = number.is_finite() & (number == number.round()) & (number >= least) & (number < 2**53)
    bad = series.is_not_null() & ~good.fill_null(False)
    fits = number.zip_with(~bad, pl.Series([None], dtype=pl.Float64).new_from_index(0, len(series)))
    return fits.cast(pl.Int64, strict=False), told(series, bad, f"is not a whole number from {least}")


def one_of(series: pl.Series, names: Mapping[str, tuple[str, ...]]) -> Typed:
    """The key of `names` that a value is a name of, whatever its case and spaces."""
    import polars as pl

    spellings = {spelling: key for key, known in names.items() for spelling in known}
    plain = series.str.to_lowercase().str.replace_all(r"\s", "")
    found = plain.replace_strict(spellings, default=None, return_dtype=pl.String)
    return found, told(series, series.is_not_null() & found.is_null(), f"is none of {', '.join(names)}")


def currency(series: pl.Series) -> Typed:
    """ISO 4217 codes; 원, ₩, $, €, £ and ¥ are read too."""
    import polars as pl

    signs = {sign: code for code, known in CURRENCY_NAMES.items() for sign in known}
    code = series.str.strip_chars().replace(signs).str.to_uppercase()
    bad = ~code.str.contains("^[A-Z]{3}$")
    return code.cast(pl.String), told(series, bad.fill_null(False), "is no ISO 4217 code")


def category(series: pl.Series) -> Typed:
    """A path; `>` or a JSON list separates levels. `/` does not: 가구/인테리어 is one level."""
    import polars as pl

    if series.str.starts_with("[").any():
        series = pl.Series([value and _joined(value) for value in series], dtype=pl.String)
    path = series.str.replace_all(r"\s*>\s*", CATEGORY_SEPARATOR).str.strip_chars(" >")
    return path, text(path)[1]


def _joined(value: str) -> str:
    levels = parsed(value) if value.startswith("[") else None
    return CATEGORY_SEPARATOR.join(map(_plain, levels)) if isinstance(levels, list) else value


def text_list(series: pl.Series, separators: str) -> Typed:
    """Lists of text: a JSON list, or values between any of `separators` (a character class)."""
    import polars as pl

    lists = [None if value is None else _items(value, separators) for value in series]
    values = pl.Series(lists, dtype=pl.List(pl.String))
    return values, text(series, MAX_BODY)[1]


def _items(value: str, separators: str) -> list[str]:
    listed = parsed(value) if value.startswith("[") else None
    parts = listed if isinstance(listed, list) else re.split(f"[{re.escape(separators)}]", value)
    return [kept for part in parts if part is not None and (kept := _plain(part).strip())]


def attributes(series: pl.Series) -> Typed:
    """JSON objects as JSON text with sorted keys and text values; nested keys are dotted, lists joined by `, `."""
    import polars as pl

    flat = [None if value is None else flat_attributes(parsed(value)) for value in series]
    values = pl.Series([None if f is None else dump_attributes(f) for f in flat], dtype=pl.String)
    reasons = told(series, series.is_not_null() & values.is_null(), "is not a JSON object")
    return values, reasons.zip_with(reasons.is_not_null(), text(values, MAX_BODY)[1])


def flat_attributes(value: Any, prefix: str = "") -> dict[str, str] | None:
    """An object of any JSON values as text values; null for what is no object. Empty values are left out."""
    if not isinstance(value, dict):
        return None
    flat: dict[str, str] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat |= flat_attributes(inner, f"{prefix}{key}.") or {}
        elif inner is not None and (plain := _plain(inner).strip()):
            flat[prefix + str(key)] = plain
    return flat


def dump_attributes(values: Mapping[str, str]) -> str:
    """JSON text with sorted keys, so that equal attributes are equal text."""
    return _ENCODER.encode(values)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value if part is not None)
    return json.dumps(value, ensure_ascii=False)


def parsed(value: str) -> Any:
    """The value of a JSON text; None for what is none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
