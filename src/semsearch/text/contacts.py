"""Contacts in a post, in any disguise: phones, virtual numbers, registrations, links, mail, messenger ids, accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from semsearch.text.folding import fold, folded
from semsearch.text.numerals import registered

if TYPE_CHECKING:
    from linkify_it import LinkifyIt


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


_GAP = r"(?:[^\w|]|[_ㅡ]){0,3}"
_TIGHT = r"[)\-–—.·ㅡ ]{1,2}"
_MOBILE = rf"(?:\+?82{_GAP}(?:\(0\))?0?|(?<!\d)0)1[016789](?:{_GAP}\d){{7,8}}|0{_GAP}1{_GAP}[016789](?:{_GAP}\d){{7,8}}"
_PHONES = re.compile(
    rf"(?<![\d])(?:(?P<mobile>(?:\+?82{_GAP}0?|0)1[016789](?:{_GAP}\d){{7,8}}|0{_GAP}1{_GAP}0(?:{_GAP}\d){{8}})"
    rf"|(?P<virtual>050[2-8]{_GAP}\d{{3,4}}{_GAP}\d{{4}})"
    rf"|(?P<land>(?:02|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|80)){_TIGHT}\d{{3,4}}{_TIGHT}\d{{4}})"
    rf"|(?P<business>\d{{3}}[\-–—·.]\d{{2}}[\-–—·.]\d{{5}})"
    rf"|(?P<office>1[568]\d\d[\-–—]\d{{4}}))(?!\d)"
)
_ABROAD = re.compile(r"(?<![\w+])\+(?!82)[1-9](?:[ ().\-]{0,2}\d){7,14}(?!\d)")
_CALL = re.compile(r"전화|문의|상담|연락|번호|고객|센터|대표|콜|tel|call|☎|📞|☏")
_ACCOUNT = re.compile(
    r"(?P<bank>국민|신한|우리|하나|농협|기업|카카오 ?뱅크|카뱅|토스(?: ?뱅크)?|케이뱅크|새마을(?:금고)?|우체국|신협|수협|kb|nh|ibk|sc제일|씨티)"
    r"(?:은행)?[^\d\n]{0,6}(?P<number>\d{2,6}(?:-\d{1,6}){1,3}|\d{10,14})(?![\d-])"
)
_LINK = re.compile(r"(?:[!-~]*[a-z0-9]\.[a-z]{2}[!-~]*|[a-z]+://[!-~]+)")
_MAIL = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?![a-z0-9])")
_PLATFORMS = r"카카오톡|카톡|까톡|카카오|kakao(?: ?talk)?|katalk|ktalk|텔레그램|텔레|텔그|telegram|tele|라인|line|위챗|wechat|인스타(?:그램)?|insta(?:gram)?|디스코드|discord|왓츠앱|whatsapp|스카이프|skype|ㅋㅌ|ㅌㄹ"
_MESSENGER = re.compile(
    rf"(?:{_PLATFORMS})(?:로|으로|은|는)? ?(?P<mark>(?:아이디|id|친추|추가|문의|상담|주소|연락)?(?:은|는|로)? ?[:=;@→>ㅣ|\-(\[]*) ?"
    r"(?P<id>[a-z0-9][a-z0-9_.\-]{2,23}[a-z0-9_])(?![a-z0-9@])"
)
_HANDLE = re.compile(r"(?<![\w.@/])@(?P<id>[a-z][a-z0-9_]{3,31})(?![\w@.])")


def contacts(text: str) -> tuple[Contact, ...]:
    """The contacts of a text in the order of their places, which never overlap."""
    found = in_view(folded(text))
    if not found:
        return ()
    view = fold(text)
    return tuple(Contact(c.kind, c.key, *view.origin(c.start, c.end)) for c in found)


def in_view(view: str) -> tuple[Contact, ...]:
    """The contacts of a folded text, with places in it."""
    found = [*_links(view), *_mails(view), *_numbers(view), *_accounts(view), *_messengers(view)]
    held: list[Contact] = []
    for contact in found:
        if all(contact.end <= other.start or other.end <= contact.start for other in held):
            held.append(contact)
    return tuple(sorted(held, key=lambda c: c.start))


def _numbers(view: str) -> Iterator[Contact]:
    for found in _PHONES.finditer(view):
        kind = str(found.lastgroup)
        digits = "".join(filter(str.isdecimal, found.group()))
        start, end = found.span()
        if kind == "business":
            if registered(digits):
                yield Contact("business", f"business:{digits}", start, end)
        elif kind == "virtual":
            yield Contact("virtual_phone", f"virtual_phone:{digits}", start, end)
        elif kind != "office" or _CALL.search(view[max(0, start - 15) : end + 10]):
            local = "0" + digits[2:].lstrip("0") if digits.startswith("82") else digits
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
    for found in _ACCOUNT.finditer(view):
        digits = "".join(filter(str.isdecimal, found["number"]))
        if 10 <= len(digits) <= 14:
            yield Contact("account", f"account:{digits}", *found.span("number"))


def _links(view: str) -> Iterator[Contact]:
    for run in _LINK.finditer(view):
        for match in _finder().match(run.group()) or ():
            if match.schema == "mailto:" or "@" in match.raw.split("/")[0]:
                continue
            start = run.start() + match.index
            yield Contact("url", f"url:{_address(match.raw)}", start, run.start() + match.last_index)


def _address(url: str) -> str:
    """A link without scheme, www and the slash at its end."""
    return re.sub(r"^[a-z]+://|^//", "", url).removeprefix("www.").removeprefix("m.").rstrip("/.,")


@cache
def _finder() -> LinkifyIt:
    from linkify_it import LinkifyIt

    return LinkifyIt()


def _mails(view: str) -> Iterator[Contact]:
    for found in _MAIL.finditer(view) if "@" in view else ():
        yield Contact("email", f"email:{found.group()}", *found.span())


def _messengers(view: str) -> Iterator[Contact]:
    for found in _MESSENGER.finditer(view):
        name = found["id"]
        if (found["mark"].strip() and not name.isdecimal()) or (re.search("[a-z]", name) and re.search("[0-9_]", name)):
            yield Contact("messenger", f"messenger:{name}", *found.span("id"))
    for found in _HANDLE.finditer(view) if "@" in view else ():
        yield Contact("messenger", f"messenger:{found['id']}", *found.span())
