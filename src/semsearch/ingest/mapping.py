"""Which column fills which field: guessed from usual English and Korean names, or said with `field=source`.

A source is a column (`price`), a place inside one (`specs.maker`, `photos[0].url`), several columns joined
(`level1+level2` by ` > `, a post's `title+body` by a line end), a number column scaled (`price_cents*0.01`) or a
constant (`'KRW'`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.errors import UsageError
from semsearch.ingest.names import ALIASES, CATEGORY_LEVELS, REQUIRED, RowKind
from semsearch.records import CATEGORY_SEPARATOR

_LEVEL = re.compile(r"(?:category|cat|level|카테고리|분류)([1-9])")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_SCALED = ("price", "position", "n_results")
JOINED = {"category": CATEGORY_SEPARATOR, "text": "\n"}
"""Fields that may take several columns, and what comes between these."""
_SCALE = re.compile(r"(.+?)\s*\*\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)$")


@dataclass(frozen=True)
class Place:
    """A column and the way into it."""

    column: str
    steps: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Expression:
    """What fills one field. `text` is how it is written; exactly one of `places` and `constant` is filled."""

    text: str
    places: tuple[Place, ...] = ()
    constant: str | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Mapped:
    """Fields with their expressions, and the columns that no field uses."""

    names: tuple[str, ...]
    """Columns seen so far."""
    fields: dict[str, Expression]
    unused: tuple[str, ...]
    absent: tuple[str, ...]
    """Columns that the user named and the rows (so far) lack."""

    @property
    def texts(self) -> dict[str, str]:
        """Field to source, as written."""
        return {name: expression.text for name, expression in self.fields.items()}


def parse_maps(texts: Iterable[str]) -> dict[str, str]:
    """`["title=제목", …]` as field → source; raises UsageError for one without `=`."""
    parsed: dict[str, str] = {}
    for text in texts:
        field, sign, source = text.partition("=")
        if not sign or not field.strip():
            raise UsageError(f"--map {text!r} is not field=column.", "Next: such as --map title=제목")
        parsed[field.strip()] = source.strip()
    return parsed


def from_settings(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The same from a table of semsearch.toml: nested tables are dotted fields, lists are joined levels."""
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= from_settings(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            flat[prefix + key] = "+".join(map(str, value))
        else:
            flat[prefix + key] = value if isinstance(value, str) else f"'{value}'"
    return flat


def resolve(kind: RowKind, names: Sequence[str], given: Mapping[str, str]) -> Mapped:
    """The mapping for rows with these columns: what was given, then guesses for the other fields.

    `field=` with nothing after it leaves a field empty that would be guessed.
    Raises UsageError for an unknown field.
    """
    for field in given:
        _check_field(kind, field)
    fields = {field: parse(source, names) for field, source in given.items() if source}
    for field, expression in fields.items():
        _check_use(field, expression)
    for field, expression in _guess(kind, names, taken=_columns(fields.values())).items():
        if field not in given:
            fields.setdefault(field, expression)
    used = _columns(fields.values())
    order = {field: n for n, field in enumerate(ALIASES[kind])}
    return Mapped(
        names=tuple(names),
        fields=dict(sorted(fields.items(), key=lambda pair: order.get(pair[0], len(order)))),
        unused=tuple(name for name in names if name not in used),
        absent=tuple(sorted(used - set(names))),
    )


def check_required(kind: RowKind, source: str, mapping: Mapped) -> None:
    """Raises UsageError when a required field has no column, naming the columns and the mapping so far."""
    missing = [field for field in REQUIRED[kind] if field not in mapping.fields]
    if not missing:
        return
    found = ", ".join(f"{field}={e.text}" for field, e in mapping.fields.items()) or "nothing"
    column = mapping.unused[0] if mapping.unused else "COLUMN"
    column = f"'{column}'" if " " in column else column
    raise UsageError(
        f"{source}: no column for {' and '.join(missing)}. Columns: {', '.join(mapping.names)}. Recognised: {found}.",
        f"Next: say which with --map {missing[0]}={column}",
    )


def check_absent(source: str, mapping: Mapped) -> None:
    """Raises UsageError when a column that was named in the mapping is not in the source."""
    if not mapping.absent:
        return
    name = mapping.absent[0]
    near = difflib.get_close_matches(name, mapping.names, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"{source}: no column {name!r}. {hint}Columns: {', '.join(mapping.names)}.",
        f"Next: correct --map; a constant is quoted, such as --map \"currency='{name}'\"",
    )


def parse(text: str, names: Sequence[str]) -> Expression:
    """One source expression; a column whose whole name is `text` wins over any reading of it."""
    if text in names:
        return Expression(text, (Place(text),))
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return Expression(text, constant=text[1:-1])
    scaled = _SCALE.match(text)
    if scaled:
        return Expression(text, (_place(scaled[1], names),), scale=_number(scaled[2]))
    parts = [part.strip() for part in text.split("+")]
    return Expression(text, tuple(_place(part, names) for part in parts))


def _check_use(field: str, expression: Expression) -> None:
    if expression.scale is not None and field not in _SCALED:
        raise UsageError(f"--map {field}={expression.text}: only {', '.join(_SCALED)} can be scaled.")
    if len(expression.places) > 1 and field not in JOINED:
        raise UsageError(f"--map {field}={expression.text}: only {' and '.join(JOINED)} take several columns.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"--map: {text!r} is not a number to scale by.") from error


def _place(text: str, names: Sequence[str]) -> Place:
    if text in names:
        return Place(text)
    dotted = [name for name in names if text.startswith((f"{name}.", f"{name}["))]
    root = max(dotted, key=len) if dotted else re.split(r"[.\[]", text, maxsplit=1)[0]
    rest = text[len(root) :]
    steps = tuple(int(m[2]) if m[2] else m[1] for m in _STEP.finditer(rest))
    if not root or "".join(m[0] for m in _STEP.finditer(rest)) != rest:
        raise UsageError(f"--map: {text!r} is not a column.", "Next: such as title, specs.maker or photos[0].url")
    return Place(root, steps)


def _columns(expressions: Iterable[Expression]) -> set[str]:
    return {place.column for expression in expressions for place in expression.places}


def _check_field(kind: RowKind, field: str) -> None:
    known = [name for name in ALIASES[kind] if not name.startswith("attributes.")]
    if field in known or (kind == "items" and re.fullmatch(r"attributes\..+", field)):
        return
    near = difflib.get_close_matches(field, known, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    extra = "; other columns go to attributes.NAME" if kind == "items" else ""
    raise UsageError(f"--map: {kind} have no field {field!r}. {hint}", f"Next: one of {', '.join(known)}{extra}")


def _guess(kind: RowKind, names: Sequence[str], taken: set[str]) -> dict[str, Expression]:
    free = {_plain(name): name for name in reversed(names) if name not in taken}
    guessed: dict[str, Expression] = {}
    for field, aliases in ALIASES[kind].items():
        alias = next((a for a in map(_plain, aliases) if a in free), None)
        if alias is not None:
            guessed[field] = Expression(free[alias], (Place(free.pop(alias)),))
    if kind == "items" and "category" not in guessed:
        levels = _levels(free)
        if levels:
            guessed["category"] = Expression("+".join(levels), tuple(Place(name) for name in levels))
    return guessed


def _levels(free: Mapping[str, str]) -> list[str]:
    numbered = sorted((m[1], name) for plain, name in free.items() if (m := _LEVEL.fullmatch(plain)))
    return [name for _, name in numbered] or [free[level] for level in CATEGORY_LEVELS if level in free]


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).casefold()
