"""The hand-made tables of one language: package data, read once, never shared with `text/`.

The market has to test the product's lexicon from outside, so it knows its own spellings only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from semsearch.errors import UsageError

LANGUAGES = ("ko", "en")


@dataclass(frozen=True, slots=True)
class Noun:
    """What a plain thing is called, the usual word first."""

    name: str
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of the category tree."""

    leaf: str
    path: str
    group: str
    profile: str
    price: float
    nouns: tuple[Noun, ...]


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand in its spellings; `invented` ones exist in this market only."""

    native: str
    latin: str
    shorts: tuple[str, ...]
    tier: float
    leaves: tuple[tuple[str, tuple[int, ...]], ...]
    """Where it sells plain things: a leaf and which of its nouns (1 is the first; none named means all)."""
    invented: bool


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute."""

    name: str
    aliases: tuple[str, ...]
    factor: float


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a profile, with the ways in which people write its values."""

    key: str
    p_title: float
    forms: tuple[str, ...]
    values: tuple[Value, ...]

    def spellings(self, index: int) -> list[str]:
        """All ways to write value `index`, the plainest first."""
        value = self.values[index]
        plain = [form.replace("{v}", value.name) for form in self.forms if "{a}" not in form]
        return plain + list(value.aliases)


@dataclass(frozen=True, slots=True)
class Condition:
    """How worn a thing is, and how people say so."""

    name: str
    share: float
    factor: float
    title: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that one language's market is made of.

    A phrase may end in `@tag`: it fits the groups of that tag only (see `for_group`).
    """

    lang: str
    leaves: Mapping[str, Leaf]
    brands: Mapping[str, Brand]
    profiles: Mapping[str, tuple[Attribute, ...]]
    conditions: tuple[Condition, ...]
    words: Mapping[str, str]
    lines: tuple[Mapping[str, str], ...]
    phrases: Mapping[str, Any]
    regions: tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(maxsize=2)
def load_tables(lang: str) -> Tables:
    """The tables of `lang`; raises UsageError when there is no such market."""
    if lang not in LANGUAGES:
        raise UsageError(f"No market speaks '{lang}'.", "Next: choose --lang ko or --lang en")
    phrases = json.loads(_text(lang, "phrases.json"))
    separator = " " if lang == "ko" else "|"
    return Tables(
        lang=lang,
        leaves={row["leaf"]: _leaf(row) for row in _rows(lang, "categories")},
        brands={row["native"]: _brand(row) for row in _rows(lang, "brands")},
        profiles=_profiles(lang),
        conditions=tuple(_condition(row) for row in _rows(lang, "conditions")),
        words={row["word"]: row["latin"] for row in _rows(lang, "words")},
        lines=tuple(_rows(lang, "lines")),
        phrases=phrases,
        regions=tuple((row["area"], _split(row["places"], separator)) for row in _rows(lang, "regions")),
    )


_POWER = frozenset(("phone", "pc", "camera", "device", "audio", "small", "appliance", "gadget", "tool"))
_GROUPS = {
    "power": _POWER,
    "box": _POWER | frozenset(("shoe", "lux", "hobby", "media", "beauty")),
    "cloth": frozenset({"wear"}),
    "hard": _POWER | frozenset(("furniture", "kitchen", "drink", "sport", "hobby", "lux", "shoe", "bag")),
}


def for_group(options: Sequence[str], group: str) -> tuple[str, ...]:
    """The phrases that can be said of things of one group, without their tags."""
    parts = [option.rpartition("@") if "@" in option else (option, "", "") for option in options]
    return tuple(phrase for phrase, _, tag in parts if not tag or group in _GROUPS[tag])


def _text(lang: str, name: str) -> str:
    return (files("semsearch.simulate") / "tables" / lang / name).read_text(encoding="utf-8")


def _rows(lang: str, name: str) -> list[dict[str, str]]:
    head, *lines = (line.split("\t") for line in _text(lang, f"{name}.tsv").splitlines() if line)
    return [dict(zip(head, line, strict=True)) for line in lines]


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(separator) if part not in ("", "-"))


def _leaf(row: dict[str, str]) -> Leaf:
    parts = [noun.partition("=") for noun in row["nouns"].split("|")]
    nouns = tuple(Noun(name, _split(synonyms, "/")) for name, _, synonyms in parts)
    return Leaf(row["leaf"], row["path"], row["group"], row["profile"], float(row["price"]), nouns)


def _brand(row: dict[str, str]) -> Brand:
    return Brand(
        row["native"],
        row["latin"],
        _split(row["short"], "|"),
        float(row["tier"]),
        tuple(_grid_cell(text) for text in _split(row["leaves"], " ")),
        row["invented"] == "1",
    )


def _grid_cell(text: str) -> tuple[str, tuple[int, ...]]:
    leaf, _, nouns = text.partition(":")
    return leaf, tuple(int(noun) for noun in _split(nouns, ","))


def _profiles(lang: str) -> dict[str, tuple[Attribute, ...]]:
    profiles: dict[str, tuple[Attribute, ...]] = {"none": ()}
    for row in _rows(lang, "attributes"):
        values = tuple(_value(text) for text in row["values"].split("|"))
        made = Attribute(row["key"], float(row["p_title"]), tuple(row["forms"].split("|")), values)
        profiles[row["profile"]] = (*profiles.get(row["profile"], ()), made)
    return profiles


def _value(text: str) -> Value:
    name, _, factor = text.partition("*")
    name, _, aliases = name.partition("=")
    return Value(name, _split(aliases, "/"), float(factor or 1))


def _condition(row: dict[str, str]) -> Condition:
    return Condition(
        row["condition"], float(row["share"]), float(row["factor"]), _split(row["title"], "|"), _split(row["body"], "|")
    )
