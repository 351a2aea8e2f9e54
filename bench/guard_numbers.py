"""Resident numbers, cards, bank accounts and Korean addresses, made up, as a seller may write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semsearch.llm.guard.long_numbers import luhn
from semsearch.simulate.abuse.dice import Dice

KINDS = ("rrn", "card", "account", "address")
SIGNS = (" ", "-", ".", "/", "_", "·", "ㅡ", "–", " - ", "\n", ", ", "*")
_OTHER = ("0oO⓪공", "1lI①일", "2②이", "3③삼", "4④사", "5⑤오", "6⑥육", "7⑦칠", "8⑧팔", "9⑨구")
_DISGUISED = 0.33


def shown_numbers(n: int) -> Iterator[tuple[str, int, str]]:
    """(kind, strength, as written).

    Strength 0 is plain, 1 has another sign between the parts, 2 also other signs for a third of the digits; 3 takes
    each digit of a number apart, and joins all parts of an address.
    """
    dice = Dice(3, "guard-numbers")
    for i in range(n):
        kind, level = dice.of(KINDS), i % 4
        label, parts, usual = _made(kind, dice)
        yield kind, level, label + _shown(kind, parts, usual, level, dice)


def _made(kind: str, dice: Dice) -> tuple[str, Sequence[str], str]:
    """(label, parts, usual sign between them)."""
    if kind == "rrn":
        date = f"{dice.between(50, 99)}{dice.between(1, 12):02d}{dice.between(1, 28):02d}"
        return dice.of(("주민번호 ", "주민 ", "")), (date, f"{dice.between(1, 4)}{_digits(6, dice)}"), "-"
    if kind == "card":
        begin = dice.of("3456") + _digits(14, dice)
        number = next(begin + str(last) for last in range(10) if luhn(begin + str(last)))
        return dice.of(("카드 ", "")), [number[at : at + 4] for at in range(0, 16, 4)], dice.of((" ", "-", ""))
    if kind == "account":
        bank, lengths = dice.of((("국민은행 ", (6, 2, 6)), ("신한 ", (3, 3, 6)), ("카카오뱅크 ", (4, 2, 7))))
        return bank, [_digits(length, dice) for length in lengths], "-"
    area, road = (
        dice.of(("강남구", "성남시 분당구", "전주시 완산구")),
        dice.of(("테헤란로", "판교역로", "역삼동", "서신동")),
    )
    return dice.of(("주소 ", "")), (*area.split(), road, f"{dice.between(1, 400)}-{dice.between(1, 30)}"), " "


def _shown(kind: str, parts: Sequence[str], usual: str, level: int, dice: Dice) -> str:
    if level == 3:
        return "".join(parts) if kind == "address" else dice.of(SIGNS).join("".join(parts))
    sign = dice.of(SIGNS) if level else usual
    return sign.join("".join(_other(char, dice) for char in part) if level == 2 else part for part in parts)


def _other(char: str, dice: Dice) -> str:
    return dice.of(_OTHER[int(char)]) if char.isdigit() and dice.chance(_DISGUISED) else char


def _digits(n: int, dice: Dice) -> str:
    return "".join(str(dice.below(10)) for _ in range(n))
