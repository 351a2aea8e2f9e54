"""Which families there are, and a text as one of them writes it at one strength."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semsearch.simulate.abuse import hangul, latin
from semsearch.simulate.abuse.dice import Dice

WORDING_FAMILIES = ("prices", "wording", "order", "filler", "contacts", "drift")
"""Families that change what is said; any disguise may lie over them."""
HELD_OUT = {"ko": tuple(hangul.HELD_OUT), "en": tuple(latin.HELD_OUT)}
"""Families for the last judgement only: they never occur unless `held_out=True` asks for them."""
MIXED = "mixed"
"""The family that uses all wording changes and all disguises at once."""
SHARES = (0.0, 0.15, 0.45, 0.85)
"""Share of the words that are disguised, by strength."""
CONTACT_MARK = "\ue000"
"""Stands for the contact until the words around it are disguised."""
_TABLES = {"ko": hangul, "en": latin}
_WORD = {"ko": re.compile(r"[가-힣]{2,}|[가-힣]"), "en": re.compile(r"[A-Za-z]{3,}")}
_SIGNS = ("☆", "★", "♥", "♡", "◆", "▶", "✔", "!!", "~~", "※", "♬", "◈")


def disguises(lang: str) -> tuple[str, ...]:
    """Families of disguise in one language, without the held-out ones."""
    return tuple(_TABLES[lang].DISGUISES)


def families(lang: str, *, held_out: bool = False) -> tuple[str, ...]:
    """All families of one language: the held-out ones, or all others."""
    return HELD_OUT[lang] if held_out else (*WORDING_FAMILIES, *disguises(lang), MIXED)


def disguise(text: str, ops: Sequence[str], strength: int, dice: Dice, lang: str) -> str:
    """`text` with its words written as `ops` say; strength 0 returns it as it is, 3 lays disguises over one another."""
    if strength == 0 or not ops:
        return text
    share = SHARES[strength]
    changed = _WORD[lang].sub(
        lambda found: _word(found[0], ops, strength, dice, lang) if dice.chance(share) else found[0], text
    )
    if dice.chance(0.15 * strength):
        changed = f"{dice.of(_SIGNS)} {changed}"
    return f"{changed} {dice.of(_SIGNS)}" if dice.chance(0.2 * strength) else changed


def _word(word: str, ops: Sequence[str], strength: int, dice: Dice, lang: str) -> str:
    table = _TABLES[lang]
    changes = table.DISGUISES | table.HELD_OUT
    first = dice.of(ops)
    names = {first}
    if strength == 3:
        names |= {dice.of(ops) for _ in range(1 + dice.below(2))}
    for layer in table.LAYERS:
        chosen = [name for name in layer if name in names]
        if chosen:
            word = changes[dice.of(chosen)](word, dice)
    return word
