"""How Latin text is written to slip past filters. Tables of the made stream alone, never shared with `text/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from semsearch.simulate.abuse.dice import Dice

Change = Callable[[str, Dice], str]

_TWINS = {
    "a": "аɑα", "b": "Ьƅ", "c": "сϲ", "d": "ԁ", "e": "еҽ", "g": "ɡ", "h": "һ", "i": "іι", "j": "ј", "k": "κк", "l": "ӏ",
    "m": "м", "n": "ո", "o": "оοօ", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "т", "u": "υս", "v": "νѵ", "w": "ԝω",
    "x": "хχ", "y": "уγ", "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "K": "КΚ", "M": "МΜ",
    "N": "Ν", "O": "ОΟ", "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "ΥҮ", "Z": "Ζ",
}  # fmt: skip
_LEET = {
    "a": ("4", "@"), "b": ("8",), "e": ("3",), "g": ("9",), "i": ("1", "!"), "l": ("1", "|"), "o": ("0",),
    "s": ("5", "$"),
    "t": ("7", "+"), "z": ("2",),
}  # fmt: skip
_COMBINING = "\u0336\u0337\u0332\u0323\u0331\u0301\u0308\u0303\u0307\u030a"
_HIDDEN = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")
_MARKS = (".", "-", "_", "*", "~", " ", "|", "'", "·", "+")
_EAR = (
    ("ph", "f"), ("ck", "kk"), ("qu", "kw"), ("tion", "shun"), ("you", "u"), ("are", "r"), ("see", "c"), ("for", "4"),
    ("to", "2"), ("ate", "8"), ("ea", "ee"), ("c", "k"), ("x", "ks"), ("ight", "ite"), ("s", "z"), ("oo", "u"),
)  # fmt: skip
_SQUARED = {"upper": 0x1F170, "round": 0x24D0, "bracket": 0x249C}


def _swap(word: str, dice: Dice, share: float, table: Mapping[str, Sequence[str]]) -> str:
    known = [i for i, char in enumerate(word) if char in table]
    if not known:
        return word
    sure = dice.of(known)
    return "".join(
        dice.of(table[char]) if i == sure or (char in table and dice.chance(share)) else char
        for i, char in enumerate(word)
    )


def twins(word: str, dice: Dice) -> str:
    """Cyrillic and Greek letters that look the same."""
    return _swap(word, dice, 0.5, _TWINS)


def leet(word: str, dice: Dice) -> str:
    """Digits and signs for letters: ca5h, p@y."""
    return _swap(word, dice, 0.45, _LEET)


def _between(word: str, dice: Dice, share: float, fillers: Sequence[str]) -> str:
    sure = dice.below(max(1, len(word) - 1))
    return "".join(
        char + (dice.of(fillers) if i < len(word) - 1 and (i == sure or dice.chance(share)) else "")
        for i, char in enumerate(word)
    )


def invisible(word: str, dice: Dice) -> str:
    """Characters that nobody sees inside the word."""
    return _between(word, dice, 0.35, _HIDDEN)


def marks(word: str, dice: Dice) -> str:
    """Signs or spaces between the letters: c.a.s.h."""
    return _between(word, dice, 0.6, (dice.of(_MARKS),))


def combining(word: str, dice: Dice) -> str:
    """Accents and strokes on letters."""
    return "".join(char + dice.of(_COMBINING) if char.isalpha() and dice.chance(0.45) else char for char in word)


def swapped(word: str, dice: Dice) -> str:
    """Two neighbours inside the word change places: psasword."""
    if len(word) < 4:
        return word
    at = dice.between(1, len(word) - 3)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def by_ear(word: str, dice: Dice) -> str:
    """Spelling by ear: fone, kash, 4 sale."""
    for written, heard in _EAR:
        if written in word and dice.chance(0.6):
            word = word.replace(written, heard, 1)
    return word


def enclosed(word: str, dice: Dice) -> str:
    """Letters in circles and boxes: ⓒash, 🅲🅰🆂🅷."""
    base = dice.of((*_SQUARED.values(), 0x24D0))
    return "".join(
        chr(base + ord(char.lower()) - 97) if "a" <= char.lower() <= "z" and dice.chance(0.6) else char for char in word
    )


DISGUISES: dict[str, Change] = {
    "twins": twins, "leet": leet, "invisible": invisible, "marks": marks, "combining": combining,
}  # fmt: skip
HELD_OUT: dict[str, Change] = {"swapped": swapped, "by_ear": by_ear, "enclosed": enclosed}
LAYERS = (("leet", "swapped", "by_ear"), ("twins", "enclosed"), ("marks", "invisible", "combining"))
"""Disguises that can lie on one another, innermost first: at most one of each layer."""
