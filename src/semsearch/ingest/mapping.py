"""Which column fills which field: guessed from usual English and Korean names, or said with `field=source`.

A source is a column (`price`), a place inside one (`specs.maker`, `photos[0].url`), several columns joined
by ` > ` (`level1+level2`), a number column scaled (`price_cents*0.01`) or a constant (`'KRW'`).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from semsearch.errors import UsageError

Kind = Literal["items", "interactions", "regions"]

REQUIRED: dict[Kind, tuple[str, ...]] = {
    "items": ("item_id", "title"),
    "interactions": ("ts", "actor_id", "kind"),
    "regions": ("region_id", "name"),
}
_REGION = ("region_id", "region", "region_code", "지역코드", "지역번호", "지역", "동네", "행정동코드", "행정동")
_ITEM = (
    "item_id",
    "id",
    "itemid",
    "listing_id",
    "product_id",
    "sku",
    "상품번호",
    "상품id",
    "상품코드",
    "게시글번호",
    "매물번호",
    "번호",
    "아이디",
)
_BRAND = ("brand", "브랜드", "brand_name", "브랜드명", "제조사", "maker", "manufacturer")
# In order of preference; spelled without case, spaces, - and _.
ALIASES: dict[Kind, dict[str, tuple[str, ...]]] = {
    "items": {
        "item_id": _ITEM,
        "title": ("title", "제목", "상품명", "상품제목", "글제목", "name", "product_name", "item_name", "subject", "이름"),
        "body": ("body", "내용", "본문", "설명", "상품설명", "상세설명", "description", "content", "text", "상세"),
        "category": ("category", "category_path", "카테고리", "분류", "category_name", "카테고리명"),
        "price": ("price", "가격", "판매가", "판매가격", "금액", "price_krw", "unit_price", "희망가격"),
        "currency": ("currency", "통화", "currency_code", "화폐", "통화단위"),
        "region_id": _REGION,
        "seller_id": ("seller_id", "seller", "user_id", "판매자", "판매자id", "판매자번호", "author_id", "작성자", "회원번호"),
        "seller_type": ("seller_type", "판매자유형", "판매자구분", "판매자종류"),
        "created_at": ("created_at", "created", "등록일", "등록일시", "등록시각", "작성일", "작성일시", "생성일", "posted_at", "date", "날짜"),
        "updated_at": ("updated_at", "updated", "수정일", "수정일시", "modified_at", "변경일시"),
        "bumped_at": ("bumped_at", "끌올", "끌올일시", "끌올시각"),
        "ended_at": ("ended_at", "종료일", "종료일시", "판매완료일", "sold_at", "closed_at", "deleted_at", "삭제일시"),
        "status": ("status", "상태", "판매상태", "거래상태", "state"),
        "image_paths": ("image_paths", "images", "image_urls", "image_path", "image_url", "image", "이미지", "사진"),
        "attributes": ("attributes", "속성", "specs", "specifications", "옵션"),
        "attributes.brand": _BRAND,
    },
    "interactions": {
        "ts": ("ts", "timestamp", "event_time", "time", "occurred_at", "created_at", "datetime", "date", "시각", "시간", "일시", "발생일시"),
        "actor_id": ("actor_id", "user_id", "actor", "user", "customer_id", "member_id", "visitor_id", "사용자id", "사용자", "회원번호", "회원id"),
        "kind": ("kind", "event", "event_type", "event_name", "action", "type", "종류", "유형", "행동", "이벤트"),
        "query": ("query", "search_query", "q", "keyword", "search_term", "검색어", "질의"),
        "item_id": _ITEM,
        "session_id": ("session_id", "session", "세션", "세션id"),
        "position": ("position", "rank", "pos", "순위", "위치"),
        "region_id": _REGION,
        "n_results": ("n_results", "result_count", "num_results", "결과수", "검색결과수"),
        "surface": ("surface", "page", "placement", "화면", "지면"),
        "arm": ("arm", "variant", "experiment_arm", "실험군"),
    },
    "regions": {
        "region_id": ("region_id", "id", "code", *_REGION, "코드"),
        "name": ("name", "region_name", "이름", "지역명", "동이름", "행정동명", "동네이름"),
        "neighbour_ids": ("neighbour_ids", "neighbor_ids", "neighbours", "neighbors", "이웃", "인접지역", "이웃지역"),
    },
}  # fmt: skip
_LEVEL = re.compile(r"(?:category|cat|level|카테고리|분류)([1-9])")
_LEVELS_KO = ("대분류", "중분류", "소분류", "세분류")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_SCALE = re.compile(r"(.+?)\s*\*\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)$")


@dataclass(frozen=True)
class Place:
    """A column and the way into it."""

    column: str
    steps: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Expression:
    """What fills one field. `text` is how it is written; exactly one of `places` and `constant` is filled."""

    text: str
    places: tuple[Place, ...] = ()
    constant: str | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Mapped:
    """Fields with their expressions, and the columns that no field uses."""

    fields: dict[str, Expression]
    unused: tuple[str, ...]
    absent: tuple[str, ...]
    """Columns that the user named and the rows (so far) lack."""


def parse_maps(texts: Iterable[str]) -> dict[str, str]:
    """`["title=제목", …]` as field → source; raises UsageError for one without `=`."""
    parsed: dict[str, str] = {}
    for text in texts:
        field, sign, source = text.partition("=")
        if not sign or not field.strip():
            raise UsageError(f"--map {text!r} is not field=column.", "Next: such as --map title=제목")
        parsed[field.strip()] = source.strip()
    return parsed


def from_settings(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The same from a table of semsearch.toml: nested tables are dotted fields, lists are joined levels."""
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= from_settings(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            flat[prefix + key] = "+".join(map(str, value))
        else:
            flat[prefix + key] = value if isinstance(value, str) else f"'{value}'"
    return flat


def resolve(kind: Kind, names: Sequence[str], given: Mapping[str, str]) -> Mapped:
    """The mapping for rows with these columns: what was given, then guesses for the other fields.

    `field=` with nothing after it leaves a field empty that would be guessed.
    Raises UsageError for an unknown field.
    """
    for field in given:
        _check_field(kind, field)
    fields = {field: parse(source, names) for field, source in given.items() if source}
    for field, expression in _guess(kind, names, taken=_columns(fields.values())).items():
        if field not in given:
            fields.setdefault(field, expression)
    used = _columns(fields.values())
    order = {field: n for n, field in enumerate(ALIASES[kind])}
    return Mapped(
        fields=dict(sorted(fields.items(), key=lambda pair: order.get(pair[0], len(order)))),
        unused=tuple(name for name in names if name not in used),
        absent=tuple(sorted(used - set(names))),
    )


def check_required(kind: Kind, source: str, names: Sequence[str], mapping: Mapped) -> None:
    """Raises UsageError when a required field has no column, naming the columns and the mapping so far."""
    missing = [field for field in REQUIRED[kind] if field not in mapping.fields]
    if not missing:
        return
    found = ", ".join(f"{field}={e.text}" for field, e in mapping.fields.items()) or "nothing"
    column = mapping.unused[0] if mapping.unused else "COLUMN"
    raise UsageError(
        f"{source}: no column for {' and '.join(missing)}. Columns: {', '.join(names)}. Recognised: {found}.",
        f"Next: say which with --map {missing[0]}={json.dumps(column, ensure_ascii=False) if ' ' in column else column}",
    )


def check_absent(source: str, names: Sequence[str], mapping: Mapped) -> None:
    """Raises UsageError when a column that was named in the mapping is not in the source."""
    if not mapping.absent:
        return
    name = mapping.absent[0]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"{source}: no column {name!r}. {hint}Columns: {', '.join(names)}.",
        f"Next: correct --map; a constant is quoted, such as --map \"currency='{name}'\"",
    )


