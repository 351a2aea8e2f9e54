"""Morphemes of Korean words by Kiwi, for documents at index build; each word is segmented once and kept.

Words are segmented alone, not in their sentence: a catalogue has far fewer distinct words than sentences,
and the answers can be kept for the next build.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from semsearch.errors import MissingExtra
from semsearch.workspace import Workspace

_CONTENT = ("NNG", "NNP", "NR", "SL", "XR", "VV", "VA", "MAG", "W_SERIAL")


class Segmenter(Protocol):
    """Cuts words written together, at index build."""

    segmenter_id: str
    """Name and version."""

    def segment(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Content words in each of `words`, in order, for those that are not one content word themselves."""


class KiwiSegmenter:
    """Kiwi (kiwipiepy) with a cache in the workspace; the model is loaded when a word is new.

    Raises MissingExtra without kiwipiepy.
    """

    def __init__(self, workspace: Workspace | None = None) -> None:
        try:
            self.segmenter_id = f"kiwi-{version('kiwipiepy')}"
        except PackageNotFoundError as error:
            raise MissingExtra("korean", "Cutting Korean words with Kiwi") from error
        self._workspace = workspace

    def segment(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """See `Segmenter.segment`. Of two builds at once one keeps its new words, the other asks again."""
        wanted = sorted(set(words))
        known = self._read()
        fresh = [word for word in wanted if word not in known]
        if fresh:
            known |= self._ask(fresh)
            self._write(known)
        return {word: known[word] for word in wanted if known[word]}

    def _ask(self, words: list[str]) -> dict[str, tuple[str, ...]]:
        from kiwipiepy import Kiwi

        kiwi = Kiwi()
        analysed = kiwi.tokenize(words, normalize_coda=False)
        return {word: _content(word, found) for word, found in zip(words, analysed, strict=True)}

    @property
    def _path(self) -> Path | None:
        if self._workspace is None:
            return None
        return self._workspace.path(".semsearch", "segments", f"{self.segmenter_id}.tsv")

    def _read(self) -> dict[str, tuple[str, ...]]:
        path = self._path
        if path is None or not path.is_file():
            return {}
        rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
        return {row[0]: tuple(row[1:]) for row in rows}

    def _write(self, known: dict[str, tuple[str, ...]]) -> None:
        if self._path is None or self._workspace is None:
            return
        text = "".join("\t".join((word, *known[word])) + "\n" for word in sorted(known))
        with self._workspace.staged(self._path) as draft:
            draft.write_text(text, encoding="utf-8")


def _content(word: str, morphemes: list[Any]) -> tuple[str, ...]:
    """Nouns, roots, stems and foreign words of one analysis; empty when that is the word itself."""
    parts = tuple(m.form for m in morphemes if m.tag.split("-")[0] in _CONTENT and len(m.form) > 1)
    return () if parts == (word,) else parts
