"""Contacts in a post, in any disguise: phones, virtual numbers, registrations, links, mail, messengers, accounts.

Everything is looked for in the folded text, where letters and digits are plain already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from semsearch.text.abuse.folding import origins
from semsearch.text.abuse.links import links, mails
from semsearch.text.abuse.number_shape import brk, gap
from semsearch.text.abuse.numerals import registered
from semsearch.text.abuse.spans import Edit


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach somebody.

    `kind`: phone, virtual_phone, business, url, email, messenger, account. `key` is the same for every spelling of
    it. `start` and `end` are code points of the text it was found in.
    """

    kind: str
    key: str
    start: int
    end: int


_BREAK, _GAP = brk(), gap()
_DASH = r"(?:[-–—·ㅡ~_]| ?[-.)] ?| )"
_SIX = re.compile(rf"[0-9](?:{_GAP}[0-9]){{6}}")
# The first three digits stand together or all apart, as in 0 1 0: a list of numbers is no phone.
_PHONE = re.compile(
    rf"(?=[+\d])(?<!\d)(?<!\d[.,])(?:(?P<mobile>(?:\+?82{_GAP}(?:\(0\)|0)?1|01)(?:0(?:{_GAP}\d){{8}}|[16-9]{_GAP}\d{{3,4}}{_GAP}\d{{4}})"
    rf"|0{_BREAK}{{1,3}}1{_BREAK}{{1,3}}0(?:{_GAP}\d){{8}})"
    rf"|(?P<virtual_phone>050{_GAP}[2-8](?:{_GAP}\d){{7,8}})"
    rf"|(?P<land>(?:02|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|80)){_DASH}\d{{3,4}}{_DASH}\d{{4}})"
    r"|(?P<business>\d{3}[-–—·.]\d{2}[-–—·.]\d{5})"
    r"|(?P<office>1[568]\d\d[-–—]\d{4}))(?!\d)"
)
_ABROAD = re.compile(r"(?<![\w+])\+(?!82)[1-9](?:[ ().\-]{0,2}\d){7,14}(?!\d)")
_CALL = re.compile(r"전화|문의|상담|연락|번호|고객|센터|대표|콜|(?<![a-z])(?:tel|call)|☎|📞|☏")
_OFFICE = re.compile(r"사업자 ?(?:등록)? ?(?:번호)?\D{0,6}(?P<number>\d{3} ?\d{2} ?\d{5})(?!\d)")
_BANKS = (
    "국민|신한|우리은행|하나은행|농협|기업은행|카카오 ?뱅크|카뱅|토스 ?뱅크|토스|케이뱅크|케뱅|새마을(?:금고)?|우체국|"
    "신협|수협|(?:부산|대구|광주|전북|경남|제주)은행|sc제일|씨티|kb|nh|ibk|계좌(?:번호)?|입금"
)
_ACCOUNT = re.compile(
    rf"(?:{_BANKS})(?:은행)?(?!\D{{0,8}}(?:송장|등기|택배))\D{{0,8}}(?P<number>\d{{2,6}}(?:-\d{{1,7}}){{1,3}}|\d{{11,14}})(?![\d-])"
)
_ACCOUNT_LIKELY = re.compile(r"\d(?:-\d|\d{10})")
_NAMED = (
    r"(?:카[^\w\s]?(?:카오[^\w\s]?)?톡|까톡|kakao ?talk|ka?talk|텔[^\w\s]?레[^\w\s]?그램|telegram|위챗|we ?chat|왓츠앱|"
    r"whats ?app|스카이프|skype|ㅋㅌ|ㅋㅋㅇㅌ)"
)
_VAGUE = (
    r"(?:카카오|kakao|텔[^\w\s]?레|텔그|tele|라인|line|인스타(?:그램)?|insta(?:gram)?|디스코드|discord|디코|페메|톡)"
)
_ID = r"(?P<{}>[a-z0-9][a-z0-9_.\-]{{2,23}}[a-z0-9_]|[a-z0-9](?: [a-z0-9]){{4,15}})(?![a-z0-9@])"
_FOR = r"(?:문의|상담|주소|연락|추가)?"
_CALLED = (
    rf" ?(?:으로|로|은|는)? ?{_FOR}(?:은|는|로)? ?"
    r"(?:(?:아이디|id|친추|친구 ?추가)(?:은|는|로|가)? ?[^\w\s@]? ?@?|[:=@→>;] ?@?)[ :=]*"
)
_MESSENGER = re.compile(
    rf"(?<![a-z0-9_@])(?:(?:{_NAMED}|{_VAGUE}){_CALLED}{_ID.format('called')}"
    rf"|{_NAMED}(?:으로|로)? ?{_FOR}\W{{0,3}}{_ID.format('plain')})"
)
_MESSENGER_LIKELY = re.compile(
    "[톡텔라위왓스ㅋ인디페카ktlwsidy](?:(?<=톡)|레|그|인|챗|츠|카이|ㅌ|ㅋㅇㅌ|스타|스코|코|메|카오"
    "|akao|alk|ele|ine|e ?chat|hats|kyp|nsta|isco)"
)
_HANDLE = re.compile(r"(?<![a-z0-9_.@/])@(?P<id>[a-z][a-z0-9_]{3,31})(?![a-z0-9_@.])")
_INVITES = re.compile(
    "연락|문의|상담|추가|친추|디엠|톡|텔|라인|인스타|주세요|dm|pm|write|contact|message|telegram|tele|insta|пиш|телегр"
)
"""Beside a handle: somebody is asked to write there. A handle alone may be anybody who is spoken of."""
_BESIDE = 24
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[0-9_])")