def parse(text: str, names: Sequence[str]) -> Expression:
    """One source expression; a column whose whole name is `text` wins over any reading of it."""
    if text in names:
        return Expression(text, (Place(text),))
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return Expression(text, constant=text[1:-1])
    scaled = _SCALE.match(text)
    if scaled:
        return Expression(text, (_place(scaled[1], names),), scale=_number(scaled[2]))
    parts = [part.strip() for part in text.split("+")]
    return Expression(text, tuple(_place(part, names) for part in parts))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"--map: {text!r} is not a number to scale by.") from error


def _place(text: str, names: Sequence[str]) -> Place:
    if text in names:
        return Place(text)
    dotted = [name for name in names if text.startswith((f"{name}.", f"{name}["))]
    root = max(dotted, key=len) if dotted else re.split(r"[.\[]", text, maxsplit=1)[0]
    rest = text[len(root) :]
    steps = tuple(int(m[2]) if m[2] else m[1] for m in _STEP.finditer(rest))
    if not root or "".join(m[0] for m in _STEP.finditer(rest)) != rest:
        raise UsageError(f"--map: {text!r} is not a column.", "Next: such as title, specs.maker or photos[0].url")
    return Place(root, steps)


def _columns(expressions: Iterable[Expression]) -> set[str]:
    return {place.column for expression in expressions for place in expression.places}


def _check_field(kind: Kind, field: str) -> None:
    known = [name for name in ALIASES[kind] if not name.startswith("attributes.")]
    if field in known or (kind == "items" and re.fullmatch(r"attributes\..+", field)):
        return
    near = difflib.get_close_matches(field, known, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    extra = "; other columns go to attributes.NAME" if kind == "items" else ""
    raise UsageError(f"--map: {kind} have no field {field!r}. {hint}", f"Next: one of {', '.join(known)}{extra}")


def _guess(kind: Kind, names: Sequence[str], taken: set[str]) -> dict[str, Expression]:
    free = {_plain(name): name for name in reversed(names) if name not in taken}
    guessed: dict[str, Expression] = {}
    for field, aliases in ALIASES[kind].items():
        alias = next((a for a in map(_plain, aliases) if a in free), None)
        if alias is not None:
            guessed[field] = Expression(free[alias], (Place(free.pop(alias)),))
    if kind == "items" and "category" not in guessed:
        levels = _levels(free)
        if levels:
            guessed["category"] = Expression("+".join(levels), tuple(Place(name) for name in levels))
    return guessed


def _levels(free: Mapping[str, str]) -> list[str]:
    numbered = sorted((m[1], name) for plain, name in free.items() if (m := _LEVEL.fullmatch(plain)))
    return [name for _, name in numbered] or [free[level] for level in _LEVELS_KO if level in free]


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).casefold()
