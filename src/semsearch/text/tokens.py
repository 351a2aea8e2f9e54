"""Words of one text: runs of one script, cut where letters meet digits, and what may stand for them.

An atom is the smallest unit (아이폰, 14, pro); a compound (iphone14, wi-fi → wifi) is kept beside its atoms.
Namespaces inside one vocabulary: a plain token is a word, `_가방` a bigram, `=나이키` a lexicon group.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import Stemmer

from semsearch.text.numbers import UNITS, canonical

HANGUL, LATIN, NUMBER, SIZE, CODE, LETTERS = range(6)
BIGRAM, GROUP = "_", "="

# Vowel signs of Indic and South-East Asian scripts and other marks belong to their word.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0e3a\u0e40-\u0e4e\u0e50-\u109f"
    "\u1780-\u17d3"
)
_PART = re.compile(
    r"[0-9a-z]+(?:[-.'’&+/][0-9a-z]+)*평?"
    r"|[가-힣]+|[ㄱ-ㆎ]+"
    rf"|(?:(?![0-9a-zㄱ-ㆎ가-힣])(?:[^\W_]|[{_MARKS}]))+"
)
_PIECE = re.compile(r"\d+\.\d+(?![\d.])[a-z]*|[0-9a-z평]+")
_RUN = re.compile(r"\d+(?:\.\d+)?|[a-z]+")
_SIZE = re.compile(rf"(\d+(?:\.\d+)?)(?:{'|'.join(sorted(UNITS, key=len, reverse=True))})")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_UNACCENTED = {
    c: plain
    for c in range(0xC0, 0x250)
    if (plain := unicodedata.normalize("NFD", chr(c))[0]) != chr(c) and plain.isascii()
} | {ord("ø"): "o", ord("ł"): "l", ord("đ"): "d", ord("æ"): "ae", ord("œ"): "oe"}
_ACCENTED = re.compile("[\u00c0-\u024f]")
_JOINABLE = 4


class Atom(NamedTuple):
    """One smallest unit; `kind` is one of the constants of this module."""

    text: str
    kind: int


class Words(NamedTuple):
    """The atoms of a text in order, and the compounds that its spelling ties together."""

    atoms: tuple[Atom, ...]
    compounds: tuple[str, ...]


def words(text: str) -> Words:
    """Cut a text in the search view. 아이폰14 Pro 256기가 → 아이폰 14 pro 256gb, compound 아이폰14."""
    atoms: list[Atom] = []
    compounds: list[str] = []
    text = canonical(text)
    for chunk in (text.translate(_UNACCENTED) if _ACCENTED.search(text) else text).split():
        found = _chunk(chunk)
        atoms += found.atoms
        compounds += found.compounds
    compounds += _numbered(atoms)
    return Words(tuple(atoms), tuple(compounds))


def _numbered(atoms: list[Atom]) -> Iterator[str]:
    """A word and the number or code after it, glued or not: 아이폰 14 is not 갤럭시 14; i9 13900k is i913900k."""
    for left, right in pairwise(atoms):
        named = right.kind == NUMBER and left.kind in (HANGUL, LATIN) and len(right.text) <= _JOINABLE
        if named or (right.kind == CODE and left.kind in (LATIN, CODE)):
            yield left.text + right.text


@lru_cache(maxsize=1 << 17)
def _chunk(chunk: str) -> Words:
    atoms: list[Atom] = []
    compounds: list[str] = []
    for part in _PART.findall(chunk):
        if "가" <= part[0] <= "힣":
            atoms.append(Atom(part, HANGUL))
        elif part[0].isascii():
            pieces = _PIECE.findall(part)
            for piece in pieces:
                cut = _alnum(piece)
                atoms += cut
                # letters and one number are tied by _numbered
                if len(cut) > 2 or (len(cut) == 2 and cut[0].kind == NUMBER):
                    compounds.append(piece)
            if len(pieces) > 1 and "/" not in part:
                compounds.append("".join(pieces))
        else:
            atoms.append(Atom(part, LETTERS))
    return Words(tuple(atoms), tuple(compounds))


def _alnum(piece: str) -> list[Atom]:
    """rtx2060 → rtx 2060; a unit (256gb) and a code with a lone letter (v10, 1080p, 006r90321) stay whole."""
    if _SIZE.fullmatch(piece):
        return [Atom(piece, SIZE)]
    runs = _RUN.findall(piece)
    if len(runs) > 1 and any(len(run) == 1 and run.isalpha() for run in runs):
        return [Atom(piece, CODE)]
    return [Atom(run, LATIN if run.isalpha() else NUMBER) for run in runs]


def amount(size: str) -> str:
    """The number of a size: 270mm → 270."""
    match = _SIZE.fullmatch(size)
    return match[1] if match else size


_stemmer = Stemmer.Stemmer("english")


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The English stem (Snowball, Porter 2) of a word of three letters or more; other scripts stay."""
    return _stemmer.stemWord(word) if len(word) > 2 and word.isascii() else word


def word(atom: Atom) -> str:
    """The word token of an atom."""
    return stem(atom.text) if atom.kind == LATIN else atom.text


@lru_cache(maxsize=1 << 16)
def bigrams(run: str) -> tuple[str, ...]:
    """Bigram tokens of a run, in order; empty below two characters."""
    return tuple(f"{BIGRAM}{run[i : i + 2]}" for i in range(len(run) - 1))


def has_bigrams(atom: Atom) -> bool:
    """Whether words of this script are also found by their bigrams: Hangul, Kana, Han."""
    return atom.kind == HANGUL or (atom.kind == LETTERS and bool(_UNSPACED.search(atom.text)))


def shown(token: str) -> str:
    """A token as a person reads it, without its namespace."""
    return token[1:] if len(token) > 1 and token[0] in (BIGRAM, GROUP) else token


def key(text: str) -> str:
    """The atoms of a text written together, as the lexicon compares: Le Creuset → lecreuset."""
    return joined(words(text).atoms)


def joined(atoms: Iterable[Atom]) -> str:
    """Atoms written together."""
    return "".join(atom.text for atom in atoms)
