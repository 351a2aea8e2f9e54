"""Bytes to numbered lines of text: encodings recognised, lines in another encoding set aside."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from semsearch.ingest.sources import Unreadable

MAX_LINE = 64 << 20
"""Bytes without a line end above which a stream is refused, so that memory stays bounded."""
Reject = Callable[[int, str, str, object], None]
"""Called with row number, column ('' is the whole row), reason and raw row."""


class Line(NamedTuple):
    """One line with its end; `number` counts from 1."""

    number: int
    text: str


def numbered_lines(name: str, blocks: Iterator[bytes], reject: Reject, piece_from: int | None = None) -> Iterator[Line]:
    """The lines of one stream, or of a piece of one that begins with line `piece_from`: it has no byte order mark.

    A byte order mark decides (UTF-8, UTF-16). Without one a stream is UTF-8 or, when its first block that
    is not plain UTF-8 has more lines in CP949 (which holds EUC-KR), CP949. Lines in the other encoding,
    or in neither, go to `reject`, readable; the header (line 1) is kept in its own encoding.
    """
    number, korean = piece_from or 1, None
    for block in _whole_lines(name, blocks if piece_from else _utf8(name, blocks)):
        text = None if korean and not block.isascii() else _decode(block, "utf-8")
        if text is not None:
            korean = korean if block.isascii() else False
            for line in io.StringIO(text, newline="\n"):
                yield Line(number, line)
                number += 1
            continue
        raw_lines = block.splitlines(keepends=True) if b"\r" not in block else _split(block)
        told = [_classify(raw) for raw in raw_lines]
        if korean is None:
            korean = _mostly_cp949(told)
        wanted = "cp949" if korean else "utf-8"
        for line, encoding in told:
            if encoding in (wanted, "ascii") or number == 1:
                yield Line(number, line)
            else:
                other = "in neither UTF-8 nor CP949" if encoding == "" else f"in {encoding.upper()}"
                reject(number, "", f"the row is {other}, the file in {wanted.upper()}", line.rstrip("\r\n"))
            number += 1


def _utf8(name: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes without a byte order mark; UTF-16 becomes UTF-8."""
    first = next(blocks, b"")
    if not first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        yield decoder.decode(first).encode()
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise Unreadable(f"{name} starts as UTF-16 and is damaged: {error}.", "Next: export it as UTF-8") from error


def _whole_lines(name: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if not end:
            rest.append(block)
            if sum(map(len, rest)) > MAX_LINE:
                raise Unreadable(
                    f"{name} has a line of more than {MAX_LINE >> 20} MB.", "Next: write one row a line, ended by \\n"
                )
            continue
        yield b"".join([*rest, block[:end]])
        rest = [block[end:]]
    if any(rest):
        yield b"".join(rest)


def _split(block: bytes) -> list[bytes]:
    parts = block.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _decode(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _classify(raw: bytes) -> tuple[str, str]:
    """The text of one line and its encoding.

    Short CP949 text can be valid UTF-8 by chance, but only as two-byte sequences (책 is C3 A5); Hangul in
    UTF-8 always has three.
    """
    if raw.isascii():
        return raw.decode("ascii"), "ascii"
    text, korean = _decode(raw, "utf-8"), _decode(raw, "cp949")
    if text is not None and (korean is None or max(text) >= "\u0800"):
        return text, "utf-8"
    if korean is not None:
        return korean, "cp949"
    return raw.decode("utf-8", errors="backslashreplace"), ""


def _mostly_cp949(told: list[tuple[str, str]]) -> bool:
    encodings = [encoding for _, encoding in told]
    return encodings.count("cp949") > encodings.count("utf-8")
