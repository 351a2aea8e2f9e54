"""The lexicon: which spellings mean the same.

TSV, UTF-8, one group a line, the surfaces separated by tabs, `#` starts a comment line. The file's name is
its kind: `brands.tsv` and `transliterations.tsv` hold equals (나이키, NIKE; one surface is enough to make a
brand known), `synonyms.tsv` holds near equals that count less. Surfaces are compared by their letters
and digits alone, so that one spelling covers its spacings: Le Creuset, LeCreuset; 플스 5, 플스5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from semsearch.errors import UsageError
from semsearch.text import tokens
from semsearch.text.views import search

KINDS = ("brands", "synonyms", "transliterations")
_LONGEST = 5
"""Atoms of the longest surface."""
_REMEMBERED = 1 << 18
"""Atoms that are remembered to begin no surface."""


class Group(NamedTuple):
    """Surfaces that mean the same, as written; the first is the name."""

    kind: str
    surfaces: tuple[str, ...]

    @property
    def token(self) -> str:
        """The token that stands for all of them in an index."""
        return tokens.GROUP + tokens.key(search(self.surfaces[0]))


class Lexicon:
    """Groups, looked up by the letters and digits of a surface."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self.groups = tuple(dict.fromkeys(groups))
        self._tokens = {group: group.token for group in self.groups}
        self._by_key: dict[str, tuple[Group, ...]] = {}
        for group in self.groups:
            for surface in group.surfaces:
                for key in _keys(group.kind, surface):
                    held = self._by_key.get(key, ())
                    self._by_key[key] = held if group in held else (*held, group)
        self._dull: set[tokens.Atom] = set()
        self._prefixes = {key[:end] for key in self._by_key for end in range(1, len(key) + 1)}

    @classmethod
    def load(cls, paths: Sequence[Path] = ()) -> Lexicon:
        """The starter files and then `paths`: TSV files, or folders whose TSV files are read in name order.

        Raises UsageError naming file and line for a line that cannot be used.
        """
        groups: list[Group] = []
        folder = files("semsearch.text") / "lexicon"
        for kind in KINDS:
            groups += _parse(kind, (folder / f"{kind}.tsv").read_bytes(), f"{kind}.tsv")
        for path in _tsv_files(paths):
            if path.stem not in KINDS:
                raise UsageError(
                    f"{path}: the name of a lexicon file is its kind.",
                    f"Next: rename it to one of {', '.join(f'{k}.tsv' for k in KINDS)}",
                )
            groups += _parse(path.stem, path.read_bytes(), str(path))
        return cls(groups)

    def with_brands(self, names: Iterable[str]) -> Lexicon:
        """This lexicon and those of the brand names that have a letter and are no name in it yet, sorted."""
        keys = {name: tokens.key(search(name)) for name in names if any(c.isalpha() for c in name)}
        return self.with_groups(
            Group("brands", (name,)) for name, key in sorted(keys.items()) if key and not self.names(key)
        )

    def with_groups(self, groups: Iterable[Group]) -> Lexicon:
        """This lexicon and `groups`."""
        return Lexicon((*self.groups, *groups))

    @property
    def digest(self) -> str:
        """16 hex digits of all groups in order."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()[:16]

    def to_text(self) -> str:
        """All groups as one JSON list, a line each, the kind first; `from_text` reads it back."""
        lines = (json.dumps((group.kind, *group.surfaces), ensure_ascii=False) for group in self.groups)
        return "[" + ",\n".join(lines) + "]\n"

    @classmethod
    def from_text(cls, text: str) -> Lexicon:
        """The lexicon that `to_text` wrote."""
        return cls(Group(kind, tuple(surfaces)) for kind, *surfaces in json.loads(text))

    def token(self, group: Group) -> str:
        """`group.token`, computed once."""
        return self._tokens[group]

    def lookup(self, key: str) -> tuple[Group, ...]:
        """Groups with a surface of exactly these letters and digits (search view, nothing else in it)."""
        return self._by_key.get(key, ())

    def names(self, key: str) -> bool:
        """Whether `key` is written for a name (a brand or a transliteration), not only for a near equal."""
        return any(group.kind != "synonyms" for group in self.lookup(key))

    def counts(self, word: str) -> int:
        """1 for a word that run-together words may be cut with, else 0; one character: names only (델, not 방)."""
        return int(self.names(word) if len(word) == 1 else bool(self.lookup(word)))

    def find(self, atoms: Sequence[tokens.Atom]) -> Iterator[tuple[Group, int, int]]:
        """Every (group, start, end) whose surface is written by `atoms[start:end]`, spaced or not."""
        for start, first in enumerate(atoms):
            if first in self._dull:
                continue
            if first.text not in self._prefixes and not self._written("", first):
                if len(self._dull) < _REMEMBERED:
                    self._dull.add(first)
                continue
            run = ""
            for end in range(start, min(start + _LONGEST, len(atoms))):
                before, run = run, run + atoms[end].text
                # single letters side by side are not a word
                if end == start or len(run) > 2:
                    yield from ((group, start, end + 1) for group in self._written(before, atoms[end]))
                if run not in self._prefixes:
                    break

    def _written(self, before: str, last: tokens.Atom) -> tuple[Group, ...]:
        """Groups written by `before` and an atom; all but brands also in another number: laptops."""
        exact = self._by_key.get(before + last.text, ())
        if last.kind != tokens.LATIN or (stem := tokens.stem(last.text)) == last.text:
            return exact
        others = (g for g in self._by_key.get(before + stem, ()) if g.kind != "brands" and g not in exact)
        return (*exact, *others)


def _keys(kind: str, surface: str) -> Iterator[str]:
    atoms = tokens.words(search(surface)).atoms
    yield tokens.joined(atoms)
    if kind != "brands" and atoms and atoms[-1].kind == tokens.LATIN:
        yield tokens.joined(atoms[:-1]) + tokens.stem(atoms[-1].text)


def _tsv_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.glob("*.tsv")) if path.is_dir() else (path,)


def _parse(kind: str, raw: bytes, name: str) -> list[Group]:
    groups = []
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _bad(name, number, "is not UTF-8") from error
        if text.strip() and not text.startswith("#"):
            groups.append(_group(kind, text, name, number))
    return groups


def _group(kind: str, line: str, name: str, number: int) -> Group:
    surfaces = tuple(cell.strip() for cell in line.split("\t"))
    if "" in surfaces:
        raise _bad(name, number, "has an empty column")
    if len(surfaces) == 1 and kind != "brands":
        raise _bad(name, number, f"has one column ({surfaces[0]!r}); words are separated by tabs")
    for surface in surfaces:
        atoms = tokens.words(search(surface)).atoms
        if not atoms:
            raise _bad(name, number, f"has a word without letters and digits ({surface!r})")
        if len(atoms) > _LONGEST:
            raise _bad(name, number, f"has more than {_LONGEST} words in one column ({surface!r})")
    return Group(kind, surfaces)


def _bad(name: str, number: int, what: str) -> UsageError:
    return UsageError(f"{name}, line {number} {what}.", "Next: correct the line, then run the command again")
