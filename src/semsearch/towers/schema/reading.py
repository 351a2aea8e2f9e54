"""schema.toml → Schema, with the line of what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, get_args

from semsearch.errors import MissingPart, UsageError
from semsearch.towers.schema.definition import TYPED, Feature, Group, Of, Schema, Side
from semsearch.towers.schema.groups import GROUPS
from semsearch.towers.schema.transforms import DEFAULTS, TEXTS, TRANSFORMS

NAME = re.compile(r"[a-z][a-z0-9_]*")
COMMON = {"column": "", "type": "", "transform": "", "required": False}
TOKENS = {"as": "", "size": 0, "min_count": 0, "none": False}
DEFAULT_MIN_COUNT = 2
"""A value seen once teaches its token nothing; buckets and hashes are kept whole, unless asked otherwise."""
ENDS = {"parts": ("hour", "weekday", "month")}


@dataclass(frozen=True)
class _Source:
    """Where a schema stands, so that a message can point there."""

    path: str
    text: str = ""

    def refuse(self, at: tuple[str, ...], problem: str, hint: str = "") -> NoReturn:
        line = self._line(at)
        place = f"{self.path}, line {line}" if line else self.path
        step = f"{hint} " if hint else ""
        raise UsageError(f"{place} [{'.'.join(at)}]: {problem}", f"{step}Next: correct it (docs/schema.md)")

    def _line(self, at: tuple[str, ...]) -> int:
        """The table's or the key's line: the deepest name on the way to `at` that can be found."""
        lines = self.text.splitlines()
        for depth in range(len(at), 0, -1):
            table = re.escape(".".join(at[:depth]))
            start = self._first(lines, rf"\s*\[\s*{re.escape('.'.join(at[: depth - 1]))}\s*\]") if depth > 1 else 0
            found = self._first(lines, rf"\s*\[\s*{table}\s*\]") or self._first(
                lines, rf"\s*(?:{re.escape(at[depth - 1])}|{table})\s*=", max(start, 0)
            )
            if found:
                return found
        return 0

    @staticmethod
    def _first(lines: list[str], pattern: str, start: int = 0) -> int:
        numbered = enumerate(lines[start:], start + 1)
        return next((number for number, line in numbered if re.match(pattern, line)), 0)


def read_schema(path: Path) -> Schema:
    """The schema in `path`.

    Raises MissingPart without the file; UsageError with file, line and what to do for anything that it does not know,
    for a transform that does not fit a type, and for features that share a token name and disagree.
    """
    if not path.is_file():
        raise MissingPart(f"There is no {path}.", "Next: write one (docs/schema.md), or leave out --pipeline")
    try:
        text = path.read_text(encoding="utf-8-sig")
        value = tomllib.loads(text)
    except ValueError as error:  # not UTF-8, or not TOML
        raise UsageError(f"{path} is not TOML: {error}", "Next: correct that line") from error
    return parse_schema(value, str(path), text)


def parse_schema(value: Mapping[str, Any], path: str = "schema", text: str = "") -> Schema:
    """The schema that a parsed TOML document describes."""
    source = _Source(path, text)
    _known(source, (), value, ("query", "item"), "key")
    query, item = (_table(source, (side,), value.get(side, {})) for side in ("query", "item"))
    of = query.get("of", "query")
    if of not in get_args(Of):
        source.refuse(("query", "of"), f"of is {of!r}; it is one of {', '.join(get_args(Of))}.")
    sides = {"item": _side(source, "item", item), "query": _side(source, "query", query)}
    if not sides["item"].features:
        source.refuse(("item",), "the item side has no features.")
    where = item.get("where", "")
    _typed(source, ("item",), "where", where, str)
    schema = Schema(of, _query_side(source, of, sides), sides["item"], where, path)
    return _agreed(source, schema)


def _query_side(source: _Source, of: str, sides: dict[str, Side]) -> Side:
    """A query side without features is the typed text, or all that the item side reads."""
    if of == "query":
        _no_actor(source, sides["query"])
    if sides["query"].features:
        return sides["query"]
    if of == "query":
        return replace(sides["query"], features=(TYPED,))
    if of == "item":
        return sides["item"]
    return source.refuse(("query",), "an actor has no features.", "Give it recent items: a group with as_of.")


def _no_actor(source: _Source, side: Side) -> None:
    """Typed text is answered without knowing who typed it."""
    for group in side.groups:
        if "actor_id" in GROUPS[group.transform].reads(group.options):
            source.refuse(("query", "groups", group.name), f"{group.transform} needs an actor, not typed text.")
    for feature in side.features:
        if feature.column == "actor_id":
            source.refuse(("query", "features", feature.name), "who typed a text is not known when it is answered.")


def _side(source: _Source, side: str, value: Mapping[str, Any]) -> Side:
    _known(source, (side,), value, ("of" if side == "query" else "where", "groups", "features"), "key")
    groups = _table(source, (side, "groups"), value.get("groups", {}))
    features = _table(source, (side, "features"), value.get("features", {}))
    return Side(
        tuple(_feature(source, (side, "features", name), held) for name, held in features.items()),
        tuple(_group(source, (side, "groups", name), held) for name, held in groups.items()),
    )


def _group(source: _Source, at: tuple[str, ...], value: Any) -> Group:
    given = dict(_table(source, at, value))
    name = given.pop("transform", "")
    _one_of(source, at, "transform", name, GROUPS)
    found = GROUPS[name]
    if at[0] not in found.sides:
        source.refuse(at, f"{name} works on the {' or '.join(found.sides)} side only.")
    _known(source, at, given, found.options, "key")
    options = dict(found.options) | given
    for key, default in found.options.items():
        kind = default if isinstance(default, type) else type(default)
        if isinstance(options[key], type):
            source.refuse(at, f"{name} needs the key '{key}'.")
        _typed(source, at, key, options[key], kind)
    if options.get("columns") == [] or options.get("n", 1) < 1:
        source.refuse(at, f"{name} would make nothing.")
    return Group(at[-1], name, options)


def _feature(source: _Source, at: tuple[str, ...], value: Any) -> Feature:
    given = _table(source, at, value)
    _one_of(source, at, "type", given.get("type", ""), DEFAULTS)
    name = given.get("transform", DEFAULTS[given["type"]])
    _one_of(source, at, "transform", name, (*TRANSFORMS, *TEXTS))
    found = TEXTS.get(name) or TRANSFORMS[name]
    if given["type"] not in found.types:
        fits = [n for n, t in (TRANSFORMS | TEXTS).items() if given["type"] in t.types]
        source.refuse(at, f"{name} does not fit the type {given['type']}.", f"These do: {', '.join(fits)}.")
    keys = COMMON | ({} if name in TEXTS else TOKENS) | dict(found.options)
    _known(source, at, given, keys, "key")
    for key, held in given.items():
        _typed(source, at, key, held, type(keys[key]))
    column = given.get("column", "title" if name == "listing" else at[-1])
    options = {key: given.get(key, default) for key, default in found.options.items()}
    _check_options(source, at, options)
    feature = Feature(at[-1], column, given["type"], name, required=given.get("required", False), options=options)
    if name in TEXTS:
        return feature
    token = given.get("as", at[-1])
    if not NAME.fullmatch(token):
        source.refuse(at, f"'{token}' cannot name tokens: small letters, digits and _ only.")
    counts = {key: given.get(key, 0) for key in ("size", "min_count")}
    if min(counts.values()) < 0 or given.get("size", 1) < 1:
        source.refuse(at, "size and min_count are at least 1.")
    return replace(feature, token=token, none=given.get("none", False), **counts)


def _check_options(source: _Source, at: tuple[str, ...], options: Mapping[str, Any]) -> None:
    if options.get("part", "hour") not in ENDS["parts"]:
        source.refuse(at, f"part is '{options['part']}'; it is one of {', '.join(ENDS['parts'])}.")
    if options.get("n", 1) < 1:
        source.refuse(at, f"n is {options['n']}; it is at least 1.")
    if "tz" in options:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(options["tz"])
        except (ValueError, OSError, LookupError):
            source.refuse(at, f"there is no time zone '{options['tz']}'.")


def _agreed(source: _Source, schema: Schema) -> Schema:
    """Features that share a token name get the size and min_count that one of them gives."""
    shared: dict[str, dict[str, Any]] = {}
    for side, held in schema.sides.items():
        for feature in held.features:
            if not feature.is_text:
                _share(source, (side, "features", feature.name), feature, shared.setdefault(feature.token, {}))

    def settled(feature: Feature) -> Feature:
        if feature.is_text:
            return feature
        agreed = shared[feature.token]
        found = TRANSFORMS[feature.transform]
        least = DEFAULT_MIN_COUNT if found.family == "value" else 1
        return replace(
            feature, size=agreed.get("size") or found.size, min_count=agreed.get("min_count") or least,
            none=agreed["none"],
        )  # fmt: skip

    sides = [replace(side, features=tuple(map(settled, side.features))) for side in (schema.query, schema.item)]
    return replace(schema, query=sides[0], item=sides[1])


def _share(source: _Source, at: tuple[str, ...], feature: Feature, agreed: dict[str, Any]) -> None:
    own = {"family": feature.family, "size": feature.size, "min_count": feature.min_count}
    for key, held in own.items():
        if held and agreed.setdefault(key, held) != held:
            what = f"another transform ({agreed[key]})" if key == "family" else f"{key} {agreed[key]}"
            source.refuse(at, f"tokens named '{feature.token}' have {what} elsewhere.", "Give them another `as`.")
    agreed["none"] = agreed.get("none", False) or feature.none


def _table(source: _Source, at: tuple[str, ...], value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        source.refuse(at, "this is a table of keys.")
    return value


def _known(source: _Source, at: tuple[str, ...], given: Mapping[str, Any], keys: Any, what: str) -> None:
    for key in given:
        if key not in keys:
            source.refuse((*at, key), f"there is no {what} '{key}' here.", _guess(key, keys))


def _one_of(source: _Source, at: tuple[str, ...], what: str, value: Any, known: Any) -> None:
    if not isinstance(value, str) or value not in known:
        problem = f"there is no {what} {value!r}." if value else f"it names no {what}."
        source.refuse(at, problem, _guess(str(value), known))


def _guess(word: str, known: Any) -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"It is one of {', '.join(known)}."


def _typed(source: _Source, at: tuple[str, ...], key: str, value: Any, kind: type) -> None:
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if kind is list:
        fits = fits and all(isinstance(each, str) for each in value)
    if not fits:
        wanted = {str: "text", int: "a whole number", bool: "true or false", list: "a list of names"}[kind]
        source.refuse((*at, key), f"{key} is {value!r}; it must be {wanted}.")
