"""Could this hit have been meant? One query against the items that were found for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from semsearch.longtail.mismatch.calibration import Calibration
from semsearch.longtail.mismatch.quantities import another, has, otherwise
from semsearch.longtail.mismatch.ties import Asked, Run, Tie, Ties, Typed, parts
from semsearch.longtail.mismatch.words import Words, is_letter, names_something
from semsearch.text.lexicons import Lexicon
from semsearch.text.reading import MAX_ATOMS, STOP_WORDS
from semsearch.text.tokens import CODE, LATIN, LETTERS, NUMBER, SIZE, Atom, amount

ENOUGH = 0.15
"""Share of what was asked, weighted by idf, that must tie before anything does."""
NOTHING_ASKED = "nothing was asked: no word and no number"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """One hit against one query."""

    fits: bool
    """False when nothing in its text ties it to the query, or its text contradicts a number that was asked."""
    coverage: float
    """Share of what was asked (weighted by idf) that ties, 0..1; NaN when nothing was asked."""
    contradicted: bool
    """Whether a number, size or code that was asked is given otherwise."""
    ties: tuple[Tie, ...]
    why: str
    """In a few words, for a report."""


@dataclass(frozen=True, slots=True)
class _Query:
    """A query made ready."""

    words: tuple[Asked, ...]
    runs: tuple[Run, ...]
    typed: tuple[Typed, ...]
    naming: tuple[bool, ...]
    """Which words can name an item; all when none can."""
    wanted: frozenset[str]
    """Every number and code."""
    total: float
    named: float
    """Weights of all words, and of those that can name an item."""


class Judge:
    """Judges hits by what is written; `idf` tells how rare a token (`text.tokens.word`) is, 0 or more."""

    def __init__(self, lexicon: Lexicon, calibration: Calibration, idf: Callable[[str], float]) -> None:
        self._ties = Ties(lexicon, calibration, idf)

    def judge(self, query: Words, items: Sequence[Words]) -> list[Judged]:
        """Each of the items against the query, in their order."""
        asked = self._query(query)
        if not asked.words:
            return [Judged(True, math.nan, False, (), NOTHING_ASKED)] * len(items)
        return [self._one(asked, item) for item in items]

    def _query(self, query: Words) -> _Query:
        atoms = query.atoms[:MAX_ATOMS]
        content = {at for at, atom in enumerate(atoms) if atom.text not in STOP_WORDS and not _laughs(atom)}
        content = content or {at for at, atom in enumerate(atoms) if not _laughs(atom)}
        if not content:
            return _Query((), (), (), (), frozenset(), 0.0, 0.0)
        words = tuple(self._ties.asked(atom, query.named, at, counts=at in content) for at, atom in enumerate(atoms))
        total = sum(word.weight for word in words)
        naming = _naming(words, query)
        named = sum(word.weight for word, names in zip(words, naming, strict=True) if names)
        numbers = (amount(atom.text) if atom.kind == SIZE else atom.text for atom in atoms)
        wanted = frozenset(text for text in numbers if any(map(str.isdigit, text)))
        typed = self._ties.typed(query.text, atoms)
        if not named:
            naming, named = (True,) * len(words), total
        return _Query(words, self._ties.runs(atoms), typed, naming, wanted, total, named)

    def _one(self, query: _Query, item: Words) -> Judged:
        ties = self._all(query, item)
        contradiction = next(filter(None, self._contradictions(query, ties, item)), "")
        covered, named = 0.0, 0.0
        for word, names, tie in zip(query.words, query.naming, ties, strict=True):
            if tie is not None:
                covered += word.weight * tie.similarity
                named += names * word.weight * tie.similarity
        tied = named >= ENOUGH * query.named
        found = tuple(tie for word, tie in zip(query.words, ties, strict=True) if tie is not None and word.weight)
        coverage = min(1.0, covered / query.total)
        why = contradiction or _why(found, tied, [w.atom.text for w, t in zip(query.words, ties, strict=True) if not t])
        return Judged(tied and not contradiction, coverage, bool(contradiction), found, why)

    def _all(self, query: _Query, item: Words) -> list[Tie | None]:
        """The tie of each word of the query."""
        ties = [_number(w.atom, item) if w.atom.kind in (NUMBER, SIZE) else None for w in query.words]
        for at, word in enumerate(query.words):
            if ties[at] is None:
                ties[at] = self._ties.of(word, item)
        self._joins(query, item, ties)
        for run in query.runs:
            for at, tie in enumerate(parts(run, item) if _open(ties, run) else (), start=run.first):
                held = ties[at]
                if tie is not None and (held is None or held.similarity < tie.similarity):
                    ties[at] = tie
        if None in ties:
            self._typed(query, item, ties)
        return ties

    def _joins(self, query: _Query, item: Words, ties: list[Tie | None]) -> None:
        """Neighbours of the query that the item writes together: head set, headset."""
        for at in range(len(ties) - 1):
            if ties[at] is None or ties[at + 1] is None:
                left, right = query.words[at].atom, query.words[at + 1].atom
                found = item.held.get(left.text + right.text)
                if found is not None and (left.kind, right.kind) != (NUMBER, NUMBER):
                    for number, atom in ((at, left), (at + 1, right)):
                        ties[number] = ties[number] or Tie(atom.text, found, "joined", 1.0)

    def _typed(self, query: _Query, item: Words, ties: list[Tie | None]) -> None:
        """Words that tie when they are read as typed with the keyboard in the other language."""
        for typed in query.typed:
            missing = [at for at in typed.at if ties[at] is None]
            held = [tie for tie in self._ties.read(typed, item) if tie is not None] if missing else []
            if held:
                share = round(sum(tie.similarity for tie in held) / len(typed.words), 3)
                for at in missing:
                    ties[at] = Tie(query.words[at].atom.text, held[0].found, "keyboard", share)

    def _contradictions(self, query: _Query, ties: Sequence[Tie | None], item: Words) -> list[str]:
        """What the item says otherwise, in words."""
        out = []
        for at, word in enumerate(query.words):
            atom = word.atom
            if ties[at] is not None or atom.kind not in (NUMBER, SIZE, CODE):
                continue
            other = otherwise(atom, query.wanted, item.quantities)
            if not other and atom.kind != SIZE and at:
                before, tie = query.words[at - 1], ties[at - 1]
                keys = [before.token, *(token for token, share in before.groups if share == 1.0)]
                keys += [tie.found] if tie is not None else []
                other = another(atom, keys, query.wanted, item.quantities)
            if other:
                out.append(f"asks for {atom.text}, has {other}")
        return out


def _naming(words: Sequence[Asked], query: Words) -> tuple[bool, ...]:
    """Which words can name an item by themselves; letters that are written as one do: H&M."""
    texts = [word.atom.text for word in words]
    glued = {at for at, (left, right) in enumerate(pairwise(texts)) if query.held.get(left + right) == left + right}
    return tuple(
        names_something(word.atom) or (word.atom.kind == LATIN and bool({at - 1, at} & glued))
        for at, word in enumerate(words)
    )


def _number(atom: Atom, item: Words) -> Tie | None:
    return Tie(atom.text, atom.text, "same", 1.0) if has(atom, item.quantities) else None


def _open(ties: Sequence[Tie | None], run: Run) -> bool:
    """Whether a word of the run lacks a full tie."""
    return any(tie is None or tie.similarity < 1.0 for tie in ties[run.first : run.first + len(run.starts) - 1])


def _laughs(atom: Atom) -> bool:
    """ㅋㅋㅋ, ㅠㅠ and a lone jamo ask for nothing."""
    return atom.kind == LETTERS and len(set(atom.text)) == 1 and is_letter(atom.text[0])


def _why(ties: Sequence[Tie], tied: bool, missing: Sequence[str]) -> str:
    """나이키 = NIKE (lexicon); lacks 270."""
    if not ties:
        return "nothing ties"
    told = [tie.found if tie.how == "same" else f"{tie.asked} = {tie.found} ({tie.how})" for tie in ties]
    shown = ", ".join(told[:_SHOWN]) + (f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else "")
    if not tied:
        return f"only {shown} ties"
    return f"{shown}; lacks {', '.join(missing[:_SHOWN])}" if missing else shown
