"""Ways to be reached outside of the market, plain and in disguise.

Written for the made stream alone. A person can read every disguise: separators are dropped, digits are read in
any script (공 or 영 and look-alike O, ㅇ for 0; l, I, ㅣ for 1), letters lose circles and width.
"""

from __future__ import annotations

from dataclasses import dataclass

from semsearch.simulate.abuse.dice import Dice

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SPOKEN = {"ko": ("공영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")}
_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SHAPES = {"0": "OoㅇО", "1": "lIㅣ|"}
_LATIN_SHAPES = {"0": "OoО", "1": "lI|"}
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_GAPS = (" ", ".", "-", "_", " - ", "*", "~", "/", "·", ",")
_WORDS = ("shop", "lux", "mall", "happy", "vip", "best", "real", "gold", "money", "team", "star", "day", "plus", "new")
_LABELS = {
    "ko": {
        "messenger": (
            ("카톡", "카카오톡", "카톡아이디", "톡아이디", "카톡 ID"),
            ("까톡", "깨톡", "카 톡", "톡", "ㅋㅌ", "카.톡", "옐로톡"),
            ("ㅋㅏ톡", "ㅋr톡", "카ㅌㅗㄱ", "kㅏ톡", "ㅋ ㅏ 톡", "카\u200b톡", "ㅋㅏㅌㅗㄱ", "캌옥톡", "까까오똑"),
        ),
        "account": (
            ("텔레그램", "텔레", "텔레그램 아이디"),
            ("텔그", "텔레그렘", "텔.레", "텔 레", "틸레그램"),
            ("ㅌㅔㄹㄹㅔ", "텔\u200b레", "ㅌ레그램", "T레그램", "텔ㄹㅔ", "털레그랩"),
        ),
        "line": (("라인", "라인 아이디"), ("라.인", "롸인", "lINE"), ("ㄹr인", "라ㅇㅣㄴ", "ㄹㅏ인")),
        "phone": (
            ("", "문자", "전화", "번호", "연락처"),
            ("폰", "뮨자", "전 화", "☎", "📞"),
            ("ㅈㅓㄴ화", "문ㅈr", "폰ㅂㅓㄴ호", "즌화", "☏"),
        ),
    },
    "en": {
        "messenger": (
            ("WhatsApp", "whatsapp", "Whats App"),
            ("whats-app", "W h a t s a p p", "wassap", "what's app"),
            ("whаtsаpp", "wh@ts@pp", "vvhatsapp", "w.h.a.t.s"),
        ),
        "account": (
            ("Telegram", "telegram", "TG"),
            ("tele gram", "t e l e", "tele-g", "telegrm"),
            ("tеlеgrаm", "t3l3gr4m", "te1egram", "tel\u200begram"),
        ),
        "line": (("Snapchat", "snap"), ("s n a p", "sn4p"), ("snаp", "5nap", "sna\u200bp")),
        "phone": (("text", "call", "", "cell"), ("txt", "t e x t", "c e l l"), ("tехt", "t3xt", "c4ll", "te\u200bxt")),
    },
}  # fmt: skip


_USUAL = (*["messenger"] * 6, *["account"] * 3, *["phone"] * 3, "line", "link")


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to be reached: `key` is what a person writes down (digits, a name or an address)."""

    kind: str
    """phone, virtual, messenger, account, line, link or email."""
    key: str


def make(dice: Dice, lang: str, *, link: bool = False) -> Contact:
    """One contact of a seller; `link` asks for an address of a false payment page."""
    if link:
        return Contact("link", _pay_link(dice, lang))
    last = "virtual" if lang == "ko" else "email"
    kind = dice.of((*_USUAL, last))
    if kind == "phone" or (kind == "messenger" and lang == "en"):
        return Contact(kind, _phone(dice, lang))
    if kind == "virtual":
        return Contact(kind, f"050{dice.between(2, 8)}{dice.between(1000, 9999)}{dice.between(1000, 9999)}")
    if kind == "email":
        return Contact(kind, f"{_name(dice)}@{dice.of(('gmail', 'outlook', 'proton'))}.com")
    return Contact(kind, _chat_link(dice, lang) if kind == "link" else _name(dice))


def plain_phone(dice: Dice, lang: str) -> str:
    """An honest person's number as written on a sign."""
    return _dashed(_phone(dice, lang), "-")


def business_number(dice: Dice) -> str:
    """A Korean business-registration number with a valid check digit (weights 1 3 7 1 3 7 1 3 5)."""
    digits = [dice.between(1, 6), *(dice.below(10) for _ in range(8))]
    total = sum(d * w for d, w in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True)) + digits[8] * 5 // 10
    text = "".join(map(str, [*digits, (10 - total % 10) % 10]))
    return f"{text[:3]}-{text[3:5]}-{text[5:]}"


def show(contact: Contact, level: int, dice: Dice, lang: str) -> str:
    """The contact as a post says it, with its label; `level` 0 is plain, 3 the strongest disguise."""
    if contact.kind == "link":
        return _show_link(contact.key, level, dice, lang)
    if contact.kind == "email":
        return _show_email(contact.key, level, dice)
    kind = "phone" if contact.kind == "virtual" else contact.kind
    tiers = _LABELS[lang][kind]
    label = dice.of(tiers[(0, 0, 1, 2)[level] if dice.chance(0.3) else min(level, 2)])
    if contact.key.isdigit():
        said = _show_digits(contact.key, level, dice, lang)
    else:
        said = _show_name(contact.key, level, dice, lang)
        if kind == "account" and level < 2 and dice.chance(0.5):
            said = f"@{said}"
    glue = dice.of((" ", " : ", ":", " ", "→", " ▶ ") if level else (" ", ": ", " "))
    return f"{label}{glue}{said}" if label else said