def placed(text: str, view: str, steps: list[list[Edit]], found: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """Contacts of `view`, to which `steps` lead from `text`, with their places in `text`."""
    if not found or view == text.lower():
        return found
    spans = origins(text, steps, [(c.start, c.end) for c in found])
    return tuple(Contact(c.kind, c.key, *span) for c, span in zip(found, spans, strict=True))


def in_view(view: str) -> tuple[Contact, ...]:
    """The contacts of a folded text, with places in it. Where two overlap, mail goes before links and numbers."""
    found = [Contact("email", f"email:{mail.address}", mail.start, mail.end) for mail in mails(view)]
    found += [Contact("url", f"url:{link.address}", link.start, link.end) for link in links(view)]
    if _SIX.search(view):
        found += (*_numbers(view), *_accounts(view))
    if "@" in view or _MESSENGER_LIKELY.search(view):
        found += _messengers(view)
    return _apart(found) if len(found) > 1 else tuple(found)


def _apart(found: list[Contact]) -> tuple[Contact, ...]:
    """Those that overlap none before them in the list, by place."""
    ranked = sorted(range(len(found)), key=lambda i: (found[i].start, i))
    held: list[int] = []
    for i in ranked:
        while held and found[held[-1]].end > found[i].start and i < held[-1]:
            held.pop()
        if not held or found[held[-1]].end <= found[i].start:
            held.append(i)
    return tuple(found[i] for i in held)


def _numbers(view: str) -> Iterator[Contact]:
    for found in _PHONE.finditer(view):
        kind = str(found.lastgroup)
        digits = "".join(filter(str.isdecimal, found.group()))
        start, end = found.span()
        if kind == "business":
            if registered(digits):
                yield Contact(kind, f"business:{digits}", start, end)
        elif kind == "virtual_phone":
            yield Contact(kind, f"virtual_phone:{digits}", start, end)
        elif kind != "office" or _CALL.search(view[max(0, start - 15) : end + 10]):
            local = "0" + digits[2:].removeprefix("0") if digits.startswith("82") else digits
            yield Contact("phone", f"phone:{local}", start, end)
    for found in _ABROAD.finditer(view) if "+" in view else ():
        if number := _abroad(found.group()):
            yield Contact("phone", f"phone:{number}", *found.span())


def _abroad(text: str) -> str:
    """A number with its country as +14155552671; empty when no network has it."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else ""


def _accounts(view: str) -> Iterator[Contact]:
    for found in _OFFICE.finditer(view) if "사업자" in view else ():
        digits = found["number"].replace(" ", "")
        if registered(digits):
            yield Contact("business", f"business:{digits}", *found.span("number"))
    for found in _ACCOUNT.finditer(view) if _ACCOUNT_LIKELY.search(view) else ():
        digits = found["number"].replace("-", "")
        if 10 <= len(digits) <= 14:
            yield Contact("account", f"account:{digits}", *found.span("number"))


def _messengers(view: str) -> Iterator[Contact]:
    for found in _MESSENGER.finditer(view):
        group = str(found.lastgroup)
        name = found[group].replace(" ", "")
        if not name.isdecimal() and (group == "called" or _MIXED.match(name)):
            yield Contact("messenger", f"messenger:{name}", *found.span(group))
    for found in _HANDLE.finditer(view) if "@" in view else ():
        beside = view[max(0, found.start() - _BESIDE) : found.start()] + view[found.end() : found.end() + _BESIDE]
        if _INVITES.search(beside):
            yield Contact("messenger", f"messenger:{found['id']}", *found.span())
