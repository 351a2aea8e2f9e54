"""Grades as others write them, as 2, 1 and 0.

```
--scale 0-3    0 → 0, 1 and 2 → 1, 3 → 2
--scale esci   E (exact) → 2, S (substitute) → 1, C (complement) and I (irrelevant) → 0
--map 2=WORD   any word or number to a grade, or to `ungradeable`; goes before a scale
```

A complement (a case for a telephone) does not meet the core of the query, so it is 0 here; the benchmark itself gives
it a gain of 0.01 beside 1, 0.1 and 0. Source: Reddy et al., "Shopping Queries Dataset: A Large-Scale ESCI Benchmark for
Improving Product Search" (2022), arXiv 2206.06588.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from semsearch.errors import UsageError
from semsearch.ingest.labels.rows import Judged

Scale = Literal["0-3", "esci"]
UNGRADEABLE = "ungradeable"
WORDS: Mapping[str, int | None] = {"0": 0, "1": 1, "2": 2, UNGRADEABLE: None}
"""What needs no scale."""
ESCI_LETTERS = {2: "E", 1: "S", 0: "I"}
"""Grades as ESCI letters; C is lost."""
SCALES: Mapping[Scale, Mapping[str, int | None]] = {
    "0-3": {"0": 0, "1": 1, "2": 1, "3": 2},
    "esci": {"e": 2, "s": 1, "c": 0, "i": 0, "exact": 2, "substitute": 1, "complement": 0, "irrelevant": 0},
}
MEANINGS: Mapping[Scale, str] = {
    "0-3": "If all are graded 0 to 3, --scale 0-3 makes 1 of 1 and of 2, and 2 of 3",
    "esci": "If they are ESCI's, --scale esci makes 2 of E, 1 of S, 0 of C and I",
}


class Grader:
    """Reads grades by words of the user and a scale."""

    def __init__(self, words: Iterable[tuple[str, str]] = (), scale: Scale | None = None) -> None:
        """`words` are (grade, word) pairs. Raises UsageError for a grade other than 0, 1, 2 and ungradeable."""
        self._words = dict(SCALES[scale] if scale else WORDS)
        self._words.setdefault(UNGRADEABLE, None)
        for grade, word in words:
            if grade not in WORDS:
                raise UsageError(f"--map {grade}={word}: {grade} is no grade.", "Next: such as --map 2=Relevant")
            self._words[_plain(word)] = WORDS[grade]

    def knows(self, text: str) -> bool:
        """Whether `text` is a grade."""
        return _plain(text) in self._words

    def grade(self, text: str) -> int | None:
        """The grade; None: ungradeable. Raises KeyError for what is none."""
        return self._words[_plain(text)]

    def check(self, rows: Iterable[Judged]) -> None:
        """Raises UsageError that names the grades that are none, how often and where they first stand."""
        wrong: Counter[str] = Counter()
        first: dict[str, str] = {}
        for row in rows:
            for text in (row.grade, row.grade_high):
                if text and not self.knows(text):
                    wrong[text] += 1
                    first.setdefault(text, row.place)
        if not wrong:
            return
        word = next(iter(wrong))
        told = ", ".join(f"'{text}' ({n:,} ×, first at {first[text]})" for text, n in wrong.most_common(5))
        more = f" and {len(wrong) - 5:,} others" if len(wrong) > 5 else ""
        scale = _scale_of(wrong)
        means = f" {MEANINGS[scale]}." if scale else ""
        raise UsageError(f"These are not the grades 0, 1, 2: {told}{more}.{means}", _advice(scale, word))


def maps_of(texts: Iterable[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """`--map` as field → column, and as (grade, word): a field that is a grade maps a word of the file.

    Raises UsageError for one without `=`.
    """
    from semsearch.ingest.mapping import parse_maps

    columns: dict[str, str] = {}
    words: list[tuple[str, str]] = []
    for text in texts:
        ((field, source),) = parse_maps([text]).items()
        if field in WORDS or field.lstrip("-").isdigit():
            words.append((field, source))
        else:
            columns[field] = source
    return columns, words


def _scale_of(wrong: Iterable[str]) -> Scale | None:
    """The scale that has all of these."""
    plain = {_plain(text) for text in wrong}
    return next((scale for scale, known in SCALES.items() if plain <= set(known)), None)


def _advice(scale: Scale | None, word: str) -> str:
    if scale:
        return f"Next: --scale {scale}"
    return f"Next: say what they mean, such as --map '2={word}'; leave out a judge who answers with other numbers"


def _plain(text: str) -> str:
    """A number without its fraction of zeros, a word without its case."""
    plain = text.strip().casefold()
    whole, dot, fraction = plain.partition(".")
    return whole if dot and whole.isdigit() and not fraction.strip("0") else plain