def _phone(dice: Dice, lang: str) -> str:
    if lang == "ko":
        return f"010{dice.between(2000, 9999)}{dice.below(10000):04d}"
    area = dice.of(("212", "312", "415", "617", "206", "303", "713", "404", "503", "818"))
    return f"{area}{dice.between(220, 989)}{dice.below(10000):04d}"


def _name(dice: Dice) -> str:
    word = dice.of(_WORDS) + (dice.of(_WORDS) if dice.chance(0.4) else dice.of(_LETTERS) + dice.of(_LETTERS))
    return f"{word}{dice.between(10, 9999)}"


def _pay_link(dice: Dice, lang: str) -> str:
    brand = dice.of(("npay", "naver-pay", "safe-order", "escrow", "smartpay") if lang == "ko" else
                    ("paypal-safe", "zelle-verify", "secure-order", "escrow", "safe-checkout"))  # fmt: skip
    return f"{brand}{dice.between(2, 99)}.{dice.of(_WORDS)}{dice.of(_WORDS)}.{dice.of(('com', 'net', 'shop', 'kr'))}"


def _chat_link(dice: Dice, lang: str) -> str:
    code = "".join(dice.of(_LETTERS + "0123456789") for _ in range(8))
    return f"open.kakao.com/o/{code}" if lang == "ko" else f"t.me/{_name(dice)}"


def _dashed(key: str, gap: str) -> str:
    return f"{key[:3]}{gap}{key[3:-4]}{gap}{key[-4:]}"


def _show_digits(key: str, level: int, dice: Dice, lang: str) -> str:
    if level == 0:
        return _dashed(key, dice.of(("-", "-", " ", "", ".")))
    share = (0.0, 0.25, 0.55, 0.9)[level]
    gap = dice.of(_GAPS)
    said = [_digit(d, dice, lang, gap) if dice.chance(share) else d for d in key]
    blocks = ["".join(said[:3]), "".join(said[3:-4]), "".join(said[-4:])]
    if level == 3 and dice.chance(0.4):
        return dice.of((" ", ".", "")).join(said) if lang == "ko" else gap.join(said)
    return gap.join(blocks)


def _digit(digit: str, dice: Dice, lang: str, gap: str) -> str:
    place, roll = int(digit), dice.roll()
    if roll < 0.35:
        return dice.of(_SPOKEN["ko"][place]) if lang == "ko" else (f"{gap}{_NAMES[place]}{gap}").replace(gap * 2, gap)
    shapes = (_SHAPES if lang == "ko" else _LATIN_SHAPES).get(digit)
    if shapes and roll < 0.7:
        return dice.of(shapes)
    return _CIRCLED[place] if roll < 0.85 else chr(0xFF10 + place)


def _show_name(name: str, level: int, dice: Dice, lang: str) -> str:
    if level == 0:
        return name
    if level == 1:
        return name.upper() if dice.chance(0.4) else f"{name[:3]} {name[3:]}" if dice.chance(0.5) else name
    share = 0.3 if level == 2 else 0.75
    said = [_shown_letter(c, dice, lang) if dice.chance(share) else c for c in name]
    gap = dice.of(("", "", " ", ".", "-", "\u200b", "_")) if dice.chance(0.3 * level) else ""
    return gap.join(said)


def _shown_letter(char: str, dice: Dice, lang: str) -> str:
    if char.isdigit():
        if lang == "ko" and dice.chance(0.4):
            return _SPOKEN["ko"][int(char)][0]
        return _CIRCLED[int(char)] if dice.chance(0.6) else chr(0xFF10 + int(char))
    circled, wide = chr(0x24D0 + ord(char) - 97), chr(0xFF41 + ord(char) - 97)
    return dice.of((circled, wide, char.upper()))


def _show_link(key: str, level: int, dice: Dice, lang: str) -> str:
    host, slash, path = key.partition("/")
    tail = (
        f"{slash}{path}" if slash else f"/{dice.of(('order', 'pay', 'item', 'o'))}/{dice.between(10_000, 99_999_999)}"
    )
    if level == 0:
        return f"https://{host}{tail}" if dice.chance(0.6) else f"{host}{tail}"
    dots = (
        ("."),
        (" . ", "[.]", "。", "．"),
        (" 점 ", "(dot)", "[.]", "。", "․") if lang == "ko" else (" dot ", "(dot)", "[.]", "。"),
    )
    dot = dice.of(dots[level - 1])
    scheme = dice.of(("", "hxxps://", "http s://", "h t t p s://")) if level > 1 else dice.of(("", "https://"))
    shown = host.replace(".", dot)
    return f"{scheme}{shown}{tail}" if level < 3 or dice.chance(0.5) else f"{scheme}{shown} {tail.replace('/', ' / ')}"


def _show_email(key: str, level: int, dice: Dice) -> str:
    user, _, host = key.partition("@")
    at = ("@", " @ ", " (at) ", dice.of((" [at] ", "(a)", " at ")))[level]
    dot = (".", ".", " dot ", dice.of((" (dot) ", "[.]", " d0t ")))[level]
    return f"{user}{at}{host.replace('.', dot)}"
