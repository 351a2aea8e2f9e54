"""One query, read step by step against the words of an index.

Keyboard recovery, stray spaces, run-together words, spelling, lexicon: a step is taken only when its result is
known and what was typed is not, and is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from semsearch.text import keyboard, tokens
from semsearch.text.cutting import LATIN_WORD, cut
from semsearch.text.hangul import jamo
from semsearch.text.lexicons import Lexicon
from semsearch.text.plan import QueryPlan, Step, Term, Vocabulary
from semsearch.text.tokens import HANGUL, LATIN, NUMBER, SIZE, Atom
from semsearch.text.views import display, search

MAX_ATOMS = 64
"""Atoms of a query that are read; the rest is counted as ignored."""
_MAX_BIGRAMS = 64
_MAX_CHARS = 2048
_MAX_SPELLED = 6
_MAX_RECOVERED = 64
_RARE, _FAR_MORE = 3, 30
"""A word in so few documents may be a slip when a near one is in so many times more."""
_CHUNK = re.compile(r"\S+")
_LETTER_RUN = re.compile(r"[^\W\d_]{2,}")

_STOP_WORDS = "a an and are as at be by for from in is it of on or that the this to with"
STOP_WORDS = frozenset(_STOP_WORDS.split())

# Weights of a query term by what it is, a plain word being 1: less for what may be wrong and for what says the same
# again. Set by hand; bench/lexical.py measures what they give together, it does not choose them.
WEIGHTS = {
    "word": 1.0,
    "join": 0.4,
    "segment": 0.6,
    "bigram": 0.15,
    "bigram_only": 0.7,
    "amount": 0.75,
    "equal": 1.0,
    "covered": 0.2,
    "synonym": 0.3,
    "spelling": 0.8,
}


class Reading:
    """One query while it is being understood."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        self.lexicon = lexicon
        self.vocabulary = vocabulary
        self.steps: list[Step] = []
        self.terms: dict[str, Term] = {}
        self.spelled = 0

    def plan(self, text: str) -> QueryPlan:
        """The plan of `text` as typed; what is past the limits above is counted, not read."""
        shown = display(text)
        head, tail = shown[:_MAX_CHARS], shown[_MAX_CHARS:]
        recovered = _CHUNK.sub(lambda m: self._other_keyboard(m.group()), head)
        typed = search(recovered + tail)
        found = tokens.words(typed[:_MAX_CHARS])
        read = self._respaced(found.atoms[:MAX_ATOMS])
        refined = [piece for atom in self._content(read) for piece in self._atom(atom)]
        if len(found.atoms) <= MAX_ATOMS:
            for compound in found.compounds:
                self._add(compound, WEIGHTS["join"], "join")
        self._joins(read)
        for sequence in (read, refined):
            self._equals(sequence)
        ignored = max(0, len(found.atoms) - MAX_ATOMS) + len(typed[_MAX_CHARS:].split())
        dense = typed if found.atoms else ""
        return QueryPlan(typed, tuple(self.terms.values()), dense, tuple(self.steps), ignored)

    # --- keyboard --------------------------------------------------------------------------

    def _other_keyboard(self, word: str) -> str:
        """`word`, or what its keys write in the other language when that is known and `word` is not.

        Where letters meet digits (foa16gb) each run of letters is looked at alone.
        """
        if len(word) > _MAX_RECOVERED or self._knows(word):
            return word
        whole = self._recovered(word)
        if whole is None and any(map(str.isdigit, word)):
            whole = _LETTER_RUN.sub(lambda m: (not self._knows(m[0]) and self._recovered(m[0])) or m[0], word)
        if whole is None or whole == word:
            return word
        self._step("keyboard", word, whole)
        return whole

    def _recovered(self, word: str) -> str | None:
        others = (keyboard.to_hangul(word), keyboard.to_hangul(word.lower()), keyboard.to_latin(word))
        # ㅉㅉㅉ is not www; two keys are evidence for a name only: go is not 해, ㅗㅔ is hp
        if len(set(word)) == 1:
            return None
        if len(word) < 3:
            name = keyboard.to_latin(word)
            return name if name and self.lexicon.names(name) else None
        return next((other for other in others if other and self._knows(other)), None)

    def _knows(self, word: str) -> bool:
        """Whether every part of `word` is a word of the vocabulary or the lexicon."""
        atoms = tokens.words(search(word)).atoms
        if self.lexicon.lookup(tokens.joined(atoms)):
            return True
        named = [atom for atom in atoms if atom.kind != NUMBER]
        return bool(named) and all(self._known_atom(atom) for atom in named)

    def _known_atom(self, atom: Atom) -> bool:
        if self._count(tokens.word(atom)) or self.lexicon.lookup(atom.text):
            return True
        return atom.kind == HANGUL and bool(self._cut(atom))

    def _cut(self, atom: Atom, *, strangers: bool = False) -> tuple[str, ...]:
        """The known words that a run of letters consists of."""
        if atom.kind == HANGUL:
            return cut(atom.text, self._known, self.vocabulary.n_docs, strangers=strangers)
        return cut(atom.text, self._known_latin, self.vocabulary.n_docs, shortest=LATIN_WORD)

    # --- words -----------------------------------------------------------------------------

    def _respaced(self, atoms: Sequence[Atom]) -> list[Atom]:
        """Put together what a stray space took apart: 타미힐피 거 → 타미힐피거, when a half is unknown."""
        out: list[Atom] = []
        for atom in atoms:
            last = out[-1] if out else atom
            letters = last.kind == atom.kind and atom.kind in (HANGUL, LATIN)
            if out and letters and not (self._is_word(last) and self._is_word(atom)):
                whole = Atom(last.text + atom.text, atom.kind)
                if self._count(tokens.word(whole)) > _RARE or self._crosses(last.text, whole):
                    self._step("segment", f"{last.text} {atom.text}", whole.text)
                    out[-1] = whole
                    continue
            out.append(atom)
        return out

    def _crosses(self, first: str, whole: Atom) -> bool:
        """Whether `whole` is a name, or known words with a word over the place where `first` ends."""
        if self.lexicon.lookup(whole.text):
            return True
        pieces, end = self._cut(whole), 0
        for piece in pieces:
            end += len(piece)
            if end == len(first):
                return False
        return bool(pieces)

    def _is_word(self, atom: Atom) -> bool:
        return bool(self._count(tokens.word(atom)) or self.lexicon.lookup(atom.text))

    def _content(self, atoms: Sequence[Atom]) -> list[Atom]:
        """Atoms without stop words, unless there is nothing else."""
        kept = [atom for atom in atoms if atom.text not in STOP_WORDS]
        return kept or list(atoms)

    def _atom(self, atom: Atom) -> list[Atom]:
        """Add the terms of one atom; give the atoms that it is cut into, for the lexicon."""
        known = self._add(tokens.word(atom), WEIGHTS["word"], "word")
        if atom.kind == SIZE:
            self._add(tokens.amount(atom.text), WEIGHTS["amount"], "word")
        pieces: tuple[str, ...] = ()
        if atom.kind in (HANGUL, LATIN):
            known = known or bool(self.lexicon.lookup(atom.text))
            pieces = self._other_words(atom, known)
        if tokens.has_bigrams(atom):
            self._bigrams(atom, known or bool(pieces))
        return [Atom(piece, atom.kind) for piece in pieces] or [atom]

    def _other_words(self, atom: Atom, known: bool) -> tuple[str, ...]:
        """What a run of letters may stand for besides itself: the first of these that finds something.

        | the run, in the index or lexicon     | Hangul                            | Latin          |
        |--------------------------------------|-----------------------------------|----------------|
        | known                                | cut                               | –              |
        | known, but in `_RARE` items at most  | cut, spelling                     | spelling       |
        | unknown                              | cut, spelling, cut with strangers | spelling, cut  |
        """
        pieces = self._pieces(atom, known) if atom.kind == HANGUL else ()
        if not pieces and (not known or 0 < self._count(tokens.word(atom)) <= _RARE):
            pieces = self._spelling(atom)
        if not pieces and not known:
            pieces = self._pieces(atom, known, strangers=True)
        return pieces

    def _pieces(self, atom: Atom, known: bool, *, strangers: bool = False) -> tuple[str, ...]:
        """The known words in a run-together word, added as terms."""
        pieces = self._cut(atom, strangers=strangers)
        weight = WEIGHTS["segment"] if known else WEIGHTS["word"]
        for piece in pieces:
            self._add(tokens.word(Atom(piece, atom.kind)), weight, "segment")
        if pieces and not known:
            self._step("segment", atom.text, " ".join(pieces))
        return pieces

    def _spelling(self, atom: Atom) -> tuple[str, ...]:
        """The nearest known words of an unknown or rare one; short words and numbers stay."""
        size = len(jamo(atom.text))
        allowed = 0 if size < 6 else 1 if size < 10 else 2
        if self.spelled >= _MAX_SPELLED or size > 40 or (atom.kind == LATIN and allowed == 0):
            return ()
        self.spelled += 1
        token = tokens.word(atom)
        least = self._count(token) * _FAR_MORE
        near = [
            (word, distance)
            for word, distance in self.vocabulary.near(atom.text, allowed)
            if (other := tokens.word(Atom(word, atom.kind))) != token and self._count(other) > least
        ]
        nearest = [word for word, distance in near if distance == near[0][1]][:2]
        for rank, word in enumerate(nearest):
            self._add(tokens.word(Atom(word, atom.kind)), WEIGHTS["spelling"] / (rank + 1), "spelling")
        if nearest:
            self._step("spelling", atom.text, nearest[0])
        return tuple(nearest[:1])

    def _bigrams(self, atom: Atom, known: bool) -> None:
        """Bigrams share one weight, so that a long word does not outweigh the others."""
        run = tokens.bigrams(atom.text)[:_MAX_BIGRAMS]
        share = WEIGHTS["bigram" if known else "bigram_only"]
        for token in run:
            self._add(token, share, "bigram")

    def _joins(self, atoms: Sequence[Atom]) -> None:
        """Neighbours that are also one known word: head set → headset."""
        for left, right in pairwise(atoms):
            if left.kind == right.kind and left.kind in (HANGUL, LATIN):
                whole = Atom(left.text + right.text, left.kind)
                self._add(tokens.word(whole), WEIGHTS["join"], "join")

    # --- lexicon ---------------------------------------------------------------------------

    def _equals(self, atoms: Sequence[Atom]) -> None:
        for group, start, end in self.lexicon.find(atoms):
            token, written = self.lexicon.token(group), atoms[start:end]
            if token in self.terms or self._no_news(token, written):
                continue
            synonym = group.kind == "synonyms"
            if self._add(token, WEIGHTS["synonym" if synonym else "equal"], "lexicon"):
                if not synonym:
                    self._covered(written)
                if len(group.surfaces) > 1:
                    self._step("lexicon", " ".join(atom.text for atom in written), ", ".join(group.surfaces))

    def _no_news(self, token: str, written: Sequence[Atom]) -> bool:
        """Whether the catalogue spells the group in this one way only."""
        return len(written) == 1 and self._count(token) == self._count(tokens.word(written[0]))

    def _covered(self, atoms: Sequence[Atom]) -> None:
        """The words of a name count less when the name itself counts: they say the same again."""
        for atom in atoms:
            held = self.terms.get(tokens.word(atom))
            if held is not None and held.origin != "lexicon":
                weight = min(held.weight, WEIGHTS["covered"])
                self.terms[held.text] = Term(held.text, weight, held.origin)

    # --- the vocabulary --------------------------------------------------------------------

    def _add(self, token: str, weight: float, origin: str) -> bool:
        """Add a term that the index holds; of two weights the higher stays."""
        if not self._count(token):
            return False
        held = self.terms.get(token)
        if held is None or held.weight < weight:
            self.terms[token] = Term(token, weight, origin)
        return True

    def _count(self, token: str) -> int:
        return self.vocabulary.count(token)

    def _known(self, word: str) -> int:
        """Documents with `word`; a lexicon word counts as one, a lone syllable only when it is a name."""
        name = self.lexicon.counts(word)
        return name if len(word) == 1 else self._count(word) or name

    def _known_latin(self, word: str) -> int:
        """Documents with the stem of `word`; below three letters names of the lexicon only."""
        name = int(self.lexicon.names(word))
        return name if len(word) < LATIN_WORD else self._count(tokens.stem(word)) or name

    def _step(self, kind: str, before: str, after: str) -> None:
        if before != after and (step := Step(kind, before, after)) not in self.steps:
            self.steps.append(step)
