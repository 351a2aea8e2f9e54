"""What the guard of the LLM room costs, what it takes out of real text, and what it misses of disguised contacts.

    python -m bench.llm_guard            # three tables
    python -m bench.llm_guard --show 5   # and examples

Real text holds hardly any personal data that is not a link, and nobody in it speaks to a model: what is counted there
besides links is an upper bound of what is taken wrongly. The contacts of the last table are made by the simulator, its
numbers and addresses in `bench.guard_numbers`; one counts as missed also when four of its digits are left.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import thread_time

from bench.abuse_views import DATA, data_sets
from bench.guard_numbers import shown_numbers

from semsearch.llm.guard.guard import Cleaned, Guard, clean
from semsearch.llm.guard.redaction import KINDS, PLACEHOLDER
from semsearch.simulate.abuse import contacts
from semsearch.simulate.abuse.dice import Dice

NONCE = "7c1e9ab04d52f863"
POSTS = {
    "ko": """아이폰 14 프로 256기가 자급제 팝니다!! ㅎㅎ
작년 10월에 구매해서 케이스 끼고 깨끗하게 썼어요. 배터리 효율 91%이고 액정 기스 없습니다.
박스랑 충전 케이블 같이 드려요. 가격은 950,000원이고 네고는 조금 가능해요^^
직거래는 강남역 10번 출구 근처에서 평일 저녁 7시 이후 가능합니다. 택배는 선불로 보내드릴게요.
문의는 010-2345-6789 로 문자 주세요. 쿨거래 환영합니다 🙏
색상은 딥퍼플이고 정품 케이스도 하나 같이 드립니다.
사진은 실물이고 추가 사진은 채팅으로 보내드릴 수 있어요. 감사합니다 ㅋㅋㅋ""",
    "en": """iPhone 14 Pro 256GB unlocked, deep purple!! Bought last October and always kept in a case.
Battery health is 91% and there are no scratches on the screen. Comes with the box and a charging cable.
Asking $650, a little room to haggle :) Meet at the station after 7pm on weekdays.
Text me at 415-555-2671 please, thanks 🙏""",
}
MADE = 4_000
PLAIN = {"ko": "자전거 팝니다 상태 좋아요. ", "en": "Nice bike for sale. "}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    parser.add_argument("--show", type=int, default=0, help="examples of each count")
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}; times are of the thread, not of the clock")
    for lang, post in POSTS.items():
        print(f"pack, {len(post)} characters ({lang}): {cost_us(post):.0f} µs")
    print(f"clean, 1 MB of such posts: {megabyte_ms():.1f} ms\n")
    taken(given.folder, given.show)
    missed(given.show)


def cost_us(post: str, times: int = 300) -> float:
    """Median of nine rounds."""
    guard, rounds = Guard(), []
    for _ in range(9):
        start = thread_time()
        for _ in range(times):
            guard.pack(post, NONCE)
        rounds.append((thread_time() - start) / times * 1e6)
    return median(rounds)


def megabyte_ms() -> float:
    text = "".join(POSTS.values()) * 1_600
    start = thread_time()
    clean(text)
    return (thread_time() - start) * 1e3


def taken(folder: Path, show: int) -> None:
    """Texts of each data set with a placeholder of a kind, and those that seem to instruct their reader."""
    print(f"{'':34}{'texts':>8}{'instruct':>10}" + "".join(f"{kind:>10}" for kind in KINDS))
    for name, texts in data_sets(folder):
        counted: Counter[str] = Counter()
        examples: list[tuple[str, str]] = []
        for text in texts:
            cleaned = clean(text)
            found = [*cleaned.placeholders, *["instruct"] * cleaned.instructed]
            counted.update(found)
            if set(found) - {"url"}:
                examples.append((", ".join(found), cleaned.text[:160]))
        cells = (counted[kind] for kind in ("instruct", *KINDS))
        print(f"{name:34}{len(texts):>8,}" + "".join(f"{cell:>10,}" for cell in cells))
        for found, text in examples[:show]:
            print(f"{'':4}{found}: {text!r}")


def missed(show: int) -> None:
    """Share of simulated contacts that are not gone, by kind and strength of the disguise."""
    print(f"\n{'simulated contacts, missed (%)':34}{'plain':>8}{'1':>8}{'2':>8}{'3':>8}")
    for lang, before in PLAIN.items():
        made: Counter[tuple[str, int]] = Counter()
        left: Counter[tuple[str, int]] = Counter()
        examples: dict[str, list[str]] = {}
        for kind, level, shown in (*shown_contacts(lang), *(shown_numbers(MADE // 2) if lang == "ko" else ())):
            made[kind, level] += 1
            if not gone(clean(before + shown)):
                left[kind, level] += 1
                examples.setdefault(kind, []).append(shown)
        for kind in sorted({kind for kind, _ in made}):
            shares = (100 * left[kind, level] / max(1, made[kind, level]) for level in range(4))
            print(f"{lang + ': ' + kind:34}" + "".join(f"{share:>8.1f}" for share in shares))
            for shown in examples.get(kind, [])[:show]:
                print(f"{'':4}{shown!r}")


def gone(cleaned: Cleaned) -> bool:
    """Whether something was replaced, and no four digits are left beside it."""
    left = PLACEHOLDER.sub("", cleaned.text)
    return bool(cleaned.placeholders) and sum(char.isdigit() for char in left) < 4


def shown_contacts(lang: str) -> Iterator[tuple[str, int, str]]:
    """(kind, strength, as written); names of any messenger are one kind, and so are numbers."""
    dice = Dice(3, f"guard-{lang}")
    for i in range(MADE):
        contact, level = contacts.make(dice, lang), i % 4
        named = {"link": "url", "email": "email"}.get(contact.kind, "name")
        kind = "number" if contact.key.isdigit() else named
        yield kind, level, contacts.show(contact, level, dice, lang)


if __name__ == "__main__":
    main()
