"""Words that are written so that only a machine reads them: base64, hexadecimal, binary, codes, percent, escapes."""

from __future__ import annotations

import base64
import binascii
import codecs
import re

ENCODED = "[ENCODED]"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?<![0-9a-zA-Z])(?:0x|\\x)?[0-9a-fA-F]{2}(?:[\s,:]*(?:0x|\\x)?[0-9a-fA-F]{2}){5,}(?![0-9a-zA-Z])")
_BINARY = re.compile(r"[01]{8}(?:[\s,]*[01]{8}){3,}")
_CODES = re.compile(r"(?<![\d.,])\d{2,3}(?:[\s,]+\d{2,3}){5,}(?![\d.,]*\d)")
_PERCENT = re.compile(r"(?<!\d)(?:%[0-9a-fA-F]{2})+")
_JOINED = re.compile(r"(?:[0-9A-Za-z]{1,8}%20){5,}[0-9A-Za-z]*")
"""Numbers of an encoding with %20 for spaces; 10%20%30% is a list of percentages."""
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,6}\}|\\x[0-9a-fA-F]{2}|U\+[0-9a-fA-F]{4,5} ?)+")
_ORDINARY = re.compile("(?:[A-Za-z]?[a-z]+|[A-Z]+)(?:[-/](?:[A-Za-z]?[a-z]+|[A-Z]+))*")
"""Words in one case, also strung together; base64 mixes cases."""
_BLOB = 32
"""Characters of a run in capitals, small letters and digits that is no word in any case."""
_KINDS_OF_KEY = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]")))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_KEY = 8
"""Bytes of hexadecimal in letters and digits that is a key or text, and not a number of a part."""
_SURE = 12
"""Bytes written as numbers from which on it is enough that they could be text."""
_CUT = 3
"""Bytes of a character that can stand without its first one."""
_PLAIN_SIGNS = frozenset(" .,:;!?'\"_-{}()[]\n/=")
_MOST_SIGNS = 0.25


def without_encoded(text: str) -> tuple[str, bool]:
    """The text with `[ENCODED]` for what says words in an encoding or is a long blob, and whether there was any.

    Model names, prices, sizes, phone numbers and words of 12 letters or more stay: they decode to no words.
    """
    before = text
    if "\\" in text or "U+" in text:
        text = _ESCAPES.sub(ENCODED, text)
    if "%" in text:
        text = _PERCENT.sub(ENCODED, _JOINED.sub(ENCODED, text))
    for pattern, read in ((_BINARY, _binary), (_CODES, _codes), (_HEX, _hexadecimal), (_BASE64, _base64)):
        if pattern.search(text):
            text = pattern.sub(read, text)
    return text, text != before


def _binary(found: re.Match[str]) -> str:
    octets = re.findall("[01]{8}", found[0])
    return ENCODED if 2 * sum("1" in octet for octet in octets) > len(octets) else found[0]


def _says(raw: bytes) -> bool:
    """Whether bytes are words: UTF-8, nearly all letters and spaces."""
    text = _text(raw)
    signs = sum(not char.isalpha() and char != " " for char in text)
    strange = any(not char.isalnum() and char not in _PLAIN_SIGNS for char in text if char.isascii() or char.isspace())
    return bool(text) and not strange and signs <= _MOST_SIGNS * len(text) and text.isprintable()


def _reads(raw: bytes) -> bool:
    """Whether bytes could be text of any kind: UTF-8 without control characters."""
    text = _text(raw)
    return bool(text) and not _CONTROL.search(text)


def _text(raw: bytes) -> str:
    """Bytes as UTF-8, the parts of a character that was cut at either end aside; empty when they are none."""
    begin = next((at for at, byte in enumerate(raw[:_CUT]) if byte >> 6 != 0b10), _CUT)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(raw[begin:])
    except UnicodeDecodeError:
        return ""


def _codes(found: re.Match[str]) -> str:
    return _numbers(found[0], [int(code) for code in re.findall(r"\d+", found[0])])


def _hexadecimal(found: re.Match[str]) -> str:
    digits = re.sub(r"0x|\\x|[\s,:]", "", found[0])
    raw = bytes.fromhex(digits)
    if digits.isdecimal():
        return _numbers(found[0], list(raw)) if len(raw) >= _SURE else found[0]
    return ENCODED if _says(raw) or (len(raw) >= _KEY and not digits.isalpha()) else found[0]


def _numbers(written: str, codes: list[int]) -> str:
    """Numbers that could be characters; those in order are sizes or prices."""
    if max(codes) > 255 or codes in (sorted(codes), sorted(codes, reverse=True)):
        return written
    raw = bytes(codes)
    return ENCODED if (_reads(raw) if len(codes) >= _SURE else _says(raw)) else written


def _base64(found: re.Match[str]) -> str:
    run = found[0]
    if run.replace("-", "").isdecimal() or _ORDINARY.fullmatch(run):
        return run
    longest = max(re.split("[/_-]", run), key=len)
    if len(longest) >= _BLOB and all(kind.search(longest) for kind in _KINDS_OF_KEY):
        return ENCODED
    plain = run.rstrip("=").replace("-", "+").replace("_", "/")
    words = (_reads if not begin else _says for begin in range(4))
    return ENCODED if any(says(_decoded(plain[begin:])) for begin, says in enumerate(words)) else run


def _decoded(plain: str) -> bytes:
    """Bytes of base64 without its padding; a byte that is no text when it is none."""
    part = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b"\xff"
