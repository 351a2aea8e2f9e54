"""Sentences with choices: `[a|b] {slot}` is one of a or b, then what the slot says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from semsearch.simulate.abuse.dice import Dice

_CHOICE = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One sentence: fixed pieces and choices in turn."""

    parts: tuple[str | tuple[str, ...], ...]

    def say(self, dice: Dice, slots: Mapping[str, str]) -> str:
        """The sentence with every choice made and every slot filled."""
        text = "".join([part if isinstance(part, str) else dice.of(part) for part in self.parts])
        return text.format_map(slots) if "{" in text else text

    def narrowed(self, dice: Dice, keep: int) -> Phrase:
        """The sentence as one author uses it: at most `keep` options of every choice."""
        return Phrase(tuple(p if isinstance(p, str) else tuple(dice.some(p, keep)) for p in self.parts))


def phrase(source: str) -> Phrase:
    """Read one sentence."""
    pieces = _CHOICE.split(source)
    parts = [tuple(piece.split("|")) if odd % 2 else piece for odd, piece in enumerate(pieces)]
    return Phrase(tuple(part for part in parts if part))


def phrases(sources: Sequence[str]) -> tuple[Phrase, ...]:
    """Read many."""
    return tuple(map(phrase, sources))


@dataclass(frozen=True, slots=True)
class Subject:
    """What one kind of spam says: a campaign takes some of it as its own script."""

    name: str
    items: tuple[str, ...]
    price: tuple[int, int]
    """Lowest and highest, in 10,000 won or in dollars."""
    titles: tuple[Phrase, ...]
    lines: tuple[tuple[Phrase, ...], ...]
    """Kinds of sentences, each in several wordings."""
    contact: tuple[Phrase, ...]


@lru_cache(maxsize=2)
def subjects(lang: str) -> tuple[Subject, ...]:
    """All subjects of one language, in table order."""
    return tuple(
        Subject(
            name,
            tuple(row["items"]),
            (row["price"][0], row["price"][1]),
            phrases(row["titles"]),
            tuple(phrases(line) for line in row["lines"]),
            phrases(row["contact"]),
        )
        for name, row in _table(f"{lang}_campaigns").items()
    )


@lru_cache(maxsize=2)
def plain_words(lang: str) -> dict[str, Any]:
    """What honest people write; see the tables for the keys."""
    return _table(f"{lang}_benign")


def _table(name: str) -> dict[str, Any]:
    path = files("semsearch.simulate.abuse") / "wording" / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))
