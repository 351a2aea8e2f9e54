"""Posts of two hands, no two of them alike, for tests of the spam commands: what they say has no quality."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SYLLABLES = (
    "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허고노도로모보소오조초코토포호구누두루무부수우주추쿠투푸후"
)
PITCH = ("대량 도매 환영!!", "재입고 완료!! 정품", "무료배송!! 텔레그램", "정품!! 도매 단가", "당일발송!! 대량")


def words(side: int, at: int, n: int = 9) -> str:
    """Made-up words that no other post has."""
    dice = random.Random(1_000 * side + at)
    return " ".join("".join(dice.choices(SYLLABLES, k=4)) for _ in range(n))


def ordinary(n: int) -> list[dict[str, Any]]:
    return [row("n", at, f"{words(0, at)} 팝니다") for at in range(n)]


def sellers(n: int) -> list[dict[str, Any]]:
    return [row("s", at, f"{PITCH[at % 5]} {words(1, at)}") for at in range(n)]


def row(side: str, at: int, text: str) -> dict[str, Any]:
    created = f"2026-03-{1 + at % 5:02}T09:00:00Z"
    return {"post_id": f"{side}{at:04}", "author_id": f"{side}-author{at}", "created_at": created, "text": text}


def jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows), encoding="utf-8")
    return path
