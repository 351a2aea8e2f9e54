"""Links and mail addresses, also where the dot and the sign are written out: 토토닷컴, naver [.] com, a골뱅이네이버."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from linkify_it import LinkifyIt


class Link(NamedTuple):
    """An address in its one spelling, and its place in the view."""

    address: str
    start: int
    end: int


_TOPS = (
    "com|net|org|kr|co[.]kr|or[.]kr|shop|xyz|top|site|online|info|biz|link|club|vip|store|live|icu|me|io|ly|gg|cc|tv|"
    "ru|cn"
)
_DOT = (
    r"(?: ?[\[({<] ?(?:\.|dot|닷|점|쩜|콤마) ?[\])}>] ?"
    r"|(?<=[a-z0-9])(?: (?:dot|닷|점|쩜) ?| \. |[。․·ㆍ])|닷|쩜)"
)
_LIKELY = re.compile(
    r"[.:닷쩜점(\[{<](?:(?<=[a-z0-9가-힣]\.)[a-z컴넷]|(?<=:)//|(?<=[닷쩜])|(?<=점)[컴넷]|(?<= \.) [a-z]"
    r"|(?<=[(\[{<]) ?(?:\.|dot|닷|점|콤마))"
)
# One run of keys at a time: the finder sees no Hangul, so that a particle after an address is none of it.
_RUN = re.compile(r"(?:h(?:tt|xx|\*\*)ps?://)?(?:(?!h(?:tt|xx|\*\*)ps?://)[!-~]){4,2048}")
_HOST_LIKELY = re.compile("[.](?:[a-zA-Z]{2}|.*//)|//.*[.]")
_WRITTEN_OUT = re.compile(
    rf"(?<![a-z0-9.-])(?P<host>[a-z0-9가-힣][a-z0-9가-힣-]{{0,40}}(?:(?:\.|{_DOT})[a-z0-9-]{{1,40}}){{0,3}}?)"
    rf"(?:{_DOT}(?P<top>{_TOPS}|컴(?![가-힣]{{0,1}}퓨|퍼)|넷(?!플|마블))|(?:\.|점)(?P<spelled>컴(?!퓨|퍼)|넷(?!플|마블)))"
    rf"(?![a-z0-9])(?P<path>/[!-~]{{1,200}}|(?: / [!-.0-~]{{1,60}}){{1,4}})?"
)
_SPELLED = {"컴": "com", "넷": "net"}
# Two sentences without a space between look like a bare host: "of it.so", "prize.to".
_SENTENCES = re.compile(
    r"(?!www\.)(?:[^/?]{1,2}\.[a-z]+|[^/?]*\.(?!(?:kr|jp|cn|ru|uk|de|fr|nl|pl|eu|tw|hk|vn|tk|ly|gg|cc|tv|io|ml)$)[a-z]{2})$"
)
_TRACKING = re.compile(r"(?:utm_[a-z]+|igshid|fbclid|gclid|feature|si)=[^&#]*&?")
_PROVIDERS = {
    "네이버": "naver.com", "지메일": "gmail.com", "한메일": "hanmail.net", "다음": "daum.net", "네이트": "nate.com",
}  # fmt: skip
# " at " is a word of English: it counts before a well-known provider or a dot that is written out.
_KNOWN = "gmail|naver|daum|hanmail|nate|hotmail|yahoo|outlook|icloud|kakao"
_AT = (
    r"(?: ?@ ?| ?[\[({<] ?(?:at|앳|골뱅이|@) ?[\])}>] ?| ?골뱅이 ?"
    rf"| at (?=(?:{_KNOWN})\b|[a-z0-9-]+ ?(?:dot|닷|점|쩜) ?[ckno]))"
)
_LABEL = "[a-z0-9-]{1,40}"
_MAIL = re.compile(
    rf"(?<![a-z0-9._%+-])(?P<name>[a-z0-9][a-z0-9._%+-]{{0,63}}){_AT}"
    rf"(?:(?P<domain>{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{0,3}}(?:\.|{_DOT})(?:[a-z]{{2,10}}|컴|넷))(?![a-z0-9])"
    rf"|(?P<provider>{'|'.join(_PROVIDERS)})(?:(?:\.|{_DOT})(?:com|net|컴|넷))?)"
)
_MAIL_LIKELY = re.compile(r"[@골a앳](?:(?<=@)|뱅이|(?:t|(?<=앳))[ \])}>])")


def mails(view: str) -> Iterator[Link]:
    """Mail addresses of a folded text, in order."""
    if not _MAIL_LIKELY.search(view):
        return
    for found in _MAIL.finditer(view):
        domain = _PROVIDERS.get(found["provider"] or "") or _dotted(found["domain"])
        yield Link(f"{found['name']}@{domain}", *found.span())


def _dotted(domain: str) -> str:
    plain = re.sub(_DOT, ".", domain)
    for spelled, top in _SPELLED.items():
        plain = plain.removesuffix("." + spelled) + "." + top if plain.endswith("." + spelled) else plain
    return plain


def links(view: str) -> Iterator[Link]:
    """Links of a folded text: those that linkify-it finds, then those with a dot that is written out."""
    if not _LIKELY.search(view) and " dot " not in view:
        return
    for run in _RUN.finditer(view):
        if _HOST_LIKELY.search(run.group()):
            yield from _found(run.group().replace("hxxp", "http").replace("h**p", "http"), run.start())
    for found in _WRITTEN_OUT.finditer(view):
        top = found["top"] or found["spelled"]
        path = (found["path"] or "").replace(" ", "")
        yield Link(_address(f"{_dotted(found['host'])}.{_SPELLED.get(top, top)}{path}"), *found.span())


def _found(run: str, place: int) -> Iterator[Link]:
    for match in _finder().match(run) or ():
        if match.schema != "mailto:" and (match.schema or not _SENTENCES.match(match.raw)):
            yield Link(_address(match.raw), place + match.index, place + match.last_index)


def _address(link: str) -> str:
    """A link without its scheme, www, mobile host, fragment, tracking marks and what stands loose at its end."""
    plain = re.sub(r"^(?:[a-z]+:)?//", "", link).split("#")[0]
    host, _, rest = plain.partition("/")
    for front in ("www.", "m."):
        host = host.removeprefix(front) if host.count(".") > 1 else host
    return f"{host}/{_TRACKING.sub('', rest)}".rstrip("/?&.,")


@cache
def _finder() -> LinkifyIt:
    from linkify_it import LinkifyIt

    return LinkifyIt().tlds(_TOPS.replace("[.]", ".").split("|"), keep_old=True)
