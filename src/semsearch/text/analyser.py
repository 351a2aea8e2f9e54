"""Text to tokens on both sides: documents at index build, queries against the vocabulary of an index."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from semsearch.text import tokens
from semsearch.text.lexicons import Lexicon
from semsearch.text.plan import QueryPlan, Vocabulary
from semsearch.text.reading import Reading
from semsearch.text.tokens import LATIN, SIZE, Atom, Words
from semsearch.text.views import VIEWS_VERSION, search

ANALYSER_VERSION = "1"


class Analyser:
    """Turns documents and queries into tokens with one lexicon. Pure: it knows no files and no catalogue."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = Lexicon.load() if lexicon is None else lexicon

    @property
    def lexical_id(self) -> str:
        """16 hex digits of the view, analyser and lexicon versions."""
        made_of = f"{self.versions}/{self.lexicon.digest}"
        return hashlib.sha256(made_of.encode()).hexdigest()[:16]

    @property
    def versions(self) -> str:
        """Versions of the view and of the analyser."""
        return f"{VIEWS_VERSION}/{ANALYSER_VERSION}"

    def document(self, text: str | Words, pieces: Mapping[str, Sequence[str]] | None = None) -> list[str]:
        """The tokens of one field: words, compounds, bigrams of Hangul, lexicon groups; repeats kept.

        `text` as written, or its `tokens.words`; `pieces` tells which words a Hangul run consists of, where
        that is known.
        """
        found = tokens.words(search(text)) if isinstance(text, str) else text
        out = [tokens.word(atom) for atom in found.atoms]
        out += found.compounds
        out += [self.lexicon.token(group) for group, _, _ in self.lexicon.find(found.atoms)]
        cut_up = False
        for atom in found.atoms:
            if atom.kind == SIZE:
                out.append(tokens.amount(atom.text))
            elif atom.kind != LATIN and tokens.has_bigrams(atom):
                out += tokens.bigrams(atom.text)
                parts = pieces.get(atom.text, ()) if pieces else ()
                out += parts
                cut_up = cut_up or bool(parts)
        if pieces and cut_up:
            out += self._names_in_pieces(found.atoms, pieces, seen=set(out))
        return out

    def _names_in_pieces(self, atoms: Sequence[Atom], pieces: Mapping[str, Sequence[str]], seen: set[str]) -> list[str]:
        """Lexicon groups that show only when run-together words are cut."""
        refined = [Atom(part, atom.kind) for atom in atoms for part in pieces.get(atom.text) or (atom.text,)]
        found = (self.lexicon.token(group) for group, _, _ in self.lexicon.find(refined))
        return [token for token in found if token not in seen]

    def query(self, text: str, vocabulary: Vocabulary) -> QueryPlan:
        """Understand a query with the words of one index. Work is bounded whatever the length."""
        return Reading(self.lexicon, vocabulary).plan(text)
