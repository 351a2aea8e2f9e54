"""Build a lexical index: fields to tokens, tokens to a BM25 matrix (bm25s), the matrix to plain files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.index.lexical import FIELDS, FORMAT, K1, B, LexicalIndex, lexical_id
from semsearch.index.mining import transliterations
from semsearch.index.vocabulary import write_vocabulary
from semsearch.text import tokens
from semsearch.text.analyser import Analyser
from semsearch.text.cutting import cut
from semsearch.text.hangul import is_syllable
from semsearch.text.tokens import HANGUL, LATIN, Words
from semsearch.text.views import display, search

if TYPE_CHECKING:
    import polars as pl

    from semsearch.index.segment import Segmenter

_ALONE = 3
"""Documents that must hold a word before others are cut with it."""


def build_lexical(
    frame: pl.DataFrame, analyser: Analyser, folder: Path, segment: Segmenter | None = None
) -> LexicalIndex:
    """Index the items of `frame` (columns of `records.Item`, in row order) into `folder`, and open it.

    The brands of the catalogue (`attributes.brand`) join the lexicon of the index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    identity = lexical_id(analyser, segment)
    attributes = [json.loads(text) if text else {} for text in frame["attributes"].to_list()]
    brands = Counter(display(str(a["brand"])) for a in attributes if a.get("brand"))
    full = Analyser(analyser.lexicon.with_brands(name for name, count in brands.items() if count > 1))
    items = [
        {field: tokens.words(search(text)) for field, text in _fields(*row).items()}
        for row in zip(*_columns(frame), attributes, strict=True)
    ]
    counts = _letter_words(items)
    pieces = cut_runs(counts, len(items), full, segment)
    if any(is_syllable(word[0]) for word in counts):
        atoms = ([words.atoms for words in item.values()] for item in items)
        full = Analyser(full.lexicon.with_groups(transliterations(atoms, pieces, full.lexicon)))
    documents = [_tokens(item, full, pieces) for item in items]
    terms = sorted(set(chain.from_iterable(documents)))
    _write_matrix(folder, documents, terms)
    write_vocabulary(folder, terms, [word for word, count in counts.items() if count > 1])
    (folder / "lexicon.json").write_text(full.lexicon.to_text(), encoding="utf-8")
    about = {
        "format": FORMAT,
        "lexical_id": identity,
        "n_items": len(items),
        "n_terms": len(terms),
        "versions": full.versions,
    }
    (folder / "lexical.json").write_text(json.dumps(about) + "\n")
    return LexicalIndex(folder)


def _columns(frame: pl.DataFrame) -> Iterator[list[str | None]]:
    return (frame[name].to_list() for name in ("title", "body", "category"))


def _fields(title: str, body: str | None, category: str | None, attributes: Mapping[str, Any]) -> dict[str, str]:
    others = " , ".join(str(value) for name, value in sorted(attributes.items()) if name != "brand" and value)
    brand = str(attributes.get("brand") or "")
    return {"title": title or "", "brand": brand, "category": category or "", "attributes": others, "body": body or ""}


def _tokens(item: Mapping[str, Words], analyser: Analyser, pieces: Mapping[str, tuple[str, ...]]) -> list[str]:
    out: list[str] = []
    for field, weight in FIELDS.items():
        if item[field].atoms:
            out += analyser.document(item[field], pieces) * weight
    return out


def _letter_words(items: list[dict[str, Words]]) -> Counter[str]:
    """Documents that hold each Hangul run and each Latin word, before stemming."""
    counts: Counter[str] = Counter()
    for item in items:
        atoms = {atom for words in item.values() for atom in words.atoms}
        counts.update(atom.text for atom in atoms if atom.kind in (HANGUL, LATIN))
    return counts


def cut_runs(
    counts: Mapping[str, int], n_items: int, analyser: Analyser, segment: Segmenter | None
) -> dict[str, tuple[str, ...]]:
    """The words in each Hangul run: by the words that stand alone elsewhere, else by the segmenter.

    A segmenter knows the language but not the market's names: it cuts what the lexicon does not know, and
    adds words to cut with where they also stand alone.
    """
    runs = sorted(word for word in counts if is_syllable(word[0]))
    known = {run: counts[run] for run in runs if counts[run] >= _ALONE and len(run) > 1}
    segmented = segment.segment(run for run in runs if not analyser.lexicon.names(run)) if segment else {}
    for parts in segmented.values():
        known |= {part: counts[part] for part in parts if counts.get(part)}

    def count(word: str) -> int:
        return known.get(word, 0) or analyser.lexicon.counts(word)

    return {run: parts for run in runs if (parts := cut(run, count, n_items) or segmented.get(run, ()))}


def _write_matrix(folder: Path, documents: list[list[str]], terms: list[str]) -> None:
    """The BM25 matrix by columns: values, rows (ascending in each column), where each column starts."""
    numbers = {term: number for number, term in enumerate(terms)}
    if terms:
        import bm25s

        model = bm25s.BM25(k1=K1, b=B, method="lucene")
        model.index(
            ([[numbers[token] for token in document] for document in documents], numbers),
            create_empty_token=False,
            show_progress=False,
        )
        matrix = model.scores
        values, rows, starts = matrix["data"], matrix["indices"], matrix["indptr"]
    else:
        values, rows, starts = np.zeros(0), np.zeros(0), np.zeros(1)
    np.save(folder / "values.npy", np.asarray(values, dtype=np.float32))
    np.save(folder / "rows.npy", np.asarray(rows, dtype=np.int32))
    np.save(folder / "column_starts.npy", np.asarray(starts, dtype=np.int64))
