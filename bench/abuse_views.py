"""What the abuse views change in real text that nobody disguised, what they take for a contact, and what they cost.

    python -m bench.abuse_views [FOLDER]            # the table
    python -m bench.abuse_views --show 20           # and examples of what is counted in it

The second table disguises film reviews by hand-made rules of this file and counts what is seen through.

Clean: film and shopping reviews (Korean), a catalogue and SMS (English), group messages (Russian and English).
Evasive, for comparison: comments that dodge filters, group spam. None of these is labelled for disguise: a count on
clean text is an upper bound of false changes, as people also type letters apart by mistake.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import thread_time

from semsearch.text.abuse.folding import ABUSE_VERSION, fold
from semsearch.text.abuse.reading_post import Reading, read_post
from semsearch.text.views import search

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
HEADS = ("texts", "characters", "disguised", "by char", "differ", "with contact", "merged", "read µs", "p95", "per 100")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    parser.add_argument("--show", type=int, default=0, help="examples of each count and data set")
    given = parser.parse_args()
    print(
        f"abuse views {ABUSE_VERSION}, load average {os.getloadavg()[0]:.1f}; times are of the thread, not of the clock"
    )
    print(f"{'':34}{''.join(f'{head:>13}' for head in HEADS)}")
    for name, texts in data_sets(given.folder):
        readings, times = read(texts)
        print(f"{name:34}{''.join(f'{cell:>13}' for cell in row(texts, readings, times))}")
        kinds = Counter(contact.kind for reading in readings for contact in reading.contacts)
        print(f"{'':36}contacts: {', '.join(f'{kind} {n}' for kind, n in kinds.most_common()) or 'none'}")
        if given.show:
            show(texts, readings, given.show)
    seen_through(next(data_sets(given.folder))[1])


def data_sets(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Name and texts of each; empty texts are left out."""
    films = (row["review"] for row in lines(folder / "korean/movie_reviews.jsonl.gz"))
    yield "clean ko: film reviews", [text for text in films if text]
    yield "clean ko: shopping reviews", column(folder / "korean/shopping_reviews.csv", "review")
    items = list(lines(folder / "chorus/items.jsonl.gz"))
    yield "clean en: catalogue", [f"{item['title']} {item['body'] or ''}" for item in items]
    yield "clean en: catalogue titles", [item["title"] for item in items]
    yield "clean en: SMS ham", column(folder / "spam/sms.csv", "text", is_spam="0")
    yield "clean ru, en: group ham", column(folder / "spam/telegram_messages.csv", "text", is_spam="0")
    yield "evasive ko: comments", column(folder / "korean/comments_obfuscated.csv", "text")
    yield "evasive ru, en: group spam", column(folder / "spam/telegram_messages.csv", "text", is_spam="1")
    yield "evasive en: video spam", column(folder / "spam/youtube_comments.csv", "text", is_spam="1")


def lines(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def column(path: Path, name: str, **wanted: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row[key] == value for key, value in wanted.items())]
    return [row[name] for row in rows if row[name]]


def read(texts: list[str]) -> tuple[list[Reading], list[float]]:
    """Readings, and the seconds of each, each text read once."""
    readings, times = [], []
    for text in texts:
        started = thread_time()
        readings.append(read_post(text))
        times.append(thread_time() - started)
    return readings, times


def row(texts: list[str], readings: list[Reading], times: list[float]) -> list[str]:
    n, n_chars = len(texts), sum(map(len, texts))
    n_disguised = sum(reading.disguised > 0 for reading in readings)
    n_evasive = sum(reading.disguised for reading in readings)
    n_differ = sum(not r.disguised and fold(t).text != search(t) for t, r in zip(texts, readings, strict=True))
    n_contact = sum(bool(reading.contacts) for reading in readings)
    usual = [seconds for text, seconds in zip(texts, times, strict=True) if 60 <= len(text) <= 100]
    return [
        f"{n:,}", f"{n_chars:,}", f"{n_disguised / n:.3%}", f"{n_evasive / n_chars:.4%}", f"{n_differ / n:.3%}",
        f"{n_contact / n:.3%}", f"{merged(texts, readings) / n:.3%}", f"{median(times) * 1e6:.0f}",
        f"{sorted(times)[int(0.95 * n)] * 1e6:.0f}", f"{median(usual) * 1e6:.0f}" if usual else "-",
    ]  # fmt: skip


