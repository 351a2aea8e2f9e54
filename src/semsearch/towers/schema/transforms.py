"""Feature transforms: one column in, words out; a word becomes a token `[name:word]` of the tower's vocabulary.

A transform sees each distinct value once, nulls left out and lists taken apart, and returns one word (or a list of
words) for it. What it has to learn from the data first (edges, means) is its *scale*, fitted once on all values and
frozen. `text` and `listing` end in running text instead and stand in `TEXTS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from semsearch.records import CATEGORY_SEPARATOR
from semsearch.text.views import search
from semsearch.towers.template import ItemTemplate, cut

if TYPE_CHECKING:
    import polars as pl

Scale = Mapping[str, Any]
"""What a transform learned; plain values, so that a model card can hold it."""
SIGMAS = 3.0
"""`normalise` cuts at so many standard deviations."""


def _no_scale(_values: pl.Series, _size: int) -> Scale:
    return {}


@dataclass(frozen=True, slots=True)
class Transform:
    """How the values of one feature become words."""

    types: tuple[str, ...]
    """What it fits."""
    size: int
    """Words that it makes at most, unless the feature says otherwise."""
    words: Callable[[pl.Series, int, Mapping[str, Any], Scale], pl.Series]
    """(values, size, options, scale) → String or List(String), one a value."""
    options: Mapping[str, Any]
    """Its own keys and their defaults."""
    scale: Callable[[pl.Series, int], Scale] = _no_scale
    """(values, size) → what `words` needs to know."""
    family: str = ""
    """Features that share a token name are of one family: they make the same words of the same values."""


def _token(values: pl.Series, _size: int, _options: Mapping[str, Any], _scale: Scale) -> pl.Series:
    """The value itself."""
    return values


def _leaf(values: pl.Series, _size: int, _options: Mapping[str, Any], _scale: Scale) -> pl.Series:
    """The last level of a path: 의류 > 신발 > 운동화 → 운동화."""
    return values.str.split(CATEGORY_SEPARATOR).list.last()


def _path(values: pl.Series, _size: int, _options: Mapping[str, Any], _scale: Scale) -> pl.Series:
    """Each level with those above it, so that a rare leaf learns from its parents."""
    import polars as pl

    parts = [value.split(CATEGORY_SEPARATOR) for value in values]
    paths = [[CATEGORY_SEPARATOR.join(part[: n + 1]) for n in range(len(part))] for part in parts]
    return pl.Series(paths, dtype=pl.List(pl.String))


def _hash(values: pl.Series, size: int, _options: Mapping[str, Any], _scale: Scale) -> pl.Series:
    """BLAKE2b of the value modulo size: the same on every machine and in every version."""
    import polars as pl

    digests = (hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=8).digest() for value in values)
    return pl.Series([f"h{int.from_bytes(digest, 'big') % size}" for digest in digests], dtype=pl.String)


def _edges(values: pl.Series, size: int) -> Scale:
    """The quantiles between `size` buckets; equal ones count once."""
    import numpy as np

    numbers = _numbers(values)
    if not numbers.size:
        return {"edges": []}
    return {"edges": np.unique(np.quantile(numbers, np.arange(1, size) / size)).tolist()}


def _bucketise(values: pl.Series, _size: int, _options: Mapping[str, Any], scale: Scale) -> pl.Series:
    """`b0`, `b1`, … by the frozen edges; a value on an edge belongs to the bucket above it."""
    import numpy as np

    return _numbered("b", np.searchsorted(np.array(scale["edges"], float), _numbers(values), side="right"))


def _moments(values: pl.Series, _size: int) -> Scale:
    numbers = _numbers(values)
    return {"mean": float(numbers.mean()) if numbers.size else 0.0, "std": float(numbers.std()) if numbers.size else 0}


def _normalise(values: pl.Series, size: int, _options: Mapping[str, Any], scale: Scale) -> pl.Series:
    """`z0` … : equal steps of the standard score between -3 and 3, by the frozen mean and deviation."""
    import numpy as np

    scores = (_numbers(values) - scale["mean"]) / (scale["std"] or 1.0)
    steps = np.floor((scores + SIGMAS) / (2 * SIGMAS) * size)
    return _numbered("z", np.clip(steps, 0, size - 1).astype(np.int64))


def _calendar(values: pl.Series, _size: int, options: Mapping[str, Any], _scale: Scale) -> pl.Series:
    """Hour (0-23), weekday (1 is Monday) or month of a time, in the time zone `tz`."""
    import polars as pl

    part = getattr(values.dt.convert_time_zone(options["tz"]).dt, options["part"])()
    return part.cast(pl.String)  # type: ignore[no-any-return]


def _numbers(values: pl.Series) -> Any:
    """float64; a time counts as its seconds since 1970."""
    import polars as pl

    if values.dtype.is_temporal():
        return values.cast(pl.Datetime("us", "UTC")).to_physical().to_numpy() / 1e6
    return values.cast(pl.Float64).to_numpy()


def _numbered(letter: str, numbers: Any) -> pl.Series:
    import polars as pl

    return letter + pl.Series(numbers).cast(pl.String)


VALUES = "value"
TRANSFORMS: dict[str, Transform] = {
    "token": Transform(("category",), 10_000, _token, {}, family=VALUES),
    "top": Transform(("list",), 10_000, _token, {"n": 20}, family=VALUES),
    "leaf": Transform(("category", "list"), 10_000, _leaf, {"n": 20}, family=VALUES),
    "path": Transform(("category", "list"), 10_000, _path, {"n": 20}, family=VALUES),
    "hash": Transform(("category", "list"), 1_000, _hash, {"n": 20}, family="hash"),
    "bucketise": Transform(("number", "time"), 10, _bucketise, {}, _edges, "bucketise"),
    "normalise": Transform(("number",), 12, _normalise, {}, _moments, "normalise"),
    "calendar": Transform(("time",), 31, _calendar, {"part": "hour", "tz": "UTC"}, family="calendar"),
}


@dataclass(frozen=True, slots=True)
class TextTransform:
    """How the rows of a frame become running text in the search view."""

    texts: Callable[[pl.DataFrame, pl.Series, Mapping[str, Any]], list[str]]
    """(frame, its column, options) → one text a row."""
    options: Mapping[str, Any]
    types: tuple[str, ...] = ("text",)


def _text(_frame: pl.DataFrame, values: pl.Series, options: Mapping[str, Any]) -> list[str]:
    """The search view, cut after `chars` characters at the end of a word; 0 cuts nothing."""
    texts = [search(value or "") for value in values.to_list()]
    return [cut(text, options["chars"]) for text in texts] if options["chars"] else texts


def _listing(frame: pl.DataFrame, _values: pl.Series, options: Mapping[str, Any]) -> list[str]:
    """Title, brand, category, body and names of attributes, as ItemTemplate puts them together."""
    return ItemTemplate(**options).texts(frame)


TEXTS: dict[str, TextTransform] = {
    "text": TextTransform(_text, {"chars": 0}),
    "listing": TextTransform(_listing, {f.name: f.default for f in fields(ItemTemplate)}),
}
DEFAULTS = {"text": "text", "number": "bucketise", "category": "token", "time": "bucketise", "list": "top"}
"""The transform of a type when a feature names none."""