def seen_through(texts: list[str]) -> None:
    """Of film reviews with each syllable disguised at a rate: the share that reads as the plain review does."""
    chosen = random.Random(1).sample([text for text in texts if 30 <= len(text) <= 100], 2000)
    print(
        f"{'film reviews, disguised here':34}{''.join(f'{h:>13}' for h in ('rate', 'skeleton', 'view', 'disguised'))}"
    )
    for name, disguise in DISGUISES.items():
        for rate in (0.1, 0.4, 1.0):
            rng = random.Random(rate)
            pairs = [(text, "".join(disguise(c) if rng.random() < rate else c for c in text)) for text in chosen]
            read = [(read_post(text), read_post(other)) for text, other in pairs if text != other]
            shares = (
                sum(a.skeleton == b.skeleton for a, b in read), sum(a.view == b.view for a, b in read),
                sum(b.disguised > a.disguised for a, b in read),
            )  # fmt: skip
            print(f"{name:34}{rate:>13}{''.join(f'{share / len(read):>13.1%}' for share in shares)}")


def apart(char: str) -> str:
    """One syllable in the letters that people type: 닭 → ㄷㅏㄺ."""
    return "".join(map(search, unicodedata.normalize("NFD", char))) if "가" <= char <= "힣" else char


def without_end(char: str) -> str:
    """One syllable with its last letter behind it: 팝 → 파ㅂ."""
    letters = apart(char)
    return (
        unicodedata.normalize("NFC", unicodedata.normalize("NFD", char)[:2]) + letters[2:] if len(letters) > 2 else char
    )


def by_key(char: str) -> str:
    """One syllable with a Latin key for its vowel: 다 → ㄷr."""
    letters = apart(char)
    return letters[0] + KEYS[letters[1]] if len(letters) == 2 and letters[1] in KEYS else char


KEYS = {"ㅏ": "r", "ㅣ": "l", "ㅐ": "H"}
DISGUISES: dict[str, Callable[[str], str]] = {
    "letters apart (ㅍㅏㅂ)": apart,
    "last letter apart (파ㅂ)": without_end,
    "keys for vowels (ㄷr)": by_key,
    "zero-width": lambda char: char + "\u200b",
    "Hangul fillers": lambda char: char + "\u3164",
    "symbols (팝*니)": lambda char: char + "*",
}


def merged(texts: list[str], readings: list[Reading]) -> int:
    """Texts whose skeleton an earlier, otherwise written text has: letters and digits of the search view differ."""
    first: dict[str, str] = {}
    count = 0
    for text, reading in zip(texts, readings, strict=True):
        plain = "".join(filter(str.isalnum, search(text)))
        count += first.setdefault(reading.skeleton, plain) != plain
    return count


def show(texts: list[str], readings: list[Reading], n: int) -> None:
    pairs = list(zip(texts, readings, strict=True))
    rng = random.Random(0)
    for head, chosen in (
        ("disguised", [(t, r) for t, r in pairs if r.disguised]),
        ("differ", [(t, r) for t, r in pairs if not r.disguised and fold(t).text != search(t)]),
    ):
        for text, _ in rng.sample(chosen, min(n, len(chosen))):
            print(f"    {head}: {changed(text)}")
    found = [(text, contact) for text, reading in pairs for contact in reading.contacts]
    for text, contact in rng.sample(found, min(n, len(found))):
        print(f"    {contact.key}: {text[max(0, contact.start - 10) : contact.end + 10]!r}")


def changed(text: str) -> str:
    """The places where folding does more than the search view, with what they become."""
    view = fold(text)
    parts, at = [], 0
    for place, char in enumerate(view.text):
        start, end = view.origin(place, place + 1)
        if start > at and search(text[at:start]):
            parts.append(f"{text[max(0, at - 4) : start + 4]!r} →")
        if start >= at and search(text[start:end]) != search(char):
            parts.append(f"{text[max(0, start - 4) : end + 4]!r} → {view.text[max(0, place - 4) : place + 5]!r}")
        at = max(at, end)
    return "; ".join(parts[:3]) or repr(text[:60])


if __name__ == "__main__":
    main()
